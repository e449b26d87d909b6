"""What a page of an application tells about its things: what one can ask about, with the answer.

A small model that is to think of a question asks what the page is called. So what is asked for is chosen for
it: a cell of a table (`Owner` of the row `Printer on fire`), what stands behind a label (`Priority: | high`),
and what the fields of an item's page hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ..environments.places import ELEMENT, Place, plain
from ..types import Value, digest

LABEL = re.compile(r"[^\W\d_][\w /-]{1,28}")
"""What a fact can be called."""
TELLS = re.compile(r"(?=.*[^\W_])(?!.*(\bago\b|\bjust now\b|://|→| - ))[^\"\\]{1,40}")
"""What an answer can be: short, and not another one in a minute."""
LINE = re.compile(rf"(?:- )?({LABEL.pattern}): ((?=[A-Z\d])\S+(?: \S+){{0,2}})")
"""A label and a value on a line of their own; more words, and small ones, are a sentence."""
VIEWS = re.compile(r"(?i)\b(max|per page|page ?size|sort|group|order|columns?|show|hide|filter)\b")
"""What is not a property of an item, but how a page shows it."""
FEWEST = 3
"""Columns of a table."""
ROWS = 2
"""Rows from which on lines with as many cells are a table."""
NUMBER = re.compile(r"^#(\d+)$")
"""Who is asked for a number leaves out its sign."""
QUALIFIED = re.compile(r" \(([^()]+)\)$")


class Fact(Value):
    """The value that something has under a name."""

    subject: str
    """The row of a table; "": the item that the page is about."""
    name: str
    value: str


def facts(place: Place) -> list[Fact]:
    """What a place tells, each name once for the page and once for the rows of a table, in its order."""
    if place.single:
        return []
    found: dict[tuple[bool, str], Fact] = {}
    for fact in (*_labelled(place), *_held(place), *_rows(place)):
        if LABEL.fullmatch(fact.name) and TELLS.fullmatch(fact.value) and fact.name != fact.value:
            found.setdefault((bool(fact.subject), fact.name.lower()), fact)
    return list(found.values())


def _labelled(place: Place) -> Iterator[Fact]:
    """`Priority: | high | Owner: | ann`, and `Due: 2024-08-30`."""
    for line in place.text.split("\n"):
        cells = _cells(line)
        for name, value in pairwise(cells):
            # A field is no text.
            if plain(name).endswith(":") and not plain(value).endswith(":") and _text(value):
                yield Fact(subject="", name=plain(name).rstrip(": "), value=plain(value))
        if len(cells) == 1 and _text(line) and (told := LINE.fullmatch(plain(line))):
            yield Fact(subject="", name=told[1], value=told[2].strip())


def _held(place: Place) -> Iterator[Fact]:
    """What the fields of an item's page hold; on other pages it is what is there for a new one."""
    for form in place.forms if place.alike else ():
        for field in form.fields:
            if field.value and not field.value.startswith("-") and not VIEWS.search(field.label):
                yield Fact(subject="", name=field.label.rstrip(": "), value=field.value)


def _rows(place: Place) -> Iterator[Fact]:
    """Of each column of a table the cell of one row, which the cell with its name stands for."""
    lines = [_cells(line.removeprefix("- ")) for line in place.text.split("\n")]
    for at, header in enumerate(lines):
        names = [plain(cell) for cell in header]
        if len(names) < FEWEST or not all(map(LABEL.fullmatch, names)):
            continue
        # A line of one cell is the heading of a group of rows.
        rows = []
        for cells in lines[at + 1 :]:
            if len(cells) == len(names):
                told = [plain(cell) if _text(cell) else "" for cell in cells]
                rows.append([_unqualified(cell, told) for cell in told])
            elif len(cells) > 1:
                break
        if len(rows) >= ROWS:
            yield from _of_table(names, rows, place.title)


def _of_table(names: Sequence[str], rows: Sequence[Sequence[str]], seed: str) -> Iterator[Fact]:
    columns = list(zip(*rows, strict=True))
    alone = [at for at, cells in enumerate(columns) if len(set(cells)) == len(cells)]
    if not alone:
        return
    # What the rows are called has most letters.
    called = max(alone, key=lambda at: sum(map(str.isalpha, "".join(columns[at]))))
    for column, name in enumerate(names):
        cells = [NUMBER.sub(r"\1", cell) for cell in columns[column]]
        # What is the same in each row, such as a link that opens it, tells nothing of one.
        if len(set(cells)) == 1:
            continue
        telling = [at for at, cell in enumerate(cells) if TELLS.fullmatch(cell)]
        if column != called and telling:
            row = telling[int(digest([seed, name]), 16) % len(telling)]
            yield Fact(subject=columns[called][row], name=name, value=cells[row])


def _cells(line: str) -> list[str]:
    """The cells of a row, empty ones too: `a | | b`."""
    return [cell.strip() for cell in re.split(r" \|(?= |$)", line)]


def _unqualified(cell: str, row: Sequence[str]) -> str:
    """The text of a cell, to whose name that of its row was added: `Open (Fix roof)` beside `Fix roof`."""
    found = QUALIFIED.search(cell)
    name = found[1].removesuffix("...") if found else ""
    own = any(other != cell and other.startswith(name) for other in row)
    return cell[: found.start()] if found and own else cell


def _text(cell: str) -> bool:
    """A cell says something, and is no field or button."""
    return all(role in ("link", "clickable") for _, role, _ in ELEMENT.findall(cell))
