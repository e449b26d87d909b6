"""Which demonstrations an agent gets at a step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from learn_by_interact.agents.agent import Hit
from learn_by_interact.engine.store import Store
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.retrieval.index import build
from learn_by_interact.retrieval.retrieve import ExampleRetriever, Retrieval
from learn_by_interact.types import Example, Trajectory
from room import DOCUMENTS, acted, asked

READ = acted("list", "show a.txt", "show b.txt")
WRITE = acted("put c.txt yes", "show nothing", "list")
TASK = asked(instruction="Read the note about apples.")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run") as made:
        made.add([*DOCUMENTS.values(), asked(), READ, WRITE])
        yield made


def example(instruction: str, of: Trajectory, begin: int, end: int) -> Example:
    return Example(instruction=instruction, trajectory=of.id, begin=begin, end=end, kind="abstraction")


EXAMPLES = [
    example("List the notes.", READ, 0, 1),
    example("Read the note about apples.", READ, 1, 2),
    example("Read the note about bread.", READ, 2, 3),
    example("Write a note about agreement.", WRITE, 0, 1),
    example("Recover from a wrong name.", WRITE, 1, 3),
]


def retriever(store: Store, *examples: Example, **settings: int) -> ExampleRetriever:
    folder, _ = build(store, examples or EXAMPLES, ShellActions())
    return ExampleRetriever(str(folder), Retrieval(**settings))


def titles(hits: list[Hit]) -> list[str]:
    lines = [line for hit in hits for line in hit.text.split("\n")]
    return [line.removeprefix("Example task: ") for line in lines if line.startswith("Example task: ")]


def test_the_first_step_asks_by_the_instruction(store: Store) -> None:
    hits = retriever(store, first=2)(TASK, READ.start, [])
    assert titles(hits)[0] == "Read the note about apples." and len(hits) == 2
    assert hits[0].id == EXAMPLES[1].id
    assert "goal" in hits[0].why and "rank 1" in hits[0].why


def test_a_later_step_asks_by_what_was_seen(store: Store) -> None:
    failed = acted("show nothing")
    task = asked(instruction="Find an umbrella.")
    find = retriever(store, first=2, later=1)
    assert find(task, failed.start, []) == []
    (hit,) = find(task, failed.start, failed.steps)
    assert titles([hit]) == ["Recover from a wrong name."] and "observation" in hit.why


def test_a_stretch_is_shown_once_an_episode(store: Store) -> None:
    again = acted("show a.txt", "roll")
    store.add([again])
    same = [
        example("Read the note about apples.", again, 0, 1),
        example("Read the apples note.", READ, 1, 2),
        EXAMPLES[1],
    ]
    find = retriever(store, *same, EXAMPLES[2], first=4)
    first = find(TASK, READ.start, [])
    assert [hit.text.count("ACTION: show a.txt") for hit in first].count(1) == 1
    assert len(first) == 2
    assert find(TASK, READ.start, READ.steps) == []


def test_another_episode_starts_anew(store: Store) -> None:
    assert retriever(store)(TASK, READ.start, []) == retriever(store)(TASK, READ.start, [])


def test_numbers_of_hits_are_bounded_at_the_first_and_at_later_steps(store: Store) -> None:
    task = asked(instruction="Read write list recover note notes name.")
    find = retriever(store, first=2, later=1)
    assert len(find(task, READ.start, [])) == 2
    assert len(find(task, READ.start, READ.steps[:1])) == 1


def test_characters_are_bounded_but_one_hit_is_always_given(store: Store) -> None:
    task = asked(instruction="Read write list recover note notes name.")
    whole = retriever(store, first=5, documentation=0)(task, READ.start, [])
    assert len(whole) == 5
    for bound in (200, 300):
        some = retriever(store, first=5, documentation=0, characters=bound)(task, READ.start, [])
        assert 1 < len(some) < 5 and sum(len(hit.text) for hit in some) <= bound
    (one,) = retriever(store, first=5, characters=1, documentation=0)(task, READ.start, [])
    assert one == whole[0]


def test_two_instructions_for_one_end_are_one_vote(store: Store) -> None:
    whole = example("Read the note about apples.", READ, 0, 2)
    hits = retriever(store, EXAMPLES[1], whole, EXAMPLES[2], first=4)(TASK, READ.start, [])
    assert [hit.id for hit in hits].count(EXAMPLES[1].id) + [hit.id for hit in hits].count(whole.id) == 1


def test_lines_of_documentation_come_along_once(store: Store) -> None:
    episode = acted("put NAME yes", "put NAME no", task=asked("put", "Write two notes."))
    store.add([asked("put", "Write two notes."), episode])
    made = [example("Write yes.", episode, 0, 1), example("Write no.", episode, 1, 2)]
    task = asked(instruction="Write yes or no.")
    text = "\n".join(hit.text for hit in retriever(store, *made, documentation=2)(task, READ.start, []))
    assert text.count("Documentation: Usage: put NAME TEXT") == 1
    assert text.startswith("Documentation: ")
    plain = retriever(store, *made, documentation=0)(task, READ.start, [])
    assert len(plain) == 2 and not any("Documentation" in hit.text for hit in plain)
