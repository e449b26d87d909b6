"""Makes an index of a run's examples, or adds to it what it lacks."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import zstandard

from ..engine.store import Store
from ..environments import ActionSpace
from ..errors import ConfigError, StoreError
from ..texts import valid
from ..types import Attempt, Document, Example, Task, Trajectory, Usage, digest
from . import documents
from .asked import offered
from .demonstration import Demonstration, demonstration
from .encoders import proved
from .index import connection, digest_of, held, kept, meta, number, schema

VERSION = 7
"""Of what is written into an index: another one is built anew."""
BYTES = 1000
"""Memory that an example takes while it is added."""
PORTION = 2000
"""Examples that are encoded, and committed, at a time."""

Say = Callable[[str], None]


def build(
    store: Store,
    examples: Iterable[Example],
    actions: ActionSpace,
    encoder: str = "",
    by: str = "instruction",
    say: Say = lambda _: None,
    name: str = "examples",
    tested: Collection[str] = (),
) -> tuple[Path, str]:
    """Bring the index of these examples up to date -> (its folder, the digest of the examples).

    What is missing is added. An index with other examples is built again, and `say` is told so.
    `encoder`: also vectors, of the text that `by` names, and of the documents. `name`: of the set; each has a
    folder. `tested`: ids of those after which a project's own tests pass; they rank higher.
    Raises ConfigError when the encoder does not work.
    """
    working = proved(encoder) if encoder else None
    folder = store.folder / "index" / name
    wanted = {example.id: example for example in examples}
    marked = sorted(wanted.keys() & set(tested))
    named = digest_of(wanted, VERSION, marked)
    present = _present(folder, marked) if folder.exists() else set()
    if present is None or not present <= wanted.keys():
        say(f"The index in {folder} does not belong to the run's examples: it is built again.")
        _remove(folder)
        present = set()
    folder.mkdir(parents=True, exist_ok=True)
    rows = connection(folder, write=True)
    try:
        lacking = sorted(
            (wanted[identity] for identity in wanted.keys() - present),
            key=lambda example: (example.trajectory, example.id),
        )
        if lacking or meta(rows, "digest") is None:
            _add(store, lacking, actions, folder, rows, named, marked)
        if store.count(Document):
            beside, _ = documents.build(store)
            if meta(rows, "documents") != beside.name:
                _keep(rows, "documents", beside.name)
            if working and (used := documents.encode(store, beside, working)).calls:
                store.commit(Attempt(stage="index", input=f"documents, {encoder}", usage=used))
        if (found := documents.pages(store)) != (meta(rows, "pages") or ""):
            _keep(rows, "pages", found)
        if working:
            _encode(store, working, by, folder, rows)
    finally:
        rows.close()
    return folder, named


def _remove(folder: Path) -> None:
    """Remove an index. What has just read it may still write its lock there, under the folder's name."""
    aside = folder.with_name(f"{folder.name}.old")
    shutil.rmtree(aside, ignore_errors=True)
    folder.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


def _present(folder: Path, tested: Collection[str]) -> set[str] | None:
    """Ids of the examples of an index; None: it was not finished, has another form, or others are tested."""
    import tantivy

    try:
        known = held(folder)
        rows = connection(folder)
        ids = {str(row[0]) for row in rows.execute("SELECT id FROM example")}
        marked = set(meta(rows, "tested") or ())
        rows.close()
        index = tantivy.Index(schema(), path=str(folder))
        whole = index.searcher().num_docs == len(ids) and known == digest_of(ids, VERSION, marked)
        whole = whole and marked == ids & set(tested)
    except (ConfigError, apsw.Error, ValueError):
        return None
    return ids if whole else None


def _add(
    store: Store,
    examples: Sequence[Example],
    actions: ActionSpace,
    folder: Path,
    rows: apsw.Connection,
    name: str,
    tested: Sequence[str],
) -> None:
    """Tantivy's commit first: an index whose two counts differ was not finished."""
    import tantivy

    index = tantivy.Index(schema(), path=str(folder))
    # Of a segment the search finds the best without looking at most of it; of many, in each.
    heap = min(max(128_000_000, BYTES * len(examples)), 2_000_000_000)
    writer = index.writer(heap_size=heap, num_threads=1)
    pack = zstandard.ZstdCompressor(3).compress
    with rows:
        for item, fields in _demonstrations(store, examples, actions):
            states = {moment.state for moment in item.moments}
            document = tantivy.Document(number=number(item.id), **fields)
            for state in sorted(states):
                document.add_text("states", state)
            if item.section:
                document.add_text("section", item.section)
            writer.add_document(document)
            rows.execute(
                "INSERT INTO example VALUES (?, ?, ?, ?, ?)",
                (
                    number(item.id),
                    item.id,
                    item.trajectory,
                    item.end,
                    pack(_body(item)),
                ),
            )
        writer.commit()
        writer.wait_merging_threads()
        count = rows.execute("SELECT count(*) FROM example").fetchone()
        assert count is not None
        _keep(rows, "examples", count[0])
        if tested:
            _keep(rows, "tested", tested)
        _keep(rows, "digest", name)


def _body(item: Demonstration) -> bytes:
    """A demonstration as it is kept: JSON in UTF-8."""
    try:
        return item.model_dump_json().encode()
    except ValueError:  # A lone surrogate.
        return json.dumps(valid(item.model_dump(mode="json"))).encode()


def _demonstrations(
    store: Store, examples: Iterable[Example], actions: ActionSpace
) -> Iterator[tuple[Demonstration, dict[str, str]]]:
    """Each example with the texts that BM25 searches; those of one trajectory stand together."""
    trajectory, document = None, None
    for example in examples:
        if trajectory is None or trajectory.id != example.trajectory:
            found = store.get(example.trajectory)
            assert isinstance(found, Trajectory)
            trajectory, document = found, _document(store, found)
        made = demonstration(example, trajectory, actions, document)
        window = trajectory.steps[example.begin : example.end]
        fields = {
            "instruction": example.instruction,
            "actions": made.actions,
            "offered": "\n".join(offered(trajectory, example.begin, example.end)),
            "observations": "\n".join(step.observation.text for step in window),
            "start": trajectory.observation(example.begin).text,
        }
        yield made, valid(fields)


def _document(store: Store, trajectory: Trajectory) -> Document | None:
    """The section that a trajectory's task was proposed from; None where there is none."""
    task = store.get(trajectory.task)
    assert isinstance(task, Task)
    try:
        document = store.get(task.parent)
    except (StoreError, ValueError):
        return None
    return document if isinstance(document, Document) else None


def _encode(store: Store, encoder: Any, by: str, folder: Path, rows: apsw.Connection) -> None:
    """Vectors of the examples that have none, portion by portion; what was encoded is not encoded again."""
    from .dense import append

    name = vectors_name(encoder.name, by)
    state = meta(rows, f"vectors {name}") or {"folder": f"vectors-{digest(name)[:16]}", "rows": 0}
    place = folder / str(state["folder"])
    done = _encoded(place, state["rows"])
    numbers = [int(str(row[0])) for row in rows.execute("SELECT number FROM example ORDER BY number")]
    lacking = [one for one in numbers if one not in done]
    begin, usage = time.monotonic(), Usage()
    for at in range(0, len(lacking), PORTION):
        portion = lacking[at : at + PORTION]
        vectors, used = encoder.encode([encoded_text(kept(rows, one), by) for one in portion])
        usage = usage + used
        if vectors.shape[1] != state.get("width", vectors.shape[1]):
            raise ConfigError(
                f"The encoder {encoder.name} makes vectors of width {vectors.shape[1]} now and made "
                f"{state['width']} before: delete {place.parent}, or name the encoder of before."
            )
        append(place, state["rows"], portion, vectors)
        state = {**state, "rows": state["rows"] + len(portion), "width": vectors.shape[1]}
        with rows:
            _keep(rows, f"vectors {name}", state)
    if usage.calls:
        spent = Attempt(stage="index", input=name, usage=usage, seconds=time.monotonic() - begin)
        store.commit(spent)


def vectors_name(encoder: str, by: str) -> str:
    return f"{encoder}, {by}"


def encoded_text(item: Demonstration, by: str) -> str:
    """The text whose vector stands for an example."""
    parts = [item.instruction]
    if by == "instruction+actions":
        parts.append(item.actions)
    if by == "instruction+observations":
        parts += [item.start, *(moment.seen for moment in item.moments)]
    return "\n".join(parts)


def _encoded(place: Path, rows: int) -> set[int]:
    import numpy

    return set(numpy.fromfile(place / "numbers", numpy.int64, rows).tolist()) if rows else set()


def _keep(rows: apsw.Connection, key: str, value: Any) -> None:
    rows.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))
