"""What is recognised in the documentation of commands: what their tasks will be proposed from."""

from __future__ import annotations

from collections.abc import Sequence

from ..types import Document, Value
from .readers.options import options
from .readers.shown import commands
from .readers.synopsis import listed


class Recognised(Value):
    """Of the sections of a tool's documentation."""

    sections: int
    with_forms: int
    """Those that say how a command is written."""
    forms: int
    options: int
    shown: int
    """Commands that are shown as examples."""
    nothing: tuple[str, ...]
    """Titles of sections in which none of these is: tasks are made of them as a whole."""

    @property
    def text(self) -> str:
        """A sentence or two, for people."""
        told = (
            f"Recognised: {self.forms} forms of commands (in {self.with_forms} sections), "
            f"{self.options} options, {self.shown} examples."
        )
        if self.nothing:
            some = ", ".join(repr(title) for title in self.nothing[:3])
            told += f" In {len(self.nothing)} sections none of these, such as {some}."
        return told


def recognised(documents: Sequence[Document], tools: Sequence[str]) -> Recognised:
    """Read the sections as the proposer does."""
    every = [(one, list(listed([one], tools)), options(one.text), commands(one, tools)) for one in documents]
    return Recognised(
        sections=len(every),
        with_forms=sum(bool(forms) for _, forms, _, _ in every),
        forms=len({form for _, forms, _, _ in every for form in forms}),
        options=sum(len(known) for _, _, known, _ in every),
        shown=sum(len(shown) for _, _, _, shown in every),
        nothing=tuple(one.title for one, *found in every if not any(found)),
    )
