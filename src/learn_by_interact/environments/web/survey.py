"""Looking a web application over, without a model: which pages there are, and how they are reached.

Links are followed, and buttons that stand alone are pressed where the application's state can be seen and put
back: those that lead to another page and change nothing, such as `Edit this page`, are ways too. What is
ticked is a way where something else can be acted on then: a list of users beside `reassign to`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urljoin, urlsplit

from ...errors import EnvironmentFault
from ...types import Action, Task
from ..places import GOTO, NUMBERED, TICKED, Place
from .nodes import Node

if TYPE_CHECKING:
    from .environment import WebEnvironment
    from .session import Shown

DEPTH = 3
"""Actions of the longest way to a page."""
ALIKE = 2
"""Pages of one kind that show the same, such as `/ticket/1` and `/ticket/2`."""
UNLIKE = 4
"""Pages of one kind that show different things."""
BESIDE = 4
"""Pages that are no more than alike and differ by a name, such as `/wiki/Start` and `/wiki/Plan`."""
SIDES = 6
"""Pages that differ by the query alone: `/wiki/Start?action=edit`."""
ITEMS = 12
"""Items of one kind that are noted, such as tickets."""
PRESSED = 6
"""Buttons that are tried on a page."""
TICKS = 6
"""Boxes and choices that are tried on a page."""
IDLE = 2
"""Times that a button opens nothing until it is not tried any more."""
LEAVES = re.compile(r"(?i)log.?out|sign.?out|log.?off")
CHANGES = re.compile(r"(?i)\b(delete|remove|drop|reset|clear|empty|cancel|unsubscribe|archive)\b")
"""Links that are not followed where nothing can be put back."""

ENDING = re.compile(r" [-–—|·•»] [^-–—|·•»]+$")
"""What stands behind a page's own title: `Issue 5 - Tracker`."""

Kind = tuple[object, ...]
"""What pages that may be alike have in common."""


@dataclass(frozen=True)
class Way:
    """How a page is reached."""

    path: tuple[str, ...]
    address: str
    clicks: tuple[str, ...] = ()
    """After the page of the address was opened."""

    @property
    def kind(self) -> Kind:
        """Its address without numbers: pages of one kind are about things of one kind."""
        return (self._pieces, *self._rest)

    @property
    def sides(self) -> Kind:
        """The same for every query."""
        return (self._pieces, self.clicks)

    @property
    def beside(self) -> list[Kind]:
        """The same for every name, in turn of each piece of its address."""
        pieces = self._pieces
        if len(pieces) < 2:
            return []  # What an application has first of all is of different kinds.
        return [((*pieces[:at], "*", *pieces[at + 1 :]), *self._rest) for at in range(len(pieces))]

    @property
    def _pieces(self) -> tuple[str, ...]:
        pieces = urlsplit(self.address).path.strip("/").split("/")
        return tuple(map(_unnumbered, pieces))

    @property
    def _rest(self) -> Kind:
        """Its query without numbers, and what is clicked."""
        pairs = parse_qsl(urlsplit(self.address).query)
        return tuple(sorted(f"{key}={value if value.isalpha() else ''}" for key, value in pairs)), self.clicks


class Looked:
    """What pages of a kind have shown: which are worth looking at next."""

    def __init__(self) -> None:
        self._shown: dict[Kind, list[Kind]] = defaultdict(list)

    def add(self, way: Way, look: Kind) -> None:
        """`look`: what can be done on its page; that of pages that are alike is the same."""
        for kind in (way.kind, *way.beside):
            self._shown[kind].append(look)

    def repeats(self, kind: Kind) -> int:
        """Pages of a kind that showed nothing that others of it had not."""
        return len(self._shown[kind]) - len(set(self._shown[kind]))

    def order(self, way: Way) -> tuple[int, bool, int]:
        """Of each kind one before the second of any; first what opened on its page, of which it is known that
        more can be done there, such as to edit what is shown; then what stands beside different pages."""
        beside = max(map(self.repeats, way.beside), default=0)
        return len(self._shown[way.kind]), not way.clicks, beside

    def enough(self, way: Way) -> bool:
        """Whether the like of it was seen."""
        seen = len(self._shown[way.kind])
        alike = seen >= ALIKE and self.repeats(way.kind) > 0
        return alike or seen >= UNLIKE or any(self.repeats(kind) >= BESIDE for kind in way.beside)


class Survey:
    """A walk through an application, the nearest pages first; used once."""

    def __init__(self, environment: WebEnvironment, most: int) -> None:
        """`environment` has been entered and reset; afterwards it must be reset again."""
        self._environment, self._most = environment, most
        self._safe = environment.application.home is not None
        self._kinds: Counter[Kind] = Counter()
        self._known: set[tuple[str, tuple[str, ...]]] = set()
        self._pressed: set[tuple[Kind, str]] = set()
        self._idle: Counter[str] = Counter()
        self._looked = Looked()
        self._waiting: list[Way] = []
        self._beyond: list[Way] = []
        """Where the links of an item's pages lead to, which is rather reached without it."""
        self._items: dict[Kind, dict[str, str]] = defaultdict(dict)
        """By kind of item: address -> the action that leads there, in the order in which they were seen."""

    def places(self) -> tuple[Place, ...]:
        """What was found, also when the application breaks on the way."""
        web = self._environment.web
        # It is looked at also where it is documentation.
        self._waiting.append(Way((), web.home))
        self._known.add((web.home, ()))
        found: dict[object, Place] = {}
        ways: dict[Place, Way] = {}
        while len(found) < self._most and (self._waiting or self._beyond):
            if not self._waiting:
                self._add(self._beyond.pop(0))
                continue
            way = min(self._waiting, key=self._order)
            self._waiting.remove(way)
            if self._looked.enough(way):
                continue
            with suppress(EnvironmentFault):  # A download, a page that is broken.
                place, shown = self._environment.arrive(way.address, way.path, way.clicks)
                self._looked.add(way, _look(place))
                # Sorted otherwise, or without its menu, a page is still the same.
                held = tuple(one.value for form in place.forms for one in form.fields)
                same: object = (urlsplit(self._environment.address).path, place.title, _look(place), held)
                same = same if place.forms else place.text
                ways[place] = way
                if found.setdefault(same, place) is place and len(way.path) < DEPTH:
                    self._follow(way, shown)
                    self._press(way, place, shown)
            for page in web.overview if not way.path else ():
                self._add(Way((f"{GOTO}{page}",), page))
            if not self._environment.application.alive:
                break  # Something that was pressed ended it; what was found before is still there.
        ending = _ending([place.title for place in found.values()])
        return tuple(
            untitled(place, ending).model_copy(update={"alike": self._alike(ways[place])})
            for place in found.values()
        )

    def _order(self, way: Way) -> tuple[int, ...]:
        """What can be done with items of which there are many comes before what else was not seen yet."""
        seen, *others = self._looked.order(way)
        return (seen, not self._alike(way), *others)

    def _alike(self, way: Way) -> tuple[str, ...]:
        """With what ways to other items begin, of a page of an item itself."""
        item = urlsplit(way.address).path
        items = self._items.get(Way((), item).kind, {})
        its = bool(way.path) and items.get(item) == way.path[0]
        return tuple(step for address, step in items.items() if address != item)[:ITEMS] if its else ()

    def _add(self, way: Way) -> None:
        """A page to be looked at, unless it or enough of its kind are known, or it is documentation."""
        docs = self._environment.folder.docs
        page = urlsplit(way.address).path
        known = (way.address.partition("#")[0], way.clicks)
        if any(fnmatchcase(page, pattern) for pattern in (*docs.pages, *docs.follow)):
            return
        if known not in self._known and self._kinds[way.kind] < UNLIKE and self._kinds[way.sides] < SIDES:
            self._known.add(known)
            self._kinds[way.kind] += 1
            # Others of the kind are no other side of the page.
            self._kinds[way.sides] += self._kinds[way.kind] == 1
            self._waiting.append(way)

    def _follow(self, way: Way, shown: Shown) -> None:
        """The links of a page to others of the application."""
        here = self._environment.relative(shown.address).partition("#")[0]
        for name, node in shown.elements.items():
            target = node.properties.get("/url", "")
            if node.role != "link" or not target or target.startswith(("#", "javascript:", "mailto:")):
                continue
            path = self._environment.relative(urljoin(shown.address, target)).partition("#")[0]
            said = f"{name} {path}"
            harmless = not LEAVES.search(said) and (self._safe or not CHANGES.search(said))
            if path.startswith("/") and path != here and harmless:
                item = urlsplit(path).path
                numbered = self._numbered(item)
                # An item of a list is reached by its number, whatever list it stands in today.
                steps = (f"{GOTO}{path}",) if numbered and way.path else (*way.path, f"click [{name}]")
                if numbered and item == path:
                    self._items[Way((), item).kind].setdefault(item, steps[0])
                there = Way(steps, path)
                if self._alike(way) and not numbered and not self._alike(there):
                    self._beyond.append(there)
                else:
                    self._add(there)

    def _numbered(self, item: str) -> bool:
        """Whether an address is that of an item: it ends in its number, or is all that there is of it, such
        as `/book/2/change/` where nothing leads to `/book/2/`."""
        above, _, last = item.rstrip("/").rpartition("/")
        if any(map(str.isdigit, last)):
            return True
        known = self._items.get(Way((), above).kind, {})
        return above.rpartition("/")[2].isdigit() and not {above, f"{above}/"} & set(known)

    def _press(self, way: Way, place: Place, shown: Shown) -> None:
        """Press what stands alone; what changes no data and shows something else is a way too."""
        environment = self._environment
        alone = [one.element for form in place.forms if not form.fields for one in form.buttons]
        alone += [name for name, node in shown.elements.items() if _opens(node)]
        # Rows of a list are alike.
        alone += [name for name, node in shown.elements.items() if node.clickable][:ALIKE]
        ticked = [one.element for form in place.forms for one in form.fields if one.role in TICKED]
        look = _look(place)
        new, ticks = (
            [name for name in names if (look, name) not in self._pressed and not LEAVES.search(name)]
            for names in (alone, ticked)
        )
        new = [name for name in new if self._idle[name] < IDLE]
        for number, name in enumerate([*new[:PRESSED], *ticks[:TICKS]] if self._safe else ()):
            if number:
                environment.arrive(way.address, way.path, way.clicks)
            self._pressed.add((look, name))
            before = environment.application.state()
            seen = environment.step(Action(tool="click", arguments={"element": name}))
            if seen.state != before:
                environment.reset(Task(environment=environment.name, instruction=""))
            elif not seen.failed and environment.address.startswith("/"):
                path = (*way.path, f"click [{name}]")
                there = environment.address.partition("#")[0]
                if there != way.address.partition("#")[0]:
                    self._add(Way(path, there))
                elif len(_free(environment.shown) - _free(shown)) > (name not in _free(environment.shown)):
                    self._add(Way(path, way.address, (*way.clicks, name)))
                else:
                    self._idle[name] += 1


def _unnumbered(piece: str) -> str:
    """A piece of an address without what tells things of a kind apart: `issue12` is no `user3`."""
    if own := NUMBERED.fullmatch(piece):
        return f"{own[1]}#"
    return re.sub(r"\w*\d[\w.-]*", "#", piece)


def untitled(place: Place, ending: str) -> Place:
    """The place without the name of the application behind its title."""
    return place.model_copy(update={"title": place.title.removesuffix(ending), "ending": ending})


def _ending(titles: Sequence[str]) -> str:
    """The name of the application, with which the titles of most of its pages end; "" where they do not."""
    endings = Counter(found[0] for found in map(ENDING.search, titles) if found)
    return next((one for one, times in endings.most_common(1) if times * 2 > len(titles) > 2), "")


def _look(place: Place) -> Kind:
    """What can be done on a page, but for what can be ticked: lists have a box for each of their rows."""
    every = [one for form in place.forms for one in (*form.fields, *form.buttons) if one.role not in TICKED]
    names = (re.sub(r"\([^()]*\)|\d+", "#", one.element.partition(" #")[0]) for one in every)
    return tuple(sorted(set(names)))


def _free(shown: Shown) -> set[str]:
    """What can be acted on."""
    return {name for name, node in shown.elements.items() if "disabled" not in node.attributes}


def _opens(node: Node) -> bool:
    """A link or the like that leads nowhere: it does something on its page."""
    target = node.properties.get("/url", "")
    inside = node.role == "link" and (not target or target.startswith(("#", "javascript:")))
    return inside or node.role in ("tab", "menuitem") or node.attributes.get("expanded") == "false"
