"""Arguments that a synopsis writes in small letters without any mark: `tool unpack [-h] wheelfile`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...commands import page_of, prefix, split
from ...types import Document
from . import indent
from .shown import commands

GROUP = re.compile(
    r"\[[^\[\]]*(?:\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\][^\[\]]*)*\](?:\.\.\.)?|<[^<>]*>(?:\.\.\.)?|\S+"
)
"""A part of a synopsis: a bracketed group, a placeholder, or a word."""
PLAIN = re.compile(r"[a-z][\w-]*")
REPEATED = re.compile(r"[a-z][\w-]*\.\.\.")
"""An argument whatever else is written: nothing is called so."""
MARKED = re.compile(r"\[*(?:<\w|[A-Z]{2}|[A-Z](?![\w-]))")
"""How an argument begins that is marked as one; beside such, words in small letters are those of commands."""
EITHER = re.compile(r"(?<![\w<-])[a-z][\w-]*(?= ?\|)|(?<=\|)[a-z][\w-]*|(?<=\| )[a-z][\w-]*")
"""A word beside a bar: one of those of which one is written, `install|remove NAME`."""
AGAIN = re.compile(r"<([\w-]+)> \[\1 \.\.\.\]")
"""An argument of which there may be more: `<file> [file ...]`."""
LIST = re.compile(r"\s*(?:positional )?arguments:\s*", re.IGNORECASE)
"""The heading of a list of arguments."""


def with_placeholders(forms: Sequence[str], page: Document, tools: Sequence[str]) -> list[str]:
    """The synopses of a page, whose arguments in small letters stand as `<word>`.

    Words of the command's own name stay: those of the page of a help tree, those in which the synopses of a
    page differ, those before any option, and what an example has.
    """
    named = set(_named(page.text))
    lines = (line for line in page.text.split("\n") if not {*tools}.isdisjoint(line.split()))
    either = {word for line in lines for word in EITHER.findall(line)}
    marked = any(MARKED.match(part) for form in forms for part in _arguments(form))
    every = [words for one in commands(page, tools) for words in split(one)] if forms else []
    shown = [_words(" ".join(words[prefix(words) :])) for words in every]
    found = []
    for form in forms:
        first = len(form) if marked else _first(form, forms, page_of(page.title))
        parts = GROUP.findall(form)
        for at, part in enumerate(parts[1:], 1):
            argument = at >= first and part not in either and not _shown(parts[: at + 1], shown)
            if REPEATED.fullmatch(part):
                parts[at] = f"<{part[:-3]}>..."
            elif PLAIN.fullmatch(part) and (argument or part in named):
                parts[at] = f"<{part}>"
        found.append(AGAIN.sub(r"<\1>...", " ".join(parts)))
    return found


def _named(text: str) -> Iterator[str]:
    """The words that a page lists as arguments."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if LIST.fullmatch(line):
            margin = 0
            for below in lines[number + 1 :]:
                if not below.strip() or indent(below) <= indent(line):
                    break
                margin = margin or indent(below)
                if indent(below) == margin and (word := PLAIN.match(below.strip())):
                    yield word[0]


def _arguments(form: str) -> list[str]:
    """The parts of a synopsis that are neither options nor their values."""
    _, *parts = GROUP.findall(form)
    return [
        part
        for before, part in zip(["", *parts], parts, strict=False)
        if not part.startswith(("-", "[-")) and not before.startswith("-") and "OPTION" not in part.upper()
    ]


def _first(form: str, forms: Sequence[str], title: str) -> int:
    """From which of its parts on the words of a synopsis are arguments."""
    parts = GROUP.findall(form)
    own = title.split(" ")
    if parts[: len(own)] == own:  # It is about this command, or those below it.
        others = {
            word for one in forms for word in GROUP.findall(one)[len(own) :][:1] if PLAIN.fullmatch(word)
        }
        return len(own) + (len(others) > 1)
    options = next((at for at, part in enumerate(parts) if part.startswith("[")), len(parts))
    alone = len({*forms}) == 1 and own[-1:] == parts[:1]
    return options if options > 1 or alone else len(parts)


def _shown(parts: Sequence[str], shown: Sequence[Sequence[str]]) -> bool:
    """Whether an example has the words that these parts of a synopsis end in."""
    words = [part for part in parts if PLAIN.fullmatch(part) or part == parts[0]]
    return any(list(one[: len(words)]) == words for one in shown)


def _words(command: str) -> list[str]:
    return [word for word in command.split(" ") if not word.startswith("-")]
