"""SWE-bench: what of a row an agent may see, and that grading tells right from wrong."""

from __future__ import annotations

import http.server
import json
import threading
from pathlib import Path

import pytest

from learn_by_interact.benchmarks.swebench import SweBench
from learn_by_interact.benchmarks.swebench_harness import adapted
from learn_by_interact.benchmarks.swebench_rows import read_rows
from learn_by_interact.benchmarks.validate import named, validate
from learn_by_interact.config import Recipe
from learn_by_interact.environments.repository.environment import RepositoryEnvironment
from learn_by_interact.errors import ConfigError
from learn_by_interact.models import Request
from learn_by_interact.pipeline import Pipeline
from learn_by_interact.registry import benchmark
from learn_by_interact.types import Observation, Task, Trajectory
from project import CODE, FILES, OBJECTS, TESTS, committed, git, row, write
from room import bash

FIXED = CODE.replace("if value > high", "if value >= high + 1")
HIDDEN = TESTS + "\n    def test_bound(self):\n        self.assertEqual(clamp(3.5, 0, 3), 3.5)\n"
BROKEN = FIXED.replace("sum(values) /", "1 + sum(values) /")
SHIM = (
    "python -m unittest -v tests.test_calc 2>&1 | "
    "sed -nE 's/^(\\w+) \\(.*\\) \\.\\.\\. ok$/PASSED tests\\/test_calc.py::TestCalc::\\1/p; "
    "s/^(\\w+) \\(.*\\) \\.\\.\\. (FAIL|ERROR)$/FAILED tests\\/test_calc.py::TestCalc::\\1/p'"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one instance, its row, and a mirror of its repository."""
    place = tmp_path / "mirrors" / "example" / "calc"
    later = FILES | {"calc/__init__.py": FIXED, "tests/test_calc.py": HIDDEN}
    base, fixed = committed(place, FILES, later)
    gold = git(place, "diff", base, fixed, "--", "calc")
    hidden = git(place, "diff", base, fixed, "--", "tests")
    folder = tmp_path / "calc-bench"
    instances = f'["example__calc-1"]\ninstall = []\nshim = {{ check = {json.dumps(SHIM)} }}\n'
    environment = 'name = "calc-bench"\nkind = "swebench"\ndescription = "A project."\n'
    write(
        folder,
        {
            "environment.toml": environment + '[swebench]\nrows = "rows.jsonl"\n',
            "instances.toml": instances,
            "rows.jsonl": json.dumps(row(base, gold, hidden)) + "\n",
        },
    )
    monkeypatch.delenv("LBI_SWEBENCH_ROWS", raising=False)
    monkeypatch.setenv("LBI_MIRRORS", str(tmp_path / "mirrors"))
    return folder


BLOCK = "<<<<<<< SEARCH\n    if value > high:\n=======\n    if value > 3.9:\n>>>>>>> REPLACE"
SECRETS = ("high + 1", "test_bound", "secret hint")
"""What the gold patch, the hidden tests and the hints say."""
RECIPE = """environment = "calc-bench"
run = "{run}"
[model]
name = "scripted/test_benchmarks_swebench:policy"
[pool]
kind = "inline"
[evaluate]
arms = ["plain"]
"""


def policy(request: Request) -> str:
    """Resolves the issue in its own way; sees nothing of the answer."""
    told = " ".join(message.content for message in request.messages)
    assert "clamp is wrong for a bound" in told and not any(secret in told for secret in SECRETS)
    if len(request.messages) > 2:
        return "ACTION: stop"
    return f"ACTION: replace calc/__init__.py\n{BLOCK}"


def ended(task: Task) -> Trajectory:
    return Trajectory(task=task.id, start=Observation(text="", key=""), steps=(), stop="done")


def test_an_instance_proves_itself_by_the_official_grader(folder: Path) -> None:
    world = benchmark(str(folder))
    (proof,) = validate(world)
    assert proof.message == "" and proof.proven


@pytest.mark.parametrize(("code", "score"), [(FIXED, 1.0), (CODE, 0.0), (BROKEN, 0.0), ("x = 1\n", 0.0)])
def test_a_patch_is_graded_and_reported_officially(
    folder: Path, tmp_path: Path, code: str, score: float
) -> None:
    world = SweBench(folder).writing_to(tmp_path / "out", "plain-0")
    (task,) = world.tasks()
    with world.environment() as environment:
        assert isinstance(environment, RepositoryEnvironment)
        environment.reset(task)
        quoted = code.replace("'", "'\\''")
        environment.step(
            bash(f"printf '%s' '{quoted}' > calc/__init__.py; echo 'import os' > tests/test_calc.py")
        )
        assert world.grade(task, environment, ended(task)) == score
        patch = environment.patch()
    predictions, report = world.official(tmp_path / "out", [task.parent])
    assert json.loads(predictions.read_text()) == {
        "instance_id": "example__calc-1",
        "model_name_or_path": "plain-0",
        "model_patch": patch,
    }
    found = json.loads(report.read_text())
    assert (found["schema_version"], found["resolved_instances"]) == (2, int(score))
    assert found["empty_patch_instances"] == int(code == CODE) and found["total_instances"] == 1


def test_an_evaluation_ends_in_the_official_report(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "calc.toml"
    file.write_text(RECIPE.format(run=tmp_path / "run"))
    with Pipeline(Recipe.load(file)) as pipeline:
        (arm,) = pipeline.evaluate().arms
    assert (arm.solved, arm.graded) == (1.0, 1)
    report = json.loads((tmp_path / "run/predictions/plain-0.lbi.json").read_text())
    assert report["resolved_ids"] == ["example__calc-1"]


def test_nothing_of_the_answer_is_to_be_seen(folder: Path) -> None:
    world = SweBench(folder)
    (task,) = world.tasks()
    told = json.dumps(task.model_dump())
    assert "clamp is wrong" in told and not any(secret in told for secret in SECRETS)
    with world.environment() as environment:
        assert isinstance(environment, RepositoryEnvironment)
        start = environment.reset(task)
        everything = f"git log --all --stat -p; {OBJECTS}; env; grep -rIs '' . /tmp $VIRTUAL_ENV /run /home"
        seen = environment.run_in(environment.sandbox, everything).output + start.text
        docs, root = environment.documented()
        assert [one.read_text() for one in (root / docs.code[0]).rglob("calc/*.py")] == [CODE]
    assert "def clamp" in seen and not any(secret in seen for secret in SECRETS)


def test_a_proposed_task_begins_in_the_project_of_its_document(folder: Path) -> None:
    from learn_by_interact.types import Document

    environment = SweBench(folder).environment()
    page = Document(source="example__calc-1/calc/__init__.py", title="x", text="y", begin=1, end=1)
    assert environment.setup_of(page) == {"instance": "example__calc-1"}  # type: ignore[attr-defined]


def test_an_instance_that_is_not_proven_is_told_and_no_task(folder: Path) -> None:
    file = folder / "instances.toml"
    file.write_text(file.read_text() + '["example__calc-2"]\nunproven = "its tests need a network"\n')
    world = SweBench(folder)
    assert [task.parent for task in world.tasks()] == ["example__calc-1"]
    assert world.missing == ["example__calc-2 is left out: its tests need a network"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("instances.toml", '["example__calc-9"]\n', "there is no instance example__calc-9"),
        ("instances.toml", '["a"]\npins = 1\n', "unknown key pins; known here: python, install"),
        ("rows.jsonl", '{"instance_id": "example__calc-1"}\n', "which bring their eval_script"),
        ("rows.jsonl", "{", "cannot be read"),
        (
            "environment.toml",
            'name = "a"\nkind = "swebench"\ndescription = "b"\n',
            r"has a table \[swebench\]",
        ),
    ],
)
def test_a_wrong_file_is_told_in_a_sentence(folder: Path, name: str, text: str, told: str) -> None:
    (folder / name).write_text(text)
    with pytest.raises(ConfigError, match=told):
        SweBench(folder).tasks()


def test_rows_are_read_from_all_kinds_of_files(tmp_path: Path) -> None:
    rows = [{"instance_id": "a"}, {"instance_id": "b"}]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    parquet, tables = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    parquet.write_table(tables.Table.from_pylist(rows), tmp_path / "rows.parquet")
    for name in ("rows.json", "rows.jsonl", "rows.parquet"):
        assert read_rows(name, tmp_path, "test") == rows
    with pytest.raises(ConfigError, match="there is no such file of rows"):
        read_rows("other.json", tmp_path, "test")


def test_an_eval_script_is_run_as_it_is_but_for_where(tmp_path: Path) -> None:
    script = adapted("#!/bin/bash\ncd /testbed\necho 'cd /testbed'\n", "/home/user", {"tox": "echo $2;"})
    assert "\ncd /home/user\necho 'cd /testbed'\n" in script and "tox() { echo $2;\n}" in script


class Hub(http.server.BaseHTTPRequestHandler):
    """Answers as the hub does of one data set, `ann/bench`, with the split `test`."""

    content = b""
    name = "data/test-00000-of-00001.parquet"

    def do_GET(self) -> None:
        self.answer(True)

    def do_HEAD(self) -> None:
        self.answer(False)

    def answer(self, whole: bool) -> None:
        told = self.content
        if self.path.startswith("/api/datasets/ann/bench/"):
            known = {"id": "ann/bench", "sha": "a" * 40, "siblings": [{"rfilename": self.name}]}
            told = json.dumps(known).encode()
        found = self.path.startswith("/api/datasets/ann/bench/") or self.path.endswith(self.name)
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(told)))
        self.send_header("Content-Type", "application/json")
        self.send_header("ETag", '"etag"')
        self.send_header("X-Repo-Commit", "a" * 40)
        self.end_headers()
        if whole:
            self.wfile.write(told)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def test_rows_come_from_the_hub_and_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub")
    parquet, tables = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    rows = [{"instance_id": "a"}, {"instance_id": "b"}]
    parquet.write_table(tables.Table.from_pylist(rows), tmp_path / "rows.parquet")
    Hub.content = (tmp_path / "rows.parquet").read_bytes()
    monkeypatch.setenv("LBI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        assert read_rows("ann/bench", tmp_path, "test") == rows
        with pytest.raises(ConfigError, match="'ann/bench' has no split 'dev'"):
            read_rows("ann/bench", tmp_path, "dev")
        with pytest.raises(ConfigError, match=r"the data set 'ann/other' cannot be had .*LBI_SWEBENCH_ROWS"):
            read_rows("ann/other", tmp_path, "test")
        server.shutdown()
    # The hub is gone; what was read is still here, and nothing else can be had.
    assert read_rows("ann/bench", tmp_path, "test") == rows
    with pytest.raises(ConfigError, match=r"the data set 'bob/bench' cannot be had .*LBI_SWEBENCH_ROWS"):
        read_rows("bob/bench", tmp_path, "test")


def test_only_named_instances_are_proven(folder: Path) -> None:
    assert len(named(benchmark(str(folder)), ["example__*"])) == 1
    with pytest.raises(ConfigError, match=r"--only: no task of calc-bench is called 'x\*'; there are 1"):
        named(benchmark(str(folder)), ["x*"])
