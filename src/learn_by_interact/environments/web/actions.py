"""How a model writes an action on a web page, and how its reply is read: the actions of WebArena.

The form that is asked for, and that `reply` writes (a line `REASON: ...` may stand before it):

    ACTION: click [link "New Ticket"]
    ACTION: type "Printer is on fire" into [textbox "Summary:"]
    ACTION: select "defect" in [combobox "Type:"]
    ACTION: press Enter            # also hover [..], scroll down, goto /wiki, back, forward
    ACTION: check [checkbox "Urgent"]    # also uncheck [..], double_click [..]
    ACTION: new_tab /report        # also tab 2, close_tab
    ACTION: stop 42

Elements have the names that the page gives them (see `snapshot.py`); what else is read, see `elements.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...types import Action
from ..elements import (
    ElementActions,
    Grammar,
    Incomplete,
    Reader,
    alone,
    direction,
    key_or_element,
    on_element,
    with_text,
    word,
)
from .choices import schema

FORM = """\
You use a web browser. What stands in square brackets on a page can be acted on. In each turn you give one \
action, and then see the page, in one of these forms:
ACTION: click [link "New Ticket"]
ACTION: type "some text" into [textbox "Summary:"]
ACTION: select "task" in [combobox "Type:"]
ACTION: press Enter
ACTION: scroll down
ACTION: goto /page
ACTION: back
Others are hover [...], forward, new_tab /page, tab 2, close_tab. Copy names in brackets as the page has them.
When the page shows that the task is done, end with this, and with the answer if the task asks a question:
ACTION: stop"""

WANTED = (
    'Reply in one of these forms:\nACTION: click [link "Name"]\nACTION: type "text" into [textbox "Name"]\n'
    'ACTION: select "option" in [combobox "Name"]\nACTION: press Enter, scroll down, goto /page, back or stop'
)
VERBS = {
    "click": "click click_on tap push open follow choose toggle",
    "double_click": "double_click doubleclick dblclick",
    "check": "check tick",
    "uncheck": "uncheck untick",
    "drag": "drag drag_and_drop drag_to",
    "right_click": "right_click context_click",
    "upload": "upload upload_file",
    "type": "type fill enter input write set type_text",
    "select": "select select_option pick",
    "press": "press key press_key keypress",
    "hover": "hover mouseover",
    "scroll": "scroll scroll_page",
    "goto": "goto go_to navigate visit go",
    "back": "back go_back",
    "forward": "forward go_forward",
    "new_tab": "new_tab newtab open_tab",
    "tab": "tab switch_tab focus_tab page_focus tab_focus",
    "close_tab": "close_tab close page_close",
}
"""Tool -> the words that are read as it."""
THERE = "click, double_click, hover, check, uncheck, type, select and press"
"""What can be done with elements."""


def missing(said: str) -> Reader:
    """The reader of what cannot be done here, which says so."""

    def read(tool: str, rest: str) -> Action:
        raise Incomplete(said)

    return read


_READERS: dict[str, Reader] = {
    "click": on_element,
    "double_click": on_element,
    "check": on_element,
    "uncheck": on_element,
    "drag": missing(f"Nothing can be dragged here; there are {THERE}."),
    "right_click": missing(f"There is no click of the right button here; there are {THERE}."),
    "upload": missing(f"There is no file here that could be uploaded; there are {THERE}."),
    "hover": on_element,
    "type": with_text,
    "select": with_text,
    "press": key_or_element,
    "scroll": direction,
    "goto": word("url", "Say which page: goto /page."),
    "back": alone,
    "forward": alone,
    "new_tab": word("url", ""),
    "tab": word("number", "Say which tab: tab 2."),
    "close_tab": alone,
}

GRAMMAR = Grammar(WANTED, VERBS, _READERS)
action = GRAMMAR.action
"""An action that was written on one line, without its label. Raises ParseError, worded for a model."""


class WebActions(ElementActions):
    """The action space of a browser."""

    description = FORM
    ends: tuple[str, ...] = ("\nOUTPUT:", "\nURL:", "\nChanged on this page:")
    grammar = GRAMMAR
    leaves = True
    """There are other pages, and tabs."""

    def form(
        self, seen: Sequence[str], tried: Sequence[Action], known: Sequence[str] = (), most: int = 1
    ) -> dict[str, Any] | None:
        """One of the actions that the page has; see `choices.py`."""
        return schema(seen, tried, known, most, self.leaves)
