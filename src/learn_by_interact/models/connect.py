"""From a model's name to a model that is ready to be called."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from ..errors import ConfigError
from ..named import load, load_class
from . import Model
from .catalogue import CATALOGUE
from .endpoint import ModelSettings
from .wrappers import Cached, Limited, Retrying

_connected: dict[tuple[int, ModelSettings, str, Path | None], Model] = {}
_lock = threading.Lock()


def connect(spec: ModelSettings | str, replies: Path | None = None) -> Model:
    """The model that `spec` names, with retries, limits and stored replies around it.

    `replies`: the folder of stored replies; None: none are stored. One connection a process for
    the same arguments, however many threads ask; another where a local file was replaced. Raises
    ConfigError when there is no such model or it lacks a key, a file or a package.
    """
    settings = ModelSettings(name=spec) if isinstance(spec, str) else spec
    key = (os.getpid(), settings, settings.served, replies)
    with _lock:
        if key not in _connected:
            _connected[key] = _stack(settings, replies)
        return _connected[key]


def _stack(settings: ModelSettings, replies: Path | None) -> Model:
    model = client(settings)
    if settings.per_minute:
        model = Limited(model, per_minute=settings.per_minute)
    model = Retrying(model, settings.patience)
    concurrency = settings.concurrency
    if concurrency is None and settings.name.startswith("local/"):
        concurrency = settings.parallel
    if concurrency:
        # One that pauses keeps its place: another in it would meet the same endpoint.
        model = Limited(model, concurrency)
    return model if replies is None else Cached(model, replies, settings.served)


def client(settings: ModelSettings) -> Model:
    """The bare client of a model, without wrappers. Raises ConfigError."""
    name = settings.name
    if name.startswith(("http://", "https://")):
        from .openai_compatible import url_model

        return url_model(settings)
    kind, _, rest = name.partition("/")
    if rest and kind == "openai":
        from .openai_compatible import openai_model

        return openai_model(settings)
    if rest and kind == "anthropic":
        from .anthropic import AnthropicModel

        return AnthropicModel(settings)
    if rest and kind == "local":
        if settings.pictures:
            raise ConfigError(
                f"{name} reads no pictures: take `pictures` out of [model], or name a model that sees"
            )
        from .local import LocalModel

        return LocalModel(settings)
    if rest and kind == "scripted":
        from .scripted import Scripted

        script = load(rest, "the script")
        if not (callable(script) or isinstance(script, list | dict)):
            raise ConfigError(f"model {name!r}: the script is no function, list or dict")
        return Scripted(script, name=name)
    if ":" in name:
        model: Model = load_class(name, "the model", "complete")(settings)
        return model
    raise ConfigError(f"unknown model {name!r}; there are: {', '.join(_exist())}")


def _exist() -> list[str]:
    local = [f"local/{entry.name}" for entry in CATALOGUE]
    return [
        "openai/NAME", "anthropic/NAME", *local, "local//path/to/file.gguf", "URL#NAME",
        "scripted/module:function", "module:Class",
    ]  # fmt: skip
