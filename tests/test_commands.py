"""How a line is split into commands, and what they may be called."""

from __future__ import annotations

import pytest

from learn_by_interact.commands import names, page_of, split


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("cat a.csv | tool -", [["cat", "a.csv"], ["tool", "-"]]),
        ("a|b;c&&d e", [["a"], ["b"], ["c"], ["d", "e"]]),
        ("tool 'a | b' \"c; 'd'\" --x='1 2'", [["tool", "'a | b'", "\"c; 'd'\"", "--x=", "'1 2'"]]),
        ("a \\\n  b\nc", [["a", "b"], ["c"]]),
        ("", [[]]),
    ],
)
def test_a_line_is_split_outside_of_quotation_marks(line: str, commands: list[list[str]]) -> None:
    assert list(split(line)) == commands


def test_a_command_may_be_called_by_its_first_words() -> None:
    assert list(names(["git", "remote", "add"])) == ["git remote add", "git remote", "git"]
    assert len(list(names(["a"] * 20))) == 5 and list(names([])) == []


def test_a_section_belongs_to_a_page() -> None:
    assert page_of("tool insert > Options (1 of 2)") == page_of("tool insert") == "tool insert"
