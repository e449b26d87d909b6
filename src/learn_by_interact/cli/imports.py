"""`lbi import`: logs of agents that already ran become trajectories."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Options
from .verbs import AsJson, RecipeFile, RunFolder, Set, Unsafe

EXAMPLE = "Example: lbi import settings.toml sessions.jsonl && lbi relabel settings.toml"


def import_(
    recipe: RecipeFile,
    logs: Annotated[
        list[Path],
        typer.Argument(
            metavar="LOG...", help="Files of ATIF documents or chats: JSON, or JSONL.", show_default=False
        ),
    ],
    run_folder: RunFolder = None,
    steps: Annotated[int, typer.Option(help="Actions of a session, at most.", min=1)] = 30,
    unsafe: Unsafe = False,
    settings: Set = None,
    as_json: AsJson = False,
) -> None:
    """Act again, in the recipe's environment, what agents did before; no model is called.

    The trajectories are then learned from as if they were explored: `lbi relabel`, or `lbi run`.
    """
    loaded = Options(recipe, run_folder=run_folder, unsafe=unsafe, settings=tuple(settings or ())).load()
    from ..pipeline import Pipeline
    from .progress import reporting

    with reporting() as reporter, Pipeline(loaded, reporter.report, reporter.say) as pipeline:
        done = pipeline.import_logs(logs, steps)
    text = (
        f"{done.sessions} sessions: {done.trajectories} became trajectories of {done.steps} steps "
        f"({done.failed_steps} failed), {done.before} were imported before, {done.failed} could not be acted."
    )
    typer.echo(done.model_dump_json() if as_json else text)
