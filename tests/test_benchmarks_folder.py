"""Tasks in a folder: how they are graded, and how their checks are proven."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from learn_by_interact.benchmarks.folder import FolderBenchmark
from learn_by_interact.benchmarks.validate import TaskProof, validate
from learn_by_interact.cli.validate import validate as validate_command
from learn_by_interact.errors import ConfigError, GraderFault
from learn_by_interact.types import STOP, Action, Step, Trajectory

ENVIRONMENT = """
name = "small"
description = "A folder."
start = "start"
[limits]
seconds = 2
[docs]
help = ["cat"]
"""

GOOD = """
[[task]]
name = "copy"
instruction = "Copy a.txt to b.txt."
check = 'cmp -s a.txt b.txt || exit 1'
gold = ["cp a.txt b.txt"]

[[task]]
name = "ask"
instruction = "How many lines has a.txt?"
setup = "echo three >> a.txt"
check = 'test "$ANSWER" = 3 && grep -q 3 "$ANSWER_FILE"'
gold = ["wc -l a.txt"]
answer = "3"
"""

SEEN = """
[[task]]
name = "seen"
instruction = "Show a.txt, then show that you are done."
check = '''
test "$(cat "$TRANSCRIPT")" = "$(printf '$ cat a.txt\\none\\ntwo\\n$ echo done\\ndone')" &&
test "$(cat "$OUTPUT")" = "$(printf 'one\\ntwo\\ndone')" && test "$(cat "$LAST")" = done && rm -r ~/*
'''
gold = ["cat a.txt", "echo done"]

[[task]]
name = "long"
instruction = "Count to 5000."
check = 'test "$(wc -l < "$LAST")" = 5000'
gold = ["seq 5000"]
"""


def make(folder: Path, tasks: str) -> FolderBenchmark:
    (folder / "start").mkdir(exist_ok=True)
    (folder / "start" / "a.txt").write_text("one\ntwo\n")
    (folder / "environment.toml").write_text(ENVIRONMENT)
    (folder / "tasks.toml").write_text(tasks)
    return FolderBenchmark(folder)


def only(benchmark: FolderBenchmark) -> TaskProof:
    (proof,) = validate(benchmark)
    return proof


def task(check: str, gold: str = "touch b") -> str:
    return f'[[task]]\nname = "one"\ninstruction = "Do."\ncheck = """{check}"""\ngold = ["{gold}"]\n'


def test_tasks_are_those_of_the_file(tmp_path: Path) -> None:
    benchmark = make(tmp_path, GOOD)
    assert [one.parent for one in benchmark.tasks()] == ["copy", "ask"]
    assert benchmark.tasks()[1].setup["run"] == "echo three >> a.txt"
    assert benchmark.name == "small" and benchmark.tools == ("cat",)


@pytest.mark.parametrize("tasks", [GOOD, SEEN])
def test_good_checks_are_proven(tmp_path: Path, tasks: str) -> None:
    proofs = validate(make(tmp_path, tasks), workers=2)
    assert [proof.message for proof in proofs] == ["", ""]
    assert all(proof.proven for proof in proofs)


def test_a_check_that_passes_on_nothing_is_caught(tmp_path: Path) -> None:
    proof = only(make(tmp_path, task("test -e a.txt")))
    assert (proof.gold_passes, proof.nothing_fails, proof.proven) == (True, False, False)
    assert proof.message == "the check passes when nothing was done"


def test_a_gold_solution_that_fails_is_caught(tmp_path: Path) -> None:
    proof = only(make(tmp_path, task("test -e c")))
    assert (proof.gold_passes, proof.nothing_fails, proof.proven) == (False, True, False)
    assert proof.message == "the check fails on the gold solution"


def test_it_is_told_what_a_gold_command_printed_that_failed(tmp_path: Path) -> None:
    proof = only(make(tmp_path, task("test -e b || exit 1", gold="cat missing.txt")))
    assert proof.message.startswith("the check fails on the gold solution; the gold action 'cat missing.txt'")
    assert "No such file" in proof.message
    none = "gold = []"
    (tmp_path / "none").mkdir()
    proof = only(make(tmp_path / "none", task("test -e b || exit 1").replace('gold = ["touch b"]', none)))
    assert proof.message == "there is no gold solution" and not proof.proven


def test_a_broken_gold_command_is_caught(tmp_path: Path) -> None:
    proof = only(make(tmp_path, task("test -e b", "touch b; no-such-tool")))
    assert proof.gold_passes and not proof.proven
    assert "no-such-tool: command not found" in proof.message


@pytest.mark.parametrize(
    ("check", "told"),
    [
        ("exit 3", "exit code 3"),
        ("no-such-tool", "exit code 127"),
        ("echo oh no >&2; exit 2", "oh no"),
        ("grep -q one /no/where.txt", "No such file"),
        ("python3 check.py", "No such file"),
        ("sleep 9", "limit of time"),
    ],
)
def test_a_broken_check_leaves_the_task_ungraded(tmp_path: Path, check: str, told: str) -> None:
    proof = only(make(tmp_path, task(check)))
    assert (proof.gold_passes, proof.nothing_fails) == (None, None)
    assert "grader: small: the check of one is broken" in proof.message and told in proof.message


@pytest.mark.parametrize(
    "check", ["grep -q one b.txt", "diff -q a.txt b.txt", "sed -n 1p b.txt | grep -q one && grep one b.txt"]
)
def test_a_file_that_was_not_made_is_not_solved(tmp_path: Path, check: str) -> None:
    proof = only(make(tmp_path, task(check, gold="cp a.txt b.txt")))
    assert (proof.gold_passes, proof.nothing_fails) == (True, True)


def test_the_check_sees_a_copy_of_the_final_folder(tmp_path: Path) -> None:
    benchmark = make(tmp_path, task("test -e b && rm -r ~/*"))
    (one,) = benchmark.tasks()
    with benchmark.environment() as environment:
        start = environment.reset(one)
        environment.step(Action(tool="bash", arguments={"command": "touch b"}))
        done = Trajectory(task=one.id, start=start, steps=(), stop="step limit")
        assert [benchmark.grade(one, environment, done) for _ in range(2)] == [1.0, 1.0]
        assert environment.step(Action(tool="bash", arguments={"command": "ls"})).text == "a.txt\nb"


def test_only_a_stop_answers(tmp_path: Path) -> None:
    benchmark = make(tmp_path, GOOD)
    ask = benchmark.tasks()[1]
    for tool, score in ((STOP, 1.0), ("bash", 0.0)):
        with benchmark.environment() as environment:
            start = environment.reset(ask)
            action = Action(tool=tool, arguments={"answer": "3"})
            step = Step(thought="", action=action, observation=start)
            trajectory = Trajectory(task=ask.id, start=start, steps=(step,), stop="done")
            assert benchmark.grade(ask, environment, trajectory) == score


def test_a_task_of_another_benchmark_is_not_graded(tmp_path: Path) -> None:
    benchmark = make(tmp_path, GOOD)
    other = benchmark.tasks()[0].model_copy(update={"parent": "other"})
    with benchmark.environment() as environment:
        start = environment.reset(other)
        with pytest.raises(GraderFault, match="has no task 'other'"):
            benchmark.grade(other, environment, Trajectory(task="", start=start, steps=(), stop="done"))


@pytest.mark.parametrize(
    ("tasks", "told"),
    [
        ("", r"there are no \[\[task\]\] tables"),
        ("[task]\n", r"there are no \[\[task\]\] tables"),
        ("x = 1\n", "unknown key x"),
        (GOOD + "colour = 1\n", r"tasks.toml: task ask: unknown key colour; known here: name, instruction"),
        ('[[task]]\nname = "a"\ncheck = "true"\n', "task a: the key instruction is missing"),
        (GOOD + GOOD, "two tasks are named copy"),
        (GOOD + "[[\n", r"tasks.toml:\d+:\d+: this is not TOML"),
    ],
)
def test_wrong_task_files_are_told_in_one_sentence(tmp_path: Path, tasks: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        make(tmp_path, tasks)


def test_the_command_prints_a_table_and_its_exit_code_tells(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(validate_command)
    make(tmp_path, GOOD)
    good = CliRunner().invoke(app, [str(tmp_path)])
    assert good.exit_code == 0 and "2 of 2 tasks of small are proven." in good.stdout
    make(tmp_path, GOOD + task("true"))
    bad = CliRunner().invoke(app, [str(tmp_path), "--json", "--workers", "2"])
    assert bad.exit_code == 1
    rows = json.loads(bad.stdout)["tasks"]
    assert [row["proven"] for row in rows] == [True, True, False]
