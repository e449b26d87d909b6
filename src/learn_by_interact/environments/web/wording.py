"""What Playwright's errors say, in the words of a page."""

from __future__ import annotations

import re

from .browser import said

NETWORK = {
    "ERR_CONNECTION_REFUSED": "nothing answers there",
    "ERR_PROXY_CONNECTION_FAILED": "it is not part of this environment",
    "ERR_NAME_NOT_RESOLVED": "there is no such host",
    "ERR_ADDRESS_UNREACHABLE": "the host cannot be reached",
    "ERR_INTERNET_DISCONNECTED": "the host cannot be reached",
    "ERR_CONNECTION_TIMED_OUT": "the host does not answer",
    "ERR_TIMED_OUT": "the host does not answer",
    "ERR_CONNECTION_RESET": "the connection was ended before the page came",
    "ERR_CONNECTION_CLOSED": "the connection was ended before the page came",
    "ERR_EMPTY_RESPONSE": "the answer was empty",
    "ERR_INVALID_HTTP_RESPONSE": "what answers there does not speak HTTP",
    "ERR_SSL_PROTOCOL_ERROR": "what answers there does not speak HTTPS",
    "ERR_TOO_MANY_REDIRECTS": "it redirects without end",
    "ERR_UNSAFE_PORT": "browsers do not open this port",
    "ERR_FILE_NOT_FOUND": "there is no such file",
}
"""Chromium's name of an error -> what it means."""
_OPENS = re.compile(r"^(?:Page|Frame)\.(?:goto|go_back|go_forward|wait_for_load_state)\b")
_METHOD = re.compile(r"^[A-Z]\w+\.\w+: ")


def reason(error: BaseException) -> str:
    """Why something could not be done, without a full stop."""
    from playwright.sync_api import TimeoutError as TooSlow

    text = said(error)
    if found := re.search(r"net::(ERR_\w+)", text):
        return NETWORK.get(found[1], f"the page could not be loaded ({found[1]})")
    if "Cannot navigate to invalid URL" in text:
        return "that is no address"
    if "intercepts pointer events" in str(error):
        return "something else on the page covers it"
    if isinstance(error, TooSlow):
        if _OPENS.match(text):
            return "the page did not come in time"
        return "the element is not ready for it (hidden, disabled or moving)"
    if "not attached" in text:
        return "the element is gone from the page"
    return _METHOD.sub("", text).partition("(http")[0].partition(" at http")[0][:200].rstrip(" :.")


def unreadable(error: BaseException) -> bool:
    """Whether a selector could not be read."""
    signs = ("Unexpected token", "not a valid selector", "Unknown engine", "Malformed", "Unsupported token")
    return any(sign in str(error) for sign in (*signs, "while parsing"))
