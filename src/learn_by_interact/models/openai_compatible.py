"""Any endpoint that speaks OpenAI's chat completions, through the `openai` SDK."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Sequence
from typing import Any

from ..errors import ConfigError, ContextFull, ModelError
from ..texts import valid
from ..types import Usage
from . import Message, Reply, Request
from .endpoint import LARGEST, ModelSettings, Transient, clean, cost, translate
from .pictures import encoded

OPENAI = "https://api.openai.com/v1"

READ_SECONDS = 180.0
"""Longest time for a prompt that is only read."""

_WITHOUT = ("max_tokens", "temperature", "seed", "stop", "response_format")
"""Parameters that some endpoints refuse and that a call can do without or say in another way."""

_UNSUPPORTED = re.compile("support|unknown|unrecogni[sz]ed|not (permitted|allowed)|extra", re.IGNORECASE)


class OpenAICompatible:
    """A model behind an OpenAI-compatible URL.

    Parameters that the endpoint refuses are left out from then on (`max_tokens` is renamed to
    `max_completion_tokens`). Raises what `Model` says; `Transient` for what may pass.
    """

    def __init__(
        self,
        settings: ModelSettings,
        model: str,
        url: str,
        key: str,
        provider: str | None = None,
        free: bool = False,
    ) -> None:
        self.name = settings.name
        self._settings = settings
        self._model = model
        self._url = url
        self._key = key
        self._provider = provider
        self._free = free
        self._refused: frozenset[str] = frozenset()
        self._client: Any = None
        self._lock = threading.Lock()

    def complete(self, request: Request) -> Reply:
        """One call, made again only to leave out parameters that the endpoint refuses."""
        import openai

        for _ in range(len(_WITHOUT) + 1):
            without = self._refused
            try:
                return self._reply(self._post(request, without), request)
            except openai.BadRequestError as error:
                if not self._adapt(error, without):
                    raise translate(error, self.name, self._url) from error
            except openai.OpenAIError as error:
                raise translate(error, self.name, self._url) from error
        raise ModelError(f"{self.name}: {self._url} refuses every form of the request")

    def read(self, messages: Sequence[Message], slot: int) -> Usage:
        """Have llama.cpp read a prompt into a slot (see `SharedPrefix`). Raises as `complete` does."""
        import openai

        try:
            answer = self._connection().chat.completions.create(
                model=self._model,
                messages=[{"role": message.role, "content": valid(message.content)} for message in messages],
                max_tokens=1,
                timeout=READ_SECONDS,
                extra_body={"id_slot": slot},
            )
        except openai.OpenAIError as error:
            raise translate(error, self.name, self._url) from error
        return self._usage(answer.model_dump())

    def _adapt(self, error: Any, without: frozenset[str]) -> bool:
        """Leave out the parameter that this error complains about; False: it is about something else.

        `without`: what the call left out; of those beside it another may have been told the same already.
        """
        if isinstance(translate(error, self.name, self._url), ContextFull):
            return False
        text = str(error)
        named = {str(error.param or "").split(".")[0]} & set(_WITHOUT)
        if not named and _UNSUPPORTED.search(text):
            named = {word for word in _WITHOUT if re.search(rf"\b{word}\b", text)}
            named |= {"response_format"} if "json_schema" in text else set()
        with self._lock:
            self._refused |= named
        return bool(named - without)

    def _parameters(self, request: Request, without: frozenset[str]) -> dict[str, Any]:
        parameters: dict[str, Any] = {
            "model": self._model,
            "messages": [_message(message, request) for message in request.messages],
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
        }
        if request.stop:
            parameters["stop"] = list(request.stop)
        if request.json_schema is not None:
            schema = {"name": "reply", "strict": True, "schema": request.json_schema}
            parameters["response_format"] = {"type": "json_schema", "json_schema": schema}
        if request.grammar and self.name.startswith("local/"):
            parameters["extra_body"] = {"grammar": request.grammar}
        for refused in without:
            value = parameters.pop(refused, None)
            if refused == "max_tokens":
                parameters["max_completion_tokens"] = value
        sent: dict[str, Any] = valid(parameters)
        return sent

    def _post(self, request: Request, without: frozenset[str]) -> bytes:
        """The response's body, read piece by piece so that an endless one cannot fill the memory."""
        calls = self._connection().chat.completions.with_streaming_response
        body = bytearray()
        with calls.create(**self._parameters(request, without)) as response:
            try:
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > LARGEST:
                        break
            except Exception as error:
                # The SDK passes on its HTTP library's own errors here, and which library that is varies.
                raise translate(error, self.name, self._url) from error
        if len(body) > LARGEST:
            raise ModelError(f"{self.name}: {self._url} sent more than {LARGEST} bytes in one answer")
        return bytes(body)

    def _connection(self) -> Any:
        import openai

        with self._lock:
            if self._client is None:
                timeout = openai.Timeout(self._settings.seconds, connect=15.0)
                self._client = openai.OpenAI(
                    api_key=self._key, base_url=self._url, timeout=timeout, max_retries=0
                )
            return self._client

    def _reply(self, body: bytes, request: Request) -> Reply:
        try:
            answer = json.loads(body)
            choice = answer["choices"][0]
            content = choice["message"].get("content")
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise Transient(f"{self.name}: {self._url} sent something that is not a completion") from error
        text, cut = clean(content, request.max_tokens)
        length = cut or choice.get("finish_reason") == "length"
        return Reply(
            text=text,
            usage=self._usage(answer),
            finish="length" if length else "stop",
            model=str(answer.get("model") or self._model),
        )

    def _usage(self, answer: dict[str, Any]) -> Usage:
        said = answer.get("usage") or {}
        details = said.get("prompt_tokens_details") or {}
        usage = Usage(
            calls=1,
            prompt=int(said.get("prompt_tokens") or 0),
            cached=int(details.get("cached_tokens") or 0),
            completion=int(said.get("completion_tokens") or 0),
        )
        if self._free:
            return usage
        dollars = cost(self._settings, usage, self._model, self._provider, self._url)
        return usage.model_copy(update={"cost": dollars})


def _message(message: Message, request: Request) -> dict[str, Any]:
    """A message as chat completions have it: a text, or parts where it has pictures."""
    if not message.pictures:
        return {"role": message.role, "content": message.content}
    parts: list[dict[str, Any]] = [{"type": "text", "text": message.content}]
    for name in message.pictures:
        kind, content = encoded(request, name)
        parts.append({"type": "image_url", "image_url": {"url": f"data:{kind};base64,{content}"}})
    return {"role": message.role, "content": parts}


def openai_model(settings: ModelSettings) -> OpenAICompatible:
    """`openai/NAME`: OPENAI_API_KEY, and OPENAI_BASE_URL where it is set. Raises ConfigError."""
    model = settings.name.removeprefix("openai/")
    url = settings.address or OPENAI
    key = os.environ.get("OPENAI_API_KEY")
    if not key and url == OPENAI:
        raise ConfigError(f"{settings.name}: OPENAI_API_KEY is not set; export it, or use local/NAME")
    return OpenAICompatible(settings, model, url, key or "none", provider="openai" if url == OPENAI else None)


def url_model(settings: ModelSettings) -> OpenAICompatible:
    """`URL#NAME`: any OpenAI-compatible URL; the key, if it needs one, is LBI_API_KEY. Raises ConfigError."""
    url, _, model = settings.name.partition("#")
    if not model:
        raise ConfigError(f"model {settings.name!r} lacks the model's name: write {url}#NAME")
    return OpenAICompatible(settings, model, settings.base_url or url, os.environ.get("LBI_API_KEY", "none"))
