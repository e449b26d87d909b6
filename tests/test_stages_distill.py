"""Data distill: which trajectories become examples as they are, and what these examples are kept out of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from learn_by_interact.engine.pools import Pool
from learn_by_interact.engine.run import run
from learn_by_interact.engine.store import Store
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.evaluation.overview import overview
from learn_by_interact.models.endpoint import ModelSettings
from learn_by_interact.stages.distill import Distill
from learn_by_interact.stages.judge import Judge
from learn_by_interact.stages.keep import HeldOut, judge_contamination, judge_examples, kept
from learn_by_interact.stages.replay import Replay
from learn_by_interact.types import Attempt, Example, Trajectory, Usage, Verdict
from room import DOCUMENTS, NAME, acted, asked


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run") as made:
        made.add([*DOCUMENTS.values(), asked()])
        yield made


def explored(store: Store, *episodes: Trajectory) -> None:
    outputs = tuple(episode.id for episode in episodes)
    store.commit(Attempt(stage="explore:1", input=asked().id, outputs=outputs), episodes)


def distilled(store: Store, settle: bool = False) -> list[Example]:
    run(Distill(settle=settle), store, Pool("inline"))
    return sorted(store.records(Example), key=lambda example: example.end)


def test_the_whole_trajectory_stands_under_the_proposed_instruction(store: Store) -> None:
    episode = acted("list", "show a.txt", "stop apples")
    explored(store, episode)
    assert distilled(store) == [
        Example(instruction="Read a.txt.", trajectory=episode.id, begin=0, end=3, kind="task")
    ]


def test_what_did_not_end_well_by_its_own_account_is_left_out(store: Store) -> None:
    gave_up = acted("show c.txt", "stop")
    endless = acted("list", "show a.txt")
    assert endless.stop == "step limit"
    explored(store, gave_up, endless, acted("stop"), acted("show c.txt", "list", "stop"))
    (example,) = distilled(store)
    assert example.end == 3


@pytest.mark.parametrize(("settle", "found"), [(True, 1), (False, 0)])
def test_a_first_command_that_worked_is_an_end_where_exploration_settles(
    store: Store, settle: bool, found: int
) -> None:
    explored(store, acted("list"), acted("show c.txt"), acted("list", "show a.txt"))
    assert len(distilled(store, settle)) == found


def test_a_repeated_step_is_dropped_as_it_is_for_ours(store: Store) -> None:
    explored(store, acted("list", "list", "show a.txt", "stop"))
    (example,) = distilled(store)
    trajectory = store.get(example.trajectory)
    assert isinstance(trajectory, Trajectory) and len(trajectory.steps) == example.end == 3


def test_it_costs_no_model_call_and_evaluations_are_not_distilled(store: Store) -> None:
    episode = acted("list", "stop")
    store.commit(Attempt(stage="evaluate:1", input=asked().id, outputs=(episode.id,)), [episode])
    assert not distilled(store)
    explored(store, episode)
    assert distilled(store) and store.usage() == Usage()


def test_replay_and_sweeps_judge_distilled_examples_like_others(store: Store) -> None:
    wanted = "Tell me what the second of all these notes says about bread."
    again, given = asked(instruction="Read  A.txt."), asked(instruction=wanted)
    store.add([again, given])
    done = ("show a.txt", "list", "show b.txt", "stop apples")
    holds, rolls = acted(*done), acted("roll", "stop")
    twin, leaks = acted(*done, task=again), acted("show b.txt", "stop bread", task=given)
    explored(store, holds, rolls, twin, leaks)
    assert len(distilled(store)) == 4
    run(Replay(environment=NAME), store, Pool("inline"))
    judge_examples(store, ShellActions())
    judge_contamination(store, ShellActions(), [HeldOut(name="bread", instruction=wanted, gold=("list",))])
    found = [example.trajectory for example in kept(store, "replay", distilled=True)]
    assert len(found) == 1 and found[0] in {holds.id, twin.id}
    assert kept(store, "replay") == []


def test_distilled_examples_are_in_no_count_and_before_no_committee(store: Store) -> None:
    episode = acted("show a.txt", "stop apples")
    explored(store, episode)
    ours = Example(instruction="Show a note.", trajectory=episode.id, begin=0, end=1, kind="abstraction")
    store.add([ours])
    run(Replay(environment=NAME), store, Pool("inline"))
    before = overview(store)
    (theirs,) = (example for example in distilled(store) if example.kind == "task")
    store.add([Verdict(subject=theirs.id, judge="contamination", keep=False, reason="near")])
    run(Replay(environment=NAME), store, Pool("inline"))
    after = overview(store)
    left = {"stages": ()}
    assert after.model_copy(update=left) == before.model_copy(update=left)
    assert after.examples == 1 and after.kept["replay"] == 1
    judge = Judge(environment=NAME, model=ModelSettings(name="scripted/tiny:policy"))
    assert judge.inputs(store) == [(ours.id, episode.id)]
