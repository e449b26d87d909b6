"""What goes wrong around a run, beside wrong options: said in one sentence, without a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tiny


def told(done: subprocess.CompletedProcess[str]) -> str:
    """The sentence with which a command failed."""
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: ")
    return last


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    return tiny.make(tmp_path)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("evaluate.tasks=0", "evaluate.tasks: Input should be greater than or equal to 1"),
        ("evaluate.arms=[]", "evaluate.arms: Tuple should have at least 1 item"),
        ("evaluate.limits.steps=0", "evaluate.limits.steps: Input should be greater than or equal to 1"),
        ("explore.temperatures=[]", "explore.temperatures: Tuple should have at least 1 item"),
        ("explore.limits.seconds=-1", "explore.limits.seconds: Input should be greater than or equal to 0"),
        ("propose.tasks=0", "propose.tasks: Input should be greater than or equal to 1"),
        ("propose.rounds=0", "propose.rounds: Input should be greater than or equal to 1"),
        ("propose.sections=0", "propose.sections: Input should be greater than or equal to 1"),
        ("relabel.cap=0", "relabel.cap: Input should be greater than or equal to 1"),
        ("budget.money=-1", "budget.money: Input should be greater than or equal to 0"),
        ("model.concurrency=-1", "model.concurrency: Input should be greater than or equal to 1"),
        ("model.seconds=0", "model.seconds: Input should be greater than 0"),
        ("budget.tokens=-1", "budget.tokens: Input should be greater than or equal to 0"),
    ],
)
def test_a_number_that_makes_no_sense_is_refused(recipe: Path, setting: str, said: str) -> None:
    assert said in told(tiny.lbi("run", recipe, "--set", setting))


def test_a_model_that_cannot_be_reached_is_named(recipe: Path) -> None:
    done = tiny.lbi("run", recipe, "--model", "http://127.0.0.1:1/v1#x", "--set", "model.patience=0.1")
    said = told(done)
    assert "holds no tasks: `lbi propose` made none; 6 of its attempts failed, the last with: model:" in said
    assert "127.0.0.1:1" in said


def test_pictures_for_a_model_or_of_a_tool_that_has_none_are_said(recipe: Path) -> None:
    done = tiny.lbi("run", recipe, "--set", "model.pictures=1")
    assert "has no screen to take pictures of; take `pictures` out of [model]" in told(done)
    local = ("--model", "local//no/such.gguf", "--set", "model.pictures=1")
    assert "reads no pictures" in told(tiny.lbi("run", recipe, *local))


def test_a_folder_that_is_no_run_is_said(recipe: Path, tmp_path: Path) -> None:
    assert "is not a run folder" in told(tiny.lbi("show", tmp_path / "world"))
    assert "is not a run folder" in told(tiny.lbi("show", recipe))
    assert "is a file: name a folder" in told(tiny.lbi("run", recipe, "--run-folder", recipe))
    file = tmp_path / "begun" / "run.sqlite"
    file.parent.mkdir()
    file.touch()
    assert "holds nothing yet" in told(tiny.lbi("show", file.parent))
    file.write_text("this is no database, but it is longer than nothing")
    assert "is not a store of this program" in told(tiny.lbi("show", file.parent))


def test_an_environment_without_tasks_or_documentation_is_said(recipe: Path, tmp_path: Path) -> None:
    for page in (tmp_path / "world" / "docs").iterdir():
        page.write_text("")
    assert "no documentation was found" in told(tiny.lbi("run", recipe))
    (tmp_path / "world" / "tasks.toml").unlink()
    assert "has no held-out tasks, so nothing is measured: write a tasks.toml" in told(
        tiny.lbi("evaluate", recipe)
    )
    assert "has no held-out tasks" in told(tiny.lbi("validate", tmp_path / "world"))
    (tmp_path / "world" / "tasks.toml").write_text("[[task]\n")
    assert "tasks.toml:1:7: this is not TOML" in told(tiny.lbi("run", recipe))


def test_a_temporary_directory_that_cannot_be_used_is_named(recipe: Path, tmp_path: Path) -> None:
    program = "import sys, tempfile; tempfile.tempdir = sys.argv.pop(1)\n"
    program += "from learn_by_interact.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "none"), "run", str(recipe)],
        env=tiny.environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    said = told(done)
    assert f"could not be made in {tmp_path / 'none'}" in said and "set TMPDIR" in said


def test_an_unwritable_run_folder_is_said(recipe: Path) -> None:
    assert "/proc/none/run cannot be used: " in told(
        tiny.lbi("run", recipe, "--run-folder", "/proc/none/run")
    )


def test_a_folder_whose_path_holds_a_colon_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a:b").mkdir()
    tiny.make(tmp_path / "a:b")
    done = tiny.lbi("validate", "a:b/world", "--list", cwd=tmp_path)
    assert done.returncode == 0 and "Runs here: count" in done.stdout, done.stderr
    assert "there is no environment.toml" in told(tiny.lbi("validate", "a:b", cwd=tmp_path))


@pytest.mark.parametrize("verb", ["show", "report", "validate", "look", "install", "calibrate"])
def test_a_name_that_is_too_long_for_a_file_is_said(verb: str) -> None:
    assert "aaa... is too long for the name of a file" in told(tiny.lbi(verb, "a" * 300))


def test_a_result_of_brackets_alone_is_said(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("[" * 100_000)
    assert "is no result of this program" in told(tiny.lbi("report", tmp_path))
