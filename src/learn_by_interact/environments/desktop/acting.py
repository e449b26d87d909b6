"""What an action does: Python code with pyautogui, which the machine runs, or why it cannot be done."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ...types import Action
from ..elements import Refused, find
from .actions import PYTHON, SELECTED
from .machine import Machine
from .screen import TYPED, Item, Screen, disabled, read
from .text import written_in

CLICKS = {"click": "click", "double_click": "doubleClick", "right_click": "rightClick", "hover": "moveTo"}
KEYS = {
    "control": "ctrl",
    "return": "enter",
    "escape": "esc",
    "arrowup": "up",
    "arrowdown": "down",
    "arrowleft": "left",
    "arrowright": "right",
    "page_up": "pageup",
    "page_down": "pagedown",
    "meta": "win",
    "cmd": "win",
}
"""Keys as browsers call them -> as pyautogui does."""
KNOWN = frozenset(
    [
        "enter",
        "esc",
        "tab",
        "space",
        "backspace",
        "delete",
        "del",
        "insert",
        "home",
        "end",
        "pageup",
        "pagedown",
        "pgup",
        "pgdn",
        "up",
        "down",
        "left",
        "right",
        "ctrl",
        "shift",
        "alt",
        "win",
        "super",
        "capslock",
        "printscreen",
        "menu",
    ]
) | {f"f{number}" for number in range(1, 13)}
CELL = re.compile(r'cell "([A-Z]{1,3}[1-9]\d*(?::[A-Z]{1,3}[1-9]\d*)?)"')
"""A cell of a sheet, or a range of them."""
NAME_BOX = 'textbox "Name Box"'
"""The field into which the name of a cell is typed to go there (see `Desktop.names`)."""
SCROLLED = 5
"""Clicks of the wheel."""
MENU_QUIET, MENU_PATIENCE = 0.15, 2.0
"""Seconds without a change after which a menu is open, and that are waited at most."""
DEEP = 2
"""Menus within menus from which on an item may be made only when its menu opens."""
LAST_LINE = 8
"""Pixels from the lower edge of a paragraph at which its last line is clicked: places are not exact."""
LEAVE = "pyautogui.press('esc')"
"""Code that leaves a menu bar."""
WAITED = 1.0
"""Seconds of a `wait`."""


def perform(action: Action, screen: Screen, machine: Machine, apps: Mapping[str, str], seconds: float) -> str:
    """Do an action on the screen that was seen -> "", or why it failed. Raises EnvironmentFault."""
    said = action.arguments
    try:
        if action.tool == "open":
            machine.launch(_app(str(said.get("name", "")), apps))
            return ""
        if action.tool == PYTHON:
            failed = machine.python(str(said.get("code", "")), seconds)
            return f"The code failed: {failed}" if failed else ""
        if action.tool in CLICKS and not _away(str(said.get("element", "")), screen):
            item = _element(str(said.get("element", "")), screen)
            if item.centre is None and item.direct:
                failed = machine.click(item.node)
                if failed or not _left_open(item.path, machine):
                    return _failed(failed)
                return _failed(_in_open_menu(item.path, machine, seconds))
            if item.centre is None:
                return _failed(_through_menus(item.path, screen, machine, seconds))
        if written := _in_text(action, screen):
            return _failed(written(machine, seconds))
        failed = machine.python(code(action, screen), seconds)
        return _failed(
            failed or (_counted(action, screen, machine, seconds) if action.tool == "type" else "")
        )
    except Refused as refused:
        return str(refused)


def _counted(action: Action, screen: Screen, machine: Machine, seconds: float) -> str:
    """Let a spin button take what was typed into it, if it only shows it -> "", or why not.

    Those of LibreOffice take it with Enter, which closes a dialog, or when they count: one up and one down,
    in the order that passes no limit.
    """
    name = str(action.arguments.get("element", ""))
    item = screen.elements.get(name)
    if item is None or "number" not in item.node:
        return ""
    now = _menus(machine).elements.get(name)
    if now is None or now.node.get("number") != item.node["number"]:
        return ""
    was, written = (re.search(r"-?\d+(?:\.\d+)?", str(one.node.get("text", ""))) for one in (item, now))
    if was is None or written is None or was[0] == written[0]:
        return ""
    keys = ("down", "up") if float(written[0]) > float(was[0]) else ("up", "down")
    return machine.python("; ".join(f"pyautogui.press({key!r})" for key in keys), seconds)


def _in_text(action: Action, screen: Screen) -> Callable[[Machine, float], str] | None:
    """What an action on a text does, where it is not only the mouse and the keys. Raises Refused."""
    said = action.arguments
    name = str(said.get("element", ""))
    if action.tool == "select" and "to" in said:
        first, last = (_text(str(said[one]), screen) for one in ("element", "to"))
        if first.box is None or last.box is None:
            raise Refused(f"[{name}] is not in view.")
        left, top, width, height = last.box
        x, y = left + width - 2, top + height - min(LAST_LINE, height // 2)
        click = f"pyautogui.keyDown('shift'); pyautogui.click({x}, {y}); pyautogui.keyUp('shift')"
        return lambda machine, seconds: machine.choose(first.node, 0, 0) or machine.python(click, seconds)
    if action.tool == "select":
        item = _text(name, screen)
        begin, end = _found(str(said["text"]), name, item, screen) if "text" in said else (0, -1)
        return lambda machine, seconds: _chosen(item, begin, end, machine, seconds)
    if action.tool not in ("click", "type") or not name or _away(name, screen):
        return None
    item = _element(name, screen, TYPED if action.tool == "type" else None)
    if action.tool == "click":
        if item.role != "paragraph":
            return None
        return lambda machine, seconds: _chosen(item, -1, -1, machine, seconds)
    texts = [item.node] if item.role == "paragraph" else written_in(item.node)
    if item.role == "paragraph" or "document" in item.node:
        text = str(said.get("text", ""))
        keys = f"pyautogui.write({text!r})" if text else "pyautogui.press('delete')"
        if len(texts) > 1:
            keys = f"pyautogui.hotkey('ctrl', 'a'); {keys}"

        def typed(machine: Machine, seconds: float) -> str:
            whole = len(texts) == 1
            failed = machine.python(f"pyautogui.click({_place(item, name)})", seconds)
            failed = failed or (machine.choose(texts[0], 0, -1) if whole else "")
            return failed or machine.python(keys, seconds)

        return typed
    return None


def _chosen(item: Item, begin: int, end: int, machine: Machine, seconds: float) -> str:
    """Click a text, which gives its window the keys, and select a part of it -> "", or why not."""
    at = _place(item, item.label)
    return machine.python(f"pyautogui.click({at})", seconds) or machine.choose(item.node, begin, end)


def _text(name: str, screen: Screen) -> Item:
    item = _element(name, screen, SELECTED)
    if item.role not in SELECTED:
        raise Refused(f"Nothing can be selected in [{name}]: click it.")
    return item


def _found(words: str, name: str, item: Item, screen: Screen) -> tuple[int, int]:
    """Where words stand in a text. Raises Refused, which says where else they stand."""
    text = str(item.node.get("text", ""))
    at = text.find(words)
    at = text.lower().find(words.lower()) if at < 0 else at
    if at < 0 or not words:
        others = [
            f"[{other}]"
            for other, one in screen.elements.items()
            if words and one.role in SELECTED and words in str(one.node.get("text", ""))
        ]
        hint = f" It stands in {', '.join(others[:3])}." if others else ""
        raise Refused(f"[{name}] does not contain {words!r}.{hint}")
    return at, at + len(words)


def _menus(machine: Machine) -> Screen:
    """The screen once menus that open stand still."""
    machine.rest(MENU_QUIET, MENU_PATIENCE)
    return read(machine.look(0).windows, {}, "", False)


def _left_open(path: str, machine: Machine) -> bool:
    """Whether the menus around an item that was clicked closed are open now: it is made when its menu is."""
    if path.count(" > ") < DEEP:
        return False
    around = [one for one in _menus(machine).elements.values() if one.box and one.path.count(" > ")]
    return any(path.startswith(f"{one.path} > ") for one in around)


def _in_open_menu(path: str, machine: Machine, seconds: float) -> str:
    """Click an item of the menu within the one that is open, which the keys open -> "", or why not."""
    machine.python("pyautogui.press('right')", seconds)
    item = next((one for one in _menus(machine).elements.values() if one.path == path and one.box), None)
    if item is None:
        machine.python("; ".join([LEAVE] * len(path.split(" > "))), seconds)
        return f"the menu does not show {path!r}"
    return machine.python(f"pyautogui.click({_place(item, path)})", seconds)


def _through_menus(path: str, screen: Screen, machine: Machine, seconds: float) -> str:
    """Click the menus that an item is in, one after the other, and then the item -> "", or why not."""
    parts = path.split(" > ")
    for number in range(1, len(parts) + 1):
        here = " > ".join(parts[:number])
        item = next((one for one in screen.elements.values() if one.path == here and one.box), None)
        if item is None:
            machine.python(f"{LEAVE}; {LEAVE}", seconds)
            return f"the menu does not show {here!r}"
        if failed := machine.python(f"pyautogui.click({_place(item, here)})", seconds):
            return failed
        if number < len(parts):
            screen = _menus(machine)
    return ""


def code(action: Action, screen: Screen) -> str:
    """The Python code that does an action on elements. Raises Refused, which says what there is."""
    said, lines = action.arguments, list[str]()
    name = str(said.get("element", ""))
    if away := _away(name, screen):
        lines += away
        if action.tool == "type":
            lines += _into_cell(str(said.get("text", "")))
        elif action.tool != "click":
            raise Refused(f"[{name}] is not in view: scroll, or click it.")
    elif action.tool in CLICKS:
        lines.append(f"pyautogui.{CLICKS[action.tool]}({_place(_element(name, screen), name)})")
    elif action.tool == "type":
        text = str(said.get("text", ""))
        lines += _typed(name, text, screen) if name else [f"pyautogui.write({text!r})"]
    elif action.tool == "press":
        keys = [_key(part) for part in re.split(r"\+(?=.)", str(said.get("key", "")))]
        lines.append(f"pyautogui.hotkey({', '.join(map(repr, keys))})")
    elif action.tool == "scroll":
        clicks = SCROLLED if said.get("direction") == "up" else -SCROLLED
        lines += [*_over(screen), f"pyautogui.scroll({clicks})"]
    elif action.tool == "wait":
        lines.append(f"pyautogui.sleep({WAITED})")
    else:
        raise Refused(f"There is no action {action.tool!r}.")
    return "\n".join(lines)


def _element(name: str, screen: Screen, roles: frozenset[str] | None = None) -> Item:
    """The element of a name, or of a number on the picture. Raises Refused, which says what there is."""
    if name.isdecimal() and name not in screen.elements and 0 < int(name) <= len(screen.drawn):
        return screen.elements[screen.drawn[int(name) - 1]]
    return find(name, screen.elements, roles, "screen")


def _away(name: str, screen: Screen) -> list[str]:
    """How to go to a cell that is not in view: by its name, where the window has a field for that."""
    cell, box = CELL.fullmatch(name), screen.elements.get(NAME_BOX)
    if name in screen.elements or cell is None or box is None:
        return []
    to = f"pyautogui.click({_place(box, NAME_BOX)})"
    return [to, "pyautogui.hotkey('ctrl', 'a')", f"pyautogui.write({cell[1] + chr(10)!r})"]


def _into_cell(text: str) -> list[str]:
    """Write a text in the present cell, in the place of what it holds."""
    if not text:
        return ["pyautogui.press('delete')"]
    return [f"pyautogui.write({text!r})", "pyautogui.press('enter')"]


def _typed(name: str, text: str, screen: Screen) -> list[str]:
    """A text in the place of what an element holds; in a cell, Enter follows."""
    item = _element(name, screen, TYPED)
    if item.role not in TYPED:
        raise Refused(f"Nothing can be typed into [{name}].")
    if disabled(item):
        raise Refused(f"[{name}] is disabled.")
    clicked = f"pyautogui.click({_place(item, name)})"
    if item.role == "spinbutton" and item.box:
        # Its text is at the left; GTK has a button for less in the middle.
        left, top, width, height = item.box
        clicked = f"pyautogui.click({left + width // 6}, {top + height // 2})"
    if item.role == "cell":
        return [clicked, *_into_cell(text)]
    emptied = [clicked, "pyautogui.hotkey('ctrl', 'a')"]
    return [*emptied, f"pyautogui.write({text!r})" if text else "pyautogui.press('delete')"]


def _place(item: Item, name: str) -> str:
    if item.centre is None:
        raise Refused(f"[{name}] is not in view.")
    return f"{item.centre[0]}, {item.centre[1]}"


def _over(screen: Screen) -> list[str]:
    """The mouse on what can be scrolled: a table, or a text of several lines, where there is one."""
    found = [
        item
        for item in screen.elements.values()
        if item.box and item.role in ("cell", "paragraph", "textbox")
    ]
    if not found:
        return []
    sheet = [item for item in found if item.role == "cell"]
    largest = sheet[len(sheet) // 2] if sheet else max(found, key=lambda item: (item.box or (0, 0, 0, 0))[3])
    return [f"pyautogui.moveTo({_place(largest, '')})"]


def _key(name: str) -> str:
    name = name.strip() or " "
    low = KEYS.get(name.lower(), name.lower())
    if low in KNOWN or len(name) == 1:
        return low if low in KNOWN else name
    raise Refused(f"There is no key {name!r}. Keys are Enter, Tab, Escape, ArrowDown, F2, Control+s.")


def _app(name: str, apps: Mapping[str, str]) -> str:
    known = {one.lower(): command for one, command in apps.items()}
    if name.strip("[]\"'").lower() not in known:
        there = ", ".join(apps) or "none"
        raise Refused(f"There is no application {name!r} to open. There is: {there}.")
    return known[name.strip("[]\"'").lower()]


def _failed(told: str) -> str:
    return f"That could not be done: {told}." if told else ""
