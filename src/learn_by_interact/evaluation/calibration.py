"""Calibration: what a judge's yes is worth, measured where the benchmark's grader knows the truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from ..agents.rollout import Limits, Reciter, rollout
from ..engine.stage import Outcome, Stage
from ..stages.base import World
from ..stages.judge import Judge
from ..stages.keep import RULES, Rule, holds
from ..stages.replay import Replay
from ..types import Example, Record, Task, Trajectory, Value, Verdict
from .report import TIMED_OUT, Interval
from .statistics import rate_interval

if TYPE_CHECKING:
    from ..engine.store import Store

CALIBRATION = "calibration:"
"""What the name of a judge begins with in a verdict on a session whose grade is known."""
Origin = Literal["gold", "mismatched", "evaluate"]
"""Where a session comes from: a task's own solution, another task's, an agent that was evaluated."""
ORIGINS: tuple[Origin, ...] = ("gold", "mismatched", "evaluate")
BETA = 0.5
"""Of the F-measure that chooses a rule: a wrong demonstration costs more than a missing one."""
CHEAPEST: tuple[Rule, ...] = ("replay", "unanimous+replay", "majority+replay", "unanimous", "majority")
"""Of rules that measure alike the first of these is chosen: replay costs no model call."""


class Gold(World):
    """Task -> a graded session in which its own gold solution is acted out. No model is called."""

    name = "gold"
    aside: ClassVar[frozenset[str]] = frozenset({"unsafe", "tasks"})

    tasks: tuple[str, ...]
    """Ids of the held-out tasks."""

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        return [(task, task) for task in self.tasks]

    def __call__(self, *records: Record) -> Outcome:
        task, solved = records
        assert isinstance(task, Task) and isinstance(solved, Task)
        world = self.world()
        solution = world.gold(solved)
        with world.environment() as environment:
            trajectory = rollout(
                Reciter("gold solution", solution),
                environment,
                task,
                Limits(steps=len(solution), repeats=len(solution) + 1),
                grade=lambda episode: world.grade(task, environment, episode),
            )
        return Outcome(records=(trajectory,))


class Mismatched(Gold):
    """Task -> a graded session in which the solution of a task far from it in the benchmark is acted out.

    It is wrong by construction, and the grader says so too: a judge that says yes here says yes to all.
    """

    name = "mismatched"

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        size = len(self.tasks)
        if size < 2:
            return []
        return [(task, self.tasks[(at + size // 2) % size]) for at, task in enumerate(self.tasks)]


class Graded(Value):
    """Which sessions count: those on the tasks, and of the graders, that there are now."""

    tasks: tuple[str, ...] = ()
    """Ids of the held-out tasks."""
    acted: tuple[str, ...] = ()
    """Keys of the stages that acted out solutions, Gold and Mismatched."""


class ReplaySessions(Replay):
    """Replay of the sessions whose grade is known."""

    name = "replay-sessions"
    aside: ClassVar[frozenset[str]] = Replay.aside | {"graded"}

    graded: Graded

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        return [(session.id, session.task) for session, _ in sessions(store, self.graded)]


class Calibrate(Judge):
    """A session whose grade is known, with its task's instruction -> this judge's verdict on it."""

    name = "calibrate"
    aside: ClassVar[frozenset[str]] = Judge.aside | {"graded"}

    graded: Graded

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        return [(session.id, session.task) for session, _ in sessions(store, self.graded)]

    def __call__(self, *records: Record) -> Outcome:
        session, task = records
        assert isinstance(session, Trajectory) and isinstance(task, Task)
        # Never stored: an example of a held-out task must not be found by anyone.
        example = Example(
            instruction=task.instruction,
            trajectory=session.id,
            begin=0,
            end=len(session.steps),
            kind="task",
        )
        outcome = super().__call__(example, session)
        (verdict,) = outcome.records
        about = {"subject": session.id, "judge": f"{CALIBRATION}{self.model.name}"}
        return Outcome(records=(verdict.model_copy(update=about),), usage=outcome.usage)


def sessions(store: Store, known: Graded) -> list[tuple[Trajectory, Origin]]:
    """The graded sessions on held-out tasks, and where each comes from; by task.

    Of sessions with the same actions and the same end on a task there is one.
    """
    found: dict[str, tuple[Trajectory, Origin]] = {}
    for origin in ORIGINS:
        for attempt in store.attempts(origin):
            counts = origin == "evaluate" or attempt.stage in known.acted
            for identity in attempt.outputs if counts and attempt.input in known.tasks else ():
                if identity not in found:
                    session = store.get(identity)
                    assert isinstance(session, Trajectory)
                    found[identity] = (session, origin)
    graded = [
        (session, origin)
        for session, origin in found.values()
        if session.score is not None and session.steps and session.stop != TIMED_OUT
    ]
    graded.sort(key=lambda pair: (pair[0].task, ORIGINS.index(pair[1]), pair[0].id))
    different: dict[tuple[object, ...], tuple[Trajectory, Origin]] = {}
    for session, origin in graded:
        actions = tuple(step.action.model_dump_json() for step in session.steps)
        different.setdefault((session.task, actions, session.steps[-1].observation.key), (session, origin))
    return list(different.values())


class Case(Value):
    """A session, what the grader says of it, and what the judges said."""

    task: str
    """Name of the held-out task."""
    session: str
    """Id of the trajectory."""
    origin: Origin
    right: bool
    """The grader gave full marks."""
    votes: dict[str, bool]
    """By model."""
    replayed: bool
    """All of it held when it was acted again."""


class Share(Value):
    """`count` among `of` cases."""

    count: int
    of: int
    rate: float | None
    """None: there are none to divide by."""
    interval: Interval | None
    """95%, the bootstrap over tasks; Wilson's over tasks where all agree."""


class Measured(Value):
    """A judge or a rule beside the grader."""

    name: str
    precision: Share
    """Right ones among those it says yes to."""
    recall: Share
    """Those it says yes to among the right ones."""
    yes: Share
    yes_wrong: Share
    """Those it says yes to among the wrong ones."""
    yes_mismatched: Share
    """The same among the sessions of another task."""
    f: float | None
    """F-measure with beta 0.5 (van Rijsbergen 1979); None: it keeps nothing, or nothing is right."""
    says: str
    """What that means, in a sentence."""


class Calibration(Value):
    """What the judges of a committee, and the rules over their verdicts, are worth on a benchmark."""

    sessions: dict[str, dict[str, int]]
    """By origin: how many are right and wrong."""
    right: Share
    """The base rate: the precision of saying yes to all."""
    unjudged: int
    """Sessions left out because a judge gave no verdict that could be read, or replay could not be had."""
    judges: tuple[Measured, ...]
    rules: tuple[Measured, ...]
    best: Rule | None
    """The rule of highest F-measure; of equal ones the cheapest. None: none keeps anything that is right."""
    cases: tuple[Case, ...]


def calibrate(store: Store, replays: ReplaySessions, judges: Sequence[Calibrate]) -> Calibration:
    """Compare the verdicts that these stages gave with the grades."""
    names = {task.id: task.parent for task in store.records(Task)}
    models = [judge.model.name for judge in judges]
    held = _verdicts(store, replays)
    given = {judge.model.name: _verdicts(store, judge) for judge in judges}
    cases, unjudged = [], 0
    for session, origin in sessions(store, replays.graded):
        replayed = held.get(session.id)
        votes = {model: said[session.id].keep for model, said in given.items() if session.id in said}
        if replayed is None or len(votes) < len(models):
            unjudged += 1
            continue
        right = session.score is not None and session.score >= 1
        cases.append(
            Case(
                task=names[session.task],
                session=session.id,
                origin=origin,
                right=right,
                votes=votes,
                replayed=replayed.keep,
            )
        )
    return compare(cases, models, unjudged)


def _verdicts(store: Store, stage: Stage) -> dict[str, Verdict]:
    """By subject what a stage said with its settings as they are now."""
    found = (store.get(identity) for attempt in store.attempts(stage.key) for identity in attempt.outputs)
    return {verdict.subject: verdict for verdict in found if isinstance(verdict, Verdict)}


def compare(cases: Sequence[Case], models: Sequence[str], unjudged: int = 0) -> Calibration:
    """Measure judges and rules over these cases."""
    rules = {rule: _measured(rule, cases, _decides(rule)) for rule in RULES}
    ranked = [rule for rule in CHEAPEST if rules[rule].f is not None]
    return Calibration(
        sessions=_counted(cases),
        right=_share(cases, lambda case: case.right),
        unjudged=unjudged,
        judges=tuple(_measured(model, cases, _votes(model)) for model in models),
        rules=tuple(rules.values()),
        best=max(ranked, key=lambda rule: rules[rule].f or 0.0) if ranked else None,
        cases=tuple(cases),
    )


def _decides(rule: Rule) -> Callable[[Case], bool]:
    return lambda case: holds(rule, list(case.votes.values()), case.replayed)


def _votes(model: str) -> Callable[[Case], bool]:
    return lambda case: case.votes[model]


def _counted(cases: Sequence[Case]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for case in cases:
        row = counts.setdefault(case.origin, {"right": 0, "wrong": 0})
        row["right" if case.right else "wrong"] += 1
    return counts


def _measured(name: str, cases: Sequence[Case], says_yes: Callable[[Case], bool]) -> Measured:
    precision = _share([case for case in cases if says_yes(case)], lambda case: case.right)
    recall = _share([case for case in cases if case.right], says_yes)
    wrong = _share([case for case in cases if not case.right], says_yes)
    mismatched = _share([case for case in cases if case.origin == "mismatched" and not case.right], says_yes)
    yes = _share(cases, says_yes)
    f = None
    if precision.rate and recall.rate:
        f = (1 + BETA**2) * precision.rate * recall.rate / (BETA**2 * precision.rate + recall.rate)
    return Measured(
        name=name,
        precision=precision,
        recall=recall,
        yes=yes,
        yes_wrong=wrong,
        yes_mismatched=mismatched,
        f=f,
        says=_in_words(yes, recall, wrong, mismatched, precision),
    )


def _share(cases: Sequence[Case], holds_for: Callable[[Case], bool]) -> Share:
    tasks: dict[str, list[bool]] = defaultdict(list)
    for case in cases:
        tasks[case.task].append(holds_for(case))
    count = sum(map(sum, tasks.values()))
    if not cases:
        return Share(count=0, of=0, rate=None, interval=None)
    counts, sizes = [sum(row) for row in tasks.values()], [len(row) for row in tasks.values()]
    return Share(count=count, of=len(cases), rate=count / len(cases), interval=rate_interval(counts, sizes))


def _in_words(yes: Share, recall: Share, wrong: Share, mismatched: Share, precision: Share) -> str:
    """What the numbers mean, said plainly."""
    other = f", also to all {mismatched.of} sessions of another task" if mismatched.of else ""
    if not wrong.of or not recall.of:
        return "saw no session that is right, or none that is wrong: what its yes is worth cannot be said"
    if yes.count == yes.of:
        return f"says yes to everything ({yes.of} sessions{other}): its yes tells nothing"
    if not yes.count:
        return f"says no to everything ({yes.of} sessions): it would keep nothing"
    if wrong.rate is not None and recall.rate is not None and wrong.rate >= recall.rate:
        return (
            f"says yes to {wrong.rate:.0%} of the wrong sessions and to {recall.rate:.0%} of the right ones: "
            "its yes tells nothing"
        )
    if wrong.rate is not None and wrong.rate >= 0.8:
        return f"says yes to nearly everything, also to {wrong.count} of {wrong.of} wrong sessions"
    share, found = precision.rate or 0, recall.rate or 0
    return f"is right about {share:.0%} of what it says yes to, and finds {found:.0%} of what is right"
