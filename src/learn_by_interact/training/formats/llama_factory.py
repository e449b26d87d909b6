"""LLaMA-Factory: ShareGPT conversations, `dataset_info.json`, and a config to train with.

Source: github.com/hiyouga/LLaMA-Factory, data/README.md. Human turns stand at odd positions and gpt turns at
even ones. `mask_history` counts the loss on the last reply alone, which is what a step needs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ..choose import Window
from ..rows import Row, Rows
from ..split import Side
from . import Totals
from .lines import CHAT, InLines, Unlearned, chat, read_lines, row_of, sides

FROM = {"user": "human", "assistant": "gpt"}
ROLE = {name: role for role, name in FROM.items()}
CONFIG = """\
# llamafactory-cli train lora.yaml, in this folder. Name the model and its template.
model_name_or_path: Qwen/Qwen2.5-Coder-1.5B-Instruct
template: qwen
stage: sft
do_train: true
finetuning_type: lora
lora_rank: 16
lora_target: all
dataset_dir: .
dataset: lbi_train
{evaluation}cutoff_len: 4096
mask_history: {mask}
output_dir: lora
per_device_train_batch_size: 1
gradient_accumulation_steps: 8
learning_rate: 1.0e-4
num_train_epochs: 2.0
lr_scheduler_type: cosine
warmup_ratio: 0.1
logging_steps: 10
save_strategy: epoch
"""


class LlamaFactory(InLines):
    """One JSON object a line: `conversations`, `system`, `origin`."""

    about: ClassVar[str] = "LLaMA-Factory (ShareGPT JSONL, dataset_info.json, a config)"

    def __init__(self, folder: Path, settings: Rows) -> None:
        super().__init__(folder, settings)
        self._unlearned = Unlearned()

    def add(self, side: Side, window: Window, rows: Sequence[Row]) -> int:
        for row in rows:
            system, *turns = chat(row)
            said = [{"from": FROM[one["role"]], "value": one["content"]} for one in turns]
            if self._settings.per == "window":
                self._unlearned.see(row)
            value = {"conversations": said, "system": system["content"]}
            self._lines.write(side, {**value, "origin": row.origin.model_dump(mode="json")})
        return len(rows)

    def close(self, totals: Totals) -> None:
        super().close(totals)
        found = sides(self._folder)
        info = {f"lbi_{side}": _declared(side) for side in found}
        (self._folder / "dataset_info.json").write_text(json.dumps(info, indent=2) + "\n", encoding="utf-8")
        evaluation = "eval_dataset: lbi_validation\neval_strategy: epoch\n" if "validation" in found else ""
        mask = "true" if self._settings.per == "step" else "false"
        config = CONFIG.format(evaluation=evaluation, mask=mask)
        (self._folder / "lora.yaml").write_text(config, encoding="utf-8")

    def not_carried(self) -> list[str]:
        remedy = "ShareGPT has no weights; --per step keeps to the loss"
        return [CHAT, *self._unlearned.said(remedy)]

    def use(self) -> str:
        return "llamafactory-cli train lora.yaml"

    @staticmethod
    def read(folder: Path, side: Side) -> Iterator[Row]:
        """Which replies are learned is in the config, `mask_history`: the last alone, or all of them."""
        last = "mask_history: true" in (folder / "lora.yaml").read_text(encoding="utf-8")
        for value in read_lines(folder, side):
            turns = [{"role": ROLE[one["from"]], "content": one["value"]} for one in value["conversations"]]
            messages = [{"role": "system", "content": value["system"]}, *turns]
            replies = [at for at, one in enumerate(messages) if one["role"] == "assistant"]
            yield row_of(messages, replies[-1:] if last else replies, value["origin"])


def _declared(side: Side) -> dict[str, Any]:
    return {
        "file_name": f"{side}.jsonl",
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "system": "system"},
        "tags": {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"},
    }
