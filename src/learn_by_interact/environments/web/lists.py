"""Choosing an option of a list: of one in the page's form, or of one that the page draws itself."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..elements import Refused, plain_name
from . import filling
from .filling import CLICK_MS
from .nodes import Node, quoted

if TYPE_CHECKING:
    from playwright.sync_api import JSHandle, Locator

OPENS_S, SEARCHES_S = 0.8, 1.5
"""Seconds in which a list shows its options once it is open, and once something was typed into it."""
NAMED = 20
"""Options that are told."""
LISTS = frozenset({"combobox", "listbox", "button"})
"""Roles of what options can be chosen in; a button may open them."""
LIST = """element => {
    const select = element.matches('select');
    const options = select ? [...element.options] : [...element.list?.options ?? []];
    return {
        select,
        multiple: select && element.multiple,
        chosen: options.filter(one => one.selected).map(one => one.index),
        options: options.map(one => one.label || one.value),
        off: options.filter(one => one.matches(':disabled')).map(one => one.index),
        expanded: element.ariaExpanded === 'true',
    };
}"""
"""JavaScript: what the page's own form says of a list; a field with suggestions has options, too."""
OFFERS = """(element, before) => {
    const options = '[role=option], [role=treeitem], [role^=menuitem]';
    const seen = one => one.checkVisibility({visibilityProperty: true}) && one.getClientRects().length;
    const inside = one => [...one.querySelectorAll(options)].filter(seen);
    const root = element.getRootNode(), named = new Set([element]);
    for (const one of [element, ...element.querySelectorAll('input, [aria-controls], [aria-owns]')])
        for (const said of ['aria-owns', 'aria-controls', 'aria-activedescendant'])
            for (const id of (one.getAttribute(said) ?? '').split(/\\s+/).filter(Boolean)) {
                const found = root.getElementById?.(id) ?? document.getElementById(id);
                named.add(said === 'aria-activedescendant' ? found?.closest('[role=listbox]') : found);
            }
    const own = [...named].filter(Boolean).flatMap(inside);
    if (own.length || !before) return [...new Set(own)];
    return [...inside(root), ...root === document ? [] : inside(document)].filter(one => !before.has(one));
}"""
"""JavaScript: the options that can be seen in a list and in what it owns; else those that were not there
`before`, if that is given."""
THERE = f"element => new Set(({OFFERS})(element, new Set()))"
"""JavaScript: the options that can be seen now."""
NAMES = """options => options.map(one =>
    (one.ariaLabel || one.innerText || one.textContent).replace(/\\s+/g, ' ').trim())"""
CHOSEN = """one => one.ariaSelected === 'true'
    && one.closest('[role=listbox], [role=tree]')?.ariaMultiSelectable === 'true'"""
"""JavaScript: whether a click on an option would take it out of what is chosen."""
HELD = """element => {
    const field = element.getRootNode().activeElement ?? document.activeElement;
    const typed = field && !field.readOnly && (field.matches('input, textarea') || field.isContentEditable);
    return typed ? field.value ?? field.innerText : null;
}"""
"""JavaScript: what the field with the focus holds; null: it takes no text."""


def select(node: Node, name: str, option: str, place: Locator) -> None:
    """Choose an option. Raises Refused, which names the options that there are, and Playwright's errors."""
    if node.role not in LISTS:
        raise Refused(f"[{name}] is no list.")
    if "disabled" in node.attributes:
        raise Refused(f"[{name}] is disabled.")
    said = place.evaluate(LIST, timeout=CLICK_MS)
    if not said["select"] and not said["options"]:
        _select_drawn(node, name, option, place, bool(said["expanded"]))
        return
    at = _match(option, said["options"])
    if at is None:
        raise _without(name, option, said["options"])
    if at in said["off"]:
        raise Refused(f"The option {quoted(said['options'][at])} of [{name}] is disabled.")
    if not said["select"]:
        filling.put(place, lambda _: str(said["options"][at]))
        return
    # In a list of which several can be chosen, what is chosen stays so.
    kept = said["chosen"] if said["multiple"] else []
    place.select_option(index=sorted({*kept, at}), timeout=CLICK_MS)


def _select_drawn(node: Node, name: str, option: str, place: Locator, expanded: bool) -> None:
    """Choose an option in a list that the page draws: it shows its options, or does so once it is open."""
    shown = _offered(place, option, None, 0)
    if shown and (node.role == "listbox" or _match(option, shown) is not None):
        if not _click(place, option, None):
            raise _without(name, option, shown)
        return
    before = None
    for _ in range(2 if expanded else 1):  # A click on one that is open closes it.
        before = place.evaluate_handle(THERE)
        place.click(timeout=CLICK_MS)
        if shown := _offered(place, option, before, OPENS_S):
            break
    if _click(place, option, before):
        return
    held = place.evaluate(HELD) if node.role != "button" else None
    if held is not None:
        _type(place, option)
        if _offered(place, option, before, SEARCHES_S) and _click(place, option, before):
            return
        _type(place, str(held))
    raise _without(name, option, shown)


def _offered(place: Locator, option: str, before: JSHandle | None, seconds: float) -> list[str]:
    """The names of the options that are there: waited for until the wanted one is, or for so long."""
    until = time.monotonic() + seconds
    while True:
        names = [str(one) for one in place.evaluate_handle(OFFERS, before).evaluate(NAMES)]
        if _match(option, names) is not None or time.monotonic() >= until:
            return names
        place.page.wait_for_timeout(50)


def _click(place: Locator, option: str, before: JSHandle | None) -> bool:
    """Click an option that is there. -> whether there was one"""
    from playwright.sync_api import Error

    for attempt in range(3):
        offers = place.evaluate_handle(OFFERS, before)
        at = _match(option, offers.evaluate(NAMES))
        found = None if at is None else offers.evaluate_handle("(all, at) => all[at]", at).as_element()
        if found is None:
            return False
        try:
            if not found.evaluate(CHOSEN):
                found.click(timeout=CLICK_MS)
            return True
        except Error as error:
            # A list that is being searched is drawn again meanwhile.
            if attempt == 2 or "not attached" not in str(error):
                raise
    return False


def _type(place: Locator, text: str) -> None:
    """Type in the place of what the field with the focus holds."""
    keyboard = place.page.keyboard
    keyboard.press("Control+a")
    if text:
        keyboard.type(text)
    else:
        keyboard.press("Delete")


def _match(option: str, options: Sequence[str]) -> int | None:
    """Where an option is: the one of this name; else the only one that has it, as whole words."""
    wanted = plain_name(option)
    for same in (
        lambda known: known == option,
        lambda known: " ".join(known.split()) == " ".join(option.split()),
        lambda known: plain_name(known) == wanted,
    ):
        if found := [at for at, known in enumerate(options) if same(known)]:
            return found[0]
    words = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")
    found = [at for at, known in enumerate(options) if wanted and words.search(plain_name(known))]
    return found[0] if len(found) == 1 else None


def _without(name: str, option: str, options: Sequence[str]) -> Refused:
    if not options:
        return Refused(f"[{name}] shows no options, and so not {quoted(option)}.")
    more = f" and {len(options) - NAMED} more" if len(options) > NAMED else ""
    there = ", ".join(map(quoted, options[:NAMED]))
    return Refused(f"[{name}] has no option {quoted(option)}. It has {there}{more}.")
