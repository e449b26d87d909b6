"""Documentation in, `Document` records out: the first arrow of the pipeline."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import ConfigError, LbiError
from ..sources import Docs
from ..types import Document
from .readers import Report, Run, Source, terminal
from .readers.code import code
from .readers.files import folder, page
from .readers.helptree import help_tree
from .readers.sections import sections
from .readers.shown import commands
from .readers.site import Browse, site

__all__ = ["NO_PAGE", "commands", "ingest", "spread", "without_page"]

logger = logging.getLogger(__name__)
NO_PAGE = "no documentation"
"""Title of a section without a page."""


def ingest(
    docs: Docs,
    root: Path,
    run: Run | None = None,
    report: Report = logger.warning,
    browse: Browse | None = None,
) -> Iterator[Document]:
    """Sections of all sources of documentation, in the order help, man, info, folders, code, urls, pages.

    `root` is where the folders are relative to. `run` runs a bash command line and returns what
    it printed (the environment's sandbox, with its tools on PATH); without it commands run on
    this machine. `browse` opens a page of a web application. `report` is told, in a sentence each, what
    was skipped: a page that cannot be had, a sub-command without help, an unreadable file. Raises
    ConfigError when a command, a manual or a folder does not exist, when nothing is declared, and when
    nothing was found.
    """
    count = 0
    if docs.pages and browse is None:
        raise ConfigError("[docs] pages are those of a web application: the environment has no table [web].")
    for source in _sources(docs, root, run or terminal.run, report, browse):
        for section in sections(source, docs.chars):
            count += 1
            yield section
    if not count:
        raise ConfigError(
            "[docs] no documentation was found; name some under help, man, info, folder, urls or pages."
        )


def without_page(number: int) -> Document:
    """A section that says nothing: what is proposed from it comes from the environment alone.

    `number` tells several apart, which then are about different things of the start state.
    """
    text = "No page is shown: use what you know of this software."
    return Document(source="", title=NO_PAGE, text=text, begin=number + 1, end=number + 1)


def _sources(docs: Docs, root: Path, run: Run, report: Report, browse: Browse | None) -> Iterator[Source]:
    for tool in docs.help:
        yield from help_tree(tool, run, report)
    for name in docs.man:
        # A page given as a file is only formatted: that needs no sandbox, which may not hold it.
        yield terminal.man(str(root / name), terminal.run) if "/" in name else terminal.man(name, run)
    for name in docs.info:
        yield terminal.info(name, run)
    seen: set[str] = set()
    for name in docs.folder:
        yield from folder(root / name, name, report, seen)
    for name in docs.code:
        yield from code(root / name, name, report, seen)
    for url in docs.urls:
        try:
            yield page(url)
        except ConfigError:
            raise
        except (LbiError, OSError, ValueError) as error:
            report(f"{url} was skipped: {' '.join(str(error).split()) or type(error).__name__}.")
    if browse:
        yield from site(docs.pages, docs.follow, docs.most, browse, report)


def spread(documents: Sequence[Document], wanted: int | None) -> list[Document]:
    """So many of the documents, evenly over all; None: all."""
    if wanted is None or wanted >= len(documents):
        return list(documents)
    last = len(documents) - 1
    places = {round(number * last / max(wanted - 1, 1)) for number in range(wanted)}
    return [documents[at] for at in sorted(places)]
