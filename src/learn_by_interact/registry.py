"""Names: a folder, a nickname, or `module:Class`. Nothing to register; an error lists what exists."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from .benchmarks import Benchmark
from .errors import ConfigError
from .named import load_class

BENCHMARKS: dict[str, str] = {
    "miniwob": "learn_by_interact.benchmarks.miniwob:MiniWob",
    "miniwob-all": "learn_by_interact.benchmarks.miniwob:MiniWobAll",
    "osworld": "learn_by_interact.benchmarks.osworld:OSWorld",
    "spider2v": "learn_by_interact.benchmarks.spider2v:Spider2V",
    "spider2v-dagster": "learn_by_interact.benchmarks.spider2v.served:Dagster",
    "spider2v-dbt": "learn_by_interact.benchmarks.spider2v.served:Dbt",
    "spider2v-jupyter": "learn_by_interact.benchmarks.spider2v.served:Jupyter",
    "webarena-verified": "learn_by_interact.benchmarks.webarena_verified:WebArenaVerified",
    "webarena": "learn_by_interact.benchmarks.webarena:WebArena",
}
"""Nickname -> `module:Class` of benchmarks that come with the program and are no folder."""
METHODS = ("tasks", "environment", "grade", "gold")
"""Of a benchmark."""


def is_named(name: str) -> bool:
    """Whether this is a nickname or `module:Class`; a path may hold a colon, too."""
    return name in BENCHMARKS or (":" in name and not Path(name).exists())


@lru_cache(maxsize=32)
def benchmark(name: str, unsafe: bool = False) -> Benchmark:
    """The benchmark and environment of this name, one instance a process.

    Raises ConfigError when it is neither a folder with environment.toml, a nickname nor `module:Class`.
    """
    if (Path(name) / "environment.toml").is_file():
        from .benchmarks.kinds import declared

        return declared(Path(name), unsafe)
    if is_named(name):
        kind = load_class(BENCHMARKS.get(name, name), "the environment", *METHODS)
        made: Benchmark = kind()
        return made
    known = ", ".join(BENCHMARKS) or "none"
    raise ConfigError(
        f"{name!r} is no environment: give a folder that holds environment.toml, module:Class, or a nickname "
        f"(there are: {known})."
    )


@lru_cache(maxsize=32)
def identity(name: str) -> str:
    """What the ledger knows an environment by: of a folder, its name and content, wherever it lies.

    Raises ConfigError when the folder's declaration is wrong.
    """
    if not (Path(name) / "environment.toml").is_file():
        return name
    from .environments.fingerprint import identity as folder_identity
    from .environments.folder import EnvironmentFolder

    return folder_identity(EnvironmentFolder.load(name))
