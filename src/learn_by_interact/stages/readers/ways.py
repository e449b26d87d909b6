"""The ways in which a synopsis may be read: what it leaves to choose, and what stands in braces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from .positional import GROUP
from .spelt import NAME

CHOICE = re.compile(r"(?<!\S)\(([^()|]+(?:\|[^()|]+)+)\)(?!\S)")
CHOSEN = (r"-[A-Za-z]", r"[a-z][\w-]*", r"--[a-z][\w-]*(?:[ =](?:<[^<>]*>|[A-Z][A-Z\d_-]*|[a-z]+))?")
"""What each of a choice is of which a synopsis is made for each: letters, words, options with long names."""
CHOICES = 3
"""Choices of a synopsis of which each is made one; of further ones the first is taken."""
BRACED = re.compile(r"\{(?:[^{}]|\{[^{}]*\})*\}")
"""What stands in braces, as a choice does: `{list | show NAME}`."""
TOKEN = re.compile(rf"\||(?:{GROUP.pattern.rpartition('|')[0]}|{BRACED.pattern}|\([^()]*\)|[^\s|])+")
"""A part of a synopsis, or a bar between two, of which one is written."""
ALIKE = (
    re.compile(r"-|(?:<[^<>]*>|[A-Z][A-Z\d_:/.-]*|\[[^\[\]]*\])+(?:\.\.\.)?"),
    re.compile(r"[a-z][a-z\d-]*"),
    re.compile(r"-[a-zA-Z]"),
    re.compile(r"--[a-z][\w-]*"),
)
"""What each of the parts is between which bars stand: arguments, words, options of one kind."""
NESTED = re.compile(r"\[([a-z][\w-]*) \[([a-z][\w-]*)\]\]")
WHOLE = "[OPTIONS]"
"""What stands in a synopsis in the place of a list of them."""
ANY_PROGRAM = re.compile(r"<?(?:command|cmd)>?", re.IGNORECASE)
"""What is also called so where it is another program, which the tool runs: `tool exec NAME COMMAND`."""


def ways(form: str, choices: int = CHOICES) -> list[str]:
    """A synopsis with each of a choice in turn, `tool (-d | -D) NAME`, and with a command that may be left
    out: `tool [push [-q] NAME]`; an argument after which another may stand is none: `[infile [outfile]]`."""
    for part in GROUP.findall(form):
        if re.match(r"\[[a-z][\w-]* (?:[(<]|\[[^a-z])", part) and part.endswith("]"):
            form = form.replace(part, part[1:-1])
        elif nested := NESTED.fullmatch(part):
            form = form.replace(part, f"[{nested[1]}] [{nested[2]}]")
    form = form.removesuffix(" |")  # Another way stands on the next line.
    if each := _alternatives(form):
        return [way for one in each[: None if choices > 0 else 1] for way in ways(one, choices - 1)]
    for choice in CHOICE.finditer(form) if choices > 0 else ():
        each = re.split(r" ?\| ?", choice[1])
        if any(all(re.fullmatch(kind, one) for one in each) for kind in CHOSEN):
            return [way for one in each for way in ways(form.replace(choice[0], one, 1), choices - 1)]
    return [form]


def _alternatives(form: str) -> list[str]:
    """A synopsis with each of its first parts of which one is written, `PATH | -`, `add|remove NAME` or
    `{list | show NAME}`; [] where there are none, or words beside arguments, of which it is not clear."""
    parts = TOKEN.findall(form)
    for at, part in enumerate(parts):
        if "|" in part and BRACED.fullmatch(part):
            inside, begin, end = _parted(TOKEN.findall(part[1:-1])), at, at + 1
        elif part == "|" and at:
            begin, end = at - 1, at + 2
            while parts[end : end + 1] == ["|"]:
                end += 2
            inside = _parted(parts[begin:end])
            piped = all(map(ALIKE[1].fullmatch, inside)) and "|".join(inside) not in form
            if piped:
                return []  # As programs in a shell: `list | sort`.
            if all(map(names_in, inside)) and not _alike(inside):
                inside = [f"({' | '.join(inside)})"]  # The same option by other names.
            elif parts[0] in inside or not _alike(inside):
                return []
        else:
            continue
        if any(map(ANY_PROGRAM.fullmatch, inside)) and any(map(ALIKE[1].fullmatch, inside)):
            return []  # It stands for several: `{COMMAND | help}`.
        if len(inside) > 1:  # Not its help, its version.
            inside = [one for one in inside if not one.startswith(("(-", "{-"))]
        return [" ".join([*parts[:begin], one, *parts[end:]]) for one in inside]
    return []


def _alike(parts: Sequence[str]) -> bool:
    return any(all(map(kind.fullmatch, parts)) for kind in ALIKE)


def _parted(parts: Sequence[str]) -> list[str]:
    """What stands between the bars."""
    each = (group for bar, group in groupby(parts, "|".__eq__) if not bar)
    return [" ".join(group) for group in each]


def understood(form: str) -> bool:
    """Whether each part of a synopsis is a word, an argument or a whole group."""
    parts = GROUP.findall(form)
    pairs = ("[]", "<>", "{}", "()")
    whole = all(part.count(pair[0]) == part.count(pair[1]) for part in parts for pair in pairs)
    return whole and all(re.search(r"\w", part) or part in ("-", "--", "...") for part in parts)


def in_braces(form: str) -> str:
    """A synopsis whose arguments stand in braces, as the others have them: `{zero or more file names}` is
    `[file_names...]`, `{flags}` is `[OPTIONS]`; not choices, `{add,remove}`."""

    def named(found: re.Match[str]) -> str:
        name = "_".join(found[1].split())
        if re.fullmatch(r"(\w+-)?(flags|options)", name, re.IGNORECASE):
            return WHOLE
        many = re.fullmatch(r"(zero|one)_or_more_(.*)", name)
        return f"<{name}>" if not many else f"[{many[2]}...]" if many[1] == "zero" else f"<{many[2]}>..."

    form = re.sub(r"(?<!\S)\{(<[^<>]*>)\}(?!\S)", r"\1", form)
    form = re.sub(r"(?<!\S)\{(-[^{}]*)\}(?!\S)", _of_options, form)
    return re.sub(r"(?<!\S)\{([A-Za-z](?:[^{}|,]|,(?= )|,(?=[^{}]*\.\.\.\}))*)\}(?!\S)", named, form)


def _of_options(found: re.Match[str]) -> str:
    """A choice of options in braces: each in turn, or, where one has more than a value, a list of them."""
    each = re.split(r" ?\| ?", found[1])
    simple = any(all(re.fullmatch(kind, one) for one in each) for kind in CHOSEN)
    return f"({found[1]})" if simple and len(each) > 1 else f"[{found[1]}]"


def names_in(form: str) -> frozenset[str]:
    """The options that a synopsis names: `[--[no-]all | -n]`, and of `[-abc]` each letter."""
    either = f"{form.replace('[no-]', '')} {form.replace('[no-]', 'no-')}"
    found = re.findall(rf"(?<![\w<{{-]){NAME}", either)
    letters = [f"-{letter}" for name in found if re.fullmatch(r"-[A-Za-z]{2,}", name) for letter in name[1:]]
    return frozenset([*found, *letters])


def first(form: str) -> str:
    """A synopsis with the first of each choice: `tool (-m | -M) NAME`."""
    return re.sub(r"(?<=\s)\(([^()|]*?)\s*\|[^()]*\)", r"\1", form)
