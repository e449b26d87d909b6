"""Places of an application, such as its pages, and their forms: what tasks are about without commands.

Where nothing says which buttons belong to which fields, they are those that come after them.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol, runtime_checkable

from ..types import Value

ROLES = (
    *("button", "cell", "checkbox", "clickable", "combobox", "header", "icon", "item", "link", "listbox"),
    *("menu", "menuitem", "menuitemcheckbox", "menuitemradio", "option", "paragraph", "radio", "searchbox"),
    *("slider", "spinbutton", "switch", "tab", "textbox", "treeitem"),
)
"""Roles of elements that can be acted on."""
SAME = "the same as"
"""What is told of a list, before another's name, in place of the options that both have."""
_STRING = r'"(?:[^"\\]|\\.)*"'
_LISTED = rf"{_STRING}(?:, {_STRING})*"
_ROLE = "|".join(ROLES)
_NAME = rf"(?:{_ROLE})(?: {_STRING})?(?: #\d+)?"
ELEMENT = re.compile(
    rf"\[(({_ROLE})(?: {_STRING})?(?: #\d+)?)\]"
    rf"((?: (?:contains|is|of) (?:{_LISTED}|{SAME} {_NAME}))*[^\[\n]*)"
)
"""A name in brackets, its role, and what is told of it."""
OPTIONS = re.compile(rf"^(?: (?:contains|is) {_LISTED})* of ({_LISTED})")
"""In what is told of an element."""
_MORE = re.compile(r" and \d+ more\b")
_SAME = re.compile(rf"^(?: (?:contains|is) {_LISTED})* of {SAME} ({_NAME})")
_LIKE = re.compile(rf"\[((?:{_ROLE})(?: [\"#][^\n]*?)?)(?:\]|$)")
"""A text that looks like an element, or may with what stands behind it."""
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
DISABLED = re.compile(
    rf"^(?:[ ,]|contains|is|of|{SAME} \w+|#\d+|and \d+ more"
    r"|not|checked|pressed|selected|focused|expanded)*\bdisabled\b"
)
"""In what is told of an element, without what it holds and offers; text behind it may say the word too."""
HELD = re.compile(r'^ (?:contains|is) "((?:[^"\\]|\\.)*)"')
GOTO = "goto "
"""With what an action begins that opens a page by its address."""
NUMBERED = re.compile(r"([A-Za-z_-]{3,})(\d+)")
"""A piece of an address that names a thing and its number: `issue12`."""
SURVEY = "survey"
"""Name in the ledger of looking an application over; in the store, the ledger's key of the last time."""
TYPED = frozenset({"textbox", "searchbox", "spinbutton"})
"""Roles of elements that take text."""
TICKED = frozenset({"checkbox", "radio", "switch"})
CHOSEN = frozenset({"combobox", "listbox"})
_FILLED = TYPED | TICKED | {"slider"}
LIST = "list"
"""Role of a field of which one option is clicked: an element of the role that the field's `element` names."""
FILLS = frozenset({"type", "select"})
"""Actions on a screen that fill a form and do not send it."""
ENTER = "press Enter"
LEADS_NOWHERE = re.compile(
    r"(?i)^(preview|cancel|reset|back|close|help|discard|log ?out|sign ?out|choose files?)\b"
)
"""Buttons that no task ends with; the last is what a browser writes on a field for a file."""
SEARCHES = re.compile(r"(?i)^(search|find|filter|query|show|go)\b")
"""Buttons of forms that make nothing: each field of one can be filled in alone."""


class Field(Value):
    """Something that can be acted on, with what it takes and holds."""

    element: str
    """Its name without brackets: `combobox "Type:"`."""
    role: str
    label: str
    options: tuple[str, ...] = ()
    """Of one that takes one of these."""
    value: str = ""
    """What it holds."""
    required: bool = False
    """It has to be filled in."""


class Offered(NamedTuple):
    """What a list offers, as far as it is told."""

    options: tuple[str, ...]
    whole: bool
    """It has no others."""


class Form(Value):
    """Fields that stand together, and the buttons of them; a form without fields is a row of buttons."""

    fields: tuple[Field, ...]
    buttons: tuple[Field, ...]
    sends: tuple[str, ...] = ()
    """The actions that send one without a button."""


class Place(Value):
    """A page, or another part of an application."""

    path: tuple[str, ...]
    """Actions that lead there from where an episode begins, as a model would write them."""
    title: str
    text: str
    """What an observation shows of it, without what all pages have."""
    forms: tuple[Form, ...] = ()
    before: tuple[str, ...] = ()
    """Actions before its path that choose what a task is about, such as to select a cell: others would do."""
    after: tuple[str, ...] = ()
    """Actions that keep what was done there, such as to save a document."""
    ending: str = ""
    """What was left out behind its title, as it is behind those of others: the name of the application."""
    alike: tuple[str, ...] = ()
    """With what its path begins for other items of its kind: `goto /ticket/2` beside `goto /ticket/1`."""

    @property
    def single(self) -> Field | None:
        """What a place without a path is, if it is one item of a menu: what can be done there, at once."""
        if self.path:
            return None
        every = [one for form in self.forms for one in (*form.fields, *form.buttons)]
        return every[0] if len(every) == 1 and every[0].label == self.title else None


@runtime_checkable
class Surveyed(Protocol):
    """An environment that can be looked over without a model: what can be reached, and what is there."""

    def survey(self, about: Sequence[str] = ()) -> tuple[Place, ...]:
        """Places, the nearest first; () where there is only one.

        `about`: texts that say what is wanted of the application; where not all can be looked at, what
        they speak of comes first.
        """
        ...

    def remember(self, places: Sequence[Place]) -> None:
        """Take over what a survey of the same application found before."""
        ...


@runtime_checkable
class Itemised(Protocol):
    """An environment whose places may be those of one item among many."""

    def another(self, place: Place, begin: str) -> Place:
        """The same place of the item whose path begins so: one of `place.alike`, if it is still there.

        Raises EnvironmentFault.
        """
        ...


class Surveys:
    """What surveys found, by folder and settings: one survey serves all environments of a process."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, str], tuple[Place, ...]] = {}
        self._looking = threading.Lock()

    def get(self, path: Path, settings: Value, look: Callable[[], tuple[Place, ...]]) -> tuple[Place, ...]:
        """What is known, or else what `look` finds, which one caller does while others wait."""
        key = (path, settings.model_dump_json())
        with self._looking:
            if key not in self._known:
                self._known[key] = look()
            return self._known[key]

    def put(self, path: Path, settings: Value, places: Sequence[Place]) -> None:
        """Note what was found before."""
        self._known[path, settings.model_dump_json()] = tuple(places)


SURVEYS = Surveys()


def disabled(said: str) -> bool:
    """Whether what is told of an element, as `ELEMENT` finds it, is that nothing can be done with it now."""
    return bool(DISABLED.match(QUOTED.sub("", said)))


def offered(found: Iterable[tuple[str, str, str]]) -> dict[str, Offered]:
    """By name, what the lists among elements offer, as `ELEMENT` finds them."""
    lists: dict[str, Offered] = {}
    others: dict[str, str] = {}
    for name, _, said in found:
        if listed := OPTIONS.match(said):
            options = tuple(filter(None, map(unquoted, QUOTED.findall(listed[1]))))
            lists[name] = Offered(options, not _MORE.match(said, listed.end()))
        elif same := _SAME.match(said):
            others[name] = same[1]
    return lists | {name: lists.get(other, Offered((), False)) for name, other in others.items()}


def elements(text: str) -> Iterator[Field]:
    """What can be acted on in the text of an observation, but what is disabled."""
    found = ELEMENT.findall(text)
    lists = offered(found)
    for name, role, said in found:
        if disabled(said):
            continue
        label = QUOTED.search(name)
        held = HELD.search(said)
        yield Field(
            element=name,
            role=role,
            label=unquoted(label[1]) if label else "",
            options=lists[name].options if name in lists else (),
            value=unquoted(held[1]) if held else "",
        )


def forms(
    text: str, together: Mapping[str, int] = MappingProxyType({}), required: Set[str] = frozenset()
) -> tuple[Form, ...]:
    """The forms of an observation, in the order of the page.

    Fields that no button follows are none, but one alone, or those of an HTML form: Enter sends them.

    `together`: a number for each element that is known to belong to a form; those of one number belong
    together, wherever they stand. `required`: those that are known to have to be filled in.
    """
    every = [
        one.model_copy(update={"required": True}) if one.element in required else one
        for one in elements(text)
    ]
    found = _in_order([one for one in every if one.element not in together])
    for number in sorted(set(together.values())):
        found += _in_order([one for one in every if together.get(one.element) == number], mixed=True)
    return tuple(found)


def _in_order(every: Sequence[Field], mixed: bool = False) -> list[Form]:
    """`mixed`: buttons may stand between the fields."""
    found: list[Form] = []
    fields: list[Field] = []
    buttons: list[Field] = []

    def end() -> None:
        if useful := [one for one in buttons if one.label and not LEADS_NOWHERE.match(one.label)]:
            found.append(Form(fields=tuple(fields), buttons=tuple(useful)))
        elif not buttons and (mixed or len(fields) == 1) and any(one.role in TYPED for one in fields):
            found.append(Form(fields=tuple(fields), buttons=(), sends=(ENTER,)))
        fields.clear()
        buttons.clear()

    for one in every:
        if one.role == "button":
            buttons.append(one)
        elif one.label and (one.role in _FILLED or (one.role in CHOSEN and one.options)):
            if buttons and not mixed:
                end()
            fields.append(one)
    end()
    return found


def plain(line: str) -> str:
    """A line without the names of its elements: `#3 | Printer on fire | defect`."""
    text = re.sub(rf"\[(?:{_ROLE}) {QUOTED.pattern}(?: #\d+)?\]", lambda found: unquoted(found[1]), line)
    return re.sub(rf"\[(?:{_ROLE})(?: #\d+)?\]", "", text).strip()


def without_elements(text: str) -> str:
    """A text of an application in which nothing reads as the name of an element: `(button "Save")`."""
    return _LIKE.sub(r"(\1)", text)


def unquoted(text: str) -> str:
    """What stands between the quotation marks of a name, without its escapes."""
    return str(json.loads(f'"{text}"'))
