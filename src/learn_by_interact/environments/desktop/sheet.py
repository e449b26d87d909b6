"""The sheet of a window: what its cells hold, and what of it a task may begin with or write into."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from ..places import Field
from .screen import Screen

CELL = re.compile(r'cell "([A-Z]{1,3})([1-9]\d*)"')
ROW, FREE = 4, 2
"""The first row that something is selected in; empty cells that tasks write into."""
OTHER = 3
"""One selection in so many is on another sheet."""


class Selection(NamedTuple):
    """What is selected before something is done: the actions, and lines about it."""

    actions: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


class Sheet:
    """The cells that can be seen, under headings in the first row; without these there is nothing in it."""

    def __init__(self, screen: Screen, tab: str = "") -> None:
        """`tab`: the element that leads there, of a sheet that is not the first to be seen."""
        self._lines, self._tab = screen.lines, tab
        self._held: dict[tuple[str, int], str] = {}
        for name, item in screen.elements.items():
            if found := CELL.fullmatch(name):
                self._held[found[1], int(found[2])] = " ".join(str(item.node.get("text", "")).split())
        self._heads = {column: text for (column, row), text in self._held.items() if row == 1 and text}

    def selections(self) -> list[Selection]:
        """The headings, and of each column a cell and all; none where there is no sheet."""
        if not self._heads:
            return []
        last = max(row for (_, row), text in self._held.items() if text)
        columns = list(self._heads)
        turns = [f'cell "{columns[0]}1:{columns[-1]}1"']
        for at, column in enumerate(columns):
            turns.append(f'cell "{column}{min(ROW + at, last)}"')
            turns.append(f'cell "{column}2:{column}{last}"')
        there = (f"click [{self._tab}]",) if self._tab else ()
        return [Selection((*there, f"click [{one}]"), tuple(self._told(one))) for one in turns]

    def _told(self, selected: str) -> list[str]:
        """Lines about what is selected: where it is, the headings, and the row of a single cell."""
        column, row, *more = re.findall(r"[A-Z]+|\d+", selected.partition(" ")[2])
        place, head = selected.partition(" ")[2].strip('"'), self._heads.get(column, "")
        where = f" (in the column {head!r})" if row != "1" else ", the heads of the columns"
        if not more:
            where = f" (it holds {self._held.get((column, int(row)), '')!r}, in the column {head!r})"
        shown = ("| ", "1 | ") if more else ("| ", "1 | ", f"{row} | ")
        where += f", after a click on [{self._tab}]" if self._tab else ""
        return [f"Selected: {place}{where}.", *(line for line in self._lines if line.startswith(shown))]

    def fields(self) -> list[Field]:
        """A cell of each column, and empty ones beside the last."""
        return [
            Field(element=f'cell "{place}"', role="textbox", label=f"cell {place}, {said}", value=held)
            for place, said, held in self._written()
        ]

    def _written(self) -> Iterator[tuple[str, str, str]]:
        """Place, what is said of it, and what it holds."""
        for at, (column, head) in enumerate(self._heads.items()):
            if held := self._held.get((column, ROW + at), ""):
                yield f"{column}{ROW + at}", f"in the column {head}", held
        free = next((column for (column, row), text in self._held.items() if row == 1 and not text), "")
        if self._heads and free:
            yield f"{free}1", "the heading of a new column", ""
            for row in range(2, 2 + FREE):
                yield f"{free}{row}", f"a formula over row {row}", ""


class Selectable(Protocol):
    """What something can be selected in."""

    def selections(self) -> list[Selection]:
        """In the order in which they are taken."""
        ...


def selections(sheets: Sequence[Selectable], number: int) -> list[Selection]:
    """So many in turn, most of the first sheet; of those with nothing in them where there is no sheet."""
    first, *others = [sheet.selections() for sheet in sheets]
    rest = [one for some in others for one in some]
    if not first:
        return [Selection()] * number
    chosen = []
    for at in range(number):
        if rest and at % OTHER == OTHER - 1:
            chosen.append(rest[at // OTHER % len(rest)])
        else:
            chosen.append(first[(at - at // OTHER if rest else at) % len(first)])
    return chosen


def heading(texts: Sequence[str], column: str) -> str:
    """What stands over a column, by the newest of these observations that shows it; ""."""
    shown: list[list[str]] = []
    for line in (r"\| (A(?: \|.*)?)$", r"1 \| (.*)$"):
        found = (re.search(rf"^(?:\+ )?{line}", text, re.MULTILINE) for text in reversed(texts))
        shown.append(next((one[1].split(" | ") for one in found if one), []))
    columns, heads = shown
    return dict(zip(columns, heads, strict=False)).get(column, "")
