"""Tasks on the pages of an application: which page and form each is about, and the actions that do it.

A small model that may choose freely clicks back and forth. So a page and a part of its form are chosen for
it, by what the documentation is about; the model chooses the values and says the task. What is tried then is
a whole session, and backward construction says what it achieved.

What can be done in the application is dealt out to all sections: no two are about the same field of a form
while another has not been tried. Of what there are many, such as tickets, more is done than of what there is
once, such as preferences, and on one item after the other.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from ..environments.places import CHOSEN, LIST, SEARCHES, TICKED, TYPED, Field, Form, Itemised, Place
from ..errors import EnvironmentFault
from ..prompts import prompt
from ..types import Document, Value, digest
from .facts import Fact, facts
from .features import CHANGE, FIND
from .structured import whole

PROMPT = prompt("stages", "plan")
PAGES = 2
"""Places that the tasks of a section are about, in a round, unless there is nothing left to do on them."""
NEAR = 0.5
"""Share of the best place's fit from which a section is about another one too."""
MOST = 2
"""Times its share that a section takes over of what no section near it has."""
BEGIN = 4
"""One task in so many is about the place where an episode begins, as long as there is something to do."""
TEXT = r"^[^\"\\\n]{1,80}$"
ANSWER = r"^[^\"\\\n]{1,60}$"
QUESTION = (
    r"^((What|Who|When|Where) (is|are|was|were)|Which [a-z ]{3,30} (is|was|has)|How many [a-z ]{3,30})"
    r" [^\"\\\n?]{8,160}\?$"
)
TICKS = re.compile(r"click \[(checkbox|radio|switch) ")
ASKED = 3
"""For so many plans one more, which asks for what a page tells: nothing has to be written about it later."""
TITLE, SHORT = 3, 4
"""Times that a word of a title counts, of a section or of a page; words of a page's title that does."""
STOP_WORDS = frozenset(
    {"and", "are", "can", "for", "from", "has", "have", "not", "one", "that", "the", "this", "use", "used",
     "when", "which", "with", "you", "your"}
)  # fmt: skip
NO_CHOICE = re.compile(r"(?i)$|-|(no selection|choose|select|please|pick)\b")
"""What a field holds in which nothing is chosen yet."""
NEEDED = 4
"""Fields that have to be filled in, and are; a small model asked for more values repeats itself."""
BESIDE = 6
"""Buttons of a form that can be pressed."""
DONE = re.compile(r"[^\w]+")


class Plan(Value):
    """What a task does on a place: fill in fields and press a button, press one alone, find something out."""

    place: Place
    fields: tuple[Field, ...] = ()
    buttons: tuple[Field, ...] = ()
    """One of them is pressed; none: something is found out."""
    sends: tuple[str, ...] = ()
    """Actions that send the fields where there is no button."""
    asked: Fact | None = None
    """What is found out; None: the model chooses."""

    @property
    def line(self) -> str:
        """What the question says of it."""
        fields = " and ".join(json.dumps(_short(one), ensure_ascii=False) for one in self.fields)
        if self.fields:
            return PROMPT.fill("fill" if self.buttons else "write", fields=fields)
        if self.buttons:
            return PROMPT.fill("press", button=json.dumps(self.buttons[0].label, ensure_ascii=False))
        if self.asked:
            told = {"page": self.place.title, **self.asked.model_dump()}
            told = {key: json.dumps(text, ensure_ascii=False) for key, text in told.items()}
            return PROMPT.fill("ask_row" if self.asked.subject else "ask", **told)
        return PROMPT.fill("find")

    @property
    def key(self) -> tuple[str, ...]:
        """What plans on pages that are alike have in common."""
        parts = (*self.fields, *self.buttons)
        if self.asked:
            return "ask", "row" if self.asked.subject else "item", self.asked.name.lower()
        named = [_any_row(f"{_label(one.element)} {_plain(one.label)}") for one in parts]
        return tuple(named) or ("find", _plain(self.place.title))

    def form(self) -> dict[str, Any]:
        """The form of the reply."""
        if self.fields:
            entered = [one for one in self.fields if one.role not in TICKED]
            parts: dict[str, Any] = {"values": whole({_short(one): _value(one) for one in entered})}
            if self.buttons:
                labels = dict.fromkeys(button.label for button in self.buttons)
                parts["press"] = {"type": "string", "enum": list(labels)}
            return whole({**parts, "task": {"type": "string", "pattern": CHANGE[1]}})
        if self.buttons:
            return whole({"task": {"type": "string", "pattern": CHANGE[1]}})
        if self.asked:
            return whole({"task": {"type": "string", "pattern": QUESTION}})
        answer = {"type": "string", "pattern": ANSWER}
        return whole({"answer": answer, "task": {"type": "string", "pattern": FIND[1]}})

    def moved(self, place: Place) -> Plan | None:
        """The same on the like place of another item; None where it cannot be done there."""
        if self.asked:
            same = (one for one in facts(place) if (one.subject, one.name) == ("", self.asked.name))
            return next((Plan(place=place, asked=one) for one in same), None)
        there = {one.element: one for form in place.forms for one in (*form.fields, *form.buttons)}
        parts = [there.get(one.element) for one in (*self.fields, *self.buttons)]
        known = [one for one in parts if one is not None]
        fields = tuple(known[: len(self.fields)])
        buttons = tuple(known[len(self.fields) :])
        moved = self.model_copy(update={"place": place, "fields": fields, "buttons": buttons})
        return moved if len(known) == len(parts) else None

    def read(self, reply: Any) -> tuple[str, tuple[str, ...]]:
        """A reply -> the task, and the actions that do it; ("", ()) where they cannot be done here."""
        if not isinstance(reply, dict):
            return "", ()
        told, todo = " ".join(str(reply.get("task", "")).split()), self._todo(reply)
        return (told, todo) if told and todo and not self._strays(told) else ("", ())

    def _strays(self, question: str) -> bool:
        """It does not name what it is to ask for, and names something else that its page tells."""
        words = set(_words(question.replace(self.asked.subject, ""))) if self.asked else set()
        # Who owns it asks for its owner.
        if not self.asked or {one[:3] for one in words} & {one[:3] for one in _words(self.asked.name)}:
            return False
        others = (fact.name for fact in facts(self.place) if fact.name != self.asked.name)
        return any(words & set(_words(name)) for name in others)

    def _todo(self, reply: dict[str, Any]) -> tuple[str, ...]:
        """As a model would write them."""
        way = (*self.place.before, *self.place.path)
        if not self.fields and not self.buttons:
            answer = " ".join(str(reply.get("answer", "")).split())
            if self.asked:
                return (*way, f"stop {self.asked.value}")
            return (*way, f"stop {answer}") if _shown(answer, self.place.text) else ()
        if not self.fields:
            return (*way, f"click [{self.buttons[0].element}]", *self.place.after)
        values = reply.get("values")
        entered = [self._enter(one, values if isinstance(values, dict) else {}) for one in self.fields]
        pressed = [f"click [{one.element}]" for one in self.buttons if one.label == reply.get("press")][:1]
        if (self.buttons and not pressed) or not all(entered):
            return ()
        return (*way, *entered, *pressed, *self.sends, *self.place.after)

    def spoken_of(self, told: Counter[str]) -> float:
        """How much a section says of the last field, or of the button."""
        (*_, last) = self.fields or self.buttons
        words = set(_words(" ".join([last.label, *last.options])))
        return sum(math.sqrt(told[word]) for word in words) / math.sqrt(len(words) + 1)

    def _enter(self, field: Field, values: dict[str, Any]) -> str:
        if field.role in TICKED:
            return f"click [{field.element}]"
        value = " ".join(str(values.get(_short(field), "")).split())
        if not value or value == field.value:
            return ""
        if field.role == LIST:
            return f"click [{field.element} {json.dumps(value, ensure_ascii=False)}]"
        verb, join = ("select", "in") if field.role in CHOSEN else ("type", "into")
        return f"{verb} {json.dumps(value, ensure_ascii=False)} {join} [{field.element}]"


def plans(
    document: Document, places: Sequence[Place], number: int, turn: int, others: Sequence[Document] = ()
) -> list[Plan]:
    """About so many plans for a section, on the places that fit it best; those of one place together.

    `turn`: of the round; a later one goes on. `others`: the other sections, which get plans too. A section
    with little to do leaves its share to others, on whose places there is more.
    """
    if not places:
        return []
    every = sorted((document, *others), key=lambda one: (one.source, one.begin, one.id))
    known = _Known(places, every)
    lists = {one.id: known.of(one) for one in every}
    taken: Counter[tuple[str, ...]] = Counter()
    found: list[Plan] = []
    for _ in range(turn + 1):
        dealt, questions = _round(lists, number, taken), _questions(lists, number, taken)
        found = [*dealt[document.id], *questions[document.id]]
    order = list(dict.fromkeys(plan.place for plan in found))
    return sorted(found, key=lambda plan: order.index(plan.place))


def on_items(planned: Sequence[Plan], world: Itemised, seed: str) -> list[Plan]:
    """The plans, those of a place of one item among many on an item that `seed` chooses.

    An item on which not all of them can be done, such as one that is closed, is passed over.
    """
    found: list[Plan] = []
    for place in dict.fromkeys(plan.place for plan in planned):
        some = [plan for plan in planned if plan.place == place]
        items = ("", *place.alike)
        begin = items[int(digest([seed, place.title]), 16) % len(items)]
        if begin:
            with suppress(EnvironmentFault):
                other = world.another(place, begin)
                moved = [plan for plan in (one.moved(other) for one in some) if plan]
                some = moved if len(moved) == len(some) else some
        found += some
    return found


def _round(
    lists: dict[str, list[_Kind]], number: int, taken: Counter[tuple[str, ...]]
) -> dict[str, list[Plan]]:
    """What each section gets, noted in `taken`.

    One half is what it is about itself. The other goes in part to where an episode begins, then to the kinds
    of places of which least was dealt out, for the section that fits best; where there is too little, what
    is entered is entered once more, with other values.
    """
    found: dict[str, list[Plan]] = {one: [] for one in lists}

    def take(one: str, known: _Kind) -> bool:
        new = [plan for plan in known.plans if not taken[plan.key]][:1]
        found[one] += new
        taken.update(plan.key for plan in new)
        return bool(new)

    for one, kinds in lists.items():
        near = [known for known in kinds if known.near]
        for turn in range((number + 1) // 2):
            left = [known for known in near if any(not taken[plan.key] for plan in known.plans)][:PAGES]
            if left:
                take(one, left[turn % len(left)])
    wanted = number * len(lists)
    kinds_of: dict[tuple[str, ...], list[tuple[float, str, _Kind]]] = {}
    for one, kinds in lists.items():
        for known in (known for known in kinds if known.plans):
            kinds_of.setdefault(known.kind, []).append((known.fit, one, known))
    left_over = [sorted(some, key=lambda item: -item[0]) for some in kinds_of.values()]

    def deal(some: list[tuple[float, str, _Kind]]) -> bool:
        return any(len(found[one]) < MOST * number and take(one, known) for _, one, known in some)

    for some in left_over:
        place = some[0][2].plans[0].place
        if place.path or place.single:
            continue
        for _ in range(wanted // BEGIN):
            deal(some)
    while left_over and sum(map(len, found.values())) < wanted:
        some = min(left_over, key=lambda some: (_share(some[0][2].plans, taken), -some[0][0]))
        if not deal(some):
            left_over.remove(some)
    for one, kinds in lists.items():
        again = [plan for known in kinds if known.near for plan in known.plans if plan.fields]
        again.sort(key=lambda plan: (plan in found[one], taken[plan.key]))
        room = max(min(number - len(found[one]), wanted - sum(map(len, found.values()))), 0)
        found[one] += again[:room]
        taken.update(plan.key for plan in again[:room])
    return found


def _questions(
    lists: dict[str, list[_Kind]], number: int, taken: Counter[tuple[str, ...]]
) -> dict[str, list[Plan]]:
    """What each section asks for, noted in `taken`: of places that it is about first, one after the other."""
    found: dict[str, list[Plan]] = {one: [] for one in lists}
    for one, kinds in lists.items():
        waiting = sorted(kinds, key=lambda known: not known.near)
        while waiting and len(found[one]) < math.ceil(number / ASKED):
            known = waiting.pop(0)
            if new := next((plan for plan in known.questions if not taken[plan.key]), None):
                found[one].append(new)
                taken[new.key] += 1
                waiting.append(known)
    return found


def _share(plans: Sequence[Plan], taken: Counter[tuple[str, ...]]) -> float:
    """How much of what can be done on a kind of place is dealt out; where there is more, more is."""
    many = max(_many(plan.place) for plan in plans)
    return sum(bool(taken[plan.key]) for plan in plans) / (math.sqrt(len(plans)) * many)


def _many(place: Place) -> float:
    """What a place weighs for the number of items of its kind; 1 where there is one."""
    return 1 + math.log2(1 + len(place.alike))


class _Kind(NamedTuple):
    """What can be done on a kind of place, as a section sees it."""

    kind: tuple[str, ...]
    plans: list[Plan]
    questions: list[Plan]
    fit: float
    near: bool
    """Whether the section is about it, among others."""


class _Known:
    """What can be done on the places of an application, by the kind of place."""

    def __init__(self, places: Sequence[Place], documents: Sequence[Document]) -> None:
        self._places = places
        self._one_title = len({_plain(place.title) for place in places}) == 1
        self._ways = {_label(place.path[-1]) for place in places if place.path}
        self._before = {place.path: place for place in places if not place.single}
        self._words = [_names(place) for place in places]
        here = Counter(word for one in self._words for word in one)
        told = Counter(word for one in documents for word in set(_told(one)))
        self._weight = {
            word: math.log(1 + len(places) / here[word]) * math.log(1 + len(documents) / told[word])
            for word in here.keys() & told.keys()
        }

    def of(self, document: Document) -> list[_Kind]:
        """Each kind of place with something to do and a word of the section, the best first."""
        told = _told(document)
        fits = [self._fit(told, at) for at in range(len(self._places))]
        order = sorted((at for at, fit in enumerate(fits) if fit), key=lambda at: -fits[at])
        kinds: dict[tuple[str, ...], list[int]] = {}
        for at in order or range(len(fits)):
            kinds.setdefault(self._kind(self._places[at]), []).append(at)
        found, best = [], 0.0
        for kind, members in kinds.items():
            places = [self._places[at] for at in members]
            known, questions = self._all(places, document, told), _asked(places, document)
            if known or questions:
                fit = fits[members[0]]
                best = best or fit
                found.append(_Kind(kind, known, questions, fit, fit >= NEAR * best))
        return found

    def _kind(self, place: Place) -> tuple[str, ...]:
        """What places that are alike have in common: the title but for numbers, or where all have the same,
        their fields and buttons."""
        labels = {_label(one.element) for form in place.forms for one in (*form.fields, *form.buttons)}
        return tuple(sorted(labels)) if self._one_title and labels else (_plain(place.title),)

    def _fit(self, told: Counter[str], at: int) -> float:
        """How a place fits a section, by the words that they share, rare ones above all; items fit more."""
        title, words = _words(self._places[at].title), self._words[at]
        # A long title is that of an item, not of what its page is for.
        telling = set(title) if len(title) <= SHORT else set()
        shared = sum(
            self._weight[word] * math.sqrt(told[word]) * (TITLE if word in telling else 1)
            for word in words
            if word in told
        )
        return shared / math.sqrt(len(words) + 10) * math.sqrt(_many(self._places[at]))

    def _all(self, places: Sequence[Place], document: Document, told: Counter[str]) -> list[Plan]:
        """What can be done on places of one kind; what the section speaks of comes first.

        Where they show data that cannot be told apart, the model chooses a question.
        """
        found: dict[tuple[str, ...], Plan] = {}
        for place in places:
            for plan in self._done_on(place):
                found.setdefault(plan.key, plan)
        seed = f"{document.id}{places[0].title}"
        known = sorted(
            found.values(),
            key=lambda plan: (not plan.fields, -plan.spoken_of(told), digest([seed, plan.line])),
        )
        chosen = (place for place in places if _rows(place.text) and not facts(place) and not place.single)
        if asked := next(chosen, None):
            known.insert(min(1, len(known)), Plan(place=asked))
        return known

    def _done_on(self, place: Place) -> Iterator[Plan]:
        """Each field with the first if that is empty, and lone buttons.

        Buttons that lead on to other places do nothing themselves, and what a place has in common with the
        one that leads to it is done there.
        """
        before = self._before.get(place.path[:-1]) if place.path else None
        same = {one.element for form in before.forms for one in form.fields} if before else set()
        for form in place.forms:
            if not form.fields:
                for button in form.buttons:
                    label = _label(button.element)
                    # Asked whether it is meant, one presses the same again.
                    confirms = bool(place.path) and _label(place.path[-1]) == label
                    if confirms or label not in self._ways:
                        yield Plan(place=place, buttons=(button,))
                continue
            for field in _apart(form.fields):
                if field.element in same or _label(field.element) in self._ways:
                    continue
                fields = _filled(form, field)
                yield Plan(place=place, fields=fields, buttons=form.buttons[:BESIDE], sends=form.sends)


def _filled(form: Form, field: Field) -> tuple[Field, ...]:
    """What is filled in so that a field is: with it those that are empty and have to be filled in.

    Where none is known to have to be, the first of them, for what is made new has a name, which is asked for
    first. One may search by each field alone, but not by what is only ticked.
    """
    if field.role not in TICKED and any(SEARCHES.match(button.label) for button in form.buttons):
        return (field,)
    empty = [one for one in form.fields if NO_CHOICE.match(one.value) and one.role not in TICKED]
    needed = [one for one in empty if one.required][:NEEDED]
    needed = needed or [one for one in empty[:1] if one == form.fields[0] and one.role in TYPED]
    return tuple(needed if field in needed else [*needed, field])


def _told(document: Document) -> Counter[str]:
    """How often a section says a word; those of its title count more."""
    return Counter(_words(document.text)) + Counter(TITLE * _words(document.title))


def _short(field: Field) -> str:
    """A label without the advice that follows it: `Description: You may use ...`."""
    head, _, advice = field.label.partition(": ")
    return f"{head}:" if advice else field.label


def _label(element: str) -> str:
    """A name without its number, which tells apart those that are called the same, and with others as 0."""
    return re.sub(
        r"\d+", "0", re.sub(r" #\d+(?=\]?$)", "", element.removeprefix("click [").removesuffix("]"))
    )


def _any_row(name: str) -> str:
    """A name without the row that it stands in: `Delete (Fix roof)`."""
    return re.sub(r" \([^()]*\)", "", name)


def _plain(title: str) -> str:
    return re.sub(r"\d+", "0", title)


def _apart(fields: Sequence[Field]) -> list[Field]:
    """Fields that can be told apart by their labels."""
    labels = Counter(field.label for field in fields)
    return [field for field in fields if labels[field.label] == 1]


def _asked(places: Sequence[Place], document: Document) -> list[Plan]:
    """What can be asked on places of one kind, each where it is nearest: what a form shows too is read before
    it is opened."""
    # What is in a form once something is ticked is there to be sent.
    shown = (place for place in places if not any(TICKS.match(step) for step in place.path))
    far = sorted(shown, key=lambda place: -len(place.path))
    found = {
        plan.key: plan for place in far for plan in (Plan(place=place, asked=one) for one in facts(place))
    }
    return sorted(found.values(), key=lambda plan: digest([document.id, plan.line]))


def _rows(text: str) -> bool:
    """Whether a page shows data: rows of a table, or items."""
    rows = [line for line in text.split("\n") if line.count(" | ") > 1 or line.lstrip().startswith("- ")]
    return len(rows) > 1


def _names(place: Place) -> frozenset[str]:
    """Words of a place's title, headings, fields and buttons."""
    heads = [line for line in place.text.split("\n") if line.startswith("#")]
    labels = [_short(one) for form in place.forms for one in (*form.fields, *form.buttons)]
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
    if field.role in CHOSEN | {LIST}:
        other = [option for option in field.options if option != field.value]
        return {"type": "string", "enum": other or list(field.options)}
    return {"type": "string", "pattern": TEXT}
