"""The query of model-based retrieval: what is asked, what is taken from the reply, when it is asked again."""

from __future__ import annotations

import pytest

from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.models import Request
from learn_by_interact.models.scripted import Scripted
from learn_by_interact.retrieval.query import changed, cleaned, written
from learn_by_interact.types import Observation
from room import acted, asked


@pytest.mark.parametrize(
    ("reply", "query"),
    [
        ("read a note", "read a note"),
        ('Query: "read a note".', "read a note"),
        ("\n\n**Search query:** `read a note`\nbecause", "read a note"),
        ("- read a note\n- write", "read a note"),
        ("...", ""),
        ("", ""),
    ],
)
def test_the_query_is_the_first_line_that_says_something(reply: str, query: str) -> None:
    assert cleaned(reply).removeprefix("- ") == query


def test_the_question_is_short_and_holds_goal_history_and_observation() -> None:
    asked_: list[Request] = []

    def answer(request: Request) -> str:
        asked_.append(request)
        return "Query: show notes"

    done = acted(
        *[f"put {at}.txt {'x' * 3000}" for at in range(12)], f"put long.txt {'y' * 3000}", "show long.txt"
    )
    task = asked(instruction="Tell what the notes say.")
    query, usage = written(Scripted(answer), ShellActions(), task, done.start, done.steps)
    assert (query, usage.calls) == ("show notes", 1)
    told = asked_[0].messages[-1].content
    assert told.startswith("Task: Tell what the notes say.\nStart: Notes: a.txt b.txt\nDone: ")
    assert told.rstrip().endswith("Query:") and told.count("Done: ") == 8
    assert "characters left out" in told and len(told) < 8 * 400 + 1000


def seen(text: str, state: str = "s", failed: bool = False) -> Observation:
    return Observation(text=text, key=f"{state} {text}", state=state, failed=failed)


@pytest.mark.parametrize(
    ("before", "now", "needed"),
    [
        (seen("a b c"), seen("a b c"), False),
        (seen("a b c d"), seen("a b c x"), False),
        (seen("a b c d"), seen("a b x y"), True),
        (seen("a b c d"), seen("a b c"), False),
        (seen("a b c d"), seen("a b c x", state="other"), True),
        (seen("a b c d"), seen("a b c x", failed=True), True),
        (seen("a"), seen(""), False),
    ],
)
def test_a_query_is_needed_where_state_outcome_or_many_words_are_new(
    before: Observation, now: Observation, needed: bool
) -> None:
    assert changed(before, now, 0.3) is needed
