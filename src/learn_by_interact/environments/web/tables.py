"""Fields in the rows of a table: the head of a column says what each of them is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from .nodes import CELLS, FIELDS, Node, below

TABLES = frozenset({"table", "grid", "treegrid"})
HEAD = 40
"""Characters of a column's name."""


def columns(nodes: Sequence[Node]) -> Mapping[int, tuple[str, bool]]:
    """By id of each field without a name in such a row: its column, "" for one without a name, and whether
    other rows have the like."""
    found: dict[int, tuple[str, bool]] = {}
    for table in (node for one in nodes for node in (one, *below(one)) if node.role in TABLES):
        heads: list[str] = []
        fields: list[tuple[Node, str]] = []
        for row in _rows(table):
            cells = [cell for cell in row.children if cell.role in CELLS]
            if not heads and len(cells) > 1 and all(cell.role == "columnheader" for cell in cells):
                heads = [cell.name or cell.content for cell in cells]
            elif len(cells) == len(heads):
                fields += [
                    (node, head) for cell, head in zip(cells, heads, strict=True) for node in _fields(cell)
                ]
        times = Counter((node.role, head) for node, head in fields)
        for node, head in fields:
            name = head if len(head) <= HEAD else f"{head[: HEAD - 3].rstrip()}..."
            found[id(node)] = (name, times[node.role, head] > 1)
    return found


def _rows(table: Node) -> Iterator[Node]:
    """The rows of a table, not those of tables in it."""
    for child in table.children:
        if child.role == "row":
            yield child
        elif child.role not in TABLES:
            yield from _rows(child)


def _fields(cell: Node) -> Iterator[Node]:
    """The fields without a name in a cell, not those of tables in it."""
    for child in cell.children:
        if child.role in FIELDS and child.unnamed:
            yield child
        elif child.role not in TABLES:
            yield from _fields(child)
