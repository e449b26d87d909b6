"""Which examples are trained on, read from a store of any size.

The rule over verdicts and the selections of the evaluation decide, as they do for retrieval. Trajectories are
read one at a time, with their examples; what was left out is counted by its reason.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Annotated, NamedTuple, get_args

from pydantic import Field

from ..engine.store import Store
from ..errors import ConfigError
from ..evaluation.selection import Selection, fitting, rank
from ..stages.keep import SWEEPS, Rule, Standing, keeps, standing_on, verified
from ..texts import fits
from ..types import STOP, Document, Example, Kind, Reasoning, Step, Task, Trajectory, Verdict, digest

KINDS: tuple[Kind, ...] = get_args(Kind)
CHOICE = "the selection"
"""Why an example was left out that the rule keeps."""
MIXTURE = "the mixture"
"""Why one was left out that the selection takes."""


class Choice(Selection):
    """Which examples to export: the rule, the settings of a selection, and whether replay verified them."""

    rule: Rule = "unanimous+replay"
    """Which verdicts keep an example; near-duplicates and contaminated ones are out under every rule."""
    verified: bool | None = None
    """True: only those whose window held in a replay; False: only the others."""
    weights: dict[str, Annotated[float, Field(ge=0, le=100)]] = Field(default_factory=dict)
    """The mixture: how often an example is taken, by its kind or by the title of its section (with `*`, `?`).
    2 takes it twice, 0.5 every other one (which, follows from a hash); where several fit they multiply."""


class Section(NamedTuple):
    """A section of documentation without its text."""

    id: str
    source: str
    title: str
    begin: int
    """First line, from 1."""
    end: int
    """Last line, included."""


class Window(NamedTuple):
    """An example with all that a row is made of."""

    example: Example
    trajectory: Trajectory
    task: Task
    """The task that was proposed, not what the example says."""
    section: Section | None
    """What the task was proposed from; None: no section of documentation."""
    verified: bool
    """Replay held to the end of the window."""
    labelled: str = ""
    """The stage that wrote the instruction, and the digest of its settings, prompt and model."""
    hindsight: tuple[str, ...] = ()
    """A line of reasoning for each action, written afterwards; none: nobody wrote them."""
    times: int = 1
    """How often the mixture takes it."""

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.trajectory.steps[self.example.begin : self.example.end]

    @property
    def group(self) -> str:
        """What a split keeps on one side: the section by its source and title, whatever its text was then."""
        return group(self.task, self.section)

    @property
    def ends_itself(self) -> bool:
        """The last action of the window stops the episode."""
        return self.steps[-1].action.tool == STOP


def group(task: Task, section: Section | None) -> str:
    """Source and title of the section a task was proposed from; where there is none, the task's parent."""
    return f"{section.source}\n{section.title}" if section else task.parent


class Chooser:
    """Reads the chosen windows of a store, as often as it is asked, in order of their trajectories.

    Raises ConfigError when a title of the choice fits no section, or a weight neither a kind nor a title.
    """

    def __init__(self, store: Store, choice: Choice) -> None:
        self.left_out: Counter[str] = Counter()
        """Of the last reading: examples by why they were left out."""
        self._store, self._choice = store, choice
        self.sections = {
            document.id: Section(document.id, document.source, document.title, document.begin, document.end)
            for document in store.records(Document)
        }
        titles = [section.title for section in self.sections.values()]
        self._fits: Callable[[Example, str | None], bool] = fitting(titles, choice, "lbi export")
        for pattern in choice.weights:
            if pattern not in KINDS and not any(fits(title, [pattern]) for title in titles):
                raise ConfigError(
                    f"weights: {pattern!r} is no kind ({', '.join(KINDS)}), and no section is so entitled."
                )
        self._stands = Standing(store)
        self._labelled = _labelled(store)
        self._hindsight = _hindsight(store)
        """By example: the newest record of its lines of reasoning."""
        self._first: frozenset[str] | None = None
        if choice.most is not None:
            ranked = ((rank(one.example, choice.seed), one.example.id) for one in self._read())
            self._first = frozenset(identity for _, identity in heapq.nsmallest(choice.most, ranked))

    def __iter__(self) -> Iterator[Window]:
        return self._read()

    def _read(self) -> Iterator[Window]:
        self.left_out = Counter()
        for identity in self._store.ids(Trajectory):
            examples = [one for one in self._store.records(Example, identity) if self._kind(one)]
            if not examples:
                continue
            trajectory = self._store.get(identity)
            assert isinstance(trajectory, Trajectory)
            task = self._store.get(trajectory.task)
            assert isinstance(task, Task)
            section = self.sections.get(task.parent)
            for example in sorted(examples, key=lambda one: (one.begin, one.end, one.kind, one.id)):
                given = standing_on(self._store, (example.id, identity), self._stands)
                held = verified(example, given)
                reason = self._reason(example, section, given, held)
                times = 0 if reason else self._times(example, section)
                if times:
                    labelled = self._labelled.get(identity, "")
                    lines = self._lines(example)
                    yield Window(example, trajectory, task, section, held, labelled, lines, times)
                else:
                    self.left_out[reason or MIXTURE] += 1

    def _lines(self, example: Example) -> tuple[str, ...]:
        """The newest lines of reasoning about an example."""
        identity = self._hindsight.get(example.id)
        record = self._store.get(identity) if identity else None
        return record.lines if isinstance(record, Reasoning) else ()

    def _times(self, example: Example, section: Section | None) -> int:
        """The weight's whole part, and one more for its fraction of the examples, by a hash."""
        weight = 1.0
        for pattern, factor in self._choice.weights.items():
            if pattern == example.kind or (section and fits(section.title, [pattern])):
                weight *= factor
        share = int(digest([self._choice.seed, "mixture", example.id])[:8], 16) / 16**8
        return int(weight) + (share < weight % 1)

    def _kind(self, example: Example) -> bool:
        """Distilled examples are for comparison: they are read only when they are asked for."""
        return example.kind != "task" or "task" in self._choice.kinds

    def _reason(
        self, example: Example, section: Section | None, given: dict[str, list[Verdict]], held: bool
    ) -> str:
        """Why an example is left out; "": it is not."""
        choice = self._choice
        dropped = {one.judge for one in given[example.id] if not one.keep}
        for judge in SWEEPS:
            if judge in dropped:
                return judge
        if not keeps(choice.rule, example, given):
            return f"the rule {choice.rule}"
        fits = self._fits(example, section.title if section else None)
        if not fits or choice.verified not in (None, held):
            return CHOICE
        return CHOICE if self._first is not None and example.id not in self._first else ""


def _hindsight(store: Store) -> dict[str, str]:
    """By example: the newest record of what `lbi reason` wrote."""
    attempts = (attempt for attempt in store.attempts("reason") if not attempt.error)
    return {attempt.input: attempt.outputs[0] for attempt in attempts}


def _labelled(store: Store) -> dict[str, str]:
    """By trajectory: the stage that wrote the instructions of its windows."""
    found: dict[str, str] = {}
    for attempt in store.attempts("relabel"):
        if not attempt.error:
            # The input, and the copy without duplicate steps, which comes before the examples.
            found.update(dict.fromkeys((attempt.input, *attempt.outputs[:1]), attempt.stage))
    return found
