"""Rehearse: tasks that a benchmark knows beside the held-out ones, done in the way that it knows.

No model is called: what was asked for is what was done, so that an example needs no other instruction. One
whose last action before the stop failed gives none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..agents.rollout import Decision, Limits, rollout
from ..benchmarks import Rehearsing
from ..engine.stage import Outcome
from ..types import STOP, Action, Example, Observation, Record, Step, Task
from .base import World

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
        with world.environment() as environment:
            trajectory = rollout(Way(way), environment, task, Limits(steps=len(way), repeats=len(way)))
        done = [step for step in trajectory.steps if step.action.tool != STOP]
        if trajectory.stop != "done" or not done or done[-1].observation.failed:
            return Outcome(records=(trajectory,))
        example = Example(
            instruction=task.instruction,
            trajectory=trajectory.id,
            begin=0,
            end=len(trajectory.steps),
            kind="practice",
        )
        return Outcome(records=(trajectory, example))

    def _known(self) -> Rehearsing:
        world = self.world()
        assert isinstance(world, Rehearsing)
        return world


class Way:
    """An agent that does what is known."""

    name = "known"

    def __init__(self, actions: Sequence[Action]) -> None:
        self._actions = actions

    def act(self, task: Task, start: Observation, steps: Sequence[Step]) -> Decision:
        return Decision(thought="", action=self._actions[len(steps)])
