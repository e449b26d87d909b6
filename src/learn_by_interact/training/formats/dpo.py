"""TRL's preference rows (huggingface.co/docs/trl/dataset_formats): prompt, chosen and rejected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from ..choose import Window
from ..rows import Row
from ..split import Side
from .lines import CHAT, InLines, chat, read_lines, row_of


class Dpo(InLines):
    """One JSON object a line, one for each action that was wrong where the chosen one worked."""

    about: ClassVar[str] = "TRL's DPOTrainer (JSONL)"
    pairs: ClassVar[bool] = True

    def add(self, side: Side, window: Window, rows: Sequence[Row]) -> int:
        for row in rows:
            messages, origin = chat(row), row.origin.model_dump(mode="json")
            for reply in row.rejected:
                rejected = [{"role": "assistant", "content": reply}]
                value = {"prompt": messages[:-1], "chosen": messages[-1:], "rejected": rejected}
                self._lines.write(side, {**value, "origin": origin})
        return sum(len(row.rejected) for row in rows)

    def not_carried(self) -> list[str]:
        return [CHAT]

    def use(self) -> str:
        return 'DPOTrainer with load_dataset("json", data_files={"train": "train.jsonl"})'

    @staticmethod
    def read(folder: Path, side: Side) -> Iterator[Row]:
        """Row by row as they stand there: each with one rejected reply."""
        for value in read_lines(folder, side):
            messages = [*value["prompt"], *value["chosen"]]
            row = row_of(messages, [len(messages) - 1], value["origin"])
            yield row.model_copy(update={"rejected": (value["rejected"][0]["content"],)})
