"""axolotl: messages with `train` on each reply, and a config (docs.axolotl.ai, dataset formats).

`message_field_training` names the key that says of each message whether its tokens count for the loss.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from ..choose import Window
from ..rows import Row
from ..split import Side
from . import Totals
from .lines import CHAT, InLines, chat, read_lines, row_of, sides

DATASET = """\
  - path: {side}.jsonl
    ds_type: json
    split: train
    type: chat_template
    field_messages: messages
    message_property_mappings:
      role: role
      content: content
    roles_to_train: []
    message_field_training: train
    train_on_eos: turn
"""
CONFIG = """\
# axolotl train lora.yaml, in this folder. Name the model.
base_model: Qwen/Qwen2.5-Coder-1.5B-Instruct
chat_template: tokenizer_default
datasets:
{train}{validation}val_set_size: 0
sequence_len: 4096
adapter: lora
lora_r: 16
lora_alpha: 32
lora_target_linear: true
output_dir: lora
micro_batch_size: 1
gradient_accumulation_steps: 8
num_epochs: 2
learning_rate: 0.0001
lr_scheduler: cosine
optimizer: adamw_torch
bf16: auto
"""


class Axolotl(InLines):
    """One JSON object a line: `messages`, `origin`."""

    about: ClassVar[str] = "axolotl (JSONL, a config)"

    def add(self, side: Side, window: Window, rows: Sequence[Row]) -> int:
        for row in rows:
            messages = [{**one, "train": at in row.learn} for at, one in enumerate(chat(row))]
            value = {"messages": messages, "origin": row.origin.model_dump(mode="json")}
            self._lines.write(side, value)
        return len(rows)

    def close(self, totals: Totals) -> None:
        super().close(totals)
        validation = ""
        if "validation" in sides(self._folder):
            validation = "test_datasets:\n" + DATASET.format(side="validation")
        config = CONFIG.format(train=DATASET.format(side="train"), validation=validation)
        (self._folder / "lora.yaml").write_text(config, encoding="utf-8")

    def not_carried(self) -> list[str]:
        return [CHAT]

    def use(self) -> str:
        return "axolotl train lora.yaml"

    @staticmethod
    def read(folder: Path, side: Side) -> Iterator[Row]:
        for value in read_lines(folder, side):
            messages = value["messages"]
            yield row_of(messages, [at for at, one in enumerate(messages) if one["train"]], value["origin"])
