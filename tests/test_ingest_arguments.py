"""What an argument of a command may be, by what its synopsis calls it."""

from __future__ import annotations

import json
import re

import pytest

from learn_by_interact.stages.readers.grammar import pattern

TOOLS = {
    "jq": "jq [options...] <jq filter> [<files>...]",
    "filter": "filter [options...] <filter> [<files>...]",
    "sed": "sed [OPTIONS] <script> [file]",
    "edit": "edit [OPTIONS] [script-if-no-other-script] [file]",
    "awk": "awk [OPTIONS] 'program' <file>",
    "grep": "grep [OPTIONS] PATTERN [FILE]",
    "match": "match <regular_expression> [FILE]",
    "shift": "shift NUMBER NAME",
    "find": "find [OPTIONS] [expression]",
    "move": "move <destination directory>",
}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("jq . a.json", True),
        ("jq .name.first a.json", True),
        ("jq keys a.json", False),
        ("jq 'keys' a.json", True),
        ("jq '.[] | .name' a.json", True),
        ("jq a.json a.json", False),
        ("filter .name a.json", True),
        ("sed 's/a/b/' a.json", True),
        (r"sed 's/\t/,/g' a.json", True),
        ("sed '2p' a.json", True),
        ("sed price a.json", False),
        (r"edit 's/\t/,/g' a.json", True),
        ("awk '{print $1}' a.json", True),
        (r"grep 'a\.b' a.json", True),
        ("grep a a.json", True),
        ("match abc a.json", True),
        ("shift -5 a", True),
        ("shift 5 a", True),
        ("shift 5 -a", False),
        ("find name", True),
        ("move there", True),
        ("move there again", False),
    ],
)
def test_an_argument_is_what_its_name_says(command: str, expected: bool) -> None:
    form = pattern(TOOLS[command.partition(" ")[0]], (), files=("a.json",), most=1)
    assert bool(re.search(form, json.dumps(command)[1:-1])) is expected
