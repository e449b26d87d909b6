"""How a line that lists an option is written: the form of `--help` and manual pages, and others.

Others are `-I --ignore`, `-w or --well   - what it does`, `[--blank], [--no-blank]  # ...`, `'--type=TYPE'`,
and values that may be left out or are written in signs: `--color[=WHEN]`, `-g, --group=X[,Y,Z]`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

NAME = r"--?[A-Za-z][\w-]*"
_EACH = (
    r"(?: (?:<[^<>]*>|[A-Z][A-Z\d_|-]*|\{[^{}]*\})(?: \[[A-Z\d_]+ \.\.\.\])?(?=, )"
    r"| [a-z][\w-]*(?= / -))?"
)
"""The value after a name but the last, where each name has its own: `-d DELIMITER, --delimiter DELIMITER`."""
OPTION = re.compile(
    rf"^\s*(?P<names>{NAME}{_EACH}(?:(?:, | / | \| |[/|](?=-))\s*{NAME}{_EACH})*)"
    r"(?P<values>(?: (?= \{))?[ =](?:<[^<>]*>|\[[^\[\]]*\]|[A-Z][A-Z\d_|-]*|\{[^{}]*\}"
    r"|[a-z][\w:/-]*(?=\s\s+\S|\s*$)|(?!-)\S*[A-Z/]\S*(?=\s\s+\S))(?:,?\.\.\.)?)?"
    r"(?: \[[A-Z\d_]+ \.\.\.\])?(?:(?:\s\s+(?=\S)| (?=[A-Z][a-z-]+ [a-z(]))(?P<help>.*)|\s*)$"
)
ITEM = re.compile(r"^(\s*)(?:[-*+·•○●] +)?([`*]*--?[A-Za-z][^:]*?)(?::| [-–—](?= ))(?:\s+(.*))?$")
"""An option as an item of a list, what it does behind a colon or a dash: "- `--slurp`, `-s`: Read all."."""
BEHIND = re.compile(r"^(\s*)(--[A-Za-z][\w-]*)([ =]\S+)? \((-[A-Za-z])\)(?=\s|$)")
"""An option with its short name behind it: `--format FMT (-F)`."""
IN_BRACKETS = re.compile(r"^(\s*-[A-Za-z]) \[ (--[A-Za-z][\w-]*) \]( arg(?=\s))?(?: \(=[^()]*\)(?=\s))?")
"""An option with its long name in brackets, as boost has it, and a default: `-j [ --jobs ] arg (=4)`."""
COLUMNS = re.compile(
    rf"^(\s*)(?:\* +)?((?:-[A-Za-z]\s{{2,}}(?=--))?{NAME}(?:\s{{2,}}--[A-Za-z][\w-]*)*"
    r"(?:(?<=\w\w)\s{2,}-[A-Za-z]\b)?)"
    r"(?:\s{2,}(<[^<>]*>|\[[^\[\]|]*\|[^\[\]]*\]|[A-Z][A-Z\d_.:|=-]+)(?: RANGE)?(?:\.\.\.)?"
    r"(?: \[[^\[\]]*<[^\[\]]*\])?(?=\s{2,}\S|(?<=>)\s*$))?(?=\s\s|\s*$)"
)
"""An option in columns, one for each of its names and for its value, with a star if it must be there:
`*  --owner  -o    <str>    Who owns it`."""
SWITCH = "<bool>"
"""What stands in the column for the value of an option that has none."""
AGAIN = re.compile(r"(?<=\w) \[ --?[A-Za-z][\w-]* [^\[\]]+ \](?=\s{2,}|\s*$)")
"""The end of an option that may be given again: `--tag value [ --tag value ]`."""
RANGE = re.compile(r"(?<= )(INTEGER|FLOAT) RANGE\b(?: \[[^\[\]]*<[^\[\]]*\])?")
"""One value of which the bounds are known: `--count INTEGER RANGE`."""
DENIED = re.compile(r"^(\s*(?:-[A-Za-z],? )?)--\[no-\]([a-z][\w-]*)")
"""An option together with the one that denies it: `-v, --[no-]verbose`."""
HEADING = re.compile(r"#{2,6} +[`*]*(--?[A-Za-z][^`*]*)[`*]*\s*$")
"""An option as the heading of the paragraph that says what it does: "### `-d CONFIG_FILE`"."""
QUOTED = re.compile(r"(\s*)('--?[A-Za-z][^']*'(?:(?:, ?| or )'--?[A-Za-z][^']*')*)\s*")
"""A line of an info manual that names an option; a further name may stand on the next."""
APART = re.compile(r"(\s*)([-\[]\S.*?)(?:(?:\s{2,}| (?=- ))(\S.*))?\s*$")
PIECE = re.compile(
    rf"(?P<name>{NAME})(?:(?P<left_out>\[(?:=[^\s\[\]]+(?:\[[^\[\]]*\])*|[^\s\[\]=]+)\]| \[[^\[\]]+\])"
    r"|=(?P<joined><[^<>]*>|'[^']*'|\"[^\"]*\"|\S*)"
    r"|(?P<apart> (?:<[^<>]*>(?:\W*<[^<>]*>)*\S*|\{[^{}]*\}|'[^']+'|[\w\[(]\S*)"
    r"(?: \[[a-z][\w-]*\])?(?: \.\.\.)?"
    r"|(?P<several>(?: [A-Z][A-Z\d_-]*){2,4}|(?: [a-z][\w-]*){2})))?"
)
"""A name of an option with its value, or several."""
LEFT_OUT = re.compile(r" \[(?:<[^<>]*>|[a-z][\w-]*)\]$")
"""A further value that there may be: `--get-color <name> [<default>]`."""
SENTENCE = re.compile(r"[^.][.,;]$")
"""The end of a line of a paragraph, where one of an option has none."""
DEFAULT = re.compile(r"'[^']*'|\"[^\"]*\"|\[\]|-?\d[\d.]*(?:[a-z]{1,2}[\d.]*)*")
"""What is taken for an option's value if none is given, in the place of its name: `--chunk=500`."""
SIGNS = re.compile(r"[<>\[\]{}]|,?\s*\.\.\.")


class Spelt(NamedTuple):
    """An option, as a line lists it."""

    names: tuple[str, ...]
    value: str
    """What its value is called, with the brackets around it; "" for none."""
    joined: bool
    """The value stands behind `=`."""
    help: str
    """What is said of it on the line."""
    either: bool = False
    """The names are of two options, of which the first is meant: `--strict / --no-strict`."""
    optional: bool = False
    """The value may be left out."""
    valued: bool = False
    """There is a value, even if it has no name."""
    strange: bool = False
    """It is an option only if something is said of it: the line could be the end of a command."""


def spelt(line: str) -> Spelt | None:
    """The option that a line lists; None where it goes on with a synopsis: `-q STR | -m NUM] [FILE]`."""
    found = _found(line)
    if found and found.help.startswith("|"):
        return None
    if found and found.joined and found.value in ("true", "false"):
        return found._replace(value="{true,false}", optional=True)
    if found and found.joined and DEFAULT.fullmatch(found.value):
        return found._replace(value="")
    return found


def _found(line: str) -> Spelt | None:
    line = AGAIN.sub("", RANGE.sub(r"\1", COLUMNS.sub(_together, line)))
    line = re.sub(r"^(\s*-\S*(?: \S+)*):$", r"\1", DENIED.sub(r"\1--no-\2, --\2", line))
    line = BEHIND.sub(lambda found: f"{found[1]}{found[4]}, {found[2]}{found[3] or ''}", line)
    line = IN_BRACKETS.sub(lambda found: f"{found[1]}, {found[2]}{found[3] or ''}", line)
    if heading := HEADING.match(line):
        return _plainly(heading[1])
    if found := _plainly(line):
        return found
    if item := ITEM.match(line):
        margin, named, told = item.groups("")
        found = _plainly(f"{margin}{re.sub('[`*]', '', named).strip()}  {told}")
    return found or _otherwise(line)


def _together(found: re.Match[str]) -> str:
    """What stands in columns as one."""
    margin, names, value = found.groups("")
    value = re.sub(r"(?<=[a-z]) range>$", ">", value)
    value = "" if value == SWITCH else f" {value}" if value else ""
    return f"{margin}{re.sub(r'  +', ', ', names)}{value}"


def longest(names: Sequence[str]) -> str:
    """The longest name of an option, which says most; not the one that denies it: `--column, --no-column`."""
    denied = {f"--no-{name[2:]}" for name in names if name.startswith("--")}
    return max((name for name in names if name not in denied), key=len)


def together(lines: Sequence[str]) -> list[str]:
    """Lines of a manual, those that name one option between quotation marks as one."""
    found: list[str] = []
    for line in lines:
        quoted, before = QUOTED.fullmatch(line), found[-1] if found else ""
        if quoted and QUOTED.fullmatch(before) and QUOTED.sub(r"\1", before) == quoted[1]:
            line = f"{found.pop()}, {quoted[2]}"
        found.append(line)
    return found


def _plainly(line: str) -> Spelt | None:
    """The option of a line in the form of `OPTION`."""
    found = OPTION.match(line)
    if not found:
        return None
    names = re.findall(rf"(?<![\w<{{|-]){NAME}", found["names"].replace("|-", ", -"))
    values = (found["values"] or "").replace("  ", " ", 1)
    help_ = re.sub(r"^[-=:] ", "", found["help"] or "")
    return Spelt(
        tuple(names), values[1:], values.startswith("="), help_, " / " in found["names"], valued=bool(values)
    )


def _otherwise(line: str) -> Spelt | None:
    """The option of a line in another form."""
    line = re.sub(r"^(\s*)-[0-9], ?(?=--)", r"\1", line)
    if quoted := QUOTED.fullmatch(line):
        line = f"{quoted[1]}{quoted[2].replace(chr(39), '')}"
    found = APART.match(line)
    if not found or SENTENCE.search(found[2]):
        return None
    written = re.sub(r"(?<!\S)\[(--?[A-Za-z][^\[\]]*)\](?=,|$)", r"\1", found[2])
    written = re.sub(r" \(or (-[^()]*)\)| or (?=-)|(?<=^-[A-Za-z]) (?=--)", _comma, written)
    written, _, default = written.partition(" [default: ")
    parts = re.split(r" / (?=-)|, ?(?=-)", re.sub(r"(?<=\w)\.\.\.$", "", written))
    pieces = [PIECE.fullmatch(part) for part in parts]
    known = [one for one in pieces if one]
    if not known or len(known) < len(pieces):
        return None
    name = longest([one["name"] for one in known])
    chosen = next(one for one in known if one["name"] == name)
    if chosen["several"] and not (found[3] or chosen["several"].isupper()):
        return None
    optional = chosen["left_out"] or ""
    apart = LEFT_OUT.sub("", chosen["apart"] or "").strip()
    value = optional.strip(" []=") if optional else chosen["joined"] or apart
    plain, one = SIGNS.sub("", value).strip(" '"), value.startswith("'")
    help_ = re.sub(r"^[-#=:] ", "", " ".join(filter(None, (found[3], default and f"[default: {default}"))))
    return Spelt(
        tuple(one["name"] for one in known),
        value if value.startswith(("{", "(")) else f"<{plain}>" if " " in plain and not one else plain,
        chosen["joined"] is not None or optional.startswith("[="),
        help_,
        optional=bool(optional),
        valued=bool(optional or chosen["apart"] or chosen["joined"] is not None),
        strange=True,
    )


def _comma(found: re.Match[str]) -> str:
    return f", {found[1]}" if found[1] else ", "
