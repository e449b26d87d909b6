"""What a manual says once for all commands of its tool: options before the command, files behind it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from learn_by_interact.models.endpoint import ModelSettings
from learn_by_interact.stages.demands import Asked, asked
from learn_by_interact.stages.explained import as_all
from learn_by_interact.stages.features import demanded, features
from learn_by_interact.stages.items import Item
from learn_by_interact.stages.propose import Propose
from learn_by_interact.stages.readers import Heading, Source
from learn_by_interact.stages.readers.general import before_command, completed, ends_so, files_behind
from learn_by_interact.stages.readers.options import options
from learn_by_interact.stages.readers.sections import sections
from learn_by_interact.stages.readers.synopsis import forms
from learn_by_interact.types import Document, Observation
from room import NAME, tool

TOOL = """
import sys
lead, words = [], sys.argv[1:]
while words and words[0].startswith("-"):
    lead.append(words.pop(0))
verb, given = words.pop(0), {}
while words and words[0].startswith("-"):
    option = words.pop(0)
    given[option] = "" if option in ("-x", "-u") else words.pop(0)
rows = [line.split(",") for name in words for line in open(name).read().split()]
if verb == "cut" and "-f" not in given:
    sys.exit("Usage: rec cut [options]\\nOptions:\\n -f {a,b,c} Names as specified here.\\n -x Others.")
if verb == "count" and not given:
    sys.exit("rec count: nothing to count by.")
print(lead, verb, given, rows)
"""
GENERAL = """Usage: rec [flags] {verb} [verb-dependent options ...] {zero or more file names}

Examples:

  rec --csv cut -f shape example.csv
  rec --icsv --oxtab count -g shape example.csv
  rec --csv cut -f color,shape then count -g shape example.csv
"""
CUT = """Usage: rec cut [options]
Passes fields through.
Options:
 -f {a,b,c} Comma-separated field names for cut, e.g. a,b,c.
 -x|--complement Exclude the field names specified by -f.
Examples:
  rec cut -f hostname,status
"""
COUNT = """Usage: rec count [options]
Counts records.
Options:
-g  {comma-separated field names}  Field names to count by.
-f {field name} Where it is written.
-u Unlashed counts, without names.
"""
MATCH = """Usage: rec match [options] {regular expression}
Usage: rec order {flags}
Usage: rec name {old1,new1,...}
Usage: rec choose {add,remove} NAME
"""
START = "sales.csv (40 bytes)\n  shop,item,price\n  North,pen,2\n"


def page(title: str, text: str) -> Document:
    return Document(source="man rec", title=title, text=text, begin=1, end=30)


MANUAL = [
    page("man rec", GENERAL),
    page("man rec > VERBS > cut", CUT),
    page("man rec > VERBS > count", COUNT),
]
FILES = files_behind(MANUAL, ["rec"])


@pytest.fixture
def run(tmp_path: Path) -> Callable[[str], Observation]:
    return tool(tmp_path, "rec", TOOL, sales="shop,item,price\nNorth,pen,2\n")


def proposed(document: Document, run: Callable[[str], Observation]) -> list[Item]:
    """The items of a section, as `Propose` makes them of what it is given."""
    document, *others = (
        completed(one, FILES) for one in (document, *MANUAL) if one is document or one != document
    )
    needs = demanded(document, others, START, "", ["rec"], run)
    found = [
        item.demanding(needs[item.synopsis].demands if item.synopsis in needs else (), 0)
        for item in features(document, START, "", ["rec"], others=others)
    ]
    return as_all([item.about("sales.csv: North,pen,2") for item in found], [document, *others], ["rec"])


def test_arguments_in_braces_are_arguments() -> None:
    assert forms(page("man rec", MATCH), ["rec"]) == [
        "rec match [options] <regular_expression>",
        "rec order [OPTIONS]",
        "rec name <old1,new1,...>",
        "rec choose {add,remove} NAME",
    ]


def test_values_in_braces_and_help_behind_one_blank() -> None:
    cut, count = options(CUT), options(COUNT)
    assert [(one.names, one.values, one.choices) for one in cut] == [
        (("-f",), 1, ()),
        (("-x", "--complement"), 0, ()),
    ]
    assert cut[1].help == "Exclude the field names specified by -f."
    assert [(one.name, one.values, one.of_column) for one in count] == [
        ("-g", 1, True),
        ("-f", 1, True),
        ("-u", 0, False),
    ]
    assert re.fullmatch(count[0].about(["shop", "item", "price"]), "-g shop,item")
    assert not re.fullmatch(count[1].about(["shop", "item", "price"]), "-f shop,item")
    assert not options("It goes on\n-f of which nothing is said.\n")


def test_what_the_general_synopsis_ends_with_stands_in_each_usage() -> None:
    assert FILES == {"rec": "[file_names...]"}
    assert completed(MANUAL[1], FILES).text.startswith("Usage: rec cut [options] [file_names...]\nPasses")
    assert completed(MANUAL[0], FILES) is MANUAL[0]
    split = page("man rec > split", "Usage: rec split [options] {filename}\n")
    assert completed(split, FILES) is split
    assert ends_so("rec cut [options] [file_names...]", FILES) and not ends_so("rec cut [options]", FILES)
    git = page("git", "Usage: git [-v] [-C PATH] <command> [<args>]\n\nusage: git add [<file>...]\n")
    assert not files_behind([git], ["git"]) and completed(git, files_behind([git], ["git"])) is git


def test_options_before_the_command_are_those_of_the_examples() -> None:
    assert before_command(MANUAL, ["rec"]) == {"rec": ("--csv", "--icsv --oxtab")}
    few = page("man rec", GENERAL + "  rec cut a.csv\n  rec count a.csv\n  rec tac a.csv\n")
    assert not before_command([few], ["rec"])
    assert not before_command([page("man rec", GENERAL.replace("[flags] ", ""))], ["rec"])


def test_a_command_whose_error_is_its_usage_is_tried_with_each_option(
    run: Callable[[str], Observation],
) -> None:
    for section, form, demands in (
        (MANUAL[1], "rec cut [options] [file_names...]", [["-f"]]),
        (MANUAL[2], "rec count [options] [file_names...]", [["-g", "-f", "-u"]]),
    ):
        document, *others = (completed(one, FILES) for one in (section, *MANUAL))
        found = demanded(document, others, START, "", ["rec"], run)
        assert [[one.name for one in demand] for demand in found[form].demands] == demands
        assert found[form].prints


def test_what_waits_is_not_tried_with_each_option() -> None:
    tried: list[str] = []

    def waits(command: str) -> Observation:
        tried.append(command)
        return Observation(text="[killed: it ran longer than 30 s]", key="", failed=True)

    assert asked("rec serve [OPTIONS]", options(COUNT), "", (), waits) == Asked()
    assert tried == ["rec serve"]

    def waits_with_option(command: str) -> Observation:
        return waits(command) if " -" in command else Observation(text="No.", key="", failed=True)

    tried.clear()
    assert asked("rec serve [OPTIONS]", options(COUNT), "", (), waits_with_option) == Asked()
    assert tried == ["rec serve -g x"]


def test_tasks_have_the_options_before_the_command_and_the_files_behind(
    run: Callable[[str], Observation],
) -> None:
    items = proposed(MANUAL[1], run)
    assert [one.text.partition(" (")[0] for one in items] == [
        "with -f",
        "with -f",
        "with --complement",
    ]
    for command, right in (
        ("rec --csv cut --complement -f shop sales.csv", False),
        ("rec --csv cut -f shop,item --complement sales.csv", True),
        ("rec --csv cut -f shop sales.csv", True),
        ("rec --icsv --oxtab cut -f item sales.csv > out.csv", True),
        ("rec cut -f shop sales.csv", False),
        ("rec --csv cut sales.csv -f shop", False),
        ("rec --csv cut -f shop", False),
    ):
        assert bool(re.search(items[0].form, command)) is right, command
    assert re.search(items[2].form, "rec --csv cut -f shop --complement sales.csv")
    match = page("man rec > VERBS > match", MATCH.split("\n")[0] + "\n -v Invert the match here.\n")
    found = [one for one in proposed(match, run) if one.text.startswith("with -v")]
    assert re.search(found[0].form, "rec --csv match -v '^pen.*' sales.csv")
    assert not re.search(found[0].form, "rec --csv match '^pen.*' -v sales.csv")
    like = proposed(MANUAL[0], run)[0]
    assert like.text == "like: rec --csv cut -f <name> sales.csv"
    assert re.search(like.form, "rec --csv cut -f shop,item sales.csv")
    assert not re.search(like.form, "rec cut -f shop,item sales.csv")
    assert not re.search(like.form, "rec --csv cut -f shop,item")
    assert not run("rec --csv cut -f shop --complement sales.csv").failed


def test_the_options_of_another_command_of_the_page_are_not_demanded(
    run: Callable[[str], Observation],
) -> None:
    items = proposed(MANUAL[2], run)
    told = next(one.text for one in items if one.text.startswith("with -f"))
    assert told == "with -f (Where it is written.)"


def test_each_section_gets_what_is_said_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Propose(environment=NAME, model=ModelSettings(name="scripted"))
    monkeypatch.setattr(stage.world(), "tools", ("rec",))
    far = [page(f"man rec > VERBS > {at}", f"Usage: rec do{at} [options]\n") for at in range(40)]
    found = stage._others([MANUAL[0], *far])
    assert all(MANUAL[0].id in found[one.id] for one in far)


def test_two_commands_are_not_one_section() -> None:
    told = f"NAME\n rec - records\nSYNOPSIS\n{GENERAL}\nVERBS\ncut\n{CUT}\ncount\n{COUNT}\nnotes\nSmall."
    lines = tuple(f"{told}\nmore\nSmaller.".split("\n"))
    heads = tuple(
        Heading(lines.index(name), level, name)
        for name, level in (
            *(("NAME", 1), ("SYNOPSIS", 1)),
            *(("VERBS", 1), ("cut", 2), ("count", 2), ("notes", 2), ("more", 2)),
        )
    )
    source = Source(name="man rec", title="man rec", lines=lines, headings=heads)
    found = [one.title for one in sections(source, 400)]
    assert found == ["man rec", "man rec > VERBS > cut", "man rec > VERBS > count / notes / more"]
