"""Ground a page of documentation in what is there: its files, and the things that tasks can be about.

Small models copy the names of a page's examples, and then nothing works.
"""

from __future__ import annotations

import re

from ..types import digest

FILE = re.compile(r"(?<![\w./-])[\w-]+\.([A-Za-z]\w{0,5})\b(?![.(])")
LEFT_OUT = re.compile(r"^\[\.\.\. .* left out \.\.\.\]$")
"""The line that says what was cut out of a long observation."""


def file_names(text: str) -> dict[str, list[str]]:
    """The names in a text that look like files, by extension, sorted."""
    found: dict[str, set[str]] = {}
    for match in FILE.finditer(text):
        found.setdefault(match[1], set()).add(match[0])
    return {extension: sorted(names) for extension, names in found.items()}


def carried_over(page: str, start: str) -> str:
    """A page whose examples name files that are there: one that is not becomes one of its extension.

    The same name always becomes the same file; names whose extension no file has stay.
    """
    here = file_names(start)
    there = file_names(page)

    def replace(match: re.Match[str]) -> str:
        name, extension = match[0], match[1]
        files = here.get(extension, [])
        return name if not files or name in files else files[there[extension].index(name) % len(files)]

    return FILE.sub(replace, page)


def focus(start: str, page: str, seed: str, number: int) -> list[str]:
    """`number` things of the start state for tasks to be about: lines of it, each with what it stands under.

    Lines come in turn from the groups (a line without indentation and the indented ones below it).
    Groups that name a file of a kind that the page names too come first; the rest of the order
    follows from the hash of `seed`.
    """
    kinds = set(file_names(page))
    groups = _groups(start)
    groups.sort(
        key=lambda group: (
            not kinds & set(file_names(group[0])),
            len(group) == 1,
            digest([seed, group[0]]),
        )
    )
    fitting = [group for group in groups if kinds & set(file_names(group[0]))]
    rows = [_things(group, seed) for group in fitting or groups]
    rest = [] if not fitting else [_things(group, seed)[0] for group in groups[len(fitting) :]]
    longest = max(map(len, rows), default=0)
    dealt = [row[turn] for turn in range(longest) for row in rows if turn < len(row)]
    return [*dealt, *rest][:number]


def _groups(start: str) -> list[list[str]]:
    groups: list[list[str]] = []
    for line in start.splitlines():
        if LEFT_OUT.match(line):
            groups.append([])
        elif not re.search(r"\w", line):
            continue
        elif line[:1].isspace() and groups:
            groups[-1].append(line.strip())
        else:
            groups.append([line.strip()])
    return [group for group in groups if group]


def _things(group: list[str], seed: str) -> list[str]:
    """What a group offers: each line below its first, or that one alone."""
    below = sorted(group[1:], key=lambda line: digest([seed, line]))
    return [f"{group[0]}: {line}"[:200] for line in below] or [group[0][:200]]
