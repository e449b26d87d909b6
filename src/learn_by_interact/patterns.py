"""Patterns in JSON schemas, as grammars are made of them: few escapes are known everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby


def literal(text: str) -> str:
    """A text in a regular expression, escaped no more than needed."""
    return re.sub(r"([.^$*+?{}()|\[\]\\])", r"\\\1", text)


def one_of(texts: Iterable[str]) -> str:
    """A regular expression of these texts, in no group; what they begin with alike stands once."""
    return _branches(sorted(set(texts)))


def _branches(texts: list[str]) -> str:
    """Of sorted texts."""
    parts = []
    for _, some in groupby(texts, key=lambda text: text[:1]):
        group = list(some)
        length = _shared(group[0], group[-1])
        begin, rest = literal(group[0][:length]), [text[length:] for text in group if text[length:]]
        inside = f"({_branches(rest)})" if rest else ""
        parts.append(f"{begin}{inside}{'?' if inside and len(rest) < len(group) else ''}")
    return "|".join(parts)


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
