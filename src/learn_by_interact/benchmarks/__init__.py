"""Benchmarks: which tasks, and how they are graded. Apart from the environment they run in."""

from __future__ import annotations

from typing import Protocol

from ..environments import Environment
from ..types import Action, Task, Trajectory


class Benchmark(Protocol):
    """A set of tasks with a grader that proves itself."""

    name: str
    tools: tuple[str, ...]
    """Names of the commands that the environment is about; () where it has none."""

    def tasks(self) -> list[Task]: ...

    def environment(self) -> Environment:
        """A fresh environment, to be used once."""
        ...

    def grade(self, task: Task, environment: Environment, trajectory: Trajectory) -> float:
        """Score in 0..1 of an episode whose environment is still open. Raises GraderFault."""
        ...

    def gold(self, task: Task) -> list[Action]:
        """Actions that solve the task, for proving the grader; they never reach a model."""
        ...
