"""What a reset, a step and an observation of the desktop cost, and reading the windows of Calc.

    python bench/desktop.py [--rounds 5] [--model MODEL] [--pyatspi] [--out FILE.json]

The environment is environments/calc. Its sheet is filled so that all that is in view has a value. With
--pyatspi (python3-pyatspi is needed) the same windows are also read in the manner of OSWorld's server: node
by node with its states, text, value, actions and place, one call after the other. It is a short program
written for this, not that server; what it finds and the environment does not is listed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from result import report, tokens

from learn_by_interact.environments.desktop.environment import DesktopEnvironment
from learn_by_interact.environments.desktop.machine import LocalMachine
from learn_by_interact.environments.folder import EnvironmentFolder
from learn_by_interact.environments.install import opened
from learn_by_interact.types import Task

TARGETS = {"walk_s": 1.5, "screen_s": 1.0, "reset_s": 6.0, "end_s": 3.0}
STEPS = (
    'type "7" into [cell "H2"]',
    'click [cell "B5"]',
    "press Control+b",
    'click [menu "Format"]',
    "press Control+s",
)
FILL = 'click [cell "A1:Z60"]', 'type "=ROW()*COLUMN()"', "press Alt+Enter"
WALK = """
import json, time, pyatspi
begin = time.perf_counter()
names = []
def walk(node):
    states = node.getState()
    if states.contains(pyatspi.STATE_SHOWING):
        node.getAttributes(); node.getRoleName(); states.getStates()
        for query in (node.queryComponent, node.queryText, node.queryValue, node.queryAction):
            try:
                found = query()
            except NotImplementedError:
                continue
            if query == node.queryComponent:
                found.getExtents(pyatspi.XY_SCREEN)
            elif query == node.queryText:
                found.getText(0, found.characterCount)
        if node.name:
            names.append(node.name)
    table = states.contains(pyatspi.STATE_MANAGES_DESCENDANTS)
    for at in range(min(node.childCount, 0 if table else 400)):
        child = node.getChildAtIndex(at)
        if child is not None:
            walk(child)
    if table:
        grid = node.queryTable()
        for row in range(40):
            for column in range(26):
                cell = grid.getAccessibleAt(row, column)
                if cell is None or not cell.getState().contains(pyatspi.STATE_SHOWING):
                    break
                walk(cell)
walk(pyatspi.Registry.getDesktop(0))
print(json.dumps({"seconds": time.perf_counter() - begin, "names": names}), file=open("/tmp/walked", "w"))
"""


def calc() -> EnvironmentFolder:
    return EnvironmentFolder.load(Path(__file__).parent.parent / "environments" / "calc")


def begin(episode: DesktopEnvironment) -> float:
    """Seconds of a reset."""
    start = time.perf_counter()
    episode.reset(Task(environment="calc", instruction=""))
    return time.perf_counter() - start


def bare() -> float:
    """Seconds until a screen with its session is there, without an application."""
    folder = calc()
    with opened(folder, None) as sandbox:
        start = time.perf_counter()
        machine = LocalMachine(sandbox, 1280, 720, folder.limits)
        machine.look(0)
        seconds = time.perf_counter() - start
        machine.close()
    return seconds


def episodes(rounds: int, model: str) -> dict[str, Any]:
    """Seconds and sizes over `rounds` episodes; tokens where a model is named."""
    resets, ends, steps, texts = [], [], [], []
    for _ in range(rounds):
        episode = DesktopEnvironment(calc())
        with episode:
            resets.append(begin(episode))
            for written in STEPS:
                action = episode.actions.parse(f"ACTION: {written}")[1]
                start = time.perf_counter()
                seen = episode.step(action)
                steps.append(time.perf_counter() - start)
                texts.append(seen.text)
            start = time.perf_counter()
        ends.append(time.perf_counter() - start)
    return {
        "screen_s": statistics.median(bare() for _ in range(rounds)),
        "reset_s": statistics.median(resets),
        "end_s": statistics.median(ends),
        "step_s": statistics.median(steps),
        "step_p90_s": sorted(steps)[int(0.9 * len(steps))],
        "observation_chars": statistics.mean(map(len, texts)),
        **(tokens(model, texts) if model else {}),
    }


def side_by_side(number: int) -> float:
    """Seconds in which so many episodes begin at once."""

    def one(_: int) -> None:
        with DesktopEnvironment(calc()) as episode:
            begin(episode)

    start = time.perf_counter()
    with ThreadPoolExecutor(number) as pool:
        list(pool.map(one, range(number)))
    return time.perf_counter() - start


def walks(rounds: int, other: bool) -> dict[str, Any]:
    """Reading the windows of Calc with a filled sheet."""
    found: dict[str, Any] = {}
    with DesktopEnvironment(calc()) as episode:
        begin(episode)
        for written in FILL:
            episode.step(episode.actions.parse(f"ACTION: {written}")[1])
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            windows = episode.machine.look(episode.desktop.cells).windows
            times.append(time.perf_counter() - start)
        nodes = list(windows)
        for node in nodes:
            nodes += node["children"]
        found |= {"walk_s": statistics.median(times), "walk_max_s": max(times), "nodes": len(nodes)}
        found["cells_with_a_value"] = sum(
            node["role"] == "table-cell" and bool(node["text"]) for node in nodes
        )
        if other:
            failed = episode.machine.python(WALK, 120)
            if failed:
                raise SystemExit(f"--pyatspi: {failed}")
            told = json.loads((episode.sandbox.temporary / "walked").read_text())
            mine = {node["name"] for node in nodes}
            theirs = {" ".join(name.split()) for name in told["names"]}
            found |= {"pyatspi_s": told["seconds"], "pyatspi_names": len(theirs)}
            found["missing_here"] = sorted(theirs - mine)[:40]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--model", default="", help="whose tokens an observation is counted in")
    parser.add_argument("--pyatspi", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    figures = {
        **walks(options.rounds, options.pyatspi),
        **episodes(options.rounds, options.model),
        "four_resets_s": side_by_side(4),
    }
    report("desktop", figures, TARGETS, options.out)


if __name__ == "__main__":
    main()
