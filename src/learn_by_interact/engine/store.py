"""The store of a run: one folder, `run.sqlite` in it is the truth, everything else is derived.

The outputs of an attempt and its ledger line are committed in one transaction, so that a kill at
any moment loses nothing and doubles nothing. The text of an observation is stored once, however
many steps show it. SQLite comes with apsw: the standard library of many systems links a version
whose WAL-reset bug can lose committed writes (fixed in 3.51.3).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import apsw
import zstandard

from ..errors import StoreError
from ..types import (
    RECORDS,
    Attempt,
    Document,
    Example,
    Observation,
    Page,
    Reasoning,
    Record,
    Task,
    Trajectory,
    Usage,
    Verdict,
)

SCHEMA = 1
TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE text (hash BLOB PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE record (id BLOB PRIMARY KEY, kind TEXT NOT NULL, about BLOB, body BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX record_about ON record (kind, about);
CREATE TABLE attempt (
    number INTEGER PRIMARY KEY, stage TEXT NOT NULL, input TEXT NOT NULL, outputs TEXT NOT NULL,
    error TEXT NOT NULL, usage TEXT NOT NULL, seconds REAL NOT NULL,
    at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE INDEX attempt_stage ON attempt (stage, input);
"""
SPENT = """
SELECT total(usage ->> 'calls'), total(usage ->> 'prompt'), total(usage ->> 'cached'),
    total(usage ->> 'completion'), total(usage ->> 'cost'), count(*) - count(usage ->> 'cost')
FROM attempt WHERE number IN (SELECT max(number) FROM attempt GROUP BY stage, input)
"""
COMPRESS_OVER = 200
"""Bytes; below it zstd's frame costs more than it saves."""

R = TypeVar("R", bound=Record)


class Store:
    """A run folder, opened by one writer or by any number of readers.

    Raises StoreError when the folder is in use by another writer, comes from a newer version, is
    missing (for readers) or cannot be written.
    """

    def __init__(self, folder: Path | str, *, readonly: bool = False) -> None:
        self.folder = Path(folder)
        self.readonly = readonly
        self._lock: int | None = None
        file = self.folder / "run.sqlite"
        if readonly and not file.exists():
            raise StoreError(f"{self.folder} is not a run folder: it has no run.sqlite; `lbi run` makes one.")
        if self.folder.is_file():
            raise StoreError(f"{self.folder} is a file: name a folder for the run.")
        try:
            if not readonly:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._take_lock()
            with _said_plainly(self.folder):
                self._db = self._connect(file)
        except OSError as error:
            self._release_lock()
            raise StoreError(f"{self.folder} cannot be used: {error.strerror or error}.") from error
        except BaseException:
            self._release_lock()
            raise

    def _connect(self, file: Path) -> apsw.Connection:
        if self.readonly:
            db = _to_read(file)
        else:
            db = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
            db.set_busy_timeout(30_000)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
        known = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()
        if not known and self.readonly:
            db.close()
            raise StoreError(f"{self.folder} holds nothing yet: its run was stopped before it began.")
        if not known:
            with db:
                db.execute(TABLES)
                db.execute("INSERT INTO meta VALUES ('schema', ?)", (str(SCHEMA),))
        row = db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
        if row is None or int(row[0]) > SCHEMA:
            found = row[0] if row else "unknown"
            db.close()
            raise StoreError(
                f"{self.folder} was written by a newer version of this program (schema {found}, this one "
                f"reads {SCHEMA}): upgrade learn-by-interact, or name another run folder."
            )
        return db

    def _take_lock(self) -> None:
        handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
            os.close(handle)
            raise StoreError(
                f"{self.folder} is in use by process {owner}: wait for it, stop it, "
                "or name another run folder."
            ) from None
        self._lock = handle
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())

    def _release_lock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()
        self._release_lock()

    # Writing

    def add(self, records: Iterable[Record]) -> None:
        """Write records in one transaction; one that is already there is left as it is."""
        with _said_plainly(self.folder), self._db:
            for record in records:
                self._write(record)

    def commit(self, attempt: Attempt, records: Iterable[Record] = ()) -> None:
        """Write an attempt and its outputs in one transaction."""
        with _said_plainly(self.folder), self._db:
            for record in records:
                self._write(record)
            self._db.execute(
                "INSERT INTO attempt (stage, input, outputs, error, usage, seconds) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (
                    attempt.stage,
                    attempt.input,
                    json.dumps(attempt.outputs),
                    attempt.error,
                    attempt.usage.model_dump_json(),
                    attempt.seconds,
                ),
            )

    def replace_verdicts(self, judge: str, verdicts: Sequence[Verdict]) -> None:
        """Put these verdicts in the place of all that this judge gave, in one transaction."""
        old = [verdict.id for verdict in self.records(Verdict) if verdict.judge == judge]
        new = {verdict.id for verdict in verdicts}
        with _said_plainly(self.folder), self._db:
            for identity in old:
                if identity not in new:
                    self._db.execute("DELETE FROM record WHERE id = ?", (bytes.fromhex(identity),))
            for verdict in verdicts:
                self._write(verdict)

    def set_meta(self, key: str, value: Any) -> None:
        """Keep a JSON value under a name."""
        with _said_plainly(self.folder), self._db:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    def _write(self, record: Record) -> None:
        body = record.model_dump(mode="json", exclude_defaults=True)
        if isinstance(record, Trajectory):
            for observation in [body["start"], *(step["observation"] for step in body["steps"])]:
                observation["text"] = self._write_text(observation["text"])
        self._db.execute(
            "INSERT OR IGNORE INTO record VALUES (?, ?, ?, ?)",
            (
                bytes.fromhex(record.id),
                type(record).__name__,
                _about(record),
                _pack(json.dumps(body, ensure_ascii=False, separators=(",", ":"))),
            ),
        )

    def _write_text(self, text: str) -> str:
        raw = text.encode("utf-8", "surrogatepass")
        key = hashlib.blake2b(raw, digest_size=16).digest()
        self._db.execute("INSERT OR IGNORE INTO text VALUES (?, ?)", (key, _pack(text)))
        return key.hex()

    # Reading

    def _rows(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        with _said_plainly(self.folder):
            yield from self._db.execute(query, values)

    def _row(self, query: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        with _said_plainly(self.folder):
            return self._db.execute(query, values).fetchone()

    def meta(self, key: str) -> Any:
        """The JSON value kept under a name, or None."""
        row = self._row("SELECT value FROM meta WHERE key = ?", (key,))
        return json.loads(cast(str, row[0])) if row else None

    def get(self, identity: str) -> Record:
        """The record of this id. Raises StoreError when there is none."""
        row = self._row("SELECT kind, body FROM record WHERE id = ?", (bytes.fromhex(identity),))
        if row is None:
            raise StoreError(f"{self.folder} has no record {identity}.")
        return self._read(cast(str, row[0]), cast(bytes, row[1]))

    def find(self, prefix: str) -> list[Record]:
        """All records whose id begins with these hexadecimal digits."""
        rows = self._rows("SELECT kind, body FROM record WHERE hex(id) LIKE ?", (prefix.upper() + "%",))
        return [self._read(cast(str, row[0]), cast(bytes, row[1])) for row in rows]

    def records(self, kind: type[R], about: str | None = None) -> Iterator[R]:
        """All records of a kind, in order of their id; `about`: only those that refer to this record.

        A task refers to its parent, a trajectory to its task, an example to its trajectory, a
        verdict and a reasoning to their subject.
        """
        if about is None:
            query, values = "kind = ?", (kind.__name__,)
        else:
            query, values = "kind = ? AND about = ?", (kind.__name__, about.encode())  # type: ignore[assignment]
        for row in self._rows(f"SELECT body FROM record WHERE {query} ORDER BY id", values):
            yield cast(R, self._read(kind.__name__, cast(bytes, row[0])))

    def ids(self, kind: type[Record]) -> list[str]:
        """The ids of all records of a kind, in order."""
        rows = self._rows("SELECT id FROM record WHERE kind = ? ORDER BY id", (kind.__name__,))
        return [cast(bytes, row[0]).hex() for row in rows]

    def documentation(self) -> list[Document]:
        """The documentation as the recipe has it now: what was read last; all where that was not noted.

        What an earlier recipe did not leave out stays in the run, with what was learned from it.
        """
        read = [attempt.outputs for attempt in self.attempts("ingest")]
        return [one for one in self.records(Document) if not read or one.id in read[-1]]

    def span(self, example: Example) -> tuple[Observation, ...]:
        """The observations o_begin ... o_end of an example's window, without reading the others' texts."""
        row = self._row("SELECT body FROM record WHERE id = ?", (bytes.fromhex(example.trajectory),))
        if row is None:
            raise StoreError(f"{self.folder} has no trajectory {example.trajectory}.")
        body = json.loads(_unpack(cast(bytes, row[0])))
        seen = [body["start"], *(step["observation"] for step in body["steps"])]
        return tuple(self._with_text(item) for item in seen[example.begin : example.end + 1])

    def count(self, kind: type[Record]) -> int:
        row = self._row("SELECT count(*) FROM record WHERE kind = ?", (kind.__name__,))
        return int(cast(int, row[0]))  # type: ignore[index]

    def attempts(self, stage: str = "") -> Iterator[Attempt]:
        """Ledger lines in the order they were committed; `stage`: a stage's name, or name and digest."""
        rows = self._rows(
            "SELECT stage, input, outputs, error, usage, seconds FROM attempt "
            "WHERE ? = '' OR stage = ? OR stage LIKE ? || ':%' ORDER BY number",
            (stage, stage, stage),
        )
        for name, source, outputs, error, usage, seconds in rows:
            yield Attempt(
                stage=cast(str, name),
                input=cast(str, source),
                outputs=tuple(json.loads(cast(str, outputs))),
                error=cast(str, error),
                usage=Usage.model_validate_json(cast(str, usage)),
                seconds=cast(float, seconds),
            )

    def done(self, stage: str) -> set[str]:
        """Inputs for which an attempt of this stage (name and digest) succeeded."""
        rows = self._rows("SELECT input FROM attempt WHERE stage = ? AND error = ''", (stage,))
        return {cast(str, row[0]) for row in rows}

    def usage(self) -> Usage:
        """What was paid: the sum over the last attempt of each input of each stage.

        An attempt reads the replies of the one before it from where they are stored, and counts them
        in its own usage.
        """
        row = self._row(SPENT)
        assert row is not None
        calls, prompt, cached, completion, cost, unknown = row
        return Usage(
            calls=calls, prompt=prompt, cached=cached, completion=completion, cost=None if unknown else cost
        )

    def _read(self, kind: str, packed: bytes) -> Record:
        try:
            body = json.loads(_unpack(packed))
            if kind == "Trajectory":
                body["start"] = self._with_text(body["start"])
                for step in body["steps"]:
                    step["observation"] = self._with_text(step["observation"])
            return RECORDS[kind].model_validate(body)
        except (zstandard.ZstdError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{self.folder}/run.sqlite is damaged, or of another version of this program: a {kind} in it "
                "cannot be read."
            ) from error

    def _with_text(self, body: dict[str, Any]) -> Observation:
        row = self._row("SELECT body FROM text WHERE hash = ?", (bytes.fromhex(body["text"]),))
        if row is None:
            raise StoreError(f"{self.folder} lacks an observation's text: its run.sqlite is damaged.")
        return Observation.model_validate({**body, "text": _unpack(cast(bytes, row[0]))})


def _about(record: Record) -> bytes | None:
    reference = {
        Document: lambda r: r.source,
        Page: lambda r: r.environment,
        Task: lambda r: r.parent,
        Trajectory: lambda r: r.task,
        Example: lambda r: r.trajectory,
        Verdict: lambda r: r.subject,
        Reasoning: lambda r: r.subject,
    }[type(record)](record)
    return str(reference).encode("utf-8", "surrogatepass")


def _pack(text: str) -> bytes:
    """One byte that says how, then the text: plain, or zstd when that is shorter."""
    raw = text.encode("utf-8", "surrogatepass")
    return b"z" + zstandard.compress(raw, 3) if len(raw) > COMPRESS_OVER else b"p" + raw


def _unpack(body: bytes) -> str:
    raw = zstandard.decompress(body[1:]) if body[:1] == b"z" else body[1:]
    return raw.decode("utf-8", "surrogatepass")


def _to_read(file: Path) -> apsw.Connection:
    """A connection that only reads, also where the folder cannot be written, which readers of a WAL need."""
    db = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
    db.set_busy_timeout(30_000)
    try:
        db.execute("SELECT 1 FROM sqlite_master").fetchone()
        return db
    except (apsw.ReadOnlyError, apsw.CantOpenError):
        db.close()
    rest = file.with_name(f"{file.name}-wal")
    if rest.exists() and rest.stat().st_size:
        raise StoreError(
            f"{file.parent} cannot be written, and holds writes that are not yet in run.sqlite: copy it to a "
            "folder of yours, and read it there."
        )
    address = f"{file.resolve().as_uri()}?immutable=1"
    return apsw.Connection(address, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)


@contextmanager
def _said_plainly(folder: Path) -> Iterator[None]:
    """Turn SQLite's errors into StoreErrors with the way out."""
    try:
        yield
    except apsw.FullError as error:
        raise StoreError(
            f"The disk of {folder} is full: free some space and run the same command again; nothing is lost."
        ) from error
    except (apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError) as error:
        raise StoreError(f"{folder} cannot be written: check its owner and permissions.") from error
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise StoreError(f"{folder}/run.sqlite is not a store of this program, or is damaged.") from error
    except apsw.IOError as error:
        raise StoreError(
            f"{folder} cannot be read or written ({error}): check the disk, then run the same command again."
        ) from error
