"""What a command changed, in words: the files, and what looking around shows now that it did not before.

Many tools say nothing when they worked. A model that reads or continues such a session would have to
guess what was done from what was meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from difflib import SequenceMatcher
from types import MappingProxyType

LINES = 12
"""Lines of the difference that are shown."""
WIDTH = 120
"""Characters of each."""
FILES = 6
"""Files of each kind (new, changed, gone) that are named."""
NOTHING: Mapping[str, str] = MappingProxyType({})
_LINK = "-> "
_SAID = r'"(?:[^"\\]|\\.)*"|(?:(?!, | -> )[^;\]])+'
"""A name in the line of changes."""


def changes(
    before: Mapping[str, str],
    now: Mapping[str, str],
    looked: str,
    looks: str,
    had: Mapping[str, str] = NOTHING,
    has: Mapping[str, str] = NOTHING,
) -> str:
    """Lines that say what is new, changed and gone; "" when nothing is.

    `before`, `now`: path of each file -> digest of its content. `looked`, `looks`: what looking around
    showed before and shows now. Hidden files are named where looking around shows them, or where nothing else
    can be said. `had`, `has`: what else the folder had before and has now, as `Fingerprint.others` tells it:
    what changed of that is said where nothing else is.
    """
    kinds = _kinds(before, now)
    lines = difference(looked, looks)
    if not lines and not any(kinds.values()):
        return _others(had, has)
    if lines or any(not _hidden(name) for names in kinds.values() for name in names):
        seen = set(" ".join(lines).split())
        kinds = {
            kind: [name for name in names if name in seen or not _hidden(name)]
            for kind, names in kinds.items()
        }
    said = _line({kind: {name: _quoted(name) for name in names} for kind, names in kinds.items()})
    return "\n".join([*([said] if said else []), *lines])


def _kinds(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, list[str]]:
    return {
        "new": [name for name in now if name not in before],
        "changed": [name for name in now if before.get(name, now[name]) != now[name]],
        "gone": [name for name in before if name not in now],
    }


def _others(had: Mapping[str, str], has: Mapping[str, str]) -> str:
    """The line that says which folders, links and modes are new, changed or gone; "" when none is."""
    kinds = _kinds(had, has)
    for kind in ("new", "gone"):
        folders = {name for name in kinds[kind] if name.endswith("/")}
        # A folder that is new is told by what is in it, and what was in one that is gone by that one.
        above = {name: folders.intersection(_folders(name)) for name in kinds[kind]}
        told = set().union(*above.values()) if kind == "new" else {name for name in above if above[name]}
        kinds[kind] = [name for name in kinds[kind] if name not in told]
    if any(not _hidden(name) for names in kinds.values() for name in names):
        kinds = {kind: [name for name in names if not _hidden(name)] for kind, names in kinds.items()}
    shown = {kind: {name: _quoted(name) for name in names} for kind, names in kinds.items()}
    for kind in ("new", "changed"):
        for name in kinds[kind]:
            if has[name].startswith(_LINK):
                shown[kind][name] += f" {_LINK}{_quoted(has[name].removeprefix(_LINK))}"
            elif kind == "changed":
                shown[kind][name] += f" ({has[name]})"
    return _line(shown)


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
    found = re.search(rf"^\[new: ((?:{_SAID}|, | -> )+)", text, re.MULTILINE)
    if not found or re.search(r" and \d+ more$", found[1]):
        return []
    names = re.findall(rf"({_SAID})(?: -> (?:{_SAID}))?(?:, |$)", found[1])
    return [_unquoted(name) for name in names if not name.endswith("/")]


def _quoted(name: str) -> str:
    """A name as the line of changes has it: one that could be read as several is quoted as JSON."""
    return json.dumps(name, ensure_ascii=False) if re.search(r'^"|[,;\]\n]| -> ', name) else name


def _unquoted(said: str) -> str:
    with suppress(ValueError):
        return str(json.loads(said)) if said.startswith('"') else said
    return said


def _folders(name: str) -> Iterator[str]:
    """The folders that a path is in, with the slash at their end."""
    parts = name.rstrip("/").split("/")
    for count in range(1, len(parts)):
        yield "/".join(parts[:count]) + "/"


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if re.search(r"\w", line)]


def _bare(line: str) -> str:
    return " ".join(line.split())


def _hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _line(kinds: Mapping[str, Mapping[str, str]]) -> str:
    """`[new: ...; changed: ...]` of the names of each kind, and how they are written; "" of none."""
    said = "; ".join(f"{kind}: {_listed(names)}" for kind, names in kinds.items() if names)
    return f"[{said}]" if said else ""


def _listed(names: Mapping[str, str]) -> str:
    more = len(names) - FILES
    said = ", ".join(names[name] for name in sorted(names)[:FILES])
    return said + (f" and {more} more" if more > 0 else "")
