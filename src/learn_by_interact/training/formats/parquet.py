"""Parquet with flat columns and a dataset card: what the `datasets` library and the Hugging Face hub read.

Source: huggingface.co/docs/hub/datasets-cards. Rows are written in row groups, so that memory holds one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ...errors import ConfigError
from ...texts import valid
from ..choose import Window
from ..rows import Origin, Row, Rows
from ..split import SIDES, Side
from . import Totals
from .lines import CHAT, chat, row_of

if TYPE_CHECKING:
    from pyarrow import Schema
    from pyarrow.parquet import ParquetWriter

GROUP_ROWS = 2000
GROUP_CHARACTERS = 8_000_000
"""A row group is written when it has so many rows, or characters of messages."""
NUMBERS = ("begin", "end", "step", "first_line", "last_line")
CARD = """\
---
pretty_name: {quoted}
tags:
- agent
- learn-by-interact
configs:
- config_name: default
  data_files:
{files}---

# {name}

{count} of an agent in the environment `{environment}`, made by backward construction
(Learn-by-Interact, arXiv 2501.10893): a model acted on tasks from documentation, and each stretch of what it
did got the instruction that it really achieves.

| side | rows | examples | sections of documentation |
|---|---|---|---|
{table}

No section of documentation is on both sides.

{columns}
`learn` has the positions of the replies, in the whole chat, that count for the loss. The other columns say
where a row comes from: `example`, `trajectory` with the window `begin` to `end` and the `step` in it, `model`
(what acted), `prompt_version`, `labelled` (the stage that wrote the instruction), and the lines of the
documentation: `document`, `source`, `title`, `first_line`, `last_line`.

The texts come from the documentation and the tools of the environment: their licences are those to name here.
"""


class Parquet:
    """`data/<side>.parquet` and README.md."""

    about: ClassVar[str] = "Hugging Face datasets (Parquet, a dataset card)"

    def __init__(self, folder: Path, settings: Rows) -> None:
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError as error:
            raise ConfigError("Parquet needs pyarrow: pip install 'learn-by-interact[export]'") from error
        self._folder, self._step = folder, settings.per == "step"
        self._schema = schema(self._step)
        self._writers: dict[Side, ParquetWriter] = {}
        self._waiting: dict[Side, list[dict[str, Any]]] = {side: [] for side in SIDES}
        self._size = dict.fromkeys(SIDES, 0)

    def add(self, side: Side, window: Window, rows: Sequence[Row]) -> int:
        for row in rows:
            messages = chat(row)
            for message in messages:
                message["content"] = valid(message["content"])
            parts = {"prompt": messages[:-1], "completion": messages[-1:]}
            texts = {key: valid(value) for key, value in row.origin.model_dump(mode="json").items()}
            value = {**(parts if self._step else {"messages": messages}), "learn": list(row.learn), **texts}
            self._waiting[side].append(value)
            self._size[side] += sum(len(message["content"]) for message in messages)
            if len(self._waiting[side]) >= GROUP_ROWS or self._size[side] >= GROUP_CHARACTERS:
                self._flush(side)
        return len(rows)

    def _flush(self, side: Side) -> None:
        from pyarrow import Table
        from pyarrow.parquet import ParquetWriter

        if not self._waiting[side]:
            return
        if side not in self._writers:
            (self._folder / "data").mkdir(exist_ok=True)
            file = self._folder / "data" / f"{side}.parquet"
            self._writers[side] = ParquetWriter(file, self._schema, compression="zstd")
        self._writers[side].write_table(Table.from_pylist(self._waiting[side], schema=self._schema))
        self._waiting[side], self._size[side] = [], 0

    def close(self, totals: Totals) -> None:
        for side in SIDES:
            self._flush(side)
        self.abandon()
        written = [side for side in SIDES if side in self._writers]
        files = "".join(f"  - split: {side}\n    path: data/{side}.parquet\n" for side in written)
        table = "\n".join(
            f"| {side} | {totals.rows[side]:,} | {totals.examples[side]:,} | {totals.sections[side]:,} |"
            for side in written
        )
        name = f"Learn-by-Interact: {totals.run}"
        text = CARD.format(
            name=name,
            quoted=json.dumps(name),
            files=files,
            count="Action predictions" if self._step else "Chats",
            environment=totals.environment,
            table=table,
            columns="`prompt` is what the agent sees, `completion` what it should reply."
            if self._step
            else "`messages` is the whole chat of a window.",
        )
        (self._folder / "README.md").write_text(text, encoding="utf-8")

    def abandon(self) -> None:
        for writer in self._writers.values():
            writer.close()

    def not_carried(self) -> list[str]:
        return [CHAT]

    def use(self) -> str:
        return 'load_dataset("FOLDER"), or `hf upload` to the hub'

    @staticmethod
    def read(folder: Path, side: Side) -> Iterator[Row]:
        from pyarrow.parquet import ParquetFile

        path = folder / "data" / f"{side}.parquet"
        if not path.exists():
            return
        with ParquetFile(path) as file:
            for batch in file.iter_batches(GROUP_ROWS):
                for value in batch.to_pylist():
                    messages = value.get("messages") or [*value["prompt"], *value["completion"]]
                    origin = {key: value[key] for key in Origin.model_fields}
                    yield row_of(messages, value["learn"], origin)


def schema(step: bool) -> Schema:
    """The columns: the chat, `learn`, and the fields of `Origin`."""
    import pyarrow as pa

    messages = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    chats = [(name, messages) for name in (("prompt", "completion") if step else ("messages",))]
    kinds = {"verified": pa.bool_(), **dict.fromkeys(NUMBERS, pa.int32())}
    origin = [(name, kinds.get(name, pa.string())) for name in Origin.model_fields]
    return pa.schema([*chats, ("learn", pa.list_(pa.int32())), *origin])
