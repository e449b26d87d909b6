"""A manual whose command has several synopses: each option goes into those that it belongs to."""

from __future__ import annotations

import re

from learn_by_interact.stages.features import features
from learn_by_interact.stages.items import Item
from learn_by_interact.stages.readers.grammar import pattern
from learn_by_interact.stages.readers.options import options
from learn_by_interact.stages.readers.synopsis import fitting, listed
from learn_by_interact.types import Document

TEXTS = {
    "man vcs-mark": "SYNOPSIS\n    vcs mark [-a | -s] [-f] [-m <msg> | -F <file>]\n"
    "            <name> [<commit> | <object>]\n"
    "    vcs mark (-d | -D) <name>...\n    vcs mark [-n[<num>]] -l [--[no-]contains <commit>] [<pattern>...]"
    "\n    vcs mark [<options>] --verify <name>\n    vcs mark [put [-q | --quiet] [<name>]]\n",
    "man vcs-mark > OPTIONS": "OPTIONS\n    -a, --annotate\n        Make an annotated mark\n"
    "    -d, --delete\n        Delete marks.\n    -D\n        Shortcut for --delete --force.\n"
    "    -l, --list\n        List marks.\n    --contains <commit>\n        Only marks that contain it.\n"
    "    -e, --edit\n        Change the message.\n    -i\n        Choose interactively what to mark.\n"
    "    --no-edit\n        Take the message without launching an editor.\n"
    "    -q, --quiet\n        Say nothing.\n",
    "man vcs-mark > CONFIGURATION": "CONFIGURATION\n    mark.sort\n        How marks are sorted.\n",
}
PAGES = [Document(source="man vcs-mark", title=one, text=text, begin=1, end=9) for one, text in TEXTS.items()]


def items(title: str) -> list[Item]:
    (page,) = (one for one in PAGES if one.title.endswith(title))
    return features(page, "", "", ("vcs",), (), [one for one in PAGES if one is not page])


def test_a_synopsis_is_read_with_the_options_that_it_lists() -> None:
    found = listed(PAGES, ("vcs",))
    assert list(found) == [
        "vcs mark [OPTIONS] <name> [<commit> | <object>]",
        "vcs mark -d <name>...",
        "vcs mark -D <name>...",
        "vcs mark [OPTIONS] -l [<pattern>...]",
        "vcs mark [<options>] --verify <name>",
        "vcs mark put [OPTIONS] [<name>]",
    ]
    assert found["vcs mark [OPTIONS] -l [<pattern>...]"] == {"-n", "-l", "--contains", "--no-contains"}
    known = options(PAGES[1].text)
    fits = {form: [option.name for option in fitting(form, known, found)] for form in found}
    first, delete, force, those, verify, put = fits.values()
    assert (first, delete, force, put) == (["--annotate"], ["--delete"], ["-D"], ["--quiet"])
    assert those == ["--list", "--contains"]
    assert verify == ["--edit", "-i", "--no-edit"], (
        "no synopsis lists them, and this one says that it has some"
    )
    del found["vcs mark [<options>] --verify <name>"]
    assert fitting(next(iter(found)), known, found)[-1].name == "--no-edit", "or else the first"


def test_an_option_stands_in_its_own_synopsis_once() -> None:
    told = {one.text.split()[1]: one for one in items("OPTIONS") if one.text.startswith("with -")}
    # Those that wait for somebody at the keyboard are left out.
    assert set(told) == {"--annotate", "-d", "-D", "-l", "--contains", "--no-edit", "--quiet"}
    for name, command in {
        "--annotate": "vcs mark v1 --annotate",
        "-d": "vcs mark -d v1",
        "-D": "vcs mark -D v1",
        "-l": "vcs mark -l 'v*'",
        "--contains": "vcs mark -l v1 --contains HEAD",
        "--quiet": "vcs mark put v1 --quiet",
    }.items():
        assert re.search(told[name].form, command), name
    assert not re.search(told["-d"].form, "vcs mark -d v1 --delete")
    assert not re.search(told["--annotate"].form, "vcs mark -l v1 --annotate")


def test_all_synopses_of_a_page_get_a_task() -> None:
    begun = {one.synopsis for one in items("man vcs-mark")}
    assert begun == set(listed(PAGES, ("vcs",)))


def test_a_section_that_names_no_command_is_about_that_of_its_manual() -> None:
    forms = {one.form for one in items("CONFIGURATION") if one.text == "as the page says"}
    assert forms and all(re.search(one, "vcs mark v1") and not re.search(one, "vcs log x") for one in forms)


def test_a_choice_is_one_word_and_a_nested_group_two() -> None:
    assert re.search(form := pattern("vcs mark <name> [<commit> | <object>]", ()), "vcs mark v1 HEAD")
    assert not re.search(form, "vcs mark v1 HEAD main")
    assert re.search(form := pattern("vcs set <name> [<value> [<pattern>]]", ()), "vcs set a b c")
    assert not re.search(form, "vcs set a b c d")
    assert re.search(pattern("vcs config [<name> [<value> | '']]", ()), "vcs config a.b yes")


def test_a_synopsis_that_is_wrapped_in_a_manual_page_is_read_to_its_end() -> None:
    """Its further lines stand as far inside as the first, and may begin within a group."""
    text = """SYNOPSIS
       recsel [OPTION]... [-t TYPE] [-n INDEXES | -e RECORD_EXPR |
       -q STR | -m NUM] [-c | FIELD_EXPR] [FILE]...

       recins [OPTION]... [-t TYPE] [-j FIELD] [-n INDEXES | -e RECORD_EXPR | -q STR]
       [(-f NAME -v STR) | -r RECDATA]... [FILE]

DESCRIPTION
       recsel [FILE]...
       Prints records.

       -n, --number=NUM,...
              select records by position
"""
    page = Document(source="man recsel", title="man recsel", text=text, begin=0, end=1)
    assert list(listed([page], ("recsel", "recins"))) == [
        "recsel [OPTION]... [FILE]...",
        "recins [OPTION]... [FILE]",
        "recsel [FILE]...",
    ]
    (number,) = options(text)
    assert (number.name, number.values, number.joined) == ("--number", 1, True)


def test_options_that_are_items_of_a_list_are_read() -> None:
    text = """You can affect how it reads with:

○   --seq:

    Use another scheme.

○   -f filename / --from-file filename:

    Read the filter from a file.

- `--slurp`, `-s`: Read all into one
  value.
* **--indent N** - Use N blanks.
-a/--all: All of them.

- --force is a word in a sentence.
Note - nothing is listed here: no.
"""
    found = {option.name: (option.values, option.help) for option in options(text)}
    assert found == {
        "--seq": (0, "Use another scheme."),
        "-f": (1, "Read the filter from a file."),
        "--slurp": (0, "Read all into one"),
        "--indent": (1, "Use N blanks."),
        "--all": (0, "All of them."),
    }


def test_a_filter_before_the_file_that_it_is_applied_to_is_written_in_a_language() -> None:
    form = pattern("jq [options...] <filter> [<files>...]", (), files=("orders.json",))
    assert re.fullmatch(form, "jq '.[] | .name' orders.json")
    assert not re.fullmatch(form, "jq orders orders.json")
    assert re.fullmatch(pattern("task <filter> list", ()), "task project:Home list")
    assert not re.fullmatch(pattern("task calc <expression>", ()), "task calc 12")


def test_arguments_that_follow_one_another_are_given_in_most_turns_and_have_an_end() -> None:
    """A small model that may give none gives none, and one that may go on goes on."""
    form = "khal new [OPTIONS] [START [END | DELTA] [TIMEZONE] [SUMMARY] [::DESCRIPTION]]"
    may, must = (re.compile(pattern(form, (), most=most)) for most in (1, 2))
    assert may.fullmatch("khal new") and not must.fullmatch("khal new")
    assert must.fullmatch("khal new 2035-01-05 14:00 Dentist")
    assert not must.fullmatch("khal new" + 6 * " word")


def test_commands_of_a_tool_that_a_manual_page_lists_without_its_name() -> None:
    top = """NAME
     ledger — Command-line accounting

SYNOPSIS
     ledger [options] [<command>] [<arguments>]
"""
    text = """COMMANDS
     Most accept a report-query.

     balance [report-query]
              Print a balance.  Options most commonly used are:
              --format FMT (-F)  Use the format.

     stats    Print statistics.

     ledger print <query>
"""
    pages = [
        Document(source="man ledger", title=title, text=one, begin=begin, end=begin + 1)
        for begin, (title, one) in enumerate((("man ledger", top), ("man ledger > COMMANDS", text)))
    ]
    assert list(listed(pages, ("ledger",))) == [
        "ledger print <query>",
        "ledger balance [report-query]",
        "ledger stats",
    ]
    (option,) = options(text)
    assert (option.name, option.names, option.values) == ("--format", ("-F", "--format"), 1)
    found = {item.text: item for item in features(pages[1], "", "", ("ledger",), (), [pages[0]])}
    assert re.fullmatch(found["with --format (Use the format.)"].form, "ledger --format x print all")
    assert not any(
        "accounting" in item.text for item in features(pages[0], "", "", ("ledger",), (), [pages[1]])
    )
