"""What a page makes clickable without saying so in its HTML, marked while its snapshot is taken.

A snapshot has no inline element without a role, however it looks and whatever listens to it. Such elements
get a role, or a pointer, before it is taken; afterwards the page is as it was, and nothing that it keeps or
compares has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

COMMON = """
    const widgets = 'input, select, textarea, label, button, a[href], [role]';
    const pointed = one => Boolean(one) && getComputedStyle(one).cursor === 'pointer';
    const outermost = one => pointed(one) && !pointed(one.parentElement);
    const text = one => one.textContent.trim().replace(/\\s+/g, ' ');
"""
"""JavaScript: what says better what an element is; whether a pointer shows first on it; its text."""
UNMARK = "() => { for (const undo of (window[Symbol.for('marks')] ?? []).splice(0).reverse()) undo() }"
"""JavaScript: put back what `MARK` changed."""
MARK = (
    f"() => {{ ({UNMARK})();"
    + COMMON
    + """
    const marks = window[Symbol.for('marks')] ??= [];
    const set = (one, name, value) => {
        const old = one.getAttribute(name);
        one.setAttribute(name, value);
        marks.push(() => {
            if (one.getAttribute(name) !== value) return;  // The page has set it meanwhile.
            if (old === null) one.removeAttribute(name); else one.setAttribute(name, old);
        });
    };
    const style = (one, name, value) => {
        const old = one.getAttribute('style');
        one.style.setProperty(name, value, 'important');
        const mine = one.getAttribute('style');
        marks.push(() => {
            if (one.getAttribute('style') !== mine) one.style.removeProperty(name);
            else if (old === null) one.removeAttribute('style');
            else one.setAttribute('style', old);
        });
    };
    const pointer = one => { if (!pointed(one)) style(one, 'cursor', 'pointer') };
    const shown = one => one.getBoundingClientRect().width > 1 && one.getBoundingClientRect().height > 1;
    const listens = one => one.hasAttribute('onclick') || Boolean(one.onclick);
    const editable = '[contenteditable]:not([contenteditable=false], [role], [contenteditable] *)';
    const within = 'button, a[href], label, select, summary, svg, [contenteditable]';

    // A box that is too small to be seen is told by its label, which one clicks in its place.
    const ticked = one => {
        const label = one.labels?.[0];
        if (!label || label.hasAttribute('role') || shown(one) || !shown(label)) return;
        if (one.type === 'radio' && pointed(label)) return;
        set(label, 'role', one.getAttribute('role') ?? one.type);
        set(label, 'aria-checked', String(one.checked));
        if (one.disabled) set(label, 'aria-disabled', 'true');
        const said = one.getAttribute('aria-label') || (text(label) ? '' : one.title || one.name || one.id);
        if (said) set(label, 'aria-label', said);
        style(one, 'display', 'none');
    };
    // A snapshot has a text with a pointer in no line of its own, and nothing of a click without a pointer.
    const clickable = one => {
        const cell = one.getAttribute('role') === 'gridcell';
        const said = text(one), own = listens(one) || (cell && one.matches('button'));
        if (!cell && one.matches(`${widgets}, option, body, form`)) return;
        if (said.length > 80 || one.parentElement?.closest(within) || one.querySelector(widgets)) return;
        const day = one.matches('[role=gridcell], [role=grid] td') && /^\\d{1,2}$/.test(said);
        const inline = one.childNodes.length === 1 && !one.firstElementChild
            && getComputedStyle(one).display === 'inline';
        if (inline && (own || outermost(one) || one.tabIndex >= 0)) {
            const inner = pointed(one.parentElement);
            set(one, 'role', one.matches('a') ? 'link' : inner ? 'button' : 'group');
            pointer(one);
        } else if (own || day) pointer(one);
    };
    const mark = root => {
        for (const one of root.querySelectorAll('*')) {
            if (one.shadowRoot) mark(one.shadowRoot);
            if (one.localName === 'iframe' || one.localName === 'frame') {
                if (one.contentDocument) mark(one.contentDocument);
            } else if (one.localName === 'input') {
                if (one.type === 'checkbox' || one.type === 'radio') ticked(one);
            } else if (one.localName === 'summary') {
                pointer(one);
            } else if (one.hasAttribute('contenteditable') && one.matches(editable)) {
                set(one, 'role', 'textbox');
            } else if (pointed(one) || listens(one) || one.hasAttribute('tabindex')) {
                clickable(one);
            }
        }
    };
    // What a page has put in place of the browser's own functions must not keep it from being seen.
    try { mark(document) } catch {}
}"""
)
"""JavaScript: give what looks or listens as if it could be clicked a role, or a pointer."""


def snapshot_of(page: Page) -> str:
    """The accessibility snapshot of a page as it is now, for `nodes.read`."""
    page.evaluate(MARK)
    try:
        return page.aria_snapshot(mode="ai")
    finally:
        page.evaluate(UNMARK)
