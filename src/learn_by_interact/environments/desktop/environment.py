"""The desktop environment: applications with windows, on a screen of their own in the sandbox."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

from ...blobs import keep
from ...errors import EnvironmentFault
from ...types import STOP, Action, Observation, Task, digest
from ..changes import changes
from ..declared import SandboxedEnvironment
from ..fingerprint import Fingerprint
from ..folder import EnvironmentFolder
from ..places import SURVEYS, Place
from ..web.layout import changed, part_of, parts, sampled
from .acting import LEAVE, perform
from .actions import AS_BEFORE, DesktopActions
from .machine import LocalMachine, Looked, Machine
from .screen import Screen, read
from .survey import Survey

BRIEFLY = 4
"""Observations in a row that tell only what changed on the screen."""
SETTLE = 0.1
"""Seconds after an action before the screen is watched for coming to rest."""
OPENS = 5.0
"""Seconds in which an application that was opened shows another window."""
OPENING = ("...", "\u2026")
"""What the name of an item of a menu ends with that opens a dialog."""
ROWS = 12
"""Rows that the proposer is shown of a table."""


class DesktopEnvironment(SandboxedEnvironment):
    """One episode with the applications that a folder declares: a fresh home, a fresh screen.

    After an action that changed little, an observation tells what changed: the screen stands in the
    observation before. `[desktop] whole` shows all of it each time.

    Fingerprints. Positions count nowhere. `Observation.state` is the hash of the folder (see
    `fingerprint.py`; without what the volatile patterns match, and what stands aside, such as hidden files)
    and of what the windows hold: their lines without menus, tool bars, status and where the focus is. A
    document that was changed and not saved is therefore another state, and so is one that was scrolled.
    `Observation.key` is the hash of that state and of all lines, and of whether the action failed.
    """

    def __init__(self, folder: EnvironmentFolder, unsafe: bool = False) -> None:
        """`unsafe` runs the applications without a sandbox."""
        assert folder.desktop is not None
        super().__init__(folder, DesktopActions(folder.desktop.apps), unsafe)
        self.desktop = folder.desktop
        self.pictures: Path | None = None
        self._machine: Machine | None = None
        self._fingerprint: Fingerprint | None = None
        self._screen = Screen()
        self._menu, self._part, self._briefly, self._held = "", 0, 0, False
        self._seen = False
        self._file = self.desktop.file

    def __enter__(self) -> Self:
        """Copy the start folder. Raises ConfigError (something must be installed), EnvironmentFault."""
        self._sandbox = self.open(filled=True)
        self._fingerprint = Fingerprint(self._sandbox.home, self.folder.volatile, self.desktop.aside)
        return self

    def leave(self, well: bool) -> None:
        """Kill the applications with their screen, and remove the folder."""
        if self._machine:
            self._machine.close()
            self._machine = None
        super().leave(well)

    @property
    def machine(self) -> Machine:
        """The screen. Raises EnvironmentFault before the reset."""
        if self._machine is None:
            raise EnvironmentFault(f"{self.name}: there was no reset yet")
        return self._machine

    @property
    def files(self) -> Mapping[str, str]:
        """Digest of each file's content after the last step."""
        return self._fingerprint.files if self._fingerprint else {}

    @property
    def screen(self) -> Screen:
        """What was seen last."""
        return self._screen

    def survey(self, about: Sequence[str] = ()) -> tuple[Place, ...]:
        """What menus, tools and dialogs do, looked over once for all environments of this folder, on screens
        of their own; () for a machine that nothing puts back. Raises EnvironmentFault.

        `about`: see `Surveyed`; the first time counts.
        """
        if self.desktop.url or not self.desktop.places:
            return ()
        begin = partial(DesktopEnvironment, self.folder, self.unsafe)
        survey = Survey(begin, self.desktop.places, about)
        return SURVEYS.get(self.folder.path, self.desktop, survey.places)

    def remember(self, places: Sequence[Place]) -> None:
        """See `Surveyed.remember`."""
        SURVEYS.put(self.folder.path, self.desktop, places)

    def overview(self) -> str:
        """What there is, for the proposer: the files, and what the first window holds."""
        files = [f"{name} ({(self.home / name).stat().st_size} bytes)" for name in sorted(self.files)]
        some = sampled(self._screen.lines, ROWS)
        return "\n".join(["Files:", *files[: 2 * ROWS], *parts(some, self.desktop.chars)[0]])

    def reset(self, task: Task) -> Observation:
        """Run the task's `setup["run"]`, start the application with its `setup["file"]`, wait for its window.

        Raises EnvironmentFault.
        """
        if self._machine:
            raise EnvironmentFault(f"{self.name}: an environment is used once")
        self._machine = self._begun(str(task.setup.get("run", "")))
        self._file = str(task.setup.get("file", "")) or self.desktop.file
        if self.desktop.start:
            self._machine.launch(self._on_file(self.desktop.start))
        self._wait(self._machine)
        return self._observe()

    def _on_file(self, command: str) -> str:
        """A command that knows the document as $FILE."""
        return f"export FILE={shlex.quote(self._file)}; {command}"

    def _begun(self, command: str) -> Machine:
        """The machine, after the command that sets a task up. Raises EnvironmentFault."""
        if command:
            self._set_up(command)
        desktop = self.desktop
        return LocalMachine(self.sandbox, desktop.width, desktop.height, self.folder.limits)

    def _gather(self) -> None:
        """Bring what belongs to the state into the home. Raises EnvironmentFault."""

    def _set_up(self, command: str) -> None:
        result = self.sandbox.run(command, self.sandbox.inside_home, self.folder.limits)
        if result.code or result.ended:
            told = " ".join(result.output.split())[-300:] or f"exit code {result.code}"
            raise EnvironmentFault(f"{self.name}: the setup failed: {told}")

    def _wait(self, machine: Machine) -> None:
        """Until the application shows its window."""
        until = time.monotonic() + self.desktop.seconds
        looked = Looked()
        while time.monotonic() < until:
            machine.rest(self.desktop.quiet, self.desktop.patience)
            looked = machine.look(0)
            titles = [window["name"] for window in looked.windows]
            if any(re.search(self.desktop.ready, title) for title in titles) and titles:
                return
            if looked.ended and not titles:
                raise EnvironmentFault(f"{self.name}: {looked.ended[0]!r} ended before it showed a window")
        seen = ", ".join(repr(window["name"]) for window in looked.windows) or "no window"
        raise EnvironmentFault(
            f"{self.name}: no window whose title has {self.desktop.ready!r} came within "
            f"{self.desktop.seconds:g} s; there is {seen}"
        )

    def step(self, action: Action) -> Observation:
        """Do an action; `stop` does and shows nothing. Raises EnvironmentFault when the screen breaks."""
        if action.tool == STOP:
            return self._observe().model_copy(update={"text": "", "failed": False})
        refused, self._menu, scrolled = "", self._menu_of(action), False
        turned = self._part + (-1 if action.arguments.get("direction") == "up" else 1)
        if action.tool == "scroll" and 0 <= turned < len(self._parts(self._screen)):
            self._part, scrolled = turned, True
        elif not self._menu:
            item = self._screen.elements.get(str(action.arguments.get("element", "")))
            closed = item is not None and item.direct and item.box is None
            self._held |= closed
            # Its dialog may take a while, and Escape, which leaves the menu bar, would close it.
            waits = action.tool == "open" or (closed and item is not None and item.path.endswith(OPENING))
            apps = {name: self._on_file(command) for name, command in self.desktop.apps.items()}
            refused = perform(action, self._screen, self.machine, apps, self.folder.limits.seconds)
            time.sleep(SETTLE)
            if action.tool == "scroll":
                self._part = 0
            if waits and not refused:
                self._until_another(len(self._screen.titles))
        observation = self._observe(refused, scrolled)
        self.transcript.append((self.actions.format(action), observation.text))
        return observation

    def _until_another(self, windows: int) -> None:
        """Until there are more windows than so many; an application may also show one that it has."""
        until = time.monotonic() + OPENS
        while time.monotonic() < until and len(self.machine.look(0).windows) <= windows:
            time.sleep(SETTLE)

    def _menu_of(self, action: Action) -> str:
        """The menu that a click shows: its items can be clicked without its being drawn."""
        item = self._screen.elements.get(str(action.arguments.get("element", "")))
        closed = item is not None and item.role == "menu" and bool(item.node["children"])
        return item.path if item is not None and closed and action.tool == "click" else ""

    def _observe(self, refused: str = "", scrolled: bool = False) -> Observation:
        assert self._fingerprint is not None
        desktop, before = self.desktop, self._screen
        looked = self._look()
        screen = self._screen = read(looked.windows, desktop.names, self._menu, desktop.marks)
        lasting = self.folder.volatile.replace("\n".join([*screen.lines, *screen.menu]))
        held = self.folder.volatile.replace("\n".join([*screen.titles, *screen.content]))
        self._gather()
        files = self._fingerprint.files
        state = digest([self._fingerprint.take(), held])
        notes = _notes(looked, desktop.apps)
        if before.lines:
            notes.append(changes(files, self._fingerprint.files, "", ""))
        return Observation(
            text="\n".join(filter(None, [*notes, *self._body(before, refused, scrolled), refused])),
            blobs=self._picture(screen),
            key=digest([state, lasting, bool(refused), self._part, list(looked.silent)]),
            state=state,
            failed=bool(refused),
        )

    def _look(self) -> Looked:
        """The windows once they are at rest; what changed while it was read is read again.

        On a machine that is busy an application may take long to answer, most of all when it has begun.
        """
        until = time.monotonic() + (self.desktop.patience if self._seen else self.desktop.seconds)
        self._seen = True
        while True:
            self.machine.rest(self.desktop.quiet, self.desktop.patience)
            before = self.machine.stamp()
            looked = self.machine.look(self.desktop.cells)
            if self._held and looked.windows and not any(map(_has_keys, looked.windows)):
                # LibreOffice's menu bar keeps the keys after an item of a closed menu was clicked.
                self._held = bool(self.machine.python(LEAVE, self.folder.limits.seconds))
                continue
            steady = self.machine.stamp() == before and bool(looked.windows or looked.ended)
            if (steady and not looked.silent) or time.monotonic() > until:
                return looked

    def _body(self, before: Screen, refused: str, scrolled: bool) -> list[str]:
        """What an observation shows: the screen, a part of it, or what changed on it."""
        screen = self._screen
        same = bool(before.lines) and _plain(before.titles) == _plain(screen.titles)
        told = changed(before.lines, screen.lines) if same and not scrolled else []
        if not same:
            self._part = 0
        elif told and told[0].startswith("+ "):
            self._part = part_of(screen.lines, (), self.desktop.chars, told[0][2:])
        every = self._parts(screen)
        self._part = min(self._part, len(every) - 1)
        idle = same and not scrolled and before.lines == screen.lines
        nothing = ["Nothing changed on this screen."] if idle and not refused and not screen.menu else []
        again = idle or bool(told)
        self._briefly = self._briefly + 1 if again and not self.desktop.whole else 0
        if 0 < self._briefly <= BRIEFLY:
            heads = ["Changed on this screen:", *told] if told else nothing
            return [*heads, *screen.menu, *([] if nothing else [AS_BEFORE])]
        self._briefly = 0
        shown = [*nothing, *screen.menu, *every[self._part]]
        if len(every) > 1:
            shown.append(f"(Part {self._part + 1} of {len(every)} of this screen; scroll for the rest.)")
        return shown

    def _parts(self, screen: Screen) -> list[list[str]]:
        return parts(screen.lines, self.desktop.chars)

    def _picture(self, screen: Screen) -> tuple[str, ...]:
        """The hash of a picture, where they are wanted; with marks on it, where these are."""
        if not self.pictures:
            return ()
        picture = self.machine.picture()
        if self.desktop.marks:
            from .picture import marked

            boxes = [(at, screen.elements[name].box) for at, name in enumerate(screen.drawn, 1)]
            picture = marked(picture, [(at, box) for at, box in boxes if box is not None])
        return (keep(self.pictures, picture),)


def _has_keys(window: Mapping[str, Any]) -> bool:
    """A dialog that takes the keys itself, so that Escape would close it; what only pops up takes none."""
    pops_up = window["role"] == "window" and not window["name"]
    asks = window["role"] != "frame" and not pops_up
    return "modal" in window["states"] or (asks and "active" in window["states"])


def _plain(titles: Sequence[str]) -> list[str]:
    """Titles without the mark of a document that is not saved."""
    return [title.lstrip("* ") for title in titles]


def _notes(looked: Looked, apps: Mapping[str, str]) -> list[str]:
    """What is wrong with the applications."""
    found = [f"({name} does not answer.)" for name in looked.silent]
    if not looked.windows and not looked.silent:
        there = f" Applications that can be opened: {', '.join(apps)}." if apps else ""
        found.append(f"No window is open.{there}")
    return found
