"""What a maintainer's tasks are about: the kinds that are asked for, of a piece of code."""

from __future__ import annotations

from ..prompts import prompt
from .items import Item

PROMPT = prompt("stages", "maintain")
KINDS = tuple(PROMPT.fill("items").split("\n"))


def code_items(number: int, turn: int) -> list[Item]:
    """So many kinds of tasks, each in its turn. `turn`: of the round; a later one goes on with the others."""
    return [Item(text=KINDS[at % len(KINDS)]) for at in range(turn * number, (turn + 1) * number)]
