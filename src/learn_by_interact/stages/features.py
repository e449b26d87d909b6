"""What a page of documentation describes that a task can show: its options, forms of commands, examples.

Each task that is asked for gets one of these and one thing that is there, and its command a grammar: a small
model that may choose freely names what the page's examples name, and always does the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from ..types import Document, Value
from .ground import carried_over, file_names, focus, masked, unknown
from .readers.shown import commands
from .readers.synopsis import FILE, TARGET, forms, literal, options, pattern

ANYTHING = r'([^"\\<]|\\.)+'
"""Regular expression, over JSON text, of the rest of a command; there can be no `<name>` in it."""
OPEN = re.compile(r"[<\[]|\b[A-Z]{2}")
"""What a form has where it leaves something open."""
FOCUS = 8
"""Things of the start state that the tasks of one page are about."""


class Item(Value):
    """What a task is to be about or to show, and the regular expression of its command; "" for any."""

    text: str
    form: str
    thing: str = ""
    """The line of the start state that the task is about; "" for any."""
    inputs: tuple[str, ...] = ()
    """Files that its argument FILE can name; one of them is what the task is about."""
    fixed: bool = False
    """There is one such command only."""

    @property
    def line(self) -> str:
        """What the question says of this task."""
        return f"{self.thing}; {self.text}" if self.thing else self.text


def calls(title: str, tools: Sequence[str]) -> tuple[str, ...]:
    """What commands of a section begin with: the command that a page of a help tree is about, or any tool."""
    command = title.partition(" > ")[0]
    if any(command.startswith(f"{tool} ") for tool in tools) and re.fullmatch(r"[\w-]+( [\w-]+)+", command):
        return (command,)
    return tuple(tools)


def page_about(document: Document, start: str, tools: Sequence[str]) -> tuple[str, list[str]]:
    """The page about what is there, and the commands that it shows.

    A page with a synopsis needs no names of its examples: those that are not there are `<name>`.
    """
    page = carried_over(document.text, start)
    shown = commands(document.model_copy(update={"text": page}), tools)
    names = unknown(page, shown, start) if forms(document, tools) else ()
    return masked(page, shown, names), [masked(" ".join(one.split()), [one], names) for one in shown]


def features(
    document: Document, start: str, description: str, tools: Sequence[str], skip: Collection[str] = ()
) -> list[Item]:
    """The forms that a page gives and its options (but `skip`); without these the commands that it shows."""
    opening = calls(document.title, tools)
    anything = rf"^({'|'.join(map(literal, opening))}) {ANYTHING}$" if tools else ""
    known = [option for option in options(document.text) if option.name not in skip]
    found = []
    begun: list[tuple[str, tuple[str, ...]]] = []
    for form in forms(document, tools):
        files, targets = _files(form, start, description)
        if "[OPTIONS" in form and not known:  # They stand on another page.
            begun.append((pattern(form, (), None, files, targets, ANYTHING), files))
            continue
        told = "without options" if known else f"with the command {form}"
        for option in (None, *known):
            if option:
                told = f"with {option.name} ({option.help})"
            allowed = pattern(form, known if option else (), option, files, targets)
            fixed = not known and not OPEN.search(form)
            found.append(Item(text=told, form=allowed, inputs=files, fixed=fixed))
    like, inputs = begun[0] if len(begun) == 1 else (anything, ())
    if not found:
        _, examples = page_about(document, start, tools)
        found = [Item(text=f"like: {one}", form=like, inputs=inputs) for one in examples]
    return found or [Item(text="as the page says", form=like, inputs=inputs)]


def _files(form: str, start: str, description: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Files that an argument FILE can name, and those that it can go into: the ones the description names."""
    if not FILE.search(form):
        return (), ()
    files = [name for names in file_names(start).values() for name in names]
    sentences = re.sub(r"\.(?=\s|$)", "", description)
    main = {name for names in file_names(sentences).values() for name in names}
    rest = [name for name in files if name not in main]
    if rest and TARGET.search(form):
        return tuple(rest), tuple(name for name in files if name in main)
    return tuple(files), ()


def matched(
    chosen: Sequence[Item], document: Document, description: str, start: str, seed: str
) -> list[Item]:
    """Items, each with the thing of the start state that it is about: one that fits, the least used first.

    A file fits a command that reads a file, best when its kind is named: `events.csv` fits `--csv`.
    """
    # The description names the main files: it says what a page is about that names none.
    page = document.text if file_names(document.text) else f"{document.text}\n{description}"
    usual, every = focus(start, page, seed, FOCUS), focus(start, "", seed, 99)
    used: Counter[str] = Counter()
    items = []
    for item in chosen:
        things = every if item.inputs else usual
        if not things:
            items.append(item)
            continue
        thing = min(things, key=lambda thing: (-_fit(thing, item), used[thing], things.index(thing)))
        used[thing] += 1
        items.append(item.model_copy(update={"thing": thing}))
    return items


def _fit(thing: str, item: Item) -> int:
    if not item.inputs:
        return 0
    about = {name for names in file_names(thing.partition(":")[0]).values() for name in names}
    words = set(re.findall(r"[a-z]+", item.text.lower()))
    kinds = {name.rpartition(".")[2].lower() for name in about}
    return bool(about & set(item.inputs)) + bool(kinds & words)
