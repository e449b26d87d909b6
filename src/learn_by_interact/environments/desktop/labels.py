"""What an element is called that has no name: by its tip, the text beside it, or what it is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .screen import Item

ROW = 0.5
"""Elements stand in one row where their heights overlap by this share of the smaller."""
BESIDE = 260
"""Pixels between a field and the text before it that may be its name."""
ABOVE = 12
"""Pixels between a field and the text above it that may be its name."""


def label_of(item: Item, items: Sequence[Item], names: Mapping[str, str]) -> str:
    """The label of a nameless item among those of its window; "" where nothing tells one.

    A button's tip says what it does, and the text beside it is seldom about it; a field's tip says how it is
    filled in, and the text before it what it is. `names`: see `Desktop.names`.
    """
    if item.role == "text":
        return ""
    tip, near = str(item.node.get("tip", "")), _beside(item, items)
    within = "" if item.role == "cell" else str(item.node.get("within", ""))
    told = (tip, near) if item.role == "button" else (near, names.get(within, ""), tip)
    return next(filter(None, told), "") or names.get(within, within)


def _beside(item: Item, items: Sequence[Item]) -> str:
    """The text before a field, or above it."""
    if item.box is None:
        return ""
    x, y, wide, height = item.box
    best, found = BESIDE, ""
    for other in items:
        if other.role != "text" or not other.label or other.box is None:
            continue
        if other.node["tab"] not in (0, item.node["tab"]):
            continue  # What another tab shows names nothing here.
        left, top, width, tall = other.box
        before, above = x - left - width, y - top - tall
        level = min(y + height, top + tall) - max(y, top) > ROW * min(height, tall)
        if -4 <= before < best and level:
            best, found = before, other.label
        elif best == BESIDE and -4 <= above <= ABOVE and left < x + wide and x < left + width:
            found = other.label
    return found
