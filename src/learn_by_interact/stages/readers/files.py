"""Documentation in folders, and on the web."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
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
MADE = (
    *("_build", "_static", "_templates", "_themes", "__pycache__", "*.egg-info", "*.dist-info"),
    *("node_modules", "site-packages", "vendor", "_vendor", "third_party"),
    *("requirements*.txt", "robots.txt", "cmakelists.txt"),
)
"""Names of what tools make or read, and of what others wrote."""
BYTES = 5_000_000
"""A larger file or page is skipped."""
SECONDS = 30.0
"""Time that one page may take."""


def folder(path: Path, name: str, report: Report, seen: set[str] | None = None) -> Iterator[Source]:
    """The documentation in a folder (in the order of paths), or one file.

    Left out are hidden files, what lies in folders that tools or others made (`MADE`), and lists of
    requirements. `name` stands for the path in the sources' names. Files of other kinds are passed over; one
    that is too large, binary or cannot be read is reported. `seen`: texts that were read before, which are
    not read again; those of this folder are added. Raises ConfigError when the path does not exist.
    """
    if not path.exists():
        raise ConfigError(
            f"[docs] folder: {name!r}: {path} does not exist; put the documentation there or take it out."
        )
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    known = set() if seen is None else seen
    base = name.rstrip("/").removeprefix("./")
    for file in files:
        inner = file.relative_to(path).parts
        reader = FORMATS.get(file.suffix.lower())
        if file == path or (not file.suffix and file.name.lower() in NAMES):
            reader = reader or plain
        if reader is None or not file.is_file() or any(map(_is_made, inner)):
            continue
        text = text_of(file, report)
        if text and text not in known:
            known.add(text)
            yield reader("/".join(part for part in (base if base != "." else "", *inner) if part), text)


def _is_made(part: str) -> bool:
    """Whether a file or folder of this name is no documentation that somebody wrote for readers."""
    return part.startswith(".") or any(fnmatchcase(part.lower(), pattern) for pattern in MADE)


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
    return decoded(content) if content.strip() else ""


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8, or Latin-1 where hardly any of what is no ASCII could be that."""
    text = content.decode("utf-8-sig", "replace")
    wrong = text.count("\ufffd")
    return content.decode("latin-1") if 2 * wrong > sum(one > "\x7f" for one in text) else text


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
