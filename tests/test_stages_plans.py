"""Plans: which page and form a task is about, and what a reply makes of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import pytest

from learn_by_interact.agents.rollout import Decision
from learn_by_interact.environments.places import Field, Form, Place, forms
from learn_by_interact.environments.web.actions import WebActions
from learn_by_interact.errors import EnvironmentFault
from learn_by_interact.stages.explore import Begun, planned
from learn_by_interact.stages.plans import Plan, on_items, plans
from learn_by_interact.types import STOP, Document, Observation, Step, Task

SUMMARY = Field(element='textbox "Summary:"', role="textbox", label="Summary:")
KIND = Field(
    element='combobox "Type:"', role="combobox", label="Type:", options=("defect", "task"), value="defect"
)
MINE = Field(element='checkbox "Mine"', role="checkbox", label="Mine")
CREATE = Field(element='button "Create"', role="button", label="Create")
NEW = Place(
    path=('click [link "New Ticket"]',),
    title="New ticket",
    text="# New ticket",
    forms=(Form(fields=(SUMMARY, KIND, MINE), buttons=(CREATE,)),),
)
LIST = Place(
    path=("goto /report",),
    title="Active tickets",
    text="# Report\n1 | Printer on fire | ann\n2 | Slow, again | ben",
)
WIKI = Place(
    path=(),
    title="Wiki",
    text="# Wiki start",
    forms=(
        Form(fields=(), buttons=(Field(element='button "Delete page"', role="button", label="Delete page"),)),
    ),
)
PLACES = (WIKI, LIST, NEW)


def document(title: str, text: str) -> Document:
    return Document(source="manual", title=title, text=text, begin=1, end=2)


CREATING = document(
    "Ticket fields", "A new ticket has a summary and a type. Create it when all is filled in."
)


def of(*fields: Field) -> Plan:
    return Plan(place=NEW, fields=fields, buttons=(CREATE,))


def first(section: Document) -> Place:
    return plans(section, PLACES, 1, 0)[0].place


def test_a_section_goes_to_the_pages_that_share_its_words() -> None:
    assert first(CREATING) is NEW
    assert first(document("Deleting a wiki page", "Press delete.")) is WIKI
    assert first(document("Reports", "A report lists active tickets.")) is LIST


def test_each_field_gets_its_task_with_the_first_that_is_empty() -> None:
    found = plans(CREATING, PLACES, 8, 0)
    together = {tuple(field.label for field in plan.fields) for plan in found if plan.place is NEW}
    assert together == {("Summary:",), ("Summary:", "Type:"), ("Summary:", "Mine")}
    assert {plan.place.title for plan in found} == {"New ticket", "Active tickets"}
    assert plans(CREATING, PLACES, 2, 0) != plans(CREATING, PLACES, 2, 1), "a later round goes on"
    assert plans(CREATING, (), 8, 0) == []


def test_of_a_search_each_field_is_filled_in_alone_but_what_is_ticked() -> None:
    search = CREATE.model_copy(update={"element": 'button "Search"', "label": "Search"})
    place = NEW.model_copy(update={"forms": (Form(fields=(SUMMARY, KIND, MINE), buttons=(search,)),)})
    found = {tuple(field.label for field in plan.fields) for plan in plans(CREATING, (place,), 8, 0)}
    assert found == {("Summary:",), ("Type:",), ("Summary:", "Mine")}


def test_what_is_done_with_a_row_is_done_with_one_and_no_file_is_chosen() -> None:
    text = "".join(f'Row {row} [button "Retire ({row})"]\n' for row in ("ann", "ben", "cleo"))
    text += '[textbox "File"] [button "Choose File"] [button "Send"]\n'
    place = NEW.model_copy(update={"forms": forms(text)})
    found = plans(document("Users", "A new user, a file."), (place,), 8, 0)
    labels = [one.label for plan in found for one in plan.buttons]
    assert list(dict.fromkeys(labels)) == ["Send", "Retire (ann)"]


def test_what_can_be_done_is_dealt_out_to_all_sections() -> None:
    again = CREATING.model_copy(update={"title": "Fields of a ticket", "begin": 3})
    wiki = document("Deleting a wiki page", "Press delete.").model_copy(update={"begin": 5})
    every = (CREATING, again, wiki)
    dealt = [plans(one, PLACES, 2, 0, [other for other in every if other is not one]) for one in every]
    flat = [plan.key for some in dealt for plan in some]
    assert len(set(flat)) == 5, "three fields, one question, one button"
    assert len(flat) == 6, "what is entered is entered once more"
    assert [plan.place for plan in dealt[2]] == [WIKI]


def test_what_a_choice_opens_is_done_there_and_nothing_else() -> None:
    hand = Field(element='radio "hand over"', role="radio", label="hand over")
    to = Field(element='combobox "to"', role="combobox", label="to", options=("ann", "ben"))
    send = Field(element='button "Send"', role="button", label="Send")
    before = Place(
        path=("goto /1",), title="A", text="# A", forms=(Form(fields=(hand, KIND), buttons=(send,)),)
    )
    opened = Place(
        path=("goto /1", 'click [radio "hand over"]'),
        title="A",
        text="# A 2",
        forms=(Form(fields=(hand, KIND, to), buttons=(send,)),),
    )
    found = plans(document("Hand a type over", "To whom?"), (before, opened), 9, 0)
    assert {(plan.place.text, plan.fields) for plan in found} == {("# A", (KIND,)), ("# A 2", (to,))}
    (todo,) = {plan.read({"values": {"to": "ben"}, "press": "Send", "task": "Hand it to ben."})[1]
               for plan in found if plan.fields == (to,)}  # fmt: skip
    assert todo[1:] == (
        'click [radio "hand over"]',
        'select "ben" in [combobox "to"]',
        'click [button "Send"]',
    )


class Tickets:
    """Three tickets, of which the second is closed."""

    def another(self, place: Place, begin: str) -> Place:
        if begin == "goto /4":
            raise EnvironmentFault("It was deleted.")
        kind = KIND.model_copy(update={"value": "task"})
        form = Form(fields=() if begin == "goto /2" else (kind,), buttons=(CREATE,))
        return Place(path=(begin,), title=f"Ticket {begin[-1]}", text=begin, forms=(form,))


ONE = Place(
    path=("goto /1",),
    title="Ticket 1",
    text="# One",
    forms=(Form(fields=(KIND,), buttons=(CREATE,)),),
    alike=("goto /2", "goto /3", "goto /4"),
)


def test_plans_on_one_of_many_items_go_to_one_after_the_other() -> None:
    plan = Plan(place=ONE, fields=(KIND,), buttons=(CREATE,))
    found = [on_items([plan], Tickets(), str(seed)) for seed in range(40)]
    assert {some.place.path for (some,) in found} == {("goto /1",), ("goto /3",)}, "one is closed, one gone"
    moved = next(some for (some,) in found if some.place.path == ("goto /3",))
    assert moved.fields[0].value == "task", "what is there now is what the other ticket holds"
    assert on_items([of(KIND)], Tickets(), "0") == [of(KIND)]


def test_of_what_there_are_many_more_is_dealt_out() -> None:
    fields = tuple(
        Field(element=f'textbox "{name}:"', role="textbox", label=f"{name}:", value="held")
        for name in ("Ink", "Jar", "Kit", "Lid", "Mat", "Net", "Oar", "Pen")
    )
    ticket = ONE.model_copy(update={"forms": (Form(fields=fields, buttons=(CREATE,)),)})
    settings = ticket.model_copy(update={"path": ("goto /settings",), "title": "Settings", "alike": ()})
    section = document("Working here", "With a ticket, and with your settings.")
    found = Counter(plan.place.title for plan in plans(section, (settings, ticket), 8, 0))
    assert found["Ticket 1"] > found["Settings"] > 0


def test_where_an_episode_begins_is_dealt_out_before_each_of_many_menus() -> None:
    cells = tuple(Field(element=f'cell "{c}1"', role="textbox", label=f"cell {c}1") for c in "ABCDE")
    window = Place(path=(), title="staff", text="staff", forms=(Form(fields=cells, buttons=()),))
    names = [f"Sheet > Part {one}" for one in ("Ink", "Jar", "Kit", "Lid", "Mat", "Net", "Oar", "Pen", "Rug")]
    items = [Field(element=f'menuitem "{one}"', role="menuitem", label=one) for one in names]
    menus = [
        Place(path=(f"open {one.label}",), title=one.label, text="", forms=(Form(fields=(), buttons=(one,)),))
        for one in items
    ]
    told = [document("Sheet parts", f"Choose a sheet and a part: {one}, and a cell.") for one in "abcd"]
    every = [
        one for at in range(4) for one in plans(told[at], (window, *menus), 2, 0, told[:at] + told[at + 1 :])
    ]
    written = [one.fields[-1].label for one in every if one.fields]
    assert len(every) == 8 and len(set(written)) == len(written) == 2, "one in four"


def test_a_label_is_told_without_its_advice() -> None:
    text = Field(element='textbox "Text: You may use it."', role="textbox", label="Text: You may use it.")
    plan = of(text)
    assert '"Text:"' in plan.line and list(plan.form()["properties"]["values"]["properties"]) == ["Text:"]
    told = plan.read({"values": {"Text:": "x"}, "press": "Create", "task": "Write x."})[1]
    assert told[1] == 'type "x" into [textbox "Text: You may use it."]'


def test_a_reply_becomes_a_session_of_actions() -> None:
    told, todo = of(SUMMARY, KIND, MINE).read(
        {
            "values": {"Summary:": 'It "burns"', "Type:": "task"},
            "press": "Create",
            "task": "Create a\n ticket.",
        }
    )
    assert told == "Create a ticket."
    assert todo == (
        'click [link "New Ticket"]', 'type "It \\"burns\\"" into [textbox "Summary:"]',
        'select "task" in [combobox "Type:"]', 'click [checkbox "Mine"]', 'click [button "Create"]',
    )  # fmt: skip
    actions = planned(WebActions(), "\n".join(todo))
    assert [action.tool for _, action in actions] == ["click", "type", "select", "click", "click"]
    assert actions[1][1].arguments["text"] == 'It "burns"'


@pytest.mark.parametrize(
    "reply",
    [
        None,
        "press Create",
        {"values": {"Summary:": " "}, "press": "Create", "task": "Create a ticket."},
        {"values": {"Summary:": "x"}, "press": "Delete", "task": "Create a ticket."},
        {"values": ["x"], "press": "Create", "task": "Create a ticket."},
        {"values": {"Summary:": "x"}, "press": "Create", "task": ""},
    ],
)
def test_a_reply_that_cannot_be_done_is_no_task(reply: object) -> None:
    assert of(SUMMARY).read(reply) == ("", ())


def test_a_choice_that_is_there_already_is_no_change() -> None:
    reply = {"values": {"Type:": "defect"}, "press": "Create", "task": "Make a defect."}
    assert of(KIND).read(reply) == ("", ())
    assert of(KIND).form()["properties"]["values"]["properties"]["Type:"]["enum"] == ["task"]


def test_an_answer_must_stand_on_the_page() -> None:
    ask = Plan(place=LIST)
    assert ask.read({"answer": "slow again", "task": "Find the second."})[1] == (
        "goto /report",
        "stop slow again",
    )
    for wrong in ("Printer in water", "an", "", "?"):
        assert ask.read({"answer": wrong, "task": "Find it."}) == ("", ())
    (_, (_, stop)) = planned(WebActions(), "goto /report\nstop slow again")
    assert (stop.tool, stop.arguments["answer"]) == (STOP, "slow again")


def test_a_button_that_leads_on_is_no_task_and_one_of_several_alike_is_enough() -> None:
    confirm = Place(path=('click [button "Delete page"]',), title="Delete?", text="Really?", forms=WIKI.forms)
    again = Field(element='button "Delete page" #2', role="button", label="Delete page")
    wiki = WIKI.model_copy(update={"forms": (*WIKI.forms, Form(fields=(), buttons=(again,)))})
    found = plans(document("Deleting a wiki page", "Delete a page."), (wiki, confirm), 9, 0)
    assert {plan.place.title for plan in found} == {"Delete?"}
    alone = plans(document("Deleting a wiki page", "Delete a page."), (wiki,), 9, 0)
    assert {plan.buttons[0].element for plan in alone} == {'button "Delete page"'}


class Lost:
    """An agent that knows one action."""

    name = "lost"

    def act(self, task: Task, start: Observation, steps: Sequence[Step]) -> Decision:
        return Decision(thought="", action=WebActions().parse("ACTION: back")[1])


@pytest.mark.parametrize(("settle", "then"), [(True, STOP), (False, "back")])
def test_a_plan_that_failed_on_a_page_is_not_gone_on_with_where_exploration_settles(
    settle: bool, then: str
) -> None:
    agent = Begun(Lost(), WebActions(), 'click [button "Go"]\ngoto /', settle)
    task, start = Task(environment="e", instruction="Go."), Observation(text="", state="a", key="a")
    first = agent.act(task, start, [])
    assert first.action.tool == "click"
    failed = Observation(text="There is no [button].", state="a", key="b", failed=True)
    step = Step(thought="", action=first.action, observation=failed)
    assert agent.act(task, start, [step]).action.tool == then


def test_what_cannot_be_read_ends_a_plan() -> None:
    assert [action.tool for _, action in planned(WebActions(), "back\n\nfly away\nback")] == ["back"]


def test_patterns_of_a_reply_take_what_is_meant() -> None:
    press = Plan(place=WIKI, buttons=WIKI.forms[0].buttons)
    assert re.match(press.form()["properties"]["task"]["pattern"], "Delete the page about old cameras.")
    assert press.read({"task": "Delete the page."})[1] == ('click [button "Delete page"]',)
    assert 'Press "Delete page"' in press.line
