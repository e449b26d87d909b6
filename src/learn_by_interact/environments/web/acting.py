"""What an action does to a page, and the sentence for one that cannot be done."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from ...types import Action
from .snapshot import Node, below, quoted

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

CLICK_MS = 5_000
"""Time in which an element must be ready for an action."""
HOVER_MS = 350
"""Time after which a menu opens under a mouse that rests on it (jQuery UI: 300)."""
GOTO_MS = 20_000
SCROLLED = 800
"""Pixels of one scroll."""
NEAR = 6
"""Names that are told when there is no such element."""
TYPED = frozenset({"textbox", "searchbox", "spinbutton", "combobox", "slider"})
"""Roles of what a text can go into."""


class Refused(Exception):
    """An action that cannot be done: the message is for the model."""


def find(name: str, elements: Mapping[str, Node], roles: frozenset[str] | None = None) -> Node:
    """The element of this name; also of a name that is nearly it, if only one is.

    `roles`: those that the action is for. Raises Refused, which says what there is.
    """
    if node := elements.get(name) or elements.get(name.removesuffix(" #1")):
        return node
    allowed = {known: node for known, node in elements.items() if roles is None or node.role in roles}
    wanted = _plain(name)
    for likeness in (_same, _same_label, _begins):
        found = [known for known in allowed if likeness(wanted, _plain(known))]
        if len(found) == 1:
            return allowed[found[0]]
        if (
            found
            and likeness is not _begins
            and len({_plain(known).partition(" #")[0] for known in found}) == 1
        ):
            return allowed[found[0]]
    names = sorted(allowed, key=lambda known: -SequenceMatcher(None, wanted, _plain(known)).ratio())
    there = ", ".join(f"[{known}]" for known in names[:NEAR])
    raise Refused(
        f"There is no [{name}] on this page. "
        + (f"There is {there}." if there else "Nothing here can be acted on.")
    )


def _plain(name: str) -> str:
    """A name without what models change: case, quotation marks, a colon at the end."""
    return re.sub(r"\s+", " ", re.sub(r"""["'\[\]:*]""", "", name)).strip().lower()


def _same(wanted: str, known: str) -> bool:
    return wanted == known


def _same_label(wanted: str, known: str) -> bool:
    """The label alone, without the role or with another."""
    label = known.partition(" ")[2]
    return bool(label) and label in (wanted, wanted.partition(" ")[2])


def _begins(wanted: str, known: str) -> bool:
    label = wanted.removesuffix("...").strip()
    return len(label) > 2 and (known.startswith(label) or known.partition(" ")[2].startswith(label))


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
    locate(node).click(timeout=CLICK_MS)


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
        known for known in options if _plain(known) == _plain(option)
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
