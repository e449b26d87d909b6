"""`[evaluate] environment`: learned in one environment, measured in another."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import tiny
from learn_by_interact.config import Recipe
from learn_by_interact.errors import ConfigError
from learn_by_interact.pipeline import Pipeline
from learn_by_interact.types import Document


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe that learns in a folder without held-out tasks, and is measured in another's three."""
    made = tiny.make(tmp_path)
    there = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "world", there)
    shutil.rmtree(there / "docs")
    (tmp_path / "world" / "tasks.toml").unlink()
    declared = (there / "environment.toml").read_text()
    declared = declared.replace('name = "tiny"', 'name = "elsewhere"').partition("[docs]")[0]
    (there / "environment.toml").write_text(declared)
    blocks = (there / "tasks.toml").read_text().split("[[task]]")
    (there / "tasks.toml").write_text("[[task]]".join(blocks[:4]))
    made.write_text(made.read_text() + '\n[evaluate]\nenvironment = "elsewhere"\n')
    return made


def test_what_is_learned_in_one_place_is_measured_in_another(recipe: Path) -> None:
    done = tiny.lbi("run", recipe, "--json", timeout=600)
    assert done.returncode == 0, done.stderr
    written = json.loads(done.stdout)
    arms = {arm["arm"]: arm for arm in written["result"]["arms"]}
    assert {arm["tasks"] for arm in arms.values()} == {3}
    assert arms["examples"]["solved"] == 3 > arms["plain"]["solved"]
    assert written["contamination"]["benchmark"] == "elsewhere"
    with Pipeline(Recipe.load(recipe)) as pipeline:
        worlds = {task.environment for task in pipeline.chosen()}
        assert worlds == {"elsewhere"} and pipeline.store.count(Document)
        proposed = {task.environment for task in pipeline.store.records(type(pipeline.chosen()[0]))}
        assert proposed == {"elsewhere", "tiny"}
        before = {one.stage for one in pipeline.store.attempts("evaluate")}
    # Other documentation is another evaluation of the arm that reads it, and that of before stays.
    arms = {"evaluate": {"environment": "elsewhere", "arms": ["plain", "examples"]}}
    with Pipeline(Recipe.load(recipe, {**arms, "ingest": {"skip": ["count"]}})) as pipeline:
        pipeline.ingest()
        assert [arm.graded for arm in pipeline.evaluate().arms] == [3, 3]
        now = {one.stage for one in pipeline.store.attempts("evaluate")}
        assert len(now - before) == 1
    with Pipeline(Recipe.load(recipe, arms)) as pipeline:
        pipeline.ingest()
        pipeline.evaluate()
        assert {one.stage for one in pipeline.store.attempts("evaluate")} == now


def test_what_is_acted_on_in_another_way_is_refused(recipe: Path) -> None:
    changes = {"evaluate": {"environment": "learn_by_interact.benchmarks.miniwob:MiniWob"}}
    with Pipeline(Recipe.load(recipe, changes)) as pipeline:
        with pytest.raises(ConfigError, match="acted on in another way than tiny"):
            pipeline.chosen()
        pipeline.ingest()


def test_a_variant_by_repository_is_measured_where_it_was_learned(recipe: Path) -> None:
    recipe.write_text(recipe.read_text() + '[[evaluate.variant]]\nname = "own"\nrepository = "own"\n')
    with pytest.raises(ConfigError, match="the variant 'own' is by repository"):
        Recipe.load(recipe)
