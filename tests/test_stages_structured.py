"""JSON from models that are loose with the form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from learn_by_interact.errors import ParseError
from learn_by_interact.models import Message, Request
from learn_by_interact.models.scripted import Scripted
from learn_by_interact.stages.structured import ask, read_object
from learn_by_interact.types import Usage

SCHEMA = {"type": "object", "required": ["summary", "task"]}
WHOLE = {"summary": 'say "hi" {now}', "task": "wave"}
REQUEST = Request(
    model="m", messages=(Message(role="user", content="one two three"),), seed=7, json_schema=SCHEMA
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (json.dumps(WHOLE), WHOLE),
        (f"```json\n{json.dumps(WHOLE, indent=2)}\n```", WHOLE),
        (f"Sure! Here it is:\n\n{json.dumps(WHOLE)}\n\nAnything else?", WHOLE),
        (f"Braces {{like these}} first: {json.dumps(WHOLE)}", WHOLE),
        ('{"a": "line one\nline two"}', {"a": "line one\nline two"}),
        ('{"a": {"b": [1, {"c": null}]}} {"d": 1}', {"a": {"b": [1, {"c": None}]}}),
        ('{"tasks": [{"task": "one"}, {"task": "two"}, {"ta', {"tasks": [{"task": "one"}, {"task": "two"}]}),
        ('{"a": "x", "b": "cut [off {he', {"a": "x"}),
        ('{"a": "x",}', {"a": "x"}),
        ('{"a": {"b": "x"}, "c": {"d', {"a": {"b": "x"}}),
        ('{"' * 3_000, None),
        ('{"a":' * 3_000, None),
        ("{" * 3_000, None),
        ('{"tasks": ["one", "two", "thr', {"tasks": ["one", "two"]}),
        ('{"summary": "all of it", "task": "cut off he', {"summary": "all of it"}),
        (
            r'{"a\ud83d": ["cut \ud83d", {"b": "\ud83d\ude00"}]}',
            {"a?": ["cut ?", {"b": "\N{GRINNING FACE}"}]},
        ),
        (r'{"a": "cut \ud83d", "b": "off', {"a": "cut ?"}),
        ("[1, 2]", None),
        ("there is nothing here", None),
        ("", None),
        ("{", None),
        ('{"', None),
        ('"{"', None),
    ],
)
def test_the_first_object_in_a_text_is_read(text: str, value: dict[str, Any] | None) -> None:
    assert read_object(text) == value


def test_a_list_of_objects_that_was_cut_off_keeps_the_whole_ones() -> None:
    items = [{"about": "x", "command": f"show {at}", "task": f"Show {at}."} for at in range(3)]
    text = json.dumps({"tasks": items})
    for length in range(text.index("show 2"), len(text)):
        value = read_object(text[:length])
        assert value is not None and value["tasks"][:2] == items[:2]


def test_a_reply_that_can_be_read_takes_one_call() -> None:
    value, usage = ask(Scripted([json.dumps(WHOLE)]), REQUEST)
    assert (value, usage.calls, usage.prompt) == (WHOLE, 1, 3)


def test_a_reply_without_the_wanted_keys_is_asked_for_again_with_another_seed() -> None:
    seeds: list[int] = []

    def script(request: Request) -> str:
        seeds.append(request.seed)
        return json.dumps(WHOLE) if len(seeds) == 2 else '{"summary": "only this"}'

    value, usage = ask(Scripted(script), REQUEST)
    assert (value, usage.calls) == (WHOLE, 2)
    assert len(set(seeds)) == 2 and seeds[0] == REQUEST.seed


def test_garbage_twice_is_an_error_that_knows_what_it_took() -> None:
    with pytest.raises(ParseError, match="summary, task") as raised:
        ask(Scripted(["garbage", "more garbage", json.dumps(WHOLE)]), REQUEST)
    assert getattr(raised.value, "usage", None) == Usage(calls=2, prompt=6, cached=3, completion=3)
