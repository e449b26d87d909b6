"""The environment of a folder, by its kind."""

from __future__ import annotations

from ..errors import ConfigError
from .folder import EnvironmentFolder
from .repository.environment import RepositoryEnvironment
from .shell import ShellEnvironment
from .web.environment import WebEnvironment


def declared(folder: EnvironmentFolder, unsafe: bool = False) -> ShellEnvironment | WebEnvironment:
    """A fresh environment, to be used once."""
    if folder.swebench is not None:
        raise ConfigError(f"{folder.name} has an environment for each of its instances, and none of its own")
    if folder.web is not None:
        return WebEnvironment(folder, unsafe)
    if folder.repository is not None:
        return RepositoryEnvironment(folder, unsafe)
    return ShellEnvironment(folder, unsafe)
