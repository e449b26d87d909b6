"""What a maintainer's tasks are about: names of the code, and commands that fit them."""

from __future__ import annotations

import json
import re

import pytest

from learn_by_interact.stages.items import Item
from learn_by_interact.stages.maintain import code_items
from learn_by_interact.types import Document

CODE = """def mean(values):
    return sum(values) / len(values)


class Counter:
    def add(self, name):
        pass


def _parts(text):
    return text.split()
"""


def piece(text: str = CODE, source: str = "src/calc/sums.py", title: str = "") -> Document:
    return Document(source=source, title=title or source, text=text, begin=1, end=9)


def fits(item: Item, command: str, task: str) -> tuple[bool, bool]:
    """Whether a reply could hold this command, and this task."""
    written = [json.dumps(one)[1:-1] for one in (command, task)]
    return bool(re.fullmatch(item.free, written[0])), bool(re.fullmatch(item.told, written[1]))


def test_each_task_is_about_another_name_and_its_command_is_of_its_kind() -> None:
    call, used, change, test, wrong = code_items(piece(), 5, 0)
    assert [name for item in (call, used, change) for name in ("mean", "Counter") if name in item.text] == [
        "mean",
        "Counter",
        "mean",
    ]
    good = 'python -c "from calc.sums import mean; print(mean([1, 2]))"'
    assert fits(call, good, "What does mean give for [1, 2]?") == (True, True)
    assert fits(call, good.replace("calc.sums", "calc"), "Show what mean does.") == (False, False)
    assert fits(used, 'search "Counter"', "Find out which files use Counter.") == (True, True)
    assert fits(change, 'search "def mean"', "Let mean give 0 for no values.") == (True, True)
    assert fits(change, 'search "mean"', "Find out what mean does.") == (False, False)
    assert fits(test, 'search "Counter("', "Add a test that Counter() has no names.") == (True, True)
    mistake = 'python -c "from calc.sums import mean; mean(1)"'
    assert fits(wrong, mistake, "What does mean answer to a number?") == (True, True)


def test_a_later_round_goes_on_with_other_kinds() -> None:
    first, later = ([item.text for item in code_items(piece(), 3, turn)] for turn in (0, 1))
    assert len({*first, *later}) == 6


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (piece("    return 1\n", title="src/calc/sums.py > mean (2 of 3)"), "mean"),
        (piece("    def add(self):\n", title="src/calc/sums.py > Counter > add / drop"), "Counter"),
        (piece("def _parts(text):\n    pass\n"), "_parts"),
        (piece("# mean\n\n    mean([1])\n", source="docs/mean.md"), ""),
        (piece("import os\n"), ""),
    ],
)
def test_names_of_a_piece(document: Document, name: str) -> None:
    item = code_items(document, 1, 0)[0]
    assert (name or "a function of this code") in item.text and bool(item.free) == bool(name)
