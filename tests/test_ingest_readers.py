"""Folders, manual pages, info manuals and web pages."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from learn_by_interact.errors import ConfigError
from learn_by_interact.sources import Docs
from learn_by_interact.stages.ingest import ingest
from learn_by_interact.types import Document

ROFF = r""".TH SHELF 1 "2024" "shelf 1.0"
.SH NAME
shelf \- keep books
.SH SYNOPSIS
.B shelf
[\fIoptions\fR...] \fIfilter\fR [\fIbooks\fR...] \fI<year>\fR
.SH DESCRIPTION
Keeps \fBbooks\fP in a file, with an extraordinarily comprehensive explanation of the responsibilities.
.SS Files
The file is named
.I shelf.txt.
.SH OPTIONS
.TP
.B \-\-year
The year it was written in.
.SH SEE ALSO
rack(1)
.SH AUTHORS AND COPYRIGHT
Somebody.
"""

HTML = """<html><head><title>x</title><style>p {}</style></head><body>
<nav><a href="/">Home sweet home</a></nav>
<main><h1>Adding<a class="headerlink" href="#a">¶</a></h1><p>Add a <em>book</em>:</p>
<pre>shelf add x
shelf list</pre><h2>More</h2><ul><li>One</li></ul><script>alert(1)</script></main>
<footer>Nobody reads this</footer></body></html>"""

RST = """=====
Shelf
=====

Intro.

Adding
======

Run::

    shelf add x

    shelf list

Deep
----

:ref:`Text <x>` here.

Loans
=====

Nothing.
"""


def read(docs: Docs, root: Path, said: list[str] | None = None) -> list[Document]:
    return list(ingest(docs, root, report=(said if said is not None else []).append))


def test_a_folder_of_many_formats(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    (docs / "sub" / ".git").mkdir(parents=True)
    (docs / "b.rst").write_text(RST)
    (docs / "a.html").write_text(HTML)
    (docs / "sub" / "README").write_text("Read me.\n")
    (docs / "sub" / "latin.txt").write_bytes("caf\xe9\r\nsecond\r\n".encode("latin-1"))
    (docs / "sub" / ".git" / "x.md").write_text("# hidden\n")
    (docs / "code.py").write_text("print()\n")
    (docs / "empty.md").write_text("\n")
    (docs / "binary.txt").write_bytes(b"\0\1")
    said: list[str] = []
    found = read(Docs(folder=("docs",)), tmp_path, said)
    assert [document.source for document in found] == [
        "docs/a.html",
        "docs/b.rst",
        "docs/sub/README",
        "docs/sub/latin.txt",
    ]
    assert found[0].title == "Adding" and found[1].title == "Shelf"
    assert found[3].text == "café\nsecond"
    assert len(said) == 1 and "binary.txt was skipped" in said[0]
    (single,) = read(Docs(folder=("docs/b.rst",)), tmp_path)
    assert (single.source, single.begin, single.end) == ("docs/b.rst", 1, 24)


def test_html_keeps_its_main_part_and_its_code(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(HTML)
    (found,) = read(Docs(folder=("a.html",)), tmp_path)
    assert found.text == "# Adding\n\nAdd a *book*:\n\n```\nshelf add x\nshelf list\n```\n\n## More\n\n- One"


def test_a_page_without_a_marked_main_part(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura", exc_type=ImportError)
    said = "".join(f"<p>Paragraph {n} of the text tells how books are put on a shelf.</p>" for n in range(9))
    page = HTML.replace("<main>", "<div>").replace("</main>", f"{said}</div>")
    (tmp_path / "a.html").write_text(page)
    (found,) = read(Docs(folder=("a.html",)), tmp_path)
    assert "Paragraph 8 of the text" in found.text and "shelf add x\nshelf list" in found.text
    assert "Home sweet home" not in found.text and "alert" not in found.text


def test_a_manual_on_one_page_keeps_the_headings_of_its_sections(tmp_path: Path, recwarn: Any) -> None:
    pytest.importorskip("trafilatura", exc_type=ImportError)
    sections = "".join(
        f'<div class="section" id="s{n}"><h1><a class="toc-backref" href="#t{n}">Part {n}</a></h1>'
        f"<p>Paragraph {n} tells how books are put on a shelf.</p><ul><li>Item {n}</li></ul></div>"
        for n in range(9)
    )
    contents = '<div class="contents topic"><p>To the parts</p><ul><li>Part 1</li></ul></div>'
    head = '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">'
    (tmp_path / "manual.html").write_text(
        f'{head}<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Shelf</title></head><body>'
        '<div class="sidebar"><h3>News</h3></div>'
        f'<div class="document"><h1 class="title">Shelf</h1>{contents}{sections}</div>'
        "<div class='footer'>Imprint</div></body></html>"
    )
    found = read(Docs(folder=("manual.html",)), tmp_path)
    text = "\n".join(page.text for page in found)
    assert [f"# Part {n}" in text and f"- Item {n}" in text for n in range(9)] == [True] * 9
    assert "Imprint" not in text and "News" not in text and "To the parts" not in text
    assert not recwarn.list, "an XHTML page is no reason for a warning"


def test_a_page_whose_heading_is_not_found_is_what_the_heading_stands_in(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura", exc_type=ImportError)
    steps = "".join(f"<li>Choose <em>Sheet - Part {n}</em>.</li>" for n in range(9))
    said = "".join(f"<p>Paragraph {n} tells how sheets are named in a document.</p>" for n in range(9))
    (tmp_path / "rename.html").write_text(
        "<html><head><title>Rename - Help</title></head><body><header><p>Help 7.4</p></header>"
        "<aside>Contents</aside><div id='area'><a name='x'></a><meta itemprop='keywords' content='sheets'>"
        f"<h1 id='h'><a name='r'></a>Renaming Sheets</h1>{said}<h2>Steps</h2><ol>{steps}</ol></div>"
        "<footer>Imprint</footer></body></html>"
    )
    (found,) = read(Docs(folder=("rename.html",)), tmp_path)
    assert found.title == "Renaming Sheets"
    assert found.text.startswith("# Renaming Sheets") and "## Steps" in found.text
    assert "9. Choose *Sheet - Part 8*." in found.text
    assert not any(word in found.text for word in ("Help 7.4", "Contents", "Imprint"))


def test_a_page_without_headings_has_its_own_title(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura", exc_type=ImportError)
    (tmp_path / "a.html").write_text(
        "<html><head><title>Shelves</title></head><body><main><p>Put books on it.</p></main></body></html>"
    )
    (found,) = read(Docs(folder=("a.html",)), tmp_path)
    assert (found.title, found.text) == ("Shelves", "Put books on it.")


def test_rst_headings(tmp_path: Path) -> None:
    text = RST.replace("Nothing.", "Nothing.\n" * 20)
    (tmp_path / "b.rst").write_text(text)
    found = read(Docs(folder=("b.rst",), chars=200), tmp_path)
    assert [document.title for document in found] == ["Shelf", "Shelf > Loans"]
    assert "shelf list" in found[0].text and "Deep" in found[0].text


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere does not exist"):
        read(Docs(folder=("nowhere",)), tmp_path)
    with pytest.raises(ConfigError, match="no documentation was found"):
        read(Docs(), tmp_path)


@pytest.mark.skipif(not shutil.which("man"), reason="man is not installed")
def test_a_manual_page(tmp_path: Path) -> None:
    (tmp_path / "shelf.1").write_text(ROFF)
    found = read(Docs(man=("./shelf.1",), chars=200), tmp_path)
    assert [document.title.split(" > ", 1)[-1] for document in found][-1] == "OPTIONS", "others say nothing"
    assert not any(word in found[-1].text for word in ("rack", "Somebody"))
    text = "\n".join(document.text for document in found)
    assert "shelf [options...] <filter> [<books>...] <year>" in text, "what is italic stands for something"
    assert "named shelf.txt." in " ".join(text.split()), "elsewhere it is a word"
    assert "shelf - keep books" in text and "--year" in text and "\x08" not in text
    assert "an extraordinarily comprehensive explanation of the responsibilities" in " ".join(text.split())
    with pytest.raises(ConfigError, match=r"no manual page `no-such-page`"):
        read(Docs(man=("no-such-page",)), tmp_path)
    with pytest.raises(ConfigError, match="is no name of a manual page"):
        read(Docs(man=("--version; id",)), tmp_path)


INFO = """File: shelf.info,  Node: Top,  Next: Adding,  Up: (dir)

Shelf
*****

Keeps books.

* Menu:

* Adding::      Add one
* Copying::     The licence

File: shelf.info,  Node: Adding,  Next: Copying,  Prev: Top,  Up: Top

1 Adding
********

   Add a book:

     $ shelf add x

File: shelf.info,  Node: Copying,  Prev: Adding,  Up: Top

Appendix A Copying
******************

You may copy it.
"""


def test_an_info_manual(tmp_path: Path) -> None:
    asked: list[str] = []

    def run(command: str) -> str:
        asked.append(command)
        return INFO

    (found,) = ingest(Docs(info=("(shelf)Top",)), tmp_path, run)
    assert "'(shelf)Top'" in asked[0]
    assert "Menu" not in found.text and "Node" not in found.text and "You may" not in found.text
    assert (found.begin, found.end) == (3, 20)
    found, second = ingest(
        Docs(info=("shelf",), chars=200), tmp_path, lambda _: INFO.replace("books", "b " * 90)
    )
    assert (second.title, second.begin, second.end) == ("info shelf > 1 Adding", 15, 20)


@pytest.mark.skipif(not shutil.which("info"), reason="info is not installed")
def test_a_missing_info_manual_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no manual `no-such-manual`"):
        read(Docs(info=("no-such-manual",)), tmp_path)


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/gone":
            self.send_error(404)
            return
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
            return
        body = {"/huge": b"x" * 6_000_000, "/a.md": b"# Title\n\ntext\n"}.get(self.path, HTML.encode())
        kind = {"/huge": "text/plain", "/a.md": "text/plain", "/b.png": "image/png"}.get(
            self.path, "text/html"
        )
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def site() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_bad_page_is_reported_and_skipped(tmp_path: Path) -> None:
    said: list[str] = []
    with site() as url:
        bad = [f"{url}/gone", f"{url}/away", f"{url}/huge", f"{url}/b.png", "http://127.0.0.1:9/closed"]
        found = read(Docs(urls=(*bad, f"{url}/a.html", f"{url}/a.md")), tmp_path, said)
    assert [line.split(" was skipped: ")[0] for line in said] == bad
    assert "404" in said[0] and "over 5,000,000 bytes" in said[2] and "image/png" in said[3]
    assert [document.title for document in found] == ["Adding", "Title"]
    assert found[0].source.endswith("/a.html") and "Home sweet home" not in found[0].text


def test_only_http_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not an http or https address"):
        read(Docs(urls=("file:///etc/passwd",)), tmp_path)
