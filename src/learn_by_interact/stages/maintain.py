"""What a maintainer's tasks are about: kinds of tasks, and the names that a piece of code defines."""

from __future__ import annotations

import re

from ..patterns import literal
from ..prompts import prompt
from ..types import Document
from .items import Item

PROMPT = prompt("stages", "maintain")
DEFINED = re.compile(r"^(?:async def|def|class) (\w+)", re.MULTILINE)
SOURCE = re.compile(r"(?:src/|lib/)?([\w/]+)\.py")
SOMETHING = "a function of this code"
SOME = r"[^\"\\\n]{1,160}"
"""Arguments of a call, or the rest of a task, in the text of JSON."""
QUOTE = r'\\"'
WAYS = (
    (
        rf"^python -c {QUOTE}from MODULE import NAME; print\((list\()?NAME\({SOME}\){QUOTE}$",
        rf"^What does NAME give for {SOME}\?$",
    ),
    (rf"^search {QUOTE}NAME{QUOTE}$", rf"^Find out {SOME}$"),
    (rf"^search {QUOTE}(def|class) NAME{QUOTE}$", rf"^Let NAME {SOME}$"),
    (rf"^search {QUOTE}NAME\({QUOTE}$", rf"^Add a test that NAME\({SOME}$"),
    (
        rf"^python -c {QUOTE}from MODULE import NAME; NAME\({SOME}\){QUOTE}$",
        rf"^What does NAME answer to {SOME}\?$",
    ),
)
"""Regular expressions of the first command and of the task, over JSON text, of each kind in the prompt."""
KINDS = tuple(zip(PROMPT.fill("items").split("\n"), WAYS, strict=True))


def code_items(document: Document, number: int, turn: int) -> list[Item]:
    """So many kinds of tasks, each in its turn, and each about another of the names that are defined.

    `turn`: of the round; a later one goes on with the others. Where no name is known, as on a page of
    documentation, the command is left to the model.
    """
    module, names = defined(document)
    items = []
    for at in range(turn * number, (turn + 1) * number):
        text, way = KINDS[at % len(KINDS)]
        name = names[at % len(names)] if names else ""
        first, told = [
            one.replace("MODULE", literal(module)).replace("NAME", name) if name else "" for one in way
        ]
        items.append(Item(text=text.replace("NAME", name or SOMETHING), free=first, told=told))
    return items


def defined(document: Document) -> tuple[str, list[str]]:
    """The module of a piece of Python, as it is imported, and the names that it defines.

    Those for its users, where there are any; "" and none for what is no piece of a module.
    """
    found = SOURCE.fullmatch(document.source)
    if not found:
        return "", []
    parts = [part for part in found[1].split("/") if part != "__init__"]
    names = DEFINED.findall(document.text)
    # A part of a long definition, or a method, has its name in the title alone.
    within = document.title.partition(" > ")[2].partition(" > ")[0].removesuffix("...")
    names = names or re.findall(r"(?<![\w(])[A-Za-z_]\w*(?= /|$| \()", within)
    return ".".join(parts), [name for name in names if not name.startswith("_")] or names
