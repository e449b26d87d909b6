"""A small web application for tests: notes in a SQLite database, a login, and pages that do what pages do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from learn_by_interact.benchmarks import Benchmark
from learn_by_interact.benchmarks.folder import FolderBenchmark
from learn_by_interact.benchmarks.webarena import SITES
from learn_by_interact.environments.web.environment import WebEnvironment
from learn_by_interact.types import Action, Step, Task, Trajectory

SERVER = r'''
import html, http.cookies, json, os, secrets, sqlite3, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

def base():
    made = sqlite3.connect("notes.db")
    made.execute("create table if not exists note (id integer primary key, title text, kind text, changed int)")
    made.execute("create table if not exists session (key text)")
    return made

with base() as first:
    if not first.execute("select count(*) from note").fetchone()[0]:
        for title in ("Buy paint", "Call Ann", "Call Ben"):
            first.execute("insert into note (title, kind, changed) values (?, 'plain', 1700000000)", [title])

MENU = '<nav><ul><li><a href="/">Home</a></li><li><a href="/new">New note</a></li>%s</ul></nav>' % "".join(
    f'<li><a href="/about?{n}">About {n}</a></li>' for n in range(6))
PAGES = {
    "/about": "<main><h1>About</h1><p>Nothing here.</p></main>",
    "/help": '<main><h1>Help</h1><h2>Notes</h2><p>A note has a title and a kind.</p><a href="/help/more">more</a></main>',
    "/help/more": "<main><h1>More help</h1><p>Notes are deleted from their page.</p></main>",
    "/long": "<main><h1>Long</h1>%s</main>" % "".join(f"<p>Line {n} of a page that is long enough.</p>" for n in range(400)),
    "/live": """<main><h1>Live</h1><button onclick="fetch('/slow').then(r => r.text()).then(t => said.textContent = t)">Ask</button>
      <p id=said>nothing yet</p></main>""",
    "/boxes": """<main><h1>Boxes</h1><button onclick="if (confirm('Really?')) done.textContent = 'confirmed'">Delete all</button>
      <p id=done></p><a href="/file" download="notes.csv">Export</a> <a href="/about?tab" target="_blank">Elsewhere</a>
      <a href="http://example.com/">Outside</a><label>Name <input id=name></label><label><input type=checkbox> Urgent</label>
      <button disabled>Never</button><div style="cursor:pointer" onclick="done.textContent='card'">Card one</div>
      <img src="http://example.com/track.png"></main>""",
    "/clock": "<main><h1>Clock</h1><p id=t>0</p></main><script>setInterval(() => t.textContent = Date.now(), 5)</script>",
    "/fields": """<main><h1>Fields</h1><label><span style="display:none">Payee: </span><input id=payee></label><p><input type=date name=day></p>
      <p><input type=date></p><p><a href="/account/Rent%20paid/"><svg width=9 height=9></svg></a></p>
      <div contenteditable=true role=textbox aria-label=Body><div>a first line that is long enough to be read as it stands</div><div>a second line</div></div>
      <p id=now></p><script>now.textContent = 'It is ' + new Date().toISOString().slice(0, 10)</script></main>""",
    "/pictures": """<style>.star::before { content: "\\f005" } .far { position: fixed; top: -100%%; opacity: 0 }</style>
      <main><h1>Pictures</h1><button onclick="box.className = ''"><i class="fas fa-fw fa-trash"></i></button>
      <a class=star href="#">Mark it</a><button title="Turn over" class=star></button><button><svg><use href="#moon"></use></svg></button>
      <div role=dialog aria-modal=true class=far id=box><h2>Delete?</h2><button>Yes</button></div></main>""".replace("%%", "%"),
    "/member": """<main><h1>New member</h1><form method=post action=/end><label>Name <input name=name required></label>
      <label>Phone <input name=phone></label><table><tr><th class=required>Mail</th><td><input aria-label=Mail></td></tr></table>
      <label>Kind * <select name=kind><option>- none -<option>guest<option>staff</select></label><button>Add</button></form></main>""",
    "/slowly": """<main><h1>Slowly</h1><p id=part>Loading entries...</p></main>
      <script>setTimeout(() => part.textContent = 'All entries are here', 600)</script>""",
    "/ways": """<main><h1>Ways</h1><form action=/slowly><input type=hidden name=kind value=urgent><button>Wait</button></form>
      <form action=/new><input type=hidden name=kind value=urgent><button>Write one</button></form>
      <button onclick="box.hidden = false">Rename all</button>
      <form id=box hidden><label>New name <input></label><label>All <input type=checkbox></label><button>Cancel</button><button>Rename</button></form>
      <a href="/help">Help</a> <a href="/long">A long page</a> <a href="/file">Export</a> <a href="http://example.com/">Outside</a></main>""",
    "/hand": """<main><h1>Hand over</h1><form method=post action=/save><label><input type=radio name=do checked> leave</label>
      <label><input type=radio name=do onclick="to.disabled = false"> hand over</label><label>to <select name=kind id=to disabled><option>ann<option>ben</select></label>
      <label><input type=checkbox> Urgent</label><button>Send</button></form></main>""",
    "/end": "<main><h1>End</h1><form method=post action=/end><button>Shut down</button></form></main>",
    "/crash": "<main><h1>Crash</h1><button onclick='for (;;) {}'>Hang</button></main>",
}

class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def answer(self, text, code=200, headers=(), kind="text/html; charset=utf-8"):
        body = text.encode()
        self.send_response(code)
        for name, value in [("Content-Type", kind), ("Content-Length", str(len(body))), *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
    def to(self, place, headers=()):
        self.answer("", 303, [("Location", place), *headers])
    def page(self, title, body):
        stamp = f'<footer>Rendered at {time.time():.3f} for {self.headers["Host"]}</footer>'
        self.answer(f"<!doctype html><title>{title} - Notes</title>{MENU}{body}{stamp}")
    def user(self):
        cookie = http.cookies.SimpleCookie(self.headers.get("Cookie", "")).get("key")
        with base() as db:
            return cookie and db.execute("select 1 from session where key = ?", [cookie.value]).fetchone()
    def do_GET(self):
        parts = urlsplit(self.path)
        if parts.path == "/ready": return self.answer("yes")
        if parts.path == "/slow":
            time.sleep(0.4)
            return self.answer("the server said so", kind="text/plain")
        if parts.path == "/file": return self.answer("a,b", kind="text/csv", headers=[("Content-Disposition", "attachment; filename=notes.csv")])
        if parts.path == "/login":
            return self.page("Login", '<main><form method=post action=/login><label>User <input name=user></label><label>Password <input type=password name=password></label><button>Log in</button></form></main>')
        if not self.user() and not parts.path.startswith("/help"): return self.to("/login")
        if parts.path in PAGES: return self.page(parts.path.strip("/").title(), PAGES[parts.path])
        with base() as db:
            if parts.path == "/":
                rows = "".join(f'<tr><td><a href="/note/{i}">#{i}</a></td><td>{html.escape(t)}</td><td>{k}</td><td><a href="/note/{i}">Open</a></td></tr>' for i, t, k in db.execute("select id, title, kind from note"))
                return self.page("All", f"<main><h1>All notes</h1><table><tr><th>Id</th><th>Title</th><th>Kind</th><th>Do</th></tr>{rows}</table><a href='/logout'>Logout</a></main>")
            if parts.path == "/new":
                return self.page("New", '<main><h1>New note</h1><form method=post action=/save><label>Title: <input name=title></label><label>Kind: <select name=kind><option>plain<option>urgent</select></label><button>Save</button></form></main>')
            if parts.path.startswith("/note/"):
                found = db.execute("select id, title, kind from note where id = ?", [parts.path[6:]]).fetchone()
                if not found: return self.answer("<title>None</title><main><h1>No such note</h1></main>", 404)
                i, t, k = found
                return self.page(t, f'<main><h1>{html.escape(t)}</h1><p>Kind: <span class=kind>{k}</span></p><form method=post action=/delete><input type=hidden name=id value={i}><button>Delete</button></form><a href="/long">Long</a></main>')
        self.answer("<title>None</title><main><h1>Not found</h1></main>", 404)
    def do_POST(self):
        form = {key: one[0] for key, one in parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()).items()}
        with base() as db:
            if self.path == "/login":
                if form.get("password") != "secret": return self.to("/login")
                key = secrets.token_hex(8)
                db.execute("insert into session values (?)", [key])
                db.commit()
                return self.to("/", [("Set-Cookie", f"key={key}; Path=/")])
            if self.path == "/end": os._exit(1)
            if self.path == "/save":
                made = db.execute("insert into note (title, kind, changed) values (?, ?, ?)", [form.get("title", ""), form["kind"], time.time_ns()])
                db.commit()
                return self.to(f"/note/{made.lastrowid}")
            db.execute("delete from note where id = ?", [form["id"]])
            db.commit()
            open("deleted.txt", "a").write(form["id"] + "\n")
            self.to("/")

print("serving", flush=True)
server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page)
server.daemon_threads = True
server.serve_forever()
'''

ENVIRONMENT = """
name = "notes"
description = "Notes, a web application in which a user keeps notes."
kind = "web"
start = "start"

[docs]
pages = ["/help"]
follow = ["/help/*"]

[web]
serve = "python3 serve.py"
ready = "/ready"
login = ['goto /login', 'type "ann" into [textbox "User"]', 'type "secret" into [textbox "Password"]', 'click [button "Log in"]']
logged_in = 'link "Logout"'

[volatile]
patterns = ['Rendered at [\\d.]+', '(?<=,)\\d{16,}(?=\\))', '''INSERT INTO "session".*''']
"""

TASKS = """
[[task]]
name = "urgent-note"
instruction = "Write a new note with the title Fix roof and the kind urgent."
gold = ['click [link "New note"]', 'type "Fix roof" into [textbox "Title:"]', 'select "urgent" in [combobox "Kind:"]', 'click [button "Save"]']
[task.expect]
sql = [{ database = "notes.db", query = "select kind from note where title = 'Fix roof'", equals = "urgent" }]
url_match = "/note/*"
program_html = [{ url = "last", locator = ".kind", exact_match = "urgent" }]

[[task]]
name = "how-many"
instruction = "How many notes are there that begin with Call? Answer with the number."
answer = "2"
[task.expect]
exact_match = "2"

[[task]]
name = "delete-paint"
instruction = "Delete the note about paint."
page = "/note/1"
check = '''[ "$(cat deleted.txt 2>/dev/null)" = 1 ]'''
gold = ['click [button "Delete"]']
"""


def notes(folder: Path, environment: str = ENVIRONMENT, tasks: str = TASKS) -> Path:
    """The folder of the environment."""
    (folder / "start").mkdir(parents=True)
    (folder / "start" / "serve.py").write_text(SERVER)
    (folder / "environment.toml").write_text(environment)
    (folder / "tasks.toml").write_text(tasks)
    return folder


@contextmanager
def as_webarena_shop(folder: Path) -> Iterator[pytest.MonkeyPatch]:
    """The application, running, as the only site that WebArena's variables name."""
    with pytest.MonkeyPatch.context() as patch, FolderBenchmark(notes(folder)).environment() as served:
        assert isinstance(served, WebEnvironment)
        for site in SITES:
            patch.delenv(f"WA_{site.upper()}", raising=False)
        patch.setenv("WA_SHOPPING", served.application.url)
        yield patch


def graded(benchmark: Benchmark, task: Task, actions: Sequence[Action]) -> float:
    """The score of an episode of these actions."""
    with benchmark.environment() as environment:
        start = environment.reset(task)
        steps = [Step(thought="", action=one, observation=environment.step(one)) for one in actions]
        whole = Trajectory(task=task.id, start=start, steps=tuple(steps), stop="done")
        return benchmark.grade(task, environment, whole)
