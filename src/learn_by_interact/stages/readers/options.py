"""The options that a documentation lists, in the form of `--help` and manual pages:
`-o, --output FILE  Where to write`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile, takewhile

from ...patterns import literal
from . import indent
from .arguments import CELL, ONE_OF_MANY, REPEATED, WORD, choice
from .spelt import HEADING, longest, spelt, together

TYPED = re.compile(r"\[(string|number|array)\](?: \[[^\[\]]*\])*$")
"""The end of what is said of an option of yargs that takes a value."""
LETTERS = re.compile(r"[a-z](,[a-z])+")
"""What a value is called that is several, whatever they are: `{a,b,c}`."""
POSSIBLE = re.compile(
    r"[\[(](?:possible values|choices): (['\"]?[\w.+-]+['\"]?(?:, ['\"]?[\w.+-]+['\"]?)*)"
    r"(?:, default: [^\])]*)?[\])]"
)
"""In the help of an option whose value is one of these."""
EACH = re.compile(r"- ([\w.+-]+)(?::|$)")
"""One of the values that are listed under `Possible values:`."""
TAG = re.compile(r"\s*-\S*(?: \S+)*?(\s{2,})(?=\S)")
"""A line that lists an option, up to where its help begins."""
CLAUSE = re.compile(
    r"\. |[;(\[{]| - |: |, so\b|, (?=e\.g\.|default|for example|such as|one of)|\be\.g\.|\bdefaults? to\b"
)
"""Where the part of a help ends that says what something does."""
ASIDE = frozenset({"--help", "--version", "-h", "-V"})
"""Options that no task is about."""

ASKS = re.compile(
    r"(?<!non-)\binteractiv|\b(?:an?|the|your) (?:text )?editor\b|\bprompts? (?:the user|for|before)\b",
    re.IGNORECASE,
)
"""In the help of an option that waits for somebody at the keyboard."""
ASKS_NOT = re.compile(r"\b(?:without|not|never|avoid|instead|disable|skip|suppress)\b|n't\b", re.IGNORECASE)

FILE = re.compile(r"file|\bpaths\b", re.IGNORECASE)
NUMBER = re.compile(r"\b(INT(EGER)?|NUM(BER)?|FLOAT|N)\b|^n$")
"""What the value of an option is called that is one."""
WRITES = re.compile(r"\b(output|save|store|write)\b", re.IGNORECASE)
"""In the help of an option whose file is made."""
COLUMN = re.compile(r"\bcolumns?\b|\bfield[- ]names?\b", re.IGNORECASE)
"""In the help of an option whose value is the name of one."""
LISTED = re.compile(r"\bcomma[- ]separated\b|\blist of\b", re.IGNORECASE)
"""In the help of an option whose value may be several, with commas between them."""
ELSEWHERE = re.compile(r"\b(add|new|other|output|populate|referenced|name for)\b", re.IGNORECASE)
"""In the help of an option that is about a column which the table does not have."""


@dataclass(frozen=True)
class Option:
    """An option that a documentation lists."""

    name: str
    """The longest of its names: `--output`."""
    values: int
    """Values that follow it."""
    choices: tuple[str, ...]
    """What the last of them can be; () where nothing says so."""
    joined: bool
    """A value stands behind `=`."""
    help: str
    """What is said of it, on one line."""
    names: tuple[str, ...]
    """All of its names, as they are listed."""
    value: str = ""
    """What its value is called: `FILE`."""
    optional: bool = False
    """The value may be left out: `--color[=WHEN]`."""

    @property
    def told(self) -> str:
        """What its value is called and what is said of it."""
        return f"{self.value} {self.help}".strip()

    @property
    def following(self) -> int:
        """Words that follow it in a command where no value stands behind `=`."""
        return 0 if self.optional else self.values

    @property
    def pattern(self) -> str:
        """Regular expression of the option with its values."""
        return self.about(())

    @property
    def reads(self) -> bool:
        """Whether its value is a file that is there."""
        if self.values != 1 or self.choices or NUMBER.search(self.value) or WRITES.search(self.help):
            return False
        return bool(FILE.search(f"{self.name} {self.told}"))

    @property
    def ends(self) -> bool:
        """Whether a command with it does nothing else: `Print the names and exit`."""
        return bool(re.search(r"\band (exit|quit)s?\b", self.help))

    @property
    def asks(self) -> bool:
        """Whether it waits for somebody at the keyboard: `Edit the message in an editor`."""
        if {"--interactive", "--edit"} & set(self.names):
            return True
        found = ASKS.search(self.help)
        return bool(found and not ASKS_NOT.search(self.help[: found.end() + 20]))

    @property
    def of_column(self) -> bool:
        """Whether its value is a column that is there."""
        return bool(self.values and COLUMN.search(self.told) and not ELSEWHERE.search(self.told))

    def about(self, columns: Sequence[str], files: Sequence[str] = (), most: int = REPEATED[-1]) -> str:
        """The same where these columns are there: the first value is one, or `most` of them but not all, if
        the help tells of a column, and none is a whole row; and one of the files, if it tells of a file."""
        if not self.values:
            return literal(self.name)
        join = "=" if self.joined else " "
        word = CELL if columns and not LISTED.search(self.told) else WORD if self.values == 1 else ONE_OF_MANY
        words = [word] * (self.values - 1) + [choice(self.choices) if self.choices else word]
        if columns and self.of_column and words[0] == word:
            one = choice(columns)
            further = min(most - 1, max(1, len(columns) - 2))
            words[0] = f"{one}(,{one}){{0,{further}}}" if LISTED.search(self.told) else one
        if files and self.reads:
            words[0] = choice(files)
        value = f"{join}{' '.join(words)}"
        return f"{literal(self.name)}{f'({value})?' if self.optional else value}"


def lists_options(text: str) -> bool:
    """Whether a text lists options, be it those alone that every command has."""
    return any(map(spelt, text.split("\n")))


def options(text: str) -> list[Option]:
    """The options that a text lists, in order, each once."""
    found: dict[str, Option] = {}
    lines = _in_columns(together(text.split("\n")))
    for number, line in enumerate(lines):
        listed = spelt(line)
        if not listed or _aside(listed.names):
            continue
        name = listed.names[0] if listed.either else longest(listed.names)
        told, further = _told(lines, number, listed.help)
        value = listed.value
        if not told and (value[:1].islower() or listed.strange):
            continue  # An end of a command that is shown.
        choices = _choices(value, told) or _possible(further)
        count = len(value.strip("<>.").split()) if value.startswith("<") else listed.valued
        found.setdefault(
            name,
            Option(
                name,
                int(count or bool(TYPED.search(listed.help) or choices)),
                choices,
                listed.joined,
                told[:160],
                listed.names,
                value.strip("<>{}"),
                listed.optional,
            ),
        )
    return list(found.values())


def _in_columns(lines: Sequence[str]) -> list[str]:
    """The lines, where one blank parts an option from its help with two: there the help of most others
    begins, or what the next line says further."""
    pairs = list(zip(lines, [*lines[1:], ""], strict=True))
    columns: dict[int, Counter[int]] = {}
    for line, below in pairs:
        if tag := TAG.match(line):
            columns.setdefault(indent(line), Counter())[tag.end()] += 1
        elif indent(below) > indent(line) + 4 and spelt(line):
            columns.setdefault(indent(line), Counter())[indent(below)] += 1
    usual = {margin: counted.most_common(1)[0][0] for margin, counted in columns.items()}
    return [_parted(line, (indent(below), usual.get(indent(line), 0))) for line, below in pairs]


def _parted(line: str, columns: Sequence[int]) -> str:
    if not line.lstrip().startswith("-") or spelt(line):
        return line
    for at in columns:
        alone = re.fullmatch(r"\s*\S+(?: \S+)* ", line[:at])
        if alone and re.match(r"(?!and |or |-)\S", line[at:]) and spelt(line[:at]):
            return f"{line[:at]} {line[at:]}"
    return line


def _told(lines: Sequence[str], number: int, told: str) -> tuple[str, list[str]]:
    """What is said of the option of a line, of which `told` stands on the line itself, on one line; and
    the lines of the paragraphs that follow."""
    margin, begin = indent(lines[number]), number + 1
    below = list(_below(lines[begin:], margin + 2 if told else margin))
    if not told and not below:  # What it does stands apart.
        begin += 1
        below = list(_below(lines[begin:], margin + 2))
    if HEADING.match(lines[number]):
        below = list(takewhile(str.strip, dropwhile(lambda one: not one.strip(), lines[number + 1 :])))
    rest = lines[begin + len(below) :]
    further = takewhile(lambda one: not one.strip() or (indent(one) > margin + 2 and not spelt(one)), rest)
    return " ".join([told, *below]).strip(), [line.strip() for line in further]


def _aside(names: Sequence[str]) -> bool:
    """Whether no task is about an option of these names: `-h` alone, not `-h, --human-readable`."""
    return not {"--help", "--version"}.isdisjoint(names) or ASIDE.issuperset(names)


def _choices(values: str, told: str) -> tuple[str, ...]:
    """What a value can be: `[add|set]`, `{add,set}`, a CHOICE whose help says `INTEGER, TEXT or BLOB`."""
    inside = values.strip("[]{}()<>.")
    if inside == "BOOLEAN":
        return ("true", "false")
    parted = "[|,]" if values[:1] in ("{", "[", "<") else "[|]"
    if re.fullmatch(rf"[\w-]+({parted}[\w-]+)+", inside) and not LETTERS.fullmatch(inside):
        return tuple(re.split("[|,]", inside))
    if possible := POSSIBLE.search(told):
        return tuple(re.sub("['\"]", "", possible[1]).split(", "))
    named = re.search(r"\b[A-Z]{2,}(?:, [A-Z]{2,})+,? or [A-Z]{2,}\b", told)
    return tuple(re.findall(r"[A-Z]{2,}", named[0])) if named and inside.endswith("CHOICE") else ()


def _possible(lines: Sequence[str]) -> tuple[str, ...]:
    """What a value can be, as a paragraph below the help tells."""
    if possible := POSSIBLE.search(" ".join(lines)):
        return _choices("", possible[0])
    listed = dropwhile(lambda line: line.lower() != "possible values:", lines)
    return tuple(each[1] for line in takewhile(bool, listed) if (each := EACH.match(line)))


def _below(lines: Sequence[str], margin: int) -> Iterator[str]:
    """The lines that go on with an option's help."""
    for line in lines:
        if not line.strip() or indent(line) <= margin or spelt(line):
            return
        yield line.strip()


def clause(text: str) -> str:
    """The part of a help that says what a command or an option does."""
    return CLAUSE.split(text)[0].strip(" ,.:")
