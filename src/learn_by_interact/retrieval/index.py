"""The index over examples: BM25 over instructions, actions and observations, states by their key, vectors.

A folder that is derived from the store and safe to delete: `index.sqlite` says which examples it holds, with
all that their text is made of; beside it tantivy's files, and vectors for each encoder that was asked for.
Results do not depend on the order in which examples were added: ties in the score are broken by id.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import apsw
import zstandard

from ..errors import ConfigError
from ..texts import valid
from ..types import digest
from .demonstration import Demonstration

if TYPE_CHECKING:
    from .dense import Floats, Vectors

FIELDS = ("instruction", "actions", "offered", "observations", "start")
"""What BM25 searches: `offered` is what the lists held from which a window's steps chose, `observations` are
those after the steps, `start` is the one before them."""
Key = TypeVar("Key")

K = 60
"""Constant of reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009)."""
TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS example (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, trajectory TEXT NOT NULL, finish INTEGER NOT NULL,
    body BLOB NOT NULL);
"""
TESTED = 1.25
"""By what the score of an example counts more after which a project's own tests pass."""
LARGE = 200_000
"""Examples of an index from which on words that a share of `COMMON` has are not searched for: they take
most of the time, and change little. `FEWEST` words stay."""
COMMON, FEWEST = 0.1, 6
WORDS = 128
"""Different words of a question that are searched for: the first ones."""


class Candidate(NamedTuple):
    """A hit of one search: an example's number, the end of its window, and the score."""

    number: int
    trajectory: str
    end: int
    score: float


def number(identity: str) -> int:
    """The first 60 bits of an example's id: its number in the index."""
    return int(identity[:15], 16)


class Index:
    """An index that was built, for searching from any number of threads.

    Raises ConfigError when the folder holds none, or one that was not finished.
    """

    def __init__(self, folder: Path) -> None:
        import tantivy

        self._tantivy, self._folder = tantivy, folder
        self.digest = held(folder)
        """Of the examples that it holds."""
        self._rows = connection(folder)
        named = meta(self._rows, "documents")
        self.documents = str(folder.parent / named) if named else ""
        """Folder of the index of the run's documents; "" where there are none."""
        surveyed = meta(self._rows, "pages")
        self.pages = str(folder.parent / surveyed) if surveyed else ""
        """Folder of the index of the application's pages; "" where it was not looked over."""
        self._tested = {number(one) for one in meta(self._rows, "tested") or ()}
        self._lock = threading.Lock()
        self._index = tantivy.Index(schema(), path=str(folder))
        self._index.reload()
        self._searcher = self._index.searcher()
        if len(self) != meta(self._rows, "examples"):
            raise ConfigError(f"{folder} holds an index that was not finished: make it with `lbi index`.")

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def search(self, text: str, weights: dict[str, float], limit: int) -> list[Candidate]:
        """BM25 over some fields with a weight each; best first, ties in order of id."""
        terms = self._terms(text, weights)
        return self._top(self._tantivy.Query.boolean_query(terms), limit) if terms else []

    def met(self, key: str, text: str, weights: dict[str, float], limit: int) -> list[Candidate]:
        """Examples with a step that was taken in the state of this key, best first by BM25 of `text`."""
        return self._among("states", key, text, weights, limit)

    def of(self, section: str, text: str, weights: dict[str, float], limit: int) -> list[Candidate]:
        """Examples that came from the section of this id, best first by BM25 of `text`."""
        return self._among("section", section, text, weights, limit)

    def _among(
        self, field: str, value: str, text: str, weights: dict[str, float], limit: int
    ) -> list[Candidate]:
        query, occur = self._tantivy.Query, self._tantivy.Occur
        term = query.term_query(self._index.schema, field, value, "basic")
        here = (occur.Must, query.const_score_query(term, 0.0))
        return self._top(query.boolean_query([here, *self._terms(text, weights)]), limit)

    def near(self, vectors: Vectors, vector: Floats, limit: int) -> list[Candidate]:
        """The examples whose vectors are nearest; best first, ties in order of id."""
        found = sorted((-self._score(one, score), one) for one, score in vectors.search(vector, limit))
        return self._candidates([one for _, one in found], [-score for score, _ in found])

    def vectors(self, name: str) -> Vectors:
        """What `build` has encoded under this name. Raises ConfigError when it has not."""
        return open_vectors(self._folder, name, self.digest)

    def demonstration(self, candidate: Candidate) -> Demonstration:
        """All that the text of a hit is made of."""
        with self._lock:
            return kept(self._rows, candidate.number)

    def _terms(self, text: str, weights: dict[str, float]) -> list[tuple[Any, Any]]:
        occur, query = self._tantivy.Occur, self._tantivy.Query
        terms = []
        for field, weight in weights.items():
            for word in self._telling(field, words(text)):
                term = query.term_query(self._index.schema, field, word, "freq")
                terms.append((occur.Should, query.boost_query(term, weight)))
        return terms

    def _telling(self, field: str, asked: Sequence[str]) -> list[str]:
        """The words of a question that tell examples apart; of a small index, or a short question, all."""
        if len(self) < LARGE:
            return list(asked)
        counts = {word: self._searcher.doc_freq(field, word) for word in asked}
        rare = [word for word in asked if counts[word] <= len(self) * COMMON]
        return rare if len(rare) >= FEWEST else sorted(asked, key=lambda word: (counts[word], word))[:FEWEST]

    def _top(self, query: Any, limit: int) -> list[Candidate]:
        """The best hits. All that tie with the last of them are looked at, for the id decides which stay."""
        asked = 2 * limit
        while True:
            hits = self._searcher.search(query, limit=asked, count=False).hits
            if len(hits) < asked or round(hits[-1][0], 4) < round(hits[limit - 1][0], 4):
                break
            asked *= 8
        numbers = self._searcher.fast_field_values("number", [address for _, address in hits])
        scored = zip((score for score, _ in hits), numbers, strict=True)
        best = sorted(
            (-self._score(int(one or 0), round(float(score), 4)), int(one or 0)) for score, one in scored
        )
        best = best[:limit]
        return self._candidates([one for _, one in best], [-score for score, _ in best])

    def _score(self, one: int, score: float) -> float:
        """A score as it counts."""
        return round(score * TESTED, 4) if one in self._tested else score

    def _candidates(self, numbers: Sequence[int], scores: Sequence[float]) -> list[Candidate]:
        places = ",".join("?" * len(numbers))
        with self._lock:
            rows = self._rows.execute(
                f"SELECT number, trajectory, finish FROM example WHERE number IN ({places})", tuple(numbers)
            ).fetchall()
        known: dict[Any, Any] = {one: (trajectory, end) for one, trajectory, end in rows}
        scored = zip(numbers, scores, strict=True)
        return [Candidate(one, known[one][0], known[one][1], score) for one, score in scored]


def words(text: str) -> list[str]:
    """The different words of a question as the index has them: their stems, `book_id` as two."""
    return list(dict.fromkeys(_analyzer().analyze(valid(text))))[:WORDS]


@cache
def _analyzer() -> Any:
    """What the tokenizer `en_stem` of an index does."""
    import tantivy

    made = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for step in (
        tantivy.Filter.remove_long(40),
        tantivy.Filter.lowercase(),
        tantivy.Filter.stemmer("english"),
    ):
        made = made.filter(step)
    return made.build()


def schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("number", fast=True)
    for field in ("states", "section"):
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic")
    for field in FIELDS:
        builder.add_text_field(field, tokenizer_name="en_stem", index_option="freq")
    return builder.build()


def connection(folder: Path, write: bool = False) -> apsw.Connection:
    """The table of an index; `write`: makes it where it is missing."""
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE if write else apsw.SQLITE_OPEN_READONLY
    opened = apsw.Connection(str(folder / "index.sqlite"), flags=flags)
    opened.set_busy_timeout(30_000)
    if write:
        opened.execute(TABLES)
    return opened


def meta(rows: apsw.Connection, key: str) -> Any:
    """The JSON value that an index keeps under a name, or None."""
    row = rows.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return json.loads(str(row[0])) if row else None


def kept(rows: apsw.Connection, number: int) -> Demonstration:
    """All that an index keeps of an example."""
    row = rows.execute("SELECT body FROM example WHERE number = ?", (number,)).fetchone()
    assert row is not None
    return Demonstration.model_validate_json(zstandard.decompress(cast(bytes, row[0])))


def held(folder: Path) -> str:
    """The digest of the examples that an index holds. Raises ConfigError when there is none."""
    try:
        rows = connection(folder)
        found = meta(rows, "digest")
        rows.close()
    except apsw.Error:
        found = None
    if not found:
        raise ConfigError(f"{folder} holds no index: make it with `lbi index`.")
    return str(found)


def digest_of(ids: Iterable[str], version: int, tested: Collection[str] = ()) -> str:
    """Names a set of examples, which of them count more, and the form of the index."""
    return digest([version, sorted(f"{one}+" if one in tested else one for one in ids)])[:16]


def open_index(folder: str) -> Index:
    """The index in this folder as it is now, one a process."""
    examples, rows = held(Path(folder)), connection(Path(folder))
    beside = [str(meta(rows, name)) for name in ("documents", "pages")]
    rows.close()
    return _opened(folder, examples, *beside)


@lru_cache(maxsize=8)
def _opened(folder: str, examples: str, documents: str, pages: str) -> Index:
    return Index(Path(folder))


@lru_cache(maxsize=8)
def open_vectors(folder: Path, name: str, digest: str) -> Vectors:
    """The vectors of an index of these examples, one a process. Raises ConfigError when some lack."""
    from .dense import Vectors

    rows = connection(folder)
    found, examples = meta(rows, f"vectors {name}"), meta(rows, "examples")
    rows.close()
    if not found or found["rows"] != examples:
        raise ConfigError(f"{folder} lacks vectors of {name}: make them with `lbi index`.")
    return Vectors(folder / found["folder"], found["rows"], found["width"])


def reciprocal(rankings: Iterable[Sequence[Key]], constant: int) -> dict[Key, float]:
    """Reciprocal rank fusion: score(d) = sum over rankings of 1 / (constant + rank of d)."""
    scores: dict[Key, float] = {}
    for ranking in rankings:
        for rank, one in enumerate(ranking, 1):
            scores[one] = scores.get(one, 0.0) + 1 / (constant + rank)
    return scores


def fuse(rankings: Sequence[Sequence[tuple[Candidate, str]]]) -> list[tuple[Candidate, str]]:
    """The rankings as one, by `reciprocal`; ties in order of id."""
    scores = reciprocal([[item.number for item, _ in ranking] for ranking in rankings], K)
    found: dict[int, tuple[Candidate, list[str]]] = {}
    for ranking in rankings:
        for rank, (item, why) in enumerate(ranking, 1):
            found.setdefault(item.number, (item, []))[1].append(f"{why} (rank {rank})")
    best = sorted(found.values(), key=lambda pair: (-scores[pair[0].number], pair[0].number))
    return [(item, "; ".join(whys)) for item, whys in best]
