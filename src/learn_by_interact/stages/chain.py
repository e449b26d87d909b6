"""Chain: try a proposed command where an earlier session ended, when it did nothing at the start.

What undoes, uses or repairs something (`disable-fts`, `search`, `drop-index`) has nothing to work on in a
fresh environment. What other sessions made is where it works, as in the sub-trajectories of the paper's
Algorithm 1, whose windows begin anywhere. No model is called.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..engine.stage import Outcome
from ..environments import Environment
from ..types import Action, Document, Observation, Record, Step, Task, Trajectory, Usage
from .base import EXPLORATION, World
from .explore import proposed
from .windows import choose, teaches

if TYPE_CHECKING:
    from ..engine.store import Store

LEAD = 300
"""Characters of a page's beginning, and of an error's end, that say what they are about."""
SAME_PAGE = 2
"""Sessions of one page among those that a command is tried after."""


@dataclass(frozen=True)
class _Session:
    """A trajectory that changed something, and the words that say what."""

    trajectory: str
    page: str
    words: frozenset[str]


class Chain(World):
    """Task and trajectories to try it after, likeliest first -> the first chained trajectory that teaches."""

    name = "chain"
    tries: int = 6
    """Earlier sessions that a command is tried after, at most."""
    enough: int = 2
    """Windows worth an instruction with which a section of the documentation needs no more."""

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        """Explored tasks that taught nothing, of sections that have too little."""
        tasks = {task.id: task for task in store.records(Task)}
        pages = {page.id: page for page in store.records(Document)}
        explored: dict[str, list[Trajectory]] = defaultdict(list)
        for stage in EXPLORATION:
            for attempt in store.attempts(stage) if stage != self.name else ():
                for output in attempt.outputs:
                    trajectory = store.get(output)
                    assert isinstance(trajectory, Trajectory)
                    explored[trajectory.task].append(trajectory)
        tools = self.world().tools
        worked: Counter[str] = Counter()
        failed: list[Task] = []
        sessions: list[_Session] = []
        for identity in sorted(explored):
            task = tasks[identity]
            taught = sum(len(choose(one, self.enough, tools)) for one in explored[identity])
            worked[task.parent] += taught
            if not taught and task.hint:
                failed.append(task)
            for one in explored[identity]:
                if changing(one, tools):
                    said = f"{_done(one)} {_lead(pages.get(task.parent))}"
                    sessions.append(_Session(one.id, task.parent, words(said)))
        waiting = [task for task in failed if worked[task.parent] < self.enough]
        rarity = _rarity(session.words for session in sessions)
        return [
            (task.id, *self._likeliest(_about(task, explored[task.id], pages), sessions, rarity))
            for task in waiting
        ]

    def _likeliest(
        self, about: frozenset[str], sessions: Sequence[_Session], rarity: dict[str, float]
    ) -> list[str]:
        """Sessions that share most, and most telling, words; few of each page."""

        def rank(session: _Session) -> tuple[float, str]:
            return (-math.fsum(sorted(rarity[word] for word in about & session.words)), session.trajectory)

        chosen: list[str] = []
        used: Counter[str] = Counter()
        for session in sorted(sessions, key=rank):
            if len(chosen) == self.tries:
                break
            if used[session.page] < SAME_PAGE:
                used[session.page] += 1
                chosen.append(session.trajectory)
        return chosen

    def __call__(self, *records: Record) -> Outcome:
        task, *sessions = records
        assert isinstance(task, Task)
        world = self.world()
        for session in sessions:
            assert isinstance(session, Trajectory)
            with world.environment() as environment:
                begun = proposed(environment.actions, task.hint)
                if begun is None:
                    break
                found = _after(environment, task, begun, session, changing(session, world.tools))
            if found is not None:
                return Outcome(records=(found,))
        return Outcome()


def changing(trajectory: Trajectory, tools: Sequence[str]) -> tuple[Step, ...]:
    """The steps of a trajectory from its start that worked and changed the state; () when there are none."""
    for begin, end in choose(trajectory, 1, tools):
        steps = trajectory.steps[:end]
        failed = any(step.observation.failed for step in steps)
        if begin == 0 and not failed and steps[-1].observation.state != trajectory.start.state:
            return steps
    return ()


def _after(
    environment: Environment,
    task: Task,
    begun: tuple[str, Action],
    session: Trajectory,
    steps: Sequence[Step],
) -> Trajectory | None:
    """The session's steps acted again, then the command; None when they differ or it teaches nothing."""
    start = environment.reset(task)
    if start.key != session.start.key:
        return None
    for step in steps:
        if environment.step(step.action).key != step.observation.key:
            return None
    thought, action = begun
    last = Step(thought=thought, action=action, observation=environment.step(action))
    if not teaches(last, steps[-1].observation):
        return None
    return chained(task, start, steps, last, session.model)


def chained(task: Task, start: Observation, steps: Sequence[Step], last: Step, model: str) -> Trajectory:
    """A trajectory of steps that were taken over from another one, and one more."""
    before = [step.model_copy(update={"usage": Usage(), "shown": (), "why": ()}) for step in steps]
    return Trajectory(
        task=task.id, start=start, steps=(*before, last), stop="done", model=model, chained=len(before)
    )


def _about(task: Task, trajectories: Sequence[Trajectory], pages: dict[str, Document]) -> frozenset[str]:
    """What a task that failed is about: its command, its page, and what it was answered."""
    answers = [one.steps[-1].observation.text[-LEAD:] for one in trajectories if one.steps]
    return words(" ".join((task.hint, _lead(pages.get(task.parent)), *answers)))


def _lead(page: Document | None) -> str:
    return f"{page.title} {page.text[:LEAD]}" if page else ""


def _done(trajectory: Trajectory) -> str:
    return " ".join(str(value) for step in trajectory.steps for value in step.action.arguments.values())


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W\d_]+|\d+", text.lower()))


def _rarity(texts: Iterable[frozenset[str]]) -> dict[str, float]:
    """The inverse document frequency of each word, as in BM25 (Robertson and Zaragoza 2009, section 3)."""
    every = list(texts)
    counts = Counter(word for text in every for word in text)
    return {word: math.log(1 + (len(every) - count + 0.5) / (count + 0.5)) for word, count in counts.items()}
