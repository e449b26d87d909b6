"""A browser's session in one episode: its pages, what happens on them, and when they are at rest."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ...errors import EnvironmentFault
from ...types import Action
from ..elements import Refused
from ..places import without_elements
from . import acting, filling, reading, wording
from .browser import said, watched
from .filling import CLICK_MS
from .marking import MARK, UNMARK, snapshot_of
from .nodes import Node, quoted, read
from .snapshot import view

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
LOADING = re.compile(r"(?i)\b(loading|please wait)\b[^.…\n]{0,40}(\.\.\.|…)\"?$", re.MULTILINE)
"""A page that says that something of it is still to come."""
LOADS = 2.0
"""Seconds that such a page is waited for."""
STREAMS = frozenset({"eventsource", "websocket", "media", "ping"})
"""Kinds of requests that do not end."""
NO_FILES = "A file was asked for: there is none here that could be uploaded."
FAILED = "That could not be done: "


@dataclass(frozen=True)
class Shown:
    """What a page shows."""

    address: str = ""
    title: str = ""
    lines: tuple[str, ...] = ()
    elements: Mapping[str, Node] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()
    """What happened beside the page: dialogs, downloads, tabs."""

    @property
    def head(self) -> tuple[str, str]:
        """The title, and the first heading of the page."""
        return self.title, next((line for line in self.lines if line.startswith("# ")), "")

    def same(self, other: Shown) -> bool:
        """The same page with the same lines."""
        return (self.address, self.title, self.lines) == (other.address, other.title, other.lines)


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
        context.set_default_timeout(CLICK_MS)
        context.on("page", self._watch)
        context.on("request", lambda request: self._count(request, 1))
        context.on("requestfinished", lambda request: self._count(request, -1))
        context.on("requestfailed", lambda request: self._count(request, -1))
        self._opening = self._strayed = False
        self._begun: dict[Page, Callable[[], None]] = {}
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
        """Cookies and storage, for another session's guard."""
        return self._guard.stored()

    def goto(self, address: str) -> None:
        """Open a page in the present tab. Raises EnvironmentFault when it cannot be had."""
        if refused := self._safely(lambda: self._goto(address)):
            raise EnvironmentFault(
                f"{address} could not be opened: {refused.removeprefix(FAILED).rstrip('.')}"
            )

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
    def look(self, later: float = 0.0) -> Shown:
        """What the present tab shows, once it is at rest, or after so many seconds.

        Raises EnvironmentFault when it has crashed.
        """
        from playwright.sync_api import Error

        if later:
            self.page.wait_for_timeout(1000 * later)
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
                nodes = reading.shown(read(snapshot), self._locator)
                reading.add_values(nodes, self.page, self._locator)
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
        return reading.together(elements, self._locator)

    @watched()
    def source(self) -> tuple[str, list[str]]:
        """The present page's HTML once it is at rest, and the addresses that it links to."""
        self._rest()
        links = self.page.evaluate("[...document.links].map(link => link.href)")
        return self.page.content(), [str(link) for link in links]

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
            try:
                found = self.page.locator(locator or "body").all()
            except Error as error:
                if not wording.unreadable(error):
                    raise
                raise EnvironmentFault(f"{locator!r} is no selector: write it as CSS does") from None
            texts = [one.evaluate(reading.TEXT) for one in found]
        except Error as error:
            raise EnvironmentFault(f"{locator or address}: {wording.reason(error)}") from None
        finally:
            if self.page is not before:
                self.page.close()
                self.page = before
        return "\n".join(map(str, texts)) if texts else None

    @watched()
    def _safely(self, do: Callable[[], None]) -> str:
        from playwright.sync_api import Error

        self._strayed = False
        try:
            do()
        except Refused as refused:
            return str(refused)
        except Error as error:
            if self._crashed or not self._alive():
                raise EnvironmentFault(f"the browser broke: {said(error)}") from None
            return self._refusal() or f"{FAILED}{wording.reason(error)}."
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
            acting.press(page, str(arguments.get("key", "")), elements, self._locator)
        elif action.tool == "goto":
            self._goto(str(arguments["url"]))
        elif action.tool in ("back", "forward"):
            self._turn(action.tool == "back")
        elif action.tool == "new_tab":
            self._new_page()
            if arguments.get("url"):
                self._goto(str(arguments["url"]))
        elif action.tool in ("tab", "close_tab"):
            self._switch(action)
        elif action.tool == "type" and not arguments.get("element"):
            with filling.settled(page):
                page.keyboard.type(str(arguments.get("text", "")))
        elif action.tool in acting.ON_ELEMENTS:
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
            # What a page takes out of its storage later stays out of it.
            self._begun.pop(self.page, _nothing)()
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

    def _turn(self, back: bool) -> None:
        """Go to the page before this one, or after it. Raises Refused where there is none."""
        asked = self._context.new_cdp_session(self.page)
        try:
            history = asked.send("Page.getNavigationHistory")
        finally:
            asked.detach()
        at = int(history["currentIndex"]) + (-1 if back else 1)
        entries = history["entries"]
        # A tab begins on an empty page.
        if not 0 <= at < len(entries) or entries[at]["url"] == "about:blank":
            raise Refused(f"There is no page {'before' if back else 'after'} this one.")
        turn = self.page.go_back if back else self.page.go_forward
        turn(timeout=acting.GOTO_MS, wait_until="commit")
        self._arrive()

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
        self._begun[self.page] = self._guard.begin(self.page)

    def _watch(self, page: Page) -> None:
        self.page = page
        page.on("dialog", self._dialog)
        page.on("download", self._download)
        page.on("filechooser", lambda _: self._notes.append(NO_FILES))
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
        text = dialog.default_value if dialog.type == "prompt" else None
        given = f" with the text {quoted(text)}" if text is not None else ""
        message = " ".join(dialog.message.split())[:200]
        self._notes.append(f"A dialog ({dialog.type}) was accepted{given}: {message}")
        dialog.accept(text)

    def _download(self, download: Download) -> None:
        self._notes.append(f"A file was downloaded: {download.suggested_filename}")


def _nothing() -> None:
    pass
