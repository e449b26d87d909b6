"""Rehearse: tasks that a benchmark knows beside the held-out ones, done in the way that it knows.

No model is called: what was asked for is what was done, so that an example needs no other instruction. One
whose last action before the stop failed gives none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..agents.rollout import Limits, Reciter, rollout
from ..benchmarks import Rehearsing
from ..engine.stage import Outcome
from ..types import Record, Task
from .base import World
from .distill import as_it_is, ended_well

if TYPE_CHECKING:
    from ..engine.store import Store


class Rehearse(World):
    """A task whose way is known -> its trajectory, and the example that this is."""

    name = "rehearse"

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        """In the order of the benchmark; the tasks are in the store."""
        return [(task.id,) for task in self._known().rehearsals()]

    def __call__(self, *records: Record) -> Outcome:
        (task,) = records
        assert isinstance(task, Task)
        world = self._known()
        way = world.way(task)
        limits = Limits(steps=len(way), repeats=len(way))
        with world.environment() as environment:
            trajectory = rollout(Reciter("known way", way), environment, task, limits)
        if not ended_well(trajectory, settle=False):
            return Outcome(records=(trajectory,))
        return Outcome(records=(trajectory, as_it_is(trajectory, task, "practice")))

    def _known(self) -> Rehearsing:
        world = self.world()
        assert isinstance(world, Rehearsing)
        return world
