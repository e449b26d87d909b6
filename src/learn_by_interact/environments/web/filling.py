"""Typing into a field: its text is put there at once, and then told of as keys are.

To press each key takes long, and is disturbed by what a page does meanwhile. What listens to keys alone, as
some searches do, is told of the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import JSHandle, Locator, Page

CLICK_MS = 5_000
"""Time in which an element must be ready for an action."""
SHORT_MS, LONG_MS = 50, 600
"""A search waits for more keys between these times before it begins; what is shorter is seen anyway."""
KIND = """element => {
    if (element.matches('select')) return 'list';
    const field = element.matches('input, textarea');
    if (field ? element.readOnly : element.ariaReadOnly === 'true') return 'read-only';
    return field ? element.type : element.isContentEditable || element.closest('label') ? '' : 'none';
}"""
"""JavaScript: the type of a field; `list`, `read-only`; `none`: it takes no text."""
WATCH = """element => {
    const view = element?.ownerDocument.defaultView ?? window, begin = view.setTimeout;
    const watch = {element, kind: element && (KIND)(element), longest: 0};
    watch.end = () => { view.setTimeout = begin };
    view.setTimeout = (what, after, ...rest) => {
        if (after > SHORT && after <= LONG) watch.longest = Math.max(watch.longest, after);
        return begin.call(view, what, after, ...rest);
    };
    return watch;
}"""
WATCH = WATCH.replace("SHORT", str(SHORT_MS)).replace("LONG", str(LONG_MS)).replace("KIND", KIND)
"""JavaScript: from now on, see for how long the page puts something off."""
END = "watch => { watch.end(); return watch.longest }"
"""JavaScript -> milliseconds"""
KEYS = """({element}, key) => {
    const holds = () => element.value ?? element.innerText;
    const before = holds(), one = key.length === 1, plain = /^[a-z0-9 ]$/i.test(key);
    const number = !one ? 8 : plain ? key.toUpperCase().charCodeAt(0) : 190;
    const tell = (type, keyCode, charCode = 0) => element.dispatchEvent(new KeyboardEvent(
        type, {key, keyCode, charCode, bubbles: true, cancelable: true, composed: true}));
    tell('keydown', number);
    if (one) tell('keypress', key.charCodeAt(0), key.charCodeAt(0));
    tell('keyup', number);
    return [before, holds()];
}"""
"""JavaScript: tell an element of a key -> what it holds before and after that."""


def put(place: Locator, taken: Callable[[str], str]) -> None:
    """Put a text where text can be: `taken` gives it for the kind that is taken there.

    Raises Refused, and Playwright's errors.
    """
    from playwright.sync_api import Error

    with settled(place) as watch:
        text = taken(str(watch.evaluate("watch => watch.kind")))
        field = watch.evaluate_handle("watch => watch.element").as_element()
        assert field is not None
        field.fill(text, timeout=CLICK_MS)
        with suppress(Error):  # The page may have gone on.
            before, after = watch.evaluate(KEYS, text.rstrip("\n")[-1:] or "Backspace")
            # What a page empties, or writes in another way, is meant so.
            if after and _plain(after) != _plain(before):
                field.fill(text, timeout=CLICK_MS)


@contextmanager
def settled(place: Locator | Page) -> Iterator[JSHandle]:
    """What is typed in this block is searched for and the like only a moment later: wait until then."""
    from playwright.sync_api import Error, Page

    watch, longest = place.evaluate_handle(WATCH), 0.0
    try:
        yield watch
    finally:
        with suppress(Error):
            longest = float(watch.evaluate(END))
    if longest:
        page = place if isinstance(place, Page) else place.page
        page.wait_for_timeout(longest)


def _plain(text: str) -> str:
    """The letters and digits of a text."""
    return "".join(filter(str.isalnum, text)).casefold()
