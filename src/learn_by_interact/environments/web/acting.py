"""What an action does to a page, and the sentence for one that cannot be done."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ...types import Action
from ..elements import Refused, find, plain_name
from .snapshot import Node, below, quoted
from .times import TAKES, written

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

CLICK_MS = 5_000
"""Time in which an element must be ready for an action."""
HOVER_MS = 350
"""Time after which a menu opens under a mouse that rests on it (jQuery UI: 300)."""
GOTO_MS = 20_000
KEEPS = "element => element.hasAttribute('download')"
SCROLLED = 800
"""Pixels of one scroll."""
TYPED = frozenset({"textbox", "searchbox", "spinbutton", "combobox", "slider"})
"""Roles of what a text can go into."""


def on_element(action: Action, elements: Mapping[str, Node], locate: Callable[[Node], Locator]) -> None:
    """Click, hover, type or select. Raises Refused, and Playwright's errors."""
    said = action.arguments
    name = str(said.get("element", ""))
    if action.tool == "type":
        node = find(name, elements, TYPED)
        _fill(node, name, str(said.get("text", "")), locate(node))
        return
    if action.tool == "select":
        node = find(name, elements)
        _select(node, name, str(said.get("option", "")), elements, locate)
        return
    node = find(name, elements)
    if action.tool == "hover":
        locate(node).hover(timeout=CLICK_MS)
        locate(node).page.wait_for_timeout(HOVER_MS)
        return
    holder = _list_of(node, elements)
    if holder is not None:
        # An option of a list in the page's own form cannot be clicked: it is chosen.
        locate(holder).select_option(label=node.name, timeout=CLICK_MS)
        return
    _click(node, locate(node))


def _click(node: Node, place: Locator) -> None:
    """Click; where a link's file is kept, it is told of a moment later, and nothing else says so."""
    from playwright.sync_api import TimeoutError as TooSlow

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


def _fill(node: Node, name: str, text: str, locator: Locator) -> None:
    if node.role not in TYPED:
        raise Refused(f"Nothing can be typed into [{name}].")
    if "disabled" in node.attributes:
        raise Refused(f"[{name}] is disabled.")
    if (
        node.role == "combobox"
        and any(inner.role == "option" for inner in below(node))
        and not _editable(locator)
    ):
        raise Refused(f'[{name}] is a list: select "..." in [{name}].')
    if node.kind:
        known = written(node.kind, text)
        if known is None:
            raise Refused(f"[{name}] takes {TAKES[node.kind]}, and not {quoted(text)}.")
        text = known
    locator.fill(text, timeout=CLICK_MS)


def _editable(locator: Locator) -> bool:
    return bool(locator.evaluate("element => element.tagName !== 'SELECT'"))


def _select(
    node: Node, name: str, option: str, elements: Mapping[str, Node], locate: Callable[[Node], Locator]
) -> None:
    options = [inner.name for inner in below(node) if inner.role == "option"]
    if not options:
        # A list that the page draws itself shows its options once it is open.
        if node.role not in ("combobox", "listbox", "button"):
            raise Refused(f"[{name}] is no list.")
        locate(node).click(timeout=CLICK_MS)
        locate(node).page.get_by_role("option", name=option).first.click(timeout=CLICK_MS)
        return
    same = [known for known in options if known == option] or [
        known for known in options if plain_name(known) == plain_name(option)
    ]
    if not same:
        there = ", ".join(map(quoted, options[:20]))
        raise Refused(f"[{name}] has no option {quoted(option)}. It has {there}.")
    locate(node).select_option(label=same[0], timeout=CLICK_MS)


def _list_of(node: Node, elements: Mapping[str, Node]) -> Node | None:
    """The list that an option is in, as the page's form has it."""
    if node.role != "option":
        return None
    return next((one for one in elements.values() if any(inner is node for inner in below(one))), None)


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


def press(page: Page, name: str) -> None:
    """Press a key. Raises Refused for one that does not exist."""
    from playwright.sync_api import Error

    try:
        page.keyboard.press(key(name))
    except Error:
        raise Refused(
            f"There is no key {name!r}. Keys are Enter, Tab, Escape, ArrowDown, Control+a."
        ) from None
