"""Commands that do nothing at the start are tried where earlier sessions ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from learn_by_interact.engine.store import Store
from learn_by_interact.evaluation.overview import overview
from learn_by_interact.stages.chain import Chain
from learn_by_interact.types import Task, Trajectory, Usage
from room import DOCUMENTS, NAME, acted, asked, commands, explored, found, learned, relabelled


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run") as made:
        made.add(DOCUMENTS.values())
        yield made


def chained(store: Store, **settings: int) -> list[Trajectory]:
    return found(Chain(environment=NAME, **settings), store)


def test_a_command_that_failed_is_tried_after_what_makes_it_work(store: Store) -> None:
    failed = explored(store, "show c.txt", page="show")
    explored(store, "put d.txt no")
    explored(store, "put c.txt yes")
    (session,) = chained(store)
    assert commands(session) == ["put c.txt yes", "show c.txt"]
    assert (session.task, session.start, session.chained) == (failed.task, failed.start, 1)
    assert session.steps[-1].observation.text == "yes"
    assert session.usage == Usage()
    assert overview(store).trajectories == 4


def test_only_what_is_new_gets_an_instruction_and_replay_verifies_it(store: Store) -> None:
    explored(store, "show c.txt", page="show")
    explored(store, "put c.txt yes")
    (session,) = chained(store)
    windows, verdict = relabelled(store, session)
    assert windows == {(0, 2), (1, 2)} and (verdict.keep, verdict.measure) == (True, 2.0)


def test_what_works_at_the_start_and_sections_with_enough_are_left_alone(store: Store) -> None:
    explored(store, "put c.txt yes")
    explored(store, "put d.txt", page="put")
    explored(store, "show a.txt", page="show")
    explored(store, "show c.txt", page="show")
    assert chained(store, enough=1) == []
    (session,) = chained(store, enough=2)
    assert commands(session) == ["put c.txt yes", "show c.txt"]


def test_nothing_comes_of_sessions_that_only_read_fail_or_are_not_repeatable(store: Store) -> None:
    explored(store, "show c.txt", page="show")
    explored(store, "show a.txt", page="list")
    explored(store, "put c.txt", page="list")
    strange = acted("put c.txt yes", task=asked("put", hint="put c.txt yes"))
    store.add([asked("put", hint="put c.txt yes")])
    step = strange.steps[0]
    other = step.observation.model_copy(update={"key": "another"})
    learned(store, strange.model_copy(update={"steps": (step.model_copy(update={"observation": other}),)}))
    assert chained(store) == []


def test_the_likeliest_sessions_come_first_and_few_of_each_page(store: Store) -> None:
    explored(store, "show c.txt", page="show")
    for name in "defgh":
        explored(store, f"put {name}.txt no")
    wanted = explored(store, "put c.txt yes")
    explored(store, "put i.txt no", page="list")
    ((_, *tries),) = Chain(environment=NAME).inputs(store)
    assert len(tries) == 3 and tries[0] == wanted.id
    ((_, *fewer),) = Chain(environment=NAME, tries=1).inputs(store)
    assert fewer == [wanted.id]


@pytest.mark.parametrize("hint", ["", "stop"])
def test_a_task_without_a_command_is_not_tried(store: Store, hint: str) -> None:
    explored(store, "put c.txt yes")
    task = Task(environment="room", instruction="Look.", parent=DOCUMENTS["show"].id, hint=hint)
    store.add([task])
    learned(store, acted("show c.txt", task=task))
    assert chained(store) == []
