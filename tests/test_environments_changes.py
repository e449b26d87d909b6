"""What a command changed is said in words."""

from __future__ import annotations

from learn_by_interact.environments.changes import LINES, changes, difference, new_files

LOOKED = "books.db\n  table books(id, title)\n 3 rows"


def test_files_are_new_changed_or_gone() -> None:
    before, now = {"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"}
    assert changes(before, now, "", "") == "[new: d; changed: b; gone: c]"
    assert changes(before, before, LOOKED, LOOKED) == ""


def test_what_looking_shows_anew_stands_below() -> None:
    looks = LOOKED.replace("title", "name")
    assert changes({"books.db": "1"}, {"books.db": "2"}, LOOKED, looks).split("\n") == [
        "[changed: books.db]",
        "-   table books(id, title)",
        "+   table books(id, name)",
    ]


def test_blanks_beside_a_line_are_no_difference() -> None:
    assert difference("ID  Name\n 1  Ada\n", "ID Name\n 1 Ada\n\n") == []


def test_hidden_files_are_named_where_nothing_else_can_be_said() -> None:
    before, now = {".log": "1", "a": "1"}, {".log": "2", "a": "1"}
    assert changes(before, now, "x", "x") == "[changed: .log]"
    assert changes(before, now, "x", "y") == "- x\n+ y"
    assert changes(before, {**now, "a": "2"}, "x", "x") == "[changed: a]"


def test_a_hidden_file_that_looking_shows_is_named() -> None:
    now = {"a": "1", ".env": "1", ".log": "1"}
    said = changes({"a": "1"}, now, "a (1 bytes)", "a (1 bytes)\n.env (12 bytes)\n  PORT=1")
    assert said.split("\n") == ["[new: .env]", "+ .env (12 bytes)", "+   PORT=1"]


def test_new_files_are_read_back_unless_there_are_too_many() -> None:
    said = changes({"c": "1"}, {"a b": "1", "env": "1"}, "", "")
    assert new_files(f"done\n{said}\nnext") == ["a b", "env"]
    assert new_files(changes({}, {str(number): "1" for number in range(9)}, "", "")) == []
    assert new_files(changes({"a": "1"}, {"a": "2"}, "", "")) == new_files("new: a") == []


def test_names_that_could_be_read_as_several_are_quoted_and_read_back() -> None:
    names = ["a, b/c; d.txt", "e]f", "g,h", '"i"', "j -> k", "l m"]
    said = changes({"a;b": "1"}, dict.fromkeys(names, "1"), "", "")
    assert said == (
        r'[new: "\"i\"", "a, b/c; d.txt", "e]f", "g,h", "j -> k", l m; gone: "a;b"]'
    ) and new_files(said) == sorted(names)
    assert new_files("[new: a, b,c; changed: d]") == ["a", "b,c"]
    assert new_files(changes({}, {f"{number},": "1" for number in range(9)}, "", "")) == []


def test_folders_links_and_modes_are_said_where_nothing_else_is() -> None:
    had = {"a": "mode 644", "old/": "mode 755", "old/in/": "mode 755", "l": "-> a"}
    has = {"a": "mode 755", "b/": "mode 755", "b/c/": "mode 755", "l": "-> b, c", "new": "-> a"}
    said = changes({"a": "1"}, {"a": "1"}, "x", "x", had, has)
    assert said == '[new: b/c/, new -> a; changed: a (mode 755), l -> "b, c"; gone: old/]'
    assert new_files(said) == ["new"]
    assert new_files('[new: l -> "b, c", m -> n, o]') == ["l", "m", "o"]
    assert changes({"a": "1"}, {"a": "2"}, "x", "x", had, has) == "[changed: a]"
    assert changes({"a": "1"}, {"a": "1"}, "x", "y", had, has) == "- x\n+ y"
    assert changes({}, {}, "", "", {}, {".c/": "mode 755"}) == "[new: .c/]"
    assert changes({}, {}, "", "", {}, {".c/": "mode 755", "d/": "mode 755"}) == "[new: d/]"
    assert changes({}, {}, "", "", had, had) == ""


def test_long_differences_and_many_files_are_bounded() -> None:
    text = "\n".join(f"line {number}" for number in range(100))
    found = difference("", text)
    assert len(found) == LINES + 1 and found[-1] == f"[{100 - LINES} more lines differ]"
    said = changes({}, {f"f{number}": "1" for number in range(9)}, "", "")
    assert said == "[new: f0, f1, f2, f3, f4, f5 and 3 more]"
