"""Commands that do nothing at the start are tried where earlier sessions ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from learn_by_interact.engine.store import Store
from learn_by_interact.evaluation.overview import overview
from learn_by_interact.models import Request
from learn_by_interact.models.endpoint import ModelSettings
from learn_by_interact.stages.chain import Chain
from learn_by_interact.stages.relabel import Relabel
from learn_by_interact.stages.replay import Replay
from learn_by_interact.types import Example, Task, Trajectory, Usage, Verdict
from room import DOCUMENTS, NAME, acted, asked, done, learned


def labels(request: Request) -> str:
    return json.dumps({"summary": "Replicate the following: c.txt.", "task": "Read the note c.txt."})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run") as made:
        made.add(DOCUMENTS.values())
        yield made


def explored(store: Store, *commands: str, page: str = "put") -> Trajectory:
    """A task of a page with this command, explored."""
    task = asked(page, f"Do as {commands}.", hint=commands[-1])
    store.add([task])
    session = acted(*commands, task=task)
    learned(store, session)
    return session


def chained(store: Store, **settings: int) -> list[Trajectory]:
    outputs = [one for line in done(Chain(environment=NAME, **settings), store) for one in line.outputs]
    return [one for one in map(store.get, outputs) if isinstance(one, Trajectory)]


def commands(session: Trajectory) -> list[str]:
    return [str(step.action.arguments["command"]) for step in session.steps]


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
    done(Relabel(environment=NAME, model=ModelSettings(name=f"scripted/{__name__}:labels"), cap=1), store)
    windows = {(one.begin, one.end) for one in store.records(Example) if one.trajectory == session.id}
    assert windows == {(0, 2), (1, 2)}
    done(Replay(environment=NAME), store)
    (verdict,) = store.records(Verdict, about=session.id)
    assert (verdict.keep, verdict.measure) == (True, 2.0)


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
