"""What a command changed, in words: the files, and what looking around shows now that it did not before.

Many tools say nothing when they worked. A model that reads or continues such a session would have to
guess what was done from what was meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import SequenceMatcher

LINES = 12
"""Lines of the difference that are shown."""
WIDTH = 120
"""Characters of each."""
FILES = 6
"""Files of each kind (new, changed, gone) that are named."""


def changes(before: Mapping[str, str], now: Mapping[str, str], looked: str, looks: str) -> str:
    """Lines that say what is new, changed and gone; "" when nothing is.

    `before`, `now`: path of each file -> digest of its content. `looked`, `looks`: what looking around
    showed before and shows now. Hidden files are named where looking around shows them, or where nothing else
    can be said.
    """
    kinds = {
        "new": [name for name in now if name not in before],
        "changed": [name for name in now if before.get(name, now[name]) != now[name]],
        "gone": [name for name in before if name not in now],
    }
    lines = difference(looked, looks)
    if lines or any(not _hidden(name) for names in kinds.values() for name in names):
        seen = set(" ".join(lines).split())
        kinds = {
            kind: [name for name in names if name in seen or not _hidden(name)]
            for kind, names in kinds.items()
        }
    said = "; ".join(f"{kind}: {_listed(names)}" for kind, names in kinds.items() if names)
    return "\n".join([*([f"[{said}]"] if said else []), *lines])


def difference(before: str, now: str) -> list[str]:
    """The lines that stand in one text only, with - and +; blanks beside them do not count."""
    old, new = _lines(before), _lines(now)
    found: list[str] = []
    matcher = SequenceMatcher(None, [_bare(line) for line in old], [_bare(line) for line in new], False)
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind != "equal":
            found += [f"- {line}"[:WIDTH] for line in old[i:j]] + [f"+ {line}"[:WIDTH] for line in new[k:m]]
    more = len(found) - LINES
    return [*found[:LINES], f"[{more} more lines differ]"] if more > 0 else found


def new_files(text: str) -> list[str]:
    """The files that an observation says are new; [] where they are too many to be named."""
    found = re.search(r"^\[new: ([^];]*)", text, re.MULTILINE)
    return found[1].split(", ") if found and not re.search(r" and \d+ more$", found[1]) else []


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if re.search(r"\w", line)]


def _bare(line: str) -> str:
    return " ".join(line.split())


def _hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _listed(names: list[str]) -> str:
    more = len(names) - FILES
    return ", ".join(sorted(names)[:FILES]) + (f" and {more} more" if more > 0 else "")
