"""The agent on a screen: when it may stop, and what its replies may be."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from learn_by_interact.agents.agent import Acting, Fixed, Hit, LanguageAgent
from learn_by_interact.environments.web.actions import WebActions
from learn_by_interact.environments.web.choices import AS_BEFORE
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
    ("name", "failed", "state", "element", "asks", "may"),
    [
        ("local/small", True, "b", "link", "Rename it.", False),
        ("local/small", False, "b", "radio", "Rename it.", True),
        ("local/small", False, "a", "radio", "Rename it.", False),
        ("local/small", False, "a", "link", "Rename it.", True),
        ("local/small", False, "a", "radio", "Show it.", True),
        ("local/small", True, "a", "link", "Which note is there?", True),
        ("openai/large", True, "a", "radio", "Rename it.", True),
    ],
)
def test_a_small_model_does_not_give_up_on_a_screen_where_something_failed_or_a_form_was_not_sent(
    name: str, failed: bool, state: str, element: str, asks: str, may: bool
) -> None:
    forms: list[dict[str, Any]] = []

    def answer(request: Request) -> str:
        forms.append(request.json_schema or {})
        return 'ACTION: click [link "b.txt"]'

    seen = Observation(text='[link "b.txt"]', key="a", state=state, failed=failed)
    click = Action(tool="click", arguments={"element": f'{element} "c.txt"'})
    steps = [Step(thought="", action=click, observation=seen)]
    agent = LanguageAgent(Scripted(answer, name=name), WebActions(), "A page.", Acting())
    agent.act(asked(instruction=asks), seen.model_copy(update={"failed": False, "state": "a"}), steps)
    assert bool(re.search(forms[0]["pattern"], "ACTION: stop")) == may


@pytest.mark.parametrize(("name", "last"), [("local/small", "Name:"), ("openai/large", "Search:")])
def test_a_small_model_reads_last_what_only_this_page_has(name: str, last: str) -> None:
    page = (
        'URL: /new\nTitle: New\n# New\n[textbox "Name:"]\nAs on the first page:\n[textbox "Search:"]\n- Help'
    )
    seen = Observation(text=page, key="a")
    click = Step(thought="", action=Action(tool="click", arguments={"element": 'link "b"'}), observation=seen)
    agent = LanguageAgent(Scripted([], name=name), WebActions(), "A page.", Acting())
    *_, start, _, step = [one.content for one in agent.messages(asked(), seen, [click])]
    for text in (start, step):
        assert max(("Name:", "Search:"), key=text.rindex) == last
        assert text.index("Title: New") < min(map(text.index, ("Name:", "Search:")))
        assert sorted(page.split("\n")) == sorted(set(text.split("\n")) & set(page.split("\n")))


def test_what_was_planned_for_a_page_that_was_not_seen_is_asked_again_unless_it_was_told() -> None:
    plan = ['click [link "Edit"]', 'type "b" into [textbox "Search:"]', 'click [button "Save"]', "stop"]
    begin = Observation(text='URL: /\n[link "Edit"] [textbox "Search:"]', key="a", state="a")
    form = Observation(
        text='URL: /edit\n[textbox "Name:"] [button "Save"]\n[textbox "Search:"]', key="b", state="b"
    )
    typed = Observation(text=f'Changed on this page:\n+ [link "x"]\n{AS_BEFORE}', key="c", state="c")

    def asks(told: str, *seen: Observation, plan: list[str] = plan) -> int:
        """How often the model is asked, which answers with the plan first."""
        asked_for: list[Request] = []

        def answer(request: Request) -> str:
            asked_for.append(request)
            text = "\n".join(f"ACTION: {one}" for one in plan)
            return json.dumps(text if len(asked_for) == 1 else 'ACTION: click [link "x"]')

        agent = LanguageAgent(
            Scripted(answer), WebActions(), "A page.", Acting(actions=4), Fixed([Hit(id="h", text=told)])
        )
        steps: list[Step] = []
        decision = agent.act(asked(instruction="Rename it."), begin, steps)
        for observation in seen:
            steps.append(Step(thought="", action=decision.action, observation=observation))
            decision = agent.act(asked(instruction="Rename it."), begin, steps)
        return len(asked_for)

    assert asks("", form) == 2, "the field is on every page"
    assert asks('ACTION: type "a" into [textbox "Search:"]', form) == 1, "so it was done before"
    assert asks("", begin.model_copy(update={"text": typed.text})) == 1, "the page is the one that was seen"
    told = 'ACTION: type "a" into [textbox "Search:"]\nACTION: click [button "Save"]'
    assert asks(told, form, typed) == 1 and asks(told.split("\n")[0], form, typed) == 2
    assert asks(told, form, plan=[plan[0], 'click [button "Send"]', "stop"]) == 2, "it is not there"
    for options, option, often in (
        ('"up", "down"', "left", 2),
        ('"up", "down"', "Up", 1),
        ('"up" and 9 more', "left", 1),
    ):
        listed = form.model_copy(update={"text": f'URL: /edit\n[combobox "Way"] is "down" of {options}'})
        chosen = f'select "{option}" in [combobox "Way"]'
        assert asks(f"ACTION: {chosen}", listed, plan=[plan[0], chosen, "stop"]) == often, chosen


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
