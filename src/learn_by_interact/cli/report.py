"""`lbi report`: the tables of an evaluation as Markdown, and a page with plots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def report(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULT...", help="Result files, or run folders.", show_default=False),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the report; else `report` beside the first result.")
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only these columns of the table of arms.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on standard output.")] = False,
) -> None:
    """Make the tables as Markdown, and a page with plots, of one or more results. No model is called."""
    from ..evaluation.files import ResultFile, find, read
    from ..evaluation.render import write
    from ..evaluation.report import METRICS
    from ..evaluation.sections import names, sections

    places = [find(result) for result in results]
    files = [read(ResultFile, place) for place in places]
    title = names(files)[0] if len(files) == 1 else f"{len(files)} results of Learn by Interact"
    found = sections(files, tuple(metric or METRICS))
    pages = write(out or places[0].parent / "report", title, found)
    if as_json:
        typer.echo(json.dumps({"markdown": str(pages[0]), "html": str(pages[1])}))
    else:
        typer.echo(f"{pages[0]} has the tables, {pages[1]} the plots too.")
