"""What applications of one's own do that those of the other tests do not, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from learn_by_interact.benchmarks.folder import FolderBenchmark
from learn_by_interact.environments.places import Place
from learn_by_interact.environments.web import application
from learn_by_interact.environments.web.actions import action
from learn_by_interact.environments.web.environment import WebEnvironment
from learn_by_interact.errors import EnvironmentFault
from learn_by_interact.stages.plans import plans
from learn_by_interact.types import Document, Task

SERVER = r'''
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROWS = "".join(f"<tr><td><input type=checkbox aria-label='Row {n}'></td><td>Row {n}</td></tr>" for n in range(30))
SURE = "".join(f"<p>Line {n} of what goes with it.</p>" for n in range(14)) + "<form method=post><button>Yes, go</button></form>"
PAGES = {
    "/": """<title>Start</title><main><h1>Start</h1><a href=/many>Many</a> <a href=/big>Big</a> <a href=/late>Late</a>
      <a href=/tasks/>Tasks</a> <a href=/books>Books</a> <a href=/todo>To do</a></main>""",
    "/many": f"<title>Many</title><main><h1>Many</h1><table>{ROWS}</table><form method=post><button>Delete</button></form></main>",
    "/sure": f"<title>Sure?</title><main><h1>Are you sure?</h1><table>{ROWS[:600]}</table>{SURE}</main>",
    "/big": """<title>Big</title><main><h1>Big</h1><form method=post action=/big><label>First <input name=first></label>
      <button type=button>Choose all</button>%s<label>Last <input name=last></label><button>Save</button></form></main>"""
      % ("<p>Words that stand between the fields of a form that is long.</p>" * 80),
    "/late": """<title>Late</title><main><h1>Late</h1><p id=said></p>
      <button onclick="setTimeout(() => said.textContent = 'Done at last', 350)">Go</button></main>""",
    "/todo": """<title>To do</title><main><h1>To do</h1><ul id=all></ul><input aria-label="What is to be done"
      onkeydown="if (event.key === 'Enter') fetch('/add', {method: 'post', body: value}).then(() => location.reload())"></main>""",
    "/tasks/": "<title>Tasks</title><main><h1>Tasks</h1>%s</main>"
      % "".join(f"<p><a href=/tasks/{n}/>Task {n}</a></p>" for n in (1, 2, 3)),
    "/books": "<title>Books</title><main><h1>Books</h1>%s</main>"
      % "".join(f"<p><a href=/book/{n}/change/>Book {n}</a></p>" for n in (1, 2, 3)),
}

class Page(BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def answer(self, path):
        kind = path.strip("/").split("/")[0]
        item = f"<title>An item</title><main><h1>{path}</h1><form method=post><label>Name <input></label><button>Keep</button></form></main>"
        text = PAGES.get(path) or (item if kind in ("tasks", "book") else "")
        self.send_response(200 if text else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(("<!doctype html>" + text).encode())
    def do_GET(self): self.answer(self.path.partition("?")[0])
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer("/sure" if self.path == "/many" else self.path)

ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()
'''
ENVIRONMENT = """
name = "own"
description = "An application of one's own."
kind = "web"
start = "start"

[docs]
pages = ["/"]

[web]
serve = "python3 serve.py"
"""


def own(folder: Path, environment: str = ENVIRONMENT) -> WebEnvironment:
    """The environment, in a folder that it makes."""
    (folder / "start").mkdir(parents=True)
    (folder / "start" / "serve.py").write_text(SERVER)
    (folder / "environment.toml").write_text(environment)
    made = FolderBenchmark(folder).environment()
    assert isinstance(made, WebEnvironment)
    return made


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebEnvironment]:
    with own(tmp_path_factory.mktemp("own") / "own") as environment:
        yield environment
    application.close_all()


@pytest.fixture(scope="module")
def places(web: WebEnvironment) -> dict[tuple[str, ...], Place]:
    web.reset(Task(environment="own", instruction=""))
    return {place.path: place for place in web.survey()}


def on(web: WebEnvironment, page: str, *actions: str) -> list[str]:
    """What is seen from the page on, in an episode of its own."""
    seen = [web.reset(Task(environment="own", instruction="", setup={"page": page})).text]
    return seen + [web.step(action(one)).text for one in actions]


def test_an_answer_at_the_same_address_under_another_title_is_shown_whole(web: WebEnvironment) -> None:
    seen = on(web, "/many", 'click [button "Delete"]')[-1]
    assert "URL: /many\nTitle: Sure?" in seen
    assert '[button "Yes, go"]' in seen and "Line 13 of what goes" in seen and "as before" not in seen


def test_a_query_alone_is_one_of_the_present_page(web: WebEnvironment) -> None:
    assert "URL: /late?order=name\n" in on(web, "/late", "goto ?order=name")[-1]


def test_what_comes_a_little_later_is_seen(web: WebEnvironment) -> None:
    seen = on(web, "/late", 'click [button "Go"]', 'click [heading "Late"]')
    assert "Done at last" in seen[1] and "Nothing changed" not in seen[1]


def test_the_home_page_is_looked_at_where_it_is_documentation_too(
    places: dict[tuple[str, ...], Place],
) -> None:
    assert () in places and len(places) > 4


def test_a_field_without_a_button_is_sent_with_enter(places: dict[tuple[str, ...], Place]) -> None:
    page = places['click [link "To do"]',]
    (form,) = page.forms
    assert [one.label for one in form.fields] == ["What is to be done"] and not form.buttons
    text = "Each thing that is to be done is written down, one after the other."
    document = Document(source="d", title="What is to be done", text=text, begin=1, end=1)
    (plan,) = plans(document, [page], 1, 0)
    said = {"values": {"What is to be done": "Buy paint"}, "task": "Write down that paint is to be bought."}
    assert plan.read(said)[1] == (
        'click [link "To do"]',
        'type "Buy paint" into [textbox "What is to be done"]',
        "press Enter",
    )


def test_a_form_that_goes_on_behind_the_first_part_of_a_page_is_whole(
    places: dict[tuple[str, ...], Place],
) -> None:
    page = places['click [link "Big"]',]
    (form,) = (one for one in page.forms if one.fields)
    assert [one.label for one in form.fields] == ["First", "Last"] and "Last" not in page.text
    assert [one.label for one in form.buttons] == ["Save"], "what helps to fill it in does not send it"


@pytest.mark.parametrize(
    ("path", "others"),
    [
        ("goto /tasks/1/", ("goto /tasks/2/", "goto /tasks/3/")),
        ("goto /book/1/change/", ("goto /book/2/change/", "goto /book/3/change/")),
    ],
)
def test_an_item_is_known_by_its_number_wherever_it_stands_in_the_address(
    places: dict[tuple[str, ...], Place], path: str, others: tuple[str, ...]
) -> None:
    assert places[path,].alike == others


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('"python3 serve.py"', '"PORT=18231 python3 serve.py"\nseconds = 2'), "web.serve does not name"),
        (("[web]", '[web]\nready = "/health"\nseconds = 2'), "answered 404 at /health"),
    ],
    ids=["another port", "a page that is not there"],
)
def test_an_application_that_is_not_found_says_what_may_be_wrong(
    tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    with (
        pytest.raises(EnvironmentFault) as failed,
        own(tmp_path / "own", ENVIRONMENT.replace(*change)),
    ):
        pass
    assert told in str(failed.value)
