"""Which thing of the start state each task is about, and what the arguments of its command then can be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ..commands import file_names, without_stops
from ..types import Document
from .ground import file_columns, focus
from .items import Item, files_of, kinds_of, number_of
from .readers.arguments import REPEATED
from .readers.grammar import ATTRIBUTES, KEY, OTHER, TARGET, is_new, made, makes
from .readers.options import FILE
from .readers.positional import GROUP

COLUMNS = re.compile(r"COL(UMN)?(_NAME|S)?")
"""An argument that names a column that is there."""
FOLDER = re.compile(r"(?i)\b(\w+_)?DIR(ECTORY)?\b")
"""An argument that may be a folder: what is read there are files, not what stands in their columns."""
FOCUS = 8
"""Things of the start state that the tasks of one page are about."""
NAMES = 24
"""Attributes that a filter can name."""
SHOWN = re.compile(r"(?<![\w:/.~-])([a-z]{2,12}(?:\.[a-z]{2,12})?):(?=[\w'])")
"""An attribute before its value."""
NUMBER = re.compile(r"NR|NO|NUM|NUMBER|ID|(ITEM|LINE|TASK)(_?(NR|NO|NUM|NUMBER|ID))?|INDEX")
"""What an argument is called, in capitals, that is the number of a thing."""


def matched(
    chosen: Sequence[Item], document: Document, description: str, start: str, seed: str
) -> list[Item]:
    """Items, each with the thing of the start state that it is about: one that fits, the least used first.

    A file fits a command that reads a file, best when its kind is named: `events.csv` fits `--csv`.
    """
    # The description names the main files: it says what a page is about that names none.
    page = document.text if file_names(document.text) else f"{document.text}\n{without_stops(description)}"
    usual, every = focus(start, page, seed, FOCUS), focus(start, "", seed, 99)
    words = _letters(document.text)
    used: Counter[str] = Counter()
    items = []
    for turn, one in enumerate(chosen):
        item = one.model_copy(update={"most": REPEATED[turn % len(REPEATED)]})
        things = every if item.inputs else usual
        if not things:
            items.append(item)
            continue
        thing = min(things, key=lambda thing: (-_fit(thing, item, words), used[thing], things.index(thing)))
        used[thing] += 1
        further = _further(item.synopsis, thing, every, start)
        items.append(item.about(thing).model_copy(update={"further": further}))
    return items


def _further(
    form: str, thing: str, things: Sequence[str], start: str
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What arguments of a form can be: for OTHER_TABLE what else is there under the same head; where a TABLE
    is named, the one that the task is about, its file and its columns; the columns of a file that is read.
    """
    head, _, own = thing.partition(": ")
    setting = re.match(r"([A-Za-z_][\w.-]*) ?[=:](?!\S*:)", own)
    rows = [one.partition(": ")[2] for one in things if one.startswith(f"{head}: ")]
    arguments = [part.strip("[]<>.") for part in GROUP.findall(form)]
    found: dict[str, tuple[str, ...]] = {}
    for argument in arguments:
        if other := OTHER.fullmatch(argument):
            named = re.compile(rf"{other[1].lower()} ([\w.-]+)")
            found[argument] = tuple(match[1] for row in rows if row != own and (match := named.match(row)))
    if number := number_of(thing):
        found.update({one: (number,) for one in arguments if NUMBER.fullmatch(one.upper())})
    if setting:
        found.update({one: (setting[1],) for one in arguments if KEY.fullmatch(one) and not makes(form)})
    kind, name, columns = _parts(own)
    called = next((one for one in arguments if one in (kind, f"{kind}S", f"DB{kind}")), "")
    if kind and called and made(form).upper() != kind:
        others = [column for row in rows if row != own for column in _parts(row)[2]]
        # The key is what a small model takes, and hardly ever what one changes, searches or splits.
        columns = tuple(one for one in columns if f"{one} primary key" not in own) or columns
        found["COLUMN"] = columns
        for argument in arguments:
            if argument == called:
                found[argument] = (name,)
            elif TARGET.fullmatch(argument):
                found[argument] = tuple(files_of(thing))
            elif COLUMNS.fullmatch(argument) and not is_new(argument, made(form)):
                found[argument] = columns
            elif argument == "OTHER_COLUMN":
                found[argument] = tuple(dict.fromkeys(others))
    elif (
        not kind and FILE.search(form) and not FOLDER.search(form) and (columns := file_columns(start, head))
    ):
        found["COLUMN"] = columns
        found.update({one: columns for one in arguments if COLUMNS.fullmatch(one)})
    return tuple((argument, names) for argument, names in found.items() if names)


def with_attributes(items: Sequence[Item], pages: Sequence[Document]) -> list[Item]:
    """Items whose filters name attributes that the manual shows with a value, `project:Home`: a small model
    makes one of what its task is about (`planwalking.route:`), and what is said of none is true of all."""
    shown = Counter(name for page in pages for name in SHOWN.findall(page.text))
    names = tuple(name for name, _ in shown.most_common(NAMES))
    if not names:
        return list(items)
    return [one.model_copy(update={"further": (*one.further, (ATTRIBUTES, names))}) for one in items]


def _parts(row: str) -> tuple[str, str, tuple[str, ...]]:
    """Kind, in capitals, name and columns of a row `table books(id primary key, title)`; "" for others."""
    match = re.fullmatch(r"(\w+) ([\w.-]+)\((.+)\)", row)
    if not match:
        return "", "", ()
    columns = [part.split()[0] for part in match[3].split(",") if part.strip()]
    return match[1].upper(), match[2], tuple(one for one in columns if re.fullmatch(r"[\w.-]+", one))


def _fit(thing: str, item: Item, words: frozenset[str]) -> int:
    """How well a thing fits: its file can be read, its kind is what the item or its page (`words`) names.

    Where none is read, a row that is called like an argument fits: `table books` where there is a TABLE.
    """
    if not item.inputs:
        kind = thing.partition(": ")[2].partition(" ")[0].upper()
        named = {part.strip("[]<>.") for part in GROUP.findall(item.synopsis)}
        return int(kind in named and kind != made(item.synopsis).upper())
    kinds = kinds_of(thing)
    # Without options a file is read whose kind no option names.
    plain = bool(item.chosen) or not item.kind(thing)
    fits = (bool(files_of(thing) & set(item.inputs)), kinds & _letters(item.text), kinds & words, plain)
    return sum(weight for weight, fit in zip((8, 4, 1, 2), fits, strict=True) if fit)


def _letters(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]+", text.lower()))
