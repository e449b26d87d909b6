"""Training for real: a tiny random model, two updates, a kill in between, and what llama.cpp is given."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import taught
from learn_by_interact.agents.agent import LEFT_OUT
from learn_by_interact.engine.store import Store
from learn_by_interact.errors import ConfigError
from learn_by_interact.training.rows import Maker, Row
from learn_by_interact.training.tune import fit, share
from learn_by_interact.training.tune.base import need_room, open_base
from learn_by_interact.training.tune.curve import curve
from learn_by_interact.training.tune.settings import TrainTable
from learn_by_interact.training.tune.train import Trained, train
from room import RoomEnvironment

pytest.importorskip("torch", reason="the extra train is not installed")
TEMPLATE = (
    "{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
FEW: dict[str, Any] = {"epochs": 1, "batch": 8, "rate": 1e-2, "length": 4096, "rank": 4, "rule": "unanimous"}


def tiny_model(
    folder: Path, template: str = TEMPLATE, words: int = 0, spread: float = 0.02, reads: int = 8192
) -> Path:
    """A random model of two layers with a tokenizer of bytes, as a folder."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: number for number, letter in enumerate([*letters, "</s>"])}
    plain = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=plain, eos_token="</s>", pad_token="</s>")
    tokenizer.chat_template = template or None
    config = LlamaConfig(
        vocab_size=words or len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=reads,
        initializer_range=spread,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("base"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run") as made:
        for number in range(4):
            taught.teach(made, taught.page(number))
        yield made


def tuned(store: Store, base: Path | str, folder: Path, **more: Any) -> tuple[Trained, list[str]]:
    said: list[str] = []
    table = TrainTable(**{**FEW, "base": str(base), **more})
    return train(store, RoomEnvironment(), table, folder, said.append), said


def test_a_model_is_tuned_kept_and_told_about(store: Store, base: Path, tmp_path: Path) -> None:
    done, said = tuned(store, base, tmp_path / "out", epochs=6, batch=4, validation=0.25)
    losses = [point.loss for point in done.curve if point.loss is not None]
    assert done.updates == len(losses) and losses[-1] < losses[0] and done.rows > 10
    assert done.validation_rows and any(point.validation for point in done.curve)
    assert done.model == "" and (tmp_path / "out" / "merged" / "config.json").is_file()
    assert (tmp_path / "out" / "adapter" / "adapter_model.safetensors").is_file()
    assert (tmp_path / "out" / "curve.svg").read_text().count("<polyline") == 2
    assert not list((tmp_path / "out").glob("checkpoint-*")) and any("update 1 of" in line for line in said)
    again, said = tuned(store, base, tmp_path / "out", epochs=6, batch=4, validation=0.25)
    assert again == done and not said


def test_a_training_that_was_killed_goes_on(store: Store, base: Path, tmp_path: Path) -> None:
    from transformers import Trainer

    def killed(self: Any, *arguments: Any, **named: Any) -> Any:
        if self.state.global_step >= 2:
            raise KeyboardInterrupt
        return step(self, *arguments, **named)

    step = Trainer.training_step
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "training_step", killed)
        tuned(store, base, tmp_path / "out", save=1)
    assert (tmp_path / "out" / "checkpoint-2").is_dir()
    with pytest.raises(ConfigError, match="checkpoints of a training with other settings"):
        tuned(store, base, tmp_path / "out", save=1, rate=1e-3)
    done, said = tuned(store, base, tmp_path / "out", save=1)
    whole, _ = tuned(store, base, tmp_path / "whole", save=1)
    assert "train: going on from checkpoint-2" in said and done.updates == whole.updates > 2


class Stopped(Exception):
    """A training that got as far as a line that it says."""


def begun(store: Store, base: Path, folder: Path, line: str, **more: Any) -> list[str]:
    """What a training says until it comes to a line that begins so, and is stopped there."""
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        if text.startswith(f"train: {line}"):
            raise Stopped

    with pytest.raises(Stopped):
        train(store, RoomEnvironment(), TrainTable(**{**FEW, "base": str(base), **more}), folder, say)
    return said


def test_an_old_training_is_not_told_as_another_one_s(store: Store, base: Path, tmp_path: Path) -> None:
    from learn_by_interact.training.tune.train import tuned_model

    few: dict[str, Any] = {"tokens": 3_000, "validation": 0, "share": False}
    base, out = Path(shutil.copytree(base, tmp_path / "base")), tmp_path / "out"
    done, _ = tuned(store, base, out, **few)

    def again() -> bool:
        found, said = tuned(store, base, out, **few)
        return found == done and not said

    anew = f"train: {out} holds what other settings, rows or another base gave, or does not say which: "
    assert again()
    # A base in its place, and the first one once more.
    config = (base / "generation_config.json").read_bytes()
    (base / "generation_config.json").write_bytes(config + b"\n")
    assert begun(store, base, out, "opening", **few)[0] == f"{anew}it is trained anew"
    (base / "generation_config.json").write_bytes(config)
    assert again()
    # A folder of an earlier version of this program, which wrote the settings alone.
    claim = (out / "settings.json").read_text()
    (out / "settings.json").write_text(json.dumps(json.loads(claim)["settings"]))
    assert begun(store, base, out, "opening", **few)[0] == f"{anew}it is trained anew"
    (out / "settings.json").write_text(claim)
    shutil.move(out / "merged", tmp_path / "elsewhere")
    assert (
        "is gone, or train.json cannot be read: it is trained anew"
        in begun(store, base, out, "opening", **few)[0]
    )
    shutil.move(tmp_path / "elsewhere", out / "merged")
    assert again()
    taught.teach(store, taught.page(4))
    assert begun(store, base, out, "opening", **few)[0] == f"{anew}it is trained anew"
    (out / "checkpoint-1").mkdir()
    with pytest.raises(ConfigError, match="checkpoints of a training with other settings, rows or another"):
        tuned(store, base, out, **few)
    (out / "checkpoint-1").rmdir()
    # Stopped after it had begun: the result of before is not that of the new settings.
    (out / "model.gguf").write_bytes(b"of before")
    assert len(begun(store, base, out, "", **few, rank=2)) == 1
    assert tuned_model(out, "ours")[0] == f"local/{out.resolve()}/model.gguf"
    begun(store, base, out, "3 rows", **few, rank=2)
    assert not begun(store, base, out, "opening", **few, rank=2)[:-1]
    with pytest.raises(ConfigError, match=r"the arm ours: the training in .*out has not ended; `lbi train`"):
        tuned_model(out, "ours")


def test_rows_are_no_longer_than_what_the_base_reads(store: Store, base: Path, tmp_path: Path) -> None:
    assert begun(store, base, tmp_path / "out", f"{base} reads 8,192 tokens", length=9000)[-1].endswith(
        "fewer than train.length (9,000): of longer rows the oldest steps are left out"
    )
    _, said = tuned(store, base, tmp_path / "long", length=8192)
    assert not any("fewer than train.length" in line for line in said)
    short = tiny_model(tmp_path / "short", reads=64)
    with pytest.raises(ConfigError, match=r"none of [0-9]+ rows fits 64 tokens"):
        tuned(store, short, tmp_path / "none")


def test_amounts_of_tokens_can_be_made_equal(store: Store, base: Path, tmp_path: Path) -> None:
    done, _ = tuned(store, base, tmp_path / "out", tokens=20_000, validation=0)
    assert 10_000 < done.tokens <= 20_000 and done.validation_rows == 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"base": ""}, r"\[train\] base is missing"),
        ({"base": "no/such-model-here"}, "train.base: 'no/such-model-here' cannot be opened"),
        ({"base": "local//nowhere/model.gguf"}, "train.base: there is no /nowhere/model.gguf"),
        ({"length": 64}, "none of [0-9]+ rows fits 64 tokens"),
        (
            {"kinds": ("task",)},
            r"No example of .* is left \(the selection [0-9]+\): choose another train.rule",
        ),
    ],
)
def test_what_cannot_be_trained_is_told(
    store: Store,
    base: Path,
    tmp_path: Path,
    changes: dict[str, Any],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ConfigError, match=told):
        tuned(store, changes.pop("base", base), tmp_path / "out", **changes)


def test_a_base_that_does_not_fit_is_told(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no chat template"):
        tuned(store, tiny_model(tmp_path / "mute", template=""), tmp_path / "out")
    with pytest.raises(ConfigError, match=r"the tokenizer of .* has 257 tokens and the model 200"):
        tuned(store, tiny_model(tmp_path / "small", words=200), tmp_path / "out")


def test_too_little_memory_is_told_before(store: Store, base: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"about [\d.]+ GB of memory .* lower train.length"):
        tuned(store, base, tmp_path / "out", batch=4096, micro=4096, length=100_000)


def test_too_little_disk_is_told_before(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(
        ConfigError, match=r"takes about [\d.]+ GB of disk and 0\.0 are free in .*: make room"
    ):
        need_room(open_base(str(base)).model, 1, 64, tmp_path)


def apart(rows: list[share.Tokens]) -> list[share.Tree]:
    return [tree for row in rows for tree in share.trees([row], 1, 1)]


def test_rows_that_begin_alike_are_read_together_with_the_same_loss_and_gradient(
    store: Store, base: Path
) -> None:
    import torch

    opened = open_base(str(base))
    maker = Maker(RoomEnvironment().actions, RoomEnvironment.description)
    made = [row for window in taught.windows(store) for row in maker.rows(window)]
    fitted = [one for row in made if (one := fit.fitted(row, opened.tokenizer, 100_000))]
    rows = [share.tokens(row, opened.tokenizer) for row in fitted[:6]]
    (tree,) = share.trees(rows, 6, 10**6)
    assert tree.rows == 6 and len(tree.tokens) < sum(row.tokens for row in fitted[:6]) / 2
    assert sorted(tree.targets) == sorted(token for row in rows for token in row.completion)
    assert [tree.rows for tree in share.trees(rows, 4, 10**6)] == [4, 2]
    assert [tree.rows for tree in share.trees(rows, 6, 10)] == [1] * 6

    def gradient(trees: list[share.Tree], dense: bool) -> Any:
        opened.model.zero_grad()
        losses = [share.loss(opened.model, share.batch(one, dense), 1) for one in trees]
        sum(losses).backward()
        return sum(float(one.detach()) for one in losses), torch.cat(
            [one.grad.flatten() for one in opened.model.parameters()]
        )

    for dense in (False, True):
        whole, parts = gradient([tree], dense), gradient(apart(rows), dense)
        assert whole[0] == pytest.approx(parts[0], rel=1e-4)
        assert (whole[1] - parts[1]).norm() < 1e-3 * parts[1].norm()
    assert share.can_share(opened.model, rows)


def test_a_model_that_cannot_share_reads_each_row_whole(
    store: Store, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, said = tuned(store, base, tmp_path / "shared", validation=0)
    assert any("is read once" in line for line in said)
    other, said = tuned(store, base, tmp_path / "whole", validation=0, share=False)
    assert not any("is read once" in line for line in said)
    assert shared.rows == other.rows and shared.updates == other.updates
    assert shared.curve[0].loss == pytest.approx(other.curve[0].loss, rel=0.3)
    # A model that heeds no mask, with weights so far apart that this makes a difference.
    true = share.batch
    blind = {"attention_mask": None, "position_ids": None}
    monkeypatch.setattr(share, "batch", lambda tree, dense: {**true(tree, dense), **blind})
    _, said = tuned(store, tiny_model(tmp_path / "base", spread=0.5), tmp_path / "blind", validation=0)
    assert "train: this model cannot share what rows begin with: each is read whole" in said


class Letters:
    """A tokenizer with a token for each letter."""

    def apply_chat_template(self, messages: list[dict[str, str]], tokenize: bool) -> str:
        assert not tokenize
        return "".join(message["content"] for message in messages)

    def __call__(self, text: str, add_special_tokens: bool) -> dict[str, list[str]]:
        return {"input_ids": list(text)}


def longest(store: Store) -> Row:
    maker = Maker(RoomEnvironment().actions, RoomEnvironment.description)
    made = (row for window in taught.windows(store) for row in maker.rows(window))
    return max(made, key=lambda row: len(row.messages))


def test_a_long_prompt_loses_its_oldest_steps_and_a_reply_nothing(store: Store) -> None:
    row = longest(store)
    whole = fit.fitted(row, Letters(), 100_000)
    assert whole and whole.cut == 0
    less = fit.fitted(row, Letters(), whole.tokens - 1)
    assert less and less.cut == 1 and less.completion == whole.completion
    assert "(The first 1 steps are left out here.)" in less.prompt[1]["content"]
    assert less.prompt[2:] == whole.prompt[4:] and less.tokens < whole.tokens
    assert fit.fitted(row, Letters(), 50) is None
    assert [one.tokens for one in fit.within([whole, less, less], whole.tokens + less.tokens)] == [
        whole.tokens,
        less.tokens,
    ]


def test_steps_that_the_agent_left_out_already_are_counted_in_the_same_sentence(store: Store) -> None:
    row = longest(store)
    system, first, *others = row.messages
    content = first.content + LEFT_OUT.format(count=3)
    row = row.model_copy(
        update={"messages": (system, first.model_copy(update={"content": content}), *others)}
    )
    whole = fit.fitted(row, Letters(), 100_000)
    assert whole and whole.cut == 0 and whole.prompt[1]["content"] == content
    less = fit.fitted(row, Letters(), whole.tokens - 1)
    assert less and less.cut == 1
    assert less.prompt[1]["content"] == first.content + "\n\n(The first 4 steps are left out here.)"


@pytest.fixture
def llama(tmp_path: Path) -> Path:
    import numpy as np
    from gguf import GGMLQuantizationType as Kind
    from gguf import GGUFWriter
    from gguf.quants import quantize

    writer = GGUFWriter(str(tmp_path / "base.gguf"), "llama")
    writer.add_name("tiny")
    writer.add_block_count(1)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_token_list(["a", "b"])
    draw = np.random.default_rng(0)
    for name, rows in (("attn_q", 64), ("attn_k", 32), ("attn_v", 32), ("ffn_up", 96)):
        weight = draw.normal(size=(rows, 64)).astype(np.float32)
        writer.add_tensor(f"blk.0.{name}.weight", quantize(weight, Kind.Q4_1), raw_dtype=Kind.Q4_1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tmp_path / "base.gguf"


def test_what_llama_cpp_gets_is_the_base_with_the_differences(llama: Path, tmp_path: Path) -> None:
    import numpy as np
    from gguf import GGUFReader
    from gguf.quants import dequantize

    from learn_by_interact.training.tune.merge import write_merged

    def weights(path: Path) -> dict[str, Any]:
        return {one.name: dequantize(one.data, one.tensor_type) for one in GGUFReader(str(path)).tensors}

    draw = np.random.default_rng(1)
    query, up = (draw.normal(size=(rows, 64)).astype(np.float32) for rows in (64, 96))
    names = {"model.layers.0.self_attn.q_proj.weight": query, "model.layers.0.mlp.up_proj.weight": up}
    assert write_merged(llama, tmp_path / "new.gguf", names) == 2
    before, after = weights(llama), weights(tmp_path / "new.gguf")
    for name in ("blk.0.attn_k.weight", "blk.0.attn_v.weight"):
        assert (before[name] == after[name]).all()
    assert np.abs(after["blk.0.ffn_up.weight"] - before["blk.0.ffn_up.weight"] - up).max() < 0.05
    # Of each head of 16 rows, llama.cpp has rows 0, 8, 1, 9, ... of transformers.
    order = [16 * head + half * 8 + at for head in range(4) for at in range(8) for half in range(2)]
    moved = after["blk.0.attn_q.weight"] - before["blk.0.attn_q.weight"]
    assert np.abs(moved - query[order]).max() < 0.05 < np.abs(moved - query).max()
    fields = {name: field.contents() for name, field in GGUFReader(str(tmp_path / "new.gguf")).fields.items()}
    assert fields["general.name"] == "tiny" and fields["tokenizer.ggml.tokens"] == ["a", "b"]
    with pytest.raises(ValueError, match=r"no weight model\.layers\.0\.mlp\.down_proj"):
        write_merged(llama, tmp_path / "no.gguf", {"model.layers.0.mlp.down_proj.weight": up})


def test_curves_of_both_kinds_are_drawn() -> None:
    drawn = curve("Loss <of> it", {"training": [(1, 2.0), (2, 1.0)], "validation": [(2, 1.5)]})
    assert drawn.count("<circle") == 3 and "Loss &lt;of&gt; it" in drawn


def test_settings_that_do_not_fit_together_are_told() -> None:
    with pytest.raises(ValueError, match="batch 3 is no multiple of micro 2"):
        TrainTable(batch=3, micro=2)
    assert (TrainTable().rate, TrainTable().batch, TrainTable().length) == (2e-5, 128, 8192)
