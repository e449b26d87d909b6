"""What Playwright's snapshot of a page lacks, read from the page itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ..places import TICKED
from .nodes import FIELDS, Node, below
from .snapshot import DIALOGS, LABEL
from .times import DATED, TAKES

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Locate = Callable[[Node], "Locator"]
"""Where a node is on the page."""
TEXT = """element => element.matches('select')
    ? [...element.selectedOptions].map(option => option.text).join(', ')
    : element.matches('input[type=checkbox], input[type=radio]') ? String(element.checked)
    : element.matches('input, textarea') ? element.value : element.innerText"""
"""JavaScript: what an element shows."""
HINT = """element => {
    const texts = document.createTreeWalker(element.closest('label') ?? document.createElement('p'), 4);
    let label = '';
    while (texts.nextNode() && texts.currentNode.compareDocumentPosition(element) & 4)
        label += texts.currentNode.data;
    const kind = ['text', 'textarea', 'select-one', 'button'].includes(element.type) ? '' : element.type;
    return label.trim() || element.title || element.name || element.id || kind || '';
}"""
"""JavaScript: what a field without a name is for: a label that is not shown, or its attributes."""
PICTURE = """element => {
    const said = element.title || element.dataset.title || element.dataset.originalTitle || element.name;
    if (said) return said;
    for (const one of [...element.querySelectorAll('i, svg, use, span, img'), element]) {
        const link = one.getAttribute('href') ?? one.getAttribute('xlink:href') ?? '';
        if (link.startsWith('#') && link.length > 1) return link.slice(1);
        if (one.dataset.icon) return one.dataset.icon;
        for (const word of (one.getAttribute('class') ?? '').split(/\\s+/)) {
            const icon = word.match(/^(?:fa|bi|mdi|ti|icon|glyphicon|lucide|feather)-([a-z][\\w-]*)$/);
            if (icon && !/^(lg|fw|xs|sm|solid|regular|brands|spin|pulse|stack)/.test(icon[1])) return icon[1];
        }
    }
    return element.id || '';
}"""
"""JavaScript: what a button is for that shows a picture alone: its attributes, or the picture's name."""
VISIBLE = """element => {
    if (!element.checkVisibility({opacityProperty: true, visibilityProperty: true})) return false;
    return [element, ...element.querySelectorAll('*')].some(one => {
        const box = one.getBoundingClientRect();
        const fixed = getComputedStyle(element).position === 'fixed';
        const below = fixed ? box.top >= innerHeight || box.left >= innerWidth : false;
        return box.width && box.height && box.bottom > 0 && box.right > 0 && !below;
    });
}"""
"""JavaScript: whether a dialog can be seen: it may be transparent, or wait outside of the window."""
WRITTEN = "element => (element.value ?? element.innerText).trimEnd()"
"""JavaScript: what a field, or an editor on a page, holds."""
FORM = """element => {
    const labels = [...(element.labels ?? [])];
    const head = element.closest('td')?.previousElementSibling;
    const marks = [...labels, element, element.closest('.required'), head];
    const marked = marks.some(one => one && (one.required || one.matches('.required, [aria-required=true]')));
    const starred = labels.map(one => one.cloneNode(true)).some(one => {
        for (const inner of one.querySelectorAll('select, textarea, button')) inner.remove();
        return /[*]\\s*:?\\s*$/.test(one.textContent);
    });
    const form = element.form ?? element.closest('form');
    // Beside one that sends the form, another button is a help for filling it in.
    const helps = element.type === 'button' && [...form?.elements ?? []].some(one => one.type === 'submit');
    return [helps ? -1 : [...document.forms].indexOf(form), marked || starred];
}"""
"""JavaScript: which form of the page an element belongs to, -1: none; whether it has to be filled in."""
SPECIAL = "all => [all.some(one => one.matches('input')), all.some(one => one.isContentEditable)]"
"""JavaScript: whether there are fields for dates among these, and editors."""
ONE_LINE = 60
"""Characters of a field's value from which on it may have several lines."""


def shown(nodes: Sequence[Node], locate: Locate) -> list[Node]:
    """The nodes without dialogs that are there and cannot be seen."""
    from playwright.sync_api import Error

    kept = []
    for node in nodes:
        if node.role in DIALOGS and node.ref:
            with suppress(Error):
                if not locate(node).evaluate(VISIBLE, timeout=500):
                    continue
        node.children = shown(node.children, locate)
        kept.append(node)
    return kept


def add_values(nodes: Sequence[Node], page: Page, locate: Locate) -> None:
    """What the snapshot lacks of fields: lines of long values, that it takes dates, what it is for."""
    from playwright.sync_api import Error

    dated = edited = False
    for frame in page.frames:
        with suppress(Error):
            one, other = frame.locator(f"{DATED}, [contenteditable]").evaluate_all(SPECIAL)
            dated, edited = dated or one, edited or other
    for node in (inner for one in nodes for inner in (one, *below(one))):
        if dated and node.role == "textbox" and node.ref:
            with suppress(Error):
                kind = str(locate(node).evaluate("element => element.type", timeout=500))
                node.kind = kind if kind in TAKES else ""
        unnamed = node.role in FIELDS and node.ref and node.unnamed
        if unnamed or node.pictured:
            with suppress(Error):
                what = HINT if unnamed else PICTURE
                hint = str(locate(node).evaluate(what, timeout=500) or "")
                node.hint = " ".join(hint.split())[:LABEL]
        size = len(node.content)
        if node.role == "textbox" and node.ref and (size > ONE_LINE or (edited and not size)):
            with suppress(Error):
                node.value = str(locate(node).evaluate(WRITTEN, timeout=500))


def together(elements: Mapping[str, Node], locate: Locate) -> tuple[dict[str, int], frozenset[str]]:
    """The number of the HTML form that each field and button belongs to, and what has to be filled in."""
    from playwright.sync_api import Error

    found: dict[str, int] = {}
    required = set()
    for name, node in elements.items():
        if node.ref and (node.role == "button" or node.role in FIELDS | TICKED):
            with suppress(Error):
                number, needed = locate(node).evaluate(FORM, timeout=500)
                found[name] = int(number)
                if needed:
                    required.add(name)
    return {name: number for name, number in found.items() if number >= 0}, frozenset(required)
