"""Formats: how rows are written down, one small class each, behind one protocol.

A format is named by its nickname or `module:Class`. What it cannot carry it counts, and says.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

from ...errors import ConfigError
from ...named import load_class
from ...types import Value
from ..choose import Window
from ..rows import Row, Rows
from ..split import Side


class Totals(Value):
    """What a format may say about the whole in the files beside its rows."""

    run: str
    """Name of the run folder."""
    environment: str
    rows: dict[Side, int]
    examples: dict[Side, int]
    sections: dict[Side, int]


class Format(Protocol):
    """Writes the rows of one export into a folder, one window at a time; it never holds all of them.

    `__init__` raises ConfigError with the line to type when a package is missing.
    """

    about: ClassVar[str]
    """What reads it, in a few words. One with `pairs = True` gets only rows with rejected replies."""

    def __init__(self, folder: Path, settings: Rows) -> None: ...

    def add(self, side: Side, window: Window, rows: Sequence[Row]) -> int:
        """Write what there is of a window -> how many rows that made in this format."""
        ...

    def close(self, totals: Totals) -> None:
        """Write what stands beside the rows (a config, a card), and close all files."""
        ...

    def abandon(self) -> None:
        """Close all files; the export has failed."""
        ...

    def not_carried(self) -> list[str]:
        """What the format had no place for, a sentence each."""
        ...

    def use(self) -> str:
        """The line to type, or what reads the folder."""
        ...

    @staticmethod
    def read(folder: Path, side: Side) -> Iterator[Any]:
        """What was written, row by row: `Row`, or `Session` where whole sessions are written.

        The inverse of `add`, for programs that take an export in. No command does; a test reads each format
        back, and finds all but what `not_carried` names.
        """
        ...


FORMATS = {
    "trl": "trl:Trl",
    "dpo": "dpo:Dpo",
    "openai": "openai:OpenAI",
    "llama-factory": "llama_factory:LlamaFactory",
    "axolotl": "axolotl:Axolotl",
    "parquet": "parquet:Parquet",
    "atif": "atif:Atif",
    "adp": "adp:Adp",
}
"""Nickname -> module in this package and class."""


def named(name: str) -> type[Format]:
    """The format of a nickname or `module:Class`. Raises ConfigError, which lists what exists."""
    if name in FORMATS:
        module, _, attribute = FORMATS[name].partition(":")
        found: type[Format] = getattr(importlib.import_module(f".{module}", __name__), attribute)
        return found
    if ":" in name:
        loaded: type[Format] = load_class(name, "the format", "add", "close")
        return loaded
    raise ConfigError(f"There is no format {name!r}; there are: {', '.join(FORMATS)}, and module:Class.")
