"""How a model writes an action on a web page, and how its reply is read: the actions of WebArena.

The form that is asked for, and that `reply` writes (a line `REASON: ...` may stand before it):

    ACTION: click [link "New Ticket"]
    ACTION: type "Printer is on fire" into [textbox "Summary:"]
    ACTION: select "defect" in [combobox "Type:"]
    ACTION: press Enter            # also hover [..], scroll down, goto /wiki, back, forward
    ACTION: new_tab /report        # also tab 2, close_tab
    ACTION: stop 42

Elements have the names that the page gives them (see `snapshot.py`), so that an action means the same in
another episode. Read as well are other words and orders: `fill`, `click("New Ticket")`, an element before
the text, names without brackets, a fenced block.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from ...errors import ParseError
from ...types import STOP, Action
from ..reply import ACTION, ANSWER, CONTROL, FENCE, INLINE, STOPPED, TURN, readable, reason_line, thought_of
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
LONGEST = 4_000
"""Characters of an action."""

VERBS = {
    "click": "click click_on tap push open follow choose check uncheck toggle",
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
TOOL = {word: tool for tool, words in VERBS.items() for word in words.split()}
_JOIN = r"\s*(?:\b(?:into|in|to|on|from|for|at)\b|=|,|:)\s*"
_CALL = re.compile(r"^(\w+)\s*\((.*)\)\s*;?$", re.DOTALL)


class WebActions:
    """The action space of a browser."""

    description = FORM
    ends: tuple[str, ...] = ("\nOUTPUT:", "\nURL:", "\nChanged on this page:")
    commands = False
    code = False

    def parse(self, reply: str) -> tuple[str, Action]:
        """A model's reply -> (thought, action). Raises ParseError, worded for the model."""
        thought, written = _first(_out_of_json(readable(reply, WANTED)))
        if len(written) > LONGEST:
            raise ParseError(f"The action is too long. {WANTED}")
        if CONTROL.search(written):
            raise ParseError(f"The action has characters that no page takes. {WANTED}")
        return thought, action(written)

    def form(self, seen: Sequence[str], last: Action | None) -> dict[str, Any] | None:
        """One of the actions that the page has; see `choices.py`."""
        return schema(seen, last)

    def format(self, action: Action) -> str:
        """The action as it is asked for, on one line."""
        said = action.arguments
        element = f"[{said['element']}]" if said.get("element") else ""
        if action.tool == STOP:
            return f"stop {_answer(str(said.get('answer', '')))}".strip()
        if action.tool == "type":
            return f"type {_quote(said['text'])}{f' into {element}' if element else ''}"
        if action.tool == "select":
            return f"select {_quote(said['option'])} in {element}"
        rest = element or " ".join(str(value) for value in said.values())
        return f"{action.tool} {rest}".strip()

    def reply(self, thought: str, action: Action) -> str:
        """Thought and action in the form of a reply: `parse(reply(t, a)) == (t, a)`."""
        return f"{reason_line(thought)}ACTION: {self.format(action)}"


def action(written: str) -> Action:
    """An action that was written on one line, without its label. Raises ParseError, worded for a model."""
    written = written.strip()
    if STOPPED.match(written) and written.split("(")[0].strip(" .!").lower() != "enter":
        return Action(tool=STOP, arguments={"answer": ""})
    if answer := ANSWER.match(written):
        return Action(tool=STOP, arguments={"answer": _text(written[answer.end() :].strip())})
    call = _CALL.match(written)
    verb, _, rest = (call[1], "", call[2]) if call else written.partition(" ")
    tool = TOOL.get(verb.lower().rstrip(":"))
    if tool is None:
        raise ParseError(f"There is no action {verb[:40]!r}. {WANTED}")
    return _READ[tool](tool, rest.strip())


def _out_of_json(text: str) -> str:
    """A reply that was asked for as a JSON text."""
    if text.lstrip()[:1] != '"':
        return text
    try:
        value = json.loads(text.strip())
    except ValueError:
        return text
    return f"ACTION: {value}" if isinstance(value, str) else text


def _first(text: str) -> tuple[str, str]:
    """Thought and first action of a reply, as it was written."""
    found = ACTION.search(text) or INLINE.search(text)
    if found:
        lines = [found[1], *text[found.end() :].split("\n")]
        thought = thought_of(text[: found.start()])
    else:
        lines, thought = text.strip().split("\n"), ""
        # Without a label only a reply that is an action is one.
        first = lines[0].strip()
        known = re.split(r"[ (]", first)[0].lower() in TOOL
        if not known and not any(form.match(first) for form in (STOPPED, FENCE, ANSWER)):
            raise ParseError(f"There is no ACTION in your reply. {WANTED}")
    for line in lines:
        line = line.strip()
        while label := ACTION.match(line):
            line = label[1].strip()
        line = line.strip("`").strip()
        if line and not FENCE.match(line) and not TURN.match(line):
            return thought, line
    raise ParseError(f"There is nothing after ACTION. {WANTED}")


def _element(text: str) -> str:
    """The name of an element without what models put around it."""
    text = text.strip().rstrip(";").strip()
    if text[:1] == "[" and text[-1:] == "]":
        return text[1:-1].strip()
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].strip()
    # What follows the name on its line, such as its value.
    if text[:1] == "[" and (whole := re.match(r'\[((?:[^\]"]|"(?:[^"\\]|\\.)*")*)\]', text)):
        return whole[1].strip()
    return text


def _on_element(tool: str, rest: str) -> Action:
    element = _element(re.sub(r"^on\s+(?=[\[\"'])", "", rest))
    if not element:
        raise ParseError(f'Say which element: {tool} [link "Name"]. {WANTED}')
    return Action(tool=tool, arguments={"element": element})


def _with_text(tool: str, rest: str) -> Action:
    """`"text" into [element]`, also the other way round."""
    name = "text" if tool == "type" else "option"
    text, element = _parts(rest)
    if tool == "select" and not element:
        raise ParseError(f'Say in which list: select "option" in [combobox "Name"]. {WANTED}')
    return Action(tool=tool, arguments={name: text, "element": element})


def _parts(rest: str) -> tuple[str, str]:
    """(text, element) of what follows `type` or `select`."""
    if quoted := _string(rest):
        text, after = quoted
        joined = re.match(_JOIN, after)
        after = after[joined.end() :] if joined else after.strip()
        if not after or not _string(after) or joined:
            return text, _element(after)
        return text, _element(after)
    element = re.match(r'^(\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\]|[a-z]+ "(?:[^"\\]|\\.)*"(?: #\d+)?)', rest)
    if element:
        after = rest[element.end() :]
        joined = re.match(_JOIN, after) or re.match(r"\s*with\s+", after)
        return _text(after[joined.end() :] if joined else after.strip()), _element(element[1])
    for word in (" into ", " in ", " to "):
        before, found, after = rest.rpartition(word)
        if found and after.strip()[:1] in "[\"'":
            return _text(before.strip()), _element(after)
    return _text(rest), ""


def _string(text: str) -> tuple[str, str] | None:
    """A quoted text at the beginning, and what follows it."""
    if text[:1] == '"':
        try:
            value, end = json.JSONDecoder(strict=False).raw_decode(text)
            return str(value), text[end:]
        except ValueError:
            return None
    if text[:1] == "'" and (found := re.match(r"'((?:[^'\\]|\\.)*)'", text)):
        return re.sub(r"\\(['\\])", r"\1", found[1]), text[found.end() :]
    return None


def _text(text: str) -> str:
    """A text without the quotation marks around all of it."""
    quoted = _string(text)
    return quoted[0] if quoted and not quoted[1].strip() else text


def _word(name: str, missing: str) -> Callable[[str, str], Action]:
    def read(tool: str, rest: str) -> Action:
        value = _text(rest.strip("[]").strip())
        if not value and missing:
            raise ParseError(f"{missing} {WANTED}")
        return Action(tool=tool, arguments={name: value} if value else {})

    return read


def _alone(tool: str, rest: str) -> Action:
    return Action(tool=tool)


def _scroll(tool: str, rest: str) -> Action:
    return Action(tool=tool, arguments={"direction": "up" if "up" in rest.lower() else "down"})


_READ: dict[str, Callable[[str, str], Action]] = {
    "click": _on_element,
    "hover": _on_element,
    "type": _with_text,
    "select": _with_text,
    "press": _word("key", "Say which key: press Enter."),
    "scroll": _scroll,
    "goto": _word("url", "Say which page: goto /page."),
    "back": _alone,
    "forward": _alone,
    "new_tab": _word("url", ""),
    "tab": _word("number", "Say which tab: tab 2."),
    "close_tab": _alone,
}


def _quote(text: object) -> str:
    return json.dumps(str(text), ensure_ascii=False)


def _answer(answer: str) -> str:
    """An answer on one line: quoted where it would not be read back as it is."""
    plain = (
        answer.strip() == answer and "\n" not in answer and answer[:1] not in ('"', "'") and "`" not in answer
    )
    return answer if plain else _quote(answer)
