"""Prompts are text files beside the code that uses them, with `$name` where a value goes.

A file is made of parts, each under a line `=== part`. A `$` that is no place is written `$$`.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.resources import files
from string import Template


class Prompt:
    """One prompt file, `<package>/<name>.prompt`.

    `fill` raises KeyError for a part or a place that the file or the call lacks.
    """

    def __init__(self, package: str, name: str) -> None:
        text = (files("learn_by_interact") / package / f"{name}.prompt").read_text(encoding="utf-8")
        self.version = hashlib.sha256(text.encode()).hexdigest()[:8]
        """The first digits of the file's hash: a stage whose prompt changed is another stage."""
        pieces = re.split(r"^=== (\w+)\n", text, flags=re.MULTILINE)
        self._parts = {
            name: Template(body.strip()) for name, body in zip(pieces[1::2], pieces[2::2], strict=True)
        }

    def fill(self, part: str, **values: object) -> str:
        return self._parts[part].substitute({key: str(value) for key, value in values.items()})


@cache
def prompt(package: str, name: str) -> Prompt:
    """The prompt of this name, read once."""
    return Prompt(package, name)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters: head and tail, with what was left out said between them."""
    if len(text) <= limit:
        return text
    head, tail = limit * 2 // 3, limit // 3
    left_out = len(text) - head - tail
    return f"{text[:head].rstrip()}\n[... {left_out:,} characters left out ...]\n{text[-tail:].lstrip()}"
