"""Train: rows in, a tuned model out, that serves as `local//.../model.gguf`; a killed training goes on."""

from __future__ import annotations

import os
import resource
import shutil
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ...engine.store import Store
from ...environments import Environment
from ...errors import ConfigError
from ...types import Value, digest
from ..choose import Choice
from ..deal import Deal
from ..rows import Row, Rows
from ..split import Side, Split
from . import fit, share
from .base import Base, files_digest, need_packages, need_room, open_base
from .curve import curve
from .merge import write_merged
from .settings import TrainTable

RESULT = "train.json"
SETTINGS = "settings.json"
MODEL = "model.gguf"
MERGED = "merged"
CURVE = "curve.svg"
Say = Callable[[str], None]


class Claim(Value):
    """What a training is made of, as `settings.json` has it from its beginning."""

    settings: TrainTable
    rows: str
    """Hash of the drawn rows."""
    base: str
    """Hash of the base's files; "": it comes from the hub."""


class Point(Value):
    """A place on the curves."""

    step: int
    """Updates so far."""
    epoch: float
    loss: float | None = None
    """Cross-entropy per token of the replies, on the rows of this update."""
    validation: float | None = None
    """The same on the rows for validation."""


class Trained(Value):
    """What a training took and gave."""

    base: str
    folder: str
    model: str
    """What `--model` takes; "": the weights are in `folder/merged`, for another server."""
    settings: TrainTable
    rows: int
    validation_rows: int
    tokens: int
    """Of the rows, prompt and reply, once."""
    computed: int
    """Of an epoch, as the model computes them: what rows begin with alike counts once where it is shared."""
    too_long: int
    """Rows left out because the task and the reply alone are longer than `length`."""
    cut: int
    """Rows that lost their oldest steps."""
    updates: int
    seconds: float
    """Of this sitting."""
    tokens_a_second: float
    """Tokens of rows that this sitting learned from, over its seconds."""
    peak_gb: float
    """Of memory; on a GPU, of the GPU's."""
    curve: tuple[Point, ...]


def train(
    store: Store, environment: Environment, table: TrainTable, folder: Path, say: Say = lambda _: None
) -> Trained:
    """Tune `table.base` on the chosen examples of a run, in `folder`, or go on with it.

    Raises ConfigError: a package, memory or disk is missing, the base cannot be tuned, nothing was chosen, or
    the folder holds checkpoints of another training.
    """
    need_packages()
    _quiet()
    rows = _rows(store, environment, table)
    claim = Claim(settings=table, rows=fit.rows_digest(rows), base=files_digest(table.base))
    if made := _made(folder, claim, say):
        return made
    say(f"train: opening {table.base}")
    base = open_base(table.base)
    table = _readable(base, table, say)
    folder.mkdir(parents=True, exist_ok=True)
    need_room(base.model, table.micro, table.length, folder)
    sides = [_fitting(side, base, table, table.tokens if not at else None) for at, side in enumerate(rows)]
    learned, measured = ([row for row in side if row] for side in sides)
    too_long = sum(row is None for side in sides for row in side)
    if not learned:
        limit = f", or train.tokens ({table.tokens:,})" if table.tokens else ""
        raise ConfigError(
            f"train.length: none of {len(rows[0]):,} rows fits {table.length} tokens: raise it{limit}."
        )
    _claim(folder, claim)
    tokens = sum(row.tokens for row in learned)
    say(f"train: {len(learned):,} rows, {tokens:,} tokens, {len(measured):,} rows for validation")
    begun = time.monotonic()
    feed = _feed(base, table, learned, measured, say)
    trainer, before = _run(base, table, folder, feed, say)
    seconds = time.monotonic() - begun
    model = _keep(base, trainer.model, folder, table, say)
    updates = int(trainer.state.global_step)
    seen = tokens * table.epochs * (updates - before) / max(updates, 1)
    done = Trained(
        base=table.base,
        folder=str(folder),
        model=model,
        settings=table,
        rows=len(learned),
        validation_rows=len(measured),
        tokens=tokens,
        computed=feed.tokens,
        too_long=too_long,
        cut=sum(bool(row.cut) for row in [*learned, *measured]),
        updates=updates,
        seconds=seconds,
        tokens_a_second=seen / max(seconds, 1e-9),
        peak_gb=_peak(),
        curve=_curve(trainer.state.log_history),
    )
    (folder / CURVE).write_text(_drawn(done), encoding="utf-8")
    (folder / RESULT).write_text(done.model_dump_json(indent=2) + "\n", encoding="utf-8")
    for checkpoint in folder.glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    return done


def _quiet() -> None:
    """What is told is told by `say`: no bars, no advice of the libraries."""
    os.environ.setdefault("TQDM_DISABLE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    for module in ("peft", "transformers", "trl", "torch"):
        warnings.filterwarnings("ignore", module=module)


def _rows(store: Store, environment: Environment, table: TrainTable) -> tuple[list[Row], list[Row]]:
    """Rows to learn and rows to measure by, in drawn order. Raises ConfigError: none to learn."""
    how = Rows(failed=table.failed, stop=table.stop, reasons=table.reasons)
    choice = Choice(**{key: getattr(table, key) for key in Choice.model_fields})
    split = Split(validation=table.validation, seed=table.seed)
    deal = Deal(store, environment, choice, how, split, "train.rule")
    dealt: dict[Side, list[Row]] = {"train": [], "validation": []}
    for window, side, made in deal:
        if side:
            dealt[side] += made * window.times
    if not dealt["train"]:
        raise ConfigError(deal.nothing())
    return fit.drawn(dealt["train"], table.seed), fit.drawn(dealt["validation"], table.seed)


def _readable(base: Base, table: TrainTable, say: Say) -> TrainTable:
    """The settings, with rows no longer than what the base can read."""
    reads = getattr(base.model.config, "max_position_embeddings", None)
    if not reads or table.length <= reads:
        return table
    say(
        f"train: {table.base} reads {reads:,} tokens, fewer than train.length ({table.length:,}): of longer "
        "rows the oldest steps are left out"
    )
    return table.model_copy(update={"length": reads})


def _fitting(
    rows: Iterable[Row], base: Base, table: TrainTable, tokens: int | None
) -> list[fit.Fitted | None]:
    """Rows in their size, None for each that cannot be made to fit."""
    fitted = [fit.fitted(row, base.tokenizer, table.length) for row in rows]
    kept = list(fit.within((row for row in fitted if row), tokens))
    return [*kept, *(None for row in fitted if row is None)]


def _made(folder: Path, claim: Claim, say: Say) -> Trained | None:
    """What this training gave before; None: it is to be made. Raises ConfigError: checkpoints of another."""
    same = _claimed(folder) == claim
    if not same and any(folder.glob("checkpoint-*")):
        raise ConfigError(
            f"{folder} holds checkpoints of a training with other settings, rows or another base: give "
            "[train] another name, or delete it."
        )
    if not (folder / RESULT).is_file():
        return None
    if not same:
        say(
            f"train: {folder} holds what other settings, rows or another base gave, or does not say which: "
            "it is trained anew"
        )
        return None
    with suppress(ValueError):
        done = Trained.model_validate_json((folder / RESULT).read_text(encoding="utf-8"))
        model = f"local/{(folder / MODEL).resolve()}" if done.model else ""
        if (folder / (MODEL if model else MERGED)).exists():
            return done.model_copy(update={"folder": str(folder), "model": model})
    say(f"train: the model in {folder} is gone, or {RESULT} cannot be read: it is trained anew")
    return None


def _claim(folder: Path, claim: Claim) -> None:
    """From now on what the folder holds is this training's: what another gave is no result of it."""
    (folder / RESULT).unlink(missing_ok=True)
    (folder / SETTINGS).write_text(claim.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _claimed(folder: Path) -> Claim | None:
    try:
        return Claim.model_validate_json((folder / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _run(base: Base, table: TrainTable, folder: Path, feed: Feed, say: Say) -> tuple[Any, int]:
    """The trainer after the last update, and how many were made before. Raises ConfigError: out of memory."""
    import torch
    from transformers import PrinterCallback
    from transformers.trainer_utils import get_last_checkpoint

    trainer = feed.trainer(
        model=base.model,
        args=_arguments(table, folder, feed),
        processing_class=base.tokenizer,
        peft_config=_lora(table),
        callbacks=[_teller(say)],
        **feed.data,
    )
    trainer.remove_callback(PrinterCallback)
    last = get_last_checkpoint(str(folder))
    if last:
        say(f"train: going on from {Path(last).name}")
    try:
        trainer.train(resume_from_checkpoint=last)
    except (torch.OutOfMemoryError, MemoryError):
        raise ConfigError(
            f"training ran out of memory: lower train.micro ({table.micro}) or train.length ({table.length})."
        ) from None
    return trainer, int(Path(last).name.rpartition("-")[2]) if last else 0


def _lora(table: TrainTable) -> Any:
    from peft import LoraConfig

    return LoraConfig(
        r=table.rank,
        lora_alpha=table.alpha,
        lora_dropout=table.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


class Feed(NamedTuple):
    """What a trainer is fed with: rows, or trees of rows that begin alike."""

    trainer: Any
    """Its class."""
    data: dict[str, Any]
    """Its arguments for it."""
    micro: int
    """Of them in memory at a time."""
    batch: int
    """Of them in an update."""
    tokens: int
    """Of all of them."""


def _feed(
    base: Base, table: TrainTable, learned: Sequence[fit.Fitted], measured: Sequence[fit.Fitted], say: Say
) -> Feed:
    """The rows as trees where the recipe and the model allow it."""
    from trl import SFTTrainer

    if table.share and not table.packing:
        rows = [share.tokens(row, base.tokenizer) for row in learned]
        if share.can_share(base.model, rows):
            trees = list(share.trees(rows, table.batch, table.length))
            seen, whole = sum(len(tree.tokens) for tree in trees), sum(row.tokens for row in learned)
            say(f"train: what rows begin with alike is read once: {seen:,} tokens an epoch, not {whole:,}")
            others = share.trees(
                (share.tokens(row, base.tokenizer) for row in measured), table.batch, table.length
            )
            data = _sides([tree._asdict() for tree in trees], [tree._asdict() for tree in others])
            data["data_collator"] = share.Collator(share.needs_dense(base.model))
            batch = max(round(table.batch * len(trees) / len(rows)), 1)
            return Feed(share.trainer_class(), data, 1, batch, seen)
        say("train: this model cannot share what rows begin with: each is read whole")
    plain = (
        [{"prompt": row.prompt, "completion": row.completion} for row in side] for side in (learned, measured)
    )
    batch = min(table.batch, max(len(learned) // table.micro, 1) * table.micro)
    return Feed(SFTTrainer, _sides(*plain), table.micro, batch, sum(row.tokens for row in learned))


def _sides(learned: list[dict[str, Any]], measured: list[dict[str, Any]]) -> dict[str, Any]:
    from datasets import Dataset

    return {
        "train_dataset": Dataset.from_list(learned),
        "eval_dataset": Dataset.from_list(measured) if measured else None,
    }


def _arguments(table: TrainTable, folder: Path, feed: Feed) -> Any:
    import torch
    from trl import SFTConfig

    gpu = torch.cuda.is_available()
    trees = "data_collator" in feed.data
    return SFTConfig(
        output_dir=str(folder),
        per_device_train_batch_size=feed.micro,
        per_device_eval_batch_size=feed.micro,
        gradient_accumulation_steps=max(feed.batch // feed.micro // max(torch.cuda.device_count(), 1), 1),
        learning_rate=table.rate,
        warmup_steps=table.warmup,
        num_train_epochs=table.epochs,
        max_length=table.length,
        packing=table.packing,
        completion_only_loss=True,
        logging_steps=1,
        eval_strategy="epoch" if feed.data["eval_dataset"] else "no",
        dataset_kwargs={"skip_prepare_dataset": True} if trees else None,
        remove_unused_columns=not trees,
        save_strategy="steps",
        save_steps=table.save,
        save_total_limit=2,
        seed=table.seed,
        data_seed=table.seed,
        bf16=gpu or _bf16(),
        use_cpu=not gpu,
        gradient_checkpointing=gpu,
        report_to=[],
        disable_tqdm=True,
    )


def _bf16() -> bool:
    """Whether the processor multiplies bfloat16 itself, which is about twice as fast; Linux tells."""
    try:
        flags = Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _teller(say: Say) -> Any:
    """A callback that tells each update's loss."""
    from transformers import TrainerCallback

    class Teller(TrainerCallback):  # type: ignore[misc]
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            loss = {key: value for key, value in (logs or {}).items() if key in ("loss", "eval_loss")}
            if loss:
                told = ", ".join(f"{key} {value:.3f}" for key, value in loss.items())
                say(f"train: update {state.global_step} of {state.max_steps}: {told}")

    return Teller()


def _keep(base: Base, model: Any, folder: Path, table: TrainTable, say: Say) -> str:
    """Save the adapter and the merged model -> what `--model` takes, or "" where another server is needed."""
    model.save_pretrained(str(folder / "adapter"))
    if base.gguf is None:
        say("train: merging")
        merged = model.merge_and_unload()
        merged.save_pretrained(str(folder / MERGED))
        base.tokenizer.save_pretrained(str(folder / MERGED))
        return ""
    say(f"train: writing {folder / MODEL}")
    count = write_merged(base.gguf, folder / MODEL, differences(model))
    say(f"train: {count} tensors changed")
    return f"local/{(folder / MODEL).resolve()}"


def differences(model: Any) -> dict[str, Any]:
    """Of a PEFT model: by the name of each weight that it changes, the difference as float32."""
    found = {}
    for name, module in model.named_modules():
        if hasattr(module, "get_delta_weight") and "default" in getattr(module, "lora_A", {}):
            plain = name.removeprefix("base_model.model.")
            found[f"{plain}.weight"] = module.get_delta_weight("default").detach().float().cpu().numpy()
    return found


def _curve(history: Sequence[dict[str, Any]]) -> tuple[Point, ...]:
    return tuple(
        Point(
            step=int(entry["step"]),
            epoch=float(entry.get("epoch") or 0),
            loss=entry.get("loss"),
            validation=entry.get("eval_loss"),
        )
        for entry in history
        if "loss" in entry or "eval_loss" in entry
    )


def _drawn(done: Trained) -> str:
    lines = {
        "training": [(point.step, point.loss) for point in done.curve if point.loss is not None],
        "validation": [
            (point.step, point.validation) for point in done.curve if point.validation is not None
        ],
    }
    return curve(f"Loss of {done.settings.name}, from {done.base}", lines)


def tuned_model(folder: Path, arm: str) -> tuple[str, str]:
    """Name and version of the model for llama.cpp in this folder.

    Raises ConfigError: there is none, or one of which another training has begun to take the place.
    """
    file = folder.resolve() / MODEL
    if not file.is_file():
        raise ConfigError(f"the arm {arm}: there is no {file}; `lbi train` makes it.")
    result = folder / RESULT
    if (folder / SETTINGS).is_file() and not result.is_file():
        raise ConfigError(
            f"the arm {arm}: the training in {folder} has not ended; `lbi train` goes on with it."
        )
    made = result.read_text(encoding="utf-8") if result.is_file() else ""
    return f"local/{file}", digest(made)[:12]


def _peak() -> float:
    import torch

    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated()) / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
