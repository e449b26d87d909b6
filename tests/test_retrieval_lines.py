"""The lines of the documentation that say most about a task, and when they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from learn_by_interact.engine.store import Store
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.retrieval.build import build
from learn_by_interact.retrieval.lines import entries, telling_lines, usage
from learn_by_interact.retrieval.retrieve import ExampleRetriever, Retrieval
from learn_by_interact.types import Document, Example
from room import DOCUMENTS, acted, asked

PAGE = """Usage: tool insert [OPTIONS] PATH TABLE
                   [FILE]

  Insert rows.

      tool insert a.db t \\
          --pk id

Options:
  --pk TEXT       Columns to use as the primary key,
                  e.g. id
  -c, --csv       Expect CSV input
  --tsv           Expect TSV input
  --batch-size N  Commit every N rows
"""
GUIDE = Document(source="guide", title="tool insert", text=PAGE, begin=1, end=14)
EPISODE = acted("show a.txt", "show z.txt")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run") as made:
        made.add([*DOCUMENTS.values(), GUIDE, asked(), EPISODE])
        yield made


def retriever(store: Store, **settings: int) -> ExampleRetriever:
    example = Example(instruction="Read the note.", trajectory=EPISODE.id, begin=0, end=1, kind="abstraction")
    folder, digest = build(store, [example], ShellActions())
    wanted = Retrieval(query="instruction", fused=(1, 1), start=False, match=False, **settings)
    return ExampleRetriever(str(folder), wanted, None, ShellActions(), digest)


def test_an_entry_is_a_line_with_those_that_go_on() -> None:
    found = list(entries(PAGE))
    assert found[0] == usage(PAGE) == "Usage: tool insert [OPTIONS] PATH TABLE [FILE]"
    assert "--pk TEXT Columns to use as the primary key, e.g. id" in found
    assert "tool insert a.db t \\ --pk id" in found and "-c, --csv Expect CSV input" in found
    assert usage("No form here.") == "" == usage("")


def test_lines_that_share_most_with_the_task_come_in_the_order_of_the_page() -> None:
    about = "Load the tsv file into a table and make the columns a, b its primary key."
    assert telling_lines(PAGE, about, 2) == [
        "--pk TEXT Columns to use as the primary key, e.g. id",
        "--tsv Expect TSV input",
    ]
    assert telling_lines(PAGE, "xyzzy", 3) == [] == telling_lines(PAGE, about, 0)


def test_lines_that_say_little_beside_the_best_are_left_out() -> None:
    page = f"{PAGE}  --path PATH     A path\n  -h, --help      Show this message about a path and exit.\n"
    about = "Take the columns id and key as the primary key of what is at a path."
    assert telling_lines(page, about, 4) == ["--pk TEXT Columns to use as the primary key, e.g. id"]
    assert telling_lines(page, "Show a path.", 4) == ["--path PATH A path"]


def test_sections_are_found_by_the_instruction_even_without_an_example(store: Store) -> None:
    task = asked(instruction="Insert a CSV file into a table.")
    first, *_ = retriever(store, sections=1)(task, EPISODE.start, []).hits
    assert first.id == GUIDE.id and first.why.startswith("section, goal")
    assert first.text.startswith("Documentation of tool insert:\nUsage: tool insert")
    assert "--csv Expect CSV input" in first.text and "--batch-size" not in first.text


def test_after_a_failure_the_section_of_the_failed_action_is_looked_up(store: Store) -> None:
    find = retriever(store, sections=1)
    task = asked(instruction="Insert a CSV file into a table.")
    find(task, EPISODE.start, [])
    assert not any("section" in hit.why for hit in find(task, EPISODE.start, EPISODE.steps[:1]).hits)
    failed = find(task, EPISODE.start, EPISODE.steps).hits
    (hit,) = [one for one in failed if "section" in one.why]
    assert hit.id == DOCUMENTS["show"].id and "failed action" in hit.why and "Usage: show NAME" in hit.text


def test_a_line_is_shown_once_and_none_where_none_are_wanted(store: Store) -> None:
    task = asked(instruction="What does the note say? Prints it.")
    text = "\n".join(hit.text for hit in retriever(store, sections=2)(task, EPISODE.start, []).hits)
    assert text.count("Prints what a note says.") == 1
    plain = retriever(store, sections=0, lines=0, documentation=0)(task, EPISODE.start, []).hits
    assert [hit.text.split("\n")[0] for hit in plain] == ["Example task: Read the note."]
