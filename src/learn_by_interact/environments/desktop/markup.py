"""The accessibility tree as OSWorld's server gives it (XML), as the nodes that `screen.py` reads.

An element is a widget: its tag is the role of AT-SPI, `name` its name, its text the text in it; attributes of
the namespaces `.../ns/state`, `.../ns/component` and `.../ns/value` say its states, place and value
(github.com/xlang-ai/OSWorld, `desktop_env/server/main.py`). The root holds the applications.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ...errors import EnvironmentFault
from .screen import WINDOWS

STATES = frozenset(
    {"active", "checked", "editable", "enabled", "expandable", "expanded", "focused", "modal", "pressed"}
    | {"selected", "sensitive", "showing"}
)
"""Those that `inside/tree.py` tells too."""
TEXTS = frozenset(
    {"label", "static", "text", "entry", "password-text", "paragraph", "terminal", "document-text"}
    | {"heading", "spin-button", "combo-box", "table-cell"}
)
"""Roles whose text is told."""
VALUES = frozenset({"slider", "spin-button", "progress-bar", "dial", "level-bar"})
MENUS = frozenset({"menu", "menu-item", "menu-bar"})
"""What keeps its children that are not showing."""
TEXT = 3000
"""Characters of a text."""
DEEP = 60
FAR = 100_000
"""Pixels; what is farther away is nowhere."""
_PAIR = re.compile(r"\(\s*(-?\d{1,10})\s*,\s*(-?\d{1,10})\s*\)")


def windows(xml: str, cells: int) -> list[dict[str, Any]]:
    """The windows that are showing; of a table at most so many cells. Raises EnvironmentFault.

    A node's `at` is the name of its application, and the place of it and of all that it is in among siblings.
    """
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise EnvironmentFault("the machine's accessibility tree declares entities, which no server does")
    try:
        root = ElementTree.fromstring(xml)
    except (ElementTree.ParseError, ValueError) as error:
        raise EnvironmentFault(f"the machine's accessibility tree is no XML: {error}") from None
    found = []
    for app in root:
        called = " ".join(app.get("name", "").split())
        for number, window in enumerate(app):
            node = _node(window, called, (number,))
            if node["role"] in WINDOWS and "showing" in node["states"]:
                _fill(node, window, cells)
                found.append(node)
    return found


def _fill(window: dict[str, Any], element: Element, cells: int) -> None:
    """Give a window the nodes in it."""
    level, documents = [(window, element)], set[tuple[Any, ...]]()
    for _ in range(DEEP):
        below = []
        for node, one in level:
            every = node["role"] in MENUS
            called, path = node["at"]
            table = node["role"] in ("table", "tree-table")
            for number, child in enumerate(one):
                if table and len(node["children"]) >= cells:
                    break
                made = _node(child, called, (*path, number))
                if not every and "showing" not in made["states"]:
                    continue
                if made["role"].startswith("document-"):  # LibreOffice has its documents in two places.
                    mark = (made["role"], made["name"], str(made.get("box")))
                    if mark in documents:
                        continue
                    documents.add(mark)
                node["children"].append(made)
                below.append((made, child))
        level = below
        if not level:
            break


def _node(element: Element, app: str, path: tuple[int, ...]) -> dict[str, Any]:
    role = element.tag.rpartition("}")[2]
    states, box, value = [], [0, 0, 0, 0], ""
    placed = 0
    for key, said in element.attrib.items():
        space, _, name = key[1:].rpartition("}")
        kind = space.rpartition("/")[2]
        if kind == "state" and said == "true":
            states.append("manages" if name == "manages_descendants" else name)
        elif kind == "component" and (pair := _PAIR.fullmatch(said)):
            first = {"screencoord": 0, "size": 2}.get(name)
            if first is not None:
                box[first : first + 2] = [int(pair[1]), int(pair[2])]
                placed += 1
        elif kind == "value" and name == "value":
            value = said
    node: dict[str, Any] = {
        "at": [app, list(path)],
        "name": " ".join(element.get("name", "").split()),
        "role": role,
        "states": [state for state in states if state in STATES or state == "manages"],
        "interfaces": [],
        "children": [],
    }
    if placed == 2 and max(map(abs, box)) < FAR:
        node["box"] = box
    if role in TEXTS and element.text:
        node["text"] = element.text[:TEXT]
    elif role in VALUES and value:
        node["text"] = value[:-2] if value.endswith(".0") else value[:TEXT]
    return node
