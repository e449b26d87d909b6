"""The elements and texts of a page, as Playwright's accessibility snapshot has them.

It is read in its form for models (`aria_snapshot(mode="ai")`: a YAML list of `role "name" [attribute]`,
hidden elements left out, frames included).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

ACTED_ON = frozenset(
    [
        "button",
        "checkbox",
        "combobox",
        "link",
        "listbox",
        "menuitem",
        "menuitemcheckbox",
        "menuitemradio",
        "option",
        "radio",
        "searchbox",
        "slider",
        "spinbutton",
        "switch",
        "tab",
        "textbox",
        "treeitem",
    ]
)
"""Roles of elements that can be acted on."""
CLICKABLE = "clickable"
"""What an element is called that only its pointer shows to be one."""
FIELDS = frozenset({"textbox", "searchbox", "spinbutton", "combobox", "listbox", "slider"})
"""Roles of elements that the text before them names, where nothing else does."""
CARD = 80
"""Characters of a text that, with buttons in it, can itself be clicked."""
CELLS = frozenset({"cell", "columnheader", "rowheader", "gridcell"})

PICTURES = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd]")
"""Characters for private use, with which pages show icons."""
_KEY = re.compile(
    r'^(?P<role>[\w-]+)(?: "(?P<name>(?:[^"\\]|\\.)*)"| (?P<pattern>/.*/))?(?P<rest>(?: \[[^\]]*\])*)$'
)
_ATTRIBUTE = re.compile(r" \[([\w-]+)(?:=([^\]]*))?\]")


@dataclass
class Node:
    """An element or a text of the snapshot."""

    role: str
    name: str = ""
    ref: str = ""
    """Playwright's name of the element, for this snapshot."""
    attributes: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    """`/url`, `/placeholder` and the like."""
    text: str = ""
    children: list[Node] = field(default_factory=list)
    value: str = ""
    """What a text field holds, with its newlines, where the snapshot has it on one line."""
    hint: str = ""
    """What its attributes say that a field without a name is for, or a button that only shows a picture."""
    kind: str = ""
    """The type of an input for a date or a time: see `times.py`."""

    @property
    def unnamed(self) -> bool:
        """Nothing says what it is: no placeholder, and no name or one of a single character."""
        return len(self.name) < 2 and not self.properties.get("/placeholder")

    @property
    def target(self) -> str:
        """The last part of the address that a link leads to: `to Rent` of `/account/Rent/`."""
        address = urlsplit(self.properties.get("/url", ""))
        last = address.path.rstrip("/").rpartition("/")[2] or address.query or address.fragment
        return f"to {unquote(last)}" if last and not address.scheme.startswith("javascript") else ""

    @property
    def pictured(self) -> bool:
        """An element to click that no text names."""
        if not self.acted_on or self.role in FIELDS:
            return False
        return not (self.name or self.properties.get("/placeholder") or self.content or self.target)

    @property
    def acted_on(self) -> bool:
        """An element that an action can name."""
        return bool(self.ref) and (self.role in ACTED_ON or self.clickable)

    @property
    def clickable(self) -> bool:
        """Only its pointer says that it can be clicked, and no element inside says it better.

        What stands on a card, such as a button, is beside the card's own text.
        """
        if self.role in ACTED_ON or self.attributes.get("cursor") != "pointer":
            return False
        inside = {node.role for node in below(self) if node.acted_on}
        card = self.role == "generic" and len(self.own) <= CARD and any(map(str.isalpha, self.own))
        return not inside or (card and inside <= {"button", "link"})

    @property
    def own(self) -> str:
        """The texts in it that do not stand in another element that can be acted on."""
        inside = [
            child.own or ("" if child.children else child.name)
            for child in self.children
            if not child.acted_on
        ]
        return " ".join(part for part in (self.text, *inside) if part)

    @property
    def content(self) -> str:
        """All texts in it."""
        parts = [self.text, *(node.text or node.name for node in below(self) if not node.children)]
        return " ".join(" ".join(part for part in parts if part).split())


def below(node: Node) -> Iterator[Node]:
    """All nodes in a node, in order."""
    for child in node.children:
        yield child
        yield from below(child)


def read(snapshot: str) -> list[Node]:
    """The nodes of Playwright's snapshot. Raises ValueError when it is not of the form that is known."""
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        items = yaml.load(snapshot, Loader=loader) or []
    except yaml.YAMLError as error:
        raise ValueError(f"the snapshot is no YAML: {' '.join(str(error).split())}") from None
    return [_node(item) for item in items] if isinstance(items, list) else []


def _node(item: Any) -> Node:
    key, value = next(iter(item.items())) if isinstance(item, dict) else (str(item), "")
    if key == "text":
        return Node("text", text=_flat(value))
    found = _KEY.match(key)
    if not found:
        return Node("text", text=_flat(key))
    name = re.sub(r"\\(.)", r"\1", found["name"] or "") or (found["pattern"] or "")
    attributes = {one[1]: one[2] or "" for one in _ATTRIBUTE.finditer(found["rest"])}
    node = Node(found["role"], _flat(name), attributes.pop("ref", ""), attributes)
    if isinstance(value, str):
        node.text = _flat(value)
        return node
    for child in value:
        inner, said = next(iter(child.items())) if isinstance(child, dict) else (str(child), "")
        if inner.startswith("/"):
            node.properties[inner] = said if isinstance(said, str) else ""
        else:
            node.children.append(_node(child))
    return node


def _flat(text: str) -> str:
    """A text on one line, without the characters that are a font's pictures."""
    return " ".join(PICTURES.sub("", str(text)).split())


def quoted(text: str) -> str:
    """A text in quotation marks, as JSON has it: an action can hold it as it is."""
    return json.dumps(text, ensure_ascii=False)
