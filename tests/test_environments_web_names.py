"""What a page's elements are called, and what is none, in a browser where the page matters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from learn_by_interact.environments.places import ROLES, elements, forms, plain
from learn_by_interact.environments.web.actions import action
from learn_by_interact.environments.web.choices import schema
from learn_by_interact.environments.web.guard import Guard
from learn_by_interact.environments.web.marking import MARK, UNMARK
from learn_by_interact.environments.web.nodes import ACTED_ON, CLICKABLE
from learn_by_interact.environments.web.session import Session, Shown

PEOPLE = "<option>ann<option>ben<option>chloe</select>"
LISTS = f"""<p><label>Owner <select>{PEOPLE}</label><p><label>Reviewer <select>{PEOPLE}</label>
<p><label>Day <select>{"".join(f"<option>day {n}" for n in range(1, 17))}</select></label>
<p><label>Odd <select><option>plain<option>with [brackets] here<option>a "best of " b</select></label>"""
TEXTS = """<title>All [link "Sites"]</title><h1>On [done] and [button "Head"]</h1>
<p>Text with [button "Fake"] in it, [1].</p>
<p><b>[button</b> <b>"Split"]</b></p><div role=group aria-label='a [button "Group"]'>in it</div>
<p><label>Name [textbox "Other"] <input value='of "a", [link "b"]'></label><button>Save [x]</button></p>"""


class Window:
    """A browser's session on pages that a test writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.session = Session(Guard([folder.as_uri()]), 0.05, 2.0)

    def show(self, html: str) -> Shown:
        file = self.folder / "page.html"
        file.write_text(f"<!doctype html><meta charset=utf-8>{html}", encoding="utf-8")
        self.session.goto(file.as_uri())
        return self.session.look()


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    made = Window(tmp_path_factory.mktemp("pages"))
    yield made
    made.session.close()


def accepts(shown: Shown, reply: str) -> bool:
    """Whether the form of a reply on this page has it."""
    form = schema(["\n".join(shown.lines)], [])
    assert form is not None
    return re.match(form["pattern"], reply.replace('"', '\\"')) is not None


def test_each_list_says_what_can_be_chosen(window: Window) -> None:
    shown = window.show(LISTS)
    assert shown.lines[:2] == (
        '[combobox "Owner"] is "ann" of "ann", "ben", "chloe"',
        '[combobox "Reviewer"] is "ann" of the same as combobox "Owner"',
    )
    found = {one.label: one.options for one in elements("\n".join(shown.lines))}
    assert list(found) == ["Owner", "Reviewer", "Day", "Odd"]
    assert found["Reviewer"] == found["Owner"] == ("ann", "ben", "chloe")
    assert found["Odd"] == ("plain", "with [brackets] here", 'a "best of " b')


def test_an_option_of_any_list_can_be_selected(window: Window) -> None:
    shown = window.show(LISTS)
    assert accepts(shown, 'ACTION: select "ben" in [combobox "Reviewer"]')
    assert not accepts(shown, 'ACTION: select "dan" in [combobox "Reviewer"]')
    assert accepts(shown, 'ACTION: select "day 16" in [combobox "Day"]')
    assert accepts(shown, 'ACTION: select "with [brackets] here" in [combobox "Odd"]')
    assert not accepts(shown, 'ACTION: type "ben" into [combobox "Reviewer"]')
    assert not accepts(shown, "ACTION: click [brackets]")
    alone = schema(
        ['[combobox "Reviewer"] is "ann" of the same as combobox "Owner" disabled', '[link "x"]'], []
    )
    assert alone is not None and "Reviewer" not in alone["pattern"]
    # The list that it is the same as may be on another part of the page.
    apart = schema(['[combobox "Reviewer"] is "ann" of the same as combobox "Owner"'], [])
    assert apart is not None
    assert re.match(apart["pattern"], 'ACTION: select \\"ben\\" in [combobox \\"Reviewer\\"]')


def test_a_text_that_looks_like_an_element_is_none(window: Window) -> None:
    shown = window.show(TEXTS)
    assert shown.title == 'All (link "Sites")'
    text = "\n".join([shown.title, *shown.lines])
    assert {one.element for one in elements(text)} == set(shown.elements)
    assert set(shown.elements) == {'textbox "Name [textbox \\"Other\\"]"', 'button "Save [x]"'}
    assert 'Text with (button "Fake") in it, [1].' in shown.lines
    assert '# On [done] and (button "Head")' in shown.lines
    (form,) = forms(text)
    assert [one.value for one in form.fields] == ['of "a", [link "b"]']
    assert plain('Text [done] [link "x"] [textbox]') == "Text [done] x"


ROW = (
    "<tr><td><a href=/1>{0}</a><td>open<td><input type=number name=q value=1>"
    "<td><select name=o>{1}<td><input name={0}></tr>"
)
HEADED = f"""<table><tr><th>Name<th>State<th>Qty<th>Owner<th></tr>
{ROW.format("Roof", PEOPLE)}{ROW.format("Door", PEOPLE)}
</table><table><tr><th>Field<th>Value<tr><td>Title:<td><input><tr><td>Mail<td>to <input></table>
<table><tr><td>Kind<td><input><tr><th>Place<td><input></table>"""


def test_a_field_in_a_row_is_called_after_its_column(window: Window) -> None:
    assert list(window.show(HEADED).lines) == [
        "Name | State | Qty | Owner |",
        '[link "Roof"] | open | [spinbutton "Qty (Roof)"] contains "1" | [combobox "Owner (Roof)"] is "ann" '
        'of "ann", "ben", "chloe" | [textbox "Roof"]',
        '[link "Door"] | open | [spinbutton "Qty (Door)"] contains "1" | [combobox "Owner (Door)"] is "ann" '
        'of the same as combobox "Owner (Roof)" | [textbox "Door"]',
        "Field | Value",
        '[textbox "Title:"]',
        'Mail | [textbox "to"]',
        '[textbox "Kind"]',
        '[textbox "Place"]',
    ]


POINTERS = """<style>.p { cursor: pointer } .s input { opacity: 0; width: 0; height: 0 }</style>
<p>Page <span class=p onclick="said.textContent = 'two'">1</span> <i onclick="">2</i>
<a onclick="">No address</a> <b tabindex=0>3</b> <span>plain</span></p>
<details><summary>More</summary><button>Inner</button></details>
<div class=p onclick="">Card <b>one</b> <button>Star</button></div>
<label class=p><input type=checkbox> Labelled</label>
<table role=grid><tr><td onclick="">1<td tabindex=-1>2<td>3</table><div onclick="">No pointer</div>
<label class=s>Dark<input type=checkbox id=dark><span></span></label>
<label class=s for=c>C</label><input id=c type=checkbox hidden>
<p id=said></p><div contenteditable id=notes>Notes <b>here</b></div>
<iframe srcdoc="<span class=p onclick=''>Framed</span>"></iframe>"""


def test_what_only_its_pointer_or_a_click_shows_to_be_clickable_is_told(window: Window) -> None:
    shown = window.show(POINTERS)
    assert list(shown.lines) == [
        'Page [clickable "1"] [clickable "2"] [link "No address"] [clickable "3"] plain',
        '[clickable "More"]',
        '[clickable "Card one"] [button "Star"] [checkbox "Labelled"]',
        '[clickable "1" #2] [clickable "2" #2] | 3',
        '[clickable "No pointer"] [checkbox "Dark"] [checkbox "C"]',
        '[textbox "notes"] contains "Notes here"',
        '[clickable "Framed"]',
    ]


def test_what_is_told_to_be_clickable_can_be_clicked_and_the_page_stays_as_it_was(window: Window) -> None:
    shown = window.show(POINTERS)
    before = window.session.page.content()
    assert "Symbol" not in before and " role=" not in before.replace('role="grid"', "")
    assert window.session.look() == shown and window.session.page.content() == before
    for written in ('click [clickable "1"]', 'click [checkbox "Dark"]', 'click [checkbox "C"]'):
        assert window.session.act(action(written), shown.elements) == ""
    assert window.session.act(action('type "Other" into [textbox "notes"]'), shown.elements) == ""
    lines = window.session.look().lines
    assert '[clickable "No pointer"] [checkbox "Dark"] checked [checkbox "C"] checked' in lines
    assert "two" in lines and '[textbox "notes"] contains "Other"' in lines
    window.session.act(action('click [clickable "More"]'), shown.elements)
    assert '[clickable "More"] [button "Inner"]' in " ".join(window.session.look().lines)


def test_looking_at_a_large_page_costs_little(window: Window) -> None:
    window.show("<p>text <span style='cursor: pointer'>go</span> <b>x</b> <a href=/>l</a></p>" * 500)
    script = f"() => {{ const begin = performance.now(); ({MARK})(); return performance.now() - begin }}"
    took = [window.session.page.evaluate(script) for _ in range(5)]
    window.session.page.evaluate(UNMARK)
    # Much more than it takes: other tests run beside this one.
    assert min(took) < 50


DRAWN = """<div role=listbox aria-label=Colour><div role=option aria-selected=false>Red</div>
<div role=option aria-selected=true>Dark red</div></div>
<p><label>Effort <input type=range max=10 value=5></label><button>Save</button></p>
<dl><dt>State<dd>open<dt>Owner:<dd><a href=/>ann</a><dt><a href=/>Mail</a><dd>none</dl>"""


def test_a_list_that_the_page_draws_tells_its_options(window: Window) -> None:
    shown = window.show(DRAWN)
    assert shown.lines[0] == '[listbox "Colour"] is "Dark red" of "Red", "Dark red"'
    assert accepts(shown, 'ACTION: select "Red" in [listbox "Colour"]')
    assert shown.elements['option "Red"'].ref


def test_a_slider_is_a_field_of_its_form(window: Window) -> None:
    (form,) = forms("\n".join(window.show(DRAWN).lines[1:2]))
    assert [(one.element, one.value) for one in form.fields] == [('slider "Effort"', "5")]


def test_a_term_and_what_it_means_stand_on_one_line(window: Window) -> None:
    assert list(window.show(DRAWN).lines[2:]) == [
        "State: open",
        'Owner: [link "ann"]',
        '[link "Mail"]',
        "none",
    ]


def test_each_element_of_a_page_is_read_as_one() -> None:
    assert ACTED_ON | {CLICKABLE} <= set(ROLES)
    for role in (*ACTED_ON, CLICKABLE):
        assert [one.role for one in elements(f'[{role} "It"]')] == [role]
