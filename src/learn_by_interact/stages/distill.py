"""Data distill: proposed tasks with what was done on them, as they are; the paper's baseline.

No backward construction and no model call: replay and the sweeps judge these examples like all
others, the committee is not asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..engine.stage import Outcome, Stage
from ..types import STOP, Example, Kind, Record, Task, Trajectory
from .windows import without_duplicates

if TYPE_CHECKING:
    from ..engine.store import Store


class Distill(Stage):
    """Trajectory and its task -> one example of the kind `task`, if it ended well by its own account."""

    name = "distill"
    settle: bool = False
    """As in exploration: a first command that worked was an end by itself."""

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        """Trajectories of the explore stage."""
        found = sorted({output for attempt in store.attempts("explore") for output in attempt.outputs})
        return [(identity, _task(store, identity)) for identity in found]

    def __call__(self, *records: Record) -> Outcome:
        raw, task = records
        assert isinstance(raw, Trajectory) and isinstance(task, Task)
        if not ended_well(raw, self.settle):
            return Outcome()
        trajectory = without_duplicates(raw)
        example = as_it_is(trajectory, task, "task")
        return Outcome(records=(trajectory, example) if trajectory is not raw else (example,))


def as_it_is(trajectory: Trajectory, task: Task, kind: Kind) -> Example:
    """The whole of a trajectory, with the instruction that it was given."""
    return Example(
        instruction=task.instruction,
        trajectory=trajectory.id,
        begin=0,
        end=len(trajectory.steps),
        kind=kind,
    )


def ended_well(trajectory: Trajectory, settle: bool) -> bool:
    """The agent said that it is done, and not right after a failure; no grader is asked."""
    done = [step for step in trajectory.steps if step.action.tool != STOP]
    if not done or done[-1].observation.failed:
        return False
    return trajectory.stop == "done" or (settle and len(done) == len(trajectory.steps) == 1)


def _task(store: Store, identity: str) -> str:
    record = store.get(identity)
    assert isinstance(record, Trajectory)
    return record.task
