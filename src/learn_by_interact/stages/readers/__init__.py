"""Readers: each turns one kind of documentation into lines with headings.

A reader keeps the lines of its source as they were printed or stored, one to one, so that a line
number in a `Document` is a line number a person can look up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Run = Callable[[str], str]
"""Runs a bash command line; returns what it printed, errors included, whatever its exit code.
Raises an LbiError when it could not be run or did not end in time."""

Report = Callable[[str], None]
"""Takes one sentence about something that was skipped."""


@dataclass(frozen=True)
class Heading:
    """A heading: the index of its first line (from 0), its level (1 is the top), its text."""

    line: int
    level: int
    title: str


@dataclass(frozen=True)
class Source:
    """The lines of one source of documentation, and what is known of their structure."""

    name: str
    """What `Document.source` will be: a path, a URL, the command that printed it."""
    title: str
    """The first part of every section's title."""
    lines: tuple[str, ...]
    headings: tuple[Heading, ...] = ()
    blocks: tuple[range, ...] = ()
    """Lines (from 0) that belong together, such as a block of code."""
    context: int | None = None
    """Index of a line that every section needs to be understood (a command's usage line)."""


def indent(line: str) -> int:
    """Number of blanks that a line begins with."""
    return len(line) - len(line.lstrip())


LONGEST = 10_000
"""Characters of a line; a paragraph has fewer."""


def lines_of(text: str) -> tuple[str, ...]:
    """The lines of a text as an editor counts them: only newlines end a line. Data in one is cut."""
    return tuple(line.rstrip("\r")[:LONGEST] for line in text.removesuffix("\n").split("\n"))
