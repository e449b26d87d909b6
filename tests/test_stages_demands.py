"""What a command demands is found by running it, and every task about it then has it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from learn_by_interact.models.endpoint import ModelSettings
from learn_by_interact.stages.demands import Asked, asked, requires, without_usage
from learn_by_interact.stages.features import demanded, features
from learn_by_interact.stages.pages import requirements, selector
from learn_by_interact.stages.propose import Propose
from learn_by_interact.stages.readers.options import options
from learn_by_interact.stages.things import matched
from learn_by_interact.types import Document, Observation
from room import NAME, tool

TOOL = """
import argparse
parser = argparse.ArgumentParser(prog="pick")
for short, long in (("-c", "--columns"), ("-m", "--match"), ("-r", "--regex")):
    parser.add_argument(short, long)
parser.add_argument("-n", "--names", action="store_true")
parser.add_argument("-i", "--invert", action="store_true")
parser.add_argument("file", nargs="?")
given = parser.parse_args()
if not given.columns:
    parser.error("You must specify at least one column with the -c option.")
if given.columns not in open(given.file).readline():
    parser.error(f"no column {given.columns!r}")
if not given.match and not given.regex:
    parser.error("One of -m or -r must be specified, unless using the -n option.")
"""
PAGE = Document(
    source="pick --help",
    title="pick",
    text="""usage: pick [-h] [-c COLUMNS] [-m TEXT] [-r REGEX] [-n] [-i] [FILE]

Rows of a file.

options:
  -c COLUMNS, --columns COLUMNS  A comma-separated list of columns to be searched
  -m TEXT, --match TEXT          A string to search for
  -r REGEX, --regex REGEX        A regular expression to match
  -n, --names                    Display the names
  -i, --invert                   Rows that do not match. Requires --names.
""",
    begin=0,
    end=400,
)
FORM = "pick [OPTIONS] [FILE]"
START = "staff.csv (40 bytes)\n  id,name,city\n  1,Ann,Oslo\n"


@pytest.fixture
def run(tmp_path: Path) -> Callable[[str], Observation]:
    return tool(tmp_path, "pick", TOOL, staff="id,name,city\n1,Ann,Oslo\n")


def names(found: tuple[tuple[object, ...], ...]) -> list[list[str]]:
    return [[getattr(option, "name", "") for option in demand] for demand in found]


def test_a_command_is_run_until_it_demands_nothing_more(run: Callable[[str], Observation]) -> None:
    found = asked(FORM, options(PAGE.text), "staff.csv", ("id", "name"), run)
    assert names(found.demands) == [["--columns"], ["--match", "--regex"]]
    assert not found.prints


def test_an_answer_that_demands_nothing_ends_it(run: Callable[[str], Observation]) -> None:
    known = options(PAGE.text)
    assert names(asked(FORM, known, "staff.csv", ("wage",), run).demands) == [["--columns"]]
    assert asked("pick [OPTIONS] TABLE", known, "staff.csv", (), run) == Asked()
    assert asked(FORM, known, "", (), run) == Asked()
    for text in ("Use --match for it.", "You must not be here.", "cannot be used with --match: specify one"):
        answered = Observation(text=text, key="", failed=True)

        def same(_: str, seen: Observation = answered) -> Observation:
            return seen

        assert asked(FORM, known, "staff.csv", (), same) == Asked()


def test_one_of_several_options_is_demanded_and_a_pair_stands_in_its_order() -> None:
    text = """Usage: drop [OPTIONS] [FILE]

  -f, --field=STR    field name; should be followed by a -v.
  -v, --value=STR    field value; should be preceded by an -f.
  -n, --number=NUM   records by position
  -e, --expression=EXPRESSION  records that fit
"""
    page = PAGE.model_copy(update={"text": text})
    refused = "drop: error: deleting all is ignored; use either -n or -e."

    def run(command: str) -> Observation:
        works = "--number" in command
        return Observation(text="" if works else refused, key="", failed=not works)

    demands = asked("drop [OPTIONS] [FILE]", options(text), "staff.csv", (), run).demands
    assert names(demands) == [["--number", "--expression"]]
    known = {option.name: option for option in options(text)}
    for name in ("--field", "--value"):
        (item,) = [one for one in features(page, START, "", ("drop",)) if f"with {name} (" in one.text]
        item = item.demanding(requirements([known[name]], page, ()), 0)
        assert re.fullmatch(item.form, "drop staff.csv --field=name --value=Bo")


@pytest.mark.parametrize(
    ("seen", "prints"),
    [
        (Observation(text="--match is required", key="", state="before"), True),
        (Observation(text="[no output]", key="", state="before"), False),
        (Observation(text="written", key="", state="after"), False),
    ],
)
def test_what_works_demands_nothing_and_may_print(seen: Observation, prints: bool) -> None:
    found = asked(FORM, options(PAGE.text), "staff.csv", (), lambda _: seen, "before")
    assert found == Asked(prints=prints)


def test_the_output_of_what_prints_goes_into_a_file_in_every_third_task() -> None:
    shown = PAGE.model_copy(update={"text": PAGE.text.replace("pick", "show")})
    proposing = Propose(environment=NAME, model=ModelSettings(name="scripted/room:nothing"))
    found = proposing.items(shown, "", START, (), {FORM.replace("pick", "show"): Asked(prints=True)})
    assert [item.into for item in found] == [False, False, True, False, False, True]
    assert re.fullmatch(found[2].form, "show staff.csv --match Ann > found.csv")
    assert not re.fullmatch(found[2].form, "show staff.csv --match Ann")


def test_the_usage_of_an_error_names_every_option_and_says_nothing() -> None:
    error = "usage: pick [-h] [-c COLUMNS]\n            [-m TEXT]\npick: error: no -r\n  more"
    assert without_usage(error) == "pick: error: no -r\n  more"


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ("Do it. Requires --lat and --lon.", ["--lat", "--lon"]),
        ("Only used when also specifying -g.", ["-g"]),
        ("Must be used together with --key", ["--key"]),
        ("Cannot be used with --db.", []),
        ('Overrides "-d".', []),
    ],
)
def test_the_help_of_an_option_says_what_it_requires(told: str, names: list[str]) -> None:
    (option,) = options(f"  --it   {told}\n")
    assert requires(option) == names


def test_each_task_has_what_its_command_demands(run: Callable[[str], Observation]) -> None:
    needs = demanded(PAGE, (), START, "", ("pick",), run)
    every = features(PAGE, START, "", ("pick",))
    items = [one.demanding(needs[FORM].demands, turn) for turn, one in enumerate(every)]
    assert [[option.name for option in item.chosen] for item in items[:3]] == [
        ["--columns", "--match"],
        ["--regex", "--columns"],
        ["--columns", "--match"],
    ]
    (first, *_) = matched(items, PAGE, "", START, "seed")
    assert re.fullmatch(first.form, "pick staff.csv --columns name --match Ann")
    assert not re.fullmatch(first.form, "pick staff.csv --match Ann")
    assert not re.fullmatch(first.form, "pick staff.csv --columns id,name,city --match Ann")


def test_the_columns_that_a_command_is_applied_to_are_named_in_every_second_task() -> None:
    assert selector(FORM, PAGE, (), START) is not None
    assert selector(FORM, PAGE, (), "notes (3 lines)\n  hello\n") is None
    two = PAGE.model_copy(update={"text": f"{PAGE.text}  --not-columns X   Columns that are left out\n"})
    assert selector(FORM, two, (), START) is None
    shown = PAGE.model_copy(update={"text": PAGE.text.replace("pick", "show")})
    proposing = Propose(environment=NAME, model=ModelSettings(name="scripted/room:nothing"))
    found = proposing.items(shown, "", START)
    with_columns = [any(one.name == "--columns" for one in item.chosen) for item in found]
    assert with_columns[:4] == [False, True, False, True]


def test_what_an_option_requires_comes_with_it() -> None:
    known = {option.name: option for option in options(PAGE.text)}
    assert requirements([known["--invert"]], PAGE, ()) == [(known["--names"],)]
    assert requirements([known["--names"]], PAGE, ()) == []


NOTES = Document(
    source="jot --help",
    title="jot",
    text="Synopsis:\n\njot add <mods>\n    Add a note.\n\njot <filter> done <mods>\n    End it.\n\n"
    "jot <filter> stop <mods>\n    Stop it.\n\njot <filter> edit <mods>\n    Edit it.\n",
    begin=0,
    end=200,
)


def test_a_command_is_tried_without_its_last_argument_on_each_thing_that_is_there() -> None:
    """`add` needs a text, `done` does not, and `stop` works with one of the two things that are there."""
    tried: list[str] = []

    def run(command: str) -> Observation:
        tried.append(command)
        if "edit" in command:
            return Observation(text="Edited 0 notes.", key="")
        works = command in ("jot 1 done", "jot 2 stop")
        return Observation(text="done" if works else "text is needed", key="", failed=not works)

    start = "ID Description\n-- ----------------\n1  Call the plumber\n2  Renew passport\n"
    found = demanded(NOTES, (), start, "", ("jot",), run)
    assert tried[0] == "jot add" and {"jot 1 stop", "jot 2 stop"} <= {*tried}
    assert found == {"jot add": Asked(fails=True), "jot <filter> edit": Asked(fails=True)}
