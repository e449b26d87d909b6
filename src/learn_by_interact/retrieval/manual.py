"""What a manual says against a command that failed: no such command, no such option, and where there is one.

Tools say that an option is not known; the manual says which command has it. A small model that took the wrong
command (`insert-files data.db birds birds.tsv --tsv`) drops the option and keeps the command otherwise.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from ..commands import above, called, page_of, split
from ..types import Value
from .documents import holding
from .lines import entries

MOST = 2000
"""Sections that are read for commands."""
FEWEST = 3
"""Commands of a tool that a manual describes, from which on it is taken to describe all."""
NAMED, LISTED = 5, 24
"""Commands and options that are named."""
_NAME = re.compile(r"[a-z][\w-]*")
_OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")


class Correction(Value):
    """What a manual says against a command, and the section that says most about it."""

    section: str
    text: str
    missing: bool = False
    """There is no such command, so that another one is needed."""


class Commands:
    """Commands that have a page each, with its sections: (id, title, text)."""

    def __init__(self, sections: Sequence[tuple[str, str, str]]) -> None:
        self._sections: dict[str, list[str]] = {}
        self._options: dict[str, dict[str, None]] = {}
        self._mentioned: dict[str, set[str]] = {}
        self._page: dict[str, str] = {}
        lines: Counter[str] = Counter()
        for identity, title, text in sections:
            page = page_of(title)
            if re.search(rf"(?im)^\s*usage:\s*{re.escape(page)}(?![\w-])", text):
                self._page[identity] = page
                self._sections.setdefault(page, []).append(identity)
                self._options.setdefault(page, {}).update(dict.fromkeys(_listed(text)))
                self._mentioned.setdefault(page, set()).update(_OPTION.findall(text))
                lines.update(set(entries(text)))
        least = max(FEWEST, len(self._sections) / 2)
        self.common = frozenset(line for line, number in lines.items() if number > least)
        """Lines that more than half of the commands have: they tell none apart."""

    def correction(self, action: str, about: Sequence[str]) -> Correction | None:
        """Against the first command of an action that has anything wrong.

        `about`: ids of sections about the task, best first: in this order commands are named.
        """
        for words in split(action):
            call, end = called(words, self._sections)
            missing = self._missing(words, call, end)
            if missing:
                return self._named(f"There is no command {missing}. Commands of the manual", "", about, True)
            for at, word in enumerate(words if call else ()):
                name = word.partition("=")[0]
                # Before the name of a command stand the options of those above it.
                takers = (call, *above(call)) if at < end else (call,)
                if _OPTION.fullmatch(name) and not any(
                    name in self._mentioned.get(one, ()) for one in takers
                ):
                    return self._without(call, name, about)
        return None

    def _missing(self, words: Sequence[str], call: str, end: int) -> str:
        """The command that words begin with, if there is none of this name; "" if there may be."""
        over = call or (words[0] if words else "")
        below = sum(page.startswith(f"{over} ") for page in self._sections)
        after = words[end or 1 : (end or 1) + 1]
        return f"{over} {after[0]}" if below >= FEWEST and after and _NAME.fullmatch(after[0]) else ""

    def _without(self, call: str, option: str, about: Sequence[str]) -> Correction:
        told = f"{call} has no option {option}"
        if over := next((one for one in above(call) if option in self._options.get(one, ())), ""):
            rest = call.removeprefix(f"{over} ")
            text = f"{told}; {over} has it, before {rest}: {over} {option} ... {rest}."
            return Correction(section=self._sections[over][0], text=text)
        if any(option in known for known in self._options.values()):
            return self._named(f"{told}. Commands that have it", option, about)
        own = [name for name in self._options[call] if name.startswith("--")][:LISTED]
        has = f"; it has {', '.join(own)}" if own else ""
        return Correction(section=self._sections[call][0], text=f"{told}{has}.")

    def _named(self, told: str, option: str, about: Sequence[str], missing: bool = False) -> Correction:
        """Commands with an option, or all, likeliest first."""
        pages = [self._page[identity] for identity in about if identity in self._page]
        pages = list(dict.fromkeys([*pages, *sorted(self._sections)]))
        pages = [page for page in pages if not option or option in self._options[page]][:NAMED]
        text = f"{told}, likeliest first: {', '.join(pages)}."
        return Correction(section=self._sections[pages[0]][0], text=text, missing=missing)


@lru_cache(maxsize=4)
def commands(folder: str) -> Commands:
    """The commands of an index of documents. Raises ConfigError when the folder holds none."""
    return Commands(holding(folder, "usage", MOST))


def _listed(text: str) -> Iterator[str]:
    """The options that a page lists, a line each."""
    for line in text.split("\n"):
        if line.lstrip().startswith("-"):
            yield from _OPTION.findall(re.split(r"\s{2,}", line.strip())[0])
