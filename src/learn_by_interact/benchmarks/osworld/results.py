"""Result files in the layout of OSWorld's `run.py` and `lib_run_single.py`, which its `show_result.py` reads.

FOLDER/pyautogui/a11y_tree/MODEL/DOMAIN/TASK/{traj.jsonl, result.txt, step_N_TIME.png}
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from ...environments.desktop.environment import DesktopEnvironment
from ...types import STOP, Trajectory
from .tasks import Declared

SPACE = ("pyautogui", "a11y_tree")
"""Action space and kind of observation, as the benchmark calls those that come nearest."""


def write(
    folder: Path,
    called: str,
    task: Declared,
    trajectory: Trajectory,
    environment: DesktopEnvironment,
    score: float,
) -> None:
    """The files of one graded episode; those of an earlier one of the same task and model are replaced."""
    model = re.sub(r"[^\w.-]+", "_", called) or "model"
    place = folder.joinpath(*SPACE, model, task.domain, task.id)
    place.mkdir(parents=True, exist_ok=True)
    for old in place.glob("step_*.png"):
        old.unlink()
    lines = []
    for number, step in enumerate(trajectory.steps, 1):
        last = number == len(trajectory.steps)
        stopped = step.action.tool == STOP
        action = str(step.action.arguments.get("answer", "")) if stopped else ""
        picture = f"step_{number}_{number:06d}.png" if step.observation.blobs else ""
        if picture and environment.pictures:
            content = (environment.pictures / step.observation.blobs[0]).read_bytes()
            (place / picture).write_bytes(content)
        lines.append(
            {
                "step_num": number,
                "action_timestamp": f"{number:06d}",
                "action": (action if action == "FAIL" else "DONE")
                if stopped
                else environment.actions.format(step.action),
                "response": environment.actions.reply(step.thought, step.action),
                "reward": score if last else 0,
                "done": stopped,
                "info": {},
                "screenshot_file": picture,
            }
        )
    (place / "traj.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in lines), encoding="utf-8")
    (place / "result.txt").write_text(f"{score}\n", encoding="utf-8")


def summary(folder: Path, names: Sequence[str]) -> list[Path]:
    """`all_result.json` of each model that wrote: domain -> task -> score, of the tasks in `names`."""
    made = []
    root = folder.joinpath(*SPACE)
    for model in sorted(root.iterdir()) if root.is_dir() else ():
        scores: dict[str, dict[str, float]] = {}
        for file in sorted(model.glob("*/*/result.txt")):
            if file.parent.name in names:
                score = float(file.read_text(encoding="utf-8"))
                scores.setdefault(file.parent.parent.name, {})[file.parent.name] = score
        place = model / "all_result.json"
        place.write_text(json.dumps(scores, indent=2), encoding="utf-8")
        made.append(place)
    return made
