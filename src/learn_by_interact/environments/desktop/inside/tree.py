"""What the windows show, through the accessibility bus (AT-SPI2): a call an application, and some a widget.

An application's whole tree comes with `org.a11y.atspi.Cache.GetItems`; of what is showing, texts, values and
places are then asked for all at once, and of a table the cells that can be seen. The protocol is that of
https://gitlab.gnome.org/GNOME/at-spi2-core (`xml/*.xml`; states and roles: `atspi/atspi-constants.h`).
"""

from __future__ import annotations

import os
import time
from typing import Any

from gi.repository import Gio, GLib

FLAGS = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
ROOT = "/org/a11y/atspi/accessible/root"
IFACE = "org.a11y.atspi."
ANSWER_MS = 900
"""Milliseconds that an application has for an answer."""
TEXT = 3000
"""Characters of a text."""
CHILDREN = 300
"""Children of a node that are looked at, where they are not in the tree already."""
DEEP = 40
CELL = 56
"""Role of a cell."""
_ROLES = """
invalid accelerator-label alert animation arrow calendar canvas check-box check-menu-item color-chooser
column-header combo-box date-editor desktop-icon desktop-frame dial dialog directory-pane drawing-area
file-chooser filler focus-traversable font-chooser frame glass-pane html-container icon image internal-frame
label layered-pane list list-item menu menu-bar menu-item option-pane page-tab page-tab-list panel
password-text popup-menu progress-bar push-button radio-button radio-menu-item root-pane row-header
scroll-bar scroll-pane separator slider spin-button split-pane status-bar table table-cell
table-column-header table-row-header tearoff-menu-item terminal text toggle-button tool-bar tool-tip tree
tree-table unknown viewport window extended header footer paragraph ruler application autocomplete editbar
embedded entry chart caption document-frame heading page section redundant-object form link
input-method-window table-row tree-item document-spreadsheet document-presentation document-text
document-web document-email comment list-box grouping image-map notification info-bar level-bar title-bar
block-quote
"""
ROLES = tuple(_ROLES.split())
MORE = {116: "static", 124: "footnote"}
"""Roles behind those."""
STATES = {1: "active", 4: "checked", 7: "editable", 8: "enabled", 10: "expanded", 12: "focused", 16: "modal"}
STATES |= {20: "pressed", 23: "selected", 24: "sensitive", 25: "showing", 31: "manages", 9: "expandable"}
SILENT = frozenset(
    {"filler", "panel", "separator", "scroll-bar", "scroll-pane", "viewport", "split-pane"}
    | {"tool-bar", "menu-bar", "unknown"}
)
"""Roles that are not asked where they are: nothing is done to them."""
TEXTS = frozenset(
    {"label", "static", "text", "entry", "password-text", "paragraph", "terminal", "document-text"}
    | {"heading", "spin-button", "combo-box"}
)
WRITTEN = frozenset({"paragraph", "heading", "text"})
"""Roles of texts of which is told where the cursor stands in them, and what of them is selected."""
DOCUMENTS = frozenset({"document-text", "document-presentation"})
"""Roles whose children are asked for though they are not in the tree: those that can be seen."""
EMBEDDED = "\ufffc"
"""What stands in a text for an element in it: for a line, in an editor of a web page."""
NESTED = 3
"""Levels of elements in a text whose own texts are put in their places."""
VALUES = frozenset({"slider", "spin-button", "progress-bar", "dial", "level-bar"})
MENUS = frozenset({"menu", "menu-item"})
TABLES = frozenset({"table", "tree-table", "tree"})


class Bus:
    """The accessibility bus."""

    def __init__(self) -> None:
        session = Gio.DBusConnection.new_for_address_sync(
            os.environ["DBUS_SESSION_BUS_ADDRESS"], FLAGS, None, None
        )
        asked = ("org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress", None, None, 0, 5000, None)
        address = session.call_sync(*asked).unpack()[0]
        self._connection = Gio.DBusConnection.new_for_address_sync(address, FLAGS, None, None)

    def ask(self, calls: list[tuple[Any, ...]], milliseconds: int = ANSWER_MS) -> list[Any]:
        """Answers to (name, path, interface, method, arguments), asked all at once; None where one failed."""
        found: list[Any] = [None] * len(calls)
        if not calls:
            return found
        left, loop = len(calls), GLib.MainLoop()

        def done(connection: Any, result: Any, at: int) -> None:
            nonlocal left
            try:
                value = connection.call_finish(result).unpack()
                found[at] = value[0] if len(value) == 1 else value
            except GLib.Error:
                pass
            left -= 1
            if not left:
                loop.quit()

        for at, (name, path, interface, method, arguments) in enumerate(calls):
            if not interface.startswith("org."):
                interface = IFACE + interface
            self._connection.call(
                name, path, interface, method, arguments, None, 0, milliseconds, None, done, at
            )
        loop.run()
        return found


def listen() -> None:
    """Stay on the bus as one that listens (to what hardly happens): without, applications give no trees."""
    bus = Bus()
    said = GLib.Variant("(sass)", ("terminal:line-changed", [], ""))
    bus.ask([(IFACE + "Registry", "/org/a11y/atspi/registry", "Registry", "RegisterEvent", said)], 5000)
    while os.getppid() > 1:
        time.sleep(1)


def look(cells: int) -> dict[str, Any]:
    """{"windows": [node], "silent": [names of applications that did not answer]}.

    A node: role, name, states, and where they are known text, box (x, y, width, height) and children; `tip`,
    the first line of what it says of itself, where it has no name. `cells`: how many of a table's at most.
    """
    bus = Bus()
    apps = bus.ask([(IFACE + "Registry", ROOT, "Accessible", "GetChildren", None)])[0] or []
    names = bus.ask([_property(app, "Accessible", "Name") for app in apps])
    trees = bus.ask([(name, "/org/a11y/atspi/cache", "Cache", "GetItems", None) for name, _ in apps])
    windows: list[dict[str, Any]] = []
    silent = [str(name or "an application") for name, tree in zip(names, trees, strict=True) if tree is None]
    for (name, root), items in zip(apps, trees, strict=True):
        if items is not None:
            windows += _windows(bus, name, root, items)
    every = [node for window in windows for node in _below(window)]
    _tables(bus, [node for node in every if node["role"] in TABLES], cells)
    _details(bus, [node for window in windows for node in _below(window)])
    _cursors(bus, [node for window in windows for node in _below(window) if node["role"] in WRITTEN])
    for window in windows:
        for node in _below(window):
            node.pop("count", None)
    return {"windows": windows, "silent": silent}


def _cursors(bus: Bus, nodes: list[dict[str, Any]]) -> None:
    """Where the cursor stands in texts that can be written into, what is selected, and a heading's level."""
    some = [one for one in nodes if "Text" in one["interfaces"] and "editable" in one["states"]]
    some = [one for one in some if one["role"] != "text" or "focused" in one["states"]]
    calls: list[tuple[Any, ...]] = []
    for one in some:
        calls.append(_property(one["at"], "Text", "CaretOffset"))
        calls.append((*one["at"], "Text", "GetSelection", GLib.Variant("(i)", (0,))))
        calls.append((*one["at"], "Accessible", "GetAttributes", None))
    told = bus.ask(calls)
    for number, one in enumerate(some):
        caret, selection, attributes = told[3 * number : 3 * number + 3]
        if "focused" in one["states"] and caret is not None and caret >= 0:
            one["caret"] = caret
        if selection and 0 <= min(selection) < max(selection):
            one["selection"] = sorted(selection)
        if one["role"] == "heading" and attributes:
            one["level"] = str(attributes.get("level", ""))


def choose(at: list[str], begin: int, end: int) -> dict[str, Any]:
    """Select a part of a text, or where it is empty put the cursor there; -1: its end."""
    bus = Bus()
    count = bus.ask([_property(at, "Text", "CharacterCount")])[0]
    if count is None:
        return {"output": "", "error": "it is no text"}
    begin, end = (count if one < 0 else min(one, count) for one in (begin, end))
    done = bus.ask([(*at, "Text", "SetCaretOffset", GLib.Variant("(i)", (end,)))])[0]
    if begin == end:
        return {"output": "", "error": "" if done else "the cursor cannot be put there"}
    said = GLib.Variant("(iii)", (0, begin, end)), GLib.Variant("(ii)", (begin, end))
    for method, arguments in (("AddSelection", said[1]), ("SetSelection", said[0])):
        bus.ask([(*at, "Text", method, arguments)])
        found = bus.ask([(*at, "Text", "GetSelection", GLib.Variant("(i)", (0,)))])[0]
        if found and sorted(found) == [begin, end]:
            return {"output": "", "error": ""}
    return {"output": "", "error": "its text does not let itself be selected"}


def act(at: list[str]) -> dict[str, Any]:
    """Do the first action of an element, which is to click it, where it cannot be clicked at a place."""
    bus = Bus()
    done = bus.ask([(*at, "Action", "DoAction", GLib.Variant("(i)", (0,)))])[0]
    return {"output": "", "error": "" if done else "it does not take a click"}


def _property(at: Any, interface: str, name: str) -> tuple[Any, ...]:
    said = GLib.Variant("(ss)", (IFACE + interface, name))
    return (at[0], at[1], "org.freedesktop.DBus.Properties", "Get", said)


def _below(node: dict[str, Any]) -> list[dict[str, Any]]:
    found = [node]
    for one in found:
        found += one["children"]
    return found


def _node(
    at: Any, name: str, role: int, states: Any, interfaces: Any, count: int = 0, told: str = ""
) -> dict[str, Any]:
    """`told`: its description, which toolkits make of its tip; kept of what has no name."""
    bits = states[0] | (states[1] << 32) if len(states) > 1 else 0
    node: dict[str, Any] = {
        "at": list(at),
        "name": " ".join((name or "").split()),
        "role": ROLES[role] if role < len(ROLES) else MORE.get(role, "unknown"),
        "states": [word for bit, word in STATES.items() if bits >> bit & 1],
        "interfaces": [one.removeprefix(IFACE) for one in interfaces],
        "count": count,
        "children": [],
    }
    if not node["name"] and (first := (told or "").strip().partition("\n")[0]):
        node["tip"] = " ".join(first.split())
    return node


def _windows(bus: Bus, name: str, root: str, items: Any) -> list[dict[str, Any]]:
    """The windows of an application that are showing, with all in them that is; of menus all items."""
    inside: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for item in items:
        # The older form of an item has a list of children in the place of index and number.
        at, _, parent, index, count = item[0], item[1], item[2], item[3], item[4]
        interfaces, title, role, told, states = item[-5:]
        place, known = (index, count) if isinstance(index, int) else (-1, len(index))
        node = _node(at, title, role, states, interfaces, known, told)
        inside.setdefault(parent[1], []).append((place, node))
    tops = [node for _, node in inside.get(root, [])]
    if not items:  # Qt has no tree as a whole: its nodes are asked one by one.
        below = bus.ask([(name, root, "Accessible", "GetChildren", None)])[0] or []
        tops = _asked(bus, list(map(tuple, below)))
    windows = [node for node in tops if "showing" in node["states"]]
    level, known = list(windows), {node["at"][1] for node in windows}
    for _ in range(DEEP):
        _fill(bus, level, inside)
        for node in level:  # LibreOffice has its documents in two places of the tree.
            node["children"] = [one for one in node["children"] if one["at"][1] not in known]
            known.update(one["at"][1] for one in node["children"])
        level = [one for node in level for one in node["children"]]
        if not level:
            break
    return windows


def _fill(bus: Bus, level: list[dict[str, Any]], inside: dict[str, list[tuple[int, dict[str, Any]]]]) -> None:
    """Give nodes their children: from the tree, or as the application says where the tree does not."""
    some = {node["at"][1]: inside.get(node["at"][1], []) for node in level}
    lost = [
        node
        for node in level
        if (
            node["role"] in DOCUMENTS
            if "manages" in node["states"]
            else any(place < 0 for place, _ in some[node["at"][1]])
            # Chromium has its pages in another tree than what is around them.
            or len(some[node["at"][1]]) < min(node["count"], CHILDREN)
        )
    ]
    orders = bus.ask([(*node["at"], "Accessible", "GetChildren", None) for node in lost])
    for node, said in zip(lost, orders, strict=True):
        order = list(dict.fromkeys(map(tuple, said or [])))
        known = {one["at"][1]: one for _, one in some[node["at"][1]]}
        unknown = [at for at in order[:CHILDREN] if at[1] not in known]
        known |= {one["at"][1]: one for one in _asked(bus, unknown)}
        some[node["at"][1]] = [(at, known[path]) for at, (_, path) in enumerate(order) if path in known]
    for node in level:
        ordered = sorted(some[node["at"][1]], key=lambda pair: pair[0])
        every = node["role"] in MENUS
        node["children"] = [one for _, one in ordered if every or "showing" in one["states"]]


def _asked(bus: Bus, ats: list[Any]) -> list[dict[str, Any]]:
    """Nodes that are not in an application's tree."""
    calls: list[tuple[Any, ...]] = []
    for at in ats:
        calls += [
            _property(at, "Accessible", "Name"),
            (*at, "Accessible", "GetRole", None),
            (*at, "Accessible", "GetState", None),
            (*at, "Accessible", "GetInterfaces", None),
            _property(at, "Accessible", "ChildCount"),
            _property(at, "Accessible", "Description"),
        ]
    told, found = bus.ask(calls), []
    for number, at in enumerate(ats):
        name, role, states, interfaces, count, tip = told[6 * number : 6 * number + 6]
        if role is not None:
            found.append(_node(at, name, role, states or (0, 0), interfaces or [], count or 0, tip or ""))
    return found


def _details(bus: Bus, nodes: list[dict[str, Any]]) -> None:
    """Places, texts and values."""
    calls: list[tuple[Any, ...]] = []
    targets: list[tuple[dict[str, Any], str]] = []
    for node in nodes:
        has = node["interfaces"]
        hidden = "showing" not in node["states"] and node["role"] != "table-cell"
        if "Component" in has and not hidden and node["role"] not in SILENT:
            calls.append((*node["at"], "Component", "GetExtents", GLib.Variant("(u)", (0,))))
            targets.append((node, "box"))
        if "Text" in has and node["role"] in TEXTS and not hidden:
            calls.append((*node["at"], "Text", "GetText", GLib.Variant("(ii)", (0, -1))))
            targets.append((node, "text"))
            if "Value" in has and node["role"] == "spin-button":
                calls.append(_property(node["at"], "Value", "CurrentValue"))
                targets.append((node, "number"))
        elif "Value" in has and node["role"] in VALUES:
            calls.append(_property(node["at"], "Value", "CurrentValue"))
            targets.append((node, "text"))
    for (node, key), value in zip(targets, bus.ask(calls), strict=True):
        if value is not None:
            node[key] = (
                list(value)
                if key == "box"
                else f"{value:g}"
                if isinstance(value, float)
                else _cut(node, value)
            )
    _embedded(bus, [node for node in nodes if EMBEDDED in str(node.get("text", ""))])
    for node in nodes:
        if node["role"] == "table-cell" and not node.get("text"):
            texts = [one["text"] for one in node["children"] if one["role"] in WRITTEN and one.get("text")]
            if texts:
                node["text"] = "\n".join(texts)


def _cut(node: dict[str, Any], text: str) -> str:
    """As much of a text as is told: its beginning, of a terminal its end."""
    return text.rstrip()[-TEXT:] if node["role"] == "terminal" else text[:TEXT]


def _embedded(bus: Bus, nodes: list[dict[str, Any]]) -> None:
    """Put the texts of elements in the places that texts hold free for them, line by line."""
    levels = [nodes]
    for _ in range(NESTED):
        below = [one for node in levels[-1] for one in node["children"] if one["role"] != "static"]
        asked = [one for one in below if "Text" in one["interfaces"]]
        said = [(*one["at"], "Text", "GetText", GLib.Variant("(ii)", (0, -1))) for one in asked]
        for node, text in zip(asked, bus.ask(said), strict=True):
            node["text"] = (text or "")[:TEXT]
        levels.append([node for node in asked if EMBEDDED in node["text"]])
    for node in (node for level in reversed(levels) for node in level):
        parts = [str(one.get("text", "")) for one in node["children"] if one["role"] != "static"]
        text = node["text"]
        for part in parts:
            text = text.replace(EMBEDDED, f"{part.rstrip(chr(10))}\n", 1)
        node["text"] = text.replace(EMBEDDED, "").rstrip("\n")[:TEXT]


def _tables(bus: Bus, tables: list[dict[str, Any]], most: int) -> None:
    """The cells of tables whose applications keep them out of the tree."""
    for table in tables:
        if "manages" in table["states"] and "Table" in table["interfaces"]:
            table["children"] = _cells(bus, table, most)


def _cells(bus: Bus, table: dict[str, Any], most: int) -> list[dict[str, Any]]:
    rows, columns = _range(bus, table)
    places = [(row, column) for row in rows for column in columns][:most]
    say = [(*table["at"], "Table", "GetAccessibleAt", GLib.Variant("(ii)", place)) for place in places]
    found = [at for at in bus.ask(say) if at]
    calls: list[tuple[Any, ...]] = []
    for at in found:
        calls += [
            _property(at, "Accessible", "Name"),
            (*at, "Accessible", "GetState", None),
            (*at, "Text", "GetText", GLib.Variant("(ii)", (0, -1))),
        ]
    told = bus.ask(calls)
    cells = []
    for number, at in enumerate(found):
        name, states, text = told[3 * number : 3 * number + 3]
        cell = _node(at, name, CELL, states or (0, 0), ["Component"])
        cell["text"] = (text or "")[:TEXT]
        cells.append(cell)
    _parts(bus, [cell for cell in cells if not cell["name"] and not cell["text"]][:CHILDREN])
    return cells


def _parts(bus: Bus, cells: list[dict[str, Any]]) -> None:
    """Give cells that have a picture and a text in them, as those of files, the name of what is in them."""
    inside = bus.ask([(*cell["at"], "Accessible", "GetChildren", None) for cell in cells])
    pairs = [(cell, at) for cell, ats in zip(cells, inside, strict=True) for at in (ats or [])[:4]]
    names = bus.ask([_property(at, "Accessible", "Name") for _, at in pairs])
    for (cell, _), name in zip(pairs, names, strict=True):
        cell["name"] = cell["name"] or name or ""


def _range(bus: Bus, table: dict[str, Any]) -> tuple[range, range]:
    """Rows and columns of a table that can be seen."""
    at = table["at"]
    box, rows, columns = bus.ask(
        [
            (*at, "Component", "GetExtents", GLib.Variant("(u)", (0,))),
            _property(at, "Table", "NRows"),
            _property(at, "Table", "NColumns"),
        ]
    )
    if not rows or not columns or not box:
        return range(0), range(0)
    x, y, width, height = box
    corners = [(x + 6, y + 6), (x + width - 6, y + height - 6)]
    ask = [(*at, "Component", "GetAccessibleAtPoint", GLib.Variant("(iiu)", (*one, 0))) for one in corners]
    ends = bus.ask(ask)
    indices = bus.ask([(*cell, "Accessible", "GetIndexInParent", None) for cell in ends if cell])
    if len(indices) < 2 or any(index is None or index < 0 for index in indices):
        return range(min(rows, 60)), range(min(columns, 12))
    (top, left), (bottom, right) = [divmod(index, columns) for index in indices]
    return range(top, max(top, bottom) + 1), range(left, max(left, right) + 1)
