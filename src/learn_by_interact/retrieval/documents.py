"""Sections of documentation (RAG) and pages of an application, found by the task's instruction.

The index is derived from the store and safe to delete; ties in the score are broken by id.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..agents.agent import Hit
from ..engine.store import Store
from ..environments.places import SURVEY
from ..errors import ConfigError
from ..texts import valid
from ..types import Page, Usage, digest
from .index import words

if TYPE_CHECKING:
    from .dense import Floats, Vectors
    from .encoders import Encoder

TITLE = 2.0
"""What a word in the title counts for; one in the text counts 1."""
VERSION = 4
"""Of the form of the index."""
ELEMENTS = 8
"""Fields and buttons of a page that are told."""
ENCODED = 1500
"""Characters of a document that are encoded."""
DEPTH = 60
"""Pages that are looked at for the best of them."""
_NUMBERED = re.compile(r"goto (/(?:[^?\s]*/)?([A-Za-z]+)/?)(\w*\d[\w.-]*)(?=\n|$)")
"""A way to one of the pages of a kind: `goto /ticket/28`, `goto /issue4`."""
SHORTEST = 200
"""Characters; what is left of a section that is cut to fewer says little."""


def build(store: Store) -> tuple[Path, str]:
    """Write the index of all documents into the run folder -> (its folder, its digest).

    One that is there already for the same documents is left as it is. Raises ConfigError for none.
    """
    documents = store.documentation()
    if not documents:
        raise ConfigError(f"{store.folder} holds no documents for the arm `rag`: run `lbi ingest` first.")
    return _written(store.folder / "index", "documents", [(one.id, one.title, one.text) for one in documents])


def since(store: Store, documents: bool, pages: bool) -> str:
    """Names the documentation and the pages, where they are not those of the run at first; "" otherwise."""
    stages = [("ingest", "ingest")] if documents else []
    stages += [(SURVEY, key)] if pages and (key := store.meta(SURVEY)) else []
    others = []
    for every, last in stages:
        first, now = (list(store.attempts(stage)) for stage in (every, last))
        if first and now and set(first[0].outputs) != set(now[-1].outputs):
            others.append([every, sorted(now[-1].outputs)])
    return digest(others)[:16] if others else ""


def pages(store: Store) -> str:
    """Write the index of the pages that the last survey found -> its folder's name; "" for none."""
    key = store.meta(SURVEY)
    known = [page for attempt in store.attempts(key) for page in attempt.outputs] if key else []
    rows = []
    for page in map(store.get, known):
        assert isinstance(page, Page)
        way = "\n".join([f"Page {page.title}:", *(f"ACTION: {action}" for action in page.path)])
        rows.append((page.id, page.title, "\n\n".join([way, "\n".join(page.elements), page.text])))
    return _written(store.folder / "index", "pages", rows)[0].name if rows else ""


def places(folder: str, text: str, limit: int, element: str = "") -> list[tuple[str, str, float]]:
    """Pages that share words with a text: (id, how it is reached and what is there, score), best first.

    What the text names by number comes first, such as `/ticket/27` for "close ticket #27"; where this
    one was not looked at, another of its kind says what is there. `element`: only pages that have it.
    """
    ways: dict[str, tuple[str, tuple[str, str, float]]] = {}
    for identity, _, body, score in search(folder, text, DEPTH):
        told, there, shown = body.split("\n\n", 2)
        if element and element not in there.split("\n") and f"[{element}]" not in shown:
            continue
        numbered = _NUMBERED.search(told)
        title = told.partition("\n")[0]
        wanted = _number(text, numbered[2], f"#{numbered[3]} " in title) if numbered else ""
        if numbered and wanted and wanted != numbered[3]:
            address = f"{numbered[1]}{wanted}"
            rest = told.partition("\n")[2].replace(numbered[0], f"goto {address}", 1)
            told = f"Page {address}:\n{rest}"
        way = told.partition("\n")[2]
        told += _there(there.split("\n"), f"{text}\n{element}") if there else ""
        ways.setdefault(way, (numbered[2] if numbered and wanted else "", (identity, told, score)))
    first: dict[str, tuple[str, str, float]] = {}
    for kind, row in ways.values():
        if kind:
            first.setdefault(kind, row)
    rows = [row for _, row in ways.values() if row not in first.values()]
    return [*first.values(), *rows][:limit]


def _there(elements: Sequence[str], about: str) -> str:
    """A line with a page's elements, at most `ELEMENTS`: those that share words with a text before others."""
    wanted = set(words(about))
    told = sorted(range(len(elements)), key=lambda at: not wanted & set(words(elements[at])))[:ELEMENTS]
    return "\nThere: " + ", ".join(f"[{elements[at]}]" for at in sorted(told))


def _number(text: str, kind: str, hashed: bool) -> str:
    """The number of the thing of this kind that a text names first: `27` of "Ticket #27" for `ticket`.

    `hashed`: things of this kind are called by a mere `#27`.
    """
    found = re.search(rf"(?i)\b{re.escape(kind)}s?\s+(?:number\s+|no\.?\s+)?#?(\w*\d(?:[\w.-]*\w)?)", text)
    found = found or (re.search(r"(?<!\S)#(\d+)\b", text) if hashed else None)
    return found[1] if found else ""


def _written(parent: Path, kind: str, rows: Sequence[tuple[str, str, str]]) -> tuple[Path, str]:
    """An index of these ids, titles and texts -> (its folder, its digest)."""
    import tantivy

    name = digest([VERSION, [row[0] for row in rows]])[:16]
    folder = parent / f"{kind}-{name}"
    if (folder / "complete").exists():
        return folder, name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    writer = tantivy.Index(_schema(), path=str(folder)).writer(heap_size=64_000_000, num_threads=1)
    for identity, title, text in rows:
        writer.add_document(tantivy.Document(id=identity, title=valid(title), text=valid(text)))
    writer.commit()
    writer.wait_merging_threads()
    (folder / "complete").write_text(str(len(rows)))
    return folder, name


def encode(store: Store, folder: Path, encoder: Encoder) -> Usage:
    """Vectors of all documents in the folder of their index, once -> what they took. Raises ModelError."""
    from .dense import append

    place = _vectors(folder, encoder.name)
    if (place / "ids").exists():
        return Usage()
    documents = sorted(store.documentation(), key=lambda one: one.id)
    vectors, usage = encoder.encode([f"{one.title}. {one.text[:ENCODED]}" for one in documents])
    append(place, 0, range(len(documents)), vectors)
    # Last: without it they were not finished.
    (place / "ids").write_text(json.dumps([vectors.shape[1], *(one.id for one in documents)]))
    return usage


def near(folder: str, encoder: str, vector: Floats, limit: int) -> list[str]:
    """Ids of the documents whose vectors are nearest to one of length 1; best first, ties in order of id.

    Raises ConfigError when `encode` was not called for this encoder.
    """
    ids, vectors = _encoded(str(_vectors(Path(folder), encoder)))
    return [ids[number] for number, _ in vectors.search(vector, limit)]


def _vectors(folder: Path, encoder: str) -> Path:
    return folder / f"vectors-{digest(encoder)[:16]}"


@lru_cache(maxsize=8)
def _encoded(place: str) -> tuple[list[str], Vectors]:
    from .dense import Vectors

    file = Path(place, "ids")
    if not file.exists():
        raise ConfigError(f"{place} holds no vectors: run `lbi index` again.")
    width, *ids = json.loads(file.read_text())
    return ids, Vectors(Path(place), len(ids), width)


def find(folder: str, text: str, limit: int, characters: int) -> list[Hit]:
    """At most `limit` sections by BM25 over title and text, best first, in `characters` together.

    The section that does not fit any more is cut to what is left. Raises ConfigError when the
    folder holds no index.
    """
    hits: list[Hit] = []
    for identity, title, body, score in search(folder, text, limit):
        if characters < SHORTEST:
            break
        section = f"{title}\n{body}"[:characters].rstrip()
        characters -= len(section)
        hits.append(Hit(id=identity, text=section, why=f"instruction {score:.2f}"))
    return hits


def section(folder: str, identity: str) -> tuple[str, str] | None:
    """Title and text of a section; None for one that an earlier recipe had and this one leaves out.

    Raises ConfigError when the folder holds no index.
    """
    import tantivy

    index, searcher = _open(folder)
    found = searcher.search(tantivy.Query.term_query(index.schema, "id", identity), limit=1).hits
    if not found:
        return None
    fields = searcher.doc(found[0][1])
    return str(fields["title"][0]), str(fields["text"][0])


def holding(folder: str, word: str, limit: int) -> list[tuple[str, str, str]]:
    """At most `limit` sections that have a word: (id, title, text), in order of id."""
    return sorted(row[:3] for row in search(folder, word, limit))


def search(folder: str, text: str, limit: int) -> list[tuple[str, str, str, float]]:
    """Sections by BM25 over title and text: (id, title, text, score), best first."""
    import tantivy

    index, searcher = _open(folder)
    terms = [
        (
            tantivy.Occur.Should,
            tantivy.Query.boost_query(tantivy.Query.term_query(index.schema, field, word), weight),
        )
        for field, weight in (("title", TITLE), ("text", 1.0))
        for word in words(text)
    ]
    if not terms:
        return []
    found = searcher.search(tantivy.Query.boolean_query(terms), limit=4 * limit)
    rows = []
    for score, address in found.hits:
        fields = searcher.doc(address)
        rows.append((fields["id"][0], fields["title"][0], fields["text"][0], float(score)))
    rows.sort(key=lambda row: (-round(row[3], 4), row[0]))
    return rows[:limit]


@lru_cache(maxsize=8)
def _open(folder: str) -> tuple[Any, Any]:
    """Index and searcher, one a process. Raises ConfigError when the folder holds none."""
    import tantivy

    if not (Path(folder) / "complete").exists():
        raise ConfigError(f"{folder} holds no index of documents: `lbi evaluate` makes it.")
    index = tantivy.Index(_schema(), path=folder)
    index.reload()
    return index, index.searcher()


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw")
    for field in ("title", "text"):
        builder.add_text_field(field, stored=True, tokenizer_name="en_stem")
    return builder.build()
