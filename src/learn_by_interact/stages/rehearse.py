"""Rehearse: tasks that a benchmark knows beside the held-out ones, done in the way that it knows.

No model is called: what was asked for is what was done, so that an example needs no other instruction. One
whose last action before the stop failed gives none, nor one whose way leads nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..agents.rollout import Decision, Limits, rollout
from ..benchmarks import Rehearsing
from ..engine.stage import Outcome
from ..types import Observation, Record, Step, Task
from .base import World
from .distill import as_it_is, ended_well

if TYPE_CHECKING:
    from ..engine.store import Store

LIMITS = Limits(steps=12)


class Knowing:
    """The agent that does what the benchmark knows."""

    name = "known way"

    def __init__(self, world: Rehearsing) -> None:
        self._world = world

    def act(self, task: Task, start: Observation, steps: Sequence[Step]) -> Decision:
        return Decision(thought="", action=self._world.onward(task, steps))


class Rehearse(World):
    """A task whose way is known -> its trajectory, and the example that this is."""

    name = "rehearse"

    version: str = "by number"
    """Of the way that is gone."""

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        """In the order of the benchmark; the tasks are in the store."""
        return [(task.id,) for task in self._known().rehearsals()]

    def __call__(self, *records: Record) -> Outcome:
        (task,) = records
        assert isinstance(task, Task)
        world = self._known()
        with world.environment() as environment:
            trajectory = rollout(Knowing(world), environment, task, LIMITS)
        if not ended_well(trajectory, settle=False):
            return Outcome(records=(trajectory,))
        return Outcome(records=(trajectory, as_it_is(trajectory, task, "practice")))

    def _known(self) -> Rehearsing:
        world = self.world()
        assert isinstance(world, Rehearsing)
        return world
