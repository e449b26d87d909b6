"""The store: what goes in comes out, once; one writer; a clear sentence when it cannot be used."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import apsw
import pytest

from engine_stages import documents
from learn_by_interact.engine.store import Store
from learn_by_interact.errors import StoreError
from learn_by_interact.types import (
    Action,
    Attempt,
    Example,
    Observation,
    Step,
    Task,
    Trajectory,
    Usage,
    Verdict,
)

LONG = "a line of output\n" * 500


def seen(text: str) -> Observation:
    return Observation(text=text, key=f"key of {text[:10]}", state="s", blobs=("b1",), failed=text == "no")


def episode(task: str, texts: list[str]) -> Trajectory:
    return Trajectory(
        task=task,
        start=seen("start"),
        steps=tuple(
            Step(
                thought=f"do {number}",
                action=Action(tool="bash", arguments={"command": f"echo {number} \ud800 é"}),
                observation=seen(text),
                usage=Usage(calls=1, prompt=9, cost=None),
                malformed=1,
                shown=("x",),
            )
            for number, text in enumerate(texts)
        ),
        stop="done",
        score=0.5,
        error="grader: none",
        model="m",
        unread=Usage(calls=2),
    )


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    task = Task(
        environment="e", instruction="do it", setup={"run": "x", "n": [1, None]}, parent="p", hint="h"
    )
    trajectory = episode(task.id, [LONG, "no", "", LONG])
    example = Example(instruction="it", trajectory=trajectory.id, begin=1, end=3, kind="summary")
    verdict = Verdict(subject=example.id, judge="j", keep=False, reason="r", measure=0.25)
    records = [*documents(2), task, trajectory, example, verdict]
    with Store(tmp_path) as store:
        store.add(records)
        store.add(records)
    with Store(tmp_path, readonly=True) as store:
        for record in records:
            assert store.get(record.id) == record
            assert [record] == [one for one in store.records(type(record)) if one.id == record.id]
            assert store.find(record.id[:8]) == [record]
        assert store.count(Trajectory) == 1
        assert list(store.records(Trajectory, about=task.id)) == [trajectory]
        assert list(store.records(Verdict, about=trajectory.id)) == []
        assert store.span(example) == tuple(trajectory.observation(index) for index in (1, 2, 3))


def test_an_observation_is_stored_once(tmp_path: Path) -> None:
    noise = "".join(chr(33 + (i * i * 7919 + i * 31) % 90) for i in range(40_000))
    with Store(tmp_path) as store:
        store.add([episode("t", [noise])])
    one = (tmp_path / "run.sqlite").stat().st_size
    with Store(tmp_path) as store:
        store.add([episode(f"t{number}", [noise] * 10) for number in range(20)])
    assert (tmp_path / "run.sqlite").stat().st_size < one + 60_000


def test_an_attempt_and_its_outputs_are_one_transaction(tmp_path: Path) -> None:
    task = Task(environment="e", instruction="do it")
    attempt = Attempt(stage="s:1", input="i", outputs=(task.id,), usage=Usage(calls=3), seconds=1.5)
    with Store(tmp_path) as store:
        with pytest.raises(AttributeError):
            store.commit(attempt, [task, "no record"])  # type: ignore[list-item]
        assert not store.count(Task) and not list(store.attempts())
        store.commit(attempt, [task])
        store.commit(Attempt(stage="s:1", input="j", error="model: no"))
        store.commit(Attempt(stage="sample:1", input="k"))
        assert next(store.attempts("s")) == attempt
        assert [one.input for one in store.attempts("s")] == ["i", "j"]
        assert store.done("s:1") == {"i"}
        assert store.get(task.id) == task


def test_a_judges_verdicts_replace_its_earlier_ones(tmp_path: Path) -> None:
    def verdict(subject: str, judge: str) -> Verdict:
        return Verdict(subject=subject, judge=judge, keep=False, reason="r")

    with Store(tmp_path) as store:
        store.add([verdict("a", "one"), verdict("b", "one"), verdict("a", "other")])
        store.replace_verdicts("one", [verdict("b", "one"), verdict("c", "one")])
        left = {(one.subject, one.judge) for one in store.records(Verdict)}
        assert left == {("b", "one"), ("c", "one"), ("a", "other")}


def test_values_are_kept_under_a_name(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.set_meta("forecast", {"calls": 3})
        store.set_meta("forecast", {"calls": 4})
    with Store(tmp_path, readonly=True) as store:
        assert store.meta("forecast") == {"calls": 4}
        assert store.meta("absent") is None


def test_a_folder_has_one_writer_and_any_number_of_readers(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        with pytest.raises(StoreError, match=r"is in use by process \d+: wait for it, stop it"):
            Store(tmp_path)
        with Store(tmp_path, readonly=True) as reader:
            store.add(documents(3))
            assert len(list(reader.find(""))) == 3
    with Store(tmp_path):
        pass


def test_the_lock_of_a_killed_writer_is_free(tmp_path: Path) -> None:
    program = f"""
import os
from learn_by_interact.engine.store import Store
from engine_stages import documents
store = Store({str(tmp_path)!r})
store.add(documents(4))
os.kill(os.getpid(), 9)
"""
    killed = subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parent, check=False)
    assert killed.returncode == -9
    with Store(tmp_path) as store:
        assert len(store.find("")) == 4


def test_a_folder_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.add(documents(2))
    with apsw.Connection(str(tmp_path / "run.sqlite")) as db:
        db.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    for readonly in (False, True):
        with pytest.raises(StoreError, match=r"newer version of this program \(schema 99.*upgrade"):
            Store(tmp_path, readonly=readonly)
    with apsw.Connection(str(tmp_path / "run.sqlite")) as db:
        assert db.execute("SELECT count(*) FROM record").fetchone() == (2,)
        assert db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() == ("99",)


def test_what_is_no_run_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a run folder"):
        Store(tmp_path, readonly=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used"):
        Store(tmp_path / "file" / "run")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.sqlite").write_text("this is a text file, long enough to be no database" * 40)
    with pytest.raises(StoreError, match="is not a store of this program, or is damaged"):
        Store(tmp_path / "run")


def test_a_missing_record_is_said(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        with pytest.raises(StoreError, match="has no record 00"):
            store.get("00" * 16)
        example = Example(instruction="i", trajectory="11" * 16, begin=0, end=1, kind="task")
        with pytest.raises(StoreError, match="has no trajectory 11"):
            store.span(example)


@pytest.mark.parametrize("whole", [True, False])
def test_a_store_that_is_damaged_inside_is_said_while_reading(tmp_path: Path, whole: bool) -> None:
    with Store(tmp_path) as store:
        store.add(documents(2000))
    file = tmp_path / "run.sqlite"
    if whole:
        data = bytearray(file.read_bytes())
        data[8192:] = b"\xff" * (len(data) - 8192)
        file.write_bytes(data)
    else:
        with apsw.Connection(str(file)) as db:
            db.execute("UPDATE record SET body = x'7a00ff'")
    with Store(tmp_path, readonly=True) as store, pytest.raises(StoreError, match="damaged"):
        store.find("")


def test_a_folder_that_cannot_be_written_can_be_read() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Store(folder) as store:
            store.add(documents(3))
        for path in folder.iterdir():
            path.chmod(0o444)
        folder.chmod(0o555)
        child = os.fork()
        if not child:
            try:
                if os.geteuid() == 0:
                    os.setuid(65534)
                with Store(folder, readonly=True) as store:
                    os._exit(0 if len(store.find("")) == 3 else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        folder.chmod(0o755)
