"""Benchmarks: which tasks, and how they are graded. Apart from the environment they run in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

from ..environments import Environment
from ..types import Action, Document, Step, Task, Trajectory

NO_TASKS = (
    "{} has no held-out tasks, so nothing is measured: write a tasks.toml beside its environment.toml, or "
    "make some of a project with lbi repairs."
)


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


@runtime_checkable
class Grouped(Benchmark, Protocol):
    """A benchmark over several projects, of which examples can be told apart."""

    def group(self, task: Task) -> str:
        """The project that a task is of, a held-out or a proposed one; "" for none."""
        ...


@runtime_checkable
class Practising(Benchmark, Protocol):
    """A benchmark without documentation that has tasks beside the held-out ones: these are acted on, in the
    place of tasks that a model proposes."""

    def kinds(self) -> list[Document]:
        """A section for each kind of its tasks."""
        ...

    def practice(self, kind: Document) -> list[Task]:
        """Tasks of a kind, whose parent it is; none is held out."""
        ...


@runtime_checkable
class Rehearsing(Benchmark, Protocol):
    """A benchmark that knows tasks beside the held-out ones, and how they are done."""

    def rehearsals(self) -> list[Task]:
        """The tasks, of which none is held out and none is explored."""
        ...

    def onward(self, task: Task, steps: Sequence[Step]) -> Action:
        """What is done next in one of them, by what is known of it, until a stop.

        Raises ParseError where nothing that was seen leads on.
        """
        ...


@runtime_checkable
class Predicting(Benchmark, Protocol):
    """A benchmark with a harness of its own, which takes predictions and writes a report."""

    def writing_to(self, folder: Path, called: str) -> Self:
        """This benchmark, which also writes what it grades; `called`: the model's name in it."""
        ...

    def official(self, folder: Path, names: Sequence[str]) -> list[Path]:
        """Make the predictions and the report of these tasks -> the files. Raises GraderFault."""
        ...
