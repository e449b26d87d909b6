"""The environment of a folder, by its kind."""

from __future__ import annotations

from .folder import EnvironmentFolder
from .repository.environment import RepositoryEnvironment
from .shell import ShellEnvironment
from .web.environment import WebEnvironment


def declared(folder: EnvironmentFolder, unsafe: bool = False) -> ShellEnvironment | WebEnvironment:
    """A fresh environment, to be used once."""
    if folder.web is not None:
        return WebEnvironment(folder, unsafe)
    if folder.repository is not None:
        return RepositoryEnvironment(folder, unsafe)
    return ShellEnvironment(folder, unsafe)
