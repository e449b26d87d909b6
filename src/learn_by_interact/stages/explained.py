"""Tasks about the words that a page explains, where the arguments of commands are such words."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from ..commands import files_there
from ..patterns import literal, one_of
from ..types import Document
from .items import Item, kinds_of
from .readers.general import before_command, ends_so, files_behind
from .readers.grammar import SEARCHED
from .readers.options import FILE, clause
from .readers.shown import commands
from .readers.synopsis import synopses
from .readers.words import names, takes_words, words

ANYTHING = r'([^"\\<]|\\.){1,160}'
"""Regular expression, over JSON text, of the rest of a command; there can be no `<name>` in it."""
LENT = 3
"""Synopses of other sections that a page, or each of its options, is given: few, so that its tasks show each
with several things."""
CALLED = re.compile(r"<([a-z]{2,})>")
"""An argument for which a page lists what it can be."""
FEEDING = re.compile(r"(?<!\S)< ?[\w.]")
"""In a command that reads a file from the standard input."""
FEEDS = 3
"""One in so many commands that a manual shows does, where that is how its tool is used."""


def with_words(document: Document, ways: Sequence[str], start: str, opening: Sequence[str]) -> list[Item]:
    """Items about the words that a page explains, `due:<date>`: with the first of the synopses whose
    arguments are such, and with others; where there is none, at the end of any command (`opening`)."""
    ways, spoken = [form for form in ways if takes_words(form)], words(document.text)
    files = files_there(start)
    if not ways and opening:
        begins = f"^({one_of(opening)}) {ANYTHING}"
        texts = [f"with {one.text} ({clause(one.help)})" for one in spoken]
        return [
            Item(text=text, free=f"{begins} {one.about(files)}$")
            for text, one in zip(texts, spoken, strict=True)
        ]
    found = []
    for turn in range(min(len(ways), 2 if len(spoken) > LENT else LENT)):
        for at, one in enumerate(spoken):
            form = ways[1 + (at + turn - 1) % (len(ways) - 1)] if turn else ways[0]
            text = f"with the command {form} and {one.text} ({clause(one.help)})"
            found.append(Item(text=text, synopsis=form, word=one.about(files)))
    return found


def with_names(
    document: Document, own: Collection[str], lending: Collection[str], files: Sequence[str]
) -> list[Item]:
    """Items about what a page without synopses (`own`) lists that stands for an argument which it is called
    like: `sum` for `<op>`, on a page about operations.

    `lending`: the synopses of its manual; `files`: those that its commands read from the standard input.
    """
    heading = re.findall(r"[a-z]+", document.title.rpartition(" > ")[2].lower())
    for form in () if own else lending:
        place = CALLED.search(form)
        if place and not SEARCHED.match(place[0]) and any(word.startswith(place[1]) for word in heading):
            told = [(name, f"with {name} ({clause(does)})") for name, does in names(document.text)]
            return [
                Item(text=text, synopsis=form.replace(place[0], name, 1)).of(files) for name, text in told
            ]
    return []


def as_all(items: Sequence[Item], pages: Sequence[Document], tools: Sequence[str]) -> list[Item]:
    """Items with what a manual says once for all commands: options before the command, as its examples have
    them (those that name the kind of the thing's file, if any do: `--icsv` for `sales.csv`), files behind."""
    shown, files = before_command(pages, tools), files_behind(pages, tools)

    def said(item: Item) -> Item:
        begins = (one for one in shown if item.free.startswith(f"^({literal(one)}) "))
        tool = item.synopsis.partition(" ")[0] or next(begins, "")
        item = item.model_copy(update={"strict": ends_so(item.synopsis, files)})
        if tool not in shown or any(item.above):
            return item
        kinds = kinds_of(item.thing)
        lead = one_of([one for one in shown[tool] if any(kind in one for kind in kinds)] or shown[tool])
        if item.synopsis:
            return item.model_copy(update={"above": (tool, f"({lead})")})
        begin = f"^({literal(tool)}) "
        return item.model_copy(update={"free": f"{begin}({lead}) {item.free.removeprefix(begin)}"})

    return [said(item) for item in items] if shown or files else list(items)


def fed_by(manual: Sequence[Document], tools: Sequence[str]) -> bool:
    """Whether the commands of a manual read the standard input, as it shows, and none names a file."""
    if any(map(FILE.search, synopses(manual, tools))):
        return False
    shown = [one for page in manual for one in commands(page, tools)]
    feeding = [one for one in shown if FEEDING.search(one)]
    return bool(feeding) and len(shown) <= FEEDS * len(feeding)
