"""Grammars of the commands of a synopsis: what stands for each of its arguments and options."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from ...patterns import literal
from .arguments import (
    CODE,
    ESCAPED,
    FILTER,
    INTO,
    NEW,
    NO_FILE,
    ONE_OF_MANY,
    REPEATED,
    SCRIPT,
    SIGNED,
    STATEMENT,
    WORD,
    choice,
    free_word,
    term,
)
from .options import FILE, Option
from .positional import GROUP
from .synopsis import LITERAL, MANY, OPTIONS
from .words import takes_words

_VALUED = re.compile(r"(--?[A-Za-z][\w-]*=)(<[^<>]*>|[A-Za-z][\w-]*)")
"""An option that must stand in a synopsis, with its value."""
_ALTERNATIVES = re.compile(r"(\S+)(?: \| (?:<[^<>]*>|[^\s\[\]|]+))+")
"""A word, or one of others: `<commit> | <object>`."""
FURTHER = 1
"""Options that a command may have beside those that it must: a small model takes as many as it may, and what
its task does not tell of them misleads whoever follows the example."""
SEARCHED = re.compile(r"<[\w-]*(filter|search|term|criteri)")
"""What an argument is called that may be several words."""
TARGET = re.compile(r"\b(DB_)?(PATH|DB|DATABASE)\b", re.IGNORECASE)
"""What an argument is called into which a FILE goes."""
ATTRIBUTES = "attribute:"
"""Under which the names are that stand before a colon in a word of `<filter>`."""
SPOKEN = "word:"
"""Under which the regular expression of a word is that the repeated argument has."""
SQL = re.compile(r"([A-Z]+_)?(SQL|SELECT)")
"""What an argument is called that is a statement in SQL."""
LANGUAGE = re.compile(r"([A-Z]+_)?(CODE|SQL|SELECT|QUERY|STATEMENT)")
"""What an argument is called that is written in another language."""
SCRIPTED = re.compile(r"(?i)([a-z]+[ _-])*(expr|expression|script)([ _-][a-z-]+)?")
"""The same of a language that has short programs."""
APPLIED = re.compile(r"(?i)([a-z]+[ _-])*(filter|program)")
"""The same where a file follows to which it is applied."""
MATCHED = re.compile(r"(?i)([a-z]+[ _-])*(pattern|regexp?|regular[ _-]expression)s?")
"""What an argument is called that is searched for in a file."""
NUMERIC = re.compile(r"(?i)([a-z]+[ _-])*(num|number|int|integer|float|amount|offset|delta)")
"""What an argument is called that may be a negative number."""
OTHER = re.compile(r"(?!NEW_)[A-Z]+_([A-Z]+)")
"""What an argument is called that is a further one of its kind: `OTHER_TABLE`."""
_PROGRAM, _SCRIPT, _FILTER = f"({CODE})", f"({SCRIPT})", f"({FILTER})"
_NEW_FILE = r"[A-Za-z0-9_-]{1,24}\.[a-z][a-z0-9]{0,4}"
FRESH = re.compile(r"NEW_?(NAME|TABLE|VIEW|BRANCH|ID|KEY|LABEL|TAG)?")
"""What an argument is called that names what the command makes."""
WRITTEN = re.compile(
    r"[\[<]*(?:[a-z]+[-_])*(?:out(?:put)?|dest(?:ination)?|new|result)[-_]?file", re.IGNORECASE
)
"""What an argument is called that names a file which the command makes."""
KEY = re.compile(r"KEY|NAME|SETTING|VAR(IABLE)?")
"""What an argument is called that names a setting."""
MAKING = re.compile(r"(?:(?:create|make|new)[-_ ]|add[-_])([a-z]+)$")
"""The end of a command that makes what an argument of this name names."""


def pattern(
    form: str,
    known: Sequence[Option],
    chosen: Sequence[Option] = (),
    files: Sequence[str] = (),
    targets: Sequence[str] = (),
    rest: str = "",
    most: int = REPEATED[-1],
    key: str = "",
    further: Mapping[str, Sequence[str]] = MappingProxyType({}),
    into: bool = False,
    strict: bool = False,
) -> str:
    """Regular expression, over JSON text, of the commands of a synopsis: arguments first, then options.

    `known`: the options that may stand there; `chosen`: those that must; `files`: those that an argument
    called FILE can name; `targets`: those that it goes into, which PATH or DB then names, or a new one of
    their kind; `rest`: what may follow instead of the options, where they are not known; `most`: how often
    an argument that may be repeated (`COLUMN...`) is given: a small model that may go on goes on without end;
    `key`: the number of what the command is about, which `<filter>` before a command then is, or in one turn
    what else it may be but a bare word;
    `further`: what an argument of this name can be; for COLUMN also options whose help tells of one; for
    `ATTRIBUTES` what `<filter>` and many words can name, for `SPOKEN` a word that the repeated argument has;
    `into`: its output goes into a file, not only may; `strict`: options stand where the synopsis has them.
    """
    written, left_out, at = list[str](), set[int](), None
    parts, makes_a = GROUP.findall(form), made(form)
    spoken, names = takes_words(form) if SPOKEN in further else 0, further.get(ATTRIBUTES, ())
    for number, part in enumerate(parts, 1):
        if OPTIONS.fullmatch(part):
            at = len(written) if strict and "--" not in parts[:number] else at
            continue
        at = len(written) if at is None and part == "--" else at  # Behind it none is read as an option.
        stands = f"{_free(parts)}{further[SPOKEN][0]}" if number == spoken else _as_it_stands(part, files)
        if stands:
            written.append(f" {stands}" if written else stands)
            continue
        many = part.endswith("...") or bool(MANY.fullmatch(part))
        named = further.get(part.strip("[]<>."), ())
        word = choice(named) if named else _word(part, makes_a, files, targets, parts[number:], names)
        optional = part.startswith("[") and not _given(part, parts[: number - 1], [*targets, *files], named)
        several = bool(SEARCHED.search(part)) and not many and word not in (_PROGRAM, _FILTER)
        one = term(names)
        terms = f"( {one}){{0,2}}" if several else ""
        if several and key and any(map(LITERAL.fullmatch, parts[number:])):
            word, terms = (one, terms) if most == REPEATED[1] else (literal(key), "")
        sign = _sign(part, optional, many, most)
        if sign in ("*", "+") and (part.strip("]").endswith("...") or number < len(parts)):
            least = min(most, 2, len(files)) if files and FILE.search(part) else None
            # What is made often needs pairs: `id integer`.
            sign = _times(optional, most, max(most, 2) if makes_a and not named else most, least)
        written.append(f"( {word}){sign}{terms}")
        if sign == "?" and not several:
            left_out.add(len(written) - 1)
    with_options = _options(known, chosen, further.get("COLUMN", ()), most)
    behind = "" if at is None else _nested(written[at:], {one - at for one in left_out})
    # What a command makes is nothing that it prints.
    kept = "" if makes(form) else INTO.removesuffix("?") if into else INTO
    end = f"( {rest})?{behind}" if rest else f"{with_options}{behind}{kept}"
    return f"^{_nested(written[:at], left_out)}{end}$"


def fed(whole: str, files: Sequence[str]) -> str:
    """The regular expression of a command that reads one of the files from the standard input."""
    head = whole.removesuffix("$")
    into = next((one for one in (INTO, INTO.removesuffix("?")) if head.endswith(one)), "")
    return f"{head.removesuffix(into)} < {choice(files)}{into}$"


def _options(known: Sequence[Option], chosen: Sequence[Option], columns: Sequence[str], most: int) -> str:
    """Regular expression of the options that a command must have, and of those that it may."""
    must = "".join(f" {option.about(columns, (), most)}" for option in chosen)
    free = [option for option in known if option not in chosen and not option.ends]
    others = "|".join(option.about(columns, (), most) for option in free)
    return must + (f"( ({others})){{0,{FURTHER}}}" if others else "")


def _as_it_stands(part: str, files: Sequence[str]) -> str:
    """Regular expression of a part that must be written as it is, but for the value of an option; or ""."""
    valued = _VALUED.fullmatch(part)
    written = valued[1] if valued else part if LITERAL.fullmatch(part) else ""
    value = choice(files) if valued and files and FILE.search(valued[2]) else WORD
    return f"{literal(written)}{value if valued else ''}"


def _given(part: str, before: Sequence[str], files: Sequence[str], named: Sequence[str]) -> bool:
    """Whether an argument is given although it may be left out: what could come from a pipe is read from a
    file, and what the tool could guess (`[OTHER_TABLE]`) is said where it is known what there is. A further
    file is not, nor one that is written."""
    reads = FILE.search(part) and files and not is_written(part) and not any(map(FILE.search, before))
    return bool(reads or (named and OTHER.fullmatch(part.strip("[]"))))


def is_written(part: str) -> bool:
    """Whether an argument names a file that the command writes: `OUTPUT_FILE`, `[outfile]`."""
    return bool(WRITTEN.match(part))


def _free(parts: Sequence[str]) -> str:
    """What stands before a word of a command: what it makes is given a name, what a filter finds has one."""
    return "" if any(map(SEARCHED.search, parts)) else f"({WORD} ){{1,3}}"


def _sign(part: str, optional: bool, many: bool, turn: int) -> str:
    """How often an argument stands there, as the sign of a regular expression: `[<a> [<b>]]` up to twice, and
    in one of its turns not at all."""
    inside = _ALTERNATIVES.sub(r"\1", part).strip("[]")
    words = [inside] if re.fullmatch("<[^<>]*>", inside) else inside.split(" ")
    if not many and len(words) == 1:
        return "?" if optional else ""
    if not optional:
        return "+"
    counted = not many and all(re.match(r"<|\W*[A-Z]{2}", one.strip("[")) for one in words)
    return f"{{{int(turn != REPEATED[0])},{len(words)}}}" if counted else "*"


def _times(optional: bool, turn: int, most: int, least: int | None = None) -> str:
    """How often an argument may be repeated. Where there may be none, a small model gives none: it may in one
    of its turns."""
    return f"{{{int(not optional or turn != REPEATED[0]) if least is None else least},{most}}}"


def _nested(written: Sequence[str], left_out: Collection[int]) -> str:
    """Arguments in their order, of which some may be left out: then those that directly follow are too."""
    text = inner = ""
    for number in reversed(range(len(written))):
        if number in left_out:
            inner = f"({written[number][1:-2]}{inner})?"
        else:
            text, inner = f"{written[number]}{inner}{text}", ""
    return inner + text


def _word(
    part: str,
    makes_a: str,
    files: Sequence[str],
    targets: Sequence[str],
    behind: Sequence[str],
    names: Sequence[str],
) -> str:
    """Regular expression of an argument; `makes_a`: see `made`; `behind`: the arguments after it; `names`:
    attributes that are known."""
    name = part.strip("[]<>.'")
    if FILE.search(part) and files:
        return f"({_NEW_FILE})" if is_written(part) else choice(files)
    if TARGET.search(part) and targets:
        kinds = sorted({name.rpartition(".")[2] for name in targets})
        return choice([*targets], *(rf"[a-z_]+\.{literal(kind)}" for kind in kinds))
    if re.fullmatch(r"\[[a-z]\w*(\|\w+)+\]", part):
        return choice(part[1:-1].split("|"))
    if re.fullmatch(r"\{[\w-]+(,[\w-]+)+\}", part):
        return choice(part[1:-1].split(","))
    if APPLIED.fullmatch(name) and any(map(FILE.search, behind)):
        return _FILTER
    # In italics a query is what is searched for.
    language = name.upper() if part.startswith("<") and name != "query" else name
    if LANGUAGE.fullmatch(language):
        return f"({STATEMENT})" if SQL.fullmatch(language) else _PROGRAM
    if MATCHED.fullmatch(name):
        return ESCAPED
    if SCRIPTED.fullmatch(name) and not FILE.search(part):
        return _SCRIPT if language.isupper() else f"({WORD}|{_SCRIPT})"
    if is_new(name, makes_a):
        return NEW
    if NUMERIC.fullmatch(name) and not part.endswith("..."):
        return SIGNED
    if KEY.fullmatch(name):
        return WORD.replace("()[", "()[=")
    if names and MANY.fullmatch(part):
        return free_word(names)
    if part.endswith("..."):
        return ONE_OF_MANY.replace("[^, ", "[^,. ") if targets else ONE_OF_MANY
    return NO_FILE if targets else WORD


def makes(form: str) -> bool:
    """Whether a command makes something that one of its arguments names."""
    return any(is_new(part.strip("[]<>."), made(form)) for part in GROUP.findall(form))


def made(form: str) -> str:
    """What the command of a synopsis makes, by its name: `view` of `tool create-view PATH VIEW`; or ""."""
    found = MAKING.search(re.split(r" (?=[\[<]|[A-Z]{2})", form, maxsplit=1)[0])
    return found[1] if found else ""


def is_new(name: str, makes_a: str) -> bool:
    """Whether an argument names what the command makes: VIEW, NEW_NAME, COL_NAME. `makes_a`: see `made`."""
    thing = makes_a.upper()
    short = name.removesuffix("_NAME")
    return bool(FRESH.fullmatch(name)) or (
        bool(thing) and (thing == name or (short != name and thing.startswith(short)))
    )
