"""What the engine costs: many rollouts that wait on a model at the same time, against the ideal.

    python bench/engine.py [--rollouts 512] [--steps 10] [--runs 3] [--out FILE.json]

The stage, the agent, the rollout loop, the stored replies, the engine and the store are the real
ones; the model answers from a script after one second, and the environment is a counter in this
process. Ideal is steps x latency. Of several runs the best time counts (other work on the machine
only adds to it) and the largest memory.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from result import report

from learn_by_interact.agents.rollout import Limits
from learn_by_interact.engine.pools import Pool
from learn_by_interact.engine.run import run
from learn_by_interact.engine.store import Store
from learn_by_interact.environments import ActionSpace, Environment
from learn_by_interact.models import Request
from learn_by_interact.models.endpoint import ModelSettings
from learn_by_interact.models.scripted import Scripted
from learn_by_interact.stages.explore import Explore
from learn_by_interact.types import Action, Document, Observation, Step, Task, Trajectory, digest

LATENCY = 1.0
OUTPUT = "\n".join(f"row {number}: a line of output as commands print it" for number in range(20))


def slow(settings: ModelSettings) -> Scripted:
    """The model of this benchmark; `engine:slow` names it."""

    def answer(request: Request) -> str:
        return f"next-{sum(message.role == 'assistant' for message in request.messages)}"

    return Scripted(answer, latency=LATENCY, name=settings.name)


class Words:
    """The simplest action space: a reply is the action's name."""

    description = "Reply with one word."
    ends: tuple[str, ...] = ()
    commands = True
    code = False
    stops = True

    def form(
        self, seen: Sequence[str], tried: Sequence[Action], known: Sequence[str] = (), most: int = 1
    ) -> dict[str, Any] | None:
        """None: any word."""
        return None

    def gbnf(self, task: Task, never: Sequence[str], steps: Sequence[Step]) -> str:
        return ""

    def parse(self, reply: str) -> tuple[str, Action]:
        return "", Action(tool=reply)

    def format(self, action: Action) -> str:
        return action.tool

    def reply(self, thought: str, action: Action) -> str:
        return action.tool


class Counting:
    """An environment that shows how often it was acted in; `engine:Counting` names its benchmark."""

    name = "counting"
    description = "A counter."
    tools: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.actions: ActionSpace = Words()
        self._count = 0

    def environment(self) -> Environment:
        return Counting()

    def __enter__(self) -> Counting:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def reset(self, task: Task) -> Observation:
        return self._observe()

    def step(self, action: Action) -> Observation:
        self._count += 1
        return self._observe()

    def _observe(self) -> Observation:
        text = f"{OUTPUT}\ncount {self._count}"
        return Observation(text=text, key=digest(text), state=str(self._count))


def measure(rollouts: int, steps: int) -> dict[str, float]:
    """Seconds of one run in a fresh folder."""
    document = Document(source="s", title="t", text=OUTPUT, begin=1, end=20)
    tasks = [
        Task(environment="counting", instruction=f"Count for the {number}th time.", parent=document.id)
        for number in range(rollouts)
    ]
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "run") as store:
        store.add([document, *tasks])
        stage = Explore(
            environment="engine:Counting",
            model=ModelSettings(name="engine:slow"),
            replies=str(store.folder / "replies"),
            limits=Limits(steps=steps),
        )
        pool = Pool("threads", rollouts)
        begin, used = time.perf_counter(), time.process_time()
        progress = run(stage, store, pool)
        seconds, cpu = time.perf_counter() - begin, time.process_time() - used
        pool.close()
        assert (progress.done, progress.failed) == (rollouts, 0), progress
        assert all(len(episode.steps) == steps for episode in store.records(Trajectory))
    return {"seconds": seconds, "cpu_seconds": cpu}


def main() -> None:
    """Print the figures, and write them to a file if asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rollouts", type=int, default=512)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    runs = [measure(options.rollouts, options.steps) for _ in range(options.runs)]
    best = min(runs, key=lambda one: one["seconds"])
    ideal = options.steps * LATENCY
    figures = {
        "rollouts": options.rollouts,
        "steps": options.steps,
        "latency_s": LATENCY,
        "ideal_s": ideal,
        "seconds": round(best["seconds"], 2),
        "seconds_of_all_runs": [round(one["seconds"], 2) for one in runs],
        "times_the_ideal": round(best["seconds"] / ideal, 3),
        "cpu_s": round(best["cpu_seconds"], 2),
        "cpu_ms_per_step": round(1000 * best["cpu_seconds"] / options.rollouts / options.steps, 3),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }
    targets = {"times_the_ideal": 1.1, "peak_rss_mb": 300}
    report("engine", figures, targets, options.out)


if __name__ == "__main__":
    main()
