"""Ground a page of documentation in what is there: its files, and the things that tasks can be about.

Small models copy the names of a page's examples, and then nothing works.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from ..commands import FILE, file_names, files_there, kinds_there, prefix, split
from ..types import digest
from .readers import indent

WORD = re.compile(r"(?<![\w-])[A-Za-z][A-Za-z_]*\w*(?![\w.-])")
RULE = re.compile(r"^[ +|]*[-=]{2,}[-=+| ]*$")
"""The rule below the head of a table."""
COLUMN = 3
"""Blanks that a row of a table may begin with: its first column may hold numbers, set to the right."""
ENOUGH = 4
"""Things of files of the kinds that a page names, from which on no others are needed."""
SEPARATORS = "\t;,|"
"""What stands between the columns of a data file."""
HEAD = re.compile(r"[A-Za-z_][\w .-]*")
"""A cell that may be the name of a column."""
IDENTIFIER = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
"""One that is written like one."""
LEFT_OUT = re.compile(r"^\[(\.\.\. .* left out \.\.\.|no output)\]$")
"""The line that says what was cut out of a long observation, or that nothing is shown."""


def carried_over(page: str, start: str) -> str:
    """A page whose examples name files that are there: one that is not becomes one of its extension.

    The same name always becomes the same file; names whose extension no file has stay.
    """
    here = kinds_there(start)
    there = file_names(page)

    def replace(match: re.Match[str]) -> str:
        name, extension = match[0], match[1]
        files = here.get(extension, [])
        return name if not files or name in files else files[there[extension].index(name) % len(files)]

    return FILE.sub(replace, page)


def unknown(page: str, commands: Sequence[str], start: str) -> set[str]:
    """Names in a page's example commands that stand neither in the start state nor elsewhere on the page."""
    there = set(WORD.findall(start))
    for line in page.split("\n"):
        if not _within(line, commands):
            there.update(WORD.findall(line))
    return {word for command in commands for word in _names(command)} - there


def masked(page: str, commands: Sequence[str], names: Collection[str]) -> str:
    """A page in whose example commands these names are `<name>`: they cannot be copied."""
    lines = page.split("\n")
    return "\n".join(
        WORD.sub(lambda match: "<name>" if match[0] in names else match[0], line)
        if _within(line, commands)
        else line
        for line in lines
    )


def _names(command: str) -> Iterator[str]:
    """Words of a command's arguments, those inside quotation marks apart: they may be of another language."""
    for words in split(command):
        for word in words[prefix(words) + 1 :]:
            if word[0] not in "-'\"":
                yield from WORD.findall(word)


def _within(line: str, commands: Sequence[str]) -> bool:
    """Whether a line of a page belongs to an example command; a prompt or a backslash may stand around it."""
    text = line.strip().removeprefix("$ ").removesuffix("\\").strip()
    return bool(text) and any(text in command for command in commands)


def focus(start: str, page: str, seed: str, number: int) -> list[str]:
    """`number` things of the start state for tasks to be about: lines of it, each with what it stands under.

    Lines come in turn from the groups (a line without indentation and the indented ones below it).
    Groups that name a file of a kind that the page names too come alone, if they give as many as
    ENOUGH, and else first; the rest of the order follows from the hash of `seed`.
    """
    kinds = set(file_names(page))
    groups = _groups(start)
    groups.sort(
        key=lambda group: (
            not kinds & set(kinds_there(group[0])),
            len(group) == 1,
            digest([seed, group[0]]),
        )
    )
    fitting = [group for group in groups if kinds & set(kinds_there(group[0]))]
    rows = [_things(group, seed) for group in fitting or groups]
    longest = max(map(len, rows), default=0)
    dealt = [row[turn] for turn in range(longest) for row in rows if turn < len(row)]
    more = fitting and len(dealt) < ENOUGH
    rest = [_things(group, seed)[0] for group in groups[len(fitting) :]] if more else []
    return [*dealt, *rest][:number]


def _groups(start: str) -> list[list[str]]:
    groups: list[list[str]] = []
    table, columns, above = False, [], ""
    for line in start.splitlines():
        if LEFT_OUT.match(line):
            groups.append([])
        elif RULE.match(line):
            # What stands above the rule is the head of a table, which no task is about.
            groups, table, columns = groups[:-1], True, _columns(above, line)
        elif not re.search(r"\w", line):
            table, columns = False, []
        elif indent(line) > (COLUMN if table else 0) and groups:
            if not columns:
                groups[-1].append(line.strip())
        elif text := _row(line, columns) if columns else line.strip():
            groups.append([text])
        above = line
    return [group for group in groups if group]


def column_names(text: str) -> frozenset[str]:
    """The names of the columns of all tables in a text, in lower case."""
    pairs = pairwise(text.splitlines())
    heads = [_columns(head, rule) for head, rule in pairs if RULE.match(rule)]
    return frozenset(name.lower() for columns in heads for name, _, _ in columns)


def columns_of(start: str, name: str) -> tuple[str, ...]:
    """Columns of a data file of this name whose first lines stand in what is there."""
    heads = (group[0] for group in _groups(start) if name in files_there(group[0]))
    return next(filter(None, (file_columns(start, head) for head in heads)), ())


def file_columns(start: str, head: str) -> tuple[str, ...]:
    """Columns of the data file whose first lines stand under `head` in what is there; () where it has none.

    The names in the head of a table (comma, semicolon, tab or bar between them), or the keys of its first
    object in JSON.
    """
    lines = next((group[1:] for group in _groups(start) if group[0] == head), [])
    first, below, *_ = *(line for line in lines if re.search(r"\w", line)), "", ""
    if first.lstrip("[ ").startswith("{"):
        return _keys(first)
    for separator in SEPARATORS:
        names, row = ([cell.strip(" '\"") for cell in line.split(separator)] for line in (first, below))
        words = len(names) > 1 and len(set(names)) == len(names) and all(map(HEAD.fullmatch, names))
        # A row of words is a head if it is written like names, or if not all that is below it is words.
        if words and (all(map(IDENTIFIER.fullmatch, names)) or not all(map(HEAD.fullmatch, row))):
            return tuple(name for name in names if " " not in name)
    return ()


def _keys(line: str) -> tuple[str, ...]:
    """Keys of the first object in a line of JSON that may be cut off, without those of objects inside it."""
    found: list[str] = []
    depth, last = 0, ""
    for part in re.finditer(r'"((?:[^"\\]|\\.)*)"(\s*:)?|[{}\[\]]', line):
        last = part[0]
        depth += {"{": 1, "[": 0, "}": -1}.get(last, 0)
        if depth == 1 and part[2] and re.fullmatch(r"[\w.-]+", part[1]):
            found.append(part[1])
        if depth == 0 and found:
            break
    return tuple(dict.fromkeys(found))


def _columns(head: str, rule: str) -> list[tuple[str, int, int | None]]:
    """Name, begin and end of each column of a table with this head and the rule below it; [] for a title."""
    begins = [run.start() for run in re.finditer(r"[-=]+", rule)]
    ends = [*begins[1:], None]
    found = [(head[begin:end].strip(" |+"), begin, end) for begin, end in zip(begins, ends, strict=True)]
    return found if len(found) > 1 and all(name for name, _, _ in found) else []


def _row(line: str, columns: Sequence[tuple[str, int, int | None]]) -> str:
    """What a row is called: its first cell and its wordiest, with the names of their columns.

    `ID 7, Description Call the plumber`; "" for a table's last line. A small model takes a whole row for a
    name, and where it sees all cells it writes all of them into its command.
    """
    cells = [(name, line[begin:end].strip(" |+")) for name, begin, end in columns]
    filled = [(name, cell) for name, cell in cells if cell]
    if len(filled) < min(3, len(columns)):
        return ""
    first, *others = filled
    telling = max(others, key=lambda one: sum(map(str.isalpha, one[1])), default=None)
    named = [first, telling] if telling else [first]
    return ", ".join(f"{name} {cell}" for name, cell in named)


def _things(group: list[str], seed: str) -> list[str]:
    """What a group offers: each line below its first, or that one alone."""
    below = sorted(group[1:], key=lambda line: digest([seed, line]))
    return [f"{group[0]}: {line}"[:200] for line in below] or [group[0][:200]]
