"""What a task on a screen asks for, as a query for examples: without the item and what is typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

NUMBERS = re.compile(r"#?\d[\d.,:/-]*")
TYPED = re.compile(r": [A-Z][^:]*$|(?<!\w)'[^']* [^']*'(?!\w)|\"[^\"]* [^\"]*\"|“[^”]* [^”]*”")
"""What is to be typed: several words in quotation marks, or after a colon, where it begins in capitals."""
FEW = frozenset(("all", "from", "has", "have", "he", "her", "his", "its", "she", "them", "you", "your"))
"""Words that say nothing, beside those that the index knows as such."""
ITEM = re.compile(r"([^\W\d_]+) #?\d")
"""An item of many, as a task names it: ticket #12."""
TOWARDS = re.compile(r"(?:,|\b(?:by|for|from|in|to|until|with)) *(?:the )?$", re.IGNORECASE)
"""What stands before an item that is a value: for milestone 1.2."""
OPENED = re.compile(r"goto /\S*?([^\W\d_]+)/\d")
"""The same as an example opens it: /ticket/12."""


def query(instruction: str) -> str:
    """The words that say what is to be done.

    The number of an item says on what it is done: as the rarest of a task's words it would find what else was
    done with ticket 28. What is typed is another text in every task. Where examples are short and in the
    imperative, words such as `is` and `with` are rare too.
    """
    words = NUMBERS.sub(" ", TYPED.sub(" ", instruction))
    telling = [word for word in _analyzer().analyze(words) if word not in FEW]
    return " ".join(telling) or instruction


def kinds(instruction: str) -> list[str]:
    """What a task says that items are which it names by number, in lower case: `ticket` of ticket #12.

    Not those that are a value, of which the task is not.
    """
    found = ITEM.finditer(instruction)
    return [one[1].lower() for one in found if not TOWARDS.search(instruction[: one.start()])]


def opens(actions: str, wanted: Sequence[str]) -> bool:
    """Whether these actions open an item of one of these kinds by its address: /tickets/12."""
    made = {kind.lower().removesuffix("s") for kind in OPENED.findall(actions)}
    return any(kind.removesuffix("s") in made for kind in wanted)


@cache
def _analyzer() -> Any:
    import tantivy

    made = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.lowercase())
    return made.filter(tantivy.Filter.stopword("english")).build()
