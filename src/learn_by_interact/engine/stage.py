"""What a stage is: its own configuration, and a function from records to records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ..types import Record, Usage, Value, digest

if TYPE_CHECKING:
    from .store import Store


class Outcome(Value):
    """What a stage made of one input. `usage`: all model calls, also of what was thrown away."""

    records: tuple[Record, ...] = ()
    usage: Usage = Usage()


class Stage(Value):
    """A frozen class whose fields are its settings; it pickles, and connects where it runs.

    Settings that change where or how fast it runs, but not what comes out, are named in `aside`
    and stay out of the digest under which the ledger remembers what is done.
    """

    name: ClassVar[str]
    aside: ClassVar[frozenset[str]] = frozenset()

    @property
    def key(self) -> str:
        """Name and digest of what it is known by: `explore:1f2e...`."""
        return f"{self.name}:{digest(self.identity())[:16]}"

    def identity(self) -> dict[str, Any]:
        """The settings that change what comes out, as JSON values."""
        return self.model_dump(mode="json", exclude=set(self.aside))

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        """Ids of the records of each call, in the order to run them; the first id names the input."""
        raise NotImplementedError

    def __call__(self, *records: Record) -> Outcome:
        """Raises LbiError: recorded as a failed attempt, or fatal (see `engine.run`)."""
        raise NotImplementedError
