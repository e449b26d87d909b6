"""What calls that run side by side begin with alike, read once for all slots of a local server.

Each call takes a slot of llama.cpp, and a slot reads its prompt by itself: when a stage begins, all of them
would read the same instructions. So one slot reads the common beginning alone, and the others get a copy of
what is in it. It is done only while the server has nothing else to do, and costs nothing then.
"""

from __future__ import annotations

import os.path
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ..types import Usage
from . import Message, Request

GATHER_SECONDS = 0.25
"""How long the first call of a stage waits for those that begin beside it."""
SHORTEST = 800
"""Characters of a beginning from which on it is worth a call of its own."""

Messages = tuple[Message, ...]


class SharedPrefix:
    """Lets calls to one server pass; the first with a system message after what they have in common was read.

    `read(messages)` has the server read a prompt into all of its slots -> what that took, or None where it
    could not; it is not asked again then. May be used from several threads.
    """

    def __init__(self, slots: int, read: Callable[[Messages], Usage | None]) -> None:
        self._slots, self._read = slots, read
        self._changed = threading.Condition()
        self._known: set[Message] = set()
        self._gathered: list[Messages] | None = None
        self._running = 0

    @contextmanager
    def turn(self, request: Request) -> Iterator[int]:
        """While a call is made -> the tokens that were read for it before, which no cache had."""
        with self._changed:
            leads = self._enter(request.messages)
        try:
            yield self._lead() if leads else 0
        finally:
            with self._changed:
                self._running -= 1

    def _enter(self, messages: Messages) -> bool:
        """Wait for one's turn -> whether this call is to have the beginning read first."""
        if self._gathered is not None:
            self._gathered.append(messages)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._gathered is None)
        first = messages[0]
        leads = self._slots > 1 and not self._running and first.role == "system" and first not in self._known
        self._running += 1
        if leads:
            self._known.add(first)
            self._gathered = [messages]
        return leads

    def _lead(self) -> int:
        try:
            with self._changed:
                together = self._gathered or []
                self._changed.wait_for(lambda: len(together) >= self._slots, GATHER_SECONDS)
                prefix = common(together)
            if sum(len(message.content) for message in prefix) < SHORTEST:
                return 0
            usage = self._read(prefix)
            if usage is None:
                self._slots = 1
            return usage.prompt - usage.cached if usage else 0
        finally:
            with self._changed:
                self._gathered = None
                self._changed.notify_all()


def common(prompts: Sequence[Messages]) -> Messages:
    """The messages, and a beginning of the next, that all prompts begin with; of a single one its first."""
    first = prompts[0]
    if len(prompts) == 1:
        return first[:1] if not first[0].pictures else ()
    found: list[Message] = []
    for beside in zip(*prompts, strict=False):
        one = beside[0]
        if any(message.pictures or message.role != one.role for message in beside):
            break
        content = os.path.commonprefix([message.content for message in beside])  # noqa: RUF071
        found.extend([one.model_copy(update={"content": content})] if content else [])
        if any(message.content != content for message in beside):
            break
    return tuple(found)
