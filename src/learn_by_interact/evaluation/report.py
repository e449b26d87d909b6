"""What an evaluation showed: one result, every number with its interval."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from ..engine.store import Store
from ..errors import ConfigError
from ..types import Attempt, Task, Trajectory, Usage, Value
from .evaluate import Evaluate
from .selection import Variant
from .statistics import difference_interval, mcnemar, pass_at_k, pass_hat_k, rate_interval, wilson

TIMED_OUT = "time limit"
"""How an episode stops that took too long: a slow machine is no wrong solution."""

Interval = tuple[float, float]


class Passes(Value):
    """What k attempts at a task give, over the tasks with at least k graded ones."""

    k: int
    tasks: int
    any: float
    """pass@k: the share of tasks that at least one of k attempts solves, estimated without bias."""
    any_interval: Interval
    every: float
    """pass^k: the share that all of k attempts solve."""
    every_interval: Interval


class ArmResult(Value):
    """One arm over the held-out tasks; all its repeats."""

    arm: str
    variant: Variant | None = None
    """What chose its examples; None: all that the rule keeps."""
    examples: int | None = None
    """How many it can retrieve; None: it retrieves no examples."""
    model: str = ""
    seeds: tuple[int, ...]
    """One a repeat."""
    tasks: int
    episodes: int
    """Tasks times repeats."""
    graded: int
    """Episodes that ended in time and have a score."""
    solved: float
    """Sum of their scores."""
    success: float | None
    """Mean over the tasks of the mean score of a task; None when nothing was graded."""
    interval: Interval | None
    """95%: Wilson's without repeats, else the bootstrap over tasks."""
    passes: tuple[Passes, ...]
    """By k; () without repeats."""
    ungraded: dict[str, int]
    """Episodes that are in no rate, by boundary: crashed, timed out, without a grade, not run."""
    stops: dict[str, int]
    steps: float
    """Mean over the graded episodes."""
    malformed: int
    """Replies that could not be read, the last ones of an episode included."""
    usage: Usage
    """Of the last attempt at each episode, failed ones included."""
    cached_share: float | None
    calls_episode: float | None
    """Model calls an episode that was begun."""
    tokens_episode: float | None
    """Prompt and new tokens an episode that was begun."""
    calls_solved: float | None
    """All model calls for each solved episode; None where none is solved."""
    seconds: float
    """Sum over the episodes, waiting for the model included."""
    scores: dict[str, tuple[float | None, ...]]
    """By the name of the task, one a repeat."""

    def means(self) -> dict[str, float]:
        """The mean score of each task that was graded at least once."""
        graded = {name: [one for one in scores if one is not None] for name, scores in self.scores.items()}
        return {name: sum(scores) / len(scores) for name, scores in graded.items() if scores}


class Difference(Value):
    """An arm against another, over the tasks that both have graded."""

    arm: str
    against: str
    pairs: int = 0
    """Tasks; with repeats each is compared by its mean score."""
    difference: float | None = None
    """None: there are no pairs."""
    interval: Interval | None = None
    """95% interval of the paired bootstrap over tasks, 10,000 resamples, seed 0; where all pairs agree, by
    Wilson's of the shares won and lost. None: there are no pairs."""
    won: int = 0
    lost: int = 0
    p: float = 1.0
    """Exact McNemar, two-sided; with repeats or partial scores the sign test over tasks, its general form."""


class Compared(Difference):
    """One with pairs."""

    difference: float
    interval: Interval


class Result(Value):
    """All numbers of an evaluation."""

    arms: tuple[ArmResult, ...]
    differences: tuple[Difference, ...]
    """Each arm against the first, and each variant against the arm that it varies."""


def summarise(store: Store, stages: Sequence[Evaluate], tasks: Sequence[Task]) -> Result:
    """Read the arms' attempts from the ledger; stages of the same label are repeats of one arm."""
    repeats: dict[str, list[Evaluate]] = defaultdict(list)
    for stage in stages:
        repeats[stage.label].append(stage)
    arms = {label: _arm(store, group, tasks) for label, group in repeats.items()}
    first = stages[0].label
    pairs = [(label, first) for label in arms if label != first]
    pairs += [
        (label, arm.variant.arm)
        for label, arm in arms.items()
        if arm.variant and arm.variant.arm in arms and arm.variant.arm != first
    ]
    return Result(
        arms=tuple(arms.values()),
        differences=tuple(_difference(arms[one], arms[other]) for one, other in pairs),
    )


class _Counts:
    """What is summed over the episodes of an arm."""

    def __init__(self) -> None:
        self.ungraded: Counter[str] = Counter()
        self.stops: Counter[str] = Counter()
        self.steps: list[int] = []
        self.malformed = 0
        self.attempts: list[Attempt] = []

    def score(self, store: Store, attempt: Attempt | None) -> float | None:
        """Count one episode -> its score, None for one that is in no rate."""
        if attempt is None:
            self.ungraded["not run"] += 1
            return None
        self.attempts.append(attempt)
        if attempt.error:
            self.ungraded[attempt.error.split(":")[0]] += 1
            return None
        episode = store.get(attempt.outputs[0])
        assert isinstance(episode, Trajectory)
        self.stops[episode.stop] += 1
        self.malformed += episode.malformed
        if episode.stop == TIMED_OUT or episode.score is None:
            self.ungraded[TIMED_OUT if episode.stop == TIMED_OUT else episode.error.split(":")[0]] += 1
            return None
        self.steps.append(len(episode.steps))
        return episode.score


def _arm(store: Store, stages: Sequence[Evaluate], tasks: Sequence[Task]) -> ArmResult:
    counts = _Counts()
    ledger = [{attempt.input: attempt for attempt in store.attempts(stage.key)} for stage in stages]
    scores = {
        task.parent: tuple(counts.score(store, attempts.get(task.id)) for attempts in ledger)
        for task in tasks
    }
    graded = [score for row in scores.values() for score in row if score is not None]
    usage = sum((attempt.usage for attempt in counts.attempts), Usage())
    begun = len(counts.attempts)
    arm = ArmResult(
        arm=stages[0].label,
        model=stages[0].player,
        variant=stages[0].variant,
        examples=stages[0].examples,
        seeds=tuple(stage.seed for stage in stages),
        tasks=len(tasks),
        episodes=len(tasks) * len(stages),
        graded=len(graded),
        solved=sum(graded),
        success=None,
        interval=None,
        passes=passes(scores, len(stages)),
        ungraded=dict(counts.ungraded),
        stops=dict(counts.stops),
        steps=sum(counts.steps) / len(counts.steps) if counts.steps else 0.0,
        malformed=counts.malformed,
        usage=usage,
        cached_share=usage.cached / usage.prompt if usage.prompt else None,
        calls_episode=usage.calls / begun if begun else None,
        tokens_episode=(usage.prompt + usage.completion) / begun if begun else None,
        calls_solved=usage.calls / sum(graded) if sum(graded) else None,
        seconds=sum(attempt.seconds for attempt in counts.attempts),
        scores=scores,
    )
    means = list(arm.means().values())
    if not means:
        return arm
    interval = rate_interval(means) if len(stages) > 1 else wilson(sum(means), len(means))
    return arm.model_copy(update={"success": sum(means) / len(means), "interval": interval})


def passes(scores: dict[str, tuple[float | None, ...]], repeats: int) -> tuple[Passes, ...]:
    """pass@k and pass^k for each k up to the number of repeats; () without repeats."""
    graded = [[score for score in row if score is not None] for row in scores.values()]
    counted = [(len(row), sum(score >= 1 for score in row)) for row in graded]
    found = []
    for k in range(1, repeats + 1) if repeats > 1 else ():
        enough = [(count, solved) for count, solved in counted if count >= k]
        if enough:
            some = [pass_at_k(count, solved, k) for count, solved in enough]
            every = [pass_hat_k(count, solved, k) for count, solved in enough]
            found.append(
                Passes(
                    k=k,
                    tasks=len(enough),
                    any=sum(some) / len(some),
                    any_interval=rate_interval(some),
                    every=sum(every) / len(every),
                    every_interval=rate_interval(every),
                )
            )
    return tuple(found)


def _difference(arm: ArmResult, other: ArmResult) -> Difference:
    """As `difference`, also of arms that have no graded task in common."""
    if arm.means().keys() & other.means().keys():
        return difference(arm, other)
    return Difference(arm=arm.arm, against=other.arm)


def difference(arm: ArmResult, other: ArmResult) -> Compared:
    """An arm against another, by the mean score of each task that both have graded.

    Raises ConfigError where there is none.
    """
    mine, base = arm.means(), other.means()
    pairs = [mine[name] - score for name, score in base.items() if name in mine]
    if not pairs:
        raise ConfigError(
            f"{arm.arm} and {other.arm} have no graded task in common: nothing can be compared."
        )
    won, lost = sum(pair > 0 for pair in pairs), sum(pair < 0 for pair in pairs)
    return Compared(
        arm=arm.arm,
        against=other.arm,
        pairs=len(pairs),
        difference=sum(pairs) / len(pairs),
        interval=difference_interval(pairs),
        won=won,
        lost=lost,
        p=mcnemar(won, lost),
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def number(value: float | None, digits: int = 1) -> str:
    """A figure in words; "-": nobody measured it."""
    return "-" if value is None else f"{value:,.{digits}f}"


def _range(interval: Interval | None) -> str:
    return "-" if interval is None else f"{interval[0]:.0%}-{interval[1]:.0%}"


METRICS: dict[str, tuple[str, Callable[[ArmResult], str]]] = {
    "solved": ("solved", lambda arm: f"{round(arm.solved, 1):g}/{arm.graded}"),
    "success": ("success", lambda arm: _share(arm.success)),
    "interval": ("95% interval", lambda arm: _range(arm.interval)),
    "steps": ("steps", lambda arm: number(arm.steps)),
    "calls": ("calls", lambda arm: f"{arm.usage.calls:,}"),
    "calls-solved": ("calls/solved", lambda arm: number(arm.calls_solved)),
    "prompt": ("prompt tokens", lambda arm: f"{arm.usage.prompt:,}"),
    "cached": ("cached", lambda arm: _share(arm.cached_share)),
    "completion": ("new tokens", lambda arm: f"{arm.usage.completion:,}"),
    "cost": ("cost", lambda arm: "unknown" if arm.usage.cost is None else f"${arm.usage.cost:.2f}"),
    "seconds": ("seconds", lambda arm: f"{arm.seconds:,.0f}"),
    "malformed": ("malformed", lambda arm: str(arm.malformed)),
    "ungraded": ("ungraded", lambda arm: str(sum(arm.ungraded.values()))),
}
"""What a table can say of an arm: by name the heading and the cell."""
USUAL = tuple(name for name in METRICS if name not in ("seconds", "malformed"))
"""What a terminal has room for."""


def table(result: Result, metrics: Sequence[str] = USUAL) -> list[dict[str, str]]:
    """One row an arm, for a terminal or a page. Raises ConfigError for a metric that does not exist."""
    if unknown := [name for name in metrics if name not in METRICS]:
        raise ConfigError(f"There is no metric {unknown[0]!r}; there are {', '.join(METRICS)}.")
    return [
        {"arm": arm.arm, **{METRICS[name][0]: METRICS[name][1](arm) for name in metrics}}
        for arm in result.arms
    ]
