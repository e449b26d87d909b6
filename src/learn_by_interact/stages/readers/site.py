"""The pages of a web application, as its own user sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase

from ...errors import LbiError
from . import Report, Source
from .markup import html

Browse = Callable[[str], tuple[str, list[str]]]
"""Path of a page -> its HTML, and the paths of the application that it links to.

Raises an LbiError when the page cannot be had."""


def site(
    pages: Sequence[str], follow: Sequence[str], most: int, browse: Browse, report: Report
) -> Iterator[Source]:
    """The pages, and those that they link to by a path which matches a pattern, breadth first.

    At most `most` of them; what else there was, and what cannot be had, is reported.
    """
    waiting = list(dict.fromkeys(pages))
    known = set(waiting)
    for number, path in enumerate(waiting):
        if number >= most:
            report(f"[docs] most: {len(waiting) - number} more pages were not read.")
            return
        try:
            text, links = browse(path)
            source = html(path, text)
        except LbiError as error:
            report(f"{path} was skipped: {' '.join(str(error).split())}.")
            continue
        # The list grows while it is gone through.
        for link in links:
            plain = link.partition("#")[0]
            if plain not in known and any(fnmatchcase(plain, pattern) for pattern in follow):
                known.add(plain)
                waiting.append(plain)
        if any(line.strip() for line in source.lines):
            yield source
        else:
            report(f"{path} was skipped: no text was found in it.")
