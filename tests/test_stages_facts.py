"""What a page tells: labelled cells, what fields hold, and the cells of a table."""

from __future__ import annotations

import re
from typing import Any

from learn_by_interact.environments.places import Field, Form, Place, forms
from learn_by_interact.environments.web.actions import WebActions
from learn_by_interact.stages.explore import planned
from learn_by_interact.stages.facts import facts
from learn_by_interact.stages.plans import Plan, plans
from learn_by_interact.types import STOP, Document

TICKET = """\
# Import stops at the first damaged file
Reported by: | [link "emil"] | Owned by: | [link "ben"]
Priority: | [combobox "Priority:"] is "blocker" of "blocker", "minor" | Cc: |
Milestone: | Version: | [link "1.1"]
Due: 2024-08-30
Note: See the manual for help.
Team: who does what
Modified: 3 days ago
Status: | new → accepted"""
REPORT = """\
[link "Ticket"] | [link "Summary"] | [link "Owner"] | [link "Created"] | Mark | Do
critical
[link "#17"] | [link "Import stops"] | ben | 2 days ago | [checkbox "#17"] | [link "Open (Import stops)"]
[link "#8"] | [link "Thumbs \\"vanish\\""] | [link "ann (Thumbs)"] | | [checkbox "#8"] | [link "Open (Th...)"]
wish
[link "#9"] | [link "Undo more"] | | just now | [checkbox "#9"] | [link "Open (Undo more)"]"""


def place(text: str, title: str = "Report", **more: Any) -> Place:
    return Place.model_validate(
        {"path": ("goto /a",), "title": title, "text": text, "forms": forms(text), **more}
    )


def told(text: str, alike: tuple[str, ...] = ()) -> set[tuple[str, str, str]]:
    return {(one.subject, one.name, one.value) for one in facts(place(text, alike=alike))}


def test_labelled_cells_and_lines_are_facts_of_the_page() -> None:
    known = {
        ("", "Reported by", "emil"),
        ("", "Owned by", "ben"),
        ("", "Version", "1.1"),
        ("", "Due", "2024-08-30"),
    }
    assert told(TICKET) == known, "no field, no change, no age, and nothing that is empty"


def test_what_the_fields_of_an_item_hold_is_a_fact_and_of_a_new_one_it_is_not() -> None:
    text = '[combobox "Priority:"] is "bug" of "- none -", "bug" [combobox "Owner"] is "- none -" of "ann"'
    text += ' [textbox "Title"] contains "Rust" [textbox "Max items per page"] contains "9" [button "Save"]'
    assert told(text) == set()
    assert told(text, alike=("goto /b",)) == {("", "Priority", "bug"), ("", "Title", "Rust")}


def test_a_cell_of_each_column_is_a_fact_of_its_row() -> None:
    found = told(REPORT)
    assert {name for _, name, _ in found} == {"Ticket", "Owner"}, "no ages, and nothing that is to be ticked"
    rows = {"Import stops": ("17", "ben"), 'Thumbs "vanish"': ("8", "ann"), "Undo more": ("9", "")}
    assert all(value in rows[subject] for subject, _, value in found)
    assert told("Name | Age | Town\nAnn | 3 | Rome") == set(), "one row is no table"


def test_a_question_is_asked_with_its_answer_known() -> None:
    section = Document(source="manual", title="Tickets", text="A ticket has a reporter.", begin=1, end=2)
    found = [plan for plan in plans(section, (place(TICKET, "Ticket"),), 8, 0) if plan.asked]
    names = {plan.asked.name for plan in found if plan.asked}
    assert "Owned by" in names and names < {"Reported by", "Owned by", "Version", "Due"}
    ask = next(plan for plan in found if plan.asked and plan.asked.name == "Owned by")
    pattern = ask.form()["properties"]["task"]["pattern"]
    assert 'A question for "Owned by" of "Ticket"' in ask.line and '"ben"' in ask.line
    assert re.search(pattern, "Who is the owner of ticket 17?")
    for other in ("Find out who owns it.", "When viewing ticket 17, find its owner?", "What to do?"):
        assert not re.search(pattern, other)
    read, todo = ask.read({"task": "Who owns ticket 17?"})
    assert (read, todo) == ("Who owns ticket 17?", ("goto /a", "stop ben"))
    assert ask.read({"task": "What is the version of ticket 17?"}) == ("", ()), "that is another question"
    (_, (_, stop)) = planned(WebActions(), "\n".join(todo))
    assert (stop.tool, stop.arguments["answer"]) == (STOP, "ben")


def test_of_another_item_it_is_asked_with_that_items_answer() -> None:
    ask = next(Plan(place=place(TICKET), asked=one) for one in facts(place(TICKET)) if one.name == "Owned by")
    moved = ask.moved(place(TICKET.replace("ben", "chloe")))
    assert moved is not None and moved.asked is not None and moved.asked.value == "chloe"
    assert ask.moved(place("Owned by: |")) is None


def test_questions_are_asked_beside_what_changes_something() -> None:
    fields = tuple(
        Field(element=f'textbox "{one}"', role="textbox", label=one) for one in ("A", "B", "C", "D")
    )
    save = Field(element='button "Save"', role="button", label="Save")
    item = place(TICKET, "Ticket", forms=(Form(fields=fields, buttons=(save,)),))
    section = Document(source="manual", title="Ticket", text="A ticket.", begin=1, end=2)
    other = section.model_copy(update={"title": "Tickets", "begin": 3})
    without = item.model_copy(update={"text": "Nothing"})
    for number, asked in ((3, 1), (6, 2)):
        found = plans(section, (item,), number, 0)
        assert [plan for plan in found if not plan.asked] == [
            plan.model_copy(update={"place": item}) for plan in plans(section, (without,), number, 0)
        ]
        assert sum(bool(plan.asked) for plan in found) == asked
    names = [
        plan.asked.name
        for turn in (0, 1)
        for one, rest in ((section, other), (other, section))
        for plan in plans(one, (item,), 3, turn, [rest])
        if plan.asked
    ]
    assert len(names) == len(set(names)) == 4, "none is asked twice, by any section or in any round"


def test_what_is_shown_twice_is_asked_where_it_is_nearest() -> None:
    section = Document(source="manual", title="Ticket", text="A ticket.", begin=1, end=2)
    item = place(TICKET, "Ticket")
    form = item.model_copy(update={"path": ("goto /a", 'click [link "Modify"]')})
    for both in ((item, form), (form, item)):
        assert {plan.place.path for plan in plans(section, both, 8, 0) if plan.asked} == {("goto /a",)}
    ticked = item.model_copy(update={"path": ("goto /a", 'click [radio "Close"]')})
    assert not [plan for plan in plans(section, (ticked,), 8, 0) if plan.asked]
