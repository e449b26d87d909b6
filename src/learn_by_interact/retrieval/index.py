"""The index over examples: BM25 over instructions and over what was done and seen.

Derived from the store and safe to delete. Results do not depend on the order in which examples were
added: ties in the score are broken by id.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..engine.store import Store
from ..environments import ActionSpace
from ..errors import ConfigError, StoreError
from ..prompts import cut
from ..types import STOP, Document, Example, Task, Trajectory, Value, digest

FIELDS = ("instruction", "actions", "observations")
K = 60
"""Constant of reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009)."""


class Demonstration(Value):
    """An example as it is written into a prompt, and the texts that BM25 indexes."""

    id: str
    trajectory: str
    begin: int
    end: int
    instruction: str
    actions: str
    observations: str
    text: str
    documentation: tuple[str, ...] = ()
    """Lines of the section it came from that say how its actions are written."""


def demonstration(
    example: Example,
    trajectory: Trajectory,
    actions: ActionSpace,
    document: Document | None = None,
    limit: int = 240,
) -> Demonstration:
    """Instruction, then the window's actions and observations, each observation cut to `limit` characters."""
    lines = [f"Example task: {example.instruction}"]
    done, seen = [], []
    for step in trajectory.steps[example.begin : example.end]:
        written = actions.format(step.action)
        done.append(written)
        seen.append(step.observation.text)
        lines.append(f"ACTION: {written}")
        if step.action.tool != STOP:
            lines.append(cut(step.observation.text, limit))
    return Demonstration(
        id=example.id,
        trajectory=example.trajectory,
        begin=example.begin,
        end=example.end,
        instruction=example.instruction,
        actions="\n".join(done),
        observations="\n".join(seen),
        text="\n".join(lines),
        documentation=tuple(grounding(document.text, done)) if document else (),
    )


def grounding(text: str, actions: Sequence[str], limit: int = 3, width: int = 160) -> list[str]:
    """The lines of a document that say most about how these actions are written, in its order.

    A line counts by the words it shares with the actions: options (`--csv`) most, then the words
    that a usage line begins with, then others. At most `limit` lines of at most `width` characters.
    """
    words = [re.findall(r"[\w-]+", action) for action in actions]
    options = {word for found in words for word in found if word.startswith("-") and len(word) > 1}
    others = {word.lower() for found in words for word in found if len(word) > 3} - options
    openings = [" ".join(found[:2]) for found in words if len(found) > 1]
    ranked = []
    for number, line in enumerate(text.split("\n")):
        found = re.findall(r"[\w-]+", line)
        score = 3 * len(options & set(found)) + 0.5 * len(others & {word.lower() for word in found})
        score += 3 * any(opening in line for opening in openings)
        if score >= 3:
            ranked.append((-score, number, " ".join(line.split())[:width]))
    chosen: dict[str, int] = {}
    for _, number, line in sorted(ranked):
        if len(chosen) < limit:
            chosen.setdefault(line, number)
    return sorted(chosen, key=lambda line: chosen[line])


def _document(store: Store, trajectory: Trajectory) -> Document | None:
    """The section that a trajectory's task was proposed from; None where there is none."""
    task = store.get(trajectory.task)
    assert isinstance(task, Task)
    try:
        document = store.get(task.parent)
    except (StoreError, ValueError):
        return None
    return document if isinstance(document, Document) else None


def build(store: Store, examples: Iterable[Example], actions: ActionSpace) -> tuple[Path, str]:
    """Write the index of these examples into the run folder -> (its folder, its digest).

    One that is there already for the same examples is left as it is.
    """
    import tantivy

    demonstrations = []
    for example in examples:
        trajectory = store.get(example.trajectory)
        assert isinstance(trajectory, Trajectory)
        demonstrations.append(demonstration(example, trajectory, actions, _document(store, trajectory)))
    demonstrations.sort(key=lambda item: item.id)
    name = digest([item.model_dump(mode="json") for item in demonstrations])[:16]
    folder = store.folder / "index" / name
    if (folder / "complete").exists():
        return folder, name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    index = tantivy.Index(_schema(), path=str(folder))
    writer = index.writer(heap_size=64_000_000, num_threads=1)
    for item in demonstrations:
        fields = {name: getattr(item, name) for name in FIELDS}
        writer.add_document(tantivy.Document(id=item.id, body=item.model_dump_json(), **fields))
    writer.commit()
    writer.wait_merging_threads()
    (folder / "complete").write_text(str(len(demonstrations)))
    return folder, name


class Index:
    """An index that was built, for searching from any number of threads.

    Raises ConfigError when the folder holds none.
    """

    def __init__(self, folder: Path) -> None:
        import tantivy

        if not (folder / "complete").exists():
            raise ConfigError(f"{folder} holds no index: make it with `lbi index`.")
        self._tantivy = tantivy
        self._index = tantivy.Index(_schema(), path=str(folder))
        self._index.reload()
        self._searcher = self._index.searcher()

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def search(self, text: str, weights: dict[str, float], limit: int) -> list[tuple[Demonstration, float]]:
        """BM25 over some fields with a weight each; best first, ties in order of id."""
        wanted = words(text)
        if not wanted or not len(self):
            return []
        occur, query = self._tantivy.Occur, self._tantivy.Query
        terms = []
        for field, weight in weights.items():
            for word in wanted:
                term = query.term_query(self._index.schema, field, word)
                terms.append((occur.Should, query.boost_query(term, weight)))
        found = self._searcher.search(query.boolean_query(terms), limit=4 * limit)
        hits = []
        for score, address in found.hits:
            body = json.loads(self._searcher.doc(address)["body"][0])
            hits.append((Demonstration.model_validate(body), float(score)))
        hits.sort(key=lambda hit: (-round(hit[1], 4), hit[0].id))
        return hits[:limit]


def words(text: str) -> list[str]:
    """Up to 128 different words of a query, as an index has them: `book_id` is two."""
    return list(dict.fromkeys(re.findall(r"[^\W_]+", text.lower())))[:128]


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw")
    builder.add_text_field("body", stored=True, tokenizer_name="raw", index_option="basic")
    for field in FIELDS:
        builder.add_text_field(field, stored=False)
    return builder.build()


@lru_cache(maxsize=8)
def open_index(folder: str) -> Index:
    """The index in this folder, one a process."""
    return Index(Path(folder))


def fuse(rankings: list[list[tuple[Demonstration, str]]]) -> list[tuple[Demonstration, str]]:
    """Reciprocal rank fusion: score(d) = sum over rankings of 1 / (K + rank of d); ties in order of id."""
    scores: dict[str, float] = {}
    found: dict[str, tuple[Demonstration, list[str]]] = {}
    for ranking in rankings:
        for rank, (item, why) in enumerate(ranking, 1):
            scores[item.id] = scores.get(item.id, 0.0) + 1 / (K + rank)
            found.setdefault(item.id, (item, []))[1].append(f"{why} (rank {rank})")
    best = sorted(found.values(), key=lambda pair: (-scores[pair[0].id], pair[0].id))
    return [(item, "; ".join(whys)) for item, whys in best]
