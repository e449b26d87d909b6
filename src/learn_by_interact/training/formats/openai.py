"""OpenAI's chat format for fine-tuning: messages, with weight 0 on replies that are not learned.

Source: platform.openai.com/docs/guides/supervised-fine-tuning. The service refuses keys that it does not
know, so the origins stand in a file of their own, line by line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from ..choose import Window
from ..rows import Row, Rows
from ..split import Side
from . import Totals
from .lines import CHAT, InLines, Lines, chat, read_lines, row_of

ORIGINS = ".origins.jsonl"


class OpenAI(InLines):
    """One JSON object a line: `messages`."""

    about: ClassVar[str] = "OpenAI's fine-tuning and what reads its chats (JSONL)"

    def __init__(self, folder: Path, settings: Rows) -> None:
        super().__init__(folder, settings)
        self._origins = Lines(folder, ORIGINS)

    def add(self, side: Side, window: Window, rows: Sequence[Row]) -> int:
        for row in rows:
            messages = chat(row)
            for at, message in enumerate(messages):
                if message["role"] == "assistant":
                    message["weight"] = int(at in row.learn)
            self._lines.write(side, {"messages": messages})
            self._origins.write(side, row.origin.model_dump(mode="json"))
        return len(rows)

    def close(self, totals: Totals) -> None:
        self.abandon()

    def abandon(self) -> None:
        super().abandon()
        self._origins.close()

    def not_carried(self) -> list[str]:
        return [CHAT, f"where a row comes from: it is in <side>{ORIGINS}, line by line"]

    def use(self) -> str:
        return "upload train.jsonl and validation.jsonl as files for fine-tuning"

    @staticmethod
    def read(folder: Path, side: Side) -> Iterator[Row]:
        rows, origins = read_lines(folder, side), read_lines(folder, side, ORIGINS)
        for value, origin in zip(rows, origins, strict=True):
            messages = value["messages"]
            learn = [at for at, one in enumerate(messages) if one.get("weight")]
            yield row_of(messages, learn, origin)
