"""What a task asks for, as a query for examples: without the item and what is typed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from ..environments import places
from ..texts import valid
from ..types import Trajectory

NUMBERS = re.compile(r"#?\d[\d.,:/-]*")
TYPED = re.compile(r": [A-Z][^:]*$|(?<!\w)'[^']* [^']*'(?!\w)|\"[^\"]* [^\"]*\"|“[^”]* [^”]*”")
"""What is to be typed: several words in quotation marks, or after a colon, where it begins in capitals."""
QUOTED = re.compile(r"(?<!\w)'[^']*'(?!\w)|\"[^\"]*\"|“[^”]*”|`[^`]*`")
"""What is given to a command, or what it is given to: the task 'Pay rent', the tag "urgent"."""
COUNTED = re.compile(r"(?<![\w.-])\d[\d.,:/-]*(?!\w)")
"""A number or a date by itself; not the 64 of base64."""
FEW = frozenset(("all", "from", "has", "have", "he", "her", "his", "its", "she", "them", "you", "your"))
"""Words that say nothing, beside those that the index knows as such."""
FEWEST = 2
"""Words of a query; where fewer are left, what seems to be typed is what is to be done: `Task: Delete it`."""
ITEM = re.compile(r"([^\W\d_]+) #?\d|([^\W\d_]{3,})\d")
"""An item of many, as a task names it: ticket #12, issue12."""
TOWARDS = re.compile(r"(?:,|\b(?:by|for|from|in|to|until|with)) *(?:the )?$|\b(?:an?|new) $", re.IGNORECASE)
"""What stands before an item that is a value, or that is to be made: for milestone 1.2, a milestone 1.4."""
OPENED = re.compile(r"goto /\S*?(?:([^\W\d_]+)/|([^\W\d_]{3,}))\d")
"""The same as an example opens it: /ticket/12, /issue12."""


def query(instruction: str, commands: bool = False) -> str:
    """The words that say what is to be done, on a screen or by `commands`.

    The number of an item says on what it is done: as the rarest of a task's words it would find what else was
    done with ticket 28. What is typed is another text in every task; on a screen one word in quotation marks
    may be a button. Where examples are short and in the imperative, words such as `is` are rare too.
    """
    numbers, bare = COUNTED if commands else NUMBERS, TYPED.sub(" ", instruction)
    for words in (QUOTED.sub(" ", bare) if commands else bare, instruction):
        telling = [word for word in _analyzer().analyze(valid(numbers.sub(" ", words))) if word not in FEW]
        if len(telling) >= FEWEST:
            return " ".join(telling)
    return instruction


def kinds(instruction: str) -> list[str]:
    """What a task says that items are which it names by number, in lower case: `ticket` of ticket #12.

    Not those that are a value, or are not there yet.
    """
    found = ITEM.finditer(instruction)
    return [(one[1] or one[2]).lower() for one in found if not TOWARDS.search(instruction[: one.start()])]


def opens(actions: str, instruction: str, wanted: Sequence[str]) -> bool:
    """Whether an example is about an item of one of these kinds: it opens one by its address (/tickets/12,
    /issue12), or its instruction names one, which a link opened."""
    made = {"".join(one.groups("")).lower() for one in OPENED.finditer(actions)}.union(kinds(instruction))
    return not {kind.removesuffix("s") for kind in wanted}.isdisjoint(kind.removesuffix("s") for kind in made)


def offered(trajectory: Trajectory, begin: int, end: int) -> Iterator[str]:
    """What the fields of which something was chosen in a window offered: who closes a ticket as a duplicate
    could have closed it as wontfix, and is found by this word."""
    for at in range(begin, end):
        name = str(trajectory.steps[at].action.arguments.get("element", ""))
        if "option" not in trajectory.steps[at].action.arguments:
            continue
        # An observation may tell only what changed since the one before it.
        texts = (trajectory.observation(back).text for back in range(at, -1, -1))
        seen = (places.offered(places.ELEMENT.findall(text)) for text in texts)
        yield from next((lists[name].options for lists in seen if name in lists and lists[name].options), ())


@cache
def _analyzer() -> Any:
    import tantivy

    made = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.lowercase())
    return made.filter(tantivy.Filter.stopword("english")).build()
