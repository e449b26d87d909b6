"""What an evaluation showed: one result, every number with its interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..engine.store import Store
from ..types import Attempt, Task, Trajectory, Usage, Value
from .evaluate import Evaluate
from .statistics import paired_bootstrap, wilson


class ArmResult(Value):
    """One arm over the held-out tasks."""

    arm: str
    tasks: int
    graded: int
    solved: float
    success: float | None
    """Share of the graded tasks; None when none was graded."""
    interval: tuple[float, float] | None
    """95% Wilson interval."""
    ungraded: dict[str, int]
    """Tasks without a score, by boundary; they are in no rate."""
    stops: dict[str, int]
    steps: float
    """Mean over the graded tasks."""
    malformed: int
    usage: Usage
    cached_share: float | None
    seconds: float
    """Sum over the tasks, waiting for the model included."""
    scores: dict[str, float | None]
    """By the name of the task."""


class Difference(Value):
    """An arm against the first one, over the tasks that both have graded."""

    arm: str
    against: str
    pairs: int
    difference: float
    interval: tuple[float, float]
    """95% interval of the paired bootstrap, 10,000 resamples, seed 0."""
    won: int
    lost: int


class Result(Value):
    """All numbers of an evaluation."""

    arms: tuple[ArmResult, ...]
    differences: tuple[Difference, ...]


def summarise(store: Store, stages: Sequence[Evaluate], tasks: Sequence[Task]) -> Result:
    """Read the arms' attempts from the ledger."""
    arms = tuple(_arm(store, stage, tasks) for stage in stages)
    return Result(arms=arms, differences=tuple(_difference(arm, arms[0]) for arm in arms[1:]))


def _arm(store: Store, stage: Evaluate, tasks: Sequence[Task]) -> ArmResult:
    attempts: dict[str, Attempt] = {}
    for attempt in store.attempts(stage.key):
        attempts[attempt.input] = attempt
    scores: dict[str, float | None] = {}
    ungraded: Counter[str] = Counter()
    stops: Counter[str] = Counter()
    steps, malformed = [], 0
    for task in tasks:
        trajectory, boundary = _episode(store, attempts.get(task.id))
        scores[task.parent] = None
        if trajectory is not None:
            stops[trajectory.stop] += 1
            malformed += sum(step.malformed for step in trajectory.steps)
            scores[task.parent] = trajectory.score
        if trajectory is None or trajectory.score is None:
            ungraded[boundary] += 1
        else:
            steps.append(len(trajectory.steps))
    graded = [score for score in scores.values() if score is not None]
    usage = sum((attempt.usage for attempt in attempts.values()), Usage())
    return ArmResult(
        arm=stage.label,
        tasks=len(tasks),
        graded=len(graded),
        solved=sum(graded),
        success=sum(graded) / len(graded) if graded else None,
        interval=wilson(sum(graded), len(graded)) if graded else None,
        ungraded=dict(ungraded),
        stops=dict(stops),
        steps=sum(steps) / len(steps) if steps else 0.0,
        malformed=malformed,
        usage=usage,
        cached_share=usage.cached / usage.prompt if usage.prompt else None,
        seconds=sum(attempt.seconds for attempt in attempts.values()),
        scores=scores,
    )


def _episode(store: Store, attempt: Attempt | None) -> tuple[Trajectory | None, str]:
    """The trajectory of an attempt, and the boundary of its failure, if any."""
    if attempt is None:
        return None, "not run"
    if attempt.error:
        return None, attempt.error.split(":")[0]
    record = store.get(attempt.outputs[0])
    assert isinstance(record, Trajectory)
    return record, record.error.split(":")[0]


def _difference(arm: ArmResult, first: ArmResult) -> Difference:
    pairs = [
        score - base
        for name, base in first.scores.items()
        if base is not None and (score := arm.scores.get(name)) is not None
    ]
    return Difference(
        arm=arm.arm,
        against=first.arm,
        pairs=len(pairs),
        difference=sum(pairs) / len(pairs) if pairs else 0.0,
        interval=paired_bootstrap(pairs) if pairs else (0.0, 0.0),
        won=sum(pair > 0 for pair in pairs),
        lost=sum(pair < 0 for pair in pairs),
    )


def table(result: Result) -> list[dict[str, str]]:
    """One row an arm, for a terminal or a page."""
    rows = []
    for arm in result.arms:
        rate = "-" if arm.success is None or arm.interval is None else f"{arm.success:.0%}"
        low, high = arm.interval or (0.0, 0.0)
        rows.append(
            {
                "arm": arm.arm,
                "solved": f"{arm.solved:g}/{arm.graded}",
                "success": rate,
                "95% interval": f"{low:.0%}-{high:.0%}",
                "steps": f"{arm.steps:.1f}",
                "calls": f"{arm.usage.calls}",
                "prompt tokens": f"{arm.usage.prompt:,}",
                "cached": "-" if arm.cached_share is None else f"{arm.cached_share:.0%}",
                "new tokens": f"{arm.usage.completion:,}",
                "cost": "unknown" if arm.usage.cost is None else f"${arm.usage.cost:.2f}",
                "ungraded": str(sum(arm.ungraded.values())),
            }
        )
    return rows
