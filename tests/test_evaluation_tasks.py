"""Which held-out tasks a recipe evaluates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tiny
from learn_by_interact.config import Recipe
from learn_by_interact.engine.store import Store
from learn_by_interact.errors import ConfigError
from learn_by_interact.pipeline import Pipeline
from learn_by_interact.types import Document, Trajectory


def chosen(recipe: Path, **table: object) -> list[str]:
    with Pipeline(Recipe.load(recipe, {"evaluate": table})) as pipeline:
        return [task.parent for task in pipeline.chosen()]


def test_only_names_tasks_and_keeps_the_benchmark_s_order(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    assert chosen(recipe) == list(tiny.OPERATIONS)
    assert chosen(recipe, only=["upper", "?ount", "r*"]) == ["count", "reverse", "upper"]
    assert chosen(recipe, only=["upper", "?ount", "r*"], tasks=2) == ["count", "reverse"]
    with pytest.raises(ConfigError, match=r"asks for 2 held-out tasks and there are 1:"):
        chosen(recipe, only=["upper"], tasks=2)


def test_only_those_tasks_are_evaluated(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    text = recipe.read_text() + '\n[evaluate]\nonly = ["sort", "f*"]\n'
    recipe.write_text(text)
    done = tiny.lbi("run", recipe, "--json")
    assert done.returncode == 0, done.stderr
    assert [arm["tasks"] for arm in json.loads(done.stdout)["result"]["arms"]] == [2, 2]
    with Store(tmp_path / "run", readonly=True) as store:
        graded = [one for one in store.records(Trajectory) if one.score is not None]
    assert len({one.task for one in graded}) == 2


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_unknown_name_is_said_before_any_work(tmp_path: Path, options: list[str]) -> None:
    recipe = tiny.make(tmp_path)
    done = tiny.lbi("run", recipe, "--set", 'evaluate.only=["sort", "sorted"]', *options)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: [evaluate] only: no held-out task is called 'sorted'; there are: ")
    assert all(name in done.stderr for name in tiny.OPERATIONS)
    with Store(tmp_path / "run", readonly=True) as store:
        assert store.count(Document) == 0
