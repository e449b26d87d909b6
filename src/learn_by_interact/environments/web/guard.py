"""What the pages of a session reach: some origins, and nothing else.

The browser itself keeps out the rest: what is not one of the origins goes to a proxy that is not there. To be
asked about each request (Playwright's `route`) takes time, lets redirects pass and turns the browser's cache
off; so do Playwright's `http_credentials`. Only documents are asked about here, so that a link to elsewhere
leaves the page where it is, and a question for credentials finds its answer.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from . import browser
from .browser import origin

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, CDPSession, Page, Request, Route

NOWHERE = "http://127.0.0.1:1"
"""A proxy that is not there."""
TABS = "tabs"
"""In a state: what is kept for a tab, by origin (`sessionStorage`), which Playwright leaves out."""
HELD = "[location.origin, {...sessionStorage}]"
PUT = """tabs => {
    try {
        for (const [name, value] of Object.entries(tabs[location.origin] ?? {}))
            sessionStorage.setItem(name, value);
    } catch {}
}"""
PORTS = {"http": 80, "https": 443}


def proxy(origins: Sequence[str]) -> dict[str, str] | None:
    """Playwright's setting of a proxy for a context that reaches these origins alone.

    None where one of them is itself reached through a proxy that the environment variables name.
    """
    if any(_by_proxy(one) for one in origins):
        return None
    hosts = []
    for one in origins:
        parts = urlsplit(one)
        if parts.hostname:
            host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
            hosts.append(f"{host}:{parts.port or PORTS.get(parts.scheme, 80)}")
    # The first rule: what this machine serves is no exception by itself.
    return {"server": NOWHERE, "bypass": ",".join(["<-loopback>", *hosts])}


def _by_proxy(address: str) -> bool:
    parts = urlsplit(address)
    if not parts.hostname or parts.hostname in ("localhost", "127.0.0.1", "::1"):
        return False
    return parts.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(parts.hostname)


class Guard:
    """A fresh context whose pages are kept to some origins, the first of which is given its credentials."""

    def __init__(
        self, origins: Sequence[str], credentials: Sequence[str] = (), state: Any = None, clock: str = ""
    ) -> None:
        """`origins`: `http://host:port`, at least one; `credentials`: user and password, or nothing.

        `state` is that of `stored`, and `clock` that of `browser.context`. Raises EnvironmentFault,
        ConfigError.
        """
        walls = proxy(origins)
        kept = dict(state or {})
        self._tabs = kept.pop(TABS, {})
        self.context: BrowserContext = browser.context(kept or None, walls, clock)
        self._home, self._credentials = origin(origins[0]), tuple(credentials)
        self._allowed = frozenset(map(origin, origins))
        self._answered: set[str] = set()
        self.outside = ""
        """The host of another origin, whose page was asked for."""
        self.context.on("request", self._note)
        if walls is None:
            known = "|".join(map(re.escape, self._allowed))
            self.context.route(re.compile(rf"^(?!(?:{known})(?:[/?#]|$)|data:|blob:|about:)"), self._filter)
            self.context.route_web_socket(self._foreign, lambda socket: socket.close())

    @property
    def schemes(self) -> frozenset[str]:
        """Of addresses that may be opened: not a script (`javascript:`), a text (`data:`) or a file."""
        return frozenset({"http", "https", *(one.partition(":")[0] for one in self._allowed)})

    def watch(self, page: Page) -> None:
        """Ask about the documents that this page opens."""
        from playwright.sync_api import Error

        with suppress(Error):  # It may be closed by now.
            asked = self.context.new_cdp_session(page)
            asked.on("Fetch.requestPaused", lambda event: self._document(asked, event))
            asked.on("Fetch.authRequired", lambda event: self._log_in(asked, event))
            patterns = [{"urlPattern": "*", "resourceType": "Document"}]
            wanted = {"patterns": patterns, "handleAuthRequests": bool(self._credentials)}
            asked.send("Fetch.enable", wanted)

    def stored(self) -> dict[str, Any]:
        """Cookies and storage, for another guard; also what the pages' tabs alone have, by origin."""
        from playwright.sync_api import Error

        tabs: dict[str, dict[str, str]] = {}
        for frame in (inner for page in self.context.pages for inner in page.frames):
            with suppress(Error):  # Some may not have a storage.
                address, held = frame.evaluate(HELD)
                if held:
                    tabs.setdefault(address, {}).update(held)
        return {**self.context.storage_state(), **({TABS: tabs} if tabs else {})}

    def begin(self, page: Page) -> Callable[[], None]:
        """Let the documents of a tab find what another one had, until what is given back is called."""
        if not self._tabs:
            return lambda: None
        asked = self.context.new_cdp_session(page)
        asked.send("Page.enable")
        script = asked.send(
            "Page.addScriptToEvaluateOnNewDocument", {"source": f"({PUT})({json.dumps(self._tabs)})"}
        )

        def end() -> None:
            asked.send("Page.removeScriptToEvaluateOnNewDocument", script)
            asked.detach()

        return end

    def _document(self, asked: CDPSession, event: Mapping[str, Any]) -> None:
        from playwright.sync_api import Error

        number = {"requestId": event["requestId"]}
        with suppress(Error):
            if self._may(event["request"]["url"]):
                asked.send("Fetch.continueRequest", number)
            else:
                # This leaves the page where it is, where other reasons show an error in its place.
                asked.send("Fetch.failRequest", {**number, "errorReason": "Aborted"})

    def _log_in(self, asked: CDPSession, event: Mapping[str, Any]) -> None:
        """Answer a question for credentials, once: who is not let in is told so by the page."""
        from playwright.sync_api import Error

        challenge, number = event["authChallenge"], str(event["requestId"])
        answer = {"response": "CancelAuth"}
        if origin(challenge["origin"]) == self._home and number not in self._answered:
            self._answered.add(number)
            user, password = self._credentials
            answer = {"response": "ProvideCredentials", "username": user, "password": password}
        with suppress(Error):
            asked.send("Fetch.continueWithAuth", {"requestId": number, "authChallengeResponse": answer})

    def _note(self, request: Request) -> None:
        from playwright.sync_api import Error

        if not request.is_navigation_request() or self._may(request.url):
            return
        try:
            inner = request.frame.parent_frame is not None
        except Error:
            inner = False  # The page is only about to be there.
        if not inner:
            self.outside = urlsplit(request.url).netloc or request.url

    def _filter(self, route: Route) -> None:
        # An allowed one may be written otherwise, as with the port that it has anyway.
        if self._may(route.request.url):
            route.continue_()
        else:
            route.abort("blockedbyclient")

    def _may(self, url: str) -> bool:
        return url.startswith(("data:", "blob:", "about:")) or origin(url) in self._allowed

    def _foreign(self, address: str) -> bool:
        return origin(address.replace("ws", "http", 1)) not in self._allowed
