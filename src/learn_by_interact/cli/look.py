"""`lbi look FOLDER ACTION...`: what an agent sees, and whether two instances see the same."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..environments.folder import EnvironmentFolder
    from ..environments.look import Look

EXAMPLE = "Example: lbi look environments/sqlite-utils 'sqlite-utils tables library.db' --twice"


def look(
    folder: Annotated[Path, typer.Argument(help="A folder with environment.toml.", show_default=False)],
    actions: Annotated[
        list[str] | None,
        typer.Argument(metavar="ACTION...", help="As an agent would write them.", show_default=False),
    ] = None,
    page: Annotated[str, typer.Option(help="Where to begin, in a web application.")] = "",
    twice: Annotated[
        bool, typer.Option("--twice", help="Do it in two instances, and say where their fingerprints differ.")
    ] = False,
    unsafe: Annotated[bool, typer.Option("--unsafe", help="Without a sandbox.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on standard output.")] = False,
) -> None:
    """Act in a fresh environment and print each observation. No model is used.

    With --twice it exits with 1 when something differs that the table volatile does not name.
    """
    from ..environments.folder import EnvironmentFolder

    found = EnvironmentFolder.load(folder)
    with ExitStack() as stack:
        looks = [stack.enter_context(_opened(found, unsafe)) for _ in range(1 + twice)]
        seen = [one.reset(page) for one in looks]
        steps = [{"action": "", "observation": seen[0].model_dump(mode="json")}]
        differs: list[str] = []
        if not as_json:
            typer.echo(seen[0].text)
        for number, written in enumerate(["", *(actions or ())]):
            if number:
                seen = [one.step(written) for one in looks]
                steps.append({"action": written, "observation": seen[0].model_dump(mode="json")})
                if not as_json:
                    typer.echo(f"\n> {written}\n{seen[0].text}")
            if twice and not differs and seen[0].key != seen[1].key:
                place = f"after {written!r}" if number else "at the start"
                differs = [f"They differ {place}:", *looks[0].against(looks[1])]
    if as_json:
        typer.echo(json.dumps({"steps": steps, "differs": differs}))
    elif twice:
        typer.echo("\n" + "\n".join(differs or ["Both instances have the same fingerprints."]))
    if differs:
        raise typer.Exit(1)


def _opened(folder: EnvironmentFolder, unsafe: bool) -> Look:
    from ..environments.look import Look

    return Look(folder, unsafe)
