"""The tree of `--help` texts of a command-line tool, whatever library prints them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...errors import ConfigError, LbiError
from . import Heading, Report, Run, Source, indent, lines_of
from .terminal import PLAIN, clean

DEPTH = 4
"""So many words of sub-commands may follow the tool."""
COMMANDS = 500
"""So many help texts of one tool are asked for."""

MANNERS = ("{tool} {path} --help", "{tool} help {path}", "{tool} {path} -h")
"""How help is asked for. The first that a tool answers to is used for all of its commands, so
that `help` is never given to a command which could take it for a file."""

NAME = re.compile(r"[a-z0-9](?:[\w-]|:(?=\w))*")
GIVEN = re.compile(r"[\[|](--?[A-Za-z][\w-]*)[ =](<[^<>]+>)(?:\]| \[)")
"""An option in a usage with its value: `[-b|--before <date>]`."""
BARE = re.compile(r"\s+(?:-[A-Za-z](?:\||, ))?(--?[A-Za-z][\w-]*)")
"""An option in a list of those alone."""
USAGE = re.compile(r"\s{0,3}usage:?(?:\s|$)", re.IGNORECASE)
HELPFUL = re.compile(
    r"(?im)^\s*(?:usage|options|commands|arguments|flags|synopsis)\b|^\s{0,8}--?\w"
    r"|^(?:\w[\w-]* ){1,3}(?:options|(?:sub-?)?commands|arguments|flags)(?: \(.*\))?:?$"
)
FAILURE = re.compile(
    r"(?i)(?!\s*(?:--?\w[\w-]*(?:[ ,=\[]|$)|note:))(?:\W*(?:\S+: )?(?:line \d+: )?(?:error|fatal)\b"
    r"|\S+:.*\b(?:not found|no such|unknown|unrecognized|invalid|illegal|not an? \S*\s?command)\b"
    r"|(?:unknown|invalid|unrecognized|no such) (?:command|option|sub-?command|flag)\b)"
)
"""The first or last line of what is no help; a line that lists an option is none, nor is a note."""
COMMANDS_HEADING = re.compile(r"(?i)(?:sub-?)?commands?\b")
BARE_HEADING = re.compile(r"[A-Z][\w-]*(?: [\w-]+){0,2} commands(?: \(.*\))?")
"""A heading like it that stands without a colon: `Standard commands`."""
ANY_COMMAND = re.compile(r"[\[<](?:sub-?)?command[\]>]|\b(?:SUB)?COMMAND\b")
"""In the usage of a tool that has commands."""
OTHER_HEADING = re.compile(
    r"(?i).*\b(?:options?|arguments?|flags?|parameters?|examples?|environment|topics?|usage|aliases)\b"
    r"|(?:see also|learn more|notes?|synopsis|description|exit|files)\b"
)
ENTRY = re.compile(
    r"\s+((?:[^\s,:|]|:(?=\w))+?)\*?((?:(?:, | ?\| ?)[^\s,:|]+)*)"
    r"(?::?\s{2,}\S|:?\s*$|:\s|\s-{1,2}\s|\s(?:[\[<(\"]|[A-Z](?![a-z])))"
)
LIST = re.compile(r"\s+[a-z0-9][\w-]*(?:,\s*[a-z0-9][\w-]*){2,},?$")
ROW = re.compile(r"[a-z0-9][\w-]*(?:\s{2,}[a-z0-9][\w-]*)+\s*$")
"""Names at the margin, in columns."""
SHORT = 5
"""Lines of what may only say where the help is."""
POINTS = re.compile(r"(?i)\b(?:try|see|use|run|type)\b.*(?:\bhelp\b|-h\b)")
SKIPPED = ("help", "completion")
"""Commands of many tools that say nothing about the tool."""


@dataclass(frozen=True)
class _Help:
    """The help of one command: the words after the tool, and the lines printed."""

    path: tuple[str, ...]
    lines: tuple[str, ...]


def help_tree(tool: str, run: Run, report: Report) -> Iterator[Source]:
    """The help of a tool, then of its sub-commands, depth first; nothing but help is run.

    A sub-command that gives no help, or the same help as another, is left out; the former is
    reported. Raises ConfigError when the tool itself gives no help.
    """
    try:
        tool = shlex.join(shlex.split(tool))
    except ValueError as error:
        raise ConfigError(f"[docs] help: {tool!r} is no command ({error}).") from None
    manner, root = _root(tool, run)
    seen = {"\n".join(root.lines)}
    waiting = [root]
    asked = 0
    while waiting:
        page = waiting.pop()
        yield _source(tool, manner, page)
        below = []
        for name in subcommands(page.lines, (*shlex.split(tool), *page.path)):
            path = (*page.path, name)
            if len(path) > DEPTH or asked == COMMANDS:
                report(f"`{tool} {' '.join(path)}` was not asked for help: the tree is too large.")
                break
            asked += 1
            try:
                lines = _ask(tool, manner, path, run)
            except LbiError as error:
                report(f"`{tool} {' '.join(path)}` gave no help: {error}")
                continue
            if not _helps(lines):
                report(f"`{tool} {' '.join(path)}` gave no help.")
            elif "\n".join(lines) not in seen:
                seen.add("\n".join(lines))
                below.append(_Help(path, lines))
        waiting.extend(reversed(below))


def _root(tool: str, run: Run) -> tuple[str, _Help]:
    said, short = "", None
    for manner in MANNERS:
        try:
            lines = _ask(tool, manner, (), run)
        except LbiError as error:
            said = str(error)
            continue
        if _helps(lines) and not _points(lines):
            return manner, _Help((), lines)
        if _helps(lines):
            short = short or (manner, _Help((), lines))
        said = said or next((line.strip() for line in lines if line.strip()), "nothing")
    if short:
        return short
    raise ConfigError(
        f"[docs] help: `{tool}` answers neither to --help, help nor -h (it says: {said}); "
        "is it installed, and is the name right?"
    )


def _ask(tool: str, manner: str, path: Sequence[str], run: Run) -> tuple[str, ...]:
    return lines_of(clean(run(f"{PLAIN} {_command(tool, manner, path)} </dev/null 2>&1")))


def _command(tool: str, manner: str, path: Sequence[str]) -> str:
    return " ".join(manner.format(tool=tool, path=" ".join(path)).split())


def _helps(lines: Sequence[str]) -> bool:
    filled = [line for line in lines if line.strip()]
    failed = any(FAILURE.match(line) for line in filled[:2] + filled[-3:])
    return len(filled) > 1 and not failed and bool(HELPFUL.search("\n".join(filled)))


def _points(lines: Sequence[str]) -> bool:
    """Whether it only says where the help is: `Try 'todo-txt -h' for more information.`"""
    filled = [line for line in lines if line.strip()]
    return len(filled) <= SHORT and any(POINTS.search(line) for line in filled)


def _source(tool: str, manner: str, page: _Help) -> Source:
    headings = [Heading(at, 1, page.lines[at].strip().rstrip(":")) for at in _headings(page.lines)]
    usage = next((at for at, line in enumerate(page.lines) if USAGE.match(line)), None)
    if usage is not None and page.lines[usage].strip().lower().rstrip(":") == "usage":
        usage = next((at for at in range(usage + 1, len(page.lines)) if page.lines[at].strip()), None)
    return Source(
        name=_command(tool, manner, page.path),
        title=" ".join((tool, *page.path)),
        lines=_with_values(page.lines),
        headings=tuple(headings),
        context=usage,
    )


def _with_values(lines: Sequence[str]) -> tuple[str, ...]:
    """The lines, those that only name an option with the value that it has in the usage."""
    given = dict(GIVEN.findall("\n".join(lines)))
    bare = [BARE.fullmatch(line) for line in lines]
    values = [given.get(found[1]) if found else None for found in bare]
    return tuple(f"{line} {value}" if value else line for line, value in zip(lines, values, strict=True))


def _headings(lines: Sequence[str]) -> list[int]:
    """Lines at the margin with something indented below: `Options:`, `positional arguments:`."""
    found = []
    for at, line in enumerate(lines[:-1]):
        below = next((later for later in lines[at + 1 : at + 3] if later.strip()), "")
        opens = not line[:1].isspace() and indent(below) > 0 and len(line) < 80
        said = line.strip()
        marked = said.endswith(":") or said.isupper() or (at > 0 and not lines[at - 1].strip())
        if (
            said
            and opens
            and marked
            and not said.endswith(".")
            and (said[-1] == ":" or not USAGE.match(line))
        ):
            found.append(at)
    return found


def subcommands(lines: Sequence[str], command: Sequence[str]) -> list[str]:
    """Names of the sub-commands that a command's help shows, in order.

    `command` is the command itself in words: its usage lines tell sub-commands as well, as
    `{add,remove} ...` (argparse) or as the word after it (docopt).
    """
    # yargs lists them with the command itself: `tool add <name>  Add it`.
    called = re.escape(" ".join([command[0].rsplit("/", 1)[-1], *command[1:]]))
    without = [re.sub(rf"^(\s+){called} (?=[a-z])", r"\1", line) for line in lines]
    names = [*_listed(without), *_in_usage(lines, command)]
    fit = (name for name in names if NAME.fullmatch(name) and name not in SKIPPED)
    return list(dict.fromkeys(fit))


def _listed(lines: Sequence[str]) -> Iterator[str]:
    """Names of the entries below `Commands:` and headings like it, up to one of another kind; where the
    usage tells of commands and no heading does, below every other."""
    loose = not any(map(_about_commands, lines)) and any(map(ANY_COMMAND.search, lines[:20]))
    nested = any(re.search(r"\s\S+ \.\.\.\s*$", line) for line in lines[:20])
    listing, row, margin = False, False, 0
    for line in lines:
        row = listing and bool(ROW.match(line) or (row and NAME.fullmatch(line.rstrip())))
        if row:
            yield from line.split()
        elif line.strip() and not line[0].isspace():
            said = line.strip()
            if _about_commands(line):
                listing, margin = True, 0
            elif nested and said.lower() == "positional arguments:":
                listing, margin = True, -1
            elif OTHER_HEADING.match(re.sub(r"\(.*?\)", "", said)):
                listing = False
            else:
                listing = listing or (loose and said.endswith(":"))
                margin = min(margin, 0)
        elif listing and line.strip():
            if margin < 0:
                # The first entry is the place holder (`COMMAND`, `{add,rm}`); the names are below.
                margin = 0 if indent(line) <= 2 else margin
                continue
            if line[:margin].endswith(", "):  # A shorter name stands before the margin.
                line = " " * margin + line[margin:]
            if NAME.match(line.strip()):
                margin = margin or indent(line)
            if indent(line) == margin:
                yield from _entry(line)


def _about_commands(line: str) -> bool:
    """Whether it is the heading of a list of commands."""
    said = line.rstrip()
    if not said or line[0].isspace() or USAGE.match(line):
        return False
    marked = said.endswith(":") or said.isupper()
    return bool(COMMANDS_HEADING.search(said) if marked else BARE_HEADING.fullmatch(said))


def _entry(line: str) -> Iterator[str]:
    if LIST.match(line):
        yield from re.findall(r"[^\s,]+", line)
    elif found := ENTRY.match(line):
        yield found[1]


def _in_usage(lines: Sequence[str], command: Sequence[str]) -> Iterator[str]:
    begin = next((at for at, line in enumerate(lines) if USAGE.match(line)), None)
    if begin is None:
        return
    end = begin + 1
    while end < len(lines) and lines[end].strip():
        end += 1
    usage = [USAGE.sub("", line, count=1).strip() for line in lines[begin:end]]
    if choices := re.search(r"\{([\w,-]+)\}\s+\.\.\.", " ".join(usage)):
        yield from choices[1].split(",")
    words = [command[0].rsplit("/", 1)[-1], *command[1:]]
    for line in usage:
        said = line.split()
        if said[: len(words)] == words and len(said) > len(words):
            yield said[len(words)]
