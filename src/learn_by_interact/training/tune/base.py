"""The model that is tuned: from a GGUF file, a folder or the hub, and what it needs to be tuned here."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import ConfigError
from ...models.catalogue import model_file, present
from ...models.local import file_hash
from ...types import digest

PACKAGES = ("torch", "transformers", "trl", "peft", "gguf")
INSTALL = "pip install 'learn-by-interact[train]'"
COPIES = 4.0
"""Times that the largest tensor of a step (the scores of all tokens) is held."""
GB = 1e9


class Base(NamedTuple):
    """A model with its tokenizer, ready to be tuned."""

    model: Any
    tokenizer: Any
    gguf: Path | None
    """The file that it was read from; None: a folder or the hub."""


def need_packages() -> None:
    """Raises ConfigError with the line to type when a package of the extra is missing."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(f"training needs {', '.join(missing)}: {INSTALL}")


def open_base(name: str) -> Base:
    """The model of this name in 32-bit floats (a GGUF is dequantised).

    Raises ConfigError when it is not there, has no chat template, or its tokenizer has more tokens than
    it has.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    file = _gguf(name)
    where, more = (str(file.parent), {"gguf_file": file.name}) if file else (name, {})
    try:
        tokenizer = AutoTokenizer.from_pretrained(where, **more)
        model = AutoModelForCausalLM.from_pretrained(where, dtype=torch.float32, **more)
        if file:
            model = _plain(model)
    except (OSError, ValueError, KeyError) as error:
        told = " ".join(str(error).split())[:300]
        raise ConfigError(
            f"train.base: {name!r} cannot be opened: {told}. Give local/NAME, local//path/to/model.gguf, "
            "a folder with a model, or a name on the hub."
        ) from None
    if not tokenizer.chat_template:
        raise ConfigError(
            f"train.base: {name!r} has no chat template: take a model that was tuned for chats."
        )
    rows = model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) > rows:
        raise ConfigError(
            f"train.base: the tokenizer of {name!r} has {len(tokenizer):,} tokens and the model {rows:,}: "
            "they do not belong together."
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return Base(model, tokenizer, file)


def files_digest(name: str) -> str:
    """Hash of the base's files, which tells it from another in its place; "": a name on the hub.

    Raises ConfigError when no base is named, or its file is not there.
    """
    if file := _gguf(name):
        return file_hash(file)
    folder = Path(name)
    files = sorted(one for one in folder.iterdir() if one.is_file()) if folder.is_dir() else []
    return digest([[one.name, file_hash(one)] for one in files]) if files else ""


def _plain(model: Any) -> Any:
    """A dequantised model as one that never was quantised: only such a one can be tuned."""
    import torch
    from transformers import AutoModelForCausalLM

    with tempfile.TemporaryDirectory() as folder:
        model.config.__dict__.pop("quantization_config", None)
        model.hf_quantizer = None
        model.save_pretrained(folder)
        return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def _gguf(name: str) -> Path | None:
    """The GGUF file that a name means; None: it means none. Raises ConfigError when it is not there."""
    if not name:
        raise ConfigError(
            "[train] base is missing: name the model that is tuned, such as local/smollm2-135m."
        )
    if name.startswith("local/"):
        short = name.removeprefix("local/")
        file = model_file(short)
        if not present(short):
            raise ConfigError(f"train.base: there is no {file}; lbi models pull {short}")
        return file
    path = Path(name).expanduser()
    return path.resolve() if path.suffix == ".gguf" and path.is_file() else None


def need_room(model: Any, micro: int, length: int, folder: Path) -> None:
    """Raises ConfigError before hours are spent: too little memory or disk, and the setting to change.

    An estimate: weights, the scores of all tokens of a micro-batch with their gradients, and what each
    layer keeps for the way back (16 times its width a token).
    """
    import torch

    config = model.config
    weights = 4 * sum(one.numel() for one in model.parameters())
    width = int(config.hidden_size)
    scores = 4 * micro * length * int(config.vocab_size) * COPIES
    kept = 4 * micro * length * width * 16 * int(config.num_hidden_layers)
    need, free = weights + scores + kept, _memory()
    if not torch.cuda.is_available() and free and need > free:
        raise ConfigError(
            f"training takes about {need / GB:.1f} GB of memory and {free / GB:.1f} are free: lower "
            f"train.length ({length}) or train.micro ({micro}), or take a smaller base."
        )
    room = shutil.disk_usage(folder).free
    if 2 * weights > room:
        raise ConfigError(
            f"the tuned model takes about {2 * weights / GB:.1f} GB of disk and {room / GB:.1f} are free in "
            f"{folder}: make room, or name another run folder."
        )


def _memory() -> float:
    """Bytes that are free; 0: it is not known."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 0.0
    return next((1024.0 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable")), 0.0)
