"""Examples of the task's own repository, and of others, as two arms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import room
from learn_by_interact.benchmarks import Grouped
from learn_by_interact.config import Recipe
from learn_by_interact.environments import Environment
from learn_by_interact.errors import ConfigError
from learn_by_interact.evaluation.selection import Variant, by_repository
from learn_by_interact.models import Request
from learn_by_interact.pipeline import Pipeline
from learn_by_interact.registry import benchmark
from learn_by_interact.types import Example, Task, Trajectory
from room import DOCUMENTS, Room, acted

OWNERS = ("ann", "bob", "cy")
"""Repositories with a held-out task; the last has no examples."""
RECIPE = """environment = "{environment}"
run = "{run}"
[model]
name = "scripted/test_evaluation_repositories:policy"
[pool]
kind = "inline"
[judge]
rule = "unanimous"
[retrieval]
query = "instruction"
sections = 0
lines = 0
[evaluate]
limits = {{ steps = 1 }}
[[evaluate.variant]]
name = "own"
repository = "own"
[[evaluate.variant]]
name = "others"
repository = "others"
"""


class Rooms(Room):
    """A room of each owner, in which a note is to be written."""

    name = "rooms"

    def tasks(self) -> list[Task]:
        return [
            Task(environment="rooms", instruction=f"Write for {one}.", setup={"owner": one}, parent=one)
            for one in OWNERS
        ]

    def group(self, task: Task) -> str:
        return str(task.setup["owner"])

    def grade(self, task: Task, environment: Environment, trajectory: Trajectory) -> float:
        assert isinstance(environment, room.RoomEnvironment)
        return float(environment.notes.get("c.txt") == "yes")


def policy(request: Request) -> str:
    """Does what is right where an example of the owner of the task is to be seen."""
    told = "\n".join(message.content for message in request.messages)
    owner = re.findall(r"Write for (\w+)", told)[-1]
    return "ACTION: put c.txt yes" if f"habit of {owner}" in told else "ACTION: list"


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    with opened(tmp_path, "test_evaluation_repositories:Rooms") as made:
        yield made


def opened(folder: Path, environment: str) -> Pipeline:
    """A run with three examples of two owners each."""
    file = folder / "rooms.toml"
    file.write_text(RECIPE.format(environment=environment, run=folder / "run"))
    made = Pipeline(Recipe.load(file), say=SAID.append)
    made.store.add(DOCUMENTS.values())
    for owner in OWNERS[:2]:
        page = DOCUMENTS["put"].id
        task = Task(environment="rooms", instruction=owner, setup={"owner": owner}, parent=page)
        episode = acted("list", "show a.txt", f"put {owner} yes", task=task)
        examples = [
            Example(
                instruction=f"Write note {end}, a habit of {owner}.",
                trajectory=episode.id,
                begin=0,
                end=end,
                kind="abstraction",
            )
            for end in (1, 2, 3)
        ]
        made.store.add([task, episode, *examples])
    return made


SAID: list[str] = []


def test_own_and_others_are_two_arms(pipeline: Pipeline) -> None:
    arms = {arm.arm: arm for arm in pipeline.evaluate().arms}
    solved = {name: [arm.scores[one] for one in OWNERS] for name, arm in arms.items()}
    assert solved == {
        "plain": [(0.0,), (0.0,), (0.0,)],
        "examples": [(1.0,), (1.0,), (0.0,)],
        "own": [(1.0,), (1.0,), (0.0,)],
        "others": [(0.0,), (0.0,), (0.0,)],
    }
    assert (arms["own"].examples, arms["others"].examples, arms["plain"].examples) == (6, 6, None)
    assert "own: no example is for cy: its tasks are done without one." in SAID
    before = len(list(pipeline.store.attempts("evaluate")))
    pipeline.evaluate()
    assert len(list(pipeline.store.attempts("evaluate"))) == before


def test_so_many_of_each_repository(pipeline: Pipeline) -> None:
    world, examples = pipeline.world, list(pipeline.store.records(Example))
    assert isinstance(world, Grouped)
    chosen = by_repository(
        pipeline.store, world, examples, world.tasks(), Variant(name="a", repository="own", most=2)
    )
    assert {name: len(some) for name, some in chosen.items()} == {"ann": 2, "bob": 2, "cy": 0}
    assert all(f"habit of {name}" in one.instruction for name, some in chosen.items() for one in some)
    others = by_repository(
        pipeline.store, world, examples, world.tasks(), Variant(name="b", repository="others")
    )
    assert {name: len(some) for name, some in others.items()} == {"ann": 3, "bob": 3, "cy": 6}
    assert not any(f"habit of {name}" in one.instruction for name, some in others.items() for one in some)


def test_what_has_no_repositories_is_told(tmp_path: Path) -> None:
    assert not isinstance(benchmark("room:Room"), Grouped)
    with (
        opened(tmp_path, "room:Room") as pipeline,
        pytest.raises(ConfigError, match="own: repository: the tasks of room are not of several"),
    ):
        pipeline.evaluate()
