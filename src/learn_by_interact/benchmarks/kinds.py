"""The benchmark of a folder, by its kind."""

from __future__ import annotations

from pathlib import Path

from ..environments.folder import EnvironmentFolder
from . import Benchmark


def declared(path: Path, unsafe: bool = False) -> Benchmark:
    """The benchmark that a folder with `environment.toml` declares. Raises ConfigError."""
    kind = EnvironmentFolder.load(path).kind
    if kind == "swebench":
        from .swebench import SweBench

        return SweBench(path, unsafe)
    if kind == "repository":
        from .repository import RepositoryBenchmark

        return RepositoryBenchmark(path, unsafe)
    from .folder import FolderBenchmark

    return FolderBenchmark(path, unsafe=unsafe)
