"""A browser's session in one episode: its pages, what happens on them, and when they are at rest."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ...errors import EnvironmentFault
from ...types import Action
from ..elements import Refused
from ..places import TICKED, without_elements
from . import acting
from .browser import said, watched
from .marking import MARK, UNMARK, snapshot_of
from .snapshot import DIALOGS, FIELDS, LABEL, Node, below, read, view
from .times import DATED, TAKES

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Download, Locator, Page, Request

    from .guard import Guard

WATCHING = (
    f"""([milliseconds, look]) => {{
    if (look) ({MARK})();"""
    + """
    const watched = {changes: 0};
    watched.rest = new Promise(done => {
        const rested = () => { clearTimeout(timer); clearTimeout(cap); observer.disconnect(); done() };
        let timer = setTimeout(rested, milliseconds);
        const cap = setTimeout(rested, 10 * milliseconds + 200);
        const again = () => {
            watched.changes += 1;
            clearTimeout(timer);
            timer = setTimeout(rested, milliseconds);
        };
        const observer = new MutationObserver(again);
        observer.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
    });
    return watched;
}"""
)
"""JavaScript: count from now on the document's changes, until there was none for so long."""
RESTING = f"async watched => {{ await watched.rest; ({UNMARK})(); return watched.changes }}"
"""JavaScript: wait until then; a page that never rests is not waited for. -> changes"""
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
    return [[...document.forms].indexOf(element.form ?? element.closest('form')), marked || starred];
}"""
"""JavaScript: which form of the page an element belongs to, -1: none; whether it has to be filled in."""
SPECIAL = "all => [all.some(one => one.matches('input')), all.some(one => one.isContentEditable)]"
"""JavaScript: whether there are fields for dates among these, and editors."""
ONE_LINE = 60
"""Characters of a field's value from which on it may have several lines."""
LOADING = re.compile(r"(?i)\b(loading|please wait)\b[^.…\n]{0,40}(\.\.\.|…)\"?$", re.MULTILINE)
"""A page that says that something of it is still to come."""
LOADS = 2.0
"""Seconds that such a page is waited for."""
STREAMS = frozenset({"eventsource", "websocket", "media", "ping"})
"""Kinds of requests that do not end."""


@dataclass(frozen=True)
class Shown:
    """What a page shows."""

    address: str = ""
    title: str = ""
    lines: tuple[str, ...] = ()
    elements: Mapping[str, Node] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()
    """What happened beside the page: dialogs, downloads, tabs."""


class Session:
    """The tabs of one context, which reach what its guard lets them.

    Dialogs are accepted and told, downloads are told and dropped.
    """

    def __init__(self, guard: Guard, quiet: float, patience: float) -> None:
        self._guard, self._quiet, self._patience = guard, quiet, patience
        self._context = context = guard.context
        self._open = 0
        self._notes: list[str] = []
        self._crashed = False
        context.set_default_timeout(acting.CLICK_MS)
        context.on("page", self._watch)
        context.on("request", lambda request: self._count(request, 1))
        context.on("requestfinished", lambda request: self._count(request, -1))
        context.on("requestfailed", lambda request: self._count(request, -1))
        self._opening = self._strayed = False
        self.page: Page
        with watched():
            self._new_page()

    def close(self) -> None:
        """End the session."""
        from playwright.sync_api import Error

        with suppress(Error, EnvironmentFault), watched():
            self._context.close()

    @watched()
    def storage(self) -> Any:
        """Cookies and storage, for `browser.context`."""
        return self._context.storage_state()

    def goto(self, address: str) -> None:
        """Open a page in the present tab. Raises EnvironmentFault when it cannot be had."""
        if refused := self._safely(lambda: self._goto(address)):
            raise EnvironmentFault(f"{address} could not be opened: {refused}")

    def scroll(self, direction: str) -> str:
        """Turn the wheel by a window's height, so that what loads then does. -> what went wrong."""
        height = acting.SCROLLED if direction == "down" else -acting.SCROLLED
        return self._safely(lambda: self.page.mouse.wheel(0, height))

    def act(self, action: Action, elements: Mapping[str, Node]) -> str:
        """Do an action -> "", or the sentence that says why it could not be done.

        Raises EnvironmentFault when the browser breaks.
        """
        return self._safely(lambda: self._act(action, elements))

    @watched()
    def look(self) -> Shown:
        """What the present tab shows, once it is at rest. Raises EnvironmentFault when it has crashed."""
        from playwright.sync_api import Error

        broken, until = 0, time.monotonic() + min(LOADS, self._patience)
        while True:
            try:
                snapshot = self._rest(look=True) or snapshot_of(self.page)
                if LOADING.search(snapshot) and time.monotonic() < until:
                    self.page.wait_for_timeout(100)
                    continue
                if outside := self._refusal():
                    self._notes.append(outside)
                if self._returned():
                    continue
                nodes = self._seen(read(snapshot))
                self._read_values(nodes)
                title, address = self.page.title(), self.page.url
                # The error may come while it is looked at.
                if self._returned():
                    continue
                break
            except (Error, ValueError) as error:
                # It may have gone on to another page meanwhile.
                broken += 1
                if broken == 3 or self._crashed:
                    raise EnvironmentFault(f"the page could not be read: {said(error)}") from None
                self._rest()
        seen = view(nodes)
        notes, self._notes = tuple(map(without_elements, self._notes)), []
        tabs = self._context.pages
        if len(tabs) > 1:
            names = [
                f"{number}{' (this one)' if tab is self.page else ''}" for number, tab in enumerate(tabs, 1)
            ]
            notes = (f"Tabs: {', '.join(names)}", *notes)
        return Shown(address, without_elements(title), seen.lines, seen.elements, notes)

    @watched()
    def picture(self) -> bytes:
        """The visible part of the present page, as PNG; b"" when it cannot be had."""
        from playwright.sync_api import Error

        with suppress(Error):
            return self.page.screenshot(timeout=acting.GOTO_MS, animations="disabled", caret="hide")
        return b""

    @watched()
    def together(self, elements: Mapping[str, Node]) -> tuple[dict[str, int], frozenset[str]]:
        """The number of the HTML form that each field and button belongs to, and what has to be filled in."""
        from playwright.sync_api import Error

        found: dict[str, int] = {}
        required = set()
        for name, node in elements.items():
            if node.ref and (node.role == "button" or node.role in FIELDS | TICKED):
                with suppress(Error):
                    number, needed = self._locator(node).evaluate(FORM, timeout=500)
                    found[name] = int(number)
                    if needed:
                        required.add(name)
        return {name: number for name, number in found.items() if number >= 0}, frozenset(required)

    @watched()
    def source(self) -> tuple[str, list[str]]:
        """The present page's HTML once it is at rest, and the addresses that it links to."""
        self._rest()
        links = self.page.evaluate("[...document.links].map(link => link.href)")
        return self.page.content(), [str(link) for link in links]

    def _seen(self, nodes: Sequence[Node]) -> list[Node]:
        """The nodes without dialogs that are there and cannot be seen."""
        from playwright.sync_api import Error

        kept = []
        for node in nodes:
            if node.role in DIALOGS and node.ref:
                with suppress(Error):
                    if not self._locator(node).evaluate(VISIBLE, timeout=500):
                        continue
            node.children = self._seen(node.children)
            kept.append(node)
        return kept

    def _read_values(self, nodes: Sequence[Node]) -> None:
        """What the snapshot lacks of fields: lines of long values, that it takes dates, what it is for."""
        from playwright.sync_api import Error

        dated = edited = False
        for frame in self.page.frames:
            with suppress(Error):
                one, other = frame.locator(f"{DATED}, [contenteditable]").evaluate_all(SPECIAL)
                dated, edited = dated or one, edited or other
        for node in (inner for one in nodes for inner in (one, *below(one))):
            if dated and node.role == "textbox" and node.ref:
                with suppress(Error):
                    kind = str(self._locator(node).evaluate("element => element.type", timeout=500))
                    node.kind = kind if kind in TAKES else ""
            unnamed = node.role in FIELDS and node.ref and node.unnamed
            if unnamed or node.pictured:
                with suppress(Error):
                    what = HINT if unnamed else PICTURE
                    hint = str(self._locator(node).evaluate(what, timeout=500) or "")
                    node.hint = " ".join(hint.split())[:LABEL]
            size = len(node.content)
            if node.role == "textbox" and node.ref and (size > ONE_LINE or (edited and not size)):
                with suppress(Error):
                    node.value = str(self._locator(node).evaluate(WRITTEN, timeout=500))

    @watched()
    def text_of(self, address: str, locator: str) -> str | None:
        """The text of a page ("": the present one) or of one of its elements; a field's value.

        None where there is no such element. Raises EnvironmentFault.
        """
        from playwright.sync_api import Error

        before = self.page
        try:
            if address:
                self._new_page()
                self._goto(address)
            self._rest()
            found = self.page.locator(locator or "body")
            texts = [one.evaluate(TEXT) for one in found.all()]
        except (Error, Refused) as error:
            raise EnvironmentFault(f"{locator or address}: {said(error)}") from None
        finally:
            if self.page is not before:
                self.page.close()
                self.page = before
        return "\n".join(map(str, texts)) if texts else None

    @watched()
    def _safely(self, do: Callable[[], None]) -> str:
        from playwright.sync_api import Error
        from playwright.sync_api import TimeoutError as TooSlow

        self._strayed = False
        try:
            do()
        except Refused as refused:
            return str(refused)
        except TooSlow as error:
            return _too_slow(said(error))
        except Error as error:
            if self._crashed or not self._alive():
                raise EnvironmentFault(f"the browser broke: {said(error)}") from None
            return self._refusal() or f"That could not be done: {_short(said(error))}"
        return self._refusal()

    def _refusal(self) -> str:
        """That a page outside was asked for; told once."""
        outside, self._guard.outside = self._guard.outside, ""
        self._strayed = self._strayed or bool(outside)
        return f"{outside} is not part of this environment." if outside else ""

    def _returned(self) -> bool:
        """Whether there was an error in place of a page outside: its tab is closed, or left again."""
        if not self._strayed or not self.page.url.startswith(("about:blank", "chrome-error:")):
            return False
        self._strayed = False
        if len(self._context.pages) > 1:
            self.page.close()
        else:
            self.page.go_back(timeout=acting.GOTO_MS)
        return True

    def _act(self, action: Action, elements: Mapping[str, Node]) -> None:
        arguments, page = action.arguments, self.page
        if action.tool == "press":
            acting.press(page, str(arguments.get("key", "")))
        elif action.tool == "goto":
            self._goto(str(arguments["url"]))
        elif action.tool in ("back", "forward"):
            turn = page.go_back if action.tool == "back" else page.go_forward
            went = turn(timeout=acting.GOTO_MS, wait_until="commit")
            if went is None and page.url == "about:blank":
                raise Refused("There is no page before this one.")
            self._arrive()
        elif action.tool == "new_tab":
            self._new_page()
            if arguments.get("url"):
                self._goto(str(arguments["url"]))
        elif action.tool in ("tab", "close_tab"):
            self._switch(action)
        elif action.tool == "type" and not arguments.get("element"):
            page.keyboard.type(str(arguments.get("text", "")))
        elif action.tool in ("click", "hover", "type", "select"):
            acting.on_element(action, elements, self._locator)
        else:
            raise Refused(f"There is no action {action.tool!r}.")

    def _goto(self, address: str) -> None:
        from playwright.sync_api import Error

        if address.partition(":")[0].lower() not in self._guard.schemes:
            self._guard.outside = address[:40]
            return
        try:
            self.page.goto(address, timeout=acting.GOTO_MS, wait_until="commit")
            self._arrive()
        except Error as error:
            text = said(error)
            if self._guard.outside or not any(
                sign in text for sign in ("Download is starting", "ERR_ABORTED")
            ):
                raise

    def _arrive(self) -> None:
        """Until the document is there; what looks at it gets ready while its files are loaded."""
        self.page.locator("html").count()
        self.page.wait_for_load_state("domcontentloaded", timeout=acting.GOTO_MS)

    def _switch(self, action: Action) -> None:
        tabs = self._context.pages
        if action.tool == "close_tab":
            if len(tabs) == 1:
                raise Refused("This is the only tab.")
            self.page.close()
            self.page = self._context.pages[-1]
        else:
            number = str(action.arguments.get("number", ""))
            if not number.isdigit() or not 0 < int(number) <= len(tabs):
                raise Refused(f"There is no tab {number}; there are {len(tabs)}.")
            self.page = tabs[int(number) - 1]
        self.page.bring_to_front()

    def _locator(self, node: Node) -> Locator:
        return self.page.locator(f"aria-ref={node.ref}")

    def _rest(self, look: bool = False) -> str:
        """Wait until nothing is loading and nothing changes; a page that never rests is left as it is.

        `look`: take the snapshot meanwhile. -> "" where the page changed while it was taken.
        """
        from playwright.sync_api import Error

        snapshot, until = "", time.monotonic() + self._patience
        while time.monotonic() < until and not self._crashed:
            try:
                left = max(1.0, 1000 * (until - time.monotonic()))
                self.page.wait_for_load_state("load", timeout=left)
                watched = self.page.evaluate_handle(WATCHING, [1000 * self._quiet, look])
                snapshot = self.page.aria_snapshot(mode="ai") if look else ""
                changes = watched.evaluate(RESTING)
            except Error:
                if not self._alive():
                    return ""
                continue
            if self._open <= 0:
                return "" if changes else snapshot
            look = False
        return ""

    def _alive(self) -> bool:
        browser = self._context.browser
        return browser is None or browser.is_connected()

    def _count(self, request: Request, change: int) -> None:
        if request.resource_type not in STREAMS:
            self._open = max(0, self._open + change)

    def _new_page(self) -> None:
        # It is guarded before it goes anywhere: what is told of a new page runs beside this.
        self._opening = True
        try:
            self.page = self._context.new_page()
        finally:
            self._opening = False
        self._guard.watch(self.page)

    def _watch(self, page: Page) -> None:
        self.page = page
        page.on("dialog", self._dialog)
        page.on("download", self._download)
        page.on("crash", lambda _: self._crash())
        page.on("close", lambda _: self._closed(page))
        if not self._opening:
            self._guard.watch(page)

    def _closed(self, page: Page) -> None:
        left = [one for one in self._context.pages if one is not page]
        if page is self.page and left:
            self.page = left[-1]

    def _crash(self) -> None:
        self._crashed = True

    def _dialog(self, dialog: Dialog) -> None:
        self._notes.append(f"A dialog ({dialog.type}) was accepted: {' '.join(dialog.message.split())[:200]}")
        dialog.accept()

    def _download(self, download: Download) -> None:
        self._notes.append(f"A file was downloaded: {download.suggested_filename}")


def _too_slow(text: str) -> str:
    if "intercepts pointer events" in text:
        return "That could not be done: something else on the page covers it."
    return "That could not be done: the element is not ready for it (hidden, disabled or moving)."


def _short(text: str) -> str:
    return text.partition("(http")[0].partition(" at http")[0][:200].rstrip(" :.") + "."
