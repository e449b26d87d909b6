"""One verb a stage, and `run` for all of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import Options

if TYPE_CHECKING:
    from ..pipeline import Pipeline

RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML file.", show_default=False)]
Model = Annotated[str | None, typer.Option(metavar="SPEC", help="Another model than the recipe's.")]
RunFolder = Annotated[Path | None, typer.Option(help="Another run folder.")]
PoolKind = Annotated[str | None, typer.Option(help="inline, threads, processes or ray.")]
Workers = Annotated[int | None, typer.Option(help="Inputs at the same time.")]
Tokens = Annotated[int | None, typer.Option(help="Budget: uncached prompt tokens and new tokens.")]
Money = Annotated[float | None, typer.Option(help="Budget: US dollars.")]
Unsafe = Annotated[bool, typer.Option("--unsafe", help="Without a sandbox: commands can do all.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="TABLE.KEY=VALUE", help="Any setting of the recipe.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value on standard output.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Run a small pilot and forecast the rest.")]
Pilot = Annotated[int | None, typer.Option(help="Inputs of each stage in a dry run.", min=1)]

CALLING = ("run", "propose", "explore", "relabel", "evaluate")
"""Verbs that call the recipe's model."""
LARGEST_PILOT = 32
"""Inputs of each stage up to which a pilot that is too small goes on with more."""

HELP = {
    "ingest": "Read the environment's documentation into sections.",
    "propose": "Let the model propose tasks for each section.",
    "explore": "Let the model act on each proposed task.",
    "relabel": "Write the instruction that each stretch of a trajectory really achieves.",
    "replay": "Act each trajectory again, and see how far it holds.",
    "judge": "Find near-duplicates and contamination; ask the committee.",
    "index": "Index the examples that the rule keeps.",
    "evaluate": "Compare the recipe's arms, agents with and without help, on held-out tasks.",
    "reason": "Write a line of reasoning before each action of the kept examples, in hindsight.",
    "reword": "Write the kept instructions in words that are not the tool's own, for training.",
    "train": "Tune a model on the kept examples with LoRA; see the table train of a recipe.",
    "calibrate": "Ask the committee about sessions whose grade is known: what is its yes worth?",
}


def add_to(app: typer.Typer) -> None:
    """Add all verbs of the pipeline to an application."""
    for name, about in HELP.items():
        app.command(name, help=about, epilog=f"Example: lbi {name} recipes/demo.toml")(_verb(name))
    app.command("run", epilog="Example: lbi run recipes/demo.toml --model openai/gpt-4.1-mini --money 2")(run)


def _verb(name: str) -> Any:
    def command(
        recipe: RecipeFile,
        model: Model = None,
        run_folder: RunFolder = None,
        pool: PoolKind = None,
        workers: Workers = None,
        tokens: Tokens = None,
        money: Money = None,
        unsafe: Unsafe = False,
        settings: Set = None,
        as_json: AsJson = False,
    ) -> None:
        typed = tuple(settings or ())
        options = Options(recipe, model, run_folder, pool, workers, tokens, money, unsafe, typed)
        _perform(name, options, as_json)

    return command


def run(
    recipe: RecipeFile,
    model: Model = None,
    run_folder: RunFolder = None,
    pool: PoolKind = None,
    workers: Workers = None,
    tokens: Tokens = None,
    money: Money = None,
    unsafe: Unsafe = False,
    settings: Set = None,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    pilot: Pilot = None,
) -> None:
    """Do all stages of a recipe, then the evaluation; with --dry-run, forecast what that takes."""
    typed = tuple(settings or ())
    options = Options(recipe, model, run_folder, pool, workers, tokens, money, unsafe, typed)
    if dry_run:
        _forecast(options, pilot, as_json)
    else:
        _perform("run", options, as_json)


def _perform(name: str, options: Options, as_json: bool) -> None:
    """Call the pipeline's method of this name and print what it gave."""
    recipe = options.load()
    from ..pipeline import Pipeline
    from .progress import reporting

    with reporting() as reporter, Pipeline(recipe, reporter.report, reporter.say) as pipeline:
        if recipe.small and name == "run":
            reporter.say(f"{recipe.path} leaves settings open: those for a small model hold (small.py).")
        if "model" not in recipe.model_fields_set and name in CALLING:
            reporter.say(f"{recipe.path} names no model: {recipe.model.name} is used.")
        value, text = _done(pipeline, name)
    typer.echo(json.dumps(value) if as_json else text)


def _done(pipeline: Pipeline, name: str) -> tuple[Any, str]:
    """What a verb did: for machines, and for people."""
    from ..engine.run import Progress
    from .progress import amounts, duration
    from .result import calibration_text, result_text, trained_text, write_calibration, write_result

    if name in ("run", "evaluate"):
        result = pipeline.run() if name == "run" else pipeline.evaluate()
        if result is None:
            return _unmeasured(pipeline)
        file, written = write_result(pipeline, result)
        more = f"Everything is in {file}; `lbi report {file.parent}` makes a page of it."
        return written.model_dump(mode="json"), f"{result_text(result)}\n\n{more}"
    if name == "calibrate":
        calibration = pipeline.calibrate()
        file, measured = write_calibration(pipeline, calibration)
        text = f"{calibration_text(calibration, pipeline.recipe.judge.rule)}\n\nEverything is in {file}."
        return measured.model_dump(mode="json"), text
    if name == "train":
        trained = pipeline.train()
        return trained.model_dump(mode="json"), trained_text(trained, pipeline.recipe.path)
    if name == "index":
        folder, digest, count = pipeline.index()
        value = {"examples": count, "folder": str(folder), "digest": digest}
        return value, f"{count} examples are indexed in {folder}."
    if name == "ingest":
        return _ingested(pipeline)
    done: Progress | list[Progress] = getattr(pipeline, name)()
    rows = done if isinstance(done, list) else [done]
    lines = [
        f"{row.stage}: {row.done} done, {row.failed} failed, {row.skipped} done before; "
        f"{amounts(row.usage)}; {duration(row.seconds)}"
        for row in rows
    ]
    value = {"stages": [row.model_dump(mode="json") for row in rows]}
    return value, "\n".join(lines) or "No model is on the committee; the other judges are through."


def _ingested(pipeline: Pipeline) -> tuple[Any, str]:
    """What was read: for machines, and for people."""
    from ..environments.declared import DeclaredEnvironment
    from ..stages.recognised import recognised

    count = pipeline.ingest()
    value, text = {"documents": count}, f"{count} sections of documentation."
    environment = pipeline.world.environment()
    if not isinstance(environment, DeclaredEnvironment) or not environment.folder.tools:
        return value, text
    found = recognised(pipeline.store.documentation(), environment.folder.tools)
    return {**value, "recognised": found.model_dump(mode="json")}, f"{text} {found.text}"


def _unmeasured(pipeline: Pipeline) -> tuple[Any, str]:
    """What a run gave where there are no held-out tasks: for machines, and for people."""
    from ..benchmarks import NO_TASKS

    folder, digest, count = pipeline.index()
    recipe = pipeline.recipe.path
    text = (
        f"{count} examples are kept, and indexed in {folder}.\n{NO_TASKS.format(pipeline.world.name)}\n"
        f"See them: lbi show {pipeline.recipe.folder}. Train on them: lbi export {pipeline.recipe.folder}.\n"
        f"Then measure: lbi evaluate {recipe}."
    )
    return {"examples": count, "folder": str(folder), "digest": digest, "tasks": 0}, text


def _forecast(options: Options, pilot: int | None, as_json: bool) -> None:
    recipe = options.load()
    from ..errors import PilotTooSmall
    from ..forecast import forecast
    from .progress import reporting
    from .tables import forecast_text

    with reporting() as reporter:
        size = pilot or min(max(2, recipe.pool.workers), 8)
        while True:
            try:
                made = forecast(recipe, size, reporter.report, reporter.say)
                break
            except PilotTooSmall:
                if pilot or size >= LARGEST_PILOT:
                    raise
            # Its replies are kept: what it took is not lost.
            size *= 2
            reporter.say(
                f"The pilot was too small to reach all stages; it goes on with {size} inputs a stage."
            )
    totals = {"usage": made.usage.model_dump(), "seconds": made.seconds}
    typer.echo(json.dumps({**made.model_dump(mode="json"), **totals}) if as_json else forecast_text(made))
