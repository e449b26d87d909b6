"""Files with one JSON value a line, and the origin of a row beside or in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from ...errors import StoreError
from ..rows import Origin, Row, Rows
from ..split import SIDES, Side
from . import Totals

CHAT = "fingerprints of states, token usage, and what retrieval showed: a chat has no place for them"


class Lines:
    """A file for each side, `<side>.jsonl`, opened when it gets its first line."""

    def __init__(self, folder: Path, ending: str = ".jsonl") -> None:
        self._folder, self._ending = folder, ending
        self._files: dict[Side, TextIO] = {}

    def write(self, side: Side, value: Any) -> None:
        """Raises OSError."""
        if side not in self._files:
            # A lone surrogate, which no UTF-8 file can hold, becomes a question mark.
            self._files[side] = (self._folder / f"{side}{self._ending}").open(
                "w", encoding="utf-8", errors="replace", newline="\n"
            )
        self._files[side].write(json.dumps(value, ensure_ascii=False) + "\n")

    def close(self) -> None:
        for file in self._files.values():
            file.close()


class InLines:
    """What formats of one JSON value a line share; the base of their classes."""

    def __init__(self, folder: Path, settings: Rows) -> None:
        self._folder, self._settings = folder, settings
        self._lines = Lines(folder)

    def close(self, totals: Totals) -> None:
        """Nothing stands beside the lines; a format with more extends this."""
        self._lines.close()

    def abandon(self) -> None:
        self._lines.close()


def read_lines(folder: Path, side: Side, ending: str = ".jsonl") -> Iterator[Any]:
    """The values of a side; none where it has no file. Raises StoreError that names the file and the line."""
    path = folder / f"{side}{ending}"
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise StoreError(f"{path}:{number}: this is not JSON ({error}).") from None


def sides(folder: Path, ending: str = ".jsonl") -> list[Side]:
    """The sides that have a file."""
    return [side for side in SIDES if (folder / f"{side}{ending}").exists()]


def chat(row: Row) -> list[dict[str, Any]]:
    """The messages as plain values."""
    return [{"role": message.role, "content": message.content} for message in row.messages]


def row_of(messages: list[dict[str, Any]], learn: list[int], origin: Any) -> Row:
    """The row that was written as these plain values."""
    plain = [{"role": one["role"], "content": one["content"]} for one in messages]
    value = {"messages": plain, "learn": learn, "origin": Origin.model_validate(origin)}
    return Row.model_validate(value)


class Unlearned:
    """Counts replies that are learned in a format which cannot say that they are not."""

    def __init__(self) -> None:
        self._count = 0

    def see(self, row: Row) -> None:
        replies = sum(message.role == "assistant" for message in row.messages)
        self._count += replies - len(row.learn)

    def said(self, remedy: str) -> list[str]:
        """A sentence, or none where nothing was lost."""
        if not self._count:
            return []
        return [f"that {self._count:,} replies are not to be learned (failed actions): {remedy}"]
