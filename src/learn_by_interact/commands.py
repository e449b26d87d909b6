"""Command lines, the files that a text names, and the pages of a manual that are about commands."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence

QUOTED = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
DEEPEST = 5
"""Words of a command's own name at most."""
READ = 12
"""Words in which a name is looked for."""
FILE = re.compile(r"(?<![\w./-])[\w-]+\.([A-Za-z]\w{0,5})\b(?![.(])")
"""A name that looks like a file's; its extension is the group."""
_WORD = re.compile(rf"{QUOTED.pattern}|[^\s'\"|&;]+|[|&;\n]+", re.DOTALL)


def split(line: str) -> Iterator[list[str]]:
    """The words of each command of a line, or of several; what is quoted is one word, with its marks."""
    part: list[str] = []
    for match in _WORD.finditer(line.replace("\\\n", " ")):
        if match[0][0] in "|&;\n":
            yield part
            part = []
        else:
            part.append(match[0])
    yield part


def called(words: Sequence[str], known: Container[str]) -> tuple[str, int]:
    """The longest known name of a command that words begin with, and how many of the words hold it.

    Options of a command may stand before the name of one below it: `git -C site remote add`. ("", 0): none.
    """
    found = ((name, end) for name, end in _ways(words[:READ], 0, ()) if " ".join(name) in known)
    name, end = max(found, key=lambda way: len(way[0]), default=((), 0))
    return " ".join(name), end


def _ways(words: Sequence[str], at: int, name: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Names that words may hold, the options between their parts with a value each or without."""
    if at >= len(words) or len(name) == DEEPEST:
        return
    if words[at].startswith("-"):
        for taken in (1, 2) if name else ():
            yield from _ways(words, at + taken, name)
        return
    longer = (*name, words[at])
    yield longer, at + 1
    yield from _ways(words, at + 1, longer)


def above(command: str) -> Iterator[str]:
    """The commands that one is below of, nearest first: of `git remote add`, `git remote` and `git`."""
    while " " in command:
        command = command.rpartition(" ")[0]
        yield command


def page_of(title: str) -> str:
    """The page that a section belongs to, by its title: of a help tree, the command that it is about."""
    return title.partition(" > ")[0]


def file_names(text: str) -> dict[str, list[str]]:
    """The names in a text that look like files, by extension, sorted."""
    found: dict[str, set[str]] = {}
    for match in FILE.finditer(text):
        found.setdefault(match[1], set()).add(match[0])
    return {extension: sorted(names) for extension, names in found.items()}


def named_files(text: str) -> list[str]:
    """The names in a text that look like files, those of one extension together."""
    return [name for names in file_names(text).values() for name in names]


def without_stops(text: str) -> str:
    """A text without the full stops of its sentences: a file's name may stand before one."""
    return re.sub(r"\.(?=\s|$)", "", text)
