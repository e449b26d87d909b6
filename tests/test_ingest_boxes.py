"""Boxes that a terminal draws: those around a help's parts, and tables."""

from __future__ import annotations

from learn_by_interact.stages.readers.terminal import clean

TABLE = """Commands (to look):
  +------+-------+
  | name | score |
  +------+-------+
  ┌──────┬───────┐
  │ name │ score │
  └──────┴───────┘"""


def test_a_table_is_no_heading_and_stays_as_it_is_drawn() -> None:
    assert clean(TABLE) == TABLE
    assert clean("╭─ Options (all) ─╮\n│ --all │\n╰──────╯") == "Options (all):\n  --all\n"
    assert clean("╭──────╮\n╰──────╯") == "\n"
