"""TRL: prompt and completion for a step, messages for a window (huggingface.co/docs/trl/dataset_formats).

With prompt and completion, `SFTTrainer` counts the loss on the completion alone; with messages, on all
replies when `assistant_only_loss=True`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from ..choose import Window
from ..rows import Row, Rows
from ..split import Side
from .lines import CHAT, InLines, Unlearned, chat, read_lines, row_of


class Trl(InLines):
    """One JSON object a line; `origin` stands beside the columns that TRL reads."""

    about: ClassVar[str] = "TRL's SFTTrainer (JSONL)"

    def __init__(self, folder: Path, settings: Rows) -> None:
        super().__init__(folder, settings)
        self._unlearned = Unlearned()

    def add(self, side: Side, window: Window, rows: Sequence[Row]) -> int:
        for row in rows:
            messages, origin = chat(row), row.origin.model_dump(mode="json")
            if self._settings.per == "step":
                value = {"prompt": messages[:-1], "completion": messages[-1:], "origin": origin}
            else:
                self._unlearned.see(row)
                value = {"messages": messages, "origin": origin}
            self._lines.write(side, value)
        return len(rows)

    def not_carried(self) -> list[str]:
        return [CHAT, *self._unlearned.said("TRL's messages have no weights; --per step keeps to the loss")]

    def use(self) -> str:
        more = "" if self._settings.per == "step" else " and SFTConfig(assistant_only_loss=True)"
        return f'SFTTrainer with load_dataset("json", data_files={{"train": "train.jsonl"}}){more}'

    @staticmethod
    def read(folder: Path, side: Side) -> Iterator[Row]:
        """Of messages it is not known which replies are learned: all count."""
        for value in read_lines(folder, side):
            messages = value.get("messages") or [*value["prompt"], *value["completion"]]
            replies = [at for at, one in enumerate(messages) if one["role"] == "assistant"]
            learn = replies if "messages" in value else replies[-1:]
            yield row_of(messages, learn, value["origin"])
