"""What the pages of the web environment reach, with a real browser and a second server beside it."""

from __future__ import annotations

import base64
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from learn_by_interact.benchmarks.folder import FolderBenchmark
from learn_by_interact.environments.web import browser
from learn_by_interact.environments.web.actions import action
from learn_by_interact.environments.web.environment import WebEnvironment
from learn_by_interact.types import Task

PAGES = {
    "/": """<h1>Home</h1><link rel=stylesheet href="/style.css"><a href="/next">Next</a>
        <a href="{other}/page">Elsewhere</a> <a href="/away">Away</a>
        <a href="{other}/page" target=_blank>Beside</a><input aria-label=Draft>""",
    "/next": '<h1>Next</h1><link rel=stylesheet href="/style.css">',
    "/parts": """<h1>Parts</h1><img src="{other}/a.png"><iframe src="{other}/frame"></iframe>
        <iframe src="/away"></iframe><script src="{other}/a.js"></script><p id=said></p><script>
        fetch('{other}/data', {{mode: 'no-cors'}}).catch(() => said.textContent = 'not fetched');
        new WebSocket('{other}/socket'.replace('http', 'ws'));
        new Worker(URL.createObjectURL(new Blob([`fetch('{other}/work', {{mode: 'no-cors'}})`])));
        navigator.sendBeacon('{other}/beacon');</script>""",
}


@contextmanager
def server(other: str = "", login: str = "") -> Iterator[tuple[str, Counter[str]]]:
    """An application -> its address, and how often each of its paths was asked for."""
    asked: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("://")[2].partition("/")[2] if "://" in self.path else self.path[1:]
            asked[f"/{path}"] += 1
            wanted = f"Basic {base64.b64encode(login.encode()).decode()}"
            if login and self.headers["Authorization"] != wanted:
                self.answer(401, "<h1>Who are you?</h1>", "WWW-Authenticate", 'Basic realm="notes"')
            elif path == "away":
                self.answer(302, "", "Location", f"{other}/page")
            elif path == "style.css":
                self.answer(200, "h1 { color: blue }", "Cache-Control", "max-age=600")
            else:
                self.answer(200, PAGES.get(f"/{path}", "<h1>Something</h1>").format(other=other))

        do_POST = do_GET

        def answer(self, code: int, text: str, name: str = "X-None", value: str = "") -> None:
            self.send_response(code)
            self.send_header("Content-Type", "text/css" if self.path.endswith("css") else "text/html")
            self.send_header("Content-Length", str(len(text)))
            self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}", asked
        made.shutdown()


Opened = Callable[..., tuple[WebEnvironment, Counter[str], Counter[str]]]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """The environment of an application -> it, what was asked of it, and of another server."""
    with ExitStack() as stack:

        def make(more: str = "", login: str = "") -> tuple[WebEnvironment, Counter[str], Counter[str]]:
            other, elsewhere = stack.enter_context(server())
            url, asked = stack.enter_context(server(other, login))
            written = f'name = "notes"\ndescription = "Notes."\nkind = "web"\n[web]\nurl = "{url}"\n{more}\n'
            (tmp_path / "environment.toml").write_text(written.replace("OTHER", other))
            environment = FolderBenchmark(tmp_path).environment()
            assert isinstance(environment, WebEnvironment)
            return stack.enter_context(environment), asked, elsewhere

        yield make


def begin(web: WebEnvironment, page: str = "/") -> str:
    return web.reset(Task(environment="notes", instruction="", setup={"page": page})).text


def test_nothing_elsewhere_is_reached_whatever_a_page_asks_for(opened: Opened) -> None:
    web, asked, elsewhere = opened()
    seen = begin(web, "/parts")
    assert "# Parts" in seen and "not fetched" in seen and "part of this environment" not in seen
    for link in ("Elsewhere", "Away", "Beside"):
        begin(web)
        web.step(action('type "half written" into [textbox "Draft"]'))
        seen = web.step(action(f'click [link "{link}"]')).text
        assert "127.0.0.1" in seen and "is not part of this environment." in seen, seen
        assert web.address == "/" and "Tabs:" not in seen
        assert web.shown.elements['textbox "Draft"'].content == "half written"
    time.sleep(0.3)
    assert not elsewhere and asked["/away"] == 2


def test_another_origin_that_is_named_is_reached(opened: Opened) -> None:
    web, _, elsewhere = opened('origins = ["OTHER"]')
    begin(web, "/parts")
    assert {"/a.png", "/frame", "/a.js", "/data", "/page"} <= set(elsewhere)
    begin(web)
    assert "# Something" in web.step(action('click [link "Elsewhere"]')).text


def test_what_a_page_loads_is_cached_and_back_asks_for_little(opened: Opened) -> None:
    web, asked, _ = opened()
    begin(web)
    asked.clear()
    for written in ('click [link "Next"]', "back", "goto /next"):
        web.step(action(written))
    assert asked["/next"] == 2 and asked["/"] <= 1 and "/style.css" not in asked
    begin(web)
    assert asked["/style.css"] == 1  # Another episode knows nothing of this one.


@pytest.mark.parametrize(("password", "title"), [("lumen", "# Home"), ("wrong", "# Who are you?")])
def test_a_question_for_credentials_is_answered_once(opened: Opened, password: str, title: str) -> None:
    web, asked, _ = opened(f'credentials = ["ann", "{password}"]', "ann:lumen")
    assert title in begin(web)
    asked.clear()
    assert ("Next" if password == "lumen" else "Who") in web.step(action("goto /next")).text
    assert asked["/next"] <= 2


def test_the_proxy_that_the_variables_name_is_used_for_what_is_not_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = 'name = "notes"\ndescription = "Notes."\nkind = "web"\n[web]\nurl = "http://notes.example"\n'
    (tmp_path / "environment.toml").write_text(written)
    with server("http://other.example") as (proxy, asked):
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        browser.close()
        with FolderBenchmark(tmp_path).environment() as web:
            assert isinstance(web, WebEnvironment)
            assert "# Parts" in begin(web, "/parts")
            assert "# Home" in web.step(action("goto /")).text
            seen = web.step(action('click [link "Elsewhere"]')).text
            assert "other.example is not part of this environment." in seen and web.address == "/"
        browser.close()
    assert not {"/a.png", "/a.js", "/frame", "/page"} & set(asked)
