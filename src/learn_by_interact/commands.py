"""Command lines, and the pages of a manual that are about commands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

QUOTED = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
DEEPEST = 5
"""Words of a command's own name at most."""
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


def names(words: Sequence[str]) -> Iterator[str]:
    """What a command may be called, longest first: `git remote add`, `git remote`, `git`."""
    for number in range(min(len(words), DEEPEST), 0, -1):
        yield " ".join(words[:number])


def page_of(title: str) -> str:
    """The page that a section belongs to, by its title: of a help tree, the command that it is about."""
    return title.partition(" > ")[0]
