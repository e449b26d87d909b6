"""Spider2-V's tasks from a checkout of the same form: which run here, what they copy, how they are graded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from desk import needs_desktop
from learn_by_interact.benchmarks.desktop_env import episode, judged
from learn_by_interact.benchmarks.desktop_env.served import Form
from learn_by_interact.benchmarks.spider2v import Spider2V, served
from learn_by_interact.benchmarks.spider2v.served import Dagster, Jupyter
from learn_by_interact.benchmarks.spider2v.tasks import CHECKOUT
from learn_by_interact.cli import app
from learn_by_interact.environments.desktop.environment import DesktopEnvironment
from learn_by_interact.errors import ConfigError, EnvironmentFault, GraderFault
from learn_by_interact.types import Document, Trajectory
from machine_server import FakeMachine
from spider2v_checkout import EXAMPLES, LAUNCH, SAVED, TASKS
from spider2v_checkout import checkout as whole

METRIC = """
import logging
def compare_table(result, expected, **options):
    if result is None:
        return 0.0
    return float(open(result).read().strip() == open(expected).read().strip() + options["rules"][0])
"""


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(served.PYTHON, sys.executable)
    monkeypatch.setenv("LBI_CACHE", str(tmp_path / "cache"))


def checkout(folder: Path, **changes: Any) -> Path:
    """A checkout with one task of tables, and one of another domain."""
    here = folder / EXAMPLES / "excel" / "one"
    here.mkdir(parents=True)
    (here / "in.xlsx").write_text("a")
    (here / "gold.xlsx").write_text("b")
    task = {
        "id": "one",
        "instruction": "Make it b.",
        "config": [
            {
                "type": "copyfile_from_host_to_guest",
                "parameters": {"src": f"{EXAMPLES}/excel/one/in.xlsx", "dest": "/home/user/in.xlsx"},
            },
            {"type": "open", "parameters": {"path": "/home/user/in.xlsx"}},
        ],
        "evaluator": {
            "func": "compare_table",
            "expected": {"type": "local_file", "path": f"{EXAMPLES}/excel/one/gold.xlsx"},
            "result": {"type": "vm_file", "path": "/home/user/in.xlsx"},
            "options": {"rules": ["!"]},
        },
        **changes,
    }
    (here / "one.json").write_text(json.dumps(task))
    for domain in ("dbt", "superset"):
        other = folder / EXAMPLES / domain / "two"
        other.mkdir(parents=True)
        (other / "two.json").write_text("{}")
    metrics = folder / "desktop_env" / "evaluators" / "metrics"
    metrics.mkdir(parents=True)
    (metrics / "table.py").write_text(METRIC)
    (metrics / "__init__.py").write_text("raise ImportError('the metrics of all applications')")
    return folder


def test_tasks_come_from_the_checkout_and_others_are_counted(tmp_path: Path) -> None:
    benchmark = Spider2V(checkout(tmp_path))
    (task,) = benchmark.tasks()
    assert (task.parent, task.instruction) == ("one", "Make it b.")
    assert benchmark.left_out == {"superset": 1}, "dbt is a benchmark of its own"
    assert benchmark.missing == ["Not run here: 1 tasks of the domain superset."]
    assert [(source.name, place) for source, place in benchmark.files(task)] == [("in.xlsx", "in.xlsx")]
    assert benchmark.opened(task) == "in.xlsx" and benchmark.why_not(task) == ""


def test_its_evaluator_decides(tmp_path: Path) -> None:
    benchmark = Spider2V(checkout(tmp_path / "checkout"), Path(sys.executable))
    evaluator = json.loads((tmp_path / "checkout" / EXAMPLES / "excel/one/one.json").read_text())["evaluator"]
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text("b!")
    wrong.write_text("b")
    assert benchmark.graded(evaluator, right) == 1.0
    assert benchmark.graded(evaluator, wrong) == 0.0
    assert benchmark.graded(evaluator, tmp_path / "none") == 0.0
    with pytest.raises(GraderFault, match="no attribute 'compare_charts'"):
        benchmark.graded({**evaluator, "func": "compare_charts"}, right)


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "evaluation_examples/none"])
def test_files_outside_the_checkout_are_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "outside").write_text("x")
    config = [{"type": "copyfile_from_host_to_guest", "parameters": {"src": path, "dest": "/home/user/x"}}]
    benchmark = Spider2V(checkout(tmp_path / "checkout", config=config))
    with pytest.raises(GraderFault, match="no file"):
        benchmark.files(benchmark.tasks()[0])


def test_what_cannot_run_here_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = [{"type": "googledrive", "parameters": {}}]
    benchmark = Spider2V(checkout(tmp_path, config=config))
    assert benchmark.tasks() == []
    monkeypatch.delenv(CHECKOUT, raising=False)
    with pytest.raises(ConfigError, match=f"set {CHECKOUT}"):
        Spider2V()
    with pytest.raises(ConfigError, match="with tasks in this folder"):
        Spider2V(tmp_path / "desktop_env")
    (tmp_path / EXAMPLES / "excel" / "one" / "one.json").write_text("[]")
    with pytest.raises(ConfigError, match="no task of Spider2-V"):
        Spider2V(tmp_path)


def test_each_task_of_a_domain_runs_or_is_told_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "has_chrome", lambda: False)
    benchmark = Jupyter(whole(tmp_path))
    assert [task.parent for task in benchmark.tasks()] == ["eggs"] and benchmark.first == "eggs"
    assert benchmark.left_out == {
        "20030405-417c-425b-ab3f-6506b265ec85": "its notebook loads a book from the network",
        "address": "its evaluator looks for Google Chrome itself, not Chromium",
        "cloud": "it needs an account of Snowflake",
        "drive": "its set-up wants googledrive",
        "lost": f"the checkout has no {EXAMPLES}/jupyter/lost/gold.csv",
    }
    page = Document(source="jupyter lab", title="Options", text="--port", begin=1, end=1)
    assert benchmark.setup_of(page) == {"task": "eggs", "domain": "jupyter"}
    assert benchmark.folder.docs.folder == ()
    for site in ("docs.getdbt.com", "jupyterlab.readthedocs.io"):
        (tmp_path / served.WAREHOUSE / site).mkdir(parents=True)
    (found,) = Jupyter(tmp_path).folder.docs.folder
    assert found.endswith("/jupyterlab.readthedocs.io")
    with pytest.raises(EnvironmentFault, match="spider2v-jupyter has no task 'none'"):
        benchmark.content("none")
    monkeypatch.setenv(CHECKOUT, str(tmp_path))
    listed = CliRunner().invoke(app, ["validate", "spider2v-jupyter", "--list"]).output
    assert "Runs here: jupyter/eggs" in listed and "1 of 6 tasks of spider2v-jupyter run here." in listed
    assert "Not run here: jupyter/cloud: it needs an account of Snowflake." in listed
    with pytest.raises(ConfigError, match="examples/dagster with tasks in this folder"):
        Dagster(tmp_path)


def test_what_a_task_begins_with_is_waited_for(tmp_path: Path) -> None:
    lab = {"type": "launch", "parameters": {"command": ["bash", "-c", "conda activate x && jupyter lab a"]}}
    browser = {"type": "google_chrome_browser", "parameters": {}}
    tasks = {
        "jupyter/lab": {"config": [browser, lab], "evaluator": SAVED},
        "jupyter/browser": {"config": [browser], "evaluator": SAVED},
        "jupyter/terminal": {"config": [LAUNCH], "evaluator": SAVED},
    }
    benchmark = Jupyter(whole(tmp_path, tasks))
    shown = [benchmark.shown(name) for name in ("lab", "browser", "terminal")]
    assert shown == [("JupyterLab", "^Kernel$"), ("Chrom",), ()]


def test_its_own_evaluators_grade_a_right_and_a_wrong_answer(tmp_path: Path, fake: FakeMachine) -> None:
    """The package has its environment elsewhere than OSWorld's, and names its files from the checkout."""
    made = whole(tmp_path / "checkout")
    setup = made / "desktop_env" / "controllers"
    for file in setup.glob("*.py"):
        file.write_text(file.read_text().replace(":5000", f":{fake.url.rpartition(':')[2]}"))
    where: dict[str, Any] = {"host": "127.0.0.1", "ports": {"server": 1, "chromium": 2, "vlc": 3}}
    for written, score in ((b"eggs", 1.0), (b"milk", 0.0)):
        judge = judged.Judge("spider2v-jupyter", Path(sys.executable), made, tmp_path / "kept", made)
        try:
            judge.begin({"id": "eggs", **TASKS["jupyter/eggs"]}, **where, screen=[100, 100])
            fake.files["~/note.txt"] = written
            assert judge.evaluate("DONE") == score
        finally:
            judge.close()
    assert fake.launched == [["notes"], ["notes"]]


def test_commands_stand_in_for_those_of_the_machine(tmp_path: Path) -> None:
    """`conda activate` puts the applications first; `code` opens an editor, or a terminal in a folder."""
    (tmp_path / "bin").mkdir()
    for name in ("python", "mousepad", "gnome-terminal"):
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/sh\necho {name} $* >> $HOME/said\n")
        program.chmod(0o755)
    code = Path(served.HERE) / "bin" / "code"
    script = f"""{served.PREPARE}
PATH=/usr/bin:/bin
. anaconda3/etc/profile.d/conda.sh && conda activate jupyter && conda create -n other -y
command -v python
sh {code} $HOME --disable-workspace-trust; sh {code} note.txt; sleep 0.2
"""
    env = {"HOME": str(tmp_path), "PATH": f"{tmp_path}/bin:/usr/bin:/bin"}
    done = subprocess.run(["bash", "-c", script], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == f"{tmp_path}/bin/python\n", done.stderr
    said = (tmp_path / "said").read_text().splitlines()
    assert said == [f"gnome-terminal --maximize --working-directory={tmp_path}", "mousepad note.txt"]


@needs_desktop
def test_a_task_of_a_domain_runs_on_a_screen_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "APT", ())
    monkeypatch.setattr(served, "PROGRAMS", ())
    monkeypatch.setattr(served, "PREPARE", "echo milk > note.txt\n")
    monkeypatch.setattr(Jupyter, "packages", ())
    monkeypatch.setattr(Jupyter, "form", Form(fixed=True))
    (tmp_path / "libraries").mkdir()
    monkeypatch.setattr(episode, "pyautogui", lambda: tmp_path / "libraries")
    benchmark = Jupyter(whole(tmp_path / "checkout"))
    (task,) = benchmark.tasks()
    for script, score in ((['type "eggs" into [textbox]', "press Control+s"], 1.0), ([], 0.0)):
        with benchmark.environment() as made:
            assert isinstance(made, DesktopEnvironment)
            start = made.reset(task)
            assert "Mousepad" in start.text
            for written in script:
                assert not made.step(made.actions.parse(f"ACTION: {written}")[1]).failed
            assert (
                benchmark.grade(task, made, Trajectory(task=task.id, start=start, steps=(), stop="done"))
                == score
            )
