"""What the proposer is told of the start state, so that a small model names what is there."""

from __future__ import annotations

import pytest

from learn_by_interact.stages.ground import carried_over, file_columns, focus, masked, unknown

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


def test_files_in_folders_and_with_several_points_are_carried_over_as_a_whole() -> None:
    start = "backup.tar.gz (20 bytes)\n  see a.gz\ndata/sales.parquet (10 bytes)"
    page = "arc extract old/site.tar.gz; arc show x.parquet\nmenu.csv (3 bytes)"
    assert carried_over(page, start).split("\n")[0] == (
        "arc extract backup.tar.gz; arc show data/sales.parquet"
    )
    assert focus(start, "x.parquet", "seed", 1) == ["data/sales.parquet (10 bytes)"]


def test_one_name_becomes_one_file_wherever_it_stands() -> None:
    first, second = carried_over("a.db b.db a.db", START).split()[::2]
    assert first == second


def test_focus_takes_things_in_turn_from_the_groups_and_names_what_they_stand_under() -> None:
    things = focus(START, "", "seed", 2)
    assert {thing.split(": ")[0] for thing in things} == {"shop.db", "library.db"}
    assert all(": table " in thing for thing in things)
    assert focus(START, "", "seed", 2) == things and focus("", "", "seed", 2) == []
    everything = focus(START, "", "seed", 99)
    assert len(everything) == len(set(everything)) == 5


def test_focus_fits_the_kinds_of_files_that_the_page_names() -> None:
    for seed in range(10):
        assert [thing[:8] for thing in focus(START, "load plants.csv", str(seed), 1)] == ["menu.csv"]
        assert all(".db: table" in thing for thing in focus(START, "drop a table of a.db", str(seed), 3))


def test_focus_knows_rows_of_a_table_and_passes_over_what_was_cut_out() -> None:
    cut_out = "[... 80 characters and 2 lines left out ...]"
    start = f"ID Name\n-- ----\n 1 Rent\n{cut_out}\n  4 Dentist\n      at 9\n15 Bank"
    assert set(focus(start, "", "seed", 9)) == {"ID 1, Name Rent", "ID 4, Name Dentist", "ID 15, Name Bank"}


@pytest.mark.parametrize(
    "table",
    [
        "ID Kind Due   Text\n-- ---- ----- -------\n 1 home        Pay rent\n 2      05-01 Call\n2 tasks",
        " ID | Kind | Due   | Text\n----+------+-------+------\n  1 | home |       | Pay rent\n"
        "  2 |      | 05-01 | Call\n(2 rows)",
    ],
)
def test_focus_names_a_row_by_two_of_its_columns(table: str) -> None:
    assert set(focus(table, "", "seed", 9)) == {
        "ID 1, Text Pay rent",
        "ID 2, Text Call",
    }


def test_a_title_that_is_underlined_is_no_table() -> None:
    assert focus("Notes\n=====\na.txt", "", "seed", 9) == ["a.txt"]


def test_names_of_examples_that_are_not_there_are_masked() -> None:
    command = "tool rename shop.db chickens birds --to items \\\n        --sql 'select chickens'"
    page = f"Rename a table.\n\nUsage: tool rename PATH\n\n      $ {command}\n"
    text = masked(page, [command], unknown(page, [command], START))
    assert "$ tool rename shop.db <name> <name> --to items" in text and "'select <name>'" in text
    assert text.startswith("Rename a table.")
    assert unknown(page, [command], f"{START} chickens birds") == set()


def test_another_page_gets_another_focus() -> None:
    assert len({tuple(focus(START, "", str(seed), 3)) for seed in range(20)}) > 1


@pytest.mark.parametrize(
    ("lines", "columns"),
    [
        (("code,name,height_m", "DRS,Dresden,113"), ("code", "name", "height_m")),
        (("station\tdate", "DRS\t2024-03-01"), ("station", "date")),
        (("Name;First Name;Born", "Eve;Eva;1990"), ("Name", "Born")),
        (("name,city", "ana,lyon"), ("name", "city")),
        (("Green tea;2.40;hot", "Black tea;2.20;hot"), ()),
        (("Ana,Lyon", "Bo,Paris"), ()),
        (("One line of text, and another", "A second line, and more"), ()),
        (
            ('{"id": 1, "name": "A, \\"b\\"", "address": {"street": "12', '{"other": 2}'),
            ("id", "name", "address"),
        ),
        (("[", '{"a b": 1, "tags": ["x", {"deep": 1}], "last": 2}]'), ("tags", "last")),
        ((), ()),
    ],
)
def test_columns_of_a_data_file_are_those_of_its_head(
    lines: tuple[str, ...], columns: tuple[str, ...]
) -> None:
    below = "".join(f"\n  {line}" for line in lines)
    assert (
        file_columns(f"a.db\n  table t(id)\ndata.txt (9 lines){below}\nb.txt", "data.txt (9 lines)")
        == columns
    )


def test_a_tool_behind_a_setting_or_a_prefix_is_no_name() -> None:
    command = "sudo -u ann FOO=1 shelf feed hens"
    assert unknown(f"Type:\n  {command}", [command], "") == {"feed", "hens"}
