"""What a session asked of its sites and what they answered, as entries of a HAR 1.2 document."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Request, Response

CONTENT = 1_000_000
"""Characters of an answer that are kept; only answers in JSON are."""


class Recorder:
    """Remembers the requests of a browser's context from now on."""

    def __init__(self, context: BrowserContext) -> None:
        self._requests: list[Request] = []
        context.on("request", lambda request: self._requests.append(request))

    def entries(self) -> list[dict[str, Any]]:
        """The requests that were answered, in order; to be asked for while the context is open."""
        from playwright.sync_api import Error

        found = []
        for request in self._requests:
            with suppress(Error):
                if response := request.response():
                    found.append(_entry(request, response))
        return found

    def document(self) -> dict[str, Any]:
        """All entries as a HAR document."""
        creator = {"name": "learn-by-interact", "version": version("learn-by-interact")}
        return {"log": {"version": "1.2", "creator": creator, "entries": self.entries()}}


def _entry(request: Request, response: Response) -> dict[str, Any]:
    asked, answered = request.all_headers(), response.all_headers()
    begun = float(request.timing.get("startTime") or 0) / 1000
    entry: dict[str, Any] = {
        "startedDateTime": datetime.fromtimestamp(max(begun, 0.0), UTC).isoformat(),
        "time": max(float(request.timing.get("responseEnd") or 0), 0.0),
        "request": {
            "method": request.method,
            "url": request.url,
            "httpVersion": "HTTP/1.1",
            "headers": _headers(asked),
            "queryString": [],
            "cookies": [],
            "headersSize": -1,
            "bodySize": -1,
        },
        "response": {
            "status": response.status,
            "statusText": response.status_text,
            "httpVersion": "HTTP/1.1",
            "headers": _headers(answered),
            "cookies": _cookies(answered.get("set-cookie", "")),
            "content": _content(answered, response),
            "redirectURL": answered.get("location", ""),
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
    }
    if request.post_data is not None:
        kind = asked.get("content-type", "")
        entry["request"]["postData"] = {"mimeType": kind, "text": request.post_data}
    return entry


def _headers(known: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in known.items()]


def _cookies(lines: str) -> list[dict[str, str]]:
    """Of `set-cookie`, whose values Playwright joins by newlines."""
    pairs = [line.split(";")[0].partition("=") for line in lines.split("\n") if "=" in line]
    return [{"name": name.strip(), "value": value.strip()} for name, _, value in pairs]


def _content(answered: Mapping[str, str], response: Response) -> dict[str, Any]:
    from playwright.sync_api import Error

    kind = answered.get("content-type", "")
    content: dict[str, Any] = {"size": -1, "mimeType": kind}
    if "json" in kind:
        with suppress(Error, UnicodeDecodeError):
            content["text"] = response.text()[:CONTENT]
    return content
