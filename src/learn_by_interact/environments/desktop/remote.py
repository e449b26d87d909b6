"""A machine somewhere else: one that runs OSWorld's server, as those that OSWorld's providers start."""

from __future__ import annotations

import time
import zlib
from typing import Any

from ...errors import EnvironmentFault
from .machine import GRACE, Looked
from .markup import windows
from .server import Done, Late, Server

SYSTEM = "Linux"
LOOK_SECONDS = 60.0
"""Time of a look at all windows: OSWorld's server takes 5 to 18 s for a filled sheet."""
PICTURE_SECONDS = 20.0
TICK = 0.1
"""Seconds between two pictures while it is waited for rest."""
LATE = (124, 137)
"""Exit codes of `timeout`."""
PRELUDE = """
import time, pyautogui
pyautogui.FAILSAFE = False
def _write(message, interval=0.0, *_, _plain=pyautogui.typewrite, **__):
    if not isinstance(message, str):
        return _plain(message, interval)
    lost = sorted({one for one in message if not pyautogui.isValidKey(one)})
    if lost:
        raise ValueError('pyautogui cannot type ' + ' '.join(lost))
    for number, part in enumerate(message.split('<')):
        if number:
            pyautogui.hotkey('shift', ',')
        _plain(part, interval)
pyautogui.write = pyautogui.typewrite = _write
"""
"""What code finds imported. pyautogui drops what it cannot type, and types < as > on some keyboards."""
NODE = """
import pyatspi
called, path, role, name, *more = {asked!r}
for app in pyatspi.Registry.getDesktop(0):
    if app is None or ' '.join(app.name.split()) != called:
        continue
    node = app
    for number in path:
        node = node[number] if node is not None and number < node.childCount else None
    if node is not None and node.getRoleName().strip().replace(' ', '-') == role:
        if ' '.join(node.name.split()) == name:
            break
else:
    raise SystemExit('it is not there any more')
"""
"""Python that finds the node that was seen, of which CLICK and CHOOSE go on."""
CLICK = "node.queryAction().doAction(0)"
CHOOSE = """
text = node.queryText()
begin, end = [text.characterCount if one < 0 else min(one, text.characterCount) for one in more]
text.setCaretOffset(end)
if begin != end and not (text.addSelection(begin, end) or text.setSelection(0, begin, end)):
    raise SystemExit('its text does not let itself be selected')
"""


class RemoteMachine:
    """A machine with OSWorld's server. What is asked of it happens there, and nowhere else."""

    def __init__(self, url: str) -> None:
        """Raises EnvironmentFault when no such server answers, or the machine is not Linux."""
        self.server = Server(url)
        system = self.server.platform()
        if system != SYSTEM:
            raise EnvironmentFault(
                f"{url}: the machine says that it is {system!r}; only {SYSTEM} ones are understood"
            )

    def launch(self, command: str) -> None:
        """See `Machine.launch`."""
        self.server.launch(["bash", "-c", command])

    def run(self, command: str, seconds: float) -> Done:
        """Run a bash command in its user's home, and wait for it. Raises Late when it takes too long."""
        done = self.server.execute(_timed(["bash", "-c", f"cd && {command}"], seconds), seconds + 2 * GRACE)
        if done.code in LATE:
            raise Late(f"a command ran longer than {seconds:g} s on {self.server.url}")
        return done

    def look(self, cells: int) -> Looked:
        """See `Machine.look`. A tree that is late, or fails twice, is a screen that does not answer."""
        for turn in (1, 2):
            try:
                return Looked(windows(self.server.accessibility(LOOK_SECONDS), cells))
            except Late:
                break
            except EnvironmentFault as error:
                # An application that ended while it was asked makes an error of the whole answer.
                if "status 500" not in str(error):
                    raise
                if turn == 1:
                    time.sleep(TICK)
        return Looked(silent=("the screen",))

    def python(self, code: str, seconds: float) -> str:
        """See `Machine.python`."""
        return self._python(f"{PRELUDE}{code}", seconds)

    def _python(self, program: str, seconds: float) -> str:
        late = f"it ran longer than {seconds:g} s"
        try:
            done = self.server.execute(_timed(["python3", "-c", program], seconds), seconds + 2 * GRACE)
        except Late:
            return late
        if done.code is None:
            return done.error
        said = done.error.strip().rpartition("\n")[2]
        return late if done.code in LATE else (said or f"exit code {done.code}") if done.code else ""

    def _at(self, node: dict[str, Any], program: str, *more: int) -> str:
        called, path = node["at"]
        found = NODE.format(asked=(called, path, node["role"], node["name"], *more))
        return self._python(f"{found}{program}", 2 * GRACE)

    def click(self, node: dict[str, Any]) -> str:
        """See `Machine.click`."""
        return self._at(node, CLICK)

    def choose(self, node: dict[str, Any], begin: int, end: int) -> str:
        """See `Machine.choose`."""
        return self._at(node, CHOOSE, begin, end)

    def picture(self) -> bytes:
        """See `Machine.picture`."""
        return self.server.screenshot(PICTURE_SECONDS)

    def rest(self, quiet: float, patience: float) -> None:
        """See `Machine.rest`."""
        begin = changed = time.monotonic()
        last = self.stamp()
        while time.monotonic() - begin < patience and time.monotonic() - changed < quiet:
            time.sleep(TICK)
            if (now := self.stamp()) != last:
                last, changed = now, time.monotonic()

    def stamp(self) -> int:
        """See `Machine.stamp`."""
        return zlib.crc32(self.picture())

    def close(self) -> None:
        """It runs on: who started it ends it."""


def _timed(command: list[str], seconds: float) -> list[str]:
    """The command, ended by the machine itself when it takes too long."""
    return ["timeout", "-k", "1", f"{seconds:g}", *command]
