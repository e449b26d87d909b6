"""A row is what the agent sees when it does the task itself, and the reply that it should give then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import taught
from learn_by_interact.agents.agent import PROMPT, Acting, LanguageAgent
from learn_by_interact.agents.rollout import Limits, rollout
from learn_by_interact.engine.store import Store
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.models import Message, Request
from learn_by_interact.models.scripted import Scripted
from learn_by_interact.training.choose import Window
from learn_by_interact.training.rows import Maker, Row, Rows
from learn_by_interact.types import Attempt, Task
from room import RoomEnvironment


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run") as made:
        yield made


def only(store: Store, *commands: str, window: tuple[int, int], about: str = "") -> Window:
    """The one abstraction of a trajectory of these commands."""
    examples = taught.teach(store, taught.page(1), commands, [window], about=about)
    return next(one for one in taught.windows(store) if one.example == examples[0])


def made(window: Window, **settings: object) -> list[Row]:
    return Maker(ShellActions(), RoomEnvironment.description, Rows.model_validate(settings)).rows(window)


def replies(row: Row) -> list[str]:
    return [row.messages[at].content for at in row.learn]


@pytest.mark.parametrize("characters", [9000, 700])
def test_rows_are_the_requests_of_an_agent_that_does_the_task(store: Store, characters: int) -> None:
    window = only(store, *taught.COMMANDS, window=(0, 5))
    rows = made(window, failed=True, characters=characters)
    asked: list[tuple[Message, ...]] = []
    script = iter([*taught.COMMANDS, "stop"])

    def policy(request: Request) -> str:
        asked.append(request.messages)
        return f"ACTION: {next(script)}"

    task = Task(environment="room", instruction=window.example.instruction)
    with RoomEnvironment() as environment:
        acting = Acting(characters=characters)
        agent = LanguageAgent(Scripted(policy), environment.actions, environment.description, acting)
        rollout(agent, environment, task, Limits(steps=9))
    assert [row.messages[:-1] for row in rows] == asked
    assert [row.messages[-1].content for row in rows] == [
        f"ACTION: {one}" for one in (*taught.COMMANDS, "stop")
    ]
    assert all(row.learn == (len(row.messages) - 1,) for row in rows)
    left_out = ["steps are left out here" in row.messages[1].content for row in rows]
    assert any(left_out) == (characters == 700)


def test_an_action_that_failed_is_seen_but_not_learned(store: Store) -> None:
    window = only(store, *taught.COMMANDS, window=(0, 3))
    rows = made(window)
    assert [row.messages[-1].content for row in rows] == [
        "ACTION: list",
        "ACTION: show a.txt",
        "ACTION: stop",
    ]
    assert [row.origin.step for row in rows] == [1, 3, 4]
    assert rows[1].messages[-3].content == "ACTION: shw a.txt"
    assert rows[1].messages[-2].content.endswith(f"The task: {window.example.instruction}")
    assert len(made(window, failed=True)) == 4


def test_a_window_is_one_chat_that_learns_what_worked(store: Store) -> None:
    (row,) = made(only(store, *taught.COMMANDS, window=(0, 3)), per="window")
    assert [message.role for message in row.messages] == [
        "system",
        "user",
        *["assistant", "user"] * 3,
        "assistant",
    ]
    assert replies(row) == ["ACTION: list", "ACTION: show a.txt", "ACTION: stop"]
    assert row.origin.step is None


def test_a_long_chat_learns_only_what_is_still_in_it(store: Store) -> None:
    (row,) = made(only(store, *taught.COMMANDS, window=(0, 5)), per="window", characters=700)
    assert 0 < len(row.learn) < 5 and replies(row)[-1] == "ACTION: stop"
    assert all(row.messages[at].role == "assistant" for at in row.learn)


def test_a_window_from_the_middle_starts_with_what_was_seen_there(store: Store) -> None:
    first, second, _ = made(only(store, *taught.COMMANDS, window=(2, 4)))
    start = first.messages[1].content
    assert start.startswith(
        "What is there now:\nshw a.txt: there is no such thing\n[exit code 1]\n\nYour task: "
    )
    assert "ACTION: list" not in start and first.messages[-1].content == "ACTION: show a.txt"
    assert second.messages[-2].content.startswith("apples\n")


@pytest.mark.parametrize(
    ("commands", "about", "settings", "last"),
    [
        (("list", "show a.txt"), "Show it", {}, "ACTION: stop"),
        (("list", "show a.txt"), "Show it", {"stop": False}, "ACTION: show a.txt"),
        (("show a.txt", "stop apples"), "Tell", {}, "ACTION: stop apples"),
    ],
)
def test_the_episode_is_ended_once(
    store: Store, commands: tuple[str, ...], about: str, settings: dict[str, bool], last: str
) -> None:
    rows = made(only(store, *commands, window=(0, 2), about=about), **settings)
    assert rows[-1].messages[-1].content == last
    stops = [row for row in rows if "ACTION: stop" in row.messages[-1].content]
    assert len(stops) == last.startswith("ACTION: stop")


@pytest.mark.parametrize(
    ("instruction", "stops"),
    [
        ("What does a.txt say? ", False),
        ("Tell what a.txt says.", False),
        ("Look into a.txt and answer with its text alone.", False),
        ("Is there a note called a.txt? Print yes or no.", False),
        ("Show what a.txt says.", True),
    ],
)
def test_no_stop_without_an_answer_is_added_where_one_may_be_wanted(
    store: Store, instruction: str, stops: bool
) -> None:
    window = only(store, "show a.txt", window=(0, 1))
    asks = window.example.model_copy(update={"instruction": instruction})
    said = [row.messages[-1].content for row in made(window._replace(example=asks))]
    assert said == ["ACTION: show a.txt", *(["ACTION: stop"] if stops else [])]


def test_the_origin_goes_back_to_the_lines_of_the_documentation(store: Store) -> None:
    window = only(store, "list", "show a.txt", window=(1, 2))
    store.commit(Attempt(stage="relabel:1f2e", input=window.trajectory.id, outputs=(window.example.id,)))
    (again, _) = taught.windows(store)
    found = made(again, stop=False)[0].origin
    assert (found.example, found.trajectory) == (again.example.id, again.trajectory.id)
    assert (found.begin, found.end, found.step, found.verified) == (1, 2, 1, False)
    assert (found.source, found.title, found.first_line, found.last_line) == ("manual.md", "page 1", 11, 19)
    assert (found.model, found.environment, found.labelled) == ("reciter", "room", "relabel:1f2e")
    assert found.prompt_version == PROMPT.version and found.document == taught.page(1).id


def test_a_row_of_no_section_says_so(store: Store) -> None:
    window = only(store, "list", window=(0, 1))._replace(section=None)
    found = made(window)[0].origin
    assert (found.document, found.source, found.first_line) == ("", "", 0)
