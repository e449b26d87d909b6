"""A small desktop for tests: notes in a text editor."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from learn_by_interact.environments.desktop.environment import DesktopEnvironment
from learn_by_interact.environments.desktop.machine import missing_programs
from learn_by_interact.environments.folder import EnvironmentFolder
from learn_by_interact.types import Observation, Task

needs_desktop = pytest.mark.skipif(
    bool(missing_programs()) or not shutil.which("mousepad"), reason="no Xvfb, accessibility bus or mousepad"
)

ENVIRONMENT = """
name = "notes"
description = "Mousepad, a text editor on a desktop."
kind = "desktop"
start = "start"

[desktop]
start = "mousepad ~/$FILE"
file = "list.txt"
ready = "Mousepad"
apps = { Editor = "mousepad ~/letter.txt" }
width = 800
height = 600
"""

TASKS = r"""
[[task]]
name = "eggs"
instruction = "Write eggs at the end of list.txt and save it."
gold = ['press Control+End', 'type "eggs"', 'click [menuitem "File > Save"]']
check = '''[ "$(cat list.txt)" = "$(printf 'milk\nbread\neggs')" ]'''

[[task]]
name = "capitals"
instruction = "Put all of letter.txt in capitals and save it."
setup = "printf 'Yours, Ben' >> letter.txt"
file = "letter.txt"
gold = [
  'press Control+a', 'click [menuitem "Edit > Convert > To Uppercase"]', 'pyautogui.hotkey("ctrl", "s")',
]
check = "grep -qx 'YOURS, BEN' letter.txt"
"""


def editor(folder: Path, environment: str = ENVIRONMENT, tasks: str = TASKS) -> Path:
    """The folder of the environment."""
    (folder / "start").mkdir(parents=True)
    (folder / "start" / "list.txt").write_text("milk\nbread\n")
    (folder / "start" / "letter.txt").write_text("Dear Ann,\n")
    (folder / "environment.toml").write_text(environment)
    (folder / "tasks.toml").write_text(tasks)
    return folder


class Episode(DesktopEnvironment):
    """An episode in the folder's environment, done by hand."""

    def __init__(self, folder: Path) -> None:
        super().__init__(EnvironmentFolder.load(folder))

    def begin(self, **setup: str) -> Observation:
        """Reset."""
        return self.reset(Task(environment="notes", instruction="", setup=setup))

    def do(self, *written: str) -> Observation:
        """Act -> the last observation."""
        return [self.step(self.actions.parse(f"ACTION: {one}")[1]) for one in written][-1]

    def inside(self, program: str) -> str:
        """What a line of Python prints in the session of the screen."""
        told = f"print({program}, file=open('/tmp/told', 'w'))"
        assert self.machine.python(told, 5) == ""
        return (self.sandbox.temporary / "told").read_text().strip()
