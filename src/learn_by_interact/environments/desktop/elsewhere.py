"""The desktop environment of a machine that runs already, with OSWorld's server in it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from ...errors import ConfigError, EnvironmentFault
from ..install import start
from ..sandbox import entries
from .config import address
from .environment import DesktopEnvironment
from .machine import Machine
from .remote import RemoteMachine


class RemoteDesktopEnvironment(DesktopEnvironment):
    """An episode on the machine that `[desktop] url` names, as it is found: nothing puts it back.

    The start folder's files are written into its user's home, and a task's `setup` runs there. The files that
    `[desktop] files` names are read after each action: they are the folder of the state and of the checks.
    """

    @property
    def remote(self) -> RemoteMachine:
        """The machine. Raises EnvironmentFault before the reset."""
        machine = self.machine
        assert isinstance(machine, RemoteMachine)
        return machine

    def _begun(self, command: str) -> Machine:
        machine = RemoteMachine(
            located(self.desktop.url, f"{self.folder.path}/environment.toml: desktop.url")
        )
        begin = start(self.folder, self.unsafe)
        for entry in entries(begin) if begin else ():
            if entry.is_file(follow_symlinks=False):
                place = Path(entry.path).relative_to(begin or "/")
                folder = shlex.quote(str(place.parent))
                machine.run(f"mkdir -p {folder}", self.folder.limits.seconds)
                machine.server.upload(f"~/{place}", Path(entry.path).read_bytes())
        if command:
            done = machine.run(command, self.folder.limits.seconds)
            if done.code != 0:
                told = " ".join(f"{done.output} {done.error}".split())[-300:] or f"exit code {done.code}"
                raise EnvironmentFault(f"{self.name}: the setup failed: {told}")
        return machine

    def _gather(self) -> None:
        for name in self.desktop.files:
            here, found = self.home / name, self.remote.server.file(f"~/{name}")
            if self.home.resolve() not in here.resolve().parents:
                raise EnvironmentFault(f"{self.name}: desktop.files: {name!r} leads out of the folder")
            if found is None:
                here.unlink(missing_ok=True)
                continue
            here.parent.mkdir(parents=True, exist_ok=True)
            here.write_bytes(found)


def located(url: str, where: str) -> str:
    """An address with its variables filled in. Raises ConfigError; `where` names the setting."""
    full = os.path.expandvars(url)
    if "$" in full:
        name = full.partition("$")[2].strip("{").partition(":")[0].partition("}")[0]
        raise ConfigError(f"{where}: the variable {name} is not set; set it to the machine's host")
    try:
        return address(full)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None
