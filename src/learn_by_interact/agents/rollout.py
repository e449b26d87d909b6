"""The only loop: synthesis and evaluation both act through `rollout()`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from pydantic import Field

from ..environments import Ending, Environment
from ..errors import ContextFull, GraderFault, LbiError, ParseError, sentence
from ..types import STOP, Action, Observation, Step, Stop, Task, Trajectory, Usage, Value


class Decision(Value):
    """What an agent does next, and what deciding took."""

    thought: str
    action: Action
    usage: Usage = Usage()
    malformed: int = 0
    shown: tuple[str, ...] = ()
    why: tuple[str, ...] = ()


class Agent(Protocol):
    """Chooses actions. A ParseError that it raises may carry `usage`: what the lost replies took."""

    name: str

    def act(self, task: Task, start: Observation, steps: Sequence[Step]) -> Decision: ...


class Reciter:
    """An agent that does what it was given, whatever it sees."""

    def __init__(self, name: str, actions: Sequence[Action]) -> None:
        self.name, self._actions = name, actions

    def act(self, task: Task, start: Observation, steps: Sequence[Step]) -> Decision:
        return Decision(thought="", action=self._actions[len(steps)])


class Limits(Value):
    """When an episode ends though the agent has not stopped."""

    steps: int = Field(default=6, ge=1)
    repeats: int = Field(default=3, ge=1)
    """The same action with the same observation, this many times in a row."""
    seconds: float = Field(default=900.0, ge=0)


def rollout(
    agent: Agent,
    environment: Environment,
    task: Task,
    limits: Limits,
    grade: Callable[[Trajectory], float] | None = None,
) -> Trajectory:
    """One episode in an environment that has been entered and not yet used.

    Failures of one episode (parse, context, grader) are in the trajectory, with the steps that came
    before; errors after which it is worth trying again (EnvironmentFault, ModelError and others) are
    raised, with the `usage` of the episode so far.
    """
    begin = time.monotonic()
    start = environment.reset(task)
    steps: list[Step] = []
    stop: Stop | None = None
    error, unread = "", Usage()
    while stop is None:
        try:
            steps.append(take(agent.act(task, start, steps), environment, start, steps))
            over = isinstance(environment, Ending) and environment.over
            stop = "done" if over else _ending(steps, limits, time.monotonic() - begin)
        except ParseError as failure:
            stop, error = "malformed reply", sentence(failure)
            unread = getattr(failure, "usage", Usage())
        except ContextFull as failure:
            stop, error = "context full", sentence(failure)
        except LbiError as failure:
            paid = sum((step.usage for step in steps), getattr(failure, "usage", Usage()))
            failure.usage = paid  # type: ignore[attr-defined]
            raise
    trajectory = Trajectory(
        task=task.id,
        start=start,
        steps=tuple(steps),
        stop=stop,
        error=error,
        model=agent.name,
        unread=unread,
    )
    return trajectory if grade is None else graded(trajectory, grade)


def take(decision: Decision, environment: Environment, start: Observation, steps: Sequence[Step]) -> Step:
    """Do what was decided after `steps`. Raises what the environment raises, with the decision's `usage`."""
    if decision.action.tool == STOP:
        before = steps[-1].observation if steps else start
        observation = before.model_copy(
            update={"text": str(decision.action.arguments.get("answer", "")), "failed": False}
        )
    else:
        try:
            observation = environment.step(decision.action)
        except LbiError as failure:
            failure.usage = decision.usage  # type: ignore[attr-defined]
            raise
    return Step(
        thought=decision.thought,
        action=decision.action,
        observation=observation,
        usage=decision.usage,
        malformed=decision.malformed,
        shown=decision.shown,
        why=decision.why,
    )


def _ending(steps: Sequence[Step], limits: Limits, seconds: float) -> Stop | None:
    if steps[-1].action.tool == STOP:
        return "done"
    last = [(step.action, step.observation.key) for step in steps[-limits.repeats :]]
    if len(last) == limits.repeats > 1 and all(item == last[0] for item in last):
        return "repeated action"
    if len(steps) >= limits.steps:
        return "step limit"
    return "time limit" if seconds > limits.seconds else None


def graded(trajectory: Trajectory, grade: Callable[[Trajectory], float]) -> Trajectory:
    """The trajectory with its score, or with the sentence that says why its grader failed."""
    try:
        return trajectory.model_copy(update={"score": grade(trajectory)})
    except GraderFault as failure:
        return trajectory.model_copy(update={"error": sentence(failure)})


def replay(environment: Environment, task: Task, trajectory: Trajectory) -> int:
    """Act a trajectory again in a fresh environment: how many of its steps give the same keys.

    -1: not even the start is the same. A stop action changes nothing and holds.
    """
    if environment.reset(task).key != trajectory.start.key:
        return -1
    for index, step in enumerate(trajectory.steps):
        if step.action.tool == STOP:
            continue
        try:
            observation = environment.step(step.action)
        except LbiError:
            return index
        if observation.key != step.observation.key:
            return index
    return len(trajectory.steps)
