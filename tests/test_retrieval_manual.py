"""What a manual has against a command that failed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from learn_by_interact.engine.store import Store
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.retrieval.build import build
from learn_by_interact.retrieval.manual import Commands
from learn_by_interact.retrieval.retrieve import ExampleRetriever, Retrieval
from learn_by_interact.types import Document, Example, Trajectory
from room import acted, asked

SHARED = "  --quiet      Say nothing\n  -h, --help   Show this message and exit.\n"
INSERT = (
    f"Usage: tool insert [OPTIONS] PATH TABLE\n\n  Insert rows.\n\nOptions:\n  -t, --tsv  TSV input\n{SHARED}"
)
FILES = f"Usage: tool insert-files [OPTIONS] PATH FILE...\n\n  Insert files.\n\nOptions:\n  --text\n{SHARED}"
ROWS = f"Usage: tool rows [OPTIONS] PATH TABLE\n\n  Show rows.\n\nOptions:\n  --tsv  TSV output\n{SHARED}"
REMOTE = "Usage:\n  tool remote add NAME\n\nAdds a remote.\n"


def page(title: str, text: str) -> Document:
    return Document(source="help", title=title, text=text, begin=1, end=9)


PAGES = {
    title: page(title, text)
    for title, text in {
        "tool insert": INSERT,
        "tool insert-files": FILES,
        "tool rows": ROWS,
        "tool remote add": REMOTE,
        "Getting started": "Usage: as you like, --tsv or not.",
    }.items()
}
MANUAL = Commands([(one.id, one.title, one.text) for one in PAGES.values()])


def said(action: str, *about: str) -> str:
    wrong = MANUAL.correction(action, [PAGES[title].id for title in about])
    return wrong.text if wrong else ""


def test_commands_that_have_the_option_are_named_in_the_order_of_the_task() -> None:
    told = "tool insert-files has no option --tsv. Commands that have it, likeliest first: "
    assert said("tool insert-files a.db b.tsv --tsv") == f"{told}tool insert, tool rows."
    assert said("cat x | tool insert-files a.db - --tsv=1", "tool rows") == f"{told}tool rows, tool insert."


def test_an_option_that_no_command_has_is_answered_with_those_that_are_there() -> None:
    assert (
        said("tool insert a.db t --csv") == "tool insert has no option --csv; it has --tsv, --quiet, --help."
    )


def test_a_command_that_is_not_there_is_answered_with_the_likeliest_ones() -> None:
    told = said("tool update a.db 'set x'", "Getting started", "tool rows", "tool insert")
    assert told.startswith(
        "There is no command tool update. Commands of the manual, likeliest first: tool rows,"
    )
    wrong = MANUAL.correction("tool update a.db", [PAGES["tool rows"].id])
    assert wrong and wrong.missing and wrong.section == PAGES["tool rows"].id


@pytest.mark.parametrize(
    "action",
    [
        "tool insert a.db t --tsv --quiet",
        "tool insert a.db t -t",
        "tool data.db 'select 1' --tsv",
        "tool --version",
        "tool",
        "other update --tsv",
        "tool insert a.db '--no such option'",
        "tool remote add here",
        "Getting started --csv",
        "",
        "| ; &&",
    ],
)
def test_nothing_is_said_against_what_the_manual_allows_or_does_not_describe(action: str) -> None:
    assert said(action, "tool rows") == ""


def test_a_manual_that_describes_few_commands_does_not_say_that_there_are_no_others() -> None:
    small = Commands([(one.id, one.title, one.text) for one in PAGES.values()][:2])
    assert small.correction("tool update a.db", []) is None
    assert Commands([]).correction("tool update a.db --tsv", []) is None


def test_lines_of_most_commands_tell_none_apart() -> None:
    shared = {"--quiet Say nothing", "-h, --help Show this message and exit.", "Options:"}
    many = [*PAGES.values(), page("tool drop", ROWS.replace("rows", "drop"))]
    assert Commands([(one.id, one.title, one.text) for one in many]).common == shared


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run") as made:
        made.add([*PAGES.values(), asked(), acted("show a.txt")])
        yield made


def after(store: Store, episode: Trajectory, **settings: int) -> list[tuple[str, str]]:
    """What is shown after the first step of an episode: why and text."""
    known = acted("show a.txt")
    example = Example(instruction="Read it.", trajectory=known.id, begin=0, end=1, kind="abstraction")
    folder, digest = build(store, [example], ShellActions())
    wanted = Retrieval(query="instruction", fused=(1, 1), start=False, match=False, **settings)
    find = ExampleRetriever(str(folder), wanted, None, ShellActions(), digest)
    task = asked(instruction="Show the rows of the table.")
    find(task, episode.start, [])
    return [(hit.why, hit.text) for hit in find(task, episode.start, episode.steps).hits]


def test_after_a_failure_the_agent_is_told_and_sees_another_section(store: Store) -> None:
    (_, told), (why, text) = after(store, acted("tool update a.db"), sections=1)[:2]
    assert told.startswith("There is no command tool update.")
    assert why.startswith("section, goal") and not text.startswith("Documentation of tool rows:")
    (why, told), *_ = after(store, acted("tool insert-files a.db b.tsv --tsv"), sections=1)
    assert (why, told[:39]) == ("manual, failed action", "tool insert-files has no option --tsv. ")


def test_a_success_or_no_sections_say_nothing(store: Store) -> None:
    assert not [why for why, _ in after(store, acted("show a.txt"), sections=1) if "manual" in why]
    assert not [why for why, _ in after(store, acted("tool update a.db"), sections=0) if "manual" in why]


def test_options_of_a_command_above_stand_before_the_name() -> None:
    above = "Usage: tool [OPTIONS] COMMAND\n\nOptions:\n  -f, --file PATH  The file.\n  --help\n"
    page_above = page("tool", above)
    manual = Commands([(one.id, one.title, one.text) for one in (page_above, *PAGES.values())])
    wrong = manual.correction("tool insert a.db t --file x", [])
    assert wrong is not None and wrong.section == page_above.id
    assert wrong.text == (
        "tool insert has no option --file; tool has it, before insert: tool --file ... insert."
    )
    for right in ("tool --file x insert a.db t --tsv", "tool -f x remote add y", "tool -f x rows a.db t"):
        assert manual.correction(right, []) is None
    missing = manual.correction("tool -f x remote remove y", [])
    inside = manual.correction("tool --fast x insert a.db t", [])
    assert inside is not None and inside.text.startswith("tool insert has no option --fast; it has")
    assert missing is None, "too few commands are known below tool remote"
