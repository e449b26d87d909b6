"""Replay: act a trajectory again in a fresh environment, and see how far it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..agents.rollout import replay
from ..engine.stage import Outcome
from ..types import Example, Record, Task, Trajectory, Verdict
from .base import World

if TYPE_CHECKING:
    from ..engine.store import Store

JUDGE = "replay"


class Replay(World):
    """Trajectory and its task -> a verdict whose measure is the number of steps that held.

    One replay verifies every window: an example with `end` <= the measure is replay-verified.
    """

    name = "replay"

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        """Trajectories that an example refers to."""
        wanted = sorted({example.trajectory for example in store.records(Example)})
        return [(identity, _trajectory(store, identity).task) for identity in wanted]

    def __call__(self, *records: Record) -> Outcome:
        trajectory, task = records
        assert isinstance(trajectory, Trajectory) and isinstance(task, Task)
        with self.world().environment() as environment:
            held = replay(environment, task, trajectory)
        steps = len(trajectory.steps)
        reason = f"held for {max(held, 0)} of {steps} steps"
        if held < 0:
            reason = "the start state was another"
        verdict = Verdict(
            subject=trajectory.id, judge=JUDGE, keep=held == steps, reason=reason, measure=float(held)
        )
        return Outcome(records=(verdict,))


def _trajectory(store: Store, identity: str) -> Trajectory:
    record = store.get(identity)
    assert isinstance(record, Trajectory)
    return record
