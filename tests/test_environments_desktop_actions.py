"""How actions on a desktop are written and read, what code they become, and how a tree becomes text."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from learn_by_interact.environments.desktop.acting import code
from learn_by_interact.environments.desktop.actions import AS_BEFORE, PYTHON, DesktopActions
from learn_by_interact.environments.desktop.screen import read
from learn_by_interact.environments.elements import Refused
from learn_by_interact.environments.web.snapshot import VALUE
from learn_by_interact.errors import ParseError
from learn_by_interact.types import STOP, Action

ACTIONS = DesktopActions({"Files": "thunar"})


def act(tool: str, **arguments: str) -> Action:
    return Action(tool=tool, arguments=arguments)


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        ('ACTION: click [button "Save"]', act("click", element='button "Save"')),
        ('ACTION: set_value [cell "B2"] "12"', act("type", text="12", element='cell "B2"')),
        ("ACTION: hotkey Control+s", act("press", key="Control+s")),
        ("ACTION: open Files", act("open", name="Files")),
        ("WAIT", act("wait")),
        ("DONE", act(STOP, answer="")),
        ("FAIL", act(STOP, answer="")),
        ("```FAIL```", act(STOP, answer="")),
        ("ACTION: pyautogui.click(3, 4)", act(PYTHON, code="pyautogui.click(3, 4)")),
        (
            "I press it.\n```python\nimport pyautogui\npyautogui.press('enter')\n```\nDone.",
            act(PYTHON, code="import pyautogui\npyautogui.press('enter')"),
        ),
    ],
)
def test_what_models_write_is_read(reply: str, action: Action) -> None:
    assert ACTIONS.parse(reply)[1] == action


@pytest.mark.parametrize(
    "action",
    [
        act("click", element='menuitem "File > Save As..."'),
        act("double_click", element='cell "B2"'),
        act("type", text='=SUM(A1:A3)&"x"', element='cell "B2"'),
        act("press", key="Control+Shift+s"),
        act("scroll", direction="down"),
        act("wait"),
        act("open", name="Files"),
        act(PYTHON, code="import time\nif True:\n    time.sleep(1)"),
        act(STOP, answer="42"),
    ],
)
@pytest.mark.parametrize("thought", ["", "It is time"])
def test_a_reply_is_read_as_it_was_written(action: Action, thought: str) -> None:
    assert ACTIONS.parse(ACTIONS.reply(thought, action)) == (thought, action)


@pytest.mark.parametrize("reply", ["", "ACTION: dance", "ACTION: click", "ACTION:\n```python\n\n```"])
def test_what_is_no_action_is_told_how_to_write_one(reply: str) -> None:
    with pytest.raises(ParseError, match="ACTION: click"):
        ACTIONS.parse(reply)


def node(
    role: str, name: str = "", box: tuple[int, int, int, int] | None = None, **more: Any
) -> dict[str, Any]:
    states = ["enabled", "sensitive", "showing", *more.pop("states", "").split()]
    made = {
        "role": role,
        "name": name,
        "states": states,
        "children": more.pop("children", []),
        "at": ["", ""],
    }
    return {**made, **({"box": list(box)} if box else {}), **more}


def sheet() -> dict[str, Any]:
    """A window as LibreOffice gives it: the root pane is 25 pixels lower than it says."""
    cells = [
        node("table-cell", f"{column}{row}", (40 + 80 * at, 100 + 20 * row, 80, 20), text=text)
        for row, texts in ((1, ("Bean", "Kilos", "")), (2, ("Peru", "25", "")))
        for at, (column, text) in enumerate(zip("ABC", texts, strict=True))
    ]
    cells[3]["states"].append("focused")
    save = node("menu-item", "Save")
    save["states"].remove("showing")
    bar = node(
        "menu-bar",
        children=[
            node("menu", "File", (0, 19, 35, 19), children=[save]),
            node("menu", "Edit", (35, 19, 37, 19)),
        ],
    )
    tools = node(
        "tool-bar",
        "Formula Tool Bar",
        children=[node("filler", children=[node("text", "", (4, 60, 90, 30), states="editable", text="A2")])],
    )
    label, field = (
        node("label", "", (300, 200, 50, 20), text="Rate:"),
        node("entry", "", (360, 200, 90, 20), states="editable", text="3"),
    )
    pane = node(
        "root-pane",
        "Sheet",
        (0, 19, 400, 276),
        children=[bar, node("table", "Sheet One", (40, 100, 240, 60), children=cells), tools, label, field],
    )
    return node("frame", "Sheet", (0, 0, 400, 320), states="active", children=[pane])


def test_a_sheet_is_a_grid_whose_cells_have_names_and_places() -> None:
    screen = read([sheet()], {"Formula Tool Bar": "Name Box"}, "", False)
    assert "| A | B\n1 | Bean | Kilos\n2 | Peru | 25" in "\n".join(screen.lines)
    assert '[textbox "Rate:"] contains "3"' in screen.lines
    assert screen.elements['cell "B2"'].centre == (160, 175), "25 lower than it says"
    assert screen.elements['textbox "Name Box"'].centre == (49, 75), "drawn by GTK, which knows the place"
    assert screen.elements['menu "Edit"'].box is not None and screen.elements['menuitem "File > Save"'].direct
    other = sheet()
    other["children"][0]["children"][1]["children"][0]["states"].append("focused")
    again = read([other], {"Formula Tool Bar": "Name Box"}, "", False)
    assert again.content == screen.content, "where the focus is counts for nothing"


def test_what_another_tab_shows_names_no_field() -> None:
    label = node("label", "", (4, 40, 90, 20), text="No symbols found")
    label_of_field = node("label", "", (150, 90, 60, 20), text="Name:")
    editor = node("text", "", (110, 40, 300, 20), states="editable multi-line", text="one\ntwo")
    field = node("entry", "", (220, 90, 90, 20), states="editable", text="x")
    tabs = [
        node("page-tab", "Symbols", (0, 20, 60, 20), children=[label]),
        node("page-tab", "todo.txt", (110, 20, 60, 20), children=[editor, label_of_field, field]),
    ]
    window = node("frame", "Editor", (0, 0, 420, 320), states="active", children=tabs)
    screen = read([window], {}, "", False)
    assert 'textbox "No symbols found"' not in screen.elements
    assert 'textbox "todo.txt"' in screen.elements, "named by the tab that it is in"
    assert 'textbox "Name:"' in screen.elements


def test_what_has_no_name_is_called_by_its_tip() -> None:
    label = node("label", "", (100, 40, 50, 20), text="Size:")
    parts = [
        node("push-button", "", (4, 40, 20, 20), tip="Rotate Tool: Rotate the layer"),
        node("toggle-button", "", (30, 40, 20, 20)),
        label,
        node(
            "spin-button", "", (160, 40, 60, 20), states="editable", text="3", tip="Of the brush, in pixels"
        ),
        node("push-button", "", (230, 40, 20, 20), tip="Reset size"),
        node("spin-button", "", (600, 40, 60, 20), states="editable", text="1", tip="Angle"),
    ]
    screen = read([node("frame", "Tools", (0, 0, 800, 320), states="active", children=parts)], {}, "", False)
    assert list(screen.elements) == [
        'button "Rotate Tool: Rotate the layer"',
        "button",
        'spinbutton "Size:"',
        'button "Reset size"',
        'spinbutton "Angle"',
    ], "a button's tip before the text beside it, a field's after it"


def test_actions_on_elements_become_code() -> None:
    screen = read([sheet()], {"Formula Tool Bar": "Name Box"}, "", False)
    assert code(act("click", element='cell "B2"'), screen) == "pyautogui.click(160, 175)"
    assert code(act("double_click", element='cell "B2"'), screen) == "pyautogui.doubleClick(160, 175)"
    number = screen.drawn.index('textbox "Rate:"') + 1
    assert code(act("click", element=str(number)), screen) == "pyautogui.click(405, 235)", "by its mark"
    typed = code(act("type", element='cell "A1"', text="x'y"), screen)
    assert typed.split("\n")[1:] == ['pyautogui.write("x\'y")', "pyautogui.press('enter')"]
    far = code(act("type", element='cell "Z99"', text="1"), screen).split("\n")
    assert far[0] == "pyautogui.click(49, 75)" and "pyautogui.write('Z99\\n')" in far
    assert code(act("press", key="Control+ArrowDown"), screen) == "pyautogui.hotkey('ctrl', 'down')"
    assert code(act("type", text="loose", element=""), screen) == "pyautogui.write('loose')"
    for wrong in (act("click", element='button "Nope"'), act("press", key="Foo"), act("goto", url="/")):
        with pytest.raises(Refused):
            code(wrong, screen)


def test_a_dialog_hides_what_is_below_it() -> None:
    ask = node(
        "dialog",
        "Delete?",
        (10, 10, 200, 90),
        states="modal",
        children=[node("push-button", "Yes", (20, 50, 40, 20))],
    )
    screen = read([sheet(), ask], {}, "", False)
    assert screen.lines == ("Dialog: Delete?", '[button "Yes"]')


def test_a_page_of_a_browser_is_told_once_and_its_open_menu_apart() -> None:
    """A text in a page has itself in it, and so has a link; menus of a page are in no menu bar when open."""
    lines = [
        node("section", "", (10, 60, 90, 20), children=[node("static", "import numpy", (10, 60, 60, 9))])
    ]
    written = "import numpy\nprint(1)"
    cell = node("entry", "", (10, 60, 90, 20), states="editable", text=written, children=lines)
    same = [node("static", "Load", (10, 30, 9, 9))]
    said = node("paragraph", "", (10, 30, 90, 9), text="Load", children=same)
    link = node("link", "Runs", (10, 10, 40, 9), children=[node("static", "Runs", (10, 10, 40, 9))])
    item = node("menu-item", "Cut X", (50, 90, 40, 9), children=[node("static", "Cut", (50, 90, 20, 9))])
    page = node(
        "document-web",
        "Notebook",
        (0, 0, 400, 300),
        children=[
            node("menu-bar", children=[node("menu-item", "File", (0, 0, 30, 9))]),
            *[link, said, cell, node("menu", "", (50, 90, 40, 30), children=[item])],
        ],
    )
    screen = read([node("frame", "Notebook", (0, 0, 400, 300), children=[page])], {}, "", False)
    assert screen.menu == ("In the open menu:", '[menuitem "Cut X"]')
    assert screen.lines == (
        "Window: Notebook",
        '[link "Runs"]',
        "Load",
        '[textbox "Notebook"] contains "import numpy\\nprint(1)"',
        'Menus: [menuitem "File"]',
    )


def test_of_a_terminal_the_end_is_told() -> None:
    def told(text: str) -> str:
        shell = node("terminal", "Terminal", (0, 0, 400, 300), text=text)
        return read([node("frame", "Terminal", (0, 0, 400, 300), children=[shell])], {}, "", False).lines[1]

    assert told("~$") == '[textbox "Terminal"] contains "~$"'
    assert told("first " + "x" * VALUE + " last").endswith('x last"') and '"...x' in told("y" + "x" * VALUE)


def test_a_reply_is_held_to_what_the_screen_has() -> None:
    text = "\n".join(read([sheet()], {}, "", False).lines)
    known = [
        'Example\nACTION: click [menuitem "Sheet > Rename Sheet..."]\nSeen: [menuitem "Tools > Spelling..."]'
    ]

    def takes(reply: str, *seen: str) -> bool:
        form = ACTIONS.form(seen, (), known)
        assert form is not None
        return bool(re.fullmatch(form["pattern"], json.dumps(f"ACTION: {reply}")[1:-1]))

    seen = (text, f'Changed on this screen:\n+ [button "New"] [button "Old"] disabled\n{AS_BEFORE}')
    for allowed in (
        'click [button "New"]',
        'type "12" into [cell "B2"]',
        'type "=COUNTIF(A2:A9,\\"Ben\\")" into [cell "B2"]',
        'click [cell "A1:F1"]',
        'click [menu "File"]',
        'click [menuitem "Sheet > Rename Sheet..."]',
        "press Control+s",
        "stop",
        "stop 4",
    ):
        assert takes(allowed, *seen), allowed
    for other in (
        'click [button "Old"]',
        'type "a" b" into [cell "B2"]',
        'type "12" into [button "New"]',
        "dance",
    ):
        assert not takes(other, *seen), other
    assert not takes('click [menuitem "Tools > Spelling..."]', *seen), (
        "it was seen elsewhere, and not clicked"
    )
    assert takes("stop 4", text) and not takes("stop", text), "nothing was done yet"


def test_several_actions_end_with_a_stop_and_may_be_in_a_dialog_that_is_to_be_opened() -> None:
    text = "\n".join(read([sheet()], {}, "", False).lines)
    known = ['ACTION: click [menuitem "Sheet > Rename Sheet..."]\nACTION: type "A" into [textbox "Name"]']
    form = ACTIONS.form([text], (), known, 3)
    assert form is not None

    def takes(*actions: str) -> bool:
        reply = json.dumps("\n".join(f"ACTION: {one}" for one in actions))
        return bool(re.fullmatch(form["pattern"], reply[1:-1]))

    rename = ('click [menuitem "Sheet > Rename Sheet..."]', 'type "B" into [textbox "Name"]')
    assert takes(*rename, "stop") and takes(*rename, "press Control+s", "stop") and takes("stop 4")
    assert not takes(*rename), "a small model would end after the first"
    assert not takes(rename[1], "stop"), "it is not on the screen yet"
    assert not takes(*rename, "press Control+s", "press Enter", "stop"), "one too many"
