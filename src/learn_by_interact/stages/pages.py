"""What the sections of one page of a manual have together: the options of its command."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ..commands import files_there, page_of
from ..types import Document
from .demands import Demand, requires
from .ground import columns_of
from .readers.options import FILE, Option, options

PART = re.compile(r" \(\d+ of \d+\)$")
"""The end of the title of a part of a section that was too long."""
ABOUT = 3
"""Headings, with that of the page, from which on sections of a page are about one command each."""


def selector(form: str, document: Document, others: Sequence[Document], start: str) -> Option | None:
    """The option that says to which columns of the file it reads a command is applied; None: there is none,
    or several tell of columns."""
    telling = [one for one in of_page(document, others) if one.of_column]
    reads = FILE.search(form) and any(columns_of(start, name) for name in files_there(start))
    return telling[0] if reads and len(telling) == 1 else None


def requirements(chosen: Sequence[Option], document: Document, others: Sequence[Document]) -> list[Demand]:
    """The options without which those of a command do nothing, by their help: `Requires --insert`."""
    known = of_page(document, others)
    needed = [name for option in chosen for name in requires(option)]
    return [(option,) for option in known if set(needed) & set(option.names)]


def of_page(document: Document, others: Sequence[Document]) -> list[Option]:
    """The options of the whole page that a section belongs to, its own first: of two that are called the same
    its own is meant. A section about another command of the page has options that are not this one's."""
    own = _headings(document)
    page = [one for one in others if (one.source, *_headings(one)[:1]) == (document.source, *own[:1])]
    near = [one for one in page if len(_headings(one)) < ABOUT or _headings(one)[:ABOUT] == own[:ABOUT]]
    found: dict[str, Option] = {}
    for option in (option for one in (document, *near) for option in options(one.text)):
        found.setdefault(option.name, option)
    return list(found.values())


def _headings(document: Document) -> list[str]:
    """The headings that a section stands under, from that of its page; `options (2 of 3)` is `options`."""
    return PART.sub("", document.title).split(" > ")


def before(document: Document, manual: Sequence[Document]) -> list[Document]:
    """The sections of the same page that stand before one."""
    page = page_of(document.title)
    return [one for one in manual if page_of(one.title) == page and one.begin < document.begin]


def common(document: Document, others: Sequence[Document]) -> set[str]:
    """Options that more than half of the other pages have: what all commands of a manual take."""
    pages: dict[str, set[str]] = {}
    for other in others:
        if page_of(other.title) != page_of(document.title):
            pages.setdefault(page_of(other.title), set()).update(one.name for one in options(other.text))
    counts = Counter(name for names in pages.values() for name in names)
    return {name for name, count in counts.items() if count > max(len(pages) / 2, 2)}
