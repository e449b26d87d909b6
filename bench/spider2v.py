"""Spider2-V's tasks of the domain excel that scripts solve: the score of the script, and of doing nothing.

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
NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"]
NEW = ('click [menuitem "Sheet > Insert Sheet at End..."]', 'click [button "OK"]')
MONTHS = tuple(f'type "{month}" into [cell "A{at}"]' for at, month in enumerate(NAMES, 2))
SUMS = tuple(
    f'type "=SUM(Sheet1.{letter}2:{letter}11)" into [cell "B{at}"]' for at, letter in enumerate("BCDEFG", 2)
)
SUMMARY = r"=$A$1&\": \"&$A2&\", \"&$B$1&\": \"&$B2&\", \"&$C$1&\": \"&$C2"
SCRIPTS: dict[tuple[str, str], tuple[str, ...]] = {
    ("1e8df695", "2cb129af"): (
        'type "Profit" into [cell "D1"]',
        'click [cell "D2:D11"]',
        'type "=B2-C2"',
        FILL,
    ),
    ("4172ea6e", "ba429e57"): (
        'type "Maturity Date" into [cell "C1"]',
        'click [cell "C2:C10"]',
        'type "=A2+B2"',
        FILL,
        'click [cell "C2:C10"]',
        'click [menuitem "Format > Number Format > Date"]',
    ),
    ("852527e8", "140d48aa"): (
        'type "Week Sales COGS Summary" into [cell "D1"]',
        'click [cell "D2:D11"]',
        f'type "{SUMMARY}"',
        FILL,
    ),
    ("0acbd372", "5e34cd6b"): (
        'type "Net Income" into [cell "C1"]',
        'click [cell "C2:C20"]',
        'type "=A2-B2"',
        FILL,
        'click [cell "A2:C20"]',
        'click [menuitem "Format > Number Format > Currency"]',
    ),
    ("42e0a640", "7351096b"): (
        *NEW,
        'type "Total Revenue" into [cell "A1"]',
        'type "Total Expenses" into [cell "B1"]',
        'type "=SUM(Sheet1.A2:A20)" into [cell "A2"]',
        'type "=SUM(Sheet1.B2:B20)" into [cell "B2"]',
    ),
    ("65551792", "d6238948"): (
        *NEW,
        'type "Year" into [cell "A1"]',
        'type "Gross Profit" into [cell "B1"]',
        'click [cell "A2:A10"]',
        'type "=Sheet1.A2"',
        FILL,
        'click [cell "B2:B10"]',
        'type "=SUM(Sheet1.B2:D2)-SUM(Sheet1.F2:H2)"',
        FILL,
    ),
    ("26a8440e", "fd858337"): (
        *NEW,
        'type "Month" into [cell "A1"]',
        'type "Total" into [cell "B1"]',
        *MONTHS,
        *SUMS,
    ),
    ("1273e544", "e7f961bb"): (*NEW, 'click [cell "A1:A20"]', 'type "=Sheet1.A1"', FILL),
}
"""First digits of a task's id, and of the same task in other words -> actions."""


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
    scripts = {name: script for names, script in SCRIPTS.items() for name in names if name in tasks}
    figures: dict[str, Any] = {"tasks": len(tasks), "left_out": benchmark.left_out}
    begin, proven = time.perf_counter(), 0
    for name in options.only or scripts:
        done, refused = score(benchmark, tasks[name], scripts.get(name, ()))
        nothing, _ = score(benchmark, tasks[name], ())
        proven += done == 1.0 and nothing == 0.0
        figures[name] = f"script {done:g}, nothing {nothing:g} {' '.join(refused)}".strip()
    figures |= {"proven": proven, "seconds": round(time.perf_counter() - begin, 1)}
    report("spider2v", figures, {}, options.out)


if __name__ == "__main__":
    main()
