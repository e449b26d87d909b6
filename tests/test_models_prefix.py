"""What calls begin with alike is read once; what that takes is counted."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from learn_by_interact.models import Message, Request
from learn_by_interact.models.prefix import SharedPrefix, common
from learn_by_interact.types import Usage

RULES = "Answer with one word and nothing else. " * 40


def asked(system: str, user: str) -> Request:
    messages = (Message(role="system", content=system), Message(role="user", content=user))
    return Request(model="m", messages=messages)


class Reader:
    """A server that reads: what it was given, and what it says of it."""

    def __init__(self, usage: Usage | None) -> None:
        self.usage = usage
        self.read: list[tuple[Message, ...]] = []

    def __call__(self, messages: tuple[Message, ...]) -> Usage | None:
        self.read.append(messages)
        return self.usage


def side_by_side(prefix: SharedPrefix, requests: Sequence[Request]) -> list[int]:
    """Calls that are all made before one of them ends -> the tokens that were read for each before."""
    barrier = threading.Barrier(len(requests))

    def call(request: Request) -> int:
        with prefix.turn(request) as tokens:
            barrier.wait(10)
        return tokens

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(call, requests))


def test_calls_that_begin_together_are_read_once_as_far_as_they_are_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("learn_by_interact.models.prefix.GATHER_SECONDS", 30.0)
    reader = Reader(Usage(calls=1, prompt=300, cached=20, completion=4))
    prefix = SharedPrefix(4, reader)
    tokens = side_by_side(prefix, [asked(RULES, f"The folder holds a.db.\nPage {page}") for page in "1234"])
    assert [[message.content for message in read] for read in reader.read] == [
        [RULES, "The folder holds a.db.\nPage "]
    ]
    assert sorted(tokens) == [0, 0, 0, 280], "of one call it is told what was read, without what a cache had"
    side_by_side(prefix, [asked(RULES, page) for page in "5678"])
    assert len(reader.read) == 1, "what is known is in the slots already"


def test_a_call_alone_has_its_instructions_read_and_a_short_one_nothing() -> None:
    reader = Reader(Usage(calls=1, prompt=300, completion=4))
    prefix = SharedPrefix(4, reader)
    assert side_by_side(prefix, [asked("Be brief.", "page")]) == [0]
    assert not reader.read
    assert side_by_side(prefix, [asked(RULES, "page")]) == [300]
    assert [message.content for message in reader.read[0]] == [RULES]


def test_nothing_is_read_beside_calls_or_for_one_slot_or_after_it_failed() -> None:
    reader = Reader(None)
    one, four = SharedPrefix(1, reader), SharedPrefix(4, reader)
    side_by_side(one, [asked(RULES, "page")])
    assert not reader.read
    with four.turn(asked("Be brief.", "page")):
        side_by_side(four, [asked(RULES, page) for page in "12"])
    assert not reader.read, "slots are in use"
    side_by_side(four, [asked(f"{RULES} Now.", "page")])
    assert len(reader.read) == 1
    side_by_side(four, [asked(f"{RULES} Then.", "page")])
    assert len(reader.read) == 1, "a server that cannot do it is not asked again"


def test_a_reader_that_breaks_leaves_the_next_call_its_turn() -> None:
    def broken(messages: tuple[Message, ...]) -> Usage:
        raise RuntimeError("no server")

    prefix = SharedPrefix(4, broken)
    with pytest.raises(RuntimeError), prefix.turn(asked(RULES, "page")):
        pass
    good = Reader(Usage(calls=1, prompt=9))
    prefix._read = good
    assert side_by_side(prefix, [asked(f"{RULES} Now.", "page")]) == [9]


def test_a_picture_and_another_role_end_what_is_alike() -> None:
    system = Message(role="system", content=RULES)
    seen = Message(role="user", content="what is this?", pictures=("a.png",))
    assert common([(system, seen), (system, seen)]) == (system,)
    assert common([(system, Message(role="assistant", content="x")), (system, seen)]) == (system,)
    assert common([(seen,)]) == ()
