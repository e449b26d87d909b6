"""Prove a benchmark's graders without a model: the gold solution passes, doing nothing fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, runtime_checkable

from ..environments import Environment
from ..errors import ConfigError, EnvironmentFault, GraderFault, ParseError, sentence
from ..texts import fits
from ..types import STOP, Action, Observation, Step, Task, Trajectory, Value
from . import NO_TASKS, Benchmark
from .folder import CHECK, FolderBenchmark


@runtime_checkable
class SelfProving(Benchmark, Protocol):
    """A benchmark whose tasks are proven by more than a score."""

    def prove(self, task: Task) -> TaskProof: ...


class TaskProof(Value):
    """What was found out about one task's check. None: it could not be found out."""

    name: str
    gold_passes: bool | None
    nothing_fails: bool | None
    message: str = ""
    """What is wrong, or ""."""
    seconds: float = 0.0
    """That the proof took."""

    @property
    def proven(self) -> bool:
        """Whether the check tells the gold solution from doing nothing, and all went well."""
        return bool(self.gold_passes and self.nothing_fails and not self.message)


def validate(
    benchmark: Benchmark,
    workers: int = 4,
    progress: Callable[[TaskProof], None] | None = None,
    only: Sequence[str] = (),
) -> list[TaskProof]:
    """Prove each task, in the order of the benchmark; `progress` is told of each proof.

    Raises ConfigError as `named` does, and (SandboxMissing) when the environment cannot be opened at all.
    """
    tasks = named(benchmark, only)
    with ThreadPoolExecutor(max(1, workers)) as pool:
        proofs = []
        for proof in pool.map(lambda task: _timed(benchmark, task), tasks):
            proofs.append(proof)
            if progress:
                progress(proof)
        return proofs


def named(benchmark: Benchmark, only: Sequence[str]) -> list[Task]:
    """The tasks that one of these names fits, with `*` and `?`; no names: all. ConfigError for none."""
    tasks = benchmark.tasks()
    if not tasks:
        raise ConfigError(NO_TASKS.format(benchmark.name))
    found = [task for task in tasks if not only or fits(task.parent, only)]
    if only and not found:
        raise ConfigError(
            f"--only: no task of {benchmark.name} is called {' or '.join(map(repr, only))}; there are "
            f"{len(tasks)}, such as {tasks[0].parent!r}."
        )
    return found


def _timed(benchmark: Benchmark, task: Task) -> TaskProof:
    begin = time.monotonic()
    proof = prove(benchmark, task)
    return proof.model_copy(update={"seconds": round(time.monotonic() - begin, 1)})


def prove(benchmark: Benchmark, task: Task) -> TaskProof:
    """Prove one task in two fresh episodes."""
    if isinstance(benchmark, SelfProving):
        return benchmark.prove(task)
    problems: list[str] = []
    gold = benchmark.gold(task)
    missing = all(action.tool == STOP and not action.arguments.get("answer") for action in gold)
    if missing:
        problems.append("there is no gold solution")
    nothing = scored(benchmark, task, [], problems)
    if nothing:
        problems.append("the check passes when nothing was done")
    passed = scored(benchmark, task, gold, problems)
    if passed is not None and not passed and not missing:
        problems.insert(0, "the check fails on the gold solution")
    return TaskProof(
        name=task.parent or task.instruction,
        gold_passes=passed,
        nothing_fails=None if nothing is None else not nothing,
        message="; ".join(dict.fromkeys(problems)),
    )


def scored(benchmark: Benchmark, task: Task, actions: list[Action], problems: list[str]) -> bool | None:
    """Act in a fresh episode and grade it; None when it could not be graded."""
    try:
        with benchmark.environment() as environment:
            start = environment.reset(task)
            steps = [_step(environment, action, problems) for action in actions]
            trajectory = Trajectory(task=task.id, start=start, steps=tuple(steps), stop="done")
            passed = benchmark.grade(task, environment, trajectory) >= 1.0
            if not passed and len(actions) > 1 and isinstance(benchmark, FolderBenchmark):
                found = benchmark.failures(task, environment, trajectory)
                problems += [one for one in found if one != CHECK]
            if not passed and environment.actions.commands:
                # A command that fails may be what a task wants, such as a search without a match.
                problems += [_broke(environment, step) for step in steps if step.observation.failed]
            return passed
    except (EnvironmentFault, GraderFault) as error:
        problems.append(sentence(error))
        return None


def _step(environment: Environment, action: Action, problems: list[str]) -> Step:
    """Do one gold action, as a model would have to write it."""
    try:
        if environment.actions.parse(environment.actions.reply("", action)) != ("", action):
            problems.append(f"a model cannot write the gold action {environment.actions.format(action)!r}")
    except ParseError as error:
        problems.append(f"the gold action {environment.actions.format(action)!r} is unreadable: {error}")
    seen = environment.step(action)
    # A gold command may fail for what it found; on a screen a failure is an action that could not be done.
    step = Step(thought="", action=action, observation=seen)
    if seen.failed and (not environment.actions.commands or _broken(seen)):
        problems.append(_broke(environment, step))
    return step


def _broke(environment: Environment, step: Step) -> str:
    last = step.observation.text.strip().split("\n")[-2:]
    return f"the gold action {environment.actions.format(step.action)!r} broke: {' '.join(last)}"


def _broken(seen: Observation) -> bool:
    """Whether a failure says that the command itself is wrong, and not what it found."""
    last = seen.text.rstrip().rpartition("\n")[2]
    return last.startswith("[killed:") or last in ("[exit code 126]", "[exit code 127]", "[exit code 2]")
