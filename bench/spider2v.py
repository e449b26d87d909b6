"""Spider2-V's tasks that scripts solve: the score of the script, and of doing nothing.

    SPIDER2V=/path/to/Spider2-V python bench/spider2v.py [--only ID or benchmark...] [--out FILE.json]

The scripts (`spider2v_scripts.py`) are actions as an agent would write them.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from result import report
from spider2v_scripts import SCRIPTS

from learn_by_interact.benchmarks import Benchmark
from learn_by_interact.environments.desktop.environment import DesktopEnvironment
from learn_by_interact.errors import EnvironmentFault, GraderFault
from learn_by_interact.registry import benchmark as named
from learn_by_interact.types import Action, Step, Task, Trajectory


def score(benchmark: Benchmark, task: Task, script: tuple[str, ...]) -> tuple[float, list[str]]:
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


def proved(benchmark: Benchmark, only: list[str]) -> dict[str, Any]:
    """Id -> what its script and doing nothing score, for the tasks of a benchmark that have a script."""
    tasks = {task.parent[:8]: task for task in benchmark.tasks()}
    figures: dict[str, Any] = {}
    for name, script in ((name, one) for names, one in SCRIPTS[benchmark.name].items() for name in names):
        if name not in tasks or not (not only or name in only or benchmark.name in only):
            continue
        try:
            done, refused = score(benchmark, tasks[name], script)
            nothing, _ = score(benchmark, tasks[name], ())
        except (EnvironmentFault, GraderFault) as error:
            figures[name] = str(error)
        else:
            figures[name] = f"script {done:g}, nothing {nothing:g} {' '.join(refused)}".strip()
        print(benchmark.name, name, figures[name], flush=True)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    begin = time.perf_counter()
    for name in SCRIPTS:
        benchmark = named(name)
        figures[f"{name}: tasks"] = len(benchmark.tasks())
        found = proved(benchmark, options.only)
        proven = sum(one == "script 1, nothing 0" for one in found.values())
        figures |= {f"{name}: proven": f"{proven} of {len(found)}", **found}
    figures["seconds"] = round(time.perf_counter() - begin, 1)
    report("spider2v", figures, {}, options.out)


if __name__ == "__main__":
    main()
