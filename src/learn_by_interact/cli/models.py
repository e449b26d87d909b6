"""`lbi models`: which local models there are, fetching one, serving one."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

app = typer.Typer(
    help="List, pull and serve local models.",
    epilog="Example: lbi models pull qwen2.5-coder-1.5b",
    no_args_is_help=True,
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON value on standard output.")]


@app.command("list", epilog="Example: lbi models list")
def list_models(as_json: AsJson = False) -> None:
    """List the local models: name, size, whether the file is here."""
    from ..models.catalogue import CATALOGUE, model_file, present

    rows = [
        {
            "name": entry.name,
            "bytes": entry.bytes,
            "present": present(entry.name),
            "about": entry.about,
            "file": str(model_file(entry.name)),
        }
        for entry in CATALOGUE
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for entry in CATALOGUE:
        here = "present" if present(entry.name) else "absent"
        typer.echo(f"{entry.name:20} {entry.bytes / 1e6:7,.0f} MB  {here:8} {entry.about}")


@app.command(epilog="Example: lbi models pull qwen2.5-coder-1.5b")
def pull(name: Annotated[str, typer.Argument(help="A name from the list.")], as_json: AsJson = False) -> None:
    """Fetch a model's file and check its hash; go on where an interrupted fetch stopped."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from ..models.fetch import pull as fetch

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name)
        file = fetch(
            name,
            lambda what, done, total: bar.update(task, description=what, completed=done, total=total),
        )
    typer.echo(json.dumps({"name": name, "file": str(file)}) if as_json else file)


@app.command(epilog="Example: lbi models serve qwen2.5-coder-1.5b --port 8080")
def serve(
    name: Annotated[str, typer.Argument(help="A name from the list, or the path of a GGUF file.")],
    port: Annotated[int, typer.Option(help="0: a free one.")] = 0,
    context: Annotated[int, typer.Option(min=1, help="Tokens for each parallel call.")] = 4096,
    parallel: Annotated[int, typer.Option(min=1, help="Calls at the same time.")] = 4,
    as_json: AsJson = False,
) -> None:
    """Serve a model until Ctrl-C, with an OpenAI-compatible URL; runs with the same settings use it too."""
    from ..models.endpoint import ModelSettings
    from ..models.local import ensure, require
    from ..models.serve import born

    settings = ModelSettings(name=f"local/{name}", context=context, parallel=parallel)
    require(settings)
    state = ensure(settings, port)
    typer.echo(json.dumps(state) if as_json else state["url"])
    try:
        while born(state["pid"]) == state["born"]:
            time.sleep(0.5)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
    typer.echo("the server has ended", err=True)
    raise typer.Exit(1)
