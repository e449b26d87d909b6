"""OSWorld's tasks that scripts solve on a screen in the sandbox: their scores, and those of doing nothing.

    OSWORLD=/path/to/OSWorld python bench/osworld.py [--only ID...] [--server] [--out FILE.json]

The scripts are actions as an agent would write them. With --server all that is seen and done goes through
OSWorld's own server, as on a machine elsewhere.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

from result import report

from learn_by_interact.benchmarks.osworld import OSWorld
from learn_by_interact.environments.desktop.environment import DesktopEnvironment
from learn_by_interact.errors import EnvironmentFault, GraderFault
from learn_by_interact.types import Action, Step, Task, Trajectory


def shell(*commands: str) -> tuple[str, ...]:
    """Commands in the terminal that OSWorld's machines open with a key."""
    typed = (f"pyautogui.write({command + chr(10)!r})" for command in commands)
    return ("press Control+Alt+t", "wait", *typed, "wait")


def vlc(name: str, value: str) -> tuple[str, ...]:
    """A setting of VLC, in its file."""
    return shell(f"sed -i 's/^#*{name}=.*/{name}={value}/' ~/.config/vlc/vlcrc")


def gimp(*actions: str) -> tuple[str, ...]:
    """Actions in the dialog of GIMP's preferences, which takes its time."""
    begin = ("press Alt+e", "wait", "pyautogui.press('up', presses=5, interval=0.1)", "press Enter")
    return (*begin, "time.sleep(8)", *actions, "time.sleep(3)")


TERMINAL = "org.gnome.Terminal.Legacy.Profile:/org/gnome/terminal/legacy/profiles:/:$p/"
SCRIPTS: dict[str, tuple[str, ...]] = {
    "e0df059f": shell("mv ~/Desktop/todo_list_Jan_1 ~/Desktop/todo_list_Jan_2"),
    "bedcedc4": shell("gsettings set org.gnome.desktop.session idle-delay 0"),
    "ec4e3f68": shell(
        "gsettings set org.gnome.shell favorite-apps \"['thunderbird.desktop', 'google-chrome.desktop']\""
    ),
    "f9be0997": shell("gsettings set org.gnome.desktop.notifications show-banners false"),
    "3ce045a0": shell("gsettings set org.gnome.desktop.interface text-scaling-factor 1.5"),
    "a4d98375": shell("gsettings set org.gnome.desktop.screensaver lock-enabled true"),
    "13584542": shell(
        'p=$(gsettings get org.gnome.Terminal.ProfilesList default | tr -d "\'")',
        f"gsettings set {TERMINAL} default-size-columns 132",
        f"gsettings set {TERMINAL} default-size-rows 43",
    ),
    "030eeff7": (
        "press Control+l",
        'type "chrome://settings/cookies\\n"',
        "wait",
        "wait",
        "wait",
        'click [button "Send a \\"Do Not Track\\" request with your browsing traffic"]',
        "wait",
        'click [button "Confirm"]',
        "wait",
    ),
    "7b7617bd": gimp(
        "pyautogui.tripleClick(1115, 447)",
        "pyautogui.write('100')",
        "press Tab",
        "pyautogui.click(1330, 762)",
    ),
    "7767eef2": gimp(
        "pyautogui.click(672, 558)", "wait", 'click [cell "Light"]', "wait", "pyautogui.click(1330, 762)"
    ),
    "d52d6308": ("press Tab", "wait"),
    "8ba5ae7a": vlc("input-record-path", "\\/home\\/user\\/Desktop"),
    "9195653c": vlc("qt-max-volume", "200"),
    "d06f0d4d": vlc("qt-slider-colours", "20;20;20;20;20;20;20;20;20;20;20;20"),
    "a5bbbcd5": (
        "press Control+p",
        'click [checkbox "Start in minimal view mode"]',
        'click [button "Save"]',
    ),
    "5ac2891a": vlc("play-and-exit", "0"),
    "f3977615": (
        "press Control+p",
        'click [checkbox "Use only one instance when started from file manager"]',
        'click [button "Save"]',
    ),
    "215dfd39": vlc("qt-bgcone", "0"),
}
"""First digits of a task's id -> actions. Of tasks that cannot be done the script is to say so."""


def score(benchmark: OSWorld, task: Task, script: tuple[str, ...]) -> tuple[float, list[str], list[float]]:
    """The evaluator's score after a script, what could not be done, and the seconds of reset and steps."""
    refused, seconds, begin = [], [], time.perf_counter()
    with benchmark.environment() as episode:
        assert isinstance(episode, DesktopEnvironment)
        start = episode.reset(task)
        seconds.append(time.perf_counter() - begin)
        steps = []
        for written in script:
            action: Action = episode.actions.parse(f"ACTION: {written}")[1]
            begin = time.perf_counter()
            seen = start if action.tool == "stop" else episode.step(action)
            seconds.append(time.perf_counter() - begin)
            steps.append(Step(thought="", action=action, observation=seen))
            refused += [seen.text.splitlines()[-1]] if seen.failed else []
        whole = Trajectory(task=task.id, start=start, steps=tuple(steps), stop="done")
        return benchmark.grade(task, episode, whole), refused, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--server", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    benchmark = OSWorld()
    benchmark.through_server = options.server
    tasks = {task.parent[:8]: task for task in benchmark.tasks()}
    sayable = {name: ("stop FAIL",) for name, task in tasks.items() if benchmark.gold(task)}
    scripts = {name: script for name, script in {**SCRIPTS, **sayable}.items() if name in tasks}
    figures: dict[str, Any] = {"tasks": len(tasks), "left_out": len(benchmark.left_out)}
    begin, proven, resets, steps = time.perf_counter(), 0, list[float](), list[float]()
    for name in options.only or scripts:
        try:
            done, refused, seconds = score(benchmark, tasks[name], scripts.get(name, ()))
            nothing, _, _ = score(benchmark, tasks[name], ())
        except (EnvironmentFault, GraderFault) as error:
            figures[name] = str(error)
            print(name, error, flush=True)
            continue
        resets, steps = [*resets, seconds[0]], [*steps, *seconds[1:]]
        proven += done == 1.0 and nothing == 0.0
        figures[name] = f"script {done:g}, nothing {nothing:g} {' '.join(refused)}".strip()
        print(name, figures[name], [round(one, 1) for one in seconds], flush=True)
    figures |= {"proven": proven, "seconds": round(time.perf_counter() - begin, 1)}
    if steps:
        figures |= {
            "reset_s": round(statistics.median(resets), 1),
            "step_s": round(statistics.median(steps), 1),
        }
    report("osworld", figures, {}, options.out)


if __name__ == "__main__":
    main()
