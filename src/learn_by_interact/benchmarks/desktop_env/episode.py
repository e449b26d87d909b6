"""Episodes that a benchmark's own code sets up and grades, on a screen in the sandbox."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from ...environments import install
from ...environments.desktop.actions import DesktopActions
from ...environments.desktop.environment import DesktopEnvironment
from ...environments.desktop.machine import LocalMachine, Machine
from ...environments.desktop.remote import RemoteMachine
from ...environments.desktop.screen import nodes
from ...environments.folder import EnvironmentFolder
from ...environments.sandbox import Sandbox, open_sandbox
from ...errors import EnvironmentFault
from ...types import STOP, Action, Document, Observation, Task
from .judged import Judge
from .served import Form, Served, pyautogui

FAIL = "FAIL"
"""The benchmark's word for: this cannot be done."""
NOT_POSSIBLE = f"\nWhen the task cannot be done at all, end with this:\nACTION: stop {FAIL}"


class SetUp(Protocol):
    """What an episode asks of its benchmark."""

    checkout: Path
    through_server: bool
    """Whether what the agent sees and does goes through the benchmark's server too."""
    form: Form

    @property
    def folder(self) -> EnvironmentFolder:
        """The declaration of the environment."""
        ...

    @property
    def first(self) -> str:
        """The id of a task that runs. Raises EnvironmentFault where none does."""
        ...

    def content(self, name: str) -> dict[str, Any]:
        """What a task's file says. Raises EnvironmentFault."""
        ...

    def shown(self, name: str) -> tuple[str, ...] | None:
        """What a task begins with: patterns, each of which the name of something in the windows has.

        (): there is any window; None: there may be none.
        """
        ...

    def judge(self) -> Judge:
        """A process of the benchmark's own code. Raises EnvironmentFault."""
        ...

    def setup_of(self, document: Document) -> dict[str, Any]:
        """The setup of a task that a document fits; {} where none does."""
        ...


class JudgedActions(DesktopActions):
    """Those of a desktop, with the word that says that a task cannot be done."""

    def __init__(self, apps: Mapping[str, str]) -> None:
        super().__init__(apps)
        self.description += NOT_POSSIBLE

    def parse(self, reply: str) -> tuple[str, Action]:
        """See `DesktopActions.parse`."""
        if reply.strip().strip("`").strip() == FAIL:
            return "", Action(tool=STOP, arguments={"answer": FAIL})
        return super().parse(reply)


class Judged(DesktopEnvironment):
    """An episode that the benchmark's own code sets up and grades."""

    def __init__(self, benchmark: SetUp) -> None:
        super().__init__(benchmark.folder)
        self.actions = JudgedActions(self.desktop.apps)
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
        wanted = self.benchmark.shown(self._task)
        until = time.monotonic() + (0 if wanted is None else self.desktop.seconds)
        while True:
            machine.rest(self.desktop.quiet, self.desktop.patience)
            if time.monotonic() > until:
                return
            seen = [node["name"] for window in machine.look(0).windows for node in nodes(window)]
            if seen and all(any(re.search(one, name) for name in seen) for one in wanted or ()):
                return

    def leave(self, well: bool) -> None:
        """End the process that grades, then the rest."""
        if self._judge:
            self._judge.close()
            self._judge = None
        super().leave(well)


class Here(Judged):
    """On a screen in the sandbox, with the benchmark's server beside it for set-up and evaluation.

    What the agent sees and does goes through the screen itself, or with `through_server` of the benchmark
    through the server too.
    """

    def __init__(self, benchmark: SetUp) -> None:
        super().__init__(benchmark)
        self._screen_machine: LocalMachine | None = None
        self._served: Served | None = None

    def open(self, filled: bool) -> Sandbox:
        """A sandbox that also sees the libraries of the benchmark's server."""
        start = install.start(self.folder, self.unsafe) if filled else None
        tools = install.tools(self.folder, self.unsafe)
        tools = dataclasses.replace(tools, binds=(*tools.binds, str(pyautogui())))
        return open_sandbox("unsafe" if self.unsafe else self.folder.sandbox.kind, start, tools)

    def _begun(self, command: str) -> Machine:
        desktop = self.desktop
        made = LocalMachine(self.sandbox, desktop.width, desktop.height, self.folder.limits)
        self._screen_machine = made
        benchmark = self.benchmark
        served = self._served = Served(self.sandbox, made, benchmark.checkout, pyautogui(), benchmark.form)
        self.judge.begin(
            benchmark.content(self._task),
            host=served.host,
            ports=served.ports,
            screen=[desktop.width, desktop.height],
        )
        return RemoteMachine(served.url) if benchmark.through_server else made

    def leave(self, well: bool) -> None:
        """Kill all of it."""
        if self._served:
            self._served.close()
            self._served = None
        if self._screen_machine:
            self._screen_machine.close()
            self._screen_machine = None
        super().leave(well)
