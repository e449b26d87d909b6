"""The document of a window: what of its text a task may begin with, or write over."""

from __future__ import annotations

import re

from ..places import Field
from ..web.nodes import quoted
from .screen import Item, Screen
from .sheet import Selection

WRITTEN = 4
"""Paragraphs that tasks write over."""
WORDS = re.compile(r"[^\s,.;:]+(?: [^\s,.;:]+){1,2}")
"""Two or three words that no comma parts."""


class Paragraphs:
    """Those that can be seen and hold something; without a document there are none."""

    def __init__(self, screen: Screen) -> None:
        self._lines = screen.lines
        self._items = {
            name: item
            for name, item in screen.elements.items()
            if item.role == "paragraph" and item.label and " #" not in name
        }

    def selections(self) -> list[Selection]:
        """In turn a paragraph, words of the next, and the cursor at the end of one."""
        kinds = (self._whole, self._words, self._cursor)
        return [kinds[at % len(kinds)](name, item) for at, (name, item) in enumerate(self._items.items())]

    def _whole(self, name: str, item: Item) -> Selection:
        said = f"Selected: all of the paragraph {quoted(item.label)}."
        return Selection((f"select [{name}]",), (said, *self._line(name)))

    def _words(self, name: str, item: Item) -> Selection:
        found = WORDS.findall(str(item.node.get("text", "")))
        if not found:
            return self._whole(name, item)
        words = found[-1]
        said = f"Selected: the words {quoted(words)} of a paragraph."
        return Selection((f"select {quoted(words)} in [{name}]",), (said, *self._line(name)))

    def _cursor(self, name: str, item: Item) -> Selection:
        said = f"The cursor is at the end of the paragraph {quoted(item.label)}."
        return Selection((f"click [{name}]",), (said, *self._line(name)))

    def _line(self, name: str) -> list[str]:
        return [line.replace(" focused", "") for line in self._lines if f"[{name}]" in line]

    def fields(self) -> list[Field]:
        """Paragraphs that can be written over, the shortest first."""
        short = sorted(self._items.items(), key=lambda one: len(str(one[1].node.get("text", ""))))
        return [
            Field(element=name, role="textbox", label=f"the line {quoted(item.label)}", value=item.label)
            for name, item in short[:WRITTEN]
        ]
