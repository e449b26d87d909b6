"""Words that a documentation says the meaning of, where a command's arguments are such words:
`due:<due-date>   The day on which it is due`, `bs=BYTES`, `+tag|-tag`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile

from ...patterns import literal
from . import indent
from .arguments import WORD, choice
from .options import FILE, WRITES
from .positional import GROUP
from .synopsis import MANY, OPTIONS

_VALUE = r"<[^<>]+>|\w[\w-]*(?:\|\w[\w-]*)+|[A-Z][A-Z\d_-]+|\[[^\[\]]+\]"
_WORD = rf"[a-z][\w.-]*[:=](?:{_VALUE})?|[+@-][a-z][\w-]*"
LISTED = re.compile(
    rf"^\s*((?:{_WORD})(?:(?:, ?| ?\| ?| or )(?:{_WORD}))*)(?:, [A-Z]{{2,}})?(?:\s\s+(\S.*))?$"
)
ATTRIBUTE = re.compile(rf"([a-z][\w.-]*[:=])({_VALUE})?")
SIGNED = re.compile(r"([+@-])([a-z][\w-]*)")
BETWEEN = re.compile(r", ?| ?\| ?| or ")
DATE = re.compile(r"(?i)date|\bday\b|yyyy")
COUNT = re.compile(r"(?i)\b(ids?\d*|num(ber)?s?|n|count|int(eger)?|bytes|size|rows)\b")
_DAY = r"20[23][0-9]-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.:/-]{1,24}"
NAMED = re.compile(r"\s*([a-z][\w-]*)(?:/[\w/-]+)?(?:\[[^\[\]]*\])?(?:\s\s+(\S.*))?")
"""A plain name in a list, others like it, and what it does: `dirname/basename   part of the path`."""
LIST = 3
"""Names of which a list has at least so many."""
TOLD = 120
"""Characters of what is said of a word."""


@dataclass(frozen=True)
class Word:
    """A word that is explained."""

    text: str
    """As it stands there: `priority:H|M|L or priority:`."""
    help: str
    open: bool = False
    """It stands for any with its sign."""

    def about(self, files: Sequence[str] = ()) -> str:
        """Regular expression of it, over JSON text; `files`: those that are there."""
        if signed := SIGNED.fullmatch(self.text):
            return (
                rf"{literal(signed[1])}{_but(signed[2][0])}[a-z]{{1,11}}" if self.open else literal(self.text)
            )
        ways = [f"{literal(name)}{self._value(value, files)}" for name, value in ATTRIBUTE.findall(self.text)]
        return f"({'|'.join(dict.fromkeys(ways))})"

    def _value(self, value: str, files: Sequence[str]) -> str:
        """Regular expression of what stands for a value; "" for none."""
        name = value.strip("<>[]")
        if not name:
            return ""
        if re.fullmatch(r"[\w-]+(\|[\w-]+)+", name):
            return choice(name.split("|"))
        if FILE.search(name):
            return choice(files) if files and not WRITES.search(self.help) else WORD
        if COUNT.search(name):
            return r"[0-9]{1,3}(,[0-9]{1,3})?" if "," in name else "[0-9]{1,3}"
        return _DAY if DATE.search(name) else _NAME


@cache
def words(text: str) -> tuple[Word, ...]:
    """The words that a text explains, in order, each once: what it says stands behind them or below."""
    found: dict[str, Word] = {}
    lines = [*text.split("\n"), ""]
    for number, line in enumerate(lines):
        match = LISTED.match(line)
        if not match or not (re.match("[+@]", match[1]) or re.search(rf"[:=](?:{_VALUE})", match[1])):
            continue
        # What it says stands further inside, or right below a line that stands apart.
        apart = not match[2] and (not number or not lines[number - 1].strip())
        told = [match[2] or "", *_below(lines[number + 1 :], indent(line) + (not apart))]
        if any(told):
            for one in _each(match[1], " ".join(told).strip()[:TOLD]):
                found.setdefault(one.text, one)
    return tuple(found.values())


def _below(lines: Sequence[str], margin: int) -> list[str]:
    """The lines that go on with what is said of a word."""
    going = takewhile(lambda one: one.strip() and indent(one) >= margin and not LISTED.match(one), lines)
    return [one.strip() for one in going]


def _but(letter: str) -> str:
    """Regular expression of the other letters: so no name is the one that stands for any, which is copied."""
    before, _, after = "abcdefghijklmnopqrstuvwxyz".partition(letter)
    return f"[{before}{after}]"


def _each(text: str, told: str) -> list[Word]:
    """The word that stands there; the same behind several signs, `+tag|-tag`, is any, with each of them."""
    parts = BETWEEN.split(text)
    signed = [SIGNED.fullmatch(part) for part in parts]
    names = {found[2] if found else "" for found in signed}
    if "" in names:
        return [Word(text, told)]
    return [Word(part, told, len(parts) > 1 and len(names) == 1) for part in parts]


def names(text: str) -> list[tuple[str, str]]:
    """The plain names that a text lists, and what is said of each; none where there are few."""
    found: dict[str, str] = {}
    lines = [*text.split("\n"), ""]
    for number, line in enumerate(lines):
        match = NAMED.fullmatch(line)
        told = [match[2] or "", *_below(lines[number + 1 :], indent(line) + 1)] if match else []
        if match and any(told):
            found.setdefault(match[1], " ".join(told).strip()[:TOLD])
    return [*found.items()] if len(found) >= LIST else []


def takes_words(form: str) -> int:
    """The number, from 1, of the argument of a synopsis that such words are; 0 for none."""
    parts = GROUP.findall(form)
    many = [
        number
        for number, part in enumerate(parts, 1)
        if (MANY.fullmatch(part.strip("[]")) or part.strip("[]").endswith("...")) and not FILE.search(part)
    ]
    return next((number for number in reversed(many) if not OPTIONS.fullmatch(parts[number - 1])), 0)
