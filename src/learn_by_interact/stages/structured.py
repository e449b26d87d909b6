"""Ask a model for a JSON object and read what comes, also from models that are loose with the form."""

from __future__ import annotations

import json
import re
from typing import Any

from ..errors import ParseError
from ..models import Model, Request
from ..texts import valid
from ..types import Usage


def whole(properties: dict[str, Any]) -> dict[str, Any]:
    """JSON schema of an object that has all of these properties, in this order, and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def ask(model: Model, request: Request) -> tuple[dict[str, Any], Usage]:
    """The reply's JSON object and what it took; a second try with another seed when it cannot be read.

    Raises ParseError, with the `usage` of both replies, when neither holds an object with the
    schema's required keys.
    """
    usage = Usage()
    required = (request.json_schema or {}).get("required", [])
    for seed in (request.seed, request.seed + 1000):
        try:
            reply = model.complete(request.model_copy(update={"seed": seed}))
        except ParseError:
            continue
        usage = usage + reply.usage
        value = read_object(reply.text)
        if value is not None and all(key in value for key in required):
            return value, usage
    error = ParseError(f"Two replies of {model.name} held no JSON object with {', '.join(required)}.")
    error.usage = usage  # type: ignore[attr-defined]
    raise error


def read_object(text: str) -> dict[str, Any] | None:
    """The first JSON object in a text, also inside a code block or cut off after a whole value.

    Its texts can be written as UTF-8, whatever the reply escapes.
    """
    decoder = json.JSONDecoder(strict=False)
    mend = True
    for match in re.finditer(r'\{(\s*")?', text):
        try:
            value = valid(decoder.raw_decode(text, match.start())[0])
        except (ValueError, RecursionError):
            # Before the objects inside it are looked at: they are not what was asked for.
            value = _mended(text[match.start() :]) if match[1] and mend else None
            mend = mend and not match[1]
        if isinstance(value, dict):
            return value
    return None


def _mended(text: str) -> dict[str, Any] | None:
    """An object whose end was cut off: keep its whole texts and what is closed, close what is open."""
    closers: list[str] = []
    ends: list[tuple[int, str]] = []
    for found in re.finditer(r'"(?:[^"\\]|\\.)*"|["{}\[\]]', text, re.DOTALL):
        sign = found[0]
        if sign in ("{", "["):
            closers.append("}" if sign == "{" else "]")
            continue
        if sign == '"' or (sign in ("}", "]") and closers.pop() != sign):
            break
        ends.append((found.end(), "".join(reversed(closers))))
        if not closers:
            break
    # A key without its value may stand last, hence not only the last end.
    for end, closing in reversed(ends[-4:]):
        try:
            value = valid(json.loads(text[:end] + closing, strict=False))
        except (ValueError, RecursionError):
            continue
        return value if isinstance(value, dict) else None
    return None
