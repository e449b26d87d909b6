"""Tasks on the pages of an application: which page and form each is about, and the actions that do it.

A small model that may choose freely clicks back and forth. So a page and a part of its form are chosen for
it, by what the documentation is about; the model chooses the values and says the task. What is tried then is
a whole session, and backward construction says what it achieved.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from ..environments.places import CHOSEN, TICKED, TYPED, Field, Place
from ..prompts import prompt
from ..types import Document, Value, digest
from .features import CHANGE, FIND
from .structured import whole

PROMPT = prompt("stages", "plan")
PAGES = 2
"""Places that the tasks of a section are about, in a round."""
TEXT = r"^[^\"\\\n]{1,80}$"
ANSWER = r"^[^\"\\\n]{1,60}$"
TITLE, SHORT = 3, 4
"""Times that a word of a title counts, of a section or of a page; words of a page's title that does."""
STOP_WORDS = frozenset(
    {"and", "are", "can", "for", "from", "has", "have", "not", "one", "that", "the", "this", "use", "used",
     "when", "which", "with", "you", "your"}
)  # fmt: skip
BESIDE = 6
"""Buttons of a form that can be pressed."""
DONE = re.compile(r"[^\w]+")


class Plan(Value):
    """What a task does on a place: fill in fields and press a button, press one alone, find something out."""

    place: Place
    fields: tuple[Field, ...] = ()
    buttons: tuple[Field, ...] = ()
    """One of them is pressed; none: something is found out."""

    @property
    def line(self) -> str:
        """What the question says of it."""
        if self.fields:
            return PROMPT.fill("fill", fields=" and ".join(json.dumps(one.label) for one in self.fields))
        if self.buttons:
            return PROMPT.fill("press", button=json.dumps(self.buttons[0].label))
        return PROMPT.fill("find")

    def form(self) -> dict[str, Any]:
        """The form of the reply."""
        if self.fields:
            entered = [one for one in self.fields if one.role not in TICKED]
            parts: dict[str, Any] = {"values": whole({one.label: _value(one) for one in entered})}
            parts["press"] = {"type": "string", "enum": list(dict.fromkeys(b.label for b in self.buttons))}
            return whole({**parts, "task": {"type": "string", "pattern": CHANGE[1]}})
        if self.buttons:
            return whole({"task": {"type": "string", "pattern": CHANGE[1]}})
        answer = {"type": "string", "pattern": ANSWER}
        return whole({"answer": answer, "task": {"type": "string", "pattern": FIND[1]}})

    def read(self, reply: Any) -> tuple[str, tuple[str, ...]]:
        """A reply -> the task, and the actions that do it; ("", ()) where they cannot be done here."""
        if not isinstance(reply, dict):
            return "", ()
        told, todo = " ".join(str(reply.get("task", "")).split()), self._todo(reply)
        return (told, todo) if told and todo else ("", ())

    def _todo(self, reply: dict[str, Any]) -> tuple[str, ...]:
        """As a model would write them."""
        if not self.fields and not self.buttons:
            answer = " ".join(str(reply.get("answer", "")).split())
            return (*self.place.path, f"stop {answer}") if _shown(answer, self.place.text) else ()
        if not self.fields:
            return (*self.place.path, f"click [{self.buttons[0].element}]")
        values = reply.get("values")
        entered = [self._enter(one, values if isinstance(values, dict) else {}) for one in self.fields]
        pressed = next((one for one in self.buttons if one.label == reply.get("press")), None)
        if pressed is None or not all(entered):
            return ()
        return (*self.place.path, *entered, f"click [{pressed.element}]")

    def _enter(self, field: Field, values: dict[str, Any]) -> str:
        if field.role in TICKED:
            return f"click [{field.element}]"
        value = " ".join(str(values.get(field.label, "")).split())
        if not value or value == field.value:
            return ""
        verb, join = ("select", "in") if field.role in CHOSEN else ("type", "into")
        return f"{verb} {json.dumps(value, ensure_ascii=False)} {join} [{field.element}]"


def plans(document: Document, places: Sequence[Place], number: int, turn: int) -> list[Plan]:
    """So many plans on the places that fit a section best. `turn`: of the round; a later one goes on."""
    ways = {_label(place.path[-1]) for place in places if place.path}
    lists: dict[tuple[str, ...], list[Plan]] = {}
    for place in ranked(document, places):
        if known := _all(place, ways, f"{document.id}{place.title}"):
            lists.setdefault(_kind(place), known)
    return _dealt([*lists.values()][:PAGES], number, turn)


def _dealt(lists: Sequence[list[Plan]], number: int, turn: int) -> list[Plan]:
    """Plans from the lists in turn, those of one place together."""
    found = []
    if not lists:
        return []
    for at in range(turn * number, (turn + 1) * number):
        known = lists[at % len(lists)]
        plan = known[at // len(lists) % len(known)]
        if plan.fields or plan not in found:  # Other values can be entered again.
            found.append(plan)
    return sorted(found, key=lambda plan: [known[0].place for known in lists].index(plan.place))


def ranked(document: Document, places: Sequence[Place]) -> list[Place]:
    """Places by the words that they share with a section, rare ones above all; ties as they were reached."""
    words = [_names(place) for place in places]
    common = Counter(word for one in words for word in one)
    weight = {word: math.log(1 + len(places) / count) for word, count in common.items()}
    told = Counter(_words(document.text)) + Counter(TITLE * _words(document.title))

    def fit(at: int) -> float:
        title = _words(places[at].title)
        # A long title is that of an item, not of what its page is for.
        telling = set(title) if len(title) <= SHORT else set()
        shared = sum(
            weight[word] * math.sqrt(told[word]) * (TITLE if word in telling else 1)
            for word in words[at]
            if word in told
        )
        return shared / math.sqrt(len(words[at]) + 10)

    return [places[at] for at in sorted(range(len(places)), key=lambda at: (-fit(at), at))]


def _all(place: Place, ways: Collection[str], seed: str) -> list[Plan]:
    """What can be done on a place: each field with the first if that is empty, lone buttons, and a question.

    Buttons that lead on to other places, which `ways` names, do nothing themselves.
    """
    found = []
    lone: set[str] = set()
    for form in place.forms:
        if not form.fields:
            for button in form.buttons:
                label = _label(button.element)
                # Asked whether it is meant, one presses the same again.
                confirms = bool(place.path) and _label(place.path[-1]) == label
                if label not in lone and (confirms or label not in ways):
                    found.append(Plan(place=place, buttons=(button,)))
                    lone.add(label)
            continue
        # What is made new has a name, which is asked for first.
        first = form.fields[0] if form.fields[0].role in TYPED and not form.fields[0].value else None
        for field in _apart(form.fields):
            together = (field,) if first in (None, field) else (first, field)
            found.append(Plan(place=place, fields=together, buttons=form.buttons[:BESIDE]))
    found.sort(key=lambda plan: (not plan.fields, digest([seed, plan.line])))
    if _rows(place.text):
        found.insert(min(1, len(found)), Plan(place=place))
    return found


def _label(element: str) -> str:
    """A name without its number, which tells apart those that are called the same."""
    return re.sub(r" #\d+(?=\]?$)", "", element.removeprefix("click [").removesuffix("]"))


def _kind(place: Place) -> tuple[str, ...]:
    """What places that are alike have in common: their fields and buttons, or else their title."""
    labels = {_label(one.element) for form in place.forms for one in (*form.fields, *form.buttons)}
    return tuple(sorted(labels)) or (place.title,)


def _apart(fields: Sequence[Field]) -> list[Field]:
    """Fields that can be told apart by their labels."""
    labels = Counter(field.label for field in fields)
    return [field for field in fields if labels[field.label] == 1]


def _rows(text: str) -> bool:
    """Whether a page shows data: rows of a table, or items."""
    rows = [line for line in text.split("\n") if line.count(" | ") > 1 or line.lstrip().startswith("- ")]
    return len(rows) > 1


def _names(place: Place) -> frozenset[str]:
    """Words of a place's title, headings, fields and buttons."""
    heads = [line for line in place.text.split("\n") if line.startswith("#")]
    labels = [one.label for form in place.forms for one in (*form.fields, *form.buttons)]
    return frozenset(_words(" ".join([place.title, *heads, *labels, *place.path])))


def _words(text: str) -> list[str]:
    """Lower-case words without a plural's s; `WikiStart` is two."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", text)]
    return [word.rstrip("s") for word in words if len(word) > 2 and word not in STOP_WORDS]


def _shown(answer: str, text: str) -> bool:
    """Whether a page shows an answer, between other words."""
    inside = f" {DONE.sub(' ', text).lower()} "
    return bool(DONE.sub("", answer)) and f" {DONE.sub(' ', answer).strip().lower()} " in inside


def _value(field: Field) -> dict[str, Any]:
    if field.role in CHOSEN:
        other = [option for option in field.options if option != field.value]
        return {"type": "string", "enum": other or list(field.options)}
    return {"type": "string", "pattern": TEXT}
