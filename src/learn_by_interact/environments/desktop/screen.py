"""What the windows show, as lines of text in which everything that can be acted on has a name.

Made of the trees that `inside/tree.py` gives, whose roles are AT-SPI's. A window's elements stand in the
rows in which they are seen; a table is a grid; menus and tool bars come last:

    Window: orders.xlsx - LibreOffice Calc
    Sheet Orders, a cell is [cell "B2"]; focused: A1
    | A | B | C
    1 | Customer | Units | Price
    [tab "Orders"] selected | [tab "Prices"]
    Menus: [menu "File"] [menu "Edit"]
    Standard: [button "New"] [button "Open"]

A name is the same whenever the screen is the same. Positions are in `Item.box` and not in the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..web.nodes import quoted
from ..web.snapshot import NAME, VALUE
from .labels import ROW, label_of
from .text import DOCUMENTS, HEAD, PARTS, beginning, cursor, parts_of, rest, text_of

ROLES = {
    "push-button": "button",
    "toggle-button": "button",
    "check-box": "checkbox",
    "check-menu-item": "menuitem",
    "combo-box": "combobox",
    "entry": "textbox",
    "icon": "icon",
    "link": "link",
    "list-item": "item",
    "menu": "menu",
    "menu-item": "menuitem",
    "page-tab": "tab",
    "password-text": "textbox",
    "radio-button": "radio",
    "radio-menu-item": "menuitem",
    "slider": "slider",
    "spin-button": "spinbutton",
    "table-cell": "cell",
    "table-column-header": "header",
    "column-header": "header",
    "terminal": "textbox",
    "text": "textbox",
    "paragraph": "paragraph",
    "heading": "paragraph",
    "document-text": "textbox",
    "tree-item": "item",
}
"""Role of AT-SPI -> how an element that can be acted on is called; others are texts, or hold some."""
FIELDS = frozenset({"textbox", "spinbutton"})
"""What a text is typed into; a cell too."""
TYPED = FIELDS | {"cell", "combobox", "paragraph", "slider"}
TOLD = ("checked", "pressed", "selected", "focused", "expanded")
"""States that a line tells."""
WINDOWS = ("frame", "dialog", "alert", "file-chooser", "window", "color-chooser", "font-chooser")
OPEN = "open menu"
"""Where the items of a menu are that a web page has opened."""
SHELLS = ("root-pane", "document-frame", "document-spreadsheet", "document-text")
"""What has the name of its window."""
VCL_ITEM = 4
"""Pixels by which GTK's menus are wider, each, than LibreOffice says."""


@dataclass
class Item:
    """Something on the screen, with the node that it comes from."""

    role: str
    """As it is called; "text" for what cannot be acted on."""
    label: str
    node: dict[str, Any]
    box: tuple[int, int, int, int] | None = None
    """x, y, width, height in pixels; None: it has no place, such as an item of a closed menu."""
    place: str = ""
    """Name of the tool bar that it is in; "menu", "status", "open menu" or ""."""
    path: str = ""
    """Of an item of a menu: the menus that it is in, and its own name."""
    direct: bool = False
    """It is clicked through the accessibility bus, its menu closed: LibreOffice's tree has no open menus."""

    @property
    def centre(self) -> tuple[int, int] | None:
        """Where it is clicked."""
        if self.box is None:
            return None
        x, y, width, height = self.box
        return x + width // 2, y + height // 2


@dataclass(frozen=True)
class Screen:
    """The windows as lines, and what the names in them stand for."""

    lines: tuple[str, ...] = ()
    elements: Mapping[str, Item] = field(default_factory=dict)
    """By name: `button "Save"`. All cells that can be seen, and items of menus that are closed, too."""
    titles: tuple[str, ...] = ()
    """Of the windows, the present one first."""
    content: tuple[str, ...] = ()
    """What the windows hold: the lines without menus, tool bars, status and what has the focus."""
    menu: tuple[str, ...] = ()
    """Lines of the menu that is shown."""
    drawn: tuple[str, ...] = ()
    """Names of elements with a place, in the order of their numbers (from 1)."""


def read(windows: Sequence[dict[str, Any]], names: Mapping[str, str], menu: str, marks: bool) -> Screen:
    """Windows as a screen. `names`: see `Desktop.names`; `menu`: path of the menu that is shown."""
    writer = _Writer(names, menu, marks)
    for window in _in_order(windows):
        writer.window(window)
    return Screen(
        lines=(*writer.lines, *writer.last),
        elements=writer.elements,
        titles=tuple(writer.titles),
        content=tuple(writer.content),
        menu=tuple(writer.menu),
        drawn=tuple(writer.drawn),
    )


def _in_order(windows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The present window first; one that is modal hides what is below it."""
    known = [one for one in windows if one["role"] in WINDOWS and not _bare(one)]
    modal = [one for one in known if "modal" in one["states"]]
    shown = modal or known
    return sorted(shown, key=lambda one: "active" not in one["states"])


def _bare(window: dict[str, Any]) -> bool:
    """What only pops up and holds nothing, as the handle of a header."""
    return window["role"] == "window" and not window["name"] and not list(_items(window, (None, 0)))


class _Writer:
    """Lines as they are written, window by window."""

    def __init__(self, names: Mapping[str, str], menu: str, marks: bool) -> None:
        self._names, self._menu, self._marks = names, menu, marks
        self.lines: list[str] = []
        self.last: list[str] = []
        self.content: list[str] = []
        self.menu: list[str] = []
        self.elements: dict[str, Item] = {}
        self.titles: list[str] = []
        self.drawn: list[str] = []
        self._used: Counter[str] = Counter()

    def window(self, window: dict[str, Any]) -> None:
        title = window["name"] or window["role"]
        self.titles.append(title)
        self.lines.append(f"Window: {title}" if window["role"] == "frame" else f"Dialog: {title}")
        items = list(_items(window, _shift(window)))
        for item in items:
            if item.role != "paragraph":
                item.label = item.label or label_of(item, items, self._names)
        begin = len(self.lines)
        written = [item for item in items if "document" in item.node]
        self._document(written)
        tables = [node for node in nodes(window) if table_of(node)]
        for table in tables:
            if table["children"] and "document" not in table:
                self._table(table, [item for item in items if item.node.get("table") is table])
        rest = [item for item in items if item.node.get("table") is None and "document" not in item.node]
        labels = {item.label for item in rest if item.role != "text"}
        texts = [item for item in rest if item.role != "text" or item.label not in labels]
        for row in _rows([item for item in texts if not item.place]):
            self.lines.append(" ".join(self._told(item) for item in row))
        self.content += [re.sub(r" focused\b", "", line) for line in self.lines[begin:]]
        if status := [item.label for item in texts if item.place == "status" and item.label]:
            self.last.append(f"Status: {' | '.join(status)}")
        self.last += cursor([one for one in nodes(window) if _several_lines(one)])
        self._menus([item for item in rest if item.place == "menu"])
        opened = [item for item in texts if item.place == OPEN and item.role != "menu" and _usable(item)]
        if opened:
            self.menu += ["In the open menu:", *map(self._told, opened)]
        bars = [item for item in texts if item.place not in ("", "menu", "status", OPEN)]
        told = {
            name: [self._told(item) for item in bars if item.place == name and _usable(item)]
            for name in dict.fromkeys(item.place for item in bars)
        }
        self.last += [f"{name}: {' '.join(some)}" for name, some in told.items() if len(some) > 1]
        if single := [some[0] for some in told.values() if len(some) == 1]:
            self.last.append(f"Other tools: {' '.join(single)}")

    def _document(self, items: Sequence[Item]) -> None:
        """The paragraphs and tables of documents, in their order."""
        told: list[tuple[str, str]] = []
        for item in items:
            table, part = item.node.get("table"), PARTS.get(item.node["document"], "")
            if table is None:
                told.append((part, self._told(item)))
            elif table["children"][0] is item.node:
                before = len(self.lines)
                self._table(table, [one for one in items if one.node.get("table") is table])
                told += [(part, line) for line in self.lines[before:]]
                del self.lines[before:]
        if told:
            self.lines += [HEAD, *parts_of(told)]

    def _told(self, item: Item) -> str:
        """What a line tells of an item."""
        if item.role == "text":
            return item.label
        name = self._name(item)
        parts = [f"[{name}]"]
        if self._marks and item.box is not None:
            parts[0] += f"({len(self.drawn)})"
        value = str(item.node.get("text", ""))
        if item.role in (*FIELDS, "slider") or (value and item.role == "combobox"):
            parts.append(f"contains {quoted(_shortened(item, value))}")
        if item.role == "paragraph":
            parts[0] += rest(item.node)
        states = item.node["states"]
        if item.place != "menu" or "checked" in states:
            parts += [state for state in TOLD if state in states]
        if disabled(item):
            parts.append("disabled")
        return " ".join(parts)

    def _name(self, item: Item) -> str:
        label = item.label if len(item.label) <= NAME else f"{item.label[: NAME - 3].rstrip()}..."
        name = f"{item.role} {quoted(label)}" if label else item.role
        self._used[name] += 1
        name = name if self._used[name] == 1 else f"{name} #{self._used[name]}"
        self.elements[name] = item
        if item.box is not None:
            self.drawn.append(name)
        return name

    def _table(self, table: dict[str, Any], cells: Sequence[Item]) -> None:
        """A grid; cells have the names of a sheet, or of what is in them."""
        sheet = [cell for cell in cells if re.fullmatch(r"[A-Z]{1,3}\d+", cell.label)]
        self._used["sheet"] += bool(sheet)
        other = f" #{self._used['sheet']}" if self._used["sheet"] > 1 else ""
        for cell in sheet:
            self.elements[f"cell {quoted(cell.label)}{other}"] = cell
        if not sheet:
            for row in _rows(cells):
                self.lines.append(" | ".join(self._told(cell) for cell in row if cell.label))
            return
        focused = next((cell.label for cell in sheet if "focused" in cell.node["states"]), "")
        chosen = [cell.label for cell in sheet if "selected" in cell.node["states"]]
        range_ = f"; selected: {chosen[0]}:{chosen[-1]}" if len(chosen) > 1 else ""
        seen = f"{sheet[0].label} to {sheet[-1].label} are in view"
        place = f"; at {focused}" if focused else ""
        if "document" not in table or place or range_:
            self.last.append(f"{table['name']}: {seen}{place}{range_}.")
        filled: dict[int, dict[str, str]] = {}
        for cell in sheet:
            if cell.node.get("text"):
                column, row_number = re.findall(r"[A-Z]+|\d+", cell.label)
                text = " ".join(str(cell.node["text"]).split())
                filled.setdefault(int(row_number), {})[column] = (
                    text if len(text) <= NAME else f"{text[:NAME]}..."
                )
        columns = list(dict.fromkeys(re.findall(r"[A-Z]+", cell.label)[0] for cell in sheet))
        used = max((columns.index(column) for row in filled.values() for column in row), default=0)
        columns = columns[: used + 1]
        self.lines.append(f'{table["name"]}, whose cells are [cell "{sheet[0].label}"{other}] and so on:')
        self.lines.append(f"| {' | '.join(columns)}")
        for number in sorted(filled):
            told = " | ".join(filled[number].get(column, "") for column in columns)
            self.lines.append(f"{number} | {told}".rstrip(" |"))

    def _menus(self, items: Sequence[Item]) -> None:
        """The menus of a window, and the items of the one that is shown; the others have names too.

        LibreOffice has its menu bar twice in its tree.
        """
        items = list({item.path: item for item in items}.values())
        top = [item for item in items if " > " not in item.path]
        if top:
            self.last.append(f"Menus: {' '.join(self._told(item) for item in top)}")
        for item in items:
            if " > " not in item.path:
                continue
            item.label = item.path
            self.elements[f"{item.role} {quoted(item.path)}"] = item
        shown = [item for item in items if self._menu and item.path.rpartition(" > ")[0] == self._menu]
        if shown:
            self.menu += [f"In the menu {quoted(self._menu)}:", *(self._told(item) for item in shown)]


def _shortened(item: Item, value: str) -> str:
    """As much of a text as is told: its beginning, of a terminal its end."""
    if len(value) <= VALUE:
        return value
    return f"...{value[-VALUE:]}" if item.node["role"] == "terminal" else f"{value[:VALUE]}..."


def disabled(item: Item) -> bool:
    """Whether an element takes no clicks and no text now."""
    return not {"sensitive", "enabled"} & set(item.node["states"])


def _usable(item: Item) -> bool:
    return item.role != "text" and not disabled(item)


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node and all below it."""
    yield node
    for child in node["children"]:
        yield from nodes(child)


def _shift(window: dict[str, Any]) -> tuple[dict[str, Any] | None, int]:
    """The root of a document that LibreOffice draws itself, and how much lower it is than it says.

    It does not know of the height of the menu bar above it, which GTK draws: its root pane is as much lower
    as it is shorter than its window.
    """
    for node in nodes(window):
        if node["role"] == "root-pane" and node.get("box") and window.get("box"):
            low, ends = node["box"][1] + node["box"][3], window["box"][1] + window["box"][3]
            return node, max(0, ends - low)
    return None, 0


def _items(window: dict[str, Any], shift: tuple[dict[str, Any] | None, int]) -> Iterator[Item]:
    """All in a window that is told, in the order of the tree."""
    root, lower = shift

    def inside(
        node: dict[str, Any],
        place: str,
        path: str,
        drop: int,
        within: str,
        part: str = "",
        owner: str = "",
        tabs: int = 0,
    ) -> Iterator[Item]:
        around = within
        role = node["role"]
        if role == "static" and node["name"] in owner:
            return  # What an element of a web page is called stands in it again.
        tabs = id(node) if role == "page-tab" else tabs
        node["tab"] = tabs
        if part:
            node["document"] = part
        if role in DOCUMENTS or (part and role in PARTS):
            part = role
        # LibreOffice's own widgets are lower than they say; those that GTK draws for it (in a box) are not.
        drop = lower if node is root else 0 if role == "filler" else drop
        if role not in WINDOWS and role not in SHELLS:
            within = node["name"] or within
        place = {"status-bar": "status", "menu-bar": "menu"}.get(role, place)
        if role == "tool-bar":
            place = node["name"] or "Tools"
        if role == "document-web":
            for below in nodes(node):
                below["web"] = True
        if role == "menu" and "web" in node and place != "menu":
            place = OPEN
        if place == "menu" and role in ("menu", "menu-item", "check-menu-item", "radio-menu-item"):
            path = f"{path} > {node['name']}" if path else node["name"]
        node["within"] = around
        item = _item(node, place, path, drop)
        if item:
            item.direct = root is not None
            yield item
        if item and (role == "entry" or ROLES.get(role) in ("combobox", "cell")):
            return
        if item and item.role == "text":  # In a web page a text has itself in it.
            node["children"] = [one for one in node["children"] if one["role"] != "static"]
        owner = node["name"] if item and item.role != "text" else owner
        mine = table_of(node)
        for number, child in enumerate(node["children"]):
            if mine:
                child["table"] = node
            turn = number if role == "menu-bar" and drop else 0
            for one in inside(child, place, path, drop, within, part, owner, tabs):
                if one.node is child and turn and one.box is not None:
                    x, y, width, height = one.box
                    one.box = (x + VCL_ITEM * turn, y, width + VCL_ITEM, height)
                yield one

    yield from inside(window, "", "", 0, "")


def table_of(node: dict[str, Any]) -> bool:
    """Whether a node holds cells."""
    return node["role"] in ("table", "tree-table")


def _item(node: dict[str, Any], place: str, path: str, drop: int) -> Item | None:
    """The item that a node is; None of one that only holds others."""
    called = ROLES.get(node["role"])
    if node["role"] == "heading" and "editable" not in node["states"]:
        called = None
    if node["role"] in DOCUMENTS and node["children"]:
        return None
    if node["role"] == "table-cell" and "document" in node:
        _hold(node)
    name, box = node["name"], node.get("box")
    hidden = place == "menu" and " > " in path and ("showing" not in node["states"] or not box or box[2] <= 1)
    if node["role"] in WINDOWS or (called is None and (node["children"] or not (name or node.get("text")))):
        return None
    if called is None and node["role"] not in (
        "label",
        "static",
        "heading",
        "caption",
        "info-bar",
        "progress-bar",
    ):
        return None
    if box is None and not hidden:
        return None
    if box is not None and (box[2] <= 0 or box[3] <= 0 or hidden):
        box = None
        if not hidden:
            return None
    if box is not None and drop:
        # Of the menus only the height is wrong.
        low = drop // 2 - box[3] // 2 if place == "menu" else drop
        box = [box[0], box[1] + low, box[2], box[3]]
    fixed = "editable" not in node["states"] and node["role"] != "terminal"
    if called is None or (called in ("textbox", "paragraph") and fixed):
        label = str(node.get("text") or name)
        if "\n" not in label and label.strip():
            return Item("text", label.strip(), node, _tuple(box), place)
        called = "textbox"
    if called == "paragraph":
        return Item(called, beginning(str(node.get("text", ""))), node, _tuple(box))
    return Item(called, path or name, node, _tuple(box), place, path)


def _hold(cell: dict[str, Any]) -> None:
    """Give a cell of a document what its paragraphs hold, and the cursor."""
    cell["text"] = text_of(cell)
    if any("focused" in one["states"] for one in cell["children"]):
        cell["states"] = [*cell["states"], "focused"]


def _several_lines(node: dict[str, Any]) -> bool:
    """A text that is long enough to say where in it something is done."""
    return ROLES.get(node["role"]) == "paragraph" or "\n" in str(node.get("text", ""))


def _tuple(box: Sequence[int] | None) -> tuple[int, int, int, int] | None:
    return (box[0], box[1], box[2], box[3]) if box is not None else None


def _rows(items: Sequence[Item]) -> list[list[Item]]:
    """Items in the rows in which they are seen, from left to right."""
    rows: list[list[Item]] = []
    placed = [item for item in items if item.box is not None]
    for item in sorted(placed, key=lambda one: (one.box or (0, 0, 0, 0))[1]):
        assert item.box is not None
        if rows and (first := rows[-1][0].box) is not None:
            overlap = min(first[1] + first[3], item.box[1] + item.box[3]) - max(first[1], item.box[1])
            if overlap > ROW * min(first[3], item.box[3]):
                rows[-1].append(item)
                continue
        rows.append([item])
    return [sorted(row, key=lambda one: (one.box or (0, 0, 0, 0))[0]) for row in rows]
