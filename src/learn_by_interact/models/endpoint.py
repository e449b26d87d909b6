"""What clients of paid endpoints share: settings, error classes, cleaning of replies, prices."""

from __future__ import annotations

import os
from typing import Any

from pydantic import Field

from ..errors import ContextFull, LbiError, ModelError, ModelRefused, ParseError
from ..texts import valid
from ..types import Usage, Value
from .catalogue import file_version

LARGEST = 32_000_000
"""Bytes of a response body that are read before the endpoint counts as broken."""

CHARACTERS = 64
"""Characters that one token may stand for; longer replies come from endpoints that ignore `max_tokens`."""

_CONTEXT = (
    "context_length_exceeded",
    "exceed_context_size",
    "maximum context length",
    "context size has been exceeded",
    "prompt is too long",
    "input is too long",
)
_NO_MONEY = ("insufficient_quota", "billing_hard_limit", "credit balance is too low")

_ADDRESSES = {"openai": "OPENAI_BASE_URL", "anthropic": "ANTHROPIC_BASE_URL"}
"""Kind of a model -> variable that names another address, as its SDK has it."""


class Prices(Value):
    """US dollars for a million tokens."""

    prompt: float = Field(ge=0)
    cached: float = Field(ge=0)
    completion: float = Field(ge=0)


class ModelSettings(Value):
    """Which model, and how it may be called. Picklable: it travels, the connection does not."""

    name: str
    """`openai/NAME`, `anthropic/NAME`, `local/NAME`, `URL#NAME`, `scripted/module:name`, `module:Class`."""
    concurrency: int | None = Field(default=None, ge=1)
    """Calls at the same time in one process. None: `parallel` for a local model, else no limit."""
    per_minute: int | None = Field(default=None, ge=1)
    """Calls that may start in any minute, in one process; one that is made again is another."""
    patience: float = Field(default=300.0, ge=0)
    """Seconds for which a call that fails for a passing reason is made again."""
    seconds: float = Field(default=600.0, gt=0)
    """Longest wait for the endpoint in one call, in seconds."""
    base_url: str | None = None
    """Another address of an OpenAI-compatible or Anthropic endpoint."""
    prices: Prices | None = None
    """None: the public price list, where it knows the model."""
    context: int = Field(default=4096, ge=1)
    """Tokens of context for each parallel call; of a local model."""
    parallel: int = Field(default=4, ge=1)
    """Calls that a local server works on at the same time."""
    pictures: int = Field(default=0, ge=0)
    """How many of the newest observations the agent sends with their pictures; 0: text alone."""
    threads: int | None = Field(default=None, ge=1)
    """Threads of a local server. None: one for each core."""

    @property
    def weights(self) -> str:
        """Version of the file that `local//path` names; "" of what a name alone tells apart."""
        kind, _, name = self.name.partition("/")
        return file_version(name) if kind == "local" else ""

    @property
    def address(self) -> str:
        """Another address of the endpoint than its own: `base_url`, or what the variable names; else ""."""
        kind = self.name.partition("/")[0]
        if kind == "local":
            return ""
        return self.base_url or os.environ.get(_ADDRESSES.get(kind, ""), "")

    @property
    def served(self) -> str:
        """What answers under the name, where that may change: the file's version or an address; else ""."""
        return self.weights or self.address


class Transient(ModelError):
    """A call that may succeed when it is made again."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds after which the endpoint asks to be called again, if it said so."""
        self.waited = 0.0
        """Seconds for which the call waited for its turn before it was made."""


def translate(error: Exception, name: str, url: str) -> LbiError:
    """An exception of the `openai` or `anthropic` SDK, as the error class that says what to do about it."""
    status: int | None = getattr(error, "status_code", None)
    text = f"{error} {getattr(error, 'code', '') or ''} {getattr(error, 'type', '') or ''}"
    said = " ".join(text.split())[:300]
    if status is None:
        return Transient(f"{name}: no answer from {url} ({type(error).__name__}: {said})")
    if status == 413 or any(word in text.lower() for word in _CONTEXT):
        return ContextFull(f"{name}: the prompt is longer than the model's context ({said})")
    if status in (401, 403):
        return ModelRefused(f"{name}: {url} refused the key ({status}): check the API key ({said})")
    if status == 404:
        return ModelRefused(f"{name}: {url} has no such model or address (404): check both ({said})")
    if status == 402 or any(word in text for word in _NO_MONEY):
        return ModelRefused(f"{name}: the account at {url} has no credit left ({said})")
    if "does not match the expected" in text:
        # llama.cpp's server, for JSON that was cut off at max_tokens: asked again, it cuts it again.
        return ParseError(f"{name}: {url} could not read its own reply, which was cut off ({said})")
    if status in (408, 409, 425, 429) or status >= 500:
        return Transient(f"{name}: {url} answered {status} ({said})", _retry_after(error))
    return ModelError(f"{name}: {url} refused the request ({status}: {said})")


def _retry_after(error: Exception) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", {})
    for key, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[key]) * unit)
        except (KeyError, ValueError):
            continue
    return None


def clean(text: Any, max_tokens: int) -> tuple[str, bool]:
    """A reply's text as valid Unicode of a sane length, and whether it had to be cut."""
    if not isinstance(text, str):
        return "", False
    limit = CHARACTERS * max_tokens + 1000
    return valid(text[:limit]), len(text) > limit


def cost(
    settings: ModelSettings, usage: Usage, model: str, provider: str | None, url: str, written: int = 0
) -> float | None:
    """US dollars for the tokens of `usage`, `written` of them put into the cache; None: no known price."""
    if settings.prices is not None:
        prices = settings.prices
        fresh = usage.prompt - usage.cached
        dollars = fresh * prices.prompt + usage.cached * prices.cached + usage.completion * prices.completion
        return dollars / 1e6
    import genai_prices

    tokens = genai_prices.Usage(
        input_tokens=usage.prompt,
        cache_read_tokens=usage.cached,
        cache_write_tokens=written,
        output_tokens=usage.completion,
    )
    where: dict[str, Any] = {"provider_id": provider} if provider else {"provider_api_url": url}
    try:
        return float(genai_prices.calc_price(tokens, model, **where).total_price)
    except (LookupError, ValueError):
        return None
