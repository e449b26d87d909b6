"""How a model writes an action on a desktop, and how its reply is read.

The form that is asked for, and that `reply` writes (a line `REASON: ...` may stand before it):

    ACTION: click [button "Save"]              # also double_click, right_click, hover
    ACTION: type "12" into [cell "B2"]         # in the place of what is there; without `into`: at the cursor
    ACTION: select "words" in [paragraph "A"]  # also select [paragraph "A"], and [...] to [paragraph "B"]
    ACTION: press Control+s
    ACTION: scroll down                        # also scroll up, wait, open Files
    ACTION: pyautogui.click(300, 200)          # Python code, also in a ```python block
    ACTION: stop 42

Elements have the names that the screen gives them (see `screen.py`); what else is read, see `elements.py`.
Code has the form of OSWorld's and Spider2-V's actions, and their WAIT, DONE and FAIL are read too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...errors import ParseError
from ...types import STOP, Action
from ..elements import (
    NAMES,
    ElementActions,
    Grammar,
    Incomplete,
    Reader,
    alone,
    direction,
    key_or_element,
    name_in,
    on_element,
    with_text,
    word,
)
from ..reply import CONTROL, readable, reason_line, thought_of
from ..web.choices import TEXT, WRITTEN, any_of, enabled, named, replies, told
from .screen import TYPED

PYTHON = "python"
"""The tool of an action that is Python code; its one argument is `code`."""
LONGEST = 8_000
"""Characters of code."""
FORM = """\
You use applications on a desktop. What stands in square brackets can be acted on. In each turn you give one \
action, and then see the windows, in one of these forms:
ACTION: click [button "Save"]
ACTION: type "some text" into [textbox "Name:"]
ACTION: type "12" into [cell "B2"]
ACTION: press Control+s
ACTION: scroll down
Others are double_click [...], right_click [...], hover [...], wait{open}, and Python code with pyautogui:
ACTION: pyautogui.click(300, 200)
Clicking a menu shows its items, as [menuitem "File > Save"]. Copy names in brackets as the screen has them.
When the windows show that the task is done, end with this, and with the answer if the task asks a question:
ACTION: stop"""
WANTED = (
    'Reply in one of these forms:\nACTION: click [button "Name"]\nACTION: type "text" into [textbox "Name"]\n'
    'ACTION: type "12" into [cell "B2"]\nACTION: press Enter, press Control+s, scroll down, wait or stop'
)
VERBS = {
    "click": "click click_on tap push choose check uncheck toggle",
    "select": "select highlight mark",
    "double_click": "double_click doubleclick",
    "right_click": "right_click rightclick context_click",
    "type": "type fill enter input write set set_value type_text",
    "press": "press key press_key keypress hotkey",
    "hover": "hover mouseover",
    "scroll": "scroll scroll_page",
    "wait": "wait WAIT sleep",
    "open": "open launch start",
}
"""Tool -> the words that are read as it."""
SELECTED = frozenset({"paragraph", "textbox"})
"""Roles of which a text is selected; of others, to select one is to click it."""


def selected(tool: str, rest: str) -> Action:
    """`"two words" in [paragraph "..."]`, `[paragraph "..."] to [paragraph "..."]`, or one alone."""
    if rest[:1] in "\"'" and rest:
        found = with_text("type", rest).arguments
        if not found["element"]:
            raise Incomplete('Say where: select "some words" in [paragraph "Name"].')
        return Action(tool=tool, arguments=found)
    if both := re.match(rf"({NAMES})\s*(?:to|until|through|-)\s*({NAMES})", rest):
        return Action(tool=tool, arguments={"element": name_in(both[1]), "to": name_in(both[2])})
    single = on_element(tool, rest)
    role = str(single.arguments["element"]).partition(" ")[0]
    return single if role in SELECTED else on_element("click", rest)


_READERS: dict[str, Reader] = {
    "click": on_element,
    "double_click": on_element,
    "right_click": on_element,
    "select": selected,
    "type": with_text,
    "press": key_or_element,
    "hover": on_element,
    "scroll": direction,
    "wait": alone,
    "open": word("name", "Say which application: open Files."),
}
GRAMMAR = Grammar(WANTED, VERBS, _READERS)
AS_BEFORE = "(All else on this screen is as before.)"
"""The line of an observation that tells only what changed."""
KEYS = "Enter|Tab|Escape|ArrowDown|Delete|Control\\+s|Control\\+a"
CLICKED = frozenset(
    {"button", "checkbox", "combobox", "icon", "item", "link", "menu", "menuitem", "radio", "tab", "cell"}
    | {"paragraph"}
)
MOST = 120
"""Elements of a reply's form; of a screen with more, the first."""
_BLOCK = re.compile(r"```(?:python|py)[ \t]*\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL)
_CODE = re.compile(
    r"^(?:ACTION:[ \t]*)?((?:import |from \w+ import |pyautogui\.|time\.sleep).*)$", re.MULTILINE
)
_WORDS = frozenset({"DONE", "FAIL"})
"""Words that end an episode in the benchmarks."""


def _forms(click: Iterable[str], fields: Iterable[str], sheet: bool) -> list[str]:
    """What can be done with these elements, and with the cells of a sheet."""
    place = "[A-Z]{1,2}[1-9][0-9]{0,3}"
    cell = rf"cell \\\"{place}(:{place})?\\\""
    forms = [rf"(double_click|right_click|click) \[{cell}\]"] if sheet else []
    forms += [rf"type \\\"{WRITTEN}\\\" into \[{cell}\]"] if sheet else []
    forms += [rf"click \[({any_of(click)})\]"] if click else []
    forms += [rf"type \\\"{WRITTEN}\\\" into \[({any_of(fields)})\]"] if fields else []
    if texts := [one for one in fields if one.startswith("paragraph")]:
        one = rf"\[({any_of(texts)})\]"
        forms += [rf"select {one}( to {one})?", rf"select \\\"{TEXT}\\\" in {one}"]
    return [*forms, rf"type \\\"{WRITTEN}\\\"", f"press ({KEYS})", "scroll (down|up)"]


def _of(found: Sequence[tuple[str, str, str]]) -> tuple[dict[str, str], dict[str, str]]:
    """The elements that can be clicked, and the fields: their names, each with its role."""
    return (
        {name: role for name, role, _ in found if role in CLICKED - {"cell"}},
        {name: role for name, role, _ in found if role in TYPED - {"cell"}},
    )


class DesktopActions(ElementActions):
    """The action space of a desktop."""

    ends: tuple[str, ...] = ("\nOUTPUT:", "\nWindow:", "\nDialog:", "\nChanged on this screen:")
    grammar = GRAMMAR

    def __init__(self, apps: Mapping[str, str] = {}) -> None:
        """`apps`: those that the agent may open."""
        names = " or ".join(f"open {name}" for name in apps)
        self.description = FORM.replace("{open}", f", {names}" if names else "")

    def parse(self, reply: str) -> tuple[str, Action]:
        """A model's reply -> (thought, action). Raises ParseError, worded for the model."""
        text = readable(reply, WANTED)
        if text.strip().strip("`").strip() in _WORDS:
            return "", Action(tool=STOP, arguments={"answer": ""})
        found = _BLOCK.search(text)
        code = found[1] if found else ""
        if not found and (single := _CODE.search(text)):
            found, code = single, single[1]
        if not found:
            return super().parse(reply)
        if not code.strip():
            raise ParseError(f"There is no code in the block. {WANTED}")
        if len(code) > LONGEST or CONTROL.search(code.replace("\n", "").replace("\t", "")):
            raise ParseError(f"The code is too long, or has characters that Python does not take. {WANTED}")
        before = re.sub(r"(?i)\bACTION:\s*$", "", text[: found.start()].rstrip())
        return thought_of(before), Action(tool=PYTHON, arguments={"code": code})

    def form(
        self, seen: Sequence[str], tried: Sequence[Action], known: Sequence[str] = (), most: int = 1
    ) -> dict[str, Any] | None:
        """JSON schema of one of the actions that the screen has; code is not among them."""
        found = list(named(seen, AS_BEFORE))[:MOST]
        if not found:
            return None
        done = {action.arguments.get("element", "") for action in tried if action.tool == "click"}
        ready, (click, fields) = _of(enabled(found)), _of(found)
        others = {name: role for name, role, _ in told(known) if '"' in name}
        # Items of closed menus are not on the screen, and can be clicked.
        menu = {name: role for name, role in others.items() if role == "menuitem"}
        sheet = any(role == "cell" for _, role, _ in found)
        first = _forms([name for name in ready[0] | menu if name not in done], ready[1], sheet)
        # What comes after it may be in a dialog that is still to be opened.
        click |= {name: role for name, role in others.items() if role in CLICKED - {"cell"}}
        fields |= {name: role for name, role in others.items() if role in TYPED - {"cell"}}
        return replies(first, _forms(click, fields, sheet), most, len(seen) == 1, tried)

    def format(self, action: Action) -> str:
        """The action as it is asked for; code as it is."""
        said = action.arguments
        if action.tool == PYTHON:
            return str(said.get("code", ""))
        if action.tool != "select":
            return super().format(action)
        if "text" in said:
            return f"select {json.dumps(said['text'], ensure_ascii=False)} in [{said.get('element', '')}]"
        to = f" to [{said['to']}]" if "to" in said else ""
        return f"select [{said.get('element', '')}]{to}"

    def reply(self, thought: str, action: Action) -> str:
        """Thought and action in the form of a reply: `parse(reply(t, a)) == (t, a)`."""
        if action.tool != PYTHON:
            return super().reply(thought, action)
        return f"{reason_line(thought)}ACTION:\n```python\n{self.format(action)}\n```"
