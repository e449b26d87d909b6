"""Texts that others wrote: as valid Unicode, and names against the patterns that fit them."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any


def fits(name: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns fits a name: `*` is any text, `?` any character.

    A bracket is itself, so that `sort [FILE]` fits this title; a class, as in `[!V]*`, is known too.
    """
    either = ((pattern, pattern.replace("[", "[[]")) for pattern in patterns)
    return any(fnmatchcase(name, one) or fnmatchcase(name, literal) for one, literal in either)


def valid(value: Any) -> Any:
    """A JSON value that UTF-8 can hold: for each lone surrogate in its texts and keys a question mark.

    JSON can hold them: a model that cuts `\\ud83d\\ude00` in half writes one.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {valid(key): valid(inner) for key, inner in value.items()}
    return [valid(inner) for inner in value] if isinstance(value, list) else value
