"""An application that episodes use one after the other: started once, its state put back in milliseconds."""

from __future__ import annotations

import atexit
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...engine.ending import at_end
from ...errors import EnvironmentFault
from .. import install
from ..fingerprint import Fingerprint
from ..folder import EnvironmentFolder
from ..process import stop
from ..sandbox import Sandbox
from .state import KeptState

TRIES = 3
"""Starts with other ports, when one is taken meanwhile."""
LOG, TOLD = 5, 400
"""Last lines of the log that an error shows, and their characters."""

_lock = threading.Lock()
_idle: dict[int, list[Application]] = defaultdict(list)
_all: list[Application] = []


class Application:
    """One instance: a copy of the start state, the process that serves it, and its session.

    Raises EnvironmentFault, with the last lines of its log, when the application does not come up.
    """

    def __init__(self, folder: EnvironmentFolder, unsafe: bool) -> None:
        assert folder.web is not None
        self.folder, self.web = folder, folder.web
        self.session: Any = None
        """Cookies and storage after the login; None: nobody has logged in yet."""
        self.common: frozenset[str] = frozenset()
        """Lines of the first page."""
        self.url = self.web.url.rstrip("/")
        self._sandbox: Sandbox | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._state: KeptState | None = None
        self._fingerprint: Fingerprint | None = None
        if not self.web.serve:
            return
        self._sandbox = install.opened(folder, install.start(folder, unsafe), unsafe)
        try:
            self._log = self._sandbox.home.parent / "serve.log"
            self._fingerprint = Fingerprint(self._sandbox.home, folder.volatile, self.web.aside)
            self._state = KeptState(
                self._sandbox.home, self._sandbox.home.parent / "state", self.web.aside, self._sandbox.adopt
            )
            self._start(self.web.port)
            self.keep()
        except BaseException:
            self.close()
            raise

    @property
    def home(self) -> Path | None:
        """The folder with the application's state; None of one that was not started here."""
        return self._sandbox.home if self._sandbox else None

    @property
    def alive(self) -> bool:
        return self._process is None or self._process.poll() is None

    def state(self) -> str:
        """Fingerprint of the application's state; "" where it is not known."""
        return self._fingerprint.take() if self._fingerprint else ""

    @property
    def files(self) -> Mapping[str, str]:
        """Digest of each file of the state, as of the last fingerprint."""
        return self._fingerprint.files if self._fingerprint else {}

    def keep(self) -> None:
        """From now on this is the state that is put back: after the login, whose session may be in it.

        Raises EnvironmentFault.
        """
        if self._state:
            try:
                self._state.keep()
            except OSError as error:
                raise EnvironmentFault(
                    f"{self.folder.name}: its state could not be copied: {error}"
                ) from None

    def put_back(self) -> None:
        """The state as it was kept. Raises EnvironmentFault."""
        if self._state:
            if self.web.restart:
                self._stop()
            try:
                self._state.put_back()
            except OSError as error:
                raise EnvironmentFault(
                    f"{self.folder.name}: its state could not be put back: {error}"
                ) from None
            if not self.alive or self._process is None:
                self._start(int(self.url.rpartition(":")[2]))
        elif self.web.reset:
            done = subprocess.run(
                ["bash", "-c", self.web.reset],
                cwd=self.folder.path,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=600,
            )
            if done.returncode:
                told = " ".join((done.stdout + done.stderr).split())[-300:] or f"exit code {done.returncode}"
                raise EnvironmentFault(f"{self.folder.path}/environment.toml: web.reset failed: {told}")

    def run(self, command: str) -> None:
        """A bash command in the folder of the state. Raises EnvironmentFault when it fails."""
        if self._sandbox is None:
            raise EnvironmentFault(f"{self.folder.name}: a setup needs an application that is started here")
        result = self._sandbox.run(command, self._sandbox.inside_home, self.folder.limits, self._variables())
        if result.code or result.ended:
            told = " ".join(result.output.split())[-300:] or f"exit code {result.code}"
            raise EnvironmentFault(f"{self.folder.name}: the setup failed: {told}")

    def close(self) -> None:
        """Stop it, and remove its folder."""
        self._stop()
        if self._sandbox:
            self._sandbox.close()
            self._sandbox = None

    def _variables(self) -> dict[str, str]:
        return {"PORT": self.url.rpartition(":")[2], "URL": self.url, "HOST": "127.0.0.1"}

    def _start(self, wanted: int) -> None:
        """Start the process and wait until it answers."""
        for attempt in range(TRIES):
            self.url = f"http://127.0.0.1:{free_port(0 if attempt else wanted)}"
            assert self._sandbox is not None
            with self._log.open("wb") as log:
                self._process = self._sandbox.serve(
                    self.web.serve, self._variables(), self.folder.limits, log
                )
            if not (failure := self._wait()):
                return
            self._stop()
            if "in use" not in failure.lower():
                break
        raise EnvironmentFault(f"{self.folder.name}: the application {failure}")

    def _wait(self) -> str:
        """Until it answers -> "", or what went wrong."""
        assert self._process is not None
        until, answered = time.monotonic() + self.web.seconds, 0
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.monotonic() < until:
            if self._process.poll() is not None:
                return f"ended (exit code {self._process.returncode}) before it came up: {self._last()}"
            try:
                with opener.open(
                    f"{self.url}{self.web.ready}", timeout=max(0.05, min(5.0, until - time.monotonic()))
                ):
                    return ""
            except urllib.error.HTTPError as error:
                # A page that was named is there once the application is up; the first one need not be.
                answered = error.code
                if answered < 500 and (answered != 404 or "ready" not in self.web.model_fields_set):
                    return ""
            except (OSError, ValueError):
                pass
            time.sleep(0.05)
        if answered:
            return f"answered {answered} at {self.web.ready} for {self.web.seconds:g} s: {self._last()}"
        named = re.search(r"\$\{?PORT\b", self.web.serve)
        told = "" if named else " (it is looked for at the port that $PORT is, which web.serve does not name)"
        return f"did not answer at {self.web.ready} within {self.web.seconds:g} s{told}: {self._last()}"

    def _last(self) -> str:
        """The last lines of its log."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        told = [" ".join(line.split())[:TOLD] for line in lines[-LOG:]]
        while len(told) > 1 and len(" / ".join(told)) > TOLD:
            told.pop(0)
        return " / ".join(told) or "it printed nothing"

    def _stop(self) -> None:
        if self._process is not None:
            stop(self._process)
            self._process = None


def acquire(folder: EnvironmentFolder, unsafe: bool) -> Application:
    """An instance that nobody uses, started if there is none. Raises EnvironmentFault, ConfigError."""
    while True:
        with _lock:
            found = _idle[id(folder)].pop() if _idle[id(folder)] else None
        if found is None:
            break
        if found.alive:
            return found
        discard(found)
    made = Application(folder, unsafe)
    with _lock:
        _all.append(made)
    return made


def release(application: Application) -> None:
    """Give an instance back for the next episode."""
    with _lock:
        _idle[id(application.folder)].append(application)


def discard(application: Application) -> None:
    """End an instance that is broken."""
    with _lock:
        if application in _all:
            _all.remove(application)
    application.close()


@atexit.register
@at_end
def close_all() -> None:
    """End all instances of this process."""
    with _lock:
        found, _all[:] = list(_all), []
        _idle.clear()
    for application in found:
        with suppress(Exception):
            application.close()


def free_port(wanted: int) -> int:
    """The wanted port of 127.0.0.1 if nobody has it, or one that is free."""
    for port in dict.fromkeys((wanted, 0)):
        with suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise EnvironmentFault("no port of 127.0.0.1 is free")
