"""A page in the room that an observation has: what is particular to it first, in parts that scrolling turns.

All of it follows from the page (and from the application's first page, which is the same in every episode),
not from what was seen before: the same state gives the same text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from difflib import SequenceMatcher

from ..places import ELEMENT

COMMON = 5
"""One part in so many of the room is for lines that the application's first page has too."""
CHANGED = 8
"""Lines that are told as changed, and more only of what can be acted on."""
TOLD = 16
"""Lines with what can be acted on that are told; where more have changed, the page is shown whole."""
MOST = 0.5
"""Share of a page's lines; where more have changed, it is another page and not a change."""


def parts(lines: Sequence[str], chars: int) -> list[list[str]]:
    """Lines in parts of at most `chars` characters each, at least one; a longer line is cut."""
    found: list[list[str]] = [[]]
    used = 0
    for line in lines:
        line = line if len(line) <= chars else f"{line[: chars - 4].rstrip()} ..."
        if found[-1] and used + len(line) + 1 > chars:
            found.append([])
            used = 0
        found[-1].append(line)
        used += len(line) + 1
    return found


def laid_out(lines: Sequence[str], common: Collection[str], chars: int, part: int) -> tuple[str, int]:
    """The text of a page's part (from 0) -> (text, number of parts).

    `common`: lines of the application's first page, such as its menus: they stand last, as far as there is
    room for them. A page that has nothing else is shown in order.
    """
    own, rest = _apart(lines, common)
    spare = _spare(lines, rest, chars)
    every = parts(own, chars - spare)
    part = min(part, len(every) - 1)
    text = list(every[part])
    if len(every) > 1:
        more = [word for word, there in (("up", part > 0), ("down", part < len(every) - 1)) if there]
        turn = f"scroll {' or '.join(more)} for the rest"
        text.append(f"(Part {part + 1} of {len(every)} of this page; {turn}.)")
    if rest:
        shown = parts(rest, spare)[0]
        text += ["As on the first page:", *shown]
        if len(shown) < len(rest):
            text.append(f"({len(rest) - len(shown)} more such lines)")
    return "\n".join(text), len(every)


def _apart(lines: Sequence[str], common: Collection[str]) -> tuple[list[str], list[str]]:
    """What is particular to a page, and what the first page has too; all is, where nothing else would be."""
    own = [line for line in lines if line not in common]
    return (own, [line for line in lines if line in common]) if own else (list(lines), [])


def _spare(lines: Sequence[str], rest: Sequence[str], chars: int) -> int:
    """Characters for the common lines: what they need, but a share of the room where that is short."""
    need = sum(len(line) + 1 for line in rest)
    fits = sum(len(line) + 1 for line in lines) <= chars
    return need if fits else min(need, chars // COMMON)


def part_of(lines: Sequence[str], common: Collection[str], chars: int, line: str) -> int:
    """The part in which a line stands; 0 for one that stands nowhere."""
    own, rest = _apart(lines, common)
    every = parts(own, chars - _spare(lines, rest, chars))
    return next((at for at, part in enumerate(every) if line in part), 0)


def sampled(lines: Sequence[str], number: int) -> list[str]:
    """Lines with at most so many rows of tables and items of lists, evenly spread over those there are."""
    rows = [at for at, line in enumerate(lines) if line.count(" | ") > 1 or line.lstrip().startswith("- ")]
    # The first is a table's head.
    step = max(1.0, (len(rows) - 1) / (number - 1))
    kept = {rows[round(turn * step)] for turn in range(number) if round(turn * step) < len(rows)}
    return [line for at, line in enumerate(lines) if at in kept or at not in rows]


def changed(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """What a page shows that it did not show before, and no longer shows: `+ line`, `- line`.

    Lines with something that can be acted on are all told; [] where nothing or too much changed to be told.
    """
    old, new = Counter(before), Counter(now)
    gone, come = list((old - new).elements()), list((new - old).elements())
    if (not gone and not come) or len(come) > max(CHANGED, MOST * len(now)):
        return []
    # A line that only changed a little is told once, as it is now.
    gone = [line for line in gone if not any(_like(line, other) for other in come)]
    told = [*(f"+ {line}" for line in come), *(f"- {line}" for line in gone)]
    named = sum(bool(ELEMENT.search(line)) for line in told)
    if named > TOLD:
        return []
    spare = max(0, CHANGED - named)
    kept = []
    for line in told:
        if ELEMENT.search(line) or spare > 0:
            spare -= not ELEMENT.search(line)
            kept.append(line)
    more = len(told) - len(kept)
    return [*kept, *([f"({more} more lines changed)"] if more else [])]


def _like(one: str, other: str) -> bool:
    return other.startswith(one) or SequenceMatcher(None, one, other, autojunk=False).ratio() > 0.7
