"""Language models behind one protocol: a request in, a reply with its usage out."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Protocol

from pydantic import SerializerFunctionWrapHandler, model_serializer

from ..types import Record, Usage, Value


class Message(Value):
    """One chat message."""

    role: Literal["system", "user", "assistant"]
    content: str
    pictures: tuple[str, ...] = ()
    """What is seen beside the text: names of files in the request's `blobs` (see `blobs.py`)."""

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without the field where there is no picture, so that the id of a request of text is what it was."""
        fields: dict[str, Any] = write(self)
        return fields if self.pictures else {key: fields[key] for key in fields.keys() - {"pictures"}}


class Request(Record):
    """All that determines a reply. Its id is the key under which the reply is stored."""

    made_by: ClassVar[Any] = {"blobs"}

    model: str
    """The model's name as the user gave it: `local/qwen2.5-coder-1.5b`, `openai/gpt-...`."""
    messages: tuple[Message, ...]
    max_tokens: int = 256
    temperature: float = 0.0
    seed: int = 0
    """Also tells apart rollouts that share prompt and temperature."""
    stop: tuple[str, ...] = ()
    json_schema: dict[str, Any] | None = None
    """Ask for a JSON value of this schema, where the endpoint can enforce it."""
    blobs: str = ""
    """The folder of the messages' pictures; they are known by their content, wherever it lies."""
    grammar: str = ""
    """GBNF of the reply, which llama.cpp enforces; for other endpoints it says nothing."""
    served: str = ""
    """What answers under the model's name, where that may change: `ModelSettings.served`."""

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without a field of these where it says nothing: the id of such a request is what it was."""
        fields: dict[str, Any] = write(self)
        return {key: value for key, value in fields.items() if value or key not in ("grammar", "served")}


class Reply(Value):
    """What a model answered."""

    text: str
    usage: Usage
    finish: str = "stop"
    """`stop`, or `length` when it was cut at `max_tokens`."""
    model: str = ""
    """The model as the endpoint names itself."""
    asked: str = ""
    """The model's name as the user gave it, of a stored reply; "": of one that an earlier version stored."""


class Model(Protocol):
    """A language model.

    `complete` raises `ModelError` (`ModelRefused` when no call can succeed, `ContextFull` when
    the prompt is too long) and `BudgetSpent`. It may be called from several threads.
    """

    name: str

    def complete(self, request: Request) -> Reply: ...
