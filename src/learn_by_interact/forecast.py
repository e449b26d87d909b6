"""What a run will take, from a pilot of a few inputs of each stage; and how far off that was."""

from __future__ import annotations

from collections.abc import Iterable

from .config import Recipe
from .engine.store import Store
from .errors import PilotTooSmall
from .evaluation.arms import arm
from .evaluation.evaluate import choose
from .evaluation.overview import StageTotals, totals
from .pipeline import Pipeline, Report, Say
from .registry import benchmark
from .stages.base import EXPLORATION
from .stages.judge import of_committee
from .stages.keep import SAME_TASK, kept
from .stages.replay import JUDGE as REPLAY
from .types import Example, Task, Usage, Value, Verdict

META = "forecast"
"""Name under which the store keeps the last forecast."""


class StageForecast(Value):
    """What one stage is expected to take in all, the pilot included."""

    stage: str
    pilot: int
    """Inputs that were measured."""
    inputs: int
    usage: Usage
    seconds: float
    """Work, summed over the inputs, as in the ledger."""


class Forecast(Value):
    """The whole run."""

    stages: tuple[StageForecast, ...]
    workers: int

    @property
    def usage(self) -> Usage:
        """Sum over the stages."""
        return sum((stage.usage for stage in self.stages), Usage())

    @property
    def seconds(self) -> float:
        """Wall time: the work, shared by the workers."""
        return sum(stage.seconds / max(1, min(self.workers, stage.inputs)) for stage in self.stages)

    def overtaken(self, ledger: Iterable[StageTotals]) -> bool:
        """Whether the run has gone on beyond the pilot, to its last stage."""
        inputs = {line.stage: line.inputs for line in ledger}
        return all(
            inputs.get(stage.stage, 0) > stage.pilot for stage in self.stages if stage.inputs > stage.pilot
        )


class Comparison(Value):
    """A stage's forecast beside the ledger."""

    stage: str
    forecast: Usage
    ledger: Usage
    seconds: tuple[float, float]
    """Forecast, ledger."""
    tokens_off: float | None
    """(forecast - ledger) / ledger of prompt and completion tokens; None where there are none."""
    seconds_off: float | None


def forecast(
    recipe: Recipe, pilot: int, report: Report = lambda _: None, say: Say = lambda _: None
) -> Forecast:
    """Run the first `pilot` inputs of each stage in the run folder, and scale up what they took.

    The pilot's replies and attempts are part of the run. Only its evaluation with examples is not
    used again: it had fewer examples than the run will have. Raises PilotTooSmall when the pilot does
    not reach all stages, and what stages raise.
    """
    with Pipeline(recipe, report, say, pilot) as pipeline:
        if pipeline.measured:
            pipeline.chosen()
        pipeline.ingest()
        pipeline.synthesise()
        pipeline.relabel()
        _reached(bool(pipeline.store.count(Example)), pilot, "gave no example")
        pipeline.distill()
        pipeline.replay()
        pipeline.judge()
        for needs in _needed(recipe) if pipeline.measured else ():
            if needs in ("examples", "distilled"):
                found = bool(kept(pipeline.store, recipe.judge.rule, needs == "distilled"))
                what = "distilled example" if needs == "distilled" else "example"
                _reached(found, pilot, f"gave no {what} that the rule {recipe.judge.rule!r} keeps")
        if pipeline.measured:
            pipeline.evaluate()
        made = Forecast(stages=tuple(_scaled(recipe, pipeline.store)), workers=pipeline.pool.window)
        pipeline.store.set_meta(META, made.model_dump(mode="json"))
    return made


def compare(made: Forecast, ledger: Iterable[StageTotals]) -> list[Comparison]:
    """Each stage of the forecast beside what the ledger says, all attempts counted."""
    spent = {line.stage: line for line in ledger}
    rows = []
    for line in made.stages:
        real = spent[line.stage]
        tokens = [usage.prompt + usage.completion for usage in (line.usage, real.usage)]
        rows.append(
            Comparison(
                stage=line.stage,
                forecast=line.usage,
                ledger=real.usage,
                seconds=(line.seconds, real.seconds),
                tokens_off=tokens[0] / tokens[1] - 1 if tokens[1] else None,
                seconds_off=line.seconds / real.seconds - 1 if real.seconds else None,
            )
        )
    return rows


def _reached(found: bool, pilot: int, what: str) -> None:
    if not found:
        raise PilotTooSmall(
            f"The pilot of {pilot} inputs a stage {what}, so what comes after cannot be forecast: "
            f"run it with --pilot {2 * pilot}; what was done is kept."
        )


def _scaled(recipe: Recipe, store: Store) -> Iterable[StageForecast]:
    measured = {line.stage: line for line in totals(store.attempts())}
    for stage, inputs in _expected(recipe, store, measured).items():
        line = measured.get(stage)
        if line is not None and line.inputs:
            scale = inputs / line.inputs
            yield StageForecast(
                stage=stage,
                pilot=line.inputs,
                inputs=inputs,
                usage=_times(line.usage, scale),
                seconds=line.seconds * scale,
            )


def _expected(recipe: Recipe, store: Store, measured: dict[str, StageTotals]) -> dict[str, int]:
    """Inputs of each stage: what comes out of the one before, in proportion to the pilot."""
    documents = {one.id for one in store.documentation()}
    examples = list(store.records(Example))
    tasks = [task.id for task in store.records(Task) if task.parent in documents]
    verdicts = [verdict for verdict in store.records(Verdict) if not verdict.keep]
    same = {verdict.subject for verdict in verdicts if verdict.judge == SAME_TASK}
    swept = {v.subject for v in verdicts if v.judge != REPLAY and not of_committee(v)}

    def tried(stage: str) -> int:
        return max(1, measured[stage].inputs)

    scale = len(documents) / max(1, len({attempt.input for attempt in store.attempts("propose")}))
    explore = scale * (len(tasks) - len(same))
    explored = sum(measured[stage].outputs for stage in EXPLORATION if stage in measured)
    relabel = explore * explored / tried("explore")
    replay = relabel * len({example.trajectory for example in examples}) / tried("relabel")
    judge = relabel * sum(example.id not in swept for example in examples) / tried("relabel")
    tasks_held_out = benchmark(recipe.arena, recipe.unsafe).tasks()
    held_out = choose(tasks_held_out, recipe.evaluate.only, recipe.evaluate.tasks)
    needed = _needed(recipe)
    # Tasks may have been held out since, as by `lbi repairs`.
    pilot = measured["evaluate"].inputs if held_out and "evaluate" in measured else 0
    unused = sum(needs in ("examples", "distilled") for needs in needed) * pilot
    return {
        "propose": round(scale * tried("propose")),
        "explore": round(explore),
        "relabel": round(relabel),
        "replay": round(replay),
        "judge": round(judge) * len(recipe.judge.models),
        "evaluate": len(held_out) * (len(needed) + len(recipe.evaluate.variant)) * recipe.evaluate.repeats
        + unused // len(needed),
    }


def _needed(recipe: Recipe) -> list[str]:
    """The index that each arm needs."""
    return [arm(entry.arm, entry.settings).needs for entry in recipe.evaluate.arms]


def _times(usage: Usage, scale: float) -> Usage:
    return Usage(
        calls=round(usage.calls * scale),
        prompt=round(usage.prompt * scale),
        cached=round(usage.cached * scale),
        completion=round(usage.completion * scale),
        cost=None if usage.cost is None else usage.cost * scale,
    )
