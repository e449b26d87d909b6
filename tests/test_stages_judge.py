"""The committee: only what its models say now counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tiny
from learn_by_interact.config import Recipe
from learn_by_interact.engine.store import Store
from learn_by_interact.evaluation.overview import overview
from learn_by_interact.models import Request
from learn_by_interact.pipeline import Pipeline
from learn_by_interact.stages.keep import kept
from learn_by_interact.training.pairs import judged_bad
from learn_by_interact.types import Attempt, Verdict

STERN = f"scripted/{__name__}:stern"
MILD = tiny.MODEL


def stern(request: Request) -> str:
    """Says no to all."""
    said = dict.fromkeys(("aligned", "coherent", "natural", "reasonable"), False)
    return json.dumps({"done": "seen", "missing": "all of it", **said})


def judged(recipe: Path, *models: str) -> Store:
    """The run folder after the committee was asked."""
    with Pipeline(Recipe.load(recipe, {"judge": {"models": list(models)}})) as pipeline:
        pipeline.judge()
    return Store(recipe.parent / "run", readonly=True)


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """Of a run with examples of which none is judged."""
    recipe = tiny.make(tmp_path)
    with Pipeline(Recipe.load(recipe)) as pipeline:
        pipeline.ingest()
        pipeline.synthesise()
        pipeline.relabel()
        pipeline.replay()
    return recipe


def test_a_model_that_left_the_committee_has_no_vote(recipe: Path) -> None:
    with judged(recipe, STERN) as store:
        assert not kept(store) and any(judged_bad(store).values())
        assert overview(store, "unanimous").kept["majority"] == 0
    with judged(recipe, MILD) as store:
        count = len(kept(store))
        assert count and not any(judged_bad(store).values())
        found = overview(store, "unanimous")
        assert found.kept["unanimous"] == found.kept["majority"] == count
        assert found.committee and found.committee.kept >= count
        assert f"committee:{STERN}" not in found.verdicts
    with judged(recipe, MILD, STERN) as store:
        assert not kept(store)
    with judged(recipe) as store:
        assert len(kept(store)) >= count and overview(store).committee is None


def test_what_a_model_said_to_an_older_prompt_does_not_count(recipe: Path) -> None:
    with judged(recipe, STERN) as store:
        subjects = [attempt.input for attempt in store.attempts("judge")]
    said = [Verdict(subject=one, judge=f"committee:{STERN}", keep=True, reason="") for one in subjects]
    with Store(recipe.parent / "run") as store:
        for verdict in said:
            store.commit(
                Attempt(stage="judge:newer", input=verdict.subject, outputs=(verdict.id,)), [verdict]
            )
        assert not kept(store)
        store.set_meta("judge", ["judge:newer"])
        assert {one.id for one in kept(store)} == set(subjects)


def test_of_a_run_that_did_not_note_its_committee_all_votes_count(recipe: Path) -> None:
    judged(recipe, STERN).close()
    with judged(recipe, MILD) as store:
        assert kept(store)
    with Store(recipe.parent / "run") as store:
        store.set_meta("judge", None)
        assert not kept(store)
