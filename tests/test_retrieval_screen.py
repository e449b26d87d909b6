"""Retrieval on a screen: what an example did counts, and not the number of the item it did it with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from learn_by_interact.engine.store import Store
from learn_by_interact.environments import ActionSpace
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.environments.web.actions import WebActions
from learn_by_interact.retrieval.asked import offered, query
from learn_by_interact.retrieval.build import build
from learn_by_interact.retrieval.retrieve import ExampleRetriever, Retrieval
from learn_by_interact.types import Action, Example, Observation, Trajectory
from room import DOCUMENTS, acted, asked

READ = acted("list", "show a.txt", "show b.txt")
WRITE = acted("put c.txt yes", "show nothing", "list")


def example(instruction: str, of: Trajectory) -> Example:
    return Example(instruction=instruction, trajectory=of.id, begin=0, end=1, kind="abstraction")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run") as made:
        made.add([*DOCUMENTS.values(), asked(), READ, WRITE])
        yield made


def found(
    store: Store,
    asks: str,
    examples: list[Example],
    actions: ActionSpace,
    suited: bool,
    best: Literal["first", "last"] = "first",
    within: float = 0.0,
    made: ActionSpace | None = None,
) -> list[str]:
    """The instructions of the examples that are shown for a task."""
    folder, _ = build(store, examples, made or ShellActions())
    settings = Retrieval(
        query="instruction",
        fused=(4, 2),
        start=False,
        match=False,
        lines=0,
        sections=0,
        suited=suited,
        best=best,
        within=within,
    )
    hits = ExampleRetriever(str(folder), settings, actions=actions)(
        asked(instruction=asks), READ.start, []
    ).hits
    lines = [line for hit in hits for line in hit.text.split("\n")]
    return [line.removeprefix("Example task: ") for line in lines if line.startswith("Example task: ")]


def test_the_number_of_an_item_finds_nothing(store: Store) -> None:
    asks, other, same = "Ticket #28: component library.", "Set the component of ticket #9.", "Ticket #28."
    examples = [example(same, READ), example(other, WRITE)]
    assert found(store, asks, examples, WebActions(), False)[0] == other
    assert found(store, asks, examples, ShellActions(), False)[0] == other, "nor of what a command is given"
    assert found(store, asks, examples, WebActions(), False, "last") == [same, other]
    assert found(store, "28", examples, WebActions(), False)[0] == same, "unless there is nothing else"


@pytest.mark.parametrize("quoted", ["'Pay rent'", '"Pay rent"', "`rent`", "'Pay rent', due on 2035-03-01,"])
def test_what_a_command_is_given_finds_nothing(store: Store, quoted: str) -> None:
    examples = [
        example("Pay rent: set its due date to 2035-03-01.", READ),
        example("A task is finished: record it so.", WRITE),
    ]
    asks = f"The task {quoted} is finished."
    assert found(store, asks, examples, ShellActions(), False)[0] == examples[1].instruction
    assert query("Encode it in base64 by `x`, 64 times", True) == "encode base64 times"


@pytest.mark.parametrize(
    ("asks", "suited", "changes"),
    [
        ("The kind of the note should be plain.", True, True),
        ("Which kind of note is the first note?", True, False),
        ("Open the note of this kind of note.", True, False),
        ("Open a new note by the kind of the note.", True, True),
        ("Show the kind of note of the note.", True, False),
        ("The kind of the note should be plain.", False, False),
    ],
)
def test_what_changed_something_comes_first_for_a_change(
    store: Store, asks: str, suited: bool, changes: bool
) -> None:
    filtered, made = "Filter the notes by the kind of note.", "Set the kind of one note."
    examples = [example(filtered, READ), example(made, WRITE)]
    assert found(store, asks, examples, WebActions(), suited) == (
        [made, filtered] if changes else [filtered, made]
    )
    assert found(store, asks, examples, ShellActions(), suited) == [filtered, made], (
        "commands are apart already"
    )


@pytest.mark.parametrize(
    ("asks", "answered"),
    [
        ("Which kind of note is this?", True),
        ("What is the kind of note? Answer with one word.", True),
        ("Open the note of this kind of note.", False),
    ],
)
def test_who_is_asked_something_learns_from_an_answer(store: Store, asks: str, answered: bool) -> None:
    said = acted("list", "stop plain")
    store.add([said])
    looked, told = (
        example("Open the first notes, filtered by the kind of note and by word.", READ),
        example("What is the kind of a note?", said),
    )
    told = told.model_copy(update={"end": 2})
    shown = found(store, asks, [looked, told], WebActions(), True)
    assert shown[0] == (told if answered else looked).instruction


def going(address: str) -> Trajectory:
    """A session that went to an address, and changed something there."""
    first, *others = WRITE.steps
    gone = first.model_copy(update={"action": Action(tool="goto", arguments={"url": address})})
    typed = [
        step.model_copy(update={"action": Action(tool="press", arguments={"key": "Enter"})})
        for step in others
    ]
    return Trajectory.model_validate({**WRITE.model_dump(exclude={"id"}), "steps": [gone, *typed]})


@pytest.mark.parametrize(
    ("asks", "first", "all_of_them"),
    [
        ("Change the owner of ticket #12.", "Set the kind of a ticket.", False),
        ("For ticket 12 change the owner.", "Change the owner of a page.", True),
        ("Change the owner of ticket12.", "Set the kind of a ticket.", False),
        ("Change the owner of Tickets 12 and 13.", "Set the kind of a ticket.", False),
        ("Change the owner to ticket 12.", "Change the owner of a page.", True),
        ("Make a ticket 12 and change the owner.", "Change the owner of a page.", True),
        ("Change the owner: Set the kind of a ticket.", "Change the owner of a page.", True),
    ],
)
@pytest.mark.parametrize("address", ["/ticket/17", "/t/ticket17"])
def test_an_item_that_a_task_names_is_as_those_of_examples_are(
    store: Store, address: str, asks: str, first: str, all_of_them: bool
) -> None:
    ticket, page = going(address), going("/wiki/Start")
    other = going("/wiki/End")
    store.add([ticket, page, other])
    examples = [example("Set the kind of a ticket.", ticket), example("Change the owner of a page.", page)]
    shown = found(store, asks, examples, WebActions(), True, made=WebActions())
    assert shown[0] == first and len(shown) == 2, asks
    assert found(store, asks, examples, WebActions(), False, made=WebActions())[0] == examples[1].instruction
    linked = [example("Set the owner. It is about ticket 17.", other), examples[1]]
    assert found(store, asks, linked, WebActions(), True, made=WebActions())[0] == (
        linked[0].instruction if first == examples[0].instruction else first
    )
    few = found(store, asks, examples, WebActions(), True, made=WebActions(), within=0.6)
    assert few[0] == first and (len(few) < 2 or all_of_them), "what fits far less is left out"


def test_an_example_is_found_by_what_its_fields_offered(store: Store) -> None:
    first, other, last = WRITE.steps
    listed = Observation(text='[combobox "Resolve as"] is "fixed" of "fixed", "won\'t \\"do\\""', key="a")
    brief = Observation(text='Changed on this page:\n+ [combobox "Resolve as"] is "fixed"', key="b")
    chose = Action(tool="select", arguments={"element": 'combobox "Resolve as"', "option": "fixed"})
    steps = [
        first.model_copy(update={"observation": listed}),
        other.model_copy(update={"observation": brief}),
        last.model_copy(update={"action": chose}),
    ]
    closed = Trajectory.model_validate({**WRITE.model_dump(exclude={"id"}), "steps": steps})
    assert list(offered(closed, 0, 3)) == ["fixed", 'won\'t "do"'] and not list(offered(closed, 0, 2))
    store.add([closed])
    whole = Example(instruction="Fix it.", trajectory=closed.id, begin=0, end=3, kind="abstraction")
    examples = [example("Change the kind of a ticket.", going("/ticket/17")), whole]
    store.add([going("/ticket/17")])
    shown = found(store, "Ben won't do it.", examples, WebActions(), True, made=WebActions())
    assert shown == ["Fix it."]


def test_a_task_is_searched_without_what_is_typed_and_what_all_tasks_say() -> None:
    for asks, searched in {
        "Close it as won't fix, with the comment: The panel has a fixed width.": "Close won t fix comment",
        "You begin with ticket #27: accept it.": "begin ticket accept",
        "Write 'a b' and \"c d\" into the field 'note' on 2024-06-21.": "Write field note",
        "Your task: Delete the page 'Old notes'.": "task delete page old notes",
        "Write: A note": "write note",
        "It is 12": "It is 12",
    }.items():
        assert query(asks).lower() == searched.lower(), asks
