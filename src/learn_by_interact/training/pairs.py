"""Preference pairs: an action that worked, and one that failed in the same state of the same task."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ..engine.store import Store
from ..types import Action, Trajectory

MOST = 3
"""Failures that are kept of one state of one task: the first ones that the store has."""

Failures = Mapping[tuple[str, str], Sequence[Action]]
"""(Task, fingerprint of the state before it) -> actions that the environment refused there."""


def failures(store: Store) -> Failures:
    """What failed in the rollouts of a run, the tries that led to a mended one included."""
    found: dict[tuple[str, str], list[Action]] = defaultdict(list)
    for trajectory in store.records(Trajectory):
        for at, step in enumerate(trajectory.steps):
            known = (
                found[trajectory.task, trajectory.observation(at).state] if step.observation.failed else None
            )
            if known is not None and step.action not in known and len(known) < MOST:
                known.append(step.action)
    return dict(found)
