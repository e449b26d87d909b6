"""Claude models through the `anthropic` SDK (an extra)."""

from __future__ import annotations

import importlib.util
import json
import os
import threading
from typing import Any

from ..errors import ConfigError
from ..texts import valid
from ..types import Usage
from . import Message, Reply, Request
from .endpoint import ModelSettings, Transient, clean, cost, translate
from .pictures import encoded

URL = "https://api.anthropic.com"
TOOL = "reply"
"""The tool that the model is forced to call when a JSON value is asked for."""

MARK = {"cache_control": {"type": "ephemeral"}}
"""Ends a prefix that the provider keeps: https://docs.claude.com/en/docs/build-with-claude/prompt-caching"""

MARKED = 2
"""Messages at the end of the history that are marked: the newest, to be read by the next call, and the
user's turn before it, where the previous call left its mark."""


class AnthropicModel:
    """`anthropic/NAME`: ANTHROPIC_API_KEY, and ANTHROPIC_BASE_URL where it is set.

    Raises ConfigError at once when the key or the SDK is missing, else what `Model` says, and
    `Transient` for what may pass.
    """

    def __init__(self, settings: ModelSettings) -> None:
        if importlib.util.find_spec("anthropic") is None:
            raise ConfigError(f"{settings.name} needs its SDK: pip install 'learn-by-interact[anthropic]'")
        self._url = settings.address or URL
        self._key = os.environ.get("ANTHROPIC_API_KEY", "")
        if not self._key:
            raise ConfigError(f"{settings.name}: ANTHROPIC_API_KEY is not set; export it, or use local/NAME")
        self.name = settings.name
        self._model = settings.name.removeprefix("anthropic/")
        self._settings = settings
        self._client: Any = None
        self._lock = threading.Lock()
        self._without_temperature = False

    def complete(self, request: Request) -> Reply:
        """One call; made again only when the model takes no temperature."""
        import anthropic

        without = self._without_temperature
        try:
            answer = self._create(request, without)
        except anthropic.BadRequestError as error:
            if without or "temperature" not in str(error):
                raise translate(error, self.name, self._url) from error
            self._without_temperature = True
            return self.complete(request)
        except (anthropic.AnthropicError, ValueError) as error:
            raise translate(error, self.name, self._url) from error
        if not isinstance(answer, anthropic.types.Message) or not isinstance(answer.content, list):
            raise Transient(f"{self.name}: {self._url} sent something that is not a message")
        return self._reply(answer, request)

    def _create(self, request: Request, without_temperature: bool) -> Any:
        import anthropic

        with self._lock:
            if self._client is None:
                timeout = anthropic.Timeout(self._settings.seconds, connect=15.0)
                self._client = anthropic.Anthropic(
                    api_key=self._key, base_url=self._url, timeout=timeout, max_retries=0
                )
        parameters = prepare(request)
        if not without_temperature:
            # Newer SDKs have no argument for it, though most models still take it.
            parameters["extra_body"] = {"temperature": min(request.temperature, 1.0)}
        return self._client.messages.create(model=self._model, **parameters)

    def _reply(self, answer: Any, request: Request) -> Reply:
        pieces = [block.text for block in answer.content if block.type == "text"]
        if request.json_schema is not None:
            inputs = [block.input for block in answer.content if block.type == "tool_use"]
            pieces = [json.dumps(inputs[0], ensure_ascii=False)] if inputs else pieces
        text, cut = clean("".join(pieces), request.max_tokens)
        return Reply(
            text=text,
            usage=self._usage(answer.usage),
            finish="length" if cut or answer.stop_reason == "max_tokens" else "stop",
            model=str(answer.model or self._model),
        )

    def _usage(self, said: Any) -> Usage:
        read = getattr(said, "cache_read_input_tokens", None) or 0
        written = getattr(said, "cache_creation_input_tokens", None) or 0
        usage = Usage(
            calls=1,
            prompt=(getattr(said, "input_tokens", None) or 0) + read + written,
            cached=read,
            completion=getattr(said, "output_tokens", None) or 0,
        )
        dollars = cost(self._settings, usage, self._model, "anthropic", self._url, written)
        return usage.model_copy(update={"cost": dollars})


def prepare(request: Request) -> dict[str, Any]:
    """The parameters of a call: the system prompt apart, cache marks, a forced tool for a JSON schema.

    Messages before the last are history that the next call repeats: marks stand at the system
    prompt and at the last user turns of the history and at the newest message.
    """
    system = "\n\n".join(message.content for message in request.messages if message.role == "system")
    chat = [message for message in request.messages if message.role != "system"]
    users = [index for index, message in enumerate(chat) if message.role == "user"][-MARKED:]
    parameters: dict[str, Any] = {
        "messages": [_message(message, index in users, request) for index, message in enumerate(chat)],
        "max_tokens": request.max_tokens,
    }
    if system:
        parameters["system"] = [{"type": "text", "text": system, **MARK}]
    stops = [stop for stop in request.stop if stop.strip()]  # white space alone is refused
    if stops:
        parameters["stop_sequences"] = stops
    if request.json_schema is not None:
        tool = {"name": TOOL, "description": "Give the answer.", "input_schema": request.json_schema}
        parameters["tools"] = [tool]
        parameters["tool_choice"] = {"type": "tool", "name": TOOL}
    sent: dict[str, Any] = valid(parameters)
    return sent


def _message(message: Message, marked: bool, request: Request) -> dict[str, Any]:
    """The mark stands at the text: a picture that comes after it is gone from the next prompt."""
    mark = MARK if marked and message.content.strip() else {}
    parts: list[dict[str, Any]] = [{"type": "text", "text": message.content, **mark}]
    for name in message.pictures:
        kind, content = encoded(request, name)
        source = {"type": "base64", "media_type": kind, "data": content}
        parts.append({"type": "image", "source": source})
    return {"role": message.role, "content": parts}
