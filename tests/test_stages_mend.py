"""Commands that failed are tried again as their errors say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from learn_by_interact.engine.store import Store
from learn_by_interact.stages.demands import without_usage
from learn_by_interact.stages.mend import Mend, changes, joined
from learn_by_interact.stages.readers.options import options
from learn_by_interact.types import Action, Observation, Task, Trajectory
from room import DOCUMENTS, NAME, RoomEnvironment, acted, commands, explored, found, learned, relabelled

PAGE = """Usage: tool load [OPTIONS] DB TABLE FILE

Options:
  --key TEXT   Column that is the key
  --csv        Expect CSV input
  --tsv        Expect TSV input
  --lines      One row for each line
"""
START = "a.db\n  table books(id)\nb.db\n  table orders(id)\nnew.csv (3 lines)"


def tried(command: str, error: str, others: tuple[str, ...] = ()) -> list[str]:
    return list(changes(command, error, options(PAGE), others, START))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run") as made:
        made.add(DOCUMENTS.values())
        yield made


def mended(store: Store) -> list[Trajectory]:
    return found(Mend(environment=NAME), store)


def test_an_option_that_the_error_names_comes_first() -> None:
    found = tried("tool load x.db t new.csv", "Invalid JSON - use --csv for CSV or --tsv for TSV files")
    assert found[:2] == ["tool load x.db t new.csv --csv", "tool load x.db t new.csv --tsv"]
    into = tried("tool load x.db t new.csv > out.txt", "use --csv")
    assert into[0] == "tool load x.db t new.csv --csv > out.txt"


OVER = [("tool", one) for one in options("  -f, --file PATH  Location of the file\n  --quiet  Say nothing\n")]


@pytest.mark.parametrize(
    ("command", "error", "first"),
    [
        ("tool get x", "No such file: '.csv'", ["tool --file new.csv get x", "tool --file a.db get x"]),
        ("tool get x", "It doesn't exist", ["tool --file a.db get x", "tool --file b.db get x"]),
        ("tool get x -f new.csv", "No such option: -f", ["tool -f new.csv get x"]),
        ("tool get x", "Too much, use --quiet", ["tool --quiet get x"]),
        ("tool -f a.db get x", "No such file: a.db", []),
        ("tool get x", "Invalid value", []),
    ],
)
def test_an_option_of_the_command_above_stands_behind_its_name(
    command: str, error: str, first: list[str]
) -> None:
    found = list(changes(command, error, options(PAGE), (), START, OVER))
    assert found[: len(first)] == first
    assert first or not any("--file" in one or "--quiet" in one for one in found)


def test_an_option_with_a_value_has_one_that_another_command_gives_it() -> None:
    error = "Error: load() requires a key"
    assert tried("tool load x.db t new.csv", error, ("tool load y.db u b.csv --key code --csv",))[0] == (
        "tool load x.db t new.csv --key code"
    )
    assert not any("--key" in one for one in tried("tool load x.db t new.csv", error))


def test_an_option_that_is_not_known_is_replaced_or_left_out() -> None:
    error = "No such option '--line'. Did you mean '--lines'?"
    found = tried("tool load x.db t new.csv --line", error)
    assert found[:2] == ["tool load x.db t new.csv --lines", "tool load x.db t new.csv"]


def test_a_word_that_the_error_quotes_is_left_out_or_a_part_of_it_is_meant() -> None:
    assert tried("tool load x.db t new.csv extra", "unexpected extra argument (extra)")[0] == (
        "tool load x.db t new.csv"
    )
    assert tried("tool rows a.db table=books", "Error: no such table: table=books")[0] == (
        "tool rows a.db books"
    )


def test_another_file_is_read_those_of_its_kind_first() -> None:
    found = tried("tool rows a.db orders", "no such table: orders")
    assert found.index("tool rows b.db orders") < found.index("tool rows new.csv orders")


def test_nothing_is_tried_twice_or_as_it_was() -> None:
    command = "tool load x.db t new.csv --csv"
    found = tried(command, "use --csv or '--csv' for 'new.csv'")
    assert len(found) == len(set(found)) and command not in found


def test_what_helps_becomes_a_trajectory_that_recovers(store: Store) -> None:
    failed = explored(store, "show note=b.txt", page="show")
    explored(store, "show a.txt", page="show")
    (session,) = mended(store)
    assert commands(session) == ["show note=b.txt", "show b.txt"]
    assert (session.task, session.start, session.chained) == (failed.task, failed.start, 1)
    assert [step.observation.failed for step in session.steps] == [True, False]
    windows, verdict = relabelled(store, session)
    assert windows == {(0, 2), (1, 2)} and (verdict.keep, verdict.measure) == (True, 2.0)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """The room has a table, whose column Due is set by `put 7 due:DATE`; all else is stored as text."""

    def reset(room: RoomEnvironment, task: Task) -> Observation:
        return room._see("ID Due        Text\n-- ---------- ----------\n 7            Pay rent")

    def step(room: RoomEnvironment, action: Action) -> Observation:
        _, number, text = str(action.arguments["command"]).split(maxsplit=2)
        due = text.removeprefix("due:") if text.startswith("due:") else ""
        room.notes[number] = f"{due} Pay rent" if due else text.replace("'", "")
        return room._see(f"[no output]\n+ {number} {room.notes[number]}")

    monkeypatch.setattr(RoomEnvironment, "reset", reset)
    monkeypatch.setattr(RoomEnvironment, "step", step)


@pytest.mark.usefixtures("table")
def test_what_was_stored_as_text_is_tried_as_an_attribute(store: Store) -> None:
    misread = explored(store, "put 7 due 2035-01-01", page="put")
    (session,) = mended(store)
    assert commands(misread) == ["put 7 due 2035-01-01"] and commands(session) == ["put 7 due:2035-01-01"]
    assert (session.task, session.start, session.chained) == (misread.task, misread.start, 0)
    assert relabelled(store, session)[0] == {(0, 1)}


@pytest.mark.usefixtures("table")
def test_an_attribute_that_is_stored_as_text_too_is_no_help(store: Store) -> None:
    explored(store, "put 7 text 'Pay the rent'", page="put")
    assert mended(store) == []


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("put 7 due 2035", ["put 7 due:2035", "put 7 due=2035"]),
        ("put 7 Text 'a b'", ["put 7 text:'a b'", "put 7 text='a b'"]),
        ('put 7 text "it\'s due"', ["put 7 text:'it'\"'\"'s due'", "put 7 text='it'\"'\"'s due'"]),
        ("put 7 what is due", []),
    ],
)
def test_a_column_s_name_and_a_value_are_joined(command: str, found: list[str]) -> None:
    assert list(joined(command, "ID Due  Text\n-- ---- ----\n 7      Pay")) == found


def test_what_nothing_helps_leaves_no_trajectory(store: Store) -> None:
    explored(store, "show note=z.txt", page="show")
    explored(store, "sing", page="list")
    assert mended(store) == []


@pytest.mark.parametrize("hint", ["", "stop"])
def test_a_task_without_a_command_is_left_alone(store: Store, hint: str) -> None:
    task = Task(environment="room", instruction="Look.", parent=DOCUMENTS["show"].id, hint=hint)
    store.add([task])
    learned(store, acted("show z.txt", task=task))
    assert mended(store) == []


SEARCH = """  -c, --columns NAMES  A comma-separated list of columns
  -r, --regex REGEX    An expression
  -n, --names          Print the names and exit
"""
USAGE = "usage: pick [-c NAMES] [-r REGEX] [-n]\n            [FILE]\npick: error: "
ROWS = "staff.csv (9 lines)\n  id,name\n  1,Ann\nrooms.csv (9 lines)\n  room,floor\n"


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (
            "Name a column with the -c option.",
            ["pick staff.csv --columns id", "pick staff.csv --columns name"],
        ),
        ("One of -r, -c must be given.", ["pick staff.csv -r A.*", "pick staff.csv --columns id"]),
    ],
)
def test_an_option_is_known_by_all_its_names_and_has_a_column_of_the_file(
    error: str, wanted: list[str]
) -> None:
    others = ["pick rooms.csv --columns room", "pick staff.csv -r A.*"]
    found = list(changes("pick staff.csv", without_usage(USAGE + error), options(SEARCH), others, ROWS))
    assert found[: len(wanted)] == wanted
