"""Looking a web application over, without a model: which pages there are, and how they are reached.

Links are followed, and buttons that stand alone are pressed where the application's state can be seen and put
back: those that lead to another page and change nothing, such as `Edit this page`, are ways too. What is
ticked is a way where something else can be acted on then: a list of users beside `reassign to`.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urljoin, urlsplit

from ...errors import EnvironmentFault
from ...types import Action, Task
from ..places import TICKED, Place
from .snapshot import Node

if TYPE_CHECKING:
    from .environment import WebEnvironment
    from .session import Shown

DEPTH = 3
"""Actions of the longest way to a page."""
ALIKE = 2
"""Pages of one kind, such as `/ticket/1` and `/ticket/2`."""
SIDES = 6
"""Pages that differ in their kind by the query alone: `/wiki/Start?action=edit`."""
PRESSED = 6
"""Buttons that are tried on a page."""
TICKS = 6
"""Boxes and choices that are tried on a page."""
LEAVES = re.compile(r"(?i)log.?out|sign.?out|log.?off")
CHANGES = re.compile(r"(?i)\b(delete|remove|drop|reset|clear|empty|cancel|unsubscribe|archive)\b")
"""Links that are not followed where nothing can be put back."""


@dataclass(frozen=True)
class Way:
    """How a page is reached."""

    path: tuple[str, ...]
    address: str
    clicks: tuple[str, ...] = ()
    """After the page of the address was opened."""

    @property
    def kind(self) -> tuple[object, ...]:
        """What pages that are alike have in common."""
        parts = urlsplit(self.address)
        pieces = parts.path.strip("/").split("/")
        query = sorted(f"{key}={value if value.isalpha() else ''}" for key, value in parse_qsl(parts.query))
        return (pieces[0], len(pieces), tuple(query), self.clicks)


class Survey:
    """A walk through an application, the nearest pages first; used once."""

    def __init__(self, environment: WebEnvironment, most: int) -> None:
        """`environment` has been entered and reset; afterwards it must be reset again."""
        self._environment, self._most = environment, most
        self._safe = environment.application.home is not None
        self._kinds: Counter[tuple[object, ...]] = Counter()
        self._known: set[tuple[str, tuple[str, ...]]] = set()
        self._pressed: set[tuple[object, ...]] = set()
        self._waiting: list[Way] = []

    def places(self) -> tuple[Place, ...]:
        """What was found, also when the application breaks on the way."""
        web = self._environment.web
        self._add(Way((), web.home))
        found: dict[str, Place] = {}
        looked: Counter[tuple[object, ...]] = Counter()
        while self._waiting and len(found) < self._most:
            # Of each kind one before the second of any.
            way = min(self._waiting, key=lambda way: looked[way.kind])
            self._waiting.remove(way)
            looked[way.kind] += 1
            with suppress(EnvironmentFault):  # A download, a page that is broken.
                place, shown = self._environment.arrive(way.address, way.path, way.clicks)
                if found.setdefault(place.text, place) is place and len(way.path) < DEPTH:
                    self._follow(way, shown)
                    self._press(way, place, shown)
            for page in web.overview if not way.path else ():
                self._add(Way((f"goto {page}",), page))
            if not self._environment.application.alive:
                break  # Something that was pressed ended it; what was found before is still there.
        return tuple(found.values())

    def _add(self, way: Way) -> None:
        """A page to be looked at, unless it or enough of its kind are known, or it is documentation."""
        docs = self._environment.folder.docs
        page = urlsplit(way.address).path
        known = (way.address.partition("#")[0], way.clicks)
        if any(fnmatchcase(page, pattern) for pattern in (*docs.pages, *docs.follow)):
            return
        path = (*way.kind[:2], way.clicks)
        if known not in self._known and self._kinds[way.kind] < ALIKE and self._kinds[path] < SIDES:
            self._known.add(known)
            self._kinds[way.kind] += 1
            self._kinds[path] += 1
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
                # An item of a list is reached by its number, whatever list it stands in today.
                numbered = bool(way.path) and any(map(str.isdigit, urlsplit(path).path.rpartition("/")[2]))
                steps = (f"goto {path}",) if numbered else (*way.path, f"click [{name}]")
                self._add(Way(steps, path))

    def _press(self, way: Way, place: Place, shown: Shown) -> None:
        """Press what stands alone; what changes no data and shows something else is a way too."""
        environment = self._environment
        alone = [one.element for form in place.forms if not form.fields for one in form.buttons]
        alone += [name for name, node in shown.elements.items() if _opens(node)]
        ticked = [one.element for form in place.forms for one in form.fields if one.role in TICKED]
        new, ticks = (
            [name for name in names if (way.kind, name) not in self._pressed and not LEAVES.search(name)]
            for names in (alone, ticked)
        )
        for number, name in enumerate([*new[:PRESSED], *ticks[:TICKS]] if self._safe else ()):
            if number:
                environment.arrive(way.address, way.path, way.clicks)
            self._pressed.add((way.kind, name))
            before = environment.application.state()
            seen = environment.step(Action(tool="click", arguments={"element": name}))
            if seen.state != before:
                environment.reset(Task(environment=environment.name, instruction=""))
            elif name in ticks and not _free(environment.shown) - _free(shown):
                continue
            elif not seen.failed and environment.address.startswith("/"):
                path = (*way.path, f"click [{name}]")
                there = environment.address.partition("#")[0]
                stayed = there == way.address.partition("#")[0]
                self._add(Way(path, way.address, (*way.clicks, name)) if stayed else Way(path, there))


def _free(shown: Shown) -> set[str]:
    """What can be acted on."""
    return {name for name, node in shown.elements.items() if "disabled" not in node.attributes}


def _opens(node: Node) -> bool:
    """A link or the like that leads nowhere: it does something on its page."""
    target = node.properties.get("/url", "")
    inside = node.role == "link" and (not target or target.startswith(("#", "javascript:")))
    return inside or node.role in ("tab", "menuitem") or node.attributes.get("expanded") == "false"
