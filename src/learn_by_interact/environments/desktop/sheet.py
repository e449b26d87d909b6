"""The sheet of a window: what its cells hold, and what of it a task may begin with or write into."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..places import Field
from .screen import Screen

CELL = re.compile(r'cell "([A-Z]{1,3})([1-9]\d*)"')
ROW, FREE = 4, 2
"""The first row that something is selected in; empty cells that tasks write into."""


class Sheet:
    """The cells that can be seen, under headings in the first row; without these there is nothing in it."""

    def __init__(self, screen: Screen) -> None:
        self._lines = screen.lines
        self._held: dict[tuple[str, int], str] = {}
        for name, item in screen.elements.items():
            if found := CELL.fullmatch(name):
                self._held[found[1], int(found[2])] = " ".join(str(item.node.get("text", "")).split())
        self._heads = {column: text for (column, row), text in self._held.items() if row == 1 and text}

    def selections(self, number: int) -> list[str]:
        """So many elements that are selected before something is done: in turn the headings, and of each
        column a cell and all; "" where there is no sheet."""
        if not self._heads:
            return [""] * number
        last = max(row for (_, row), text in self._held.items() if text)
        columns = list(self._heads)
        turns = [f'cell "{columns[0]}1:{columns[-1]}1"']
        for at, column in enumerate(columns):
            turns.append(f'cell "{column}{min(ROW + at, last)}"')
            turns.append(f'cell "{column}2:{column}{last}"')
        return [turns[at % len(turns)] for at in range(number)]

    def told(self, selected: str) -> list[str]:
        """Lines about what is selected: where it is, the headings, and the row of a single cell."""
        if not selected:
            return []
        column, row, *more = re.findall(r"[A-Z]+|\d+", selected.partition(" ")[2])
        place, head = selected.partition(" ")[2].strip('"'), self._heads.get(column, "")
        where = f" (in the column {head!r})" if row != "1" else ", the heads of the columns"
        if not more:
            where = f" (it holds {self._held.get((column, int(row)), '')!r}, in the column {head!r})"
        shown = ("| ", "1 | ") if more else ("| ", "1 | ", f"{row} | ")
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
