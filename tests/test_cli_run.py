"""The verbs of the command line, each in a process of its own, on the tiny world."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import tiny
from learn_by_interact.config import Recipe
from learn_by_interact.engine.store import Store
from learn_by_interact.forecast import forecast
from learn_by_interact.types import Document, Example, Task, Verdict

SOLVED = {"plain": 1.0, "examples": 6.0}
"""What the policy of the tiny world solves of its six held-out tasks."""
SLOW = """\
import pathlib, time, tiny

def policy(request):
    if pathlib.Path("slowly").exists():
        time.sleep(0.2)
    return tiny.policy(request)
"""


class Ran(NamedTuple):
    """A recipe that was forecast, then run, with the log of all calls of the model."""

    recipe: Path
    folder: Path
    forecast: dict[str, Any]
    written: dict[str, Any]
    progress: str
    calls: list[str]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("ran")
    recipe = tiny.make(folder)
    log = folder / "calls"
    dry = tiny.lbi("run", recipe, "--dry-run", "--json", cwd=folder, LBI_SCRIPTED_LOG=str(log))
    assert dry.returncode == 0, dry.stderr
    run = tiny.lbi("run", recipe, "--json", cwd=folder, LBI_SCRIPTED_LOG=str(log))
    assert run.returncode == 0, run.stderr
    calls = log.read_text().split()
    return Ran(recipe, folder / "run", json.loads(dry.stdout), json.loads(run.stdout), run.stderr, calls)


def ids(folder: Path) -> dict[str, list[str]]:
    with Store(folder, readonly=True) as store:
        return {kind.__name__: store.ids(kind) for kind in (Document, Task, Example, Verdict)}


def solved(written: dict[str, Any]) -> dict[str, float]:
    return {arm["arm"]: arm["solved"] for arm in written["result"]["arms"]}


def test_run_writes_every_number(ran: Ran) -> None:
    written = ran.written
    assert json.loads((ran.folder / "result.json").read_text()) == written
    assert solved(written) == SOLVED
    assert written["result"]["differences"][0]["won"] == 5
    assert written["command"] == f"lbi run {ran.recipe} --json"
    assert written["model"] == {"name": tiny.MODEL, "reported": [tiny.MODEL], "sha256": None}
    assert written["recipe"]["judge"]["models"] == [tiny.MODEL]
    assert written["date"].endswith("+00:00") and written["version"] and written["seed"] == 0
    counts = written["pipeline"]
    assert (counts["documents"], counts["tasks"], counts["trajectories"]) == (6, 18, 18)
    assert counts["kept"]["unanimous+replay"] == counts["kept_verified"] > 30
    assert 0 < counts["contaminated"] < counts["examples"]
    assert counts["coverage"]["share"] == 1.0
    assert counts["episodes"]["explore"]["malformed"] == 2


def test_forecast_is_near_and_nothing_is_paid_twice(ran: Ran) -> None:
    assert len(ran.calls) == len(set(ran.calls))
    stages = {stage["stage"]: stage for stage in ran.forecast["stages"]}
    assert list(stages) == ["propose", "explore", "relabel", "replay", "judge", "evaluate"]
    assert stages["explore"]["pilot"] == 2 and stages["explore"]["inputs"] == 18
    shown = tiny.lbi("show", ran.folder, "--json")
    rows = {row["stage"]: row for row in json.loads(shown.stdout)["forecast"]["against"]}
    assert rows["propose"]["forecast"]["calls"] == rows["propose"]["ledger"]["calls"] == 6
    assert abs(rows["propose"]["tokens_off"]) < 0.1
    assert all(abs(row["tokens_off"]) < 0.75 for row in rows.values() if row["tokens_off"] is not None)
    assert "Forecast / ledger" in tiny.lbi("show", ran.folder).stdout


def test_progress_stands_on_standard_error(ran: Ran) -> None:
    lines = ran.progress.splitlines()
    assert any(line.startswith("explore: 18/18, 0 failed,") and "% cached, $" in line for line in lines)
    assert sum(line.startswith("explore: ") for line in lines) < 6  # Not one for each of the 16 inputs.


def test_again_does_nothing_new(ran: Ran) -> None:
    before, log = ids(ran.folder), ran.folder.parent / "again"
    again = tiny.lbi("run", ran.recipe, LBI_SCRIPTED_LOG=str(log))
    assert again.returncode == 0 and not log.exists()
    assert ids(ran.folder) == before
    assert "examples against plain: +83 points (95% interval" in again.stdout
    assert [line.split()[:3] for line in again.stdout.splitlines()[1:3]] == [
        ["plain", "1/6", "17%"],
        ["examples", "6/6", "100%"],
    ]


@pytest.mark.slow
def test_verbs_one_by_one_make_what_run_makes(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    for verb in ("ingest", "propose", "explore", "relabel", "replay", "judge", "index"):
        done = tiny.lbi(verb, recipe, "--run-folder", "apart", cwd=tmp_path)
        assert done.returncode == 0 and done.stdout, done.stderr
    evaluated = tiny.lbi("evaluate", recipe, "--run-folder", "apart", "--json", cwd=tmp_path)
    assert solved(json.loads(evaluated.stdout)) == SOLVED
    assert tiny.lbi("run", recipe).returncode == 0
    assert ids(tmp_path / "apart") == ids(tmp_path / "run")


def test_arms_may_play_other_models(ran: Ran) -> None:
    other = f'evaluate.arms=["plain", {{arm = "plain", name = "other", llm = "{tiny.MODEL}"}}]'
    done = tiny.lbi("evaluate", ran.recipe, "--set", other, "--json")
    assert done.returncode == 0, done.stderr
    arms = json.loads(done.stdout)["result"]["arms"]
    assert [(arm["arm"], arm["model"], arm["solved"]) for arm in arms] == [
        ("plain", tiny.MODEL, 1.0),
        ("other", tiny.MODEL, 1.0),
    ]
    tuned = 'evaluate.arms=["plain", {arm = "plain", name = "mine", llm = "tuned/mine"}]'
    done = tiny.lbi("evaluate", ran.recipe, "--set", tuned)
    assert (
        done.returncode == 2 and "the arm mine: there is no" in done.stderr and "`lbi train`" in done.stderr
    )


def test_a_recipe_may_bring_documentation_of_its_own(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "house.md").write_text("# House rules\n\nFiles end in .txt here.\n")
    recipe.write_text(recipe.read_text() + '[ingest]\nfolder = ["more"]\n')
    assert tiny.lbi("ingest", recipe).returncode == 0
    with Store(tmp_path / "run", readonly=True) as store:
        assert {"House rules", "count"} <= {document.title for document in store.records(Document)}


def test_a_folder_of_pages_is_asked_which_commands_it_is_about(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    file = tmp_path / "world" / "environment.toml"
    assert f"{file} does not say which commands" in tiny.lbi("ingest", recipe).stderr
    file.write_text(file.read_text().replace('folder = ["docs"]', 'folder = ["docs"]\ntools = ["wc"]'))
    assert "which commands" not in tiny.lbi("ingest", recipe).stderr
    file.write_text(
        file.read_text().replace('tools = ["wc"]', "").replace('folder = ["docs"]', 'info = ["none"]')
    )
    assert f"{file} does not say which commands" in tiny.lbi("ingest", recipe).stderr


def test_it_is_told_what_was_recognised_in_the_documentation(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    file = tmp_path / "world" / "environment.toml"
    file.write_text(file.read_text().replace('folder = ["docs"]', 'folder = ["docs"]\ntools = ["wc"]'))
    page = (
        "# wc\n\nUsage: wc [OPTIONS] FILE\n\n  -l, --lines  Count the lines.\n\nExample:\n\n    wc -l a.txt\n"
    )
    (tmp_path / "world" / "docs" / "wc.md").write_text(page)
    told = tiny.lbi("ingest", recipe).stdout
    assert "7 sections of documentation. Recognised: 1 forms of commands (in 1 sections), 1 options" in told
    found = json.loads(tiny.lbi("ingest", recipe, "--json").stdout)["recognised"]
    assert (found["with_forms"], found["options"], found["shown"]) == (1, 1, 2)
    assert "wc" not in found["nothing"]


def test_what_a_recipe_leaves_out_later_is_not_asked_about(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    assert tiny.lbi("ingest", recipe).stdout.startswith("6 sections")
    assert tiny.lbi("ingest", recipe, "--set", 'ingest.skip=["count*"]').stdout.startswith("5 sections")
    done = tiny.lbi("propose", recipe, "--json")
    assert json.loads(done.stdout)["stages"][0]["done"] == 5
    shown = json.loads(tiny.lbi("show", tmp_path / "run", "--json").stdout)
    assert shown["coverage"]["documents"] == 5
    assert tiny.lbi("ingest", recipe).stdout.startswith("6 sections")


def test_brackets_in_a_title_are_themselves(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    (tmp_path / "world" / "docs" / "more.md").write_text("# wc [OPTION]... [FILE]\n\nCounts.\n")
    assert tiny.lbi("ingest", recipe).stdout.startswith("7 sections")
    for key, left in (("only", 1), ("skip", 6)):
        done = tiny.lbi("ingest", recipe, "--set", f'ingest.{key}=["wc [OPTION]*[FILE]"]')
        assert done.stdout.startswith(f"{left} section") and "is called" not in done.stderr


def test_a_title_that_no_section_has_is_said(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    done = tiny.lbi("ingest", recipe, "--set", 'ingest.only=["count", "cuont"]')
    assert done.returncode == 2 and "[ingest] only: no section" in done.stderr
    assert "'cuont'; there are 6, such as" in done.stderr
    done = tiny.lbi("ingest", recipe, "--set", 'ingest.skip=["cuont"]')
    assert done.stdout.startswith("6 sections")
    assert "[ingest] skip: no section" in done.stderr and "'cuont'; it leaves nothing out." in done.stderr


def test_options_change_the_recipe(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    (tmp_path / "other.py").write_text("from tiny import policy\n")
    done = tiny.lbi(
        "run", recipe, "--model", "scripted/other:policy", "--pool", "inline", "--run-folder", "new",
        "--set", "evaluate.tasks=2", "--set", "explore.limits.steps=3", "--set", "judge.rule=replay",
        "--json", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    written = json.loads(done.stdout)
    used = written["recipe"]
    assert used["model"]["name"] == "scripted/other:policy"
    assert used["judge"] == {"models": ["scripted/other:policy"], "rule": "replay"}
    assert used["explore"]["limits"]["steps"] == 3 and used["explore"]["temperatures"] == [0.0]
    assert used["pool"] == {"kind": "inline", "workers": 2}
    assert written["result"]["arms"][0]["tasks"] == 2
    assert not (tmp_path / "run").exists()


def test_budget_stops_the_run_and_raising_it_goes_on(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    stopped = tiny.lbi("run", recipe, "--tokens", "700")
    assert stopped.returncode == 3 and stopped.stdout == ""
    last = stopped.stderr.splitlines()[-1]
    assert last.startswith("error: The budget of 700 tokens is reached") and "same command" in last
    on = tiny.lbi("run", recipe, "--tokens", "700000", "--json")
    assert on.returncode == 0 and solved(json.loads(on.stdout)) == SOLVED


def test_interrupted_run_goes_on(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "slowly").touch()
    line = [sys.executable, "-m", "learn_by_interact.cli", "run", str(recipe)]
    process = subprocess.Popen(
        [*line, "--model", "scripted/slow:policy"],
        cwd=tmp_path, env=tiny.environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    while not process.stderr.readline().startswith("explore: 0/18"):
        assert process.poll() is None
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "stopped; run the same command again to go on"
    (tmp_path / "slowly").unlink()
    on = tiny.lbi("run", recipe, "--model", "scripted/slow:policy", "--json", cwd=tmp_path)
    assert solved(json.loads(on.stdout)) == SOLVED


def test_terminal_gets_live_bars(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    tiny.lbi("ingest", recipe)
    outer, inner = pty.openpty()
    line = [sys.executable, "-m", "learn_by_interact.cli", "propose", str(recipe), "--json"]
    variables = tiny.environ(TERM="xterm", COLUMNS="120")
    done = subprocess.run(line, env=variables, stdout=subprocess.PIPE, stderr=inner, timeout=60)
    os.close(inner)
    seen = os.read(outer, 1_000_000).decode()
    os.close(outer)
    assert "propose" in seen and "6/6" in seen and "0 failed" in seen
    assert json.loads(done.stdout)["stages"][0]["done"] == 6


def test_what_has_no_held_out_tasks_is_learned_and_not_measured(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    (tmp_path / "world" / "tasks.toml").unlink()
    dry = tiny.lbi("run", recipe, "--dry-run", "--json", cwd=tmp_path)
    assert dry.returncode == 0, dry.stderr
    assert "relabel" in dry.stdout and "evaluate" not in {
        one["stage"] for one in json.loads(dry.stdout)["stages"]
    }
    run = tiny.lbi("run", recipe, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    with Store(tmp_path / "run", readonly=True) as store:
        kept = store.count(Example)
    assert kept > 30 and "examples are kept, and indexed in " in run.stdout
    assert "has no held-out tasks, so nothing is measured" in run.stdout
    assert f"Then measure: lbi evaluate {recipe}." in run.stdout
    again = tiny.lbi("run", recipe, "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["examples"] > 30 and json.loads(again.stdout)["tasks"] == 0
    shown = tiny.lbi("show", tmp_path / "run")
    assert shown.returncode == 0, shown.stderr


def test_tasks_that_are_held_out_while_the_pilot_runs_are_not_forecast(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    tasks, aside = tmp_path / "world" / "tasks.toml", tmp_path / "tasks.toml"
    tasks.rename(aside)

    def appear(_: object) -> None:
        if aside.exists():
            aside.rename(tasks)

    stages = {line.stage for line in forecast(Recipe.load(recipe), 3, report=appear).stages}
    assert tasks.exists() and "relabel" in stages and "evaluate" not in stages
