"""How actions on a page are written, read, and matched with what the page has."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import pytest

from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.environments.elements import Refused, find
from learn_by_interact.environments.places import elements
from learn_by_interact.environments.web.acting import key
from learn_by_interact.environments.web.actions import WebActions
from learn_by_interact.environments.web.choices import AS_BEFORE
from learn_by_interact.environments.web.nodes import Node
from learn_by_interact.errors import ParseError
from learn_by_interact.types import STOP, Action

ACTIONS = WebActions()


def act(tool: str, **arguments: str) -> Action:
    return Action(tool=tool, arguments=arguments)


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        ('ACTION: click [link "New Ticket"]', act("click", element='link "New Ticket"')),
        ('click link "New Ticket"', act("click", element='link "New Ticket"')),
        ('ACTION: click("New Ticket")', act("click", element='"New Ticket"')),
        ("ACTION: click [New Ticket]", act("click", element="New Ticket")),
        ('ACTION: click on [link "a ] b" #2]', act("click", element='link "a ] b" #2')),
        ('```\nclick [button "Save"]\n```', act("click", element='button "Save"')),
        (
            'I will save.\n**ACTION:** `click [button "Save"]`\nOUTPUT: saved',
            act("click", element='button "Save"'),
        ),
        (
            'ACTION: type "on fire" into [textbox "Summary:"]',
            act("type", text="on fire", element='textbox "Summary:"'),
        ),
        (
            'ACTION: fill [textbox "Summary:"] "on fire"',
            act("type", text="on fire", element='textbox "Summary:"'),
        ),
        (
            "ACTION: type 'it\\'s' in textbox \"Summary:\"",
            act("type", text="it's", element='textbox "Summary:"'),
        ),
        (
            'ACTION: type textbox "Summary:" = on fire',
            act("type", text="on fire", element='textbox "Summary:"'),
        ),
        ('ACTION: type "two\\nlines" into [textbox]', act("type", text="two\nlines", element="textbox")),
        ('ACTION: type "alone"', act("type", text="alone", element="")),
        (
            'ACTION: type on fire into [textbox "Summary:"]',
            act("type", text="on fire", element='textbox "Summary:"'),
        ),
        (
            'ACTION: select "defect" in [combobox "Type:"]',
            act("select", option="defect", element='combobox "Type:"'),
        ),
        (
            'ACTION: select [combobox "Type:"] to "defect"',
            act("select", option="defect", element='combobox "Type:"'),
        ),
        ("ACTION: press Enter", act("press", key="Enter")),
        ("ACTION: press [Control+a]", act("press", key="Control+a")),
        ('ACTION: press [button "Submit"]', act("click", element='button "Submit"')),
        ('ACTION: press button "Submit"', act("click", element='button "Submit"')),
        ("ACTION: scroll up", act("scroll", direction="up")),
        ("ACTION: go_to /wiki/Start", act("goto", url="/wiki/Start")),
        ("ACTION: go_back", act("back")),
        ("ACTION: new_tab", act("new_tab")),
        ("ACTION: tab 2", act("tab", number="2")),
        ("ACTION: stop", act(STOP, answer="")),
        ("ACTION: stop 42", act(STOP, answer="42")),
        ('ACTION: stop "a\\nb"', act(STOP, answer="a\nb")),
    ],
)
def test_what_models_write_is_read(reply: str, action: Action) -> None:
    assert ACTIONS.parse(reply)[1] == action


@pytest.mark.parametrize(
    "action",
    [
        act("click", element='link "He said \\"go\\" [now]" #3'),
        act("type", text='a "quoted"\ntext \\ with []', element='textbox "Title:"'),
        act("type", text="", element="textbox"),
        act("type", text="loose", element=""),
        act("select", option="a, b", element="listbox"),
        act("press", key="Control+Shift+a"),
        act("hover", element="tab"),
        act("scroll", direction="down"),
        act("goto", url="/a?b=c&d"),
        act("back"),
        act("new_tab", url="/x"),
        act("tab", number="1"),
        act("close_tab"),
        act(STOP, answer=""),
        act(STOP, answer="done"),
        act(STOP, answer='"42"\nlines'),
        act(STOP, answer=" padded "),
    ],
)
@pytest.mark.parametrize("thought", ["", "It is time", 'ACTION: "odd"'])
def test_a_reply_is_read_as_it_was_written(action: Action, thought: str) -> None:
    assert ACTIONS.parse(ACTIONS.reply(thought, action)) == (thought, action)


@pytest.mark.parametrize(
    "reply", ["", "Let me think.", "ACTION: dance", "ACTION: click", 'ACTION: select "x"', "ACTION: goto"]
)
def test_what_is_no_action_is_told_how_to_write_one(reply: str) -> None:
    with pytest.raises(ParseError, match="ACTION: click"):
        ACTIONS.parse(reply)


ELEMENTS = {
    name: Node(name.partition(" ")[0], ref="e1")
    for name in (
        'link "Wiki"',
        'link "Wiki" #2',
        'textbox "Summary:"',
        'button "Create ticket"',
        'link "A long na..."',
    )
}


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('link "Wiki" #2', 'link "Wiki" #2'),
        ('link "Wiki" #1', 'link "Wiki"'),
        ("Wiki", 'link "Wiki"'),
        ('button "Summary"', 'textbox "Summary:"'),
        ("create ticket", 'button "Create ticket"'),
        ("Create", 'button "Create ticket"'),
    ],
)
def test_a_name_that_is_nearly_right_finds_its_element(written: str, name: str) -> None:
    assert find(written, ELEMENTS) is ELEMENTS[name]


def test_a_wrong_name_is_answered_with_what_there_is() -> None:
    with pytest.raises(Refused) as refused:
        find('button "Create task"', ELEMENTS)
    assert str(refused.value).startswith(
        'There is no [button "Create task"] on this page. There is [button "Create ticket"], '
    )
    with pytest.raises(Refused, match="Nothing here can be acted on"):
        find("Save", {})


@pytest.mark.parametrize(
    ("written", "pressed"),
    [("return", "Enter"), ("ctrl+a", "Control+a"), ("down", "ArrowDown"), ("a", "a"), ("+", "+")],
)
def test_keys_have_other_names_too(written: str, pressed: str) -> None:
    assert key(written) == pressed


WHOLE = """URL: /new
Title: New
[link "Home"] [link "About \\"us\\""] [textbox "Title:"] contains "a [b]"
[combobox "Kind:"] is "plain" of "plain", "very urgent"
- [link "Draft"]
[button "Save"] [combobox "City"]"""
BRIEF = f"""URL: /new
Changed on this page:
+ [button "Undo"]
- [link "Draft"]
{AS_BEFORE}"""


def allowed(written: str, seen: Sequence[str] = (WHOLE,), *tried: Action) -> bool:
    form = ACTIONS.form(seen, tried)
    assert form is not None
    reply = json.dumps(f"ACTION: {written}")
    fits = bool(re.search(form["pattern"], reply[1:-1]))
    if fits:
        assert (
            ACTIONS.parse(reply) == ACTIONS.parse(f"ACTION: {written}") == ACTIONS.parse(json.dumps(written))
        )
    return fits


def test_a_reply_can_be_held_to_what_the_page_has() -> None:
    for written in (
        'click [link "Home"]',
        'click [link "About \\"us\\""]',
        'type "On fire" into [textbox "Title:"]',
        'type "Rome" into [combobox "City"]',
        'select "very urgent" in [combobox "Kind:"]',
        "press Enter",
        "goto /ticket/12",
        "back",
        "stop 42",
    ):
        assert allowed(written), written
    assert allowed("stop", [WHOLE, WHOLE]) and not allowed("stop"), "who has done nothing has an answer"
    for written in (
        'click [link "Nowhere"]',
        'type "x" into [combobox "Kind:"]',
        'select "blue" in [combobox "Kind:"]',
        "goto http://example.com",
        "goto /a?b=c",
        "goto /wiki/Start````json.",
        "scroll down",
        "dance",
    ):
        assert not allowed(written), written
    assert allowed("scroll down", [f"{WHOLE}\n(Part 1 of 2 of this page; scroll down for the rest.)"])


def test_any_text_can_be_typed_and_a_field_that_holds_one_emptied() -> None:
    for text in ('say "hi"', "C:\\x", "x" * 400):
        assert allowed(f'type {json.dumps(text)} into [textbox "Title:"]'), text
        assert not allowed(f'select {json.dumps(text)} in [combobox "Kind:"]')
    assert not allowed('type "a\\nb" into [textbox "Title:"]')
    assert not allowed(f'type "{"x" * 401}" into [textbox "Title:"]')
    assert allowed('type "" into [textbox "Title:"]') and not allowed('type "" into [combobox "City"]')
    typed = act("type", text="", element='textbox "Title:"')
    assert not allowed('type "" into [textbox "Title:"]', [WHOLE], typed)


def test_keys_that_edit_are_for_a_field_that_holds_a_text() -> None:
    empty = WHOLE.replace(' contains "a [b]"', "")
    for pressed in ("Control+a", "Backspace"):
        assert allowed(f"press {pressed}") and not allowed(f"press {pressed}", [empty])
        assert not allowed(f"press {pressed}", [WHOLE], act("press", key=pressed)), "it did nothing here"
    assert (
        allowed("press ArrowLeft", [empty]) and not allowed("press Delete") and not allowed("press Controla")
    )


def test_tabs_are_chosen_and_closed_where_there_are_several() -> None:
    seen = [WHOLE.replace("Title: New", "Title: New\nTabs: 1, 2 (this one), 3")]
    assert allowed("tab 1", seen) and allowed("tab 3", seen) and allowed("close_tab", seen)
    assert not allowed("tab 2", seen) and not allowed("tab 4", seen)
    assert not allowed("tab 1") and not allowed("close_tab") and not allowed("close_tab", [*seen, WHOLE])


def test_an_address_has_coded_signs_where_one_is_known_that_has_them() -> None:
    assert not allowed("goto /a%20b")
    assert allowed("goto /a%20b", [WHOLE.replace("/new", "/new%20page")])
    assert not allowed("goto /a%b", [WHOLE.replace("/new", "/new%20page")])


def test_what_changed_is_on_the_page_that_was_seen_before() -> None:
    seen = ['URL: /\n[link "Old"]', WHOLE, BRIEF]
    assert allowed('click [button "Undo"]', seen) and allowed('click [button "Save"]', seen)
    assert allowed('click [link "Draft"]', seen[:2]) and not allowed('click [link "Old"]', seen)
    done = act("click", element='link "Home"')
    assert allowed('click [link "Home"]', seen) and not allowed('click [link "Home"]', seen, done)
    typed = act("type", text="x", element='textbox "Title:"')
    assert not allowed('click [link "Home"]', seen, done, typed)
    assert not allowed('type "y" into [textbox "Title:"]', seen, done, typed)
    assert allowed('type "y" into [combobox "City"]', seen, done, typed)
    enter, down = act("press", key="Enter"), act("press", key="ArrowDown")
    assert not allowed("press Enter", seen, enter, down), "it did nothing here"
    assert allowed("press Tab", seen, enter) and allowed("press ArrowDown", seen, enter, down)
    assert allowed("stop", [WHOLE, WHOLE]) and not allowed("stop", [WHOLE, WHOLE], Action(tool=STOP))
    assert ACTIONS.form(["[an empty page]"], ()) is None and ShellActions().form([WHOLE], ()) is None


def test_what_retrieval_told_of_other_pages_may_be_named_though_it_is_not_here() -> None:
    told = (
        'Page New:\nACTION: click [link "New"]\nThere: [textbox "Name"], [combobox "Size"], [button "Save"]'
    )
    form = ACTIONS.form([WHOLE], (), [told, 'See [this], [wiki](/wiki), [link "Old"].'])
    assert form is not None

    def fits(written: str) -> bool:
        return bool(re.search(form["pattern"], json.dumps(f"ACTION: {written}")[1:-1]))

    for written in (
        'click [link "New"]',
        'type "x" into [textbox "Name"]',
        'select "any" in [combobox "Size"]',
    ):
        assert fits(written) and not allowed(written), written
    assert fits('click [link "Home"]') and not fits("click [this]") and not fits('click [link "Old"]')
    assert fits('select "plain" in [combobox "Kind:"]') and not fits('select "any" in [combobox "Kind:"]')


def test_what_is_disabled_cannot_be_acted_on_before_something_else() -> None:
    page = """URL: /edit
[checkbox "Due:"] [textbox "Due:"] contains "soon" disabled [combobox "To:"] is "1" of "1", "2" disabled
[textbox "Note"] contains "it is disabled" [checkbox "All"] checked disabled
[link "Help"] on what is disabled [combobox "Of"] is "a" of "a", "b" and 12 more disabled
[button "Save"] Disabled fields stay as they are, and a disabled button too."""
    assert allowed('click [checkbox "Due:"]', [page]) and allowed('type "x" into [textbox "Note"]', [page])
    assert allowed('click [button "Save"]', [page]) and allowed('click [link "Help"]', [page])
    for written in (
        'type "x" into [textbox "Due:"]',
        'select "2" in [combobox "To:"]',
        'click [checkbox "All"]',
        'select "b" in [combobox "Of"]',
    ):
        assert not allowed(written, [page]), written
    fields = {field.element for field in elements(page)}
    assert {'textbox "Note"', 'link "Help"'} <= fields and 'checkbox "All"' not in fields
    form = ACTIONS.form([page], (), (), 3)
    reply = json.dumps(
        'ACTION: click [checkbox "Due:"]\nACTION: type "x" into [textbox "Due:"]\nACTION: stop'
    )
    assert form and re.fullmatch(form["pattern"], reply[1:-1])


def test_an_address_has_a_query_only_as_the_page_or_what_was_told_has_one() -> None:
    seen = ["URL: /list?page=2&sort=up\n" + WHOLE.split("\n", 1)[1]]
    form = ACTIONS.form(seen, (), ["Done before:\nACTION: goto /find?q=old+paint"])
    assert form is not None

    def fits(written: str) -> bool:
        return bool(re.fullmatch(form["pattern"], f"ACTION: goto {written}"))

    for address in (
        "/",
        "/list",
        "/list/",
        "/list/1/2",
        "/list?page=13&sort=down",
        "/find?q=%21red",
        "/find?q=",
    ):
        assert fits(address), address
    assert not fits("/list/1/2/3") and not fits("/" + 41 * "a"), "no page is so deep, nor a name so long"
    deep = ACTIONS.form([seen[0].replace("/list", "/a/b/c/d/e")], ())
    assert deep and re.fullmatch(deep["pattern"], "ACTION: goto /a/b/c/d/2")
    for address in ("/list?page=2", "/find?page=2", "/find?q=a&r=b", "/find?q=a b", "/other?q=a"):
        assert not fits(address), address


def test_several_actions_may_go_on_where_the_first_leads() -> None:
    told = 'Page New:\nACTION: click [link "New"]\nThere: [textbox "Name"], [button "Create"]'
    form = ACTIONS.form([WHOLE], [act("click", element='link "Home"')], [told], 3)
    assert form is not None

    def takes(*actions: str) -> bool:
        reply = json.dumps("\n".join(f"ACTION: {one}" for one in actions))
        return bool(re.fullmatch(form["pattern"], reply[1:-1]))

    there = ('type "a" into [textbox "Name"]', 'click [button "Create"]')
    assert takes('click [link "About \\"us\\""]', *there, "stop") and not takes(*there, "stop"), (
        "it begins here"
    )
    assert takes('click [button "Save"]', 'click [link "Home"]', "stop"), "what was done here, after another"
    assert not takes('click [link "Home"]', "stop") and takes("stop 42")
    assert not takes('click [button "Save"]'), "several end with a stop"
    assert takes("goto /note/1", 'click [button "Save"]', "stop")
    assert not takes('goto /note/1;ACTION:click[button"Save"]', "stop"), "an address ends where it ends"
    assert not takes('click [button "Save"]', 'click [link "Nowhere"]', "stop")
