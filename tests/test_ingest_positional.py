"""Synopses in the styles of several parsers: which commands their grammars allow."""

from __future__ import annotations

import json
import re

import pytest

from learn_by_interact.stages.demands import asked
from learn_by_interact.stages.readers.grammar import pattern
from learn_by_interact.stages.readers.options import options
from learn_by_interact.stages.readers.shown import commands
from learn_by_interact.stages.readers.synopsis import forms, general
from learn_by_interact.types import Document, Observation

FILES = ("a.txt", "b.txt")


def page(text: str, title: str = "") -> Document:
    return Document(source="s", title=title or "t", text=text, begin=1, end=9)


def allows(document: Document, tool: str, command: str) -> bool:
    """Whether a synopsis of a page allows a command, with one of the options of the page or with none."""
    known = options(document.text)
    return any(
        re.fullmatch(pattern(form, known, some, FILES, most=most)[1:-1], json.dumps(command)[1:-1])
        for form in forms(document, [tool])
        for some in [(), *((one,) for one in known)]
        for most in (1, 2, 4)
    )


PASS = """Usage:
    pass insert [--echo,-e | --multiline,-m] [--force,-f] pass-name
        Insert new password.
    pass mv [--force,-f] old-path new-path
        Rename it.
    pass edit pass-name
        Change it.
    pass find pass-names...
        List what matches.
    pass version
        Show the version.
"""
UNPACK = """usage: wheel unpack [-h] [--dest DEST] wheelfile

positional arguments:
  wheelfile             Wheel file

options:
  --dest DEST, -d DEST  Destination directory
"""
COPY = """Usage: cp [OPTION]... [-T] SOURCE DEST
  or:  cp [OPTION]... SOURCE... DIRECTORY
  or:  cp [OPTION]... -t DIRECTORY SOURCE...
  or:  cp OPTION
Copy SOURCE to DEST.

  -v, --verbose    explain what is being done
"""
CUT = "Usage: cut OPTION... [FILE]...\n\n  -s, --only-delimited    no other lines\n"
PACK = "usage: wheel pack directory\n"


@pytest.mark.parametrize(
    ("text", "title", "good", "bad"),
    [
        (UNPACK, "t", "wheel unpack a.txt", "wheel unpack wheelfile"),
        (COPY, "cp", "cp a.txt b.txt notes --verbose", "cp"),
        (COPY, "cp", "cp -t notes a.txt", "cp OPTION"),
        (CUT, "cut", "cut a.txt --only-delimited", "cut OPTION a.txt"),
        (PACK, "wheel pack", "wheel pack site", "wheel pack"),
        (PACK + "\npositional arguments:\n  directory  It\n", "t", "wheel pack site", "wheel pack"),
        (PASS, "pass", "pass mv mail post", "pass mail post"),
        (PASS, "pass", "pass edit mail", "pass mail edit"),
        (PASS, "pass", "pass find mail post", "pass find"),
        (PASS, "pass", "pass version", "pass mail"),
        (PASS, "man pass", "pass insert mail", "pass insert"),
        ("Usage: rename [-n] [-v] old new file...\n", "man rename", "rename x y a.txt", "rename old new"),
        ("usage: add [-h] book text [text ...]\n", "add", "add work a b", "add work"),
    ],
)
def test_a_word_in_small_letters_behind_the_name_of_a_command_is_an_argument(
    text: str, title: str, good: str, bad: str
) -> None:
    tool = good.partition(" ")[0]
    assert allows(page(text, title), tool, good)
    assert not allows(page(text, title), tool, bad)


@pytest.mark.parametrize(
    ("text", "title", "form"),
    [
        ("usage: ship [-v] <name> move <x>\n", "ship", "ship [OPTIONS] <name> move <x>"),
        ("Usage: tool show [--all] NAME size\n", "tool show", "tool show [OPTIONS] NAME size"),
        ("usage: tool\n   $ tool run [-x] fast\n\n    tool run fast\n", "man tool", "tool"),
        (
            "usage: jar run [-x] fast\n\nFor example:\n\n    jar run fast\n",
            "man jar",
            "jar run [OPTIONS] fast",
        ),
    ],
)
def test_a_word_beside_marked_arguments_or_of_an_example_stands_as_it_is(
    text: str, title: str, form: str
) -> None:
    assert form in forms(page(text, title), [form.partition(" ")[0]])


@pytest.mark.parametrize(
    ("usage", "good", "bad"),
    [
        (
            "xxd [options] [infile [outfile]]",
            ["xxd a.txt", "xxd a.txt out.hex"],
            ["xxd infile", "xxd x a.txt"],
        ),
        ("tool convert INPUT_FILE [OUTPUT_FILE]", ["tool convert a.txt", "tool convert a.txt new.txt"], []),
        ("conv <in-file> [<out-file>]", ["conv a.txt", "conv a.txt c.json"], ["conv c.json"]),
        ("cp2 SOURCE_FILE DEST_FILE", ["cp2 a.txt c.txt"], ["cp2 a.txt", "cp2 c.txt a.txt"]),
        ("c14n <xml-file> [<xpath-file>]", ["c14n a.txt", "c14n a.txt b.txt"], ["c14n a.txt c.txt"]),
        (
            "xml val <options> [ <xml-file> ... ]",
            ["xml val a.txt"],
            ["xml val foo bar a.txt", "xml val x a.txt"],
        ),
        ("xml sel <global-options> {<template>} [ <file> ... ]", ["xml sel x a.txt"], ["xml sel x y a.txt"]),
        ("bc [ -hlw ] [long-options] [ file ... ]", ["bc a.txt"], ["bc x a.txt"]),
        ("wheel version [-h]", ["wheel version"], ["wheel version foo"]),
        ("notes merge (--all | --since DATE) BOOK", ["notes merge --all x", "notes merge --since 9 x"], []),
        ("mine (set|remove) <x>", ["mine set 1", "mine remove 1"], ["mine 1"]),
        ("tr <file> {-p|-s <name>=<value>} [<xsl-file>...]", ["tr a.txt b.txt"], ["tr a.txt x y b.txt"]),
        ("tar {-c | -x} NAME", ["tar -c x", "tar -x x"], ["tar x"]),
    ],
)
def test_arguments_and_options_of_other_parsers(usage: str, good: list[str], bad: list[str]) -> None:
    document, tool = page(f"Usage: {usage}\n"), usage.partition(" ")[0]
    assert [one for one in good if not allows(document, tool, one)] == []
    assert [one for one in bad if allows(document, tool, one)] == []


@pytest.mark.parametrize("usage", ["wheel [-h] {unpack,pack,tags} ...", "wheel [CMD] [OPTIONS] [ARGS]"])
def test_a_usage_that_stands_for_several_commands_is_none_of_them(usage: str) -> None:
    document = page(f"usage: {usage}\n")
    assert forms(document, ["wheel"]) == [] and list(general([document], ["wheel"]))


def test_a_synopsis_goes_on_as_a_line_of_a_shell_does() -> None:
    text = "     recsel [OPTION]... \\\n            [-n INDEXES | -q STR] \\\n            [FILE]...\n"
    assert forms(page(text), ["recsel"]) == ["recsel [OPTION]... [FILE]..."]
    assert forms(page("   tool make people \\\n       --pk id\n"), ["tool"]) == []


def test_a_command_is_tried_without_what_it_may_write() -> None:
    tried: list[str] = []

    def run(command: str) -> Observation:
        tried.append(command)
        return Observation(text="ok", key="")

    for form in ("conv <in-file> [<out-file>]", "conv IN_FILE OUT_FILE"):
        asked(form, (), "a.txt", (), run)
    assert tried == ["conv a.txt", "conv a.txt new_a.txt"]


COMMANDS = """COMMANDS
       insert [ --echo, -e | --multiline, -m ] [ --force, -f ] pass-name
              Insert a new one.

       edit pass-name
              Change one.

       add, a "THING I NEED TO DO +project @context"
              Add it.

       move ITEM# DEST [SRC]
              Move it. It has a state:

              pending
                     It waits.

       z      Like SPACE.

       version
              Show the version.
"""


def test_a_manual_lists_commands_with_arguments_that_are_not_marked_as_such() -> None:
    listed = [
        "pass insert [OPTIONS] <pass-name>",
        "pass edit <pass-name>",
        "pass add THING_I_NEED_TO_DO",
        "pass move ITEM# DEST [SRC]",
        "pass version",
    ]
    assert forms(page(COMMANDS, "man pass > COMMANDS (1 of 2)"), ["pass"]) == listed
    assert forms(page(COMMANDS.replace("COMMANDS", "ACTIONS"), "man pass > ACTIONS"), ["pass"]) == listed
    title = "man pass > COMMANDS > Pass Commands (to look and change) (1 of 2)"
    assert (
        forms(page(COMMANDS.replace("COMMANDS", "Pass Commands (to look and change)"), title), ["pass"])
        == listed
    )


@pytest.mark.parametrize(
    "title",
    ["man pass > INTERACTIVE COMMANDS", "man pass > COMMANDS > How to manage keys", "man pass > USAGE"],
)
def test_what_is_typed_when_a_tool_runs_is_no_command(title: str) -> None:
    assert forms(page(COMMANDS, title), ["pass"]) == []


@pytest.mark.parametrize(
    "line",
    [
        "pass - stores, retrieves, generates, and synchronizes passwords securely",
        "wheel                 Existing wheel(s) to retag",
        "pass - the standard unix password manager",
    ],
)
def test_what_a_page_says_of_a_tool_or_an_argument_is_no_example(line: str) -> None:
    document = page(f"NAME\n       {line}\n")
    assert commands(document, ["pass", "wheel"]) == []
    assert commands(page("So:\n\n    wheel unpack  A.whl\n"), ["wheel"]) == ["wheel unpack  A.whl"]


def test_of_many_choices_only_the_first_few_are_made_synopses() -> None:
    assert len(forms(page(f"Usage: tool{' (a|b)' * 30}\n"), ["tool"])) == 8
