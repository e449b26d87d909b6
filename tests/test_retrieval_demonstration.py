"""A demonstration as it goes into a prompt."""

from __future__ import annotations

from pathlib import Path

import pytest

from learn_by_interact.engine.store import Store
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.retrieval.build import build
from learn_by_interact.retrieval.demonstration import (
    LIKE,
    SAME,
    Demonstration,
    Layout,
    demonstration,
    grounding,
    telling,
)
from learn_by_interact.retrieval.index import Index
from learn_by_interact.retrieval.lines import WIDTH
from learn_by_interact.types import Example, Observation, Trajectory
from room import DOCUMENTS, acted, asked

ACTIONS = ShellActions()
EPISODE = acted("list", "show a.txt", "put c.txt yes", "show nothing", "show c.txt", "stop yes")
BARE = Layout(start=False, match=False, cut="ends", failures="shown")


def made(begin: int, end: int, of: Trajectory = EPISODE) -> Demonstration:
    one = Example(instruction="Write.", trajectory=of.id, begin=begin, end=end, kind="abstraction")
    return demonstration(one, of, ACTIONS)


def test_a_demonstration_is_the_window_as_it_is_written_in_prompts() -> None:
    assert made(2, 6).text(BARE).split("\n") == [
        "Example task: Write.",
        "ACTION: put c.txt yes",
        "[no output]",
        "ACTION: show nothing",
        "show nothing: there is no such thing",
        "[exit code 1]",
        "ACTION: show c.txt",
        "yes",
        "ACTION: stop yes",
    ]
    assert made(2, 6).actions == "put c.txt yes\nshow nothing\nshow c.txt\nstop yes"


def test_what_was_there_before_the_first_step_is_shown() -> None:
    assert made(2, 3).text(Layout()).split("\n") == [
        "Example task: Write.",
        "apples",
        "ACTION: put c.txt yes",
        "[no output]",
    ]
    assert made(0, 1).start == EPISODE.start.text


@pytest.mark.parametrize(
    ("steps", "match", "actions", "said"),
    [
        (2, -1, ["show c.txt", "stop yes"], ["(4 earlier steps are left out.)"]),
        (2, 5, ["show c.txt", "stop yes"], ["(4 earlier steps are left out.)", SAME]),
        (2, 0, ["list", "show a.txt"], [SAME, "(4 later steps are left out.)"]),
        (3, 2, ["put c.txt yes", "show nothing", "show c.txt"], [SAME, "(2 earlier", "(1 later"]),
        (9, 3, ["list", "show a.txt", "put c.txt yes", "show nothing", "show c.txt", "stop yes"], [SAME]),
    ],
)
def test_the_last_steps_or_those_from_the_match_on_are_shown(
    steps: int, match: int, actions: list[str], said: list[str]
) -> None:
    lines = made(0, 6).text(Layout(steps=steps, failures="shown"), (match, True)).split("\n")
    assert [line.removeprefix("ACTION: ") for line in lines if line.startswith("ACTION: ")] == actions
    assert all(any(line.startswith(piece) for line in lines) for piece in said)
    if match >= 0:
        assert lines[lines.index(SAME) + 1] == f"ACTION: {made(0, 6).moments[match].action}"
    assert sum(line.startswith("(") for line in lines) == len(said)


@pytest.mark.parametrize(
    ("match", "lines"),
    [
        (-1, ["put c.txt yes", "show c.txt", "stop yes"]),
        # In the state before the failure, and in the one after it.
        (1, ["put c.txt yes", SAME, "show c.txt", "stop yes"]),
        (2, ["put c.txt yes", "show nothing", SAME, "show c.txt", "stop yes"]),
    ],
)
def test_a_step_that_failed_is_shown_where_it_is_like_now(match: int, lines: list[str]) -> None:
    text = made(2, 6).text(Layout(start=False), (match, True))
    shown = [line.removeprefix("ACTION: ") for line in text.split("\n") if line.startswith(("ACTION", SAME))]
    assert shown == lines and ("no such thing" in text) == ("show nothing" in lines)


def test_the_step_of_the_same_state_is_found() -> None:
    whole = made(0, 6)
    for at in range(6):
        place, same = whole.step_at(EPISODE.observation(at))
        assert same and EPISODE.observation(place).key == EPISODE.observation(at).key
    again = made(0, 3, acted("list", "show a.txt", "list"))
    assert again.step_at(acted("list").observation(1)) == (1, True)


def test_the_step_of_the_likest_state_is_found_where_none_is_the_same() -> None:
    whole = made(0, 6)
    failed = Observation(text="show everything: there is no such thing", key="elsewhere")
    assert whole.step_at(failed) == (4, False)
    assert LIKE in whole.text(Layout(), (4, False))
    assert whole.step_at(Observation(text="zebra", key="elsewhere")) == (-1, False)


def test_a_state_is_most_like_one_to_which_the_same_command_led() -> None:
    whole = made(0, 6)
    elsewhere = Observation(text="zebra", key="elsewhere")
    assert [moment.action.split()[0] for moment in whole.moments] == [
        "list",
        "show",
        "put",
        "show",
        "show",
        "stop",
    ]
    assert whole.step_at(elsewhere, "list") == (1, False) and whole.step_at(elsewhere, "put x y") == (
        3,
        False,
    )
    assert whole.step_at(elsewhere, "show x") == (5, False), "of several the last"
    assert whole.step_at(elsewhere, "") == (0, False), "the beginning is like the beginning"
    assert whole.step_at(EPISODE.observation(2), "")[1], "what is the same is the likest"
    assert whole.follows("put x y") and not whole.follows("drop x") and whole.step_at(elsewhere, "x")[0] == -1


def test_long_observations_are_cut_to_both_ends_or_to_the_telling_lines() -> None:
    table = " ".join(f"row{at}" for at in range(300))
    long = acted(f"put a.txt {table}", "show a.txt")
    ends = made(1, 2, long).text(Layout(seen=120, start=False, cut="ends"))
    assert "characters left out" in ends and len(ends) < 300
    none = made(1, 2, long).text(Layout(seen=0))
    assert none.split("\n")[1:] == ["ACTION: show a.txt"] and none.startswith("Example task: ")
    text = "\n".join([*(f"[{at}] link page" for at in range(40)), "[77] button Save note", "end"])
    assert telling(text, "Save the note", 60) == "[...]\n[77] button Save note\nend"
    assert telling(text, "Save the note", len(text)) == text
    assert "characters left out" in telling(text, "nothing in common", 60)
    assert len(telling(text, "link page", 100)) < 120 and telling(text, "link page", 100).endswith("end")


def test_grounding_takes_the_lines_that_say_how_the_actions_are_written() -> None:
    text = "Insert rows\n\nUsage: db insert FILE\n  --csv    read CSV\n  --tsv    read TSV\nSee also: other"
    assert grounding(text, ["db insert a.db --csv"]) == ["Usage: db insert FILE", "--csv read CSV"]
    assert grounding(text, ["ls"]) == []
    assert len(grounding("\n".join(f"{at} --csv" for at in range(9)), ["db --csv"], limit=2)) == 2
    assert grounding(f"--csv {'x' * 500}", ["db --csv"]) == [f"--csv {'x' * 500}"[:WIDTH]]


def test_a_demonstration_brings_lines_of_the_document_of_its_task(tmp_path: Path) -> None:
    task = asked("put", "Write a note.")
    held_out = task.model_copy(update={"parent": "write"})
    with Store(tmp_path / "run") as store:
        store.add(DOCUMENTS.values())
        for one, lines in ((task, ("Usage: put NAME TEXT", "$ put NAME hello")), (held_out, ())):
            episode = acted("put NAME yes", task=one)
            example = Example(instruction="Write.", trajectory=episode.id, begin=0, end=1, kind="task")
            store.add([one, episode, example])
            index = Index(build(store, [example], ACTIONS)[0])
            (hit,) = index.search("write", {"instruction": 1.0}, 5)
            assert index.demonstration(hit).documentation == lines
