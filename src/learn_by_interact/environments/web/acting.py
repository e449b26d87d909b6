"""What an action does to a page, and the sentence for one that cannot be done."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ...types import Action
from ..elements import Refused, find
from . import filling, lists, sending
from .filling import CLICK_MS
from .nodes import Node, below, quoted
from .times import TAKES, written

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

HOVER_MS = 350
"""Time after which a menu opens under a mouse that rests on it (jQuery UI: 300)."""
GOTO_MS = 20_000
KEEPS = "element => element.hasAttribute('download')"
SCROLLED = 800
"""Pixels of one scroll."""
ON_ELEMENTS = frozenset({"click", "double_click", "check", "uncheck", "hover", "type", "select"})
"""Actions that name an element."""
TYPED = frozenset({"textbox", "searchbox", "spinbutton", "combobox", "slider"})
"""Roles of what a text can go into."""
TICKED = """element => {
    if (element.matches('input[type=checkbox], input[type=radio]')) return element.checked;
    const said = element.ariaChecked ?? element.ariaPressed ?? element.ariaSelected;
    return said === null ? null : said === 'true';
}"""
"""JavaScript: whether it is ticked; null: it is nothing that is."""
_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")


def on_element(action: Action, elements: Mapping[str, Node], locate: Callable[[Node], Locator]) -> None:
    """Click, tick, hover, type or select. Raises Refused, and Playwright's errors."""
    said, tool = action.arguments, action.tool
    name = str(said.get("element", ""))
    node = find(name, elements, TYPED if tool == "type" else None)
    place = locate(node)
    if tool == "type":
        _fill(node, name, str(said.get("text", "")), place)
    elif tool == "select":
        lists.select(node, name, str(said.get("option", "")), place)
    elif tool == "hover":
        place.hover(timeout=CLICK_MS)
        place.page.wait_for_timeout(HOVER_MS)
    elif tool == "double_click":
        place.dblclick(timeout=CLICK_MS)
    elif (holder := _list_of(node, elements)) is not None:
        # An option of a list in the page's own form cannot be clicked: it is chosen.
        lists.select(elements[holder], holder, node.name, locate(elements[holder]))
    elif tool == "click" or _changes(node, name, place, tool == "check"):
        _click(node, place, elements, locate)


def _changes(node: Node, name: str, place: Locator, wanted: bool) -> bool:
    """Whether a box has to be clicked to be ticked, or not to be. Raises Refused for one of several."""
    ticked = place.evaluate(TICKED, timeout=CLICK_MS)
    if ticked and not wanted and node.role in ("radio", "menuitemradio"):
        raise Refused(f"[{name}] is one of several: check another in its place.")
    return ticked is None or bool(ticked) is not wanted


def _click(
    node: Node, place: Locator, elements: Mapping[str, Node], locate: Callable[[Node], Locator]
) -> None:
    """Click; where a link's file is kept, it is told of a moment later, and nothing else says so."""
    from playwright.sync_api import TimeoutError as TooSlow

    if node.role == "button":
        with sending.sent(place, elements, locate):
            place.click(timeout=CLICK_MS)
        return
    if node.role != "link" or not place.evaluate(KEEPS, timeout=CLICK_MS):
        place.click(timeout=CLICK_MS)
        return
    done = False
    try:
        with place.page.expect_event("download", timeout=CLICK_MS):
            place.click(timeout=CLICK_MS)
            done = True
    except TooSlow:
        if not done:
            raise


def _fill(node: Node, name: str, text: str, place: Locator) -> None:
    """Put a text into a field. Raises Refused, and Playwright's errors."""
    from playwright.sync_api import Error

    if node.role not in TYPED:
        raise Refused(f"Nothing can be typed into [{name}].")
    if "disabled" in node.attributes:
        raise Refused(f"[{name}] is disabled.")
    try:
        filling.put(place, lambda kind: _taken(node, name, text, kind))
    except Error as error:
        if "Malformed value" not in str(error):
            raise
        raise Refused(f"[{name}] does not take {quoted(text)}.") from None


def _taken(node: Node, name: str, text: str, kind: str) -> str:
    """A text as a field of this kind takes it. Raises Refused where it does not."""
    if kind == "list" or (kind in ("none", "read-only") and node.role == "combobox"):
        raise Refused(f'[{name}] is a list: select "..." in [{name}].')
    if kind == "read-only":
        raise Refused(f"[{name}] is read-only.")
    if kind == "none":
        raise Refused(f"Nothing can be typed into [{name}].")
    known = written(kind, text) if kind in TAKES else text
    if known is None:
        raise Refused(f"[{name}] takes {TAKES[kind]}, and not {quoted(text)}.")
    if kind in ("number", "range") and text and not _NUMBER.fullmatch(text):
        raise Refused(f"[{name}] takes a number, and not {quoted(text)}.")
    return known


def _list_of(node: Node, elements: Mapping[str, Node]) -> str | None:
    """The name of the list that an option is in, as the page's form has it."""
    if node.role != "option":
        return None
    return next((name for name, one in elements.items() if any(inner is node for inner in below(one))), None)


def key(name: str) -> str:
    """A key as Playwright calls it: `Enter`, `Control+a`."""
    known = {
        "return": "Enter",
        "esc": "Escape",
        "space": " ",
        "del": "Delete",
        "ctrl": "Control",
        "cmd": "Meta",
    }
    names = {"up": "ArrowUp", "down": "ArrowDown", "left": "ArrowLeft", "right": "ArrowRight", **known}
    parts = [names.get(part.lower(), part) for part in re.split(r"\+(?=.)", name)]
    return "+".join(part if len(part) == 1 else part[:1].upper() + part[1:] for part in parts)


def press(page: Page, name: str, elements: Mapping[str, Node], locate: Callable[[Node], Locator]) -> None:
    """Press a key. Raises Refused for one that does not exist, and where Enter does not send a form."""
    if key(name) != "Enter":
        _press(page, name)
        return
    with sending.sent(page, elements, locate):
        _press(page, name)


def _press(page: Page, name: str) -> None:
    from playwright.sync_api import Error

    with filling.settled(page):
        try:
            page.keyboard.press(key(name))
        except Error:
            raise Refused(
                f"There is no key {name!r}. Keys are Enter, Tab, Escape, ArrowDown, Control+a."
            ) from None
