"""Preference pairs: what worked, and what failed or was judged bad in the same state of the same task."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ..engine.store import Store
from ..stages.judge import of_committee
from ..stages.keep import Standing
from ..types import Action, Example, Trajectory, Verdict

MOST = 3
"""Actions that are kept of one state of one task: the first ones that the store has."""

Failures = Mapping[tuple[str, str], Sequence[Action]]
"""(Task, fingerprint of the state before it) -> actions that were wrong there."""


def failures(store: Store) -> Failures:
    """What failed or was judged bad in the rollouts of a run, the tries that led to a mended one included."""
    found: dict[tuple[str, str], list[Action]] = defaultdict(list)
    bad = judged_bad(store)
    for trajectory in store.records(Trajectory):
        steps = bad.get(trajectory.id, frozenset())
        for at, step in enumerate(trajectory.steps):
            if not step.observation.failed and at not in steps:
                continue
            known = found[trajectory.task, trajectory.observation(at).state]
            if step.action not in known and len(known) < MOST:
                known.append(step.action)
    return dict(found)


def judged_bad(store: Store) -> dict[str, frozenset[int]]:
    """By trajectory: places of steps that stand only in windows which most of the committee is against."""
    votes: dict[str, list[bool]] = defaultdict(list)
    stands = Standing(store)
    for verdict in store.records(Verdict):
        if of_committee(verdict) and verdict in stands:
            votes[verdict.subject].append(verdict.keep)
    good: dict[str, set[int]] = defaultdict(set)
    bad: dict[str, set[int]] = defaultdict(set)
    for subject, given in votes.items():
        example = store.get(subject)
        assert isinstance(example, Example)
        side = good if 2 * sum(given) >= len(given) else bad
        side[example.trajectory].update(range(example.begin, example.end))
    return {identity: frozenset(steps - good[identity]) for identity, steps in bad.items()}
