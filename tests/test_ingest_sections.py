"""Sections: every line once, within the bound, cut where a person would."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from learn_by_interact.sources import Docs
from learn_by_interact.stages.ingest import commands, ingest
from learn_by_interact.types import Document

MARKDOWN = """# The shelf

Keeps books.

## Adding

Add a book like this:

```sh
# a comment, not a heading

$ shelf add "Moby Dick" \\
    --year 1851
added 1
```

Then look at it.

Loans
-----

Nothing yet.

## A `very` [special](x.html) case

Text.
"""


def read(folder: Path, chars: int = 2400) -> list[Document]:
    return list(ingest(Docs(folder=(folder.name,), chars=chars), folder.parent, report=print))


def write(tmp_path: Path, name: str, text: str) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder


def test_what_fits_stays_one_section(tmp_path: Path) -> None:
    (section,) = read(write(tmp_path, "shelf.md", MARKDOWN))
    assert (section.source, section.title) == ("docs/shelf.md", "The shelf")
    assert (section.begin, section.end) == (1, 26)
    assert section.text == MARKDOWN.strip()


def test_a_longer_page_is_cut_at_headings(tmp_path: Path) -> None:
    sections = read(write(tmp_path, "shelf.md", MARKDOWN), 200)
    # What is tiny joins its neighbour under the same heading while both fit.
    assert [(section.title, section.begin, section.end) for section in sections] == [
        ("The shelf", 1, 22),
        ("The shelf > A very special case", 24, 26),
    ]


def test_a_bare_heading_goes_with_what_follows(tmp_path: Path) -> None:
    paragraph = "Some words about the thing.\n\n" * 5
    text = (
        f"# T\n\n{paragraph}## Setup\n\n### One\n\n{paragraph}#### Deep\n\n{paragraph}### Two\n\n{paragraph}"
    )
    sections = read(write(tmp_path, "a.md", text), 200)
    (holder,) = [section for section in sections if "## Setup" in section.text]
    assert holder.title == "T > Setup > One" and "Some words" in holder.text


def test_a_block_of_code_and_what_leads_to_it_stay_together(tmp_path: Path) -> None:
    code = "\n\n".join(f"print({number})" for number in range(12))
    prose = "\n\n".join(f"Paragraph {number} says something of no weight." for number in range(12))
    text = f"# T\n\n{prose}\n\nLike this:\n\n```\n{code}\n```\n\n{prose}\n"
    sections = read(write(tmp_path, "a.md", text), 300)
    (holder,) = [section for section in sections if "print(0)" in section.text]
    assert "Like this:" in holder.text and "print(11)" in holder.text
    assert holder.text.count("```") == 2
    assert holder.title.startswith("T (")


def test_option_entries_are_not_torn(tmp_path: Path) -> None:
    entries = "\n".join(f"  --option-{n}  First line\n              second line of {n}" for n in range(40))
    for section in read(write(tmp_path, "a.txt", f"Options\n{entries}\n"), 400):
        assert section.text.count("First line") == section.text.count("second line")


def odd_text(rng: random.Random) -> str:
    lines = [
        "",
        "",
        "# H",
        "## H2",
        "```",
        "Title",
        "=====",
        "-----",
        "a: b",
        "    code",
        "  - item",
        "para " * 9,
    ]
    lines += ["Example::", "\tx", "x" * 300, ".. note:: y", "   z", "* * *", "Options:", "<p>", "\x0c", "ü漢"]
    return "\n".join(rng.choice(lines) for _ in range(rng.randrange(1, 120)))


@pytest.mark.parametrize("name", ["a.md", "a.rst", "a.txt"])
@pytest.mark.parametrize("seed", range(30))
def test_every_line_is_in_exactly_one_section(tmp_path: Path, name: str, seed: int) -> None:
    text = odd_text(random.Random(seed)) + "\nthe end\n"
    lines = text.split("\n")
    covered: list[int] = []
    for section in read(write(tmp_path, name, text), 200):
        span = lines[section.begin - 1 : section.end]
        assert section.text.split() == "\n".join(span).split()
        assert len(section.text) <= 200 or len([line for line in span if line.strip()]) == 1
        assert section.title and section.text == section.text.strip("\n")
        covered.extend(range(section.begin, section.end + 1))
    assert covered == sorted(set(covered))
    assert {at for at, line in enumerate(lines, 1) if line.strip()} <= set(covered)


def shown(text: str) -> list[str]:
    document = Document(source="s", title="t", text=text, begin=1, end=1)
    return commands(document, ["shelf", "rec"])


def test_commands_in_markdown() -> None:
    assert shown(MARKDOWN) == ['shelf add "Moby Dick" --year 1851']


def test_commands_of_a_help_text() -> None:
    text = """Usage: shelf add [OPTIONS] TITLE

  shelf keeps books.

  Example:

      shelf add 'Moby Dick' --year 1851

      echo '[
          {"a": 1}
      ]' | shelf add - --tags '
        a
        b' --json

  Use --json for lists:

      shelf add <title> [--year N]
      shelf list
      shelf is a word here.

Options:
  --tags TEXT  shelf tags
"""
    assert shown(text) == [
        "shelf add 'Moby Dick' --year 1851",
        "echo '[\n    {\"a\": 1}\n]' | shelf add - --tags '\n  a\n  b' --json",
        "shelf list",
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "Then:\n\n    $ shelf list\n    shelf one\n    $ cat x | rec -p a\n",
            ["shelf list", "cat x | rec -p a"],
        ),
        ("Usage:\n  shelf add\n  shelf rm\n\nExamples:\n  shelf add x\n", ["shelf add x"]),
        (
            "```\nshelf a > out.txt\nshelf a < in.txt\nshelf a '<b>'\n```",
            ["shelf a > out.txt", "shelf a < in.txt", "shelf a '<b>'"],
        ),
        ("```\nshelf add FILE...\nshelf {add,rm}\nshelf add 'never closed\n```\n", []),
        ("  rec one | while read x\n\n$ rec two\n", ["rec two"]),
        (
            "  shelf - Command-line books\n\n  shelf filters run on a list\n  shelf usually prints all\n",
            [],
        ),
        ("shelf list\n\nProse.\n\n  shelf list\n  shelf list\n", ["shelf list"]),
        # A line of a paragraph that begins with the name of a tool.
        (
            "DESCRIPTION\n    What the index knows of is kept between the calls of\n"
            "    shelf list (see below) and what\n    stands there is found again.\n\n"
            "    shelf add behaves differently when given a title than when given\n"
            "    a number. In the first case it looks for a book.\n\n"
            "    Put the books of the last years into a list and\n    show them:\n    shelf list --new\n",
            ["shelf list --new"],
        ),
        (
            "$ shelf add x (1)\n$ shelf list # all of them\n$ shelf pick |\n> shelf rm -\n",
            ["shelf add x", "shelf list", "shelf pick |\nshelf rm -"],
        ),
        # Prefixes, settings and prompts.
        (
            "```\nsudo -u ann shelf a\nYEAR=1851 shelf b\nenv A='b c' shelf d # a [remark]\nsudo true\n```\n",
            ["sudo -u ann shelf a", "YEAR=1851 shelf b", "env A='b c' shelf d"],
        ),
        (
            "    ann@home:~$ shelf a\n    shelf says no\n    root@home:/etc# shelf b\n"
            "    [ann@home ~]$ shelf c\n    (venv) $ shelf d\n    ❯ shelf e\n    ~/src $ shelf can list\n",
            ["shelf a", "shelf b", "shelf c", "shelf d", "shelf e", "shelf can list"],
        ),
        # Here-documents.
        (
            "```\ncat <<'EOF' | shelf add -\nit's [one]\nand \\\nEOF\nshelf list\n"
            "shelf add - <<EOF\nopen\n```\n",
            ["cat <<'EOF' | shelf add -\nit's [one]\nand \\\nEOF", "shelf list"],
        ),
        (
            "    $ shelf add - <<EOF\n    > one\n    > EOF\n    added\n    $ shelf add '<<EOF'\n",
            ["shelf add - <<EOF\none\nEOF", "shelf add '<<EOF'"],
        ),
        # Lines of a text.
        (
            "A\n  shelf according to WORD: numeric -g\n\nB\n  shelf --a --b will print the number of books\n",
            [],
        ),
        (
            "A\n  shelf holds books of one or more shelves in lists\n\nB\n  shelf add - a.txt\n",
            ["shelf add - a.txt"],
        ),
        ("A\n  shelf rm - take away / put away books, papers\n\nNAME\n  shelf - x\n", []),
        ("Aliases:\n  shelf get, rec get\n  rec g\n\nExamples:\n  rec g x\n", ["rec g x"]),
        (
            "A\n  shelf add 'a book of one or more shelves: all'\n",
            ["shelf add 'a book of one or more shelves: all'"],
        ),
        (
            "A\n  shelf book set moby due late now\n  shelf run -- rec -y a b\n",
            ["shelf book set moby due late now", "shelf run -- rec -y a b"],
        ),
        ("A\n  shelf year: list\n", ["shelf year: list"]),
        ("A\n  shelf to keep a book.  Without a name\n", []),
        ("```\nshelf find the book on the shelf\n```\n", ["shelf find the book on the shelf"]),
        ("", []),
    ],
)
def test_which_lines_are_commands(text: str, wanted: list[str]) -> None:
    assert shown(text) == wanted
