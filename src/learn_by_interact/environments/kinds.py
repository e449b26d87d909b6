"""The kinds of environments that a folder can declare, by the `kind` of its `environment.toml`."""

from __future__ import annotations

from ..types import Action
from .actions import SHELL
from .desktop.actions import DesktopActions
from .desktop.environment import DesktopEnvironment
from .folder import EnvironmentFolder
from .shell import ShellEnvironment
from .web.actions import action
from .web.environment import WebEnvironment

Declared = ShellEnvironment | WebEnvironment | DesktopEnvironment


def declared(folder: EnvironmentFolder, unsafe: bool = False) -> Declared:
    """A fresh environment of the folder's kind, to be used once."""
    if folder.web is not None:
        return WebEnvironment(folder, unsafe)
    if folder.desktop is not None:
        return DesktopEnvironment(folder, unsafe)
    return ShellEnvironment(folder, unsafe)


def written(folder: EnvironmentFolder, text: str) -> Action:
    """An action of a gold solution. Raises ParseError."""
    if folder.web is not None:
        return action(text)
    if folder.desktop is not None:
        return DesktopActions().parse(f"ACTION: {text}")[1]
    return Action(tool=SHELL, arguments={"command": text})
