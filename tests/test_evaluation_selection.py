"""Which examples a variant learns from, and how near what is kept comes to the benchmark."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import tiny
from learn_by_interact.config import Recipe
from learn_by_interact.engine.store import Store
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.errors import ConfigError
from learn_by_interact.evaluation.contamination import contamination
from learn_by_interact.evaluation.selection import Selection, Variant, select
from learn_by_interact.pipeline import Pipeline
from learn_by_interact.stages.ingest import NO_PAGE, without_page
from learn_by_interact.stages.keep import HeldOut, judge_contamination, kept
from learn_by_interact.types import Document, Example, Kind, Task
from room import DOCUMENTS, acted, asked

PLAIN: Kind = "abstraction"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Three trajectories: from the pages show and put, and from no page; each with windows of 1 and 2."""
    bare = without_page(0)
    tasks = [
        asked("show"),
        asked("put", "Write."),
        Task(environment="room", instruction="Look.", parent=bare.id),
    ]
    with Store(tmp_path / "run") as made:
        made.add([*DOCUMENTS.values(), bare, *tasks])
        for task in tasks:
            episode = acted("list", "show a.txt", task=task)
            made.add([episode])
            for begin, end in ((0, 1), (1, 2), (0, 2)):
                for kind in (PLAIN, "summary"):
                    text = f"{task.instruction} {begin}-{end}"
                    made.add(
                        [Example(instruction=text, trajectory=episode.id, begin=begin, end=end, kind=kind)]
                    )
        yield made


def chosen(store: Store, **settings: object) -> list[Example]:
    return select(store, list(store.records(Example)), Selection.model_validate(settings))


def test_without_settings_all_are_chosen_in_order(store: Store) -> None:
    assert chosen(store) == list(store.records(Example)) and len(chosen(store)) == 18


def test_fewer_are_always_among_more_and_another_seed_draws_others(store: Store) -> None:
    found = [{example.id for example in chosen(store, most=most)} for most in (1, 5, 12, 100)]
    assert [len(one) for one in found] == [1, 5, 12, 18]
    assert found[0] < found[1] < found[2] < found[3]
    assert {example.id for example in chosen(store, most=5, seed=1)} != found[1]
    assert [one.id for one in chosen(store, most=5)] == sorted(found[1])


def test_by_length_kind_and_section(store: Store) -> None:
    assert {one.end - one.begin for one in chosen(store, lengths=(2, 9))} == {2}
    assert len(chosen(store, lengths=(1, 1))) == 12
    assert {one.kind for one in chosen(store, kinds=["summary"])} == {"summary"}
    assert len(chosen(store, sections=["show", "p*"])) == 12
    assert {one.instruction[:5] for one in chosen(store, sections=["show"])} == {"Read "}
    assert {one.instruction[:5] for one in chosen(store, without_sections=["show", NO_PAGE])} == {"Write"}
    assert len(chosen(store, sections=["show"], kinds=["summary"], lengths=(1, 1), most=1)) == 1
    assert {one.instruction[:5] for one in chosen(store, sections=[NO_PAGE])} == {"Look."}


def test_a_title_that_no_section_has_is_refused(store: Store) -> None:
    with pytest.raises(
        ConfigError, match="no section of the documentation is called 'shw'; there are: list, no"
    ):
        chosen(store, without_sections=["shw"])


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"variant": [{"name": "plain"}]}, "two arms are called 'plain'"),
        ({"variant": [{"name": "a"}, {"name": "a"}]}, "two arms are called 'a'"),
        ({"variant": [{"name": "a", "arm": "none"}]}, "varies 'none', which is not among `arms`"),
        ({"variant": [{"name": "a", "most": 0}]}, "most: Input should be greater than or equal to 1"),
        ({"variant": [{"name": "a", "lengths": [3, 2]}]}, "[3, 2] is no range"),
        ({"variant": [{"name": "a", "length": 3}]}, "unknown key"),
        ({"variant": [{"most": 3}]}, "name is missing"),
    ],
)
def test_a_wrong_variant_is_said_with_the_file(tmp_path: Path, table: dict[str, object], told: str) -> None:
    recipe = tiny.make(tmp_path)
    with pytest.raises(ConfigError) as caught:
        Recipe.load(recipe, {"evaluate": table})
    assert told in str(caught.value) and str(recipe) in str(caught.value)


def test_variants_are_arms_with_indexes_of_their_own(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    recipe.write_text(
        recipe.read_text()
        + """
[[evaluate.variant]]
name = "two"
most = 2

[[evaluate.variant]]
name = "without sort"
without_sections = ["sort"]

[[evaluate.variant]]
name = "as many as there are"
most = 1000
"""
    )
    done = tiny.lbi("run", recipe, "--json")
    assert done.returncode == 0, done.stderr
    arms = {arm["arm"]: arm for arm in json.loads(done.stdout)["result"]["arms"]}
    assert list(arms) == ["plain", "examples", "two", "without sort", "as many as there are"]
    everything = arms["examples"]
    assert arms["plain"]["examples"] is None and arms["two"]["examples"] == 2
    assert everything["scores"]["sort"] == [1.0] and arms["without sort"]["scores"]["sort"] == [0.0]
    assert everything["solved"] == 6.0 and arms["without sort"]["solved"] == 5.0
    assert arms["two"]["solved"] < 6.0
    # The same examples are the same evaluation: nothing is run twice.
    assert arms["as many as there are"]["scores"] == everything["scores"]
    with Store(tmp_path / "run", readonly=True) as store:
        assert len({attempt.stage for attempt in store.attempts("evaluate")}) == 4
    assert tiny.lbi("report", tmp_path / "run").returncode == 0
    page = (tmp_path / "run" / "report" / "report.md").read_text()
    assert "## Number of examples" in page and "## Sections of documentation left out" in page


def test_a_variant_that_leaves_nothing_is_refused(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    text = '\n[[evaluate.variant]]\nname = "long"\nlengths = [50, 60]\n'
    recipe.write_text(recipe.read_text() + text)
    done = tiny.lbi("run", recipe)
    assert done.returncode == 2 and done.stderr.splitlines()[-1].startswith(
        "error: [[evaluate.variant]] long: none of the examples that the rule keeps is chosen"
    )


def test_tasks_are_proposed_without_a_page_too(tmp_path: Path) -> None:
    recipe = Recipe.load(tiny.make(tmp_path), {"ingest": {"bare": 2}})
    with Pipeline(recipe) as pipeline:
        assert pipeline.ingest() == 8
        assert pipeline.ingest() == 8
        bare = [one for one in pipeline.store.records(Document) if one.title == NO_PAGE]
    assert len(bare) == 2 and {one.source for one in bare} == {""}


def test_contamination_says_what_was_removed_and_what_is_nearest(store: Store) -> None:
    held_out = [
        HeldOut(name="read", instruction="Read a.txt. 0-1", gold=("show a.txt",)),
        HeldOut(name="write", instruction="Write something quite different.", gold=("put c.txt yes",)),
    ]
    judge_contamination(store, ShellActions(), held_out)
    found = contamination(store, ShellActions(), "room", held_out, "unanimous")
    left = {one.id: one for one in kept(store)}
    assert (found.benchmark, found.tasks, found.examples) == ("room", 2, 18)
    assert found.removed == 18 - found.kept == sum(found.by.values()) > 0 and found.kept == len(left)
    assert found.instruction is not None and found.commands is not None and found.medians is not None
    assert found.instruction.example in left
    assert found.instruction.instruction == left[found.instruction.example].instruction
    assert found.instruction.similarity < found.thresholds.instruction
    assert 0 < found.medians[0] <= found.instruction.similarity


def test_contamination_of_a_run_that_keeps_nothing(tmp_path: Path) -> None:
    with Store(tmp_path / "run") as empty:
        found = contamination(empty, ShellActions(), "room", [], "replay")
    assert (found.removed, found.kept, found.instruction, found.medians) == (0, 0, None, None)


def test_a_variant_is_told_apart_by_its_choice() -> None:
    assert Variant(name="a", most=1).arm == "examples"
