"""How a line is split into commands, and what they may be called."""

from __future__ import annotations

import pytest

from learn_by_interact.commands import above, called, files_there, named_files, page_of, split


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("cat a.csv | tool -", [["cat", "a.csv"], ["tool", "-"]]),
        ("a|b;c&&d e", [["a"], ["b"], ["c"], ["d", "e"]]),
        ("tool 'a | b' \"c; 'd'\" --x='1 2'", [["tool", "'a | b'", "\"c; 'd'\"", "--x=", "'1 2'"]]),
        ("a \\\n  b\nc", [["a", "b"], ["c"]]),
        ("", [[]]),
        (
            "cat > a.txt <<'EOF' | b\ntool add --x\nit's\nEOF\nc d",
            [["cat", ">", "a.txt", "<<", "'EOF'"], ["b"], ["c", "d"]],
        ),
        ("a <<-END\n\ttool add\n\tEND\nb", [["a", "<<-END"], ["b"]]),
        ("a <<EOF\nit never ends", [["a", "<<EOF"]]),
        ("a <<< 'b c' d", [["a", "<<<", "'b c'", "d"]]),
        ("a '# b' c#d # isn't\ne; # f", [["a", "'# b'", "c#d"], ["e"], []]),
    ],
)
def test_a_line_is_split_outside_of_quotation_marks(line: str, commands: list[list[str]]) -> None:
    assert list(split(line)) == commands


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("git remote add origin", ("git remote add", 3)),
        ("git remote prune", ("git remote", 2)),
        ("git -C site --bare remote add", ("git remote add", 6)),
        ("git --dir=x remote", ("git remote", 3)),
        ("git -p remote add", ("git remote add", 4)),
        ("git status remote", ("git", 1)),
        ("-v git", ("", 0)),
        ("svn remote add", ("", 0)),
        ("", ("", 0)),
        ("git " + "-x " * 40 + "remote", ("git", 1)),
        ("sudo git remote add x", ("git remote add", 4)),
        ("sudo -u ann -E git remote", ("git remote", 6)),
        ("LANG=C X= git remote", ("git remote", 4)),
        ("env -i X=1 nice -n 5 git remote", ("git remote", 8)),
        ("sudo", ("", 0)),
    ],
)
def test_the_longest_known_command_is_called_whatever_options_stand_inside(
    line: str, found: tuple[str, int]
) -> None:
    assert called(line.split(), {"git", "git remote", "git remote add", "a" * 6}) == found


def test_a_setting_may_be_quoted() -> None:
    assert called(next(split("NAME='a b' git remote")), {"git remote"}) == ("git remote", 4)


def test_commands_are_below_of_others() -> None:
    assert list(above("git remote add")) == ["git remote", "git"]
    assert list(above("git")) == list(above("")) == []


def test_a_section_belongs_to_a_page() -> None:
    assert page_of("tool insert > Options (1 of 2)") == page_of("tool insert") == "tool insert"


@pytest.mark.parametrize(
    "name",
    ["a.csv", "docs/readme.md", "a.parquet", "a.sqlite3", "archive.tar.gz", "app.min.js", "a.7z", "v1.2.csv"],
)
def test_a_text_names_files(name: str) -> None:
    assert named_files(f"Read {name} (it is new), then `{name}`.") == [name]


@pytest.mark.parametrize(
    "text",
    [
        "It needs v1.2, 1.2.3 or 3.14, e.g. the newest.",
        "See www.example.com, https://a.org/x.csv and git@a.b.org:user/repo.git.",
        "Call os.path.join(x); set core.autocrlf, color.overdue or com.example.App.",
        "sed s/a.b/c/ /usr/share/x.txt",
    ],
)
def test_numbers_hosts_and_settings_are_no_files(text: str) -> None:
    assert named_files(text) == []


def test_what_looking_around_lists_are_files_whatever_they_are_called() -> None:
    start = (
        "docs/a.xyzformat (3 bytes)\n  see b.txt\nMakefile (2 bytes)\n.env (9 bytes)\n.tool/c.db (1 bytes)"
    )
    assert sorted(files_there(start)) == [".env", "Makefile", "docs/a.xyzformat"]
    assert files_there("books.db\n  table a\nmenu.csv (6 lines)\nnotes/a.txt") == ["books.db", "menu.csv"]
