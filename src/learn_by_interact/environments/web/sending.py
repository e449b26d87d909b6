"""Whether the browser holds a form back: it says so beside a field, where no page can be asked for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ..elements import Refused
from .nodes import Node

if TYPE_CHECKING:
    from playwright.sync_api import ElementHandle, Locator, Page

WATCH = """element => {
    let from = element ?? document.activeElement;
    while (from?.matches('iframe')) from = from.contentDocument?.activeElement;
    const button = element ? from.closest('button, input') : from;
    const form = button?.form, page = from?.ownerDocument;
    if (!form || (element && !['submit', 'image'].includes(button.type))) return null;
    const watch = {fields: [], sent: false};
    const invalid = event => { if (event.target.form === form) watch.fields.push(event.target) };
    const submit = event => { if (event.target === form) watch.sent = true };
    page.addEventListener('invalid', invalid, true);
    page.addEventListener('submit', submit, true);
    watch.end = () => {
        page.removeEventListener('invalid', invalid, true);
        page.removeEventListener('submit', submit, true);
    };
    return watch;
}"""
"""JavaScript: from now on, see whether the form of a button, or of the field with the focus, is sent."""
HELD = "watch => { watch?.end(); return watch && !watch.sent && watch.fields[0] || null }"
"""JavaScript: the first field for which it was not."""
SAYS = "field => [field.validationMessage, field.name || field.type]"


@contextmanager
def sent(
    place: Locator | Page, elements: Mapping[str, Node], locate: Callable[[Node], Locator]
) -> Iterator[None]:
    """Raises Refused after a block that would have sent a form, had it been filled in as it has to be.

    `place`: the button that is clicked in it; a page: Enter is pressed.
    """
    from playwright.sync_api import Error

    watch, field = place.evaluate_handle(WATCH), None
    try:
        yield
    finally:
        with suppress(Error):  # It is another page by now.
            field = watch.evaluate_handle(HELD).as_element()
    if field is None:
        return
    says, called = field.evaluate(SAYS)
    name = _name(field, elements, locate) or f"a field that is not shown ({called})"
    raise Refused(f"The form was not sent because of {name}: {says}")


def _name(field: ElementHandle, elements: Mapping[str, Node], locate: Callable[[Node], Locator]) -> str:
    """What a field is called, in brackets; "" where it has no name."""
    from playwright.sync_api import Error

    for name, node in elements.items():
        with suppress(Error):  # It may be in another frame.
            if node.ref and locate(node).evaluate("(one, field) => one === field", field, timeout=500):
                return f"[{name}]"
    return ""
