"""What the proposer is told of the start state, so that a small model names what is there."""

from __future__ import annotations

from learn_by_interact.stages.ground import carried_over, focus

START = """shop.db
  table orders(id, customer)
  table items(id, name)
library.db
  table books(id, title)
menu.csv (3 lines)
notes.txt"""


def test_files_of_a_page_become_files_of_their_kind_that_are_there() -> None:
    page = "tool load plants.csv into trees.db; see r.parsedate(x) and shop.db, e.g. readme.md"
    assert carried_over(page, START) == (
        "tool load menu.csv into shop.db; see r.parsedate(x) and shop.db, e.g. readme.md"
    )


def test_one_name_becomes_one_file_wherever_it_stands() -> None:
    first, second = carried_over("a.db b.db a.db", START).split()[::2]
    assert first == second


def test_focus_takes_things_from_different_groups_and_names_what_they_stand_under() -> None:
    things = focus(START, "", "seed", 2)
    assert {thing.split(": ")[0] for thing in things} == {"shop.db", "library.db"}
    assert all(": table " in thing for thing in things)
    assert len(focus(START, "", "seed", 99)) == 4
    assert focus(START, "", "seed", 2) == things and focus("", "", "seed", 2) == []


def test_another_page_gets_another_focus() -> None:
    assert len({tuple(focus(START, "", str(seed), 3)) for seed in range(20)}) > 1
