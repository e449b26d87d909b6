"""Each proposed task has one thing of the start state, and a grammar for its command."""

from __future__ import annotations

import re

from learn_by_interact.stages.features import Item, features, matched
from learn_by_interact.types import Document

START = """main.db
  table books(id, title)
  table loans(id, due)
  table rooms(id, name)
  table users(id, name)
menu.csv (3 lines)
  item;price
notes.json (2 lines)
  [{"id": 1}]"""
ABOUT = "Files, and the database main.db."
PAGE = """Usage: tool load [OPTIONS] PATH TABLE FILE

Options:
  --key TEXT  Column that is the key
  --csv       Expect CSV input
  --fast      Skip checks
"""


def items(text: str = PAGE) -> list[Item]:
    page = Document(source="m", title="tool load", text=text, begin=1, end=9)
    return matched(features(page, START, ABOUT, ("tool",)), page, ABOUT, START, "seed")


def allows(item: Item, command: str) -> bool:
    return bool(re.search(item.form, command))


def item(option: str, text: str = PAGE) -> Item:
    (found,) = (one for one in items(text) if one.text.startswith(f"with {option} "))
    return found


def test_a_command_reads_the_file_that_its_task_is_about() -> None:
    for one in items():
        name = one.thing.split()[0]
        assert one.inputs == (name,)
        other = {"menu.csv": "notes.json", "notes.json": "menu.csv"}[name]
        more = "".join(f" {option.pattern}" for option in one.chosen).replace(option_value(one), "id")
        assert allows(one, f"tool load main.db t {name}{more}")
        assert not allows(one, f"tool load main.db t {other}{more}")


def option_value(one: Item) -> str:
    """The part of a pattern that stands for an option's value."""
    return next((option.pattern.partition(" ")[2] for option in one.chosen if option.values), "\0")


def test_an_option_of_the_kind_of_the_file_comes_with_the_others() -> None:
    text = PAGE.replace("Skip checks", "Skip checks of CSV files")
    fast = item("--fast", text)
    assert fast.thing.startswith("menu.csv") and fast.line.endswith("and --csv")
    assert allows(fast, "tool load main.db t menu.csv --csv --fast")
    assert not allows(fast, "tool load main.db t menu.csv --fast")
    kind = item("--csv")
    assert kind.thing.startswith("menu.csv") and not kind.line.endswith("and --csv")
    assert allows(kind, "tool load main.db t menu.csv --csv")


def test_without_options_a_file_is_read_whose_kind_needs_none() -> None:
    (plain,) = (one for one in items() if one.text == "without options")
    assert plain.thing.startswith("notes.json")
    assert allows(plain, "tool load main.db t notes.json") and allows(plain, "tool load new.db t notes.json")


def test_what_reads_no_file_is_about_the_main_one() -> None:
    found = items("Usage: tool rows [OPTIONS] PATH TABLE\n\nOptions:\n  --key TEXT  Key\n  --fast  Fast\n")
    assert {one.thing.split(":")[0] for one in found} == {"main.db"}
