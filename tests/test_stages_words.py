"""Words that a page explains, and the tasks that are asked for about them."""

from __future__ import annotations

import re

import pytest

from learn_by_interact.stages.features import features
from learn_by_interact.stages.items import Item
from learn_by_interact.stages.readers.words import names, takes_words, words
from learn_by_interact.types import Document

MODS = """ATTRIBUTES
    +tag|-tag
           Use + to add a tag and - to remove it.
    +next     Shown on the next report.

    project:<project-name>
           Specifies the project.

    priority:H|M|L or priority:
           Specifies high, medium, low or no priority.

    due:<due-date>   The day on which it is due.
    depends:<id1,id2 ...>  What must be finished before.
"""
USAGE = """Usage: copy [OPERAND]...

Copy a file.

  bs=BYTES        read and write so many bytes at a time
  if=FILE         read from FILE
  status=LEVEL    what is told

Note: it is slow.
  -v, --verbose   say more
"""
COMMANDS = """COMMANDS
    tool <filter> modify <mods>
    tool add <mods>
    tool <filter> start <mods>
    tool list
"""
START = "ID Description\n-- ----------------\n7  Plan walking route\n8  Call the plumber\n"


def items(text: str, start: str = START, tool: str = "tool") -> list[Item]:
    page = Document(source="man", title="ATTRIBUTES", text=text, begin=1, end=9)
    other = Document(source="man", title="COMMANDS", text=COMMANDS, begin=1, end=9)
    return features(page, start, "A tool.", (tool,), others=[other])


def allows(item: Item, command: str) -> bool:
    return bool(re.search(item.form, command))


def test_each_word_with_what_is_said_of_it() -> None:
    found = {one.text: one.help for one in words(MODS)}
    assert [*found][:4] == ["+tag", "-tag", "+next", "project:<project-name>"]
    assert found["priority:H|M|L or priority:"] == "Specifies high, medium, low or no priority."
    assert [one.text for one in words(USAGE)] == ["bs=BYTES", "if=FILE", "status=LEVEL"]
    assert not words("Note: this\n    name: VALUE  text\n    -v   verbose\n    http://X  a page\n")


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        ("+tag", ["+work"], ["-work", "work", "+", "+tag"]),
        ("-tag", ["-work"], ["+work", "-9"]),
        ("+next", ["+next"], ["+work"]),
        ("priority:H|M|L or priority:", ["priority:H", "priority:"], ["priority:X", "priority:H|M|L"]),
        ("due:<due-date>", ["due:2035-04-10"], ["due:", "due:2035-19-10", "due:date"]),
        ("depends:<id1,id2 ...>", ["depends:3", "depends:3,4"], ["depends:id1"]),
        ("project:<project-name>", ["project:Home"], ["project:", "project:<name>"]),
    ],
)
def test_a_word_is_written_as_it_stands_there_with_a_value_of_its_kind(
    text: str, right: list[str], wrong: list[str]
) -> None:
    (word,) = (one for one in words(MODS) if one.text == text)
    assert all(re.fullmatch(word.about(), one) for one in right)
    assert not any(re.fullmatch(word.about(), one) for one in wrong)


def test_the_argument_that_words_are_is_the_last_that_may_be_repeated() -> None:
    forms = (
        "tool <filter> modify <mods>",
        "copy [OPERAND]...",
        "tool ls [TERM...]",
        "tool list",
        "tool add FILE...",
    )
    assert [takes_words(form) for form in forms] == [4, 2, 3, 0, 0]


def test_each_word_is_shown_by_the_command_called_like_the_argument_and_by_another() -> None:
    found = items(MODS)
    tag = [one for one in found if " and +tag (" in one.text]
    assert len(tag) == 2 and tag[0].synopsis == "tool <filter> modify <mods>" != tag[1].synopsis
    about = tag[0].about("ID 7, Description Plan walking route")
    assert allows(about, "tool 7 modify +work")
    assert not any(
        allows(about, one)
        for one in ("tool 8 modify +work", "tool 7 modify", "tool 7 modify work", "tool modify +work")
    )
    add = next(one for one in found if one.synopsis == "tool add <mods>")
    assert allows(add, "tool add Water plants +work") and not allows(add, "tool add +work")
    assert not any(one.text == "as the page says" for one in found)


def test_what_is_said_may_stand_right_below_and_any_command_may_end_with_the_word() -> None:
    text = (
        "Query types\n    Here they are.\n\n    acct:REGEX, REGEX\n    Match account names.\n"
        "\n    code:REGEX\n    Match codes.\n"
    )
    assert [(one.text, one.help) for one in words(text)] == [
        ("acct:REGEX", "Match account names."),
        ("code:REGEX", "Match codes."),
    ]
    page = Document(source="man", title="QUERIES", text=text, begin=1, end=9)
    found = features(page, "", "A tool.", ("money",), others=[])
    assert found[0].text == "with acct:REGEX (Match account names)"
    assert allows(found[0], "money print acct:expenses:food") and not allows(found[0], "money print food")


def test_a_page_with_its_own_synopsis_shows_its_operands_and_the_files_that_are_there() -> None:
    found = items(USAGE, "books.csv: id, title\n", "copy")
    assert [one.text.split(" and ")[1].split(" (")[0] for one in found[:3]] == [
        "bs=BYTES",
        "if=FILE",
        "status=LEVEL",
    ]
    assert allows(found[1], "copy of=new.csv if=books.csv") and not allows(
        found[1], "copy of=new.csv if=other.csv"
    )


OPERATIONS = """AVAILABLE OPERATIONS
    sum         sum of the values
    mean        mean of the values

    dirname/basename
                part of a path

    perc[:PERCENTILE]
                percentile value
"""
FOLDER = "scores.tsv (56 bytes): Ann\t80\nsales.csv (52 bytes): North,pen,2\n"


def of_tables(title: str, text: str, example: str) -> list[Item]:
    pages = [
        Document(source="man", title=name, text=text, begin=1, end=9)
        for name, text in {
            title: text,
            "SYNOPSIS": "SYNOPSIS\n    tables [OPTION] <op> [<fld>]\n",
            "EXAMPLES": f"EXAMPLES\n    $ {example}\n",
        }.items()
    ]
    return features(pages[0], FOLDER, "A tool.", ("tables",), others=pages[1:])


def test_what_a_page_lists_stands_for_the_argument_that_it_is_called_like() -> None:
    found = of_tables("man tables > AVAILABLE OPERATIONS", OPERATIONS, "tables sum 1 < example.txt")
    assert [one.text for one in found] == [
        "with sum (sum of the values)",
        "with mean (mean of the values)",
        "with dirname (part of a path)",
        "with perc (percentile value)",
    ]
    assert not of_tables("man tables > NOTES", OPERATIONS, "tables sum 1 < example.txt")[0].synopsis
    assert not names("a  first\nb  second\n")


def test_what_reads_the_standard_input_is_given_the_file_that_its_task_is_about() -> None:
    found = of_tables("man tables > AVAILABLE OPERATIONS", OPERATIONS, "tables sum 1 < example.txt")
    about = found[0].about("scores.tsv (56 bytes): Ann\t80")
    assert allows(about, "tables sum 2 < scores.tsv") and allows(
        about.kept(), "tables sum 2 < scores.tsv > sums.txt"
    )
    assert not any(
        allows(about, one)
        for one in ("tables sum 2", "tables sum 2 < sales.csv", "tables mean 2 < scores.tsv")
    )
    (other,) = {
        one.free for one in of_tables("man tables > NOTES", "What it is for.", "tables sum 1 < example.txt")
    }
    assert re.search(other, "tables max 2 < sales.csv") and not re.search(other, "tables max 2")
    plain = of_tables("man tables > AVAILABLE OPERATIONS", OPERATIONS, "tables sum 1")[0]
    assert allows(plain, "tables sum 2") and not plain.inputs


def test_options_of_the_same_page_have_their_tasks_too() -> None:
    found = items(
        f"{USAGE}\nOptions:\n  --force   write over what is there\n", "books.csv: id, title\n", "copy"
    )
    texts = " ".join(one.text for one in found)
    assert "bs=BYTES" in texts and "with --force (write over what is there)" in texts
    assert not any("bs=BYTES" in one.text for one in features(page_of_words(), "", "A tool.", ()))


def page_of_words() -> Document:
    return Document(source="man", title="WORDS", text=USAGE, begin=1, end=9)
