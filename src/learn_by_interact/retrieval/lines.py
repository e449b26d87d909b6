"""The lines of a section of documentation that say most about a task or an error.

Where a manual is exact, a line of it (`--pk TEXT  Columns to use as the primary key`) says what no example
happens to show; a whole section would cost a small model more than it can read.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

WIDTH = 160
"""Characters of a line that are shown."""
NEAR = 1 / 3
"""Share of the best line's score from which another is worth showing."""
HELP = re.compile(r"^(-\w, )?--(help|version)\b")
USAGE = re.compile(r"^\s*usage:\s*", re.IGNORECASE)
COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be but by can each for from has have if in into is it its may must not of on one "
        "only or so such than that the them then there these this to use used using was when which will with",
    )
)
"""Words that tell no lines apart."""


def usage(text: str) -> str:
    """The first entry of a section that says how its command is written; "" where there is none."""
    return next((entry for entry in entries(text) if USAGE.match(entry)), "")


def telling_lines(text: str, about: str, limit: int) -> list[str]:
    """At most `limit` entries of a section, in its order: those that share most with `about`.

    A shared word counts log(1 + entries / entries that have it); a plural is its singular. The usage, the
    option that shows this help, and entries that share much less than the best one, are left out.
    """
    found = [entry for entry in entries(text) if not USAGE.match(entry) and not HELP.match(entry)]
    having = [_stems(entry) for entry in found]
    spread = Counter(word for words in having for word in words)
    wanted = _stems(about)

    def score(number: int) -> float:
        return sum(math.log(1 + len(found) / spread[word]) for word in sorted(wanted & having[number]))

    best = sorted(range(len(found)), key=lambda number: (-score(number), number))[:limit]
    worth = NEAR * max(map(score, best), default=0.0)
    return [found[number] for number in sorted(best) if score(number) > 0 and score(number) >= worth]


def entries(text: str) -> Iterator[str]:
    """Lines with the further ones that belong to them, each on one line: the help of an option, a usage.

    What is indented more goes on, unless it is an option itself; so does what follows a backslash.
    """
    entry: list[str] = []
    margin = 0
    for line in [*text.split("\n"), ""]:
        further = len(line) - len(line.lstrip()) > margin + 1 and not line.lstrip().startswith("-")
        if entry and line.strip() and (entry[-1].endswith("\\") or (further and not entry[-1].endswith(":"))):
            entry.append(line.strip())
            continue
        if entry:
            yield " ".join(" ".join(entry).split())[:WIDTH]
        entry = [line.strip()] if line.strip() else []
        margin = len(line) - len(line.lstrip())


def _stems(text: str) -> set[str]:
    words = re.findall(r"[^\W_]+", text.lower())
    return {word[:-1] if len(word) > 3 and word.endswith("s") else word for word in words} - COMMON
