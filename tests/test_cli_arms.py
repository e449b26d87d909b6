"""All arms over the same tasks, from the command line: resumed, repeated, and named wrongly."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import arms_policies
import tiny
from learn_by_interact.config import Recipe
from learn_by_interact.engine.store import Store
from learn_by_interact.evaluation.arms import ARMS
from learn_by_interact.pipeline import Pipeline
from learn_by_interact.types import Example, Task

NAMES = [name for name in ARMS if name != "method"]


def learned(folder: Path, arms: list[Any], **table: object) -> Path:
    """A recipe with these arms, all of whose stages but the evaluation are done."""
    recipe = tiny.make(folder)
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"arms": arms, **table}.items()]
    text = recipe.read_text().replace(tiny.MODEL, arms_policies.SCRIPT)
    recipe.write_text(
        text.replace("begin = false", "begin = true") + "\n[evaluate]\n" + "\n".join(lines) + "\n"
    )
    with Pipeline(Recipe.load(recipe)) as pipeline:
        pipeline.learn()
    return recipe


def evaluated(recipe: Path, log: Path, *more: str) -> dict[str, Any]:
    done = tiny.lbi("evaluate", recipe, "--json", *more, timeout=600, LBI_SCRIPTED_LOG=str(log))
    assert done.returncode == 0, done.stderr
    written: dict[str, Any] = json.loads(done.stdout)
    return written


def calls(log: Path) -> list[str]:
    return log.read_text().split() if log.exists() else []


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("arms")
    recipe = learned(folder, NAMES)
    return recipe, evaluated(recipe, folder / "log")


def test_every_arm_plays_the_same_tasks(ran: tuple[Path, dict[str, Any]]) -> None:
    _, written = ran
    arms = {arm["arm"]: arm for arm in written["result"]["arms"]}
    assert list(arms) == NAMES
    assert {arm["tasks"] for arm in arms.values()} == {6}
    assert all(not arm["ungraded"] for arm in arms.values())
    solved = {name: arm["solved"] for name, arm in arms.items()}
    # The policy knows how to count; the rest it copies from demonstrations, which only these arms show.
    assert solved["plain"] == solved["rag"] == solved["reflexion"] == solved["lats"] == 1.0
    assert {solved[name] for name in ("examples", "both", "instruction", "observation", "model")} == {6.0}
    # A proposed task as it was may be so near to a held-out one that the sweep takes it out.
    assert 1.0 < solved["distill"] <= 6.0
    usage = {name: arm["usage"]["calls"] for name, arm in arms.items()}
    assert usage["lats"] > usage["reflexion"] > usage["model"] > usage["plain"] == usage["rag"] == 14


@pytest.mark.parametrize("arm", ["distill", "examples"])
def test_what_is_distilled_and_what_is_relabelled_are_never_shown_together(tmp_path: Path, arm: str) -> None:
    recipe = learned(tmp_path, ["distill", "examples"])
    arms_policies.ASKED.clear()
    with Pipeline(Recipe.load(recipe, {"evaluate": {"arms": [arm]}, "pool": {"kind": "inline"}})) as pipeline:
        pipeline.evaluate()
        proposed = {task.instruction for task in pipeline.store.records(Task) if task.hint}
    prompts = "\n".join(message.content for one in arms_policies.ASKED for message in one.messages)
    shown = set(re.findall(r"^Example task: (.*)$", prompts, re.MULTILINE))
    assert len(shown) > 6
    assert shown <= proposed if arm == "distill" else not shown & proposed


def test_again_asks_nothing_and_says_the_same(ran: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    recipe, written = ran
    assert evaluated(recipe, tmp_path / "log")["result"] == written["result"]
    assert not calls(tmp_path / "log")


def test_training_on_distilled_tasks_makes_them_without_an_arm_that_needs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[set[str]] = []
    monkeypatch.setattr(
        "learn_by_interact.pipeline.train",
        lambda store, *_: found.append({one.kind for one in store.records(Example)}),
    )
    recipe = learned(tmp_path, ["plain"])
    for kinds in ([], ["task"]):
        with Pipeline(Recipe.load(recipe, {"train": {"kinds": kinds, "base": "any"}})) as pipeline:
            pipeline.train()
    assert "task" not in found[0] and found[1] - found[0] == {"task"}


def test_distilled_examples_change_no_count(ran: tuple[Path, dict[str, Any]]) -> None:
    recipe, written = ran
    with Store(recipe.parent / "run", readonly=True) as store:
        kinds = Counter(example.kind for example in store.records(Example))
    assert kinds["task"] > 6
    assert written["pipeline"]["examples"] == kinds["summary"] + kinds["abstraction"]


def test_an_evaluation_that_is_killed_goes_on_and_pays_nothing_twice(tmp_path: Path) -> None:
    recipe = learned(tmp_path, ["plain", "reflexion", "lats"])
    log = tmp_path / "log"
    command = [sys.executable, "-m", "learn_by_interact.cli", "evaluate", str(recipe)]
    for wanted in (5, 30, 60):
        process = subprocess.Popen(
            command,
            env=tiny.environ(LBI_SCRIPTED_LOG=str(log)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while len(calls(log)) < wanted and process.poll() is None:
            time.sleep(0.01)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    resumed = evaluated(recipe, log)
    counted = Counter(calls(log))
    # At most what was under way in one of the two threads at a kill is asked for again.
    assert sum(counted.values()) <= len(counted) + 3 * 2
    whole = evaluated(recipe, tmp_path / "other", "--run-folder", str(tmp_path / "run"))
    assert whole["result"]["arms"] == resumed["result"]["arms"]
    assert [arm["solved"] for arm in resumed["result"]["arms"]] == [1.0, 1.0, 1.0]


def test_repeats_have_seeds_and_stages_of_their_own(tmp_path: Path) -> None:
    recipe = learned(tmp_path, ["plain", "reflexion"], repeats=3, seed=7, temperature=0.5, tasks=2)
    evaluated(recipe, tmp_path / "one", "--set", "evaluate.repeats=1")
    evaluated(recipe, tmp_path / "three")
    with Store(tmp_path / "run", readonly=True) as store:
        stages = Counter(attempt.stage for attempt in store.attempts("evaluate"))
    assert list(stages.values()) == [2] * 6
    one, three = calls(tmp_path / "one"), calls(tmp_path / "three")
    assert len(one) > 4 and len(three) == 2 * len(one) and not set(one) & set(three)


def test_settings_of_an_arm_and_an_arm_twice(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    few = '{ arm = "rag", name = "few", documents = 1 }'
    recipe.write_text(recipe.read_text() + f'\n[evaluate]\ntasks = 1\narms = ["plain", "rag", {few}]\n')
    assert tiny.lbi("ingest", recipe).returncode == 0
    written = evaluated(recipe, tmp_path / "log")
    assert [arm["arm"] for arm in written["result"]["arms"]] == ["plain", "rag", "few"]
    plain, rag, few = (arm["usage"]["prompt"] for arm in written["result"]["arms"])
    assert 2 * (few - plain) < rag - plain


@pytest.mark.parametrize(
    ("arms", "said"),
    [
        (
            '["plain", "latz"]',
            "[evaluate] arms: there is no arm 'latz'; there are: plain, rag, distill, examples",
        ),
        ('["plain", {arm = "lats", width = 3}]', "[evaluate] arms: lats: unknown key width; known here: "),
        (
            '["rag", {arm = "rag", documents = 3}]',
            "evaluate: two arms are called 'rag'; give one another name",
        ),
        ('[{name = "rag"}]', "the key evaluate.arms.0.arm is missing"),
        ("[3]", "evaluate.arms.0: Input should be"),
    ],
)
def test_wrong_arms_are_said_in_one_line_before_any_work(tmp_path: Path, arms: str, said: str) -> None:
    recipe = tiny.make(tmp_path)
    done = tiny.lbi("evaluate", recipe, "--set", f"evaluate.arms={arms}")
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_an_evaluation_of_a_new_run_folder_learns_what_its_arms_need(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    recipe.write_text(recipe.read_text().replace(tiny.MODEL, arms_policies.SCRIPT))
    done = tiny.lbi("evaluate", recipe, "--json", "--set", 'evaluate.arms=["rag"]')
    assert [row["arm"] for row in json.loads(done.stdout)["result"]["arms"]] == ["rag"], done.stderr
    assert "Nothing was learned" not in done.stderr, "documents are all it needs"
    done = tiny.lbi("evaluate", recipe, "--json", "--set", 'evaluate.arms=["plain", "examples"]', timeout=600)
    written = json.loads(done.stdout)
    assert "Nothing was learned in" in done.stderr
    assert [row["arm"] for row in written["result"]["arms"]] == ["plain", "examples"]
    assert written["pipeline"]["examples"] > 0
    again = tiny.lbi("evaluate", recipe, "--json", "--set", 'evaluate.arms=["plain", "examples"]')
    assert again.returncode == 0 and "Nothing was learned" not in again.stderr
