"""Texts that others wrote."""

from __future__ import annotations

from typing import Any


def valid(value: Any) -> Any:
    """A JSON value that UTF-8 can hold: for each lone surrogate in its texts and keys a question mark.

    JSON can hold them: a model that cuts `\\ud83d\\ude00` in half writes one.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {valid(key): valid(inner) for key, inner in value.items()}
    return [valid(inner) for inner in value] if isinstance(value, list) else value
