"""What is written for LLaMA-Factory and axolotl, read by the code with which they read it themselves."""

from __future__ import annotations

import importlib.machinery
import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import taught
from learn_by_interact.engine.store import Store
from learn_by_interact.training.export import export
from learn_by_interact.training.rows import Rows
from learn_by_interact.training.split import Split
from room import RoomEnvironment
from test_training_tune import tiny_model


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run") as made:
        for number in range(4):
            taught.teach(made, taught.page(number))
        yield made


def written(store: Store, name: str, folder: Path, per: str) -> list[dict[str, Any]]:
    rows = Rows.model_validate({"per": per})
    export(store, RoomEnvironment(), name, folder, taught.ALL, rows, Split(validation=0))
    return [json.loads(line) for line in (folder / "train.jsonl").read_text("utf-8").split("\n") if line]


@pytest.mark.parametrize("per", ["step", "window"])
def test_llama_factory_s_own_converter_takes_every_row(
    store: Store, tmp_path: Path, per: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = types.ModuleType("torchaudio")  # It reads sounds with it, of which there are none.
    sound.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
    monkeypatch.setitem(sys.modules, "torchaudio", sound)
    converter = pytest.importorskip("llamafactory.data.converter")
    parser = pytest.importorskip("llamafactory.data.parser")
    rows = written(store, "llama-factory", tmp_path / "out", per)
    (entry,) = json.loads((tmp_path / "out" / "dataset_info.json").read_text()).values()
    told = parser.DatasetAttr("file", dataset_name=entry["file_name"])
    told.join(entry)
    convert = converter.SharegptDatasetConverter(told, types.SimpleNamespace(media_dir=""))
    assert len(rows) > 10
    for row in rows:
        read = convert(row)
        turns = [one["content"] for one in (*read["_prompt"], *read["_response"])]
        assert turns == [one["value"] for one in row["conversations"]] and len(read["_response"]) == 1
        assert read["_system"].startswith("You act in this environment")
    rows[0]["conversations"][0]["from"] = "gpt"
    assert not convert(rows[0])["_prompt"], "what does not alternate is refused"


@pytest.mark.parametrize("per", ["step", "window"])
def test_axolotl_s_own_strategy_trains_the_replies_alone(store: Store, tmp_path: Path, per: str) -> None:
    strategies = pytest.importorskip("axolotl.prompt_strategies.chat_template")
    yaml = pytest.importorskip("yaml")
    dicts = pytest.importorskip("axolotl.utils.dict")
    from transformers import AutoTokenizer

    rows = written(store, "axolotl", tmp_path / "out", per)
    config = dicts.DictDefault(yaml.safe_load((tmp_path / "out" / "lora.yaml").read_text()))
    tokenizer = AutoTokenizer.from_pretrained(tiny_model(tmp_path / "tiny"))
    strategy = strategies.StrategyLoader()(tokenizer, config, config["datasets"][0])
    assert len(rows) > 10
    for row in rows:
        labels = strategy.tokenize_prompt(row)["labels"]
        trained = tokenizer.decode([one for one in labels if one != -100])
        replies = [one["content"] for one in row["messages"] if one["train"]]
        assert [one for one in trained.split("</s>") if one.strip()] == replies
