"""What the environments that a folder declares have in common, whatever their kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from ..errors import EnvironmentFault
from . import ActionSpace, install
from .folder import EnvironmentFolder
from .sandbox import Sandbox


class DeclaredEnvironment:
    """Base of the environments of a folder; a subclass enters, resets and steps."""

    def __init__(self, folder: EnvironmentFolder, actions: ActionSpace, unsafe: bool) -> None:
        """`unsafe`: without a sandbox, whatever the folder says."""
        self.folder, self.unsafe = folder, unsafe
        self.name, self.description = folder.name, folder.description
        self.actions = actions
        self.transcript: list[tuple[str, str]] = []
        """Each action of the episode, as it is written, with what it showed."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave(error is None)

    def leave(self, well: bool) -> None:
        """End the episode; `well`: nothing was raised in it."""
        raise NotImplementedError

    @property
    def home(self) -> Path:
        """The folder with the state. Raises EnvironmentFault where there is none."""
        raise NotImplementedError

    @property
    def files(self) -> Mapping[str, str]:
        """Digest of the content of each file in it after the last step."""
        raise NotImplementedError

    def open(self, filled: bool) -> Sandbox:
        """A sandbox of this environment's kind, with the start folder's copy or empty."""
        start = install.start(self.folder, self.unsafe) if filled else None
        return install.opened(self.folder, start, self.unsafe)


class SandboxedEnvironment(DeclaredEnvironment):
    """Base of those whose episode has a sandbox of its own, opened when it is entered."""

    _sandbox: Sandbox | None = None

    @property
    def sandbox(self) -> Sandbox:
        """The open sandbox. Raises EnvironmentFault outside the `with` block."""
        if self._sandbox is None:
            raise EnvironmentFault(f"{self.name}: the environment is not open; use it in a with block")
        return self._sandbox

    @property
    def home(self) -> Path:
        """The episode's folder. Raises EnvironmentFault outside the `with` block."""
        return self.sandbox.home

    def leave(self, well: bool) -> None:
        """Kill what still runs, and remove the folder."""
        if self._sandbox:
            self._sandbox.close()
            self._sandbox = None
