"""Encoders: texts to vectors, named as models are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import ConfigError, LbiError, ModelError, sentence
from ..models.endpoint import ModelSettings, cost, translate
from ..models.openai_compatible import OPENAI
from ..named import load_class
from ..types import Usage
from .dense import numpy_or_error

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

NAMES = ("minilm", "openai/NAME", "URL#NAME", "module:Class")
BATCH = 64
"""Texts of one call to an endpoint."""
LONGEST = 8000
"""Characters of a text that an endpoint is asked to encode."""


class Encoder(Protocol):
    """Turns texts into vectors. `encode` raises ModelError; it may be called from several threads."""

    name: str

    def encode(self, texts: Sequence[str]) -> tuple[Floats, Usage]:
        """Vectors of length 1, (texts, width), and what they took."""
        ...


class EmbeddingsEndpoint:
    """A model behind the embeddings of an OpenAI-compatible URL."""

    def __init__(self, name: str, model: str, url: str, key: str) -> None:
        import openai

        numpy_or_error()
        self.name, self._model, self._url = name, model, url
        self._client = openai.OpenAI(api_key=key, base_url=url, timeout=120.0, max_retries=4)

    def encode(self, texts: Sequence[str]) -> tuple[Floats, Usage]:
        np = numpy_or_error()
        rows: list[list[float]] = []
        usage = Usage()
        for begin in range(0, len(texts), BATCH):
            made, used = self._call([text[:LONGEST] or " " for text in texts[begin : begin + BATCH]])
            rows += made
            usage = usage + used
        vectors = np.asarray(rows, np.float32).reshape(len(texts), -1)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(vectors).all() or not lengths.all():
            raise ModelError(f"{self.name}: {self._url} sent a vector that is zero or no number.")
        made_: Floats = vectors / lengths
        return made_, usage

    def _call(self, texts: list[str]) -> tuple[list[list[float]], Usage]:
        import openai

        try:
            answer: Any = self._client.embeddings.create(
                model=self._model, input=texts, encoding_format="float"
            )
        except openai.OpenAIError as error:
            raise translate(error, self.name, self._url) from error
        try:
            rows = [item.embedding for item in sorted(answer.data, key=lambda item: item.index)]
            prompt = int(answer.usage.prompt_tokens) if answer.usage else 0
        except (AttributeError, TypeError) as error:
            raise ModelError(
                f"{self.name}: {self._url} sent something that is no list of vectors."
            ) from error
        if len(rows) != len(texts) or len({len(row) for row in rows}) != 1:
            raise ModelError(f"{self.name}: {self._url} did not send one vector of one width for each text.")
        usage = Usage(calls=1, prompt=prompt)
        dollars = cost(ModelSettings(name=self.name), usage, self._model, None, self._url)
        return rows, usage.model_copy(update={"cost": dollars})


@lru_cache(maxsize=8)
def encoder(name: str) -> Encoder:
    """The encoder of this name, one a process.

    Raises ConfigError when there is none, or it lacks a package or a key.
    """
    if name == "minilm":
        from .minilm import MiniLM

        return MiniLM()
    kind, _, rest = name.partition("/")
    url, _, model = name.partition("#")
    if kind == "openai" and rest:
        url = os.environ.get("OPENAI_BASE_URL") or OPENAI
        key = os.environ.get("OPENAI_API_KEY")
        if not key and url == OPENAI:
            raise ConfigError(f"The encoder {name} needs OPENAI_API_KEY: export it, or use minilm.")
        return EmbeddingsEndpoint(name, rest, url, key or "none")
    if name.startswith(("http://", "https://")) and model:
        return EmbeddingsEndpoint(name, model, url, os.environ.get("LBI_API_KEY", "none"))
    if ":" in name and not name.startswith(("http://", "https://")):
        made: Encoder = load_class(name, "the encoder", "encode")()
        return made
    raise ConfigError(f"[retrieval] encoder: {name!r} is unknown; there are: {', '.join(NAMES)}.")


def proved(name: str) -> Encoder:
    """The encoder of this name, after it has encoded a word. Raises ConfigError when it cannot."""
    found = encoder(name)
    try:
        found.encode(["word"])
    except LbiError as error:
        raise ConfigError(f"[retrieval] encoder: {name} does not work ({sentence(error)}).") from error
    return found
