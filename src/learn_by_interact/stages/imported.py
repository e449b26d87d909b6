"""Import: the actions of an agent that already ran, acted again in the environment, become a trajectory.

A log says what was seen, but not in which state: only the environment can. So its actions are done again,
which gives the fingerprints that replay and retrieval compare, and shows what still works.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from ..agents.rollout import Decision, take
from ..benchmarks import Benchmark
from ..engine.store import Store
from ..errors import LbiError, sentence
from ..types import STOP, Attempt, Observation, Step, Task, Trajectory, Value, digest
from .readers.logs import Log

STAGE = "import"
MODEL = "imported"


class Imported(Value):
    """What became of the sessions of logs."""

    sessions: int = 0
    before: int = 0
    """Of these, imported in an earlier call."""
    trajectories: int = 0
    steps: int = 0
    failed_steps: int = 0
    failed: int = 0


def import_logs(
    store: Store, world: Benchmark, found: Iterable[Log], steps: int, report: Callable[[str], None]
) -> Imported:
    """Act each session again, at most `steps` actions of it, and store task and trajectory.

    One that was imported before is passed over; one in which the environment breaks is a failed attempt.
    """
    known = {attempt.input for attempt in store.attempts(STAGE) if not attempt.error}
    totals = Imported()
    for log in found:
        name = digest(log.model_dump(mode="json", exclude={"source"}))
        totals = totals.model_copy(update={"sessions": totals.sessions + 1})
        if name in known:
            totals = totals.model_copy(update={"before": totals.before + 1})
            continue
        known.add(name)
        begin = time.monotonic()
        task = Task(environment=world.name, instruction=log.asked or log.source, parent=f"log {log.source}")
        try:
            trajectory = _acted(world, task, log, steps)
        except LbiError as error:
            report(f"{log.source} was not imported: {error}")
            totals = totals.model_copy(update={"failed": totals.failed + 1})
            store.commit(Attempt(stage=STAGE, input=name, error=sentence(error)), [])
            continue
        outputs = (trajectory.id,)
        seconds = time.monotonic() - begin
        store.commit(Attempt(stage=STAGE, input=name, outputs=outputs, seconds=seconds), [task, trajectory])
        broken = sum(step.observation.failed for step in trajectory.steps)
        totals = totals.model_copy(
            update={
                "trajectories": totals.trajectories + 1,
                "steps": totals.steps + len(trajectory.steps),
                "failed_steps": totals.failed_steps + broken,
            }
        )
    return totals


def _acted(world: Benchmark, task: Task, log: Log, limit: int) -> Trajectory:
    done: list[Step] = []
    with world.environment() as environment:
        start: Observation = environment.reset(task)
        for thought, action in log.actions[:limit]:
            done.append(take(Decision(thought=thought, action=action), environment, start, done))
            if action.tool == STOP:
                break
    stopped = bool(done) and done[-1].action.tool == STOP
    return Trajectory(
        task=task.id, start=start, steps=tuple(done), stop="done" if stopped else "step limit", model=MODEL
    )
