"""Ask a model for a JSON object and read what comes, also from models that are loose with the form."""

from __future__ import annotations

import json
import re
from typing import Any

from ..errors import ParseError
from ..models import Model, Request
from ..types import Usage


def ask(model: Model, request: Request) -> tuple[dict[str, Any], Usage]:
    """The reply's JSON object and what it took; a second try with another seed when it cannot be read.

    Raises ParseError, with the `usage` of both replies, when neither holds an object with the
    schema's required keys.
    """
    usage = Usage()
    required = (request.json_schema or {}).get("required", [])
    for seed in (request.seed, request.seed + 1000):
        reply = model.complete(request.model_copy(update={"seed": seed}))
        usage = usage + reply.usage
        value = read_object(reply.text)
        if value is not None and all(key in value for key in required):
            return value, usage
    error = ParseError(f"Two replies of {model.name} held no JSON object with {', '.join(required)}.")
    error.usage = usage  # type: ignore[attr-defined]
    raise error


def read_object(text: str) -> dict[str, Any] | None:
    """The first JSON object in a text, also inside a code block or cut off after a whole item."""
    for match in re.finditer(r"\{", text):
        try:
            value, _ = json.JSONDecoder(strict=False).raw_decode(text[match.start() :])
        except ValueError:
            continue
        if isinstance(value, dict):
            return value
    return _mended(text)


def _mended(text: str) -> dict[str, Any] | None:
    """An object whose end was cut off: keep its whole strings, close what is open."""
    begin, last = text.find("{"), text.rfind('"')
    if begin < 0:
        return None
    while last > begin:
        for closing in ("}", "]}"):
            try:
                value = json.loads(text[begin : last + 1] + closing, strict=False)
            except ValueError:
                continue
            return value if isinstance(value, dict) else None
        last = text.rfind('"', begin, last)
    return None
