"""A project's benchmark: repairs that prove themselves (see `repairs.py`), and tasks of a `tasks.toml`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..environments import Environment
from ..environments.actions import SHELL
from ..environments.repository.environment import RepositoryEnvironment
from ..errors import EnvironmentFault, GraderFault
from ..types import STOP, Action, Step, Task, Trajectory
from .folder import FolderBenchmark
from .guide import Guide
from .repairs import Repair, Repairs

END = "END_OF_PATCH"
PRACTICE = "practice"
"""What the parent of a practised task begins with."""


class RepositoryBenchmark(FolderBenchmark):
    """Raises ConfigError when a file is wrong."""

    def __init__(self, path: str | Path, unsafe: bool = False) -> None:
        super().__init__(path, unsafe)
        self.repairs = Repairs.load(self.folder)

    def tasks(self) -> list[Task]:
        """The repairs, then the tasks of the file; what is checked otherwise is another task."""
        made = [self.repairs.task(self.name, one) for one in self.repairs.repairs] if self.repairs else []
        return [*made, *super().tasks()]

    def grade(self, task: Task, environment: Environment, trajectory: Trajectory) -> float:
        """A repair is solved when all tests pass that pass in the project as it is; tests are no part of it.

        Raises GraderFault when they cannot be run.
        """
        repair = self._repair(task)
        if repair is None or self.repairs is None:
            return super().grade(task, environment, trajectory)
        if not isinstance(environment, RepositoryEnvironment):
            raise GraderFault(f"{self.name}: {repair.name}: this is not the environment of its folder")
        try:
            patch = environment.patch(is_test=self.repairs.is_test)
            with RepositoryEnvironment(self.folder, self.unsafe) as fresh:
                return float(self.repairs.solved(fresh.test(repair.patch, patch)))
        except EnvironmentFault as error:
            raise GraderFault(f"{self.name}: {repair.name} could not be graded: {error}") from None

    def gold(self, task: Task) -> list[Action]:
        """A command that takes the mistake back, or the file's solution."""
        if repair := self._repair(task):
            back = f"git apply -R - <<'{END}'\n{repair.patch.rstrip(chr(10))}\n{END}"
            return [
                Action(tool=SHELL, arguments={"command": back}),
                Action(tool=STOP, arguments={"answer": ""}),
            ]
        return super().gold(task)

    def rehearsals(self) -> list[Task]:
        """The repairs to practise on."""
        if self.repairs is None:
            return []
        return [self.repairs.task(self.name, one, f"{PRACTICE} {one.name}") for one in self.repairs.practice]

    def onward(self, task: Task, steps: Sequence[Step]) -> Action:
        """How one of them is found and mended, an action after the other."""
        assert self.repairs and self.folder.repository
        known = next(one for one in self.repairs.practice if f"{PRACTICE} {one.name}" == task.parent)
        return Guide(known, self.folder.repository.test)(task, steps)

    def _repair(self, task: Task) -> Repair | None:
        known = self.repairs.repairs if self.repairs else ()
        return next((one for one in known if one.name == task.parent), None)
