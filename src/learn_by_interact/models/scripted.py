"""A model that answers from a script: for tests, for trying a pipeline without paying."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from itertools import takewhile
from operator import eq
from pathlib import Path
from typing import Any

from ..errors import ModelError
from ..types import Usage
from . import Reply, Request
from .endpoint import clean

CLASS = re.compile(r"(?<!\\)(?:\\\\)*\\[A-Za-mo-qsu-z]")
"""An escape of a regular expression that llama.cpp's grammars do not have, such as `\\d`."""

Script = Callable[[Request], str] | list[str] | dict[str, str]


class Scripted:
    """Answers from a function, a list (in the order of the calls) or a dict.

    A dict's key is a piece of the last message; the first key that occurs in it answers. Usage
    counts words; words that begin the previous prompt too count as cached. `latency`: seconds a
    call. `log`, or $LBI_SCRIPTED_LOG: a file that gets one line, the request's id, for each call.
    Raises ModelError when the script has no answer, or a form is one that llama.cpp would not read.
    """

    def __init__(
        self,
        script: Script,
        latency: float = 0.0,
        name: str = "scripted",
        log: Path | None = None,
    ) -> None:
        self.name = name
        self._script = script
        self._latency = latency
        self._log = str(log or os.environ.get("LBI_SCRIPTED_LOG", ""))
        self._lock = threading.Lock()
        self._calls = 0
        self._previous: list[str] = []

    def complete(self, request: Request) -> Reply:
        """The script's answer to this request."""
        if self._log:
            self._note(request)
        for pattern in _patterns(request.json_schema):
            if unknown := CLASS.search(pattern):
                raise ModelError(f"{self.name}: no grammar has the {unknown[0]} of the pattern {pattern}")
        if self._latency:
            time.sleep(self._latency)
        text, cut = clean(self._answer(request), request.max_tokens)
        return Reply(
            text=text,
            usage=self._usage(request, text),
            finish="length" if cut else "stop",
            model=self.name,
        )

    def _note(self, request: Request) -> None:
        # One write to a file opened for appending: lines of several processes do not mix.
        handle = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, f"{request.id}\n".encode())
        finally:
            os.close(handle)

    def _answer(self, request: Request) -> str:
        if callable(self._script):
            return self._script(request)
        if isinstance(self._script, dict):
            last = request.messages[-1].content
            for piece, answer in self._script.items():
                if piece in last:
                    return answer
            raise ModelError(f"{self.name}: the script has no answer to: {last[-200:]}")
        with self._lock:
            index, self._calls = self._calls, self._calls + 1
        if index >= len(self._script):
            raise ModelError(f"{self.name}: the script ends after {len(self._script)} replies")
        return self._script[index]

    def _usage(self, request: Request, text: str) -> Usage:
        words = [word for message in request.messages for word in message.content.split()]
        with self._lock:
            before, self._previous = self._previous, words
        shared = sum(takewhile(bool, map(eq, words, before)))
        return Usage(calls=1, prompt=len(words), cached=shared, completion=len(text.split()))


def _patterns(schema: Any) -> Iterator[str]:
    """The regular expressions of a JSON schema."""
    if isinstance(schema, list):
        for value in schema:
            yield from _patterns(value)
    for name, value in schema.items() if isinstance(schema, dict) else ():
        if name == "pattern" and isinstance(value, str):
            yield value
        else:
            yield from _patterns(value)
