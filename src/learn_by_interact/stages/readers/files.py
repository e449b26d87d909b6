"""Documentation in folders, and on the web."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from ...errors import ConfigError
from . import Report, Source
from .markup import html, markdown, plain, rst

FORMATS: dict[str, Callable[[str, str], Source]] = {
    ".md": markdown,
    ".markdown": markdown,
    ".rst": rst,
    ".html": html,
    ".htm": html,
    ".xhtml": html,
    ".txt": plain,
    ".text": plain,
}
"""Which files of a folder are documentation, and how they are read."""
NAMES = ("readme", "manual", "usage", "guide", "tutorial", "faq")
"""Files without a suffix that are read as text."""
BYTES = 5_000_000
"""A larger file or page is skipped."""
SECONDS = 30.0
"""Time that one page may take."""


def folder(path: Path, name: str, report: Report) -> Iterator[Source]:
    """The documentation in a folder (in the order of paths, hidden files left out), or one file.

    `name` stands for the path in the sources' names. Files of other kinds are passed over; one
    that is too large, binary or cannot be read is reported. Raises ConfigError when the path does
    not exist.
    """
    if not path.exists():
        raise ConfigError(
            f"[docs] folder: {path} does not exist; put the documentation there or take it out."
        )
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    for file in files:
        inner = file.relative_to(path).parts
        reader = FORMATS.get(file.suffix.lower())
        if file == path or (not file.suffix and file.name.lower() in NAMES):
            reader = reader or plain
        if reader is None or not file.is_file() or any(part.startswith(".") for part in inner):
            continue
        shown = "/".join([name.rstrip("/"), *inner])
        if text := text_of(file, report):
            yield reader(shown, text)


def text_of(file: Path, report: Report) -> str:
    """What a file says; "" of a blank one, and, reported, of one that is too large, binary or unreadable."""
    try:
        content = file.read_bytes() if file.stat().st_size <= BYTES else None
    except OSError as error:
        report(f"{file} was skipped: {error.strerror}.")
        return ""
    if content is None or b"\0" in content:
        report(f"{file} was skipped: it is {'binary' if content else f'over {BYTES:,} bytes'}.")
        return ""
    return content.decode("utf-8-sig", "replace") if content.strip() else ""


def page(url: str) -> Source:
    """A web page; the lines are those of its main part as Markdown.

    Raises ConfigError when the address is not http or https, OSError or ValueError when the page
    cannot be had in `SECONDS` and `BYTES` or holds no text.
    """
    text, kind = fetch(url)
    path = urlsplit(url).path.lower()
    if "html" in kind or not kind:
        source = html(url, text)
    elif "markdown" in kind or path.endswith((".md", ".markdown")):
        source = markdown(url, text)
    elif kind.startswith("text/"):
        source = rst(url, text) if path.endswith(".rst") else plain(url, text)
    else:
        raise ValueError(f"it is {kind}, not text")
    if not any(line.strip() for line in source.lines):
        raise ValueError("no text was found in it")
    return source


def fetch(url: str) -> tuple[str, str]:
    """The text behind an http(s) address and its kind (`text/html`), redirects followed."""
    from http.client import HTTPException
    from urllib.request import (
        HTTPDefaultErrorHandler,
        HTTPErrorProcessor,
        HTTPHandler,
        HTTPRedirectHandler,
        HTTPSHandler,
        OpenerDirector,
        ProxyHandler,
        Request,
    )

    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ConfigError(f"[docs] urls: {url!r} is not an http or https address.")
    # The usual opener also opens file: and ftp:, to which a page could redirect.
    opener = OpenerDirector()
    handlers = (HTTPHandler, HTTPSHandler, HTTPRedirectHandler, HTTPErrorProcessor, HTTPDefaultErrorHandler)
    for handler in (ProxyHandler, *handlers):
        opener.add_handler(handler())
    request = Request(url, headers={"User-Agent": "learn-by-interact", "Accept": "text/html,text/*;q=0.9"})
    until = time.monotonic() + SECONDS
    content = b""
    try:
        with opener.open(request, timeout=SECONDS) as reply:
            while chunk := reply.read1(65536):
                content += chunk
                if len(content) > BYTES:
                    raise ValueError(f"it is over {BYTES:,} bytes")
                if time.monotonic() > until:
                    raise ValueError(f"it took over {SECONDS:.0f} seconds")
            charset = reply.headers.get_content_charset() or "utf-8"
            kind = reply.headers.get_content_type() if "Content-Type" in reply.headers else ""
    except HTTPException as error:
        raise ValueError(f"the server's answer is broken ({type(error).__name__})") from None
    try:
        return content.decode(charset, "replace"), kind
    except LookupError:
        return content.decode("utf-8", "replace"), kind
