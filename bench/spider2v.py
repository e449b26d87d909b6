"""Spider2-V's tasks of the domain excel that scripts solve here: the evaluator's score of the script, and of doing nothing.

    SPIDER2V=/path/to/Spider2-V python bench/spider2v.py [--only ID...] [--out FILE.json]

The scripts are actions as an agent would write them.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from result import report

from learn_by_interact.benchmarks.spider2v import Spider2V
from learn_by_interact.environments.desktop.environment import DesktopEnvironment
from learn_by_interact.types import Action, Step, Task, Trajectory

FILL = "press Alt+Enter"
SHEET = ('click [menuitem "Sheet > Insert Sheet at End..."]', 'click [button "OK"]')
SCRIPTS: dict[str, tuple[str, ...]] = {
    "1e8df695": ('type "Profit" into [cell "D1"]', 'click [cell "D2:D11"]', 'type "=B2-C2"', FILL),
}
"""First digits of a task's id -> actions."""


def score(benchmark: Spider2V, task: Task, script: tuple[str, ...]) -> tuple[float, list[str]]:
    """The evaluator's score after a script, and what could not be done."""
    refused = []
    with benchmark.environment() as episode:
        assert isinstance(episode, DesktopEnvironment)
        start = episode.reset(task)
        steps = []
        for written in script:
            action: Action = episode.actions.parse(f"ACTION: {written}")[1]
            seen = episode.step(action)
            steps.append(Step(thought="", action=action, observation=seen))
            refused += [seen.text.splitlines()[-1]] if seen.failed else []
        whole = Trajectory(task=task.id, start=start, steps=tuple(steps), stop="done")
        return benchmark.grade(task, episode, whole), refused


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    benchmark = Spider2V()
    tasks = {task.parent[:8]: task for task in benchmark.tasks()}
    figures: dict[str, Any] = {"tasks": len(tasks), "left_out": benchmark.left_out}
    solved, seconds = 0, 0.0
    for name in options.only or SCRIPTS:
        begin = time.perf_counter()
        script, refused = score(benchmark, tasks[name], SCRIPTS.get(name, ()))
        seconds += time.perf_counter() - begin
        nothing, _ = score(benchmark, tasks[name], ())
        solved += script == 1.0 and nothing == 0.0
        figures[name] = f"script {script:g}, nothing {nothing:g} {' '.join(refused)}".strip()
    figures |= {
        "proven": solved,
        "seconds_an_episode": round(seconds / max(1, len(options.only or SCRIPTS)), 1),
    }
    report("spider2v", figures, {}, options.out)


if __name__ == "__main__":
    main()
