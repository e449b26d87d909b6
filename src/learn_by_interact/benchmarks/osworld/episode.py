"""Episodes in OSWorld's tasks: on a screen in the sandbox, or on the machine that the benchmark starts."""

from __future__ import annotations

import dataclasses
import re
import time
from typing import TYPE_CHECKING, Any

from ...environments import install
from ...environments.desktop.actions import DesktopActions
from ...environments.desktop.elsewhere import RemoteDesktopEnvironment
from ...environments.desktop.environment import DesktopEnvironment
from ...environments.desktop.machine import LocalMachine, Machine
from ...environments.desktop.remote import RemoteMachine
from ...environments.sandbox import Sandbox, open_sandbox
from ...errors import ConfigError, EnvironmentFault
from ...types import STOP, Action, Document, Observation, Task
from .judged import Judge
from .served import PORTS, Served, pyautogui

if TYPE_CHECKING:
    from . import OSWorld

FAIL = "FAIL"
"""The benchmark's word for: this cannot be done."""
NOT_POSSIBLE = f"\nWhen the task cannot be done at all, end with this:\nACTION: stop {FAIL}"
STARTS = frozenset({"launch", "open"})
"""Steps after which a window is waited for."""
TITLES = {
    "chrome": "Chrom",
    "gimp": "GNU Image",
    "libreoffice_calc": "LibreOffice",
    "libreoffice_impress": "LibreOffice|Select a Template",
    "libreoffice_writer": "LibreOffice",
    "thunderbird": "Thunderbird|Account",
    "vlc": "VLC",
    "vs_code": "Visual Studio",
}
"""Application -> pattern of the title of its window."""


class OSWorldActions(DesktopActions):
    """Those of a desktop, with the word that says that a task cannot be done."""

    def __init__(self) -> None:
        super().__init__()
        self.description += NOT_POSSIBLE

    def parse(self, reply: str) -> tuple[str, Action]:
        """See `DesktopActions.parse`."""
        if reply.strip().strip("`").strip() == FAIL:
            return "", Action(tool=STOP, arguments={"answer": FAIL})
        return super().parse(reply)


class Judged(DesktopEnvironment):
    """An episode that the benchmark's own code sets up and grades."""

    def __init__(self, benchmark: OSWorld) -> None:
        super().__init__(benchmark.folder)
        self.actions = OSWorldActions()
        self.benchmark = benchmark
        self._judge: Judge | None = None
        self._task = ""

    @property
    def judge(self) -> Judge:
        """The process that grades. Raises EnvironmentFault before the reset."""
        if self._judge is None:
            raise EnvironmentFault(f"{self.name}: there was no reset yet")
        return self._judge

    def reset(self, task: Task) -> Observation:
        """Set up a task of the benchmark; a task that is none of its own begins as its first one does."""
        self._task = str(task.setup.get("task") or self.benchmark.first)
        self._judge = self.benchmark.judge()
        return super().reset(task.model_copy(update={"setup": {}}))

    def setup_of(self, document: Document) -> dict[str, Any]:
        """See `Placed`: that of a task of the application whose help the document is of."""
        return self.benchmark.setup_of(document)

    def _wait(self, machine: Machine) -> None:
        """Until the applications that were started show their windows; a task may start none."""
        declared = self.benchmark.declared(self._task)
        started = [step for step in declared.content.get("config") or [] if step.get("type") in STARTS]
        titles = "|".join(TITLES[app] for app in declared.apps if app in TITLES)
        until = time.monotonic() + (self.desktop.seconds if started else 0)
        while True:
            machine.rest(self.desktop.quiet, self.desktop.patience)
            if time.monotonic() > until:
                return
            seen = [window["name"] for window in machine.look(0).windows]
            if seen and any(re.search(titles, title) for title in seen):
                return

    def leave(self, well: bool) -> None:
        """End the process that grades, then the rest."""
        if self._judge:
            self._judge.close()
            self._judge = None
        super().leave(well)


class Here(Judged):
    """On a screen in the sandbox, with OSWorld's server beside it for set-up and evaluation.

    What the agent sees and does goes through the screen itself, or with `through_server` of the benchmark
    through the server too.
    """

    def __init__(self, benchmark: OSWorld) -> None:
        super().__init__(benchmark)
        self._screen_machine: LocalMachine | None = None
        self._served: Served | None = None

    def open(self, filled: bool) -> Sandbox:
        """A sandbox that also sees the libraries of OSWorld's server."""
        start = install.start(self.folder, self.unsafe) if filled else None
        tools = install.tools(self.folder, self.unsafe)
        tools = dataclasses.replace(tools, binds=(*tools.binds, str(pyautogui())))
        return open_sandbox("unsafe" if self.unsafe else self.folder.sandbox.kind, start, tools)

    def _begun(self, command: str) -> Machine:
        desktop = self.desktop
        made = LocalMachine(self.sandbox, desktop.width, desktop.height, self.folder.limits)
        self._screen_machine = made
        served = self._served = Served(self.sandbox, made, self.benchmark.checkout, pyautogui())
        self.judge.begin(
            self.benchmark.declared(self._task),
            host="127.0.0.1",
            ports=served.ports,
            screen=[desktop.width, desktop.height],
        )
        return RemoteMachine(served.url) if self.benchmark.through_server else made

    def leave(self, well: bool) -> None:
        """Kill all of it."""
        if self._served:
            self._served.close()
            self._served = None
        if self._screen_machine:
            self._screen_machine.close()
            self._screen_machine = None
        super().leave(well)


class Elsewhere(Judged, RemoteDesktopEnvironment):
    """On the machine that OSWORLD_URL names, or on one that a provider of OSWorld starts for the episode."""

    def _begun(self, command: str) -> Machine:
        benchmark, desktop = self.benchmark, self.desktop
        where: dict[str, Any] = {"screen": [desktop.width, desktop.height]}
        if benchmark.provider:
            where |= {"provider": benchmark.provider, "vm": benchmark.vm}
        else:
            machine = RemoteMachine(benchmark.url)
            where |= {"host": machine.server.host, "ports": {**PORTS, "server": machine.server.port}}
        url = self.judge.begin(benchmark.declared(self._task), **where)
        if not url.startswith("http"):
            raise ConfigError(f"osworld: the provider {benchmark.provider!r} gave no address of its machine")
        return RemoteMachine(url)
