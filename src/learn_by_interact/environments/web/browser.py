"""A Chromium for this thread.

Playwright's synchronous API does not cross threads: each thread that acts has a browser of its own, which is
started at its first episode and used for all the others; an episode is a fresh context.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...errors import ConfigError, EnvironmentFault

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Playwright

CHROMIUM = "LBI_CHROMIUM"
"""Environment variable that names the browser's program."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # Of this switch the last one counts, so that Playwright's own are here as well: what is asked for by http
    # stays http, and pages are not held back.
    "--disable-features=WebRtcHideLocalIpsWithMdns,OptimizationHints,MediaRouter,HttpsUpgrades,"
    "HttpsFirstBalancedModeAutoEnable,PaintHolding,Translate,LensOverlay,ThirdPartyStoragePartitioning,"
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,NetworkTimeServiceQuerying",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
)
INSTALL = "type: pip install 'learn-by-interact[web]' && apt-get install -y --no-install-recommends chromium"
SIZE = {"width": 1280, "height": 900}
MARK = "--lbi-browser="
"""A switch that Chromium does not know: by it the process of this thread's browser is found."""
STUCK = 60.0
"""Seconds after which what was asked of a browser does not come: a page may have a script that never ends."""

_local = threading.local()


def program() -> str:
    """The path of the browser. Raises ConfigError that says how to install or to name one."""
    named = os.environ.get(CHROMIUM, "")
    if named:
        if not shutil.which(named):
            raise ConfigError(f"{CHROMIUM}={named}: there is no such program; name a Chromium, or unset it")
        return named
    for name in NAMES:
        if found := shutil.which(name):
            return found
    for folder in (Path.home() / ".cache" / "ms-playwright",):
        for found_file in sorted(folder.glob("chromium-*/chrome-linux*/chrome"), reverse=True):
            return str(found_file)
    raise ConfigError(f"there is no Chromium here, or {CHROMIUM} must name it; {INSTALL}")


def browser() -> Browser:
    """This thread's browser, started if need be; one that has died is replaced.

    Raises ConfigError when Playwright or Chromium is not installed, EnvironmentFault when it does not start.
    """
    known: Browser | None = getattr(_local, "browser", None)
    if known is not None and known.is_connected() and _local.process == os.getpid():
        return known
    path = program()
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise ConfigError(f"Playwright is not installed; {INSTALL}") from None
    if known is not None and _local.process == os.getpid():
        with suppress(Exception):
            _local.playwright.stop()
    try:
        playwright: Playwright = sync_playwright().start()
        mark = f"{MARK}{uuid.uuid4().hex}"
        made = playwright.chromium.launch(executable_path=path, headless=True, args=[*ARGUMENTS, mark])
    except Error as error:
        raise EnvironmentFault(f"{path} could not be started: {said(error)}") from None
    _local.playwright, _local.browser, _local.process, _local.mark = playwright, made, os.getpid(), mark
    return made


@contextmanager
def watched(times: float = 1.0) -> Iterator[None]:
    """Kill this thread's browser when the block takes longer than `times` STUCK seconds.

    Playwright waits without end for what a script on a page gives, also for its title and for a context to
    close. Raises EnvironmentFault when the browser was killed.
    """
    stuck = threading.Event()
    mark: str = getattr(_local, "mark", "")
    seconds = times * STUCK

    def end() -> None:
        stuck.set()
        _kill(mark)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if stuck.is_set():
            close()
            raise EnvironmentFault(
                f"the page did not answer for {seconds:.0f} s; its browser was ended"
            ) from None


def _kill(mark: str) -> None:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if mark and mark.encode() in file.read_bytes().split(b"\0"):
                os.kill(int(file.parent.name), signal.SIGKILL)


def close() -> None:
    """Close this thread's browser, if there is one."""
    if getattr(_local, "browser", None) is not None:
        with suppress(Exception):
            _local.browser.close()
        with suppress(Exception):
            _local.playwright.stop()
        _local.browser = None


def context(state: Any = None, proxy: Mapping[str, str] | None = None, clock: str = "") -> BrowserContext:
    """A fresh context.

    `state`: cookies and storage of a session (Playwright's `storage_state`); `proxy`: as Playwright has it;
    `clock`: the time (ISO 8601, UTC) that its pages see. Raises EnvironmentFault when the browser is broken.
    """
    from playwright.sync_api import Error

    try:
        made = browser().new_context(
            viewport=SIZE,  # type: ignore[arg-type]
            storage_state=state,
            proxy=proxy,  # type: ignore[arg-type]
            service_workers="block",
            accept_downloads=True,
            locale="en-US",
            timezone_id="UTC",
            reduced_motion="reduce",
        )
        if clock:
            made.clock.set_fixed_time(datetime.fromisoformat(clock).replace(tzinfo=UTC))
        return made
    except Error as error:
        close()
        raise EnvironmentFault(f"the browser could not open a session: {said(error)}") from None


def origin(address: str) -> str:
    """`scheme://host:port` of an address, without the port that the scheme has anyway."""
    parts = urlsplit(address)
    port = parts.port if parts.port and parts.port != {"http": 80, "https": 443}.get(parts.scheme) else None
    if parts.scheme == "file":
        return "file://"
    return f"{parts.scheme}://{parts.hostname or ''}{f':{port}' if port else ''}"


def said(error: BaseException) -> str:
    """The first sentence of an error of Playwright, without its call log."""
    text = str(error).split("\nCall log:")[0].split("\n  - ")[0]
    text = " ".join(text.replace("Error: ", "").split())
    return text[:300]
