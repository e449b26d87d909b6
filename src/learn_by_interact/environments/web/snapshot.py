"""What a page shows, as lines of text in which everything that can be acted on has a name.

Written are what a reader sees, block by block, and in square brackets what can be acted on, under a name that
is the same whenever the page is the same, whatever was seen before it:

    heading "Active tickets"
    [link "#3"] | [link "Printer is on fire" #2] | defect | [link "Edit (Printer is on fire)"]
    [textbox "Summary:"] contains "Printer"
    [combobox "Type:"] is "defect" of "defect", "enhancement", "task"
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..places import SAME, without_elements
from .nodes import CELLS, CLICKABLE, FIELDS, Node, below, quoted
from .tables import columns
from .times import TAKES

BLOCKS = frozenset(
    [
        "alert",
        "alertdialog",
        "article",
        "banner",
        "blockquote",
        "caption",
        "code_block",
        "complementary",
        "contentinfo",
        "definition",
        "dialog",
        "document",
        "figure",
        "form",
        "group",
        "heading",
        "iframe",
        "list",
        "listitem",
        "log",
        "main",
        "menu",
        "menubar",
        "navigation",
        "note",
        "paragraph",
        "radiogroup",
        "region",
        "row",
        "rowgroup",
        "search",
        "separator",
        "status",
        "table",
        "tablist",
        "tabpanel",
        "term",
        "toolbar",
        "tree",
        "treegrid",
        "grid",
        "tooltip",
    ]
)
"""Roles whose content stands on lines of its own."""
DIALOGS = frozenset({"alertdialog", "dialog"})
"""Roles of what stands before the rest of a page, once it is shown."""
ANNOUNCED = DIALOGS | {"alert", "status"}
"""Roles that are told."""
NAMED = frozenset({"img", "group", "region", "radiogroup", "table", "figure", "iframe"})
"""Roles that are told with their name, if they have one."""
ITEMS = frozenset({"row", "listitem", "article"})
"""Of what there are several alike, each with a name."""
CALLED = 40
"""Characters of such a name."""
TOLD = ("checked", "pressed", "selected", "expanded", "disabled")
"""Attributes that a line tells."""
NAME = 80
"""Characters of a name; a longer one ends in `...`."""
VALUE = 1500
"""Characters of a field's value."""
OPTIONS = 12
"""Options of a list that are named."""
LABEL = 60
"""Characters of a text before a field that may be its name."""


@dataclass(frozen=True)
class View:
    """A page as lines, and what the names in them stand for."""

    lines: tuple[str, ...]
    elements: Mapping[str, Node]
    """By name: `link "New Ticket"`."""


def view(nodes: Sequence[Node]) -> View:
    """Nodes as lines of text with the names of elements."""
    writer = _Writer(_repeated(nodes), columns(nodes))
    for node in nodes:
        writer.write(node)
    writer.end()
    return View(tuple(writer.lines), writer.elements)


class _Writer:
    """Lines as they are written, node by node."""

    def __init__(self, repeated: frozenset[tuple[str, str]], columns: Mapping[int, tuple[str, bool]]) -> None:
        """`repeated`: role and label of what several items of a table or list have; `columns`: see there."""
        self._repeated, self._columns = repeated, columns
        self._of = ""
        self.lines: list[str] = []
        self.elements: dict[str, Node] = {}
        self._line: list[str] = []
        self._used: Counter[str] = Counter()
        self._lists: dict[tuple[str, ...], str] = {}
        self._depth = 0
        self._term = False

    def end(self) -> None:
        """End the line that is being written; a mere `-` stands before what comes next in its item."""
        self._term = False
        if (
            self._line
            and self._line[0] == self._bullet
            and not any(part.strip("| ") for part in self._line[1:])
        ):
            del self._line[1:]
            return
        text = " ".join(self._line).rstrip()
        self._line = []
        if text.strip(" |"):
            self.lines.append(text)

    @property
    def _bullet(self) -> str:
        """What stands before an item of the present list."""
        return f"{'  ' * (self._depth - 1)}-" if self._depth else "\0"

    def write(self, node: Node) -> None:
        outside = self._of
        if node.role in ITEMS:
            self._of = _called(node, self._repeated) or outside
        self._write(node)
        self._of = outside

    def _write(self, node: Node) -> None:
        if node.acted_on:
            self._element(node)
            return
        if node.role == "heading":
            self.end()
            level = min(int(node.attributes.get("level") or 2), 6)
            self._line.append("#" * level)
            # A heading's name is its content, but for the elements in it.
            if any(inner.acted_on for inner in below(node)):
                self._inside(node)
            else:
                self._say(node.name or node.content)
            self.end()
            return
        block = node.role in BLOCKS
        if block and not (node.role == "definition" and self._term):
            self.end()
        if node.role == "list" and (links := _menu(node)):
            # A menu takes one line.
            for link in links:
                self._element(link)
            self.end()
            return
        if node.role == "listitem":
            self._item(node)
            return
        if node.role in ANNOUNCED or (node.role in NAMED and node.name and not _headed(node)):
            self._say(f"{node.role}{f' {quoted(node.name)}' if node.name else ''}:")
        if node.role in CELLS and self._line:
            self._line.append("|")
        self._inside(node)
        if node.role == "term" and 0 < len(node.text or node.name) <= LABEL and len(self._line) == 1:
            # What it means stands behind it.
            self._line = [f"{self._line[0].rstrip(' :')}:"]
            self._term = True
        elif block:
            self.end()

    def _say(self, text: str) -> None:
        """Write a text of the page: in it, nothing reads as an element."""
        self._line.append(without_elements(text))

    def _item(self, node: Node) -> None:
        """An item of a list; one of a list in an item is indented."""
        self._line.clear()
        self._depth += 1
        self._line.append(self._bullet)
        self._inside(node)
        self.end()
        if self._line == [self._bullet]:
            self._line.clear()
        self._depth -= 1

    def _inside(self, node: Node) -> None:
        if node.text:
            # The label behind a box is its name.
            if not (self._line and f" {quoted(node.text)}]" in self._line[-1]):
                self._say(node.text)
        elif not node.children and node.name and node.role not in NAMED:
            self._say(node.name)
        for child in node.children:
            self.write(child)

    def _element(self, node: Node) -> None:
        """An element that can be acted on, with what is in it or set in it."""
        label = self._label(node)
        if node.role == "radio" and any(part.startswith("[") for part in self._line):
            self.end()  # Each choice has a line of its own, with what belongs to it.
        if self._of not in ("", label) and (node.role, label) in self._repeated:
            label = f"{label} ({self._of})"
        name = self._name(CLICKABLE if node.clickable else node.role, label)
        self.elements[name] = node
        # The label beside a field is its name; what stands beside one that its column names is no label.
        written = without_elements(label)
        apart = id(node) in self._columns and not label.endswith(":")
        for beside in ([written, "|"], [written])[apart:]:
            if self._line[-len(beside) :] == beside:
                del self._line[-len(beside) :]
                break
        options = tuple(inner.name for inner in below(node) if inner.role == "option")
        first = self._lists.setdefault(options, name)
        self._line.append(f"[{name}]{told(node, first if len(options) > 2 and first != name else '')}")
        if node.role in ("combobox", "listbox"):
            # They are told with the list; one that is named all the same is known.
            for inner in below(node):
                if inner.role == "option" and inner.ref:
                    self.elements[self._name(inner.role, inner.name)] = inner
            return
        # What else can be acted on inside it, such as a button in a tab.
        for inner in below(node):
            if inner.acted_on:
                self._element(inner)

    def _label(self, node: Node) -> str:
        """What an element is called, but for its row or item where others have the like."""
        label = node.name or node.properties.get("/placeholder", "")
        if node.clickable or node.role not in FIELDS:
            return label or (node.own if node.clickable else node.content) or node.target or node.hint
        if not node.unnamed:
            return label
        before = self._before()
        if id(node) in self._columns and self._line[-1:] in ([], ["|"]) and before[-1:] != ":":
            before, many = self._columns[id(node)]
            if before and many and self._of not in ("", before):
                before = f"{before} ({self._of})"
        return before or node.hint or label

    def _before(self) -> str:
        """The short text that stands before a field, its label by the look of it; "" where there is none."""
        texts = [part for part in self._line[-3:] if part != "|"]
        text = texts[-1] if texts else ""
        if len(texts) > 1 and re.match(r"\[[a-z]+(?: #\d+)?\]", texts[-2]):
            return ""  # Labels stand behind their fields here.
        if choice := re.match(r'\[(?:checkbox|radio) ("(?:[^"\\]|\\.)*:")', text):
            return str(json.loads(choice[1]))
        fits = len(text) <= LABEL and text.strip()[:1] not in tuple("[#-") and not text.endswith("]")
        return text if fits and any(map(str.isalpha, text)) else ""

    def _name(self, role: str, label: str) -> str:
        label = label if len(label) <= NAME else f"{label[: NAME - 3].rstrip()}..."
        name = f"{role} {quoted(label)}" if label else role
        self._used[name] += 1
        return name if self._used[name] == 1 else f"{name} #{self._used[name]}"


def _repeated(nodes: Sequence[Node]) -> frozenset[tuple[str, str]]:
    """Role and label of what stands in several items, such as a button `Edit` in each row."""
    items: dict[tuple[str, str], set[int]] = defaultdict(set)

    def walk(node: Node, item: int) -> None:
        if item and node.acted_on and node.role not in FIELDS:
            items[node.role, node.name or node.content or node.target].add(item)
        for child in node.children:
            walk(child, id(node) if node.role in ITEMS else item)

    for node in nodes:
        walk(node, 0)
    return frozenset(one for one, found in items.items() if len(found) > 1 and one[1])


def _called(item: Node, repeated: frozenset[tuple[str, str]]) -> str:
    """What a row or an item of a list is called: the first text of its own, with letters if one has them."""
    inside = [one for one in below(item) if one.role not in FIELDS | {"option"} and not one.children]
    inside.sort(key=lambda one: one.role in ("checkbox", "radio"))
    texts = [one.name or one.text for one in inside if (one.role, one.name) not in repeated]
    texts = [text.strip() for text in (item.text, *texts) if any(map(str.isalnum, text))]
    called = next((text for text in texts if any(map(str.isalpha, text))), texts[0] if texts else "")
    return called if len(called) <= CALLED else f"{called[: CALLED - 3].rstrip()}..."


def _menu(node: Node) -> list[Node]:
    """The elements of a list that has one in each item and nothing else; [] of another list."""
    found: list[Node] = []
    for item in node.children:
        inside = [inner for inner in below(item) if inner.acted_on]
        if (
            item.role != "listitem"
            or len(inside) != 1
            or item.text
            or (inside[0].content or inside[0].name) != item.content
        ):
            return []
        found.append(inside[0])
    return found if len(found) > 1 else []


def _headed(node: Node) -> bool:
    """Whether a heading in an element has its name already."""
    return any(inner.role == "heading" and node.name.startswith(inner.name) for inner in below(node))


def told(node: Node, same: str = "") -> str:
    """What a line tells of an element after its name: its value, its options, whether it is checked.

    `same`: a list before it on this page that has the same options.
    """
    parts = []
    if node.role in ("textbox", "searchbox", "spinbutton", "slider") and (node.value or node.content):
        value = node.value or node.content
        parts.append(f"contains {quoted(value if len(value) <= VALUE else f'{value[:VALUE]}...')}")
    options = [inner for inner in below(node) if inner.role == "option"]
    if node.role in ("combobox", "listbox"):
        chosen = [option.name for option in options if "selected" in option.attributes]
        value = ", ".join(map(quoted, chosen)) or (quoted(node.text) if node.text else "")
        names = [quoted(option.name) for option in options[:OPTIONS]]
        more = f" and {len(options) - OPTIONS} more" if len(options) > OPTIONS else ""
        if value:
            parts.append(f"is {value}")
        if names:
            parts.append(f"of {SAME} {same}" if same else f"of {', '.join(names)}{more}")
    for attribute in TOLD:
        if attribute in node.attributes:
            state = node.attributes[attribute]
            parts.append("not " + attribute if state == "false" else attribute)
    if node.kind:
        parts.append(f"takes {TAKES[node.kind]}")
    return f" {' '.join(parts)}" if parts else ""
