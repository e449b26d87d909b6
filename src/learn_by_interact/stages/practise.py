"""Practise: tasks that a benchmark has beside the held-out ones, where there is no documentation to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..benchmarks import Practising
from ..engine.stage import Outcome
from ..types import Document, Record
from .base import World

if TYPE_CHECKING:
    from ..engine.store import Store


class Practise(World):
    """A kind of tasks -> the benchmark's own tasks of this kind, none of which is held out."""

    name = "propose"

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        """In the order of the benchmark."""
        documents = sorted(store.records(Document), key=lambda one: (one.source, one.begin))
        return [(document.id,) for document in documents]

    def __call__(self, *records: Record) -> Outcome:
        (kind,) = records
        world = self.world()
        assert isinstance(kind, Document) and isinstance(world, Practising)
        return Outcome(records=tuple(world.practice(kind)))
