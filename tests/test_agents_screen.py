"""The agent on a screen: when it may stop, and what its replies may be."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from learn_by_interact.agents.agent import Acting, LanguageAgent
from learn_by_interact.environments.web.actions import WebActions
from learn_by_interact.models import Request
from learn_by_interact.models.scripted import Scripted
from learn_by_interact.types import Action, Observation, Step
from room import asked


def test_where_replies_have_a_form_an_answer_has_one_too() -> None:
    def answer(request: Request) -> str:
        assert request.json_schema is not None
        patterns.append(request.json_schema["pattern"])
        return "ACTION: stop" if len(patterns) == 1 else json.dumps("ACTION: stop b.txt")

    patterns: list[str] = []
    seen = Observation(text='[link "b.txt"]', key="a")
    agent = LanguageAgent(Scripted(answer), WebActions(), "A page.", Acting())
    decision = agent.act(asked(instruction="Which note is there?"), seen, [])
    assert decision.action.arguments == {"answer": "b.txt"}
    assert re.search(patterns[1], "ACTION: stop b.txt") and not re.search(patterns[1], "ACTION: stop")


@pytest.mark.parametrize(
    ("name", "failed", "asks", "may"),
    [
        ("local/small", True, "Rename it.", False),
        ("local/small", False, "Rename it.", True),
        ("local/small", True, "Which note is there?", True),
        ("openai/large", True, "Rename it.", True),
    ],
)
def test_a_small_model_does_not_give_up_on_a_screen_where_something_failed(
    name: str, failed: bool, asks: str, may: bool
) -> None:
    forms: list[dict[str, Any]] = []

    def answer(request: Request) -> str:
        forms.append(request.json_schema or {})
        return 'ACTION: click [link "b.txt"]'

    seen = Observation(text='[link "b.txt"]', key="a", state="a", failed=failed)
    click = Action(tool="click", arguments={"element": 'link "c.txt"'})
    steps = [Step(thought="", action=click, observation=seen)]
    agent = LanguageAgent(Scripted(answer, name=name), WebActions(), "A page.", Acting())
    agent.act(asked(instruction=asks), seen.model_copy(update={"failed": False}), steps)
    assert bool(re.search(forms[0]["pattern"], "ACTION: stop")) == may


def test_who_stops_on_a_screen_where_nothing_was_changed_is_asked_once() -> None:
    def done(*states: str, asks: str = "Rename it.") -> tuple[str, int]:
        seen = [
            Observation(text='[button "Ok"]', key=f"{at}", state=one) for at, one in enumerate(("a", *states))
        ]
        click = Action(tool="click", arguments={"element": 'cell "A1"'})
        steps = [Step(thought="", action=click, observation=one) for one in seen[1:]]
        model = Scripted(["ACTION: stop", 'ACTION: click [button "Ok"]', "ACTION: stop"])
        agent = LanguageAgent(model, WebActions(), "A page.", Acting())
        decision = agent.act(asked(instruction=asks), seen[0], steps)
        return decision.action.tool, decision.usage.calls

    assert done("a", "a") == ("click", 2), "it has only looked"
    assert done("a", "b") == ("stop", 1) and done("b", "a") == ("stop", 1), "something was changed"
    assert done("b", "b") == ("click", 2), (
        "what it did last had no effect, as where a button is to be clicked"
    )
    assert done("a", asks="Open the form, and change nothing.") == ("stop", 1), "it is open"
    assert done("a", asks="Open a new ticket about rust.") == ("click", 2), "that makes one"
    assert done("a", asks="Show the hidden column.") == ("click", 2), "that is a change"
    acted_before = done("a", asks="Which one is first?")
    assert acted_before[0] == "click", "it was asked for the answer, and finds it out"


@pytest.mark.parametrize(
    ("field", "came", "calls"),
    [
        ("Search:", '[textbox "Search:"] [textbox "Due:"]', 2),
        ("Search:", '[textbox "Search:"] [link "Help"]', 1),
        ("Due:", '[textbox "Search:"] [textbox "Due:"]', 1),
    ],
    ids=["a form came", "no form came", "a field that it foresaw"],
)
def test_a_field_that_was_there_before_the_form_came_is_not_filled_in_unseen(
    field: str, came: str, calls: int
) -> None:
    replies = [
        f'ACTION: click [link "Edit"]\nACTION: type "2024" into [textbox "{field}"]',
        'ACTION: type "2024" into [textbox "Due:"]',
    ]
    model = Scripted(replies)
    agent = LanguageAgent(model, WebActions(), "A page.", Acting(actions=4))
    task = asked(instruction="Change the date.")
    start = Observation(text='[textbox "Search:"] [link "Edit"]', key="a", state="a")
    first = agent.act(task, start, [])
    after = Observation(text=came, key="b", state="a")
    second = agent.act(task, start, [Step(thought="", action=first.action, observation=after)])
    assert first.usage.calls + second.usage.calls == calls
    wanted = "Due:" if calls == 2 else field
    assert second.action.arguments == {"text": "2024", "element": f'textbox "{wanted}"'}


@pytest.mark.parametrize(
    ("came", "done"),
    [('[link "Two"] [link "rust"]', "rust"), ('[link "Two"] [link "rest"]', "Two")],
    ids=["what the task names", "something else"],
)
def test_what_the_task_names_is_acted_on_where_it_comes_into_sight(came: str, done: str) -> None:
    replies = ['ACTION: click [link "One"]\nACTION: click [link "Two"]', 'ACTION: click [link "rust"]']
    agent = LanguageAgent(Scripted(replies), WebActions(), "A page.", Acting(actions=4))
    task = asked(instruction='Find and click "rust".')
    start = Observation(text='[link "One"] [link "Two"]', key="a", state="a")
    first = agent.act(task, start, [])
    after = Observation(text=came, key="b", state="a")
    second = agent.act(task, start, [Step(thought="", action=first.action, observation=after)])
    assert second.action.arguments == {"element": f'link "{done}"'}


@pytest.mark.parametrize(("after", "may"), [("a", False), ("b", True)], ids=["nothing came of it", "it did"])
def test_a_key_that_did_nothing_is_not_pressed_again(after: str, may: bool) -> None:
    forms: list[dict[str, Any]] = []

    def answer(request: Request) -> str:
        forms.append(request.json_schema or {})
        return 'ACTION: click [link "b.txt"]'

    start = Observation(text='[link "b.txt"]', key="a", state="a")
    enter = Action(tool="press", arguments={"key": "Enter"})
    steps = [Step(thought="", action=enter, observation=start.model_copy(update={"key": after}))]
    LanguageAgent(Scripted(answer), WebActions(), "A page.", Acting()).act(
        asked(instruction="Send it."), start, steps
    )
    assert bool(re.search(forms[0]["pattern"], "ACTION: press Enter")) == may


@pytest.mark.parametrize("ends", [True, False], ids=["the agent ends a task", "the page does"])
def test_who_does_the_same_again_is_told_of_a_stop_only_where_there_is_one(ends: bool) -> None:
    class Actions(WebActions):
        stops = ends

    told: list[str] = []

    def answer(request: Request) -> str:
        told.append(request.messages[-1].content)
        return 'ACTION: click [link "One"]' if len(told) == 1 else 'ACTION: click [link "Two"]'

    start = Observation(text='[link "One"] [link "Two"]', key="a", state="a")
    one = Action(tool="click", arguments={"element": 'link "One"'})
    after = start.model_copy(update={"key": "b", "state": "b"})
    steps = [Step(thought="", action=one, observation=after)]
    LanguageAgent(Scripted(answer), Actions(), "A page.", Acting()).act(
        asked(instruction="Open both."), start, steps
    )
    assert "You did exactly this just now" in told[1] and ("stop" in told[1]) == ends
