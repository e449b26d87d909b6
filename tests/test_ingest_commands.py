"""Which synopses stand for several commands of a tool, and which run another program."""

from __future__ import annotations

import re

import pytest

from learn_by_interact.stages.items import Item
from learn_by_interact.stages.readers.options import options
from learn_by_interact.stages.readers.synopsis import forms, general
from learn_by_interact.types import Document

ADD = "NAME:\n   greet add - add a task\n\nUSAGE:\n   greet add [command options] <name>\n"
ROOT = "Usage: rec [OPTIONS] COMMAND [ARGS]...\n\nCommands:\n  exec  Execute a command\n"


def page(title: str, text: str) -> Document:
    return Document(source="s", title=title, text=text, begin=1, end=9)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("box exec", "Usage:  box exec [OPTIONS] CONTAINER COMMAND [ARG...]\n\nCommands:\n"),
        ("box create", "Usage: box create NAME -- COMMAND [args...]\n"),
        ("wait", "Usage: wait [OPTION] DURATION COMMAND [ARG]...\n\nStart COMMAND.\n"),
        ("man wait", "wait - run a command with a limit\n\n     wait [OPTION] DURATION COMMAND [ARG]...\n"),
        ("nicer", "Usage: nicer [OPTION] [COMMAND [ARG]...]\nRun COMMAND with another priority.\n"),
        ("greet add", ADD),
    ],
)
def test_a_program_that_a_command_runs_is_one_of_its_arguments(title: str, text: str) -> None:
    tools = (title.removeprefix("man ").partition(" ")[0],)
    assert len(forms(page(title, text), tools)) == 1 and not [*general([page(title, text)], tools)]


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("rec", ROOT),
        ("rec > options (1 of 2)", "Usage: rec [OPTIONS] COMMAND [ARGS]...\n"),
        ("rec", "Usage: rec COMMAND [options]\n"),
        ("rec", "Usage: rec [OPTIONS] COMMAND [ARGS]\n\nRun 'rec COMMAND --help' for more.\n"),
        ("man rec", "rec <filter> <command> [<mods>]\n"),
        ("rec set", "Usage: rec set <subcommand> NAME\n"),
    ],
)
def test_a_synopsis_that_stands_for_several_commands_says_how_none_is_written(title: str, text: str) -> None:
    assert not forms(page(title, text), ("rec",)) and len([*general([page(title, text)], ("rec",))]) == 1


@pytest.mark.parametrize(
    ("form", "listed", "early"),
    [
        ("tool [flags] FILE", "  -count int\n        How many\n  -v    Say more\n", True),
        ("tool [OPTIONS] FILE", "  -n NUM  How many\n  -v      Say more\n", True),
        ("tool run [OPTIONS] IMAGE [COMMAND] [ARG...]", "  -t, --tty  As at a terminal\n", True),
        ("tool [OPTION] DURATION COMMAND [ARG]...", "  -k, --kill  Kill it\n", True),
        ("tool [OPTIONS] FILE", "  -n, --number NUM  How many\n  -v  Say more\n", False),
        ("tool [OPTIONS] FILE", "  -v, -vv, --verbose  Say more\n", False),
    ],
)
def test_options_stand_where_the_synopsis_has_them_if_none_may_be_read_behind(
    form: str, listed: str, early: bool
) -> None:
    known = tuple(options(listed))
    item = Item(text="t", synopsis=form, known=known, chosen=known[-1:], inputs=("a.txt",))
    begin, end = item.form.index(f" {known[-1].name}"), item.form.index("(a\\.txt)") if "FILE" in form else 99
    assert (begin < end) is early


def test_options_stand_before_two_dashes_even_if_a_synopsis_has_them_last() -> None:
    known = tuple(options("  -r, --replicas NUM  How many\n"))
    item = Item(
        text="t", synopsis="tool new NAME -- [COMMAND] [args...] [options]", known=known, chosen=known
    )
    assert re.search(item.form, "tool new a --replicas 3 -- ls")
    assert not re.search(item.form, "tool new a -- ls --replicas 3")
