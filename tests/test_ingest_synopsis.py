"""How a documentation says that commands are written: synopses, options, and what they allow."""

from __future__ import annotations

import json
import re

import pytest

from learn_by_interact.stages.readers import Source
from learn_by_interact.stages.readers.grammar import pattern
from learn_by_interact.stages.readers.options import options
from learn_by_interact.stages.readers.sections import sections
from learn_by_interact.stages.readers.synopsis import filled, forms, listed
from learn_by_interact.types import Document

HELP = """Usage: tool insert [OPTIONS] PATH TABLE [integer|text|flo
                   at] COLUMNS...

  Insert rows.

Options:
  --pk TEXT                 Columns to use as the primary key, e.g. id
  -c, --csv                 Expect CSV input
  --default <TEXT TEXT>...  Default value that should be set
                            for a column
  --strict / --no-strict    Enable STRICT mode
  --load-extension TEXT
                            Path to an extension
  -h, --help                Show this message and exit.
"""
MANUAL = """SUBCOMMANDS
       task add <mods>
              Adds a new task.

       task <filter> annotate <mods>
              Adds an annotation.

       task undo
              Reverts the most recent action.

       For example:

           task list
           task project:Home list

       task is a program for lists.
       task <filter> <command> +work   <- adds a tag
"""


def page(text: str) -> Document:
    return Document(source="s", title="t", text=text, begin=1, end=9)


def test_a_usage_line_is_put_together_from_its_lines() -> None:
    assert forms(page(HELP), ("tool",)) == [
        "tool insert [OPTIONS] PATH TABLE [integer|text|float] COLUMNS..."
    ]


def test_a_manual_gives_the_forms_that_it_defines_and_no_examples() -> None:
    assert forms(page(MANUAL), ("task",)) == ["task add <mods>", "task <filter> annotate <mods>", "task undo"]
    assert forms(page(MANUAL), ("git",)) == [] == forms(page("Read this."), ())


def test_options_have_names_values_and_help() -> None:
    found = {option.name: option for option in options(HELP)}
    assert list(found) == ["--pk", "--csv", "--default", "--strict", "--load-extension"]
    assert [found[name].values for name in found] == [1, 0, 2, 0, 1]
    assert found["--default"].help == "Default value that should be set for a column"
    assert found["--load-extension"].help == "Path to an extension"


def test_options_of_manuals_and_of_other_parsers() -> None:
    text = (
        "  --sort=<key>   Sort\n  -v, --verbose\n      Say more\n\n  - an item\n  --odd things stand here\n"
    )
    found = {option.name: (option.values, option.joined, option.help) for option in options(text)}
    assert found == {"--sort": (1, True, "Sort"), "--verbose": (0, False, "Say more")}


def allows(form: str, command: str) -> bool:
    """Whether a command matches as it stands in JSON text."""
    return re.search(form, json.dumps(command)[1:-1]) is not None


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("tool insert a.db t id", True),
        ("tool insert a.db t id name --csv", True),
        ("tool insert a.db t 'two words' --default age 3", True),
        ('tool insert a.db t "two words"', True),
        ("tool insert a.db t", False),
        ("tool insert a.db t id --default age", False),
        ("tool insert a.db t id --tsv", False),
        ("tool insert a.db t id, name", False),
        ("tool insert a.db t f(x)", False),
        ("tool insert a.db t id > out.txt", True),
        ("tool insert a.db t id > /etc/passwd", False),
        ("tool insert a.db t id | sh", False),
        ("tool insert [OPTIONS] PATH TABLE", False),
        ("tool delete a.db t id", False),
    ],
)
def test_a_form_allows_its_arguments_and_the_options_of_the_page(command: str, expected: bool) -> None:
    (form,) = forms(page(HELP.replace("[integer|text|flo\n                   at] ", "")), ("tool",))
    assert allows(pattern(form, options(HELP)), command) is expected


def test_a_chosen_option_must_stand_there() -> None:
    known = options(HELP)
    form = pattern("tool insert [OPTIONS] PATH", known, known[:1])
    assert allows(form, "tool insert a.db --pk id --csv") and not allows(form, "tool insert a.db --csv")


def test_a_file_must_be_one_that_exists_and_placeholders_take_several_words() -> None:
    form = pattern("tool load PATH FILE", (), files=["a.csv", "b+c.csv"])
    assert allows(form, "tool load x.db b+c.csv") and not allows(form, "tool load x.db c.csv")
    form = pattern("task <filter> annotate <mods>", ())
    assert allows(form, "task 3 +home annotate call back") and not allows(form, "task annotate")
    # A bare word could be another command.
    assert allows(form, "task garage due:today annotate x") and not allows(form, "task 3 modify annotate x")


def test_what_a_file_goes_into_is_known_or_new_and_of_its_kind() -> None:
    form = pattern("tool insert PATH TABLE [FILE]", (), files=["a.csv"], targets=["x.db"])
    assert allows(form, "tool insert x.db t a.csv") and allows(form, "tool insert new.db t a.csv")
    assert not allows(form, "tool insert x.db a.csv a.csv")
    assert not allows(form, "tool insert a.csv t a.csv") and not allows(form, "tool insert x.db t")


def test_a_choice_takes_one_of_its_words() -> None:
    form = pattern("tool add NAME [int|text]", ())
    assert allows(form, "tool add age int") and allows(form, "tool add age")
    assert not allows(form, "tool add age 2024-01-01")


def test_an_argument_in_another_language_is_quoted_and_more_than_a_word() -> None:
    form = pattern("tool convert PATH COLUMN... CODE", ())
    assert allows(form, "tool convert a.db name 'value.upper()'")
    assert allows(form, 'tool convert a.db name city "str(value)"')
    assert not allows(form, "tool convert a.db name city") and not allows(form, "tool convert a.db a 'b'")


def test_what_may_be_repeated_stands_between_blanks() -> None:
    form = pattern("tool index PATH COLUMN...", ())
    assert allows(form, "tool index a.db name city") and not allows(form, "tool index a.db name,city")
    assert allows(pattern("tool sort KEYS", ()), "tool sort 1,2")


def test_what_may_be_repeated_is_given_as_often_as_is_asked_for() -> None:
    """A small model that may go on lists all columns, and runs them together where it may not."""
    twice = pattern("tool index PATH COLUMN...", (), most=2)
    assert allows(twice, "tool index a.db name city") and not allows(twice, "tool index a.db id name city")
    assert not allows(twice, "tool index a.db")
    none = pattern("tool rebuild PATH [TABLE]...", (), most=1)
    assert allows(none, "tool rebuild a.db") and not allows(none, "tool rebuild a.db books loans")
    assert allows(pattern("task add <mods>", (), most=1), "task add Pay the rent of May")


def test_paths_of_which_there_may_be_several_are_files_that_exist() -> None:
    form = pattern("tool memory [PATHS]... SQL", (), files=["a.csv", "b.json"])
    assert allows(form, 'tool memory a.csv b.json "select * from a"')
    assert not allows(form, 'tool memory books "select * from books"')


def test_sql_begins_with_a_verb() -> None:
    form = pattern("tool query PATH SQL", ())
    assert allows(form, """tool query a.db "select * from t where a = 'b'\"""")
    assert not allows(form, "tool query a.db 'select * from t where a = 'b''")
    assert not allows(form, "tool query a.db '--csv (Output CSV)'")
    assert allows(pattern("tool query PATH QUERY", ()), "tool query a.db '.name + 1'")


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("tool create-view PATH VIEW", "tool create-view a.db my_view", "tool create-view a.db books_1"),
        ("tool create table TABLE", "tool create table new_books", "tool create table books"),
        ("tool rename OLD NEW_NAME", "tool rename books new_books", "tool rename books books"),
    ],
)
def test_what_a_command_makes_has_a_name_that_is_not_there(form: str, good: str, bad: str) -> None:
    assert allows(pattern(form, ()), good) and not allows(pattern(form, ()), bad)


def test_what_a_command_only_uses_keeps_its_name() -> None:
    assert allows(pattern("tool create-index PATH TABLE COLUMN", ()), "tool create-index a.db books id")


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        ("tool 3 done mods", "tool 3 done"),
        ("tool 3 done <mods>", "tool 3 done"),
        ("tool insert a.db TABLE x.csv --csv", "tool insert a.db x.csv --csv"),
        ("tool 3 done mods=soon", "tool 3 done soon"),
        ("tool filter books", "tool filter books"),
        ("tool TABLE:books a.db", "tool books a.db"),
        ("tool other=3", "tool other=3"),
        ("tool insert a.db notes x.csv", "tool insert a.db notes x.csv"),
    ],
)
def test_words_that_stand_for_something_are_not_part_of_a_command(command: str, wanted: str) -> None:
    manual = ["tool <filter> done <mods>", "tool insert [OPTIONS] PATH TABLE FILE", "tool filter NAME"]
    assert filled(command, manual) == wanted


def test_what_is_called_like_a_placeholder_may_be_there() -> None:
    assert filled("tool drop TABLE", ["tool drop TABLE"], "a.db has TABLE") == "tool drop TABLE"


ARGPARSE = """usage: tool grep [-h] [-d DELIMITER] [-u {0,1,2}] [-v]
                 [--null VALUE [VALUE ...]] [-c COLUMNS]
                 [FILE]

options:
  -h, --help            show this help message and exit
  -d DELIMITER, --delimiter DELIMITER
                        Delimiting character of the input.
  -u {0,1,2}, --quoting {0,1,2}
                        Quoting style.
  --null VALUE [VALUE ...]
                        Convert these values.
  -v, --verbose         Say more.
  -c COLUMNS, --columns COLUMNS  A list of columns.
"""


def test_argparse_repeats_the_value_of_an_option_and_lists_all_options_in_its_usage() -> None:
    known = options(ARGPARSE)
    assert [(option.name, option.values) for option in known] == [
        ("--delimiter", 1),
        ("--quoting", 1),
        ("--null", 1),
        ("--verbose", 0),
        ("--columns", 1),
    ]
    assert known[0].help == "Delimiting character of the input."
    document = Document(source="tool grep --help", title="tool grep", text=ARGPARSE, begin=1, end=1)
    assert forms(document, ["tool"]) == ["tool grep [OPTIONS] [FILE]"]


def test_a_part_of_a_help_keeps_the_whole_usage_and_its_options_at_the_margin() -> None:
    source = Source(name="tool grep --help", title="tool grep", lines=tuple(ARGPARSE.split("\n")), context=0)
    *_, last = sections(source, 400)
    assert last.text.startswith("usage: tool grep [OPTIONS] [FILE]\n\n-")
    assert "--columns" in [option.name for option in options(last.text)]
    assert forms(last, ["tool"]) == ["tool grep [OPTIONS] [FILE]"]
    click = HELP.replace("[OPTIONS] PATH", "[OPTIONS] [-x] PATH")
    assert forms(Document(source="", title="tool", text=click, begin=1, end=1), ["tool"])[0].startswith(
        "tool insert [OPTIONS] PATH"
    ), "one option in a usage is none of its arguments"


def test_a_value_that_is_one_of_several_is_one_of_them() -> None:
    page = """Options:
  --type <TEXT CHOICE>...  Change column type to INTEGER, TEXT,
                           FLOAT or BLOB
  --rename <TEXT TEXT>...  Rename this column to X, A, B or C
  --mode [add|set]         How
  --sort {up,down}         Where
"""
    kind, rename, mode, sort = options(page)
    assert kind.choices == ("INTEGER", "TEXT", "FLOAT", "BLOB") and rename.choices == ()
    assert re.fullmatch(kind.pattern, "--type year FLOAT")
    assert not re.fullmatch(kind.pattern, "--type year number")
    assert not re.fullmatch(kind.pattern, "--type year,price,id FLOAT"), "one that may go on goes on"
    assert re.fullmatch(mode.pattern, "--mode set") and not re.fullmatch(mode.pattern, "--mode up")
    assert re.fullmatch(sort.pattern, "--sort up")


def test_an_argument_is_left_out_only_with_those_that_follow_it() -> None:
    tool = pattern("tool A [B] [C] D [E]", [], further={"B": ("b",), "C": ("c",), "E": ("e",)})
    for right in ("x d", "x b d", "x b c d", "x b c d e", "x d e"):
        assert re.search(tool, f"tool {right}")
    assert not re.search(tool, "tool x c d e e") and re.search(tool, "tool x b d > all.txt")
    assert not re.search(pattern("tool x [B] [C]", [], further={"B": ("b",), "C": ("c",)}), "tool x c")


def test_a_further_thing_is_named_where_it_is_known_and_pairs_fit_into_what_is_made() -> None:
    form = "tool link A [OTHER_TABLE]"
    assert not re.search(pattern(form, [], further={"OTHER_TABLE": ("b", "c")}), "tool link x")
    assert re.search(pattern(form, [], further={"OTHER_TABLE": ("b", "c")}), "tool link x c")
    assert re.search(pattern(form, []), "tool link x")
    assert re.search(
        pattern("tool create-table NAME COLUMNS...", [], most=1), "tool create-table x id integer"
    )


def test_what_a_command_makes_is_not_printed_into_a_file() -> None:
    assert re.search(pattern("tool show-view VIEW", []), "tool show-view a > b.txt")
    assert not re.search(pattern("tool create-view VIEW", []), "tool create-view new_a > b.txt")


def test_no_word_is_without_an_end() -> None:
    tool = pattern("tool NAME", options("  --of TEXT  Of what"))
    assert re.search(tool, "tool " + 40 * "a") and not re.search(tool, "tool " + 60 * "a")
    assert re.search(tool, "tool a" + " --of b") and not re.search(tool, "tool a" + 2 * " --of b")


GIT = """SYNOPSIS
       git tag [-a | -s] [-f] [-m <msg> | -F <file>] [-e]
               <tagname> [<commit> | <object>]
       git tag (-d | --delete) <tagname>...
       git branch (--set-upstream-to=<upstream> | -u <upstream>) [<branchname>]
       git worktree add -d <path> creates a new worktree with a detached head

EXAMPLES
       jq '.[] - ["xml"]'
       jq '.[] | length' [[1,2], "string"] => 2, 6
"""


def test_what_a_synopsis_lists_is_options_and_of_a_choice_the_first_is_taken() -> None:
    assert forms(page(GIT), ("git", "jq")) == [
        "git tag [OPTIONS] <tagname> [<commit> | <object>]",
        "git tag -d <tagname>...",
        "git branch --set-upstream-to=<upstream> [<branchname>]",
    ]
    form = pattern("git branch --set-upstream-to=<upstream> [<branchname>]", ())
    assert allows(form, "git branch --set-upstream-to=origin/main") and not allows(form, "git branch main")
    form = pattern("git branch -m <branchname>", ())
    assert allows(form, "git branch -m new") and not allows(form, "git branch -m new +home")


def test_options_of_parsers_that_write_values_in_small_letters_or_behind_the_help() -> None:
    text = """FLAGS
  -a, --assignee login           Assign people
  -e, --editor                   Skip prompts and open the text editor
  -R, --repo [HOST/]OWNER/REPO   Select another repository
  -addr string
        The address to listen on
  --port  Port to bind  [number] [default: 3000]
  --quiet  Say less  [boolean]
  --odd things stand here

    tool convert a.db \\
        --import json
"""
    found = {option.name: option.values for option in options(text)}
    assert found == {"--assignee": 1, "--editor": 0, "--repo": 1, "-addr": 1, "--port": 1, "--quiet": 0}


def test_what_a_tool_prints_is_no_form() -> None:
    text = "Usage: tool sum [OPTIONS]\n\n    $ tool sum\n    tool - 5h 58m [garden 1h 12m] [house 4h 46m]\n"
    assert forms(page(text), ("tool",)) == ["tool sum [OPTIONS]"]


CUT = """  -c, --columns NAMES  A comma-separated list of columns to cut out
  -m, --match TEXT     A text to search for
  -n, --names          Print the names of the columns and exit
"""


def test_columns_are_some_of_those_that_are_there_and_a_value_is_no_whole_row() -> None:
    known = options(CUT)
    for most, good, bad in (
        (1, "id", "id,name"),
        (2, "id,name", "id,name,city"),
        (4, "id,name", "id,name,city"),
    ):
        grammar = pattern(
            "cut [OPTIONS] [FILE]",
            known,
            known[:1],
            ("a.csv",),
            most=most,
            further={"COLUMN": ("id", "name", "city")},
        )
        assert re.fullmatch(grammar, f"cut a.csv --columns {good}")
        assert not re.fullmatch(grammar, f"cut a.csv --columns {bad}")
    grammar = pattern(
        "cut [OPTIONS] [FILE]", known, known[1:2], ("a.csv",), further={"COLUMN": ("id", "name")}
    )
    for value, sound in (
        ("Ann", True),
        ("'Ann B'", True),
        ("','", True),
        ("1,Ann", False),
        ("'1,Ann'", False),
    ):
        assert bool(re.fullmatch(grammar, f"cut a.csv --match {value}")) is sound


def test_an_option_with_which_a_command_does_nothing_else_stands_alone() -> None:
    known = options(CUT)
    grammar = pattern("cut [OPTIONS] [FILE]", known, known[1:2], ("a.csv",))
    assert re.fullmatch(grammar, "cut a.csv --match x --columns id")
    assert not re.fullmatch(grammar, "cut a.csv --match x --names")


def test_several_files_are_named_where_there_may_be_several() -> None:
    files = ("a.csv", "b.csv", "c.csv")
    for most, good, bad in (
        (1, "a.csv", "a.csv b.csv"),
        (2, "a.csv b.csv", "a.csv"),
        (4, "a.csv c.csv b.csv", "c.csv"),
    ):
        grammar = pattern("stack [OPTIONS] [FILE ...]", (), (), files, most=most)
        assert re.fullmatch(grammar, f"stack {good}") and not re.fullmatch(grammar, f"stack {bad}")


def test_an_argument_of_which_there_may_be_none_is_left_out_in_one_of_its_turns() -> None:
    for most, none in ((1, True), (2, False), (4, False)):
        grammar = pattern("tool add [OPTIONS] [ARGS]...", (), (), most=most)
        assert re.fullmatch(grammar, "tool add garden")
        assert bool(re.fullmatch(grammar, "tool add")) is none


@pytest.mark.parametrize(
    ("usage", "found"),
    [
        ("tool build [OPTIONS] PATH | URL | -", ["PATH", "URL", "-"]),
        ("tool cp [OPTIONS] SRC|- DEST", ["SRC DEST", "- DEST"]),
        ("tool [OPTIONS] {list | show <name> | {-v | --version}}", ["list", "show <name>"]),
        ("tool [OPTIONS] install|remove pkg ...", ["install <pkg>...", "remove <pkg>..."]),
        ("tool [OPTIONS] [target] ...", ["[target]..."]),
        ("tool [OPTIONS] <name> [...]", ["<name>..."]),
        ("tool [OPTIONS] -l | --list", ["-l"]),
        ("tool [OPTIONS] rc.<name>:<value> ...", ["rc.<name>:<value> ..."]),
        ("tool [OPTIONS] add NAME | remove NAME", []),
        ("tool [OPTIONS] list | sort NAME", []),
        ("tool [OPTIONS] <name> |", ["<name>"]),
        ("tool [OPTIONS] <name> < FILE", []),
        ("tool [OPTIONS] {add | remove", []),
    ],
)
def test_what_a_synopsis_leaves_to_choose_is_chosen_and_what_is_not_understood_is_none(
    usage: str, found: list[str]
) -> None:
    every = forms(Document(source="s", title="tool", text=f"Usage: {usage}", begin=1, end=9), ("tool",))
    assert [one.partition("[OPTIONS] ")[2] for one in every] == found


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("tool [global options] plan [plan options]", "tool plan", "tool plan x"),
        ("tool exec NAME -- PROGRAM", "tool exec a -- ls", "tool exec a b ls"),
        ("tool load -", "tool load -", "tool load x"),
        ("tool scale --replicas=COUNT -f FILE", "tool scale --replicas=3 -f a.txt", "tool scale 3 a.txt"),
        ("tool level {low,high}", "tool level low", "tool level middle"),
    ],
)
def test_parts_of_a_synopsis_are_written_as_they_stand(form: str, good: str, bad: str) -> None:
    assert allows(pattern(form, ()), good) and not allows(pattern(form, ()), bad)


def test_options_stand_before_what_a_command_reads_as_no_options() -> None:
    form = pattern("tool exec NAME -- PROGRAM", options("  -t, --tty  As at a terminal\n"))
    assert allows(form, "tool exec a --tty -- ls") and not allows(form, "tool exec a -- ls --tty")


@pytest.mark.parametrize(
    ("title", "text", "found"),
    [
        (
            "tool cp",
            "Usage:  tool cp [OPTIONS] SRC DEST\n\ttool cp [OPTIONS] - DEST\n",
            ["tool cp [OPTIONS] SRC DEST", "tool cp [OPTIONS] - DEST"],
        ),
        (
            "wheel tags",
            "usage: wheel tags [-h] [--build TAG]\n                  wheel [wheel ...]\n",
            ["wheel tags [OPTIONS] <wheel>..."],
        ),
        ("tool x509", "Usage: x509 [options] FILE\n", ["tool x509 [options] FILE"]),
        ("tool key new", "Usage: new [options] FILE\n", ["tool key new [options] FILE"]),
        ("tool hi", "USAGE\n  $ tool hi PERSON [-f <value>]\n", ["tool hi PERSON [OPTIONS]"]),
        ("tool", "Read this:\n\n  $ tool new <name>\n", []),
        ("tool", "Usage: tool [-v] FILE\n        Invalid options were given.\n", ["tool [OPTIONS] FILE"]),
    ],
)
def test_each_usage_is_one_form_whatever_stands_before_its_command(
    title: str, text: str, found: list[str]
) -> None:
    document = Document(source="s", title=title, text=text, begin=1, end=9)
    assert forms(document, (title.partition(" ")[0],)) == found


def test_an_option_keeps_its_other_names_where_a_synopsis_gives_it_several() -> None:
    found = listed([page("Usage: tool NAME\nUsage: tool -l | --list\n\n  -l, --list  List all\n")], ("tool",))
    assert found == {"tool NAME": frozenset(), "tool -l": frozenset({"-l", "--list"})}
