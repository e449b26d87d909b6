"""The kinds of environments that a folder can declare, by the `kind` of its `environment.toml`."""

from __future__ import annotations

from ..errors import ConfigError
from ..types import Action
from .actions import SHELL
from .desktop.actions import DesktopActions
from .desktop.elsewhere import RemoteDesktopEnvironment
from .desktop.environment import DesktopEnvironment
from .folder import EnvironmentFolder
from .repository.environment import RepositoryEnvironment
from .shell import ShellEnvironment
from .web.actions import action
from .web.environment import WebEnvironment

Declared = ShellEnvironment | WebEnvironment | DesktopEnvironment


def declared(folder: EnvironmentFolder, unsafe: bool = False) -> Declared:
    """A fresh environment of the folder's kind, to be used once."""
    if folder.swebench is not None:
        raise ConfigError(f"{folder.name} has an environment for each of its instances, and none of its own")
    if folder.web is not None:
        return WebEnvironment(folder, unsafe)
    if folder.desktop is not None:
        kind = RemoteDesktopEnvironment if folder.desktop.url else DesktopEnvironment
        return kind(folder, unsafe)
    if folder.repository is not None:
        return RepositoryEnvironment(folder, unsafe)
    return ShellEnvironment(folder, unsafe)


def written(folder: EnvironmentFolder, text: str) -> Action:
    """An action of a gold solution. Raises ParseError."""
    if folder.web is not None:
        return action(text)
    if folder.desktop is not None:
        return DesktopActions().parse(f"ACTION: {text}")[1]
    return Action(tool=SHELL, arguments={"command": text})
