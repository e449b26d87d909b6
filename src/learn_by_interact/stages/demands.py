"""What a command demands although its page does not say so, found by running it: no model is called.

A usage line puts brackets around every option (`csvgrep [OPTIONS] [FILE]`), and the command answers that it
must have one (`You must specify at least one column with the -c option`). The options that such an
answer names are given to every task about the command: a small model that is asked to show one option
writes that one alone, and nothing it writes would work. An answer that names none is one of the usage: then
each option is tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import NamedTuple

from ..environments.shell import KILLED
from ..types import Observation
from .readers import indent
from .readers.grammar import SEARCHED, is_written
from .readers.options import FILE, NUMBER, Option
from .readers.positional import GROUP
from .readers.spelt import NAME
from .readers.synopsis import CONTINUED, OPTIONS, USAGE
from .windows import IDLE, NOTHING

NAMED = re.compile(rf"(?<![\w-]){NAME}")
"""An option, as an error or a command names it."""
DEMANDS = re.compile(
    r"\b(must|missing|needs?|required?|requires|specify|specified|supply|provide|expected)\b"
    r"|\buse either -",
    re.IGNORECASE,
)
"""In an answer that says what is lacking."""
REQUIRES = re.compile(
    r"\b(requires?|used (with|when)|only (when|with|used|valid)|together with|specifying"
    r"|(preceded|followed) by)[^\w-]+(?:\w+ ){0,3}?"
    rf"(?P<names>{NAME}(?:(?:,? and|,) {NAME})*)",
    re.IGNORECASE,
)
"""In the help of an option that does nothing without another one: `Requires --lat and --lon`."""
FOLLOWED = re.compile(r"\bfollowed by\b", re.IGNORECASE)
"""In the help of an option after which that one stands."""
REQUIRED = re.compile(r"[\[(]required[\])]", re.IGNORECASE)
"""In the help of an option that there must be."""
EXCEPT = re.compile(
    r"\b(unless|except|instead|cannot|not (?:be )?(?:allowed|used|combined))\b", re.IGNORECASE
)
"""Before options of which it says something else."""
DEEPEST = 3
"""Demands of one command at which no more are looked for."""
TRIED = 20
"""Options that are tried with a command whose error names none."""

Demand = tuple[Option, ...]
"""Options of which a command must have one."""


class Asked(NamedTuple):
    """What running a command has told of it."""

    demands: tuple[Demand, ...] = ()
    prints: bool = False
    """It works with what it demands, prints something and changes nothing: its output can go into a file."""
    fails: bool = False
    """Without its last argument, which may be none by its synopsis, it works with nothing that is there."""


def without_usage(error: str) -> str:
    """An error without the usage line that some tools print before it: that names every option."""
    found: list[str] = []
    usage = False
    for line in error.split("\n"):
        usage = bool(USAGE.match(line)) or (usage and indent(line) >= CONTINUED)
        if not usage:
            found.append(line)
    return "\n".join(found)


def asked(
    form: str,
    known: Sequence[Option],
    file: str,
    columns: Sequence[str],
    run: Callable[[str], Observation],
    state: str = "",
    strict: bool = False,
) -> Asked:
    """What a command of this synopsis demands beside its arguments, and whether it prints.

    `file`: one that is there, for an argument that names one, with its `columns`. `run`: does a command.
    `state`: of the environment before. `strict`: its file stands behind its options.
    """
    words = _bare(form, file)
    at = words.index(file) if strict and file in words else len(words)

    def does(options: Sequence[Option]) -> tuple[str, Observation]:
        given = [_given(option, file, columns) for option in options]
        command = " ".join([*words[:at], *given, *words[at:]])
        return command, run(command)

    found: list[Demand] = [(option,) for option in known if REQUIRED.search(option.help)]
    while words and len(found) < DEEPEST:
        chosen = [demand[0] for demand in found]
        command, seen = does(chosen)
        lacking = _lacking(without_usage(seen.text), command, known) if seen.failed else ()
        if seen.failed and not lacking and KILLED not in seen.text:
            more = [one for one in known[:TRIED] if one not in chosen and not one.ends]
            answers = ((one, does([*chosen, one])[1]) for one in more)
            # What waits for somebody is not tried twice.
            ended = takewhile(lambda told: KILLED not in told[1].text, answers)
            lacking = tuple(one for one, told in ended if not told.failed)
        if not lacking:
            printed = not seen.failed and seen.state == state and seen.text.strip() not in NOTHING
            return Asked(tuple(found), printed)
        found.append(lacking)
    return Asked(tuple(found))


def fails(form: str, keys: Sequence[str], run: Callable[[str], Observation]) -> bool:
    """Whether a command fails, or finds nothing to do, with each of the numbers that `<filter>` can be; False
    where it takes more."""
    tried = [" ".join(_bare(form, "", key)) for key in (keys if SEARCHED.search(form) else ("",))]
    seen = map(run, tried if all(tried) else ())
    return bool(all(tried) and tried) and all(one.failed or IDLE.fullmatch(one.text.strip()) for one in seen)


def requires(option: Option) -> list[str]:
    """The options without which one does nothing, by its help: `Only used when also specifying -g`."""
    told = [one for one in re.split(r"(?<=[.;])\s", option.help) if not EXCEPT.search(one)]
    return [name for match in REQUIRES.finditer(" ".join(told)) for name in re.findall(NAME, match["names"])]


def _lacking(error: str, command: str, known: Sequence[Option]) -> Demand:
    """The options that an error demands, as it names them; not those that stand in the command."""
    lines = (line for line in error.split("\n") if not NAMED.match(line.lstrip()))  # No list of options.
    said = next((line for line in lines if DEMANDS.search(line) and NAMED.search(line)), "")
    said = EXCEPT.split(said, maxsplit=1)[0]
    if not DEMANDS.search(said):
        return ()
    present = set(NAMED.findall(command))
    by_name = {name: option for option in known for name in option.names}
    named = [by_name[name] for name in NAMED.findall(said) if name in by_name]
    return tuple(dict.fromkeys(one for one in named if present.isdisjoint(one.names)))


def _bare(form: str, file: str, key: str = "") -> list[str]:
    """The words of a command of a synopsis with a file where it takes one, a number for `<filter>`, and
    without options; [] where it takes more."""
    written: list[str] = []
    for part in GROUP.findall(form):
        if OPTIONS.fullmatch(part):
            continue
        if FILE.search(part):
            if not (part.startswith("[") and (is_written(part) or file in written)):
                written.append(f"new_{file}" if is_written(part) and file else file)
        elif key and SEARCHED.search(part):
            written.append(key)
        elif re.fullmatch(r"[a-z\d][\w.-]*", part):
            written.append(part)
        elif not part.startswith("["):
            return []
    return written if all(written) else []


def _given(option: Option, file: str, columns: Sequence[str]) -> str:
    """An option with a value with which it may be tried."""
    if not option.following:
        return option.name
    value = "1" if NUMBER.search(option.value) else "x"
    if option.choices:
        value = option.choices[0]
    elif option.of_column and columns:
        value = columns[0]
    elif option.reads:
        value = file
    return f"{option.name}{'=' if option.joined else ' '}{' '.join([value] * option.values)}"
