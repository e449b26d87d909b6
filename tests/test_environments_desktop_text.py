"""Texts on a desktop: how the paragraphs of a document are told, and how words in them are selected."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desk import Episode, editor, needs_desktop
from learn_by_interact.environments.desktop.acting import perform
from learn_by_interact.environments.desktop.actions import DesktopActions
from learn_by_interact.environments.desktop.machine import Looked
from learn_by_interact.environments.desktop.paragraphs import Paragraphs
from learn_by_interact.environments.desktop.screen import Screen, read
from learn_by_interact.stages.told import entered, selected
from learn_by_interact.types import Action, Observation, Step
from test_environments_desktop_actions import act, node

ACTIONS = DesktopActions()
LONG = "We meet on the ninth of June behind the old mill, whatever the weather may be like then."
WRITER = """
name = "notes"
description = "LibreOffice Writer."
kind = "desktop"
start = "start"

[desktop]
start = "soffice --writer --norestore --nologo ~/$FILE"
file = "letter.txt"
ready = "LibreOffice Writer"
seconds = 120
"""
needs_writer = pytest.mark.skipif(
    not shutil.which("soffice") or not Path("/usr/lib/libreoffice/program/libswlo.so").exists(),
    reason="no LibreOffice Writer",
)


def paragraph(text: str, top: int, role: str = "paragraph", **more: Any) -> dict[str, Any]:
    states = f"editable {more.pop('states', '')}"
    return node(role, "", (20, top, 300, 20), text=text, states=states, **more)


def letter() -> dict[str, Any]:
    """A window as a word processor gives it."""
    cells = [
        node("table-cell", name, (20 + 100 * at, 140, 100, 20), children=[paragraph(text, 140)])
        for at, (name, text) in enumerate([("A1", "Tea"), ("B1", "3")])
    ]
    inside = [
        node("header", children=[paragraph("Mill Club", 20)]),
        paragraph("Summer", 40, "heading", level="1"),
        paragraph(LONG, 60, states="focused", caret=7),
        paragraph("", 100),
        node("table", "Prices", (20, 140, 200, 20), children=cells),
        paragraph("Yours, Ann", 180),
    ]
    text = node("document-text", "letter", (0, 20, 400, 300), states="editable manages", children=inside)
    return node("frame", "letter", (0, 0, 400, 320), states="active", children=[text])


class Noted:
    """Stands for a machine: what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def python(self, code: str, _: float) -> str:
        self.asked.append((code,))
        return ""

    def choose(self, node: dict[str, Any], begin: int, end: int) -> str:
        self.asked.append((node["text"], begin, end))
        return ""


def done(action: Action, window: dict[str, Any]) -> tuple[str, list[tuple[Any, ...]]]:
    """Why an action failed, and what it asks of the machine."""
    machine = Noted()
    told = perform(action, read([window], {}, "", False), machine, {}, 5)  # type: ignore[arg-type]
    return told, machine.asked


def test_a_document_is_told_in_its_order_by_the_beginnings_of_its_paragraphs() -> None:
    screen = read([letter()], {}, "", False)
    assert screen.lines[2:10] == (
        'Header: [paragraph "Mill Club"]',
        '[paragraph "Summer"] heading 1',
        '[paragraph "We meet on the ninth of June behind the old..."] continues '
        '"mill, whatever the weather may be like then." focused',
        "[paragraph]",
        'Prices, whose cells are [cell "A1"] and so on:',
        "| A | B",
        "1 | Tea | 3",
        '[paragraph "Yours, Ann"]',
    )
    assert 'Cursor between "We meet" and " on the ninth of June behind t"' in screen.lines
    assert "Cursor" not in "\n".join(screen.content), "where it stands is no part of the state"


def test_what_is_selected_is_told_in_the_place_of_the_cursor() -> None:
    window = letter()
    inside = window["children"][0]["children"]
    inside[2]["selection"] = [3, 7]
    assert 'Selected: "meet"' in read([window], {}, "", False).lines
    inside[5]["selection"] = [0, 5]
    assert 'Selected: 2 paragraphs, "meet" to "Yours"' in read([window], {}, "", False).lines


def test_words_and_paragraphs_are_selected_and_written_over() -> None:
    window = letter()
    long = 'paragraph "We meet on the ninth of June behind the old..."'
    failed, asked = done(act("select", text="ninth", element=long), window)
    assert not failed and asked == [("pyautogui.click(170, 70)",), (LONG, 15, 20)]
    failed, asked = done(act("select", element='paragraph "Summer"', to='paragraph "Yours, Ann"'), window)
    assert not failed and asked[0] == ("Summer", 0, 0) and "pyautogui.click(318, 192)" in asked[1][0]
    assert done(act("click", element='paragraph "Summer"'), window)[1][1] == ("Summer", -1, -1)
    _, asked = done(act("type", element='paragraph "Summer"', text="Autumn"), window)
    assert asked[1:] == [("Summer", 0, -1), ("pyautogui.write('Autumn')",)]
    _, asked = done(act("type", element='cell "B1"', text="4"), window)
    assert asked[1:] == [("3", 0, -1), ("pyautogui.write('4')",)], "no Enter, which would begin a paragraph"
    told, asked = done(act("select", text="eggs", element=long), window)
    assert not asked and told.endswith("does not contain 'eggs'.")
    told, _ = done(act("select", text="Summer", element=long), window)
    assert told.endswith("""does not contain 'Summer'. It stands in [paragraph "Summer"].""")
    assert "click it" in done(act("select", text="3", element='cell "B1"'), window)[0]


@pytest.mark.parametrize(
    ("written", "action"),
    [
        (
            'select "two words" in [paragraph "Dear Ann"]',
            act("select", text="two words", element='paragraph "Dear Ann"'),
        ),
        ('select [paragraph "A to"]', act("select", element='paragraph "A to"')),
        (
            'highlight [paragraph "A"] to [paragraph "B"]',
            act("select", element='paragraph "A"', to='paragraph "B"'),
        ),
        ('select [item "Peru"]', act("click", element='item "Peru"')),
    ],
)
def test_selecting_is_read_and_what_is_no_text_is_clicked(written: str, action: Action) -> None:
    assert ACTIONS.parse(f"ACTION: {written}")[1] == action
    assert ACTIONS.parse(ACTIONS.reply("", action))[1] == action


def test_a_reply_may_select_where_there_are_paragraphs() -> None:
    text = "\n".join(read([letter()], {}, "", False).lines)
    form, other = ACTIONS.form([text], ()), ACTIONS.form(['[button "Save"]'], ())
    assert form and other and "select" in form["pattern"] and "select" not in other["pattern"]


def test_a_survey_selects_in_a_text_before_it_does_something() -> None:
    found = Paragraphs(read([letter()], {}, "", False))
    assert [one.actions for one in found.selections()] == [
        ('select [paragraph "Mill Club"]',),
        ('select [paragraph "Summer"]',),
        ('click [paragraph "We meet on the ninth of June behind the old..."]',),
        ('select [paragraph "Yours, Ann"]',),
    ], "words only where there are two beside each other"
    assert found.selections()[1].told[1] == '[paragraph "Summer"] heading 1'
    assert [one.element for one in found.fields()][:2] == ['paragraph "Summer"', 'paragraph "Mill Club"']
    assert not Paragraphs(Screen()).selections()


def test_an_instruction_says_which_words_were_selected() -> None:
    name = 'paragraph "We meet on the ninth of June behind the old..."'
    seen = Observation(text="", key="")
    steps = [
        Step(thought="", action=act("select", text="ninth of June", element=name), observation=seen),
        Step(thought="", action=act("click", element='menuitem "Format > Text > Bold"'), observation=seen),
    ]
    assert selected("Make it bold.", steps, "") == 'Make it bold. It is about "ninth of June".'
    assert selected("Make ninth of June bold.", steps, "") == "Make ninth of June bold."
    assert entered("Make it bold.", steps) == "Make it bold."


@pytest.fixture
def episode(tmp_path: Path) -> Iterator[Episode]:
    with Episode(editor(tmp_path / "notes")) as made:
        yield made


@pytest.mark.parametrize(
    ("written", "number", "keys"),
    [("30", "20", ["down", "up"]), ("7 cm", "20", ["up", "down"]), ("30", "30", []), ("20", "20", [])],
)
def test_a_spin_button_that_only_shows_what_was_typed_is_made_to_take_it(
    written: str, number: str, keys: list[str]
) -> None:
    def window(text: str, value: str) -> dict[str, Any]:
        rows = node("spin-button", "Rows", (20, 60, 120, 20), text=text, number=value)
        return node("dialog", "Table", (0, 0, 400, 320), states="active", children=[rows])

    class Told(Noted):
        def rest(self, quiet: float, patience: float) -> None: ...

        def look(self, _: int) -> Looked:
            return Looked([window(written, number)])

    machine = Told()
    action = act("type", element='spinbutton "Rows"', text=written)
    screen = read([window("20", "20")], {}, "", False)
    assert not perform(action, screen, machine, {}, 5)  # type: ignore[arg-type]
    assert "pyautogui.click(40, 70)" in machine.asked[0][0], "its text, and no button for less"
    pressed = "; ".join(f"pyautogui.press({key!r})" for key in keys)
    assert [code for (code,) in machine.asked[1:]] == ([pressed] if keys else [])


@needs_desktop
def test_words_in_a_text_editor_are_selected_on_the_screen(episode: Episode) -> None:
    episode.begin()
    assert 'Selected: "bread"' in episode.do('select "bread" in [textbox]').text
    assert episode.do('type "rolls"', "press Control+s").state
    assert (episode.home / "list.txt").read_text() == "milk\nrolls\n"
    refused = episode.do('select "eggs" in [textbox]')
    assert refused.failed and "does not contain 'eggs'" in refused.text


@needs_desktop
@needs_writer
def test_paragraphs_of_a_word_processor_are_read_and_written_on_the_screen(tmp_path: Path) -> None:
    folder = editor(tmp_path / "notes", WRITER)
    (folder / "start" / "letter.txt").write_text("Dear Ann,\nwe meet on Sunday.\nYours, Ben\n")
    with Episode(folder) as episode:
        start = episode.begin()
        assert '[paragraph "we meet on Sunday."]' in start.text
        assert 'Selected: "Sunday"' in episode.do('select "Sunday" in [paragraph "we meet on Sunday."]').text
        assert '[paragraph "we meet on Monday."]' in episode.do('type "Monday"').text
        both = episode.do('select [paragraph "Dear Ann,"] to [paragraph "Yours, Ben"]')
        assert 'Selected: 3 paragraphs, "Dear Ann," to "Yours, Ben"' in both.text
        footer = episode.do('click [menuitem "Insert > Header and Footer > Footer > Default Page Style"]')
        assert not footer.failed and "Footer" in footer.text, "a menu that is made when it opens"
        page = ('click [menuitem "Format > Page Style..."]', 'click [tab "Page"]')
        episode.do(*page, 'type "3 cm" into [spinbutton "Left:"]', 'click [button "OK"]')
        assert '[spinbutton "Left:"] contains "1.18' in episode.do(page[0]).text
