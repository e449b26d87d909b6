"""A stage for tests of the engine: it shouts, and fails, stops or dies where it is told to."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from learn_by_interact.engine.stage import Outcome, Stage
from learn_by_interact.engine.store import Store
from learn_by_interact.errors import EnvironmentFault, ModelRefused
from learn_by_interact.types import Document, Record, Task, Usage

USAGE = Usage(calls=1, prompt=10, cached=4, completion=5, cost=0.01)
"""What each input takes: 11 tokens that a budget counts."""


class Shout(Stage):
    """Document -> a task with its text in capital letters; `fail` and the others hold titles."""

    name = "shout"
    aside: ClassVar[frozenset[str]] = frozenset({"fail", "refuse", "die", "died", "seconds", "ran"})

    fail: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()
    die: tuple[str, ...] = ()
    died: str = ""
    """A file that is made by the first death and prevents others; "": every try dies."""
    seconds: float = 0.0
    ran: str = ""
    """A file that gets a line, the title, for each call."""

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        return [(document.id,) for document in sorted(store.records(Document), key=lambda d: d.begin)]

    def __call__(self, *records: Record) -> Outcome:
        (document,) = records
        assert isinstance(document, Document)
        if self.ran:
            with Path(self.ran).open("a") as file:
                file.write(f"{document.title}\n")
        if document.title in self.die and not (self.died and Path(self.died).exists()):
            if self.died:
                Path(self.died).touch()
            die()
        if document.title in self.refuse:
            raise ModelRefused("the key is wrong")
        if document.title in self.fail:
            raise EnvironmentFault("it fell over")
        time.sleep(self.seconds)
        task = Task(environment="e", instruction=document.text.upper(), parent=document.id)
        return Outcome(records=(task,), usage=USAGE)


def die() -> None:
    """What a crash does to the process that it happens in."""
    os.kill(os.getpid(), signal.SIGKILL)


def documents(count: int) -> list[Document]:
    """Documents with the titles "0", "1", ..."""
    return [
        Document(source="s", title=str(number), text=f"text {number}", begin=number + 1, end=number + 1)
        for number in range(count)
    ]


def filled(folder: Path, count: int = 20) -> Store:
    """A store with that many documents."""
    store = Store(folder)
    store.add(documents(count))
    return store
