"""Tested: after a trajectory that changed a project's code, do its own tests still pass?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from ..agents.rollout import replay
from ..engine.stage import Outcome
from ..environments.repository.environment import RepositoryEnvironment
from ..environments.repository.results import passed
from ..registry import benchmark
from ..types import Example, Record, Task, Trajectory, Verdict
from .base import World
from .keep import TESTS

if TYPE_CHECKING:
    from ..engine.store import Store


class Tested(World):
    """Trajectory and its task -> a verdict whose measure is the number of steps before the first change.

    The verdict is a yes when, after the trajectory was acted again, every test passes that passed before, and
    no new one fails. An example that ends before the first change is not judged by it.
    """

    name = "tested"

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        """Trajectories that changed something and that an example refers to, in projects with tests."""
        if not has_tests(self.world().environment()):
            return []
        found = []
        for identity in sorted({example.trajectory for example in store.records(Example)}):
            trajectory = store.get(identity)
            assert isinstance(trajectory, Trajectory)
            if first_change(trajectory) is not None:
                found.append((identity, trajectory.task))
        return found

    def __call__(self, *records: Record) -> Outcome:
        trajectory, task = records
        assert isinstance(trajectory, Trajectory) and isinstance(task, Task)
        begun = str(task.setup.get("patch", ""))
        with self.world().environment() as environment:
            assert isinstance(environment, RepositoryEnvironment)
            replay(environment, task, trajectory)
            patch = environment.patch(tests=True)
            after = environment.test(begun, patch)
        good, known = _before(self.environment, self.unsafe, begun)
        lost, new = good - passed(after), set(after) - passed(after) - known
        broken = sorted(lost | new)
        reason = f"all {len(good)} tests that passed before pass"
        if broken:
            reason = f"{len(broken)} tests fail, such as {broken[0]}"
        elif not good:
            reason = "no test of the project passes before it"
        verdict = Verdict(
            subject=trajectory.id,
            judge=TESTS,
            keep=bool(good) and not broken,
            reason=reason,
            measure=float(first_change(trajectory) or 0),
        )
        return Outcome(records=(verdict,))


@lru_cache(maxsize=256)
def _before(named: str, unsafe: bool, begun: str) -> tuple[frozenset[str], frozenset[str]]:
    """Tests that pass where trajectories begin, and all that there are."""
    environment = benchmark(named, unsafe=unsafe).environment()
    assert isinstance(environment, RepositoryEnvironment)
    found = environment.test(begun)
    return frozenset(passed(found)), frozenset(found)


def has_tests(environment: object) -> bool:
    """Whether an environment is a project with tests of its own."""
    return isinstance(environment, RepositoryEnvironment) and environment.folder.repository is not None


def first_change(trajectory: Trajectory) -> int | None:
    """How many steps come before the first that changed the state; None: none did."""
    states = [trajectory.observation(at).state for at in range(len(trajectory.steps) + 1)]
    return next((at - 1 for at in range(1, len(states)) if states[at] != states[at - 1]), None)
