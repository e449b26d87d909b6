"""Patterns in JSON schemas, as grammars are made of them: few escapes are known everywhere."""

from __future__ import annotations

import re


def literal(text: str) -> str:
    """A text in a regular expression, escaped no more than needed."""
    return re.sub(r"([.^$*+?{}()|\[\]\\])", r"\\\1", text)
