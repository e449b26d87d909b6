"""`lbi repairs FOLDER`: repair tasks of a project, made of mistakes that its tests find."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from .verbs import AsJson

EXAMPLE = "Example: lbi repairs environments/my-project --most 40"


def repairs(
    folder: Annotated[
        Path,
        typer.Argument(help="A folder whose environment.toml has a table repository.", show_default=False),
    ],
    most: Annotated[int, typer.Option(help="Tasks that are made, at most.", min=1)] = 40,
    practise: Annotated[
        int, typer.Option(help="Others, in other functions, from which an agent learns, at most.", min=0)
    ] = 20,
    seed: Annotated[int, typer.Option(help="Another draw of mistakes.")] = 0,
    workers: Annotated[int, typer.Option(help="Test runs at the same time.", min=1)] = 2,
    as_json: AsJson = False,
) -> None:
    """Break what a test covers, keep what a test finds: held-out tasks, in repairs.json. No model is used."""
    from ..benchmarks.repairs import make, write
    from ..environments.folder import EnvironmentFolder

    found = EnvironmentFolder.load(folder)
    made = make(found, most, seed, workers, lambda line: typer.echo(line, err=True), practise)
    file = write(found, made)
    value = {
        "file": str(file),
        "repairs": len(made.repairs),
        "practice": len(made.practice),
        "tests": len(made.passed),
    }
    told = (
        f"{len(made.repairs)} repairs are in {file}, and {len(made.practice)} to practise on; "
        f"{len(made.passed)} tests pass in the project as it is."
    )
    typer.echo(json.dumps(value) if as_json else told)
