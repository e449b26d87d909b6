"""Actions on named elements, each written on one line: what browsers and desktops have in common.

The form that is asked for, and that `reply` writes (a line `REASON: ...` may stand before it):

    ACTION: click [button "Save"]
    ACTION: type "some text" into [textbox "Name:"]

Elements have the names that the screen gives them, so that an action means the same in another episode.
Read as well are other words and orders: `fill`, `click("New Ticket")`, an element before the text, names
without brackets, a fenced block.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Protocol, TypeVar

from ..errors import ParseError
from ..types import STOP, Action, Step, Task
from .reply import ACTION, ANSWER, CONTROL, FENCE, INLINE, STOPPED, TURN, readable, reason_line, thought_of

LONGEST = 4_000
"""Characters of an action."""
NEAR = 6
"""Names that are told when there is no such element."""
NAMES = r'\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\]'
"""Pattern of a name in brackets."""
_NAMED = re.compile(r'(?:on )?\[?[a-z]+(?: "| #\d)|\[(?:button|link|checkbox|radio|menuitem)\]')
"""What is no key: a role with a name, or in brackets one of these alone."""
_JOIN = r"\s*(?:\b(?:into|in|to|on|from|for|at)\b|=|,|:)\s*"
_CALL = re.compile(r"^(\w+)\s*\((.*)\)\s*;?$", re.DOTALL)

Reader = Callable[[str, str], Action]
"""(tool, what is written after it) -> the action; raises Incomplete."""


class Incomplete(Exception):
    """What an action lacks, in a sentence."""


class Refused(Exception):
    """An action that cannot be done: the message is for the model."""


class Element(Protocol):
    """What a name stands for."""

    role: str


Found = TypeVar("Found", bound=Element)


class Grammar:
    """The actions that there are, and how they are read."""

    def __init__(self, wanted: str, verbs: Mapping[str, str], readers: Mapping[str, Reader]) -> None:
        """`wanted` tells a model the forms; `verbs`: tool -> the words that are read as it."""
        self.wanted, self._readers = wanted, readers
        self._tools = {word: tool for tool, words in verbs.items() for word in words.split()}

    def action(self, written: str) -> Action:
        """An action on one line, without its label. Raises ParseError, worded for a model."""
        written = written.strip()
        if STOPPED.match(written) and written.split("(")[0].strip(" .!").lower() != "enter":
            return Action(tool=STOP, arguments={"answer": ""})
        if answer := ANSWER.match(written):
            return Action(tool=STOP, arguments={"answer": unquoted(written[answer.end() :].strip())})
        call = _CALL.match(written)
        verb, _, rest = (call[1], "", call[2]) if call else written.partition(" ")
        tool = self._tools.get(verb.lower().rstrip(":"))
        if tool is None:
            raise ParseError(f"There is no action {verb[:40]!r}. {self.wanted}")
        try:
            return self._readers[tool](tool, rest.strip())
        except Incomplete as error:
            raise ParseError(f"{error} {self.wanted}") from None

    def parse(self, reply: str) -> tuple[str, Action]:
        """A model's reply -> (thought, action). Raises ParseError, worded for the model."""
        thought, written = self._first(_out_of_json(readable(reply, self.wanted)))
        if len(written) > LONGEST:
            raise ParseError(f"The action is too long. {self.wanted}")
        if CONTROL.search(written):
            raise ParseError(f"The action has characters that nothing here takes. {self.wanted}")
        return thought, self.action(written)

    def _first(self, text: str) -> tuple[str, str]:
        """Thought and first action of a reply, as it was written."""
        found = ACTION.search(text) or INLINE.search(text)
        if found:
            lines = [found[1], *text[found.end() :].split("\n")]
            thought = thought_of(text[: found.start()])
        else:
            lines, thought = text.strip().split("\n"), ""
            # Without a label only a reply that is an action is one.
            first = lines[0].strip()
            known = re.split(r"[ (]", first)[0].lower() in self._tools
            if not known and not any(form.match(first) for form in (STOPPED, FENCE, ANSWER)):
                raise ParseError(f"There is no ACTION in your reply. {self.wanted}")
        for line in lines:
            line = line.strip()
            while label := ACTION.match(line):
                line = label[1].strip()
            line = line.strip("`").strip()
            if line and not FENCE.match(line) and not TURN.match(line):
                return thought, line
        raise ParseError(f"There is nothing after ACTION. {self.wanted}")


class ElementActions:
    """Base of the action spaces on elements; a subclass says how a reply may look."""

    description: str
    ends: tuple[str, ...]
    commands = False
    code = False
    stops = True
    grammar: Grammar

    def gbnf(self, task: Task, never: Sequence[str], steps: Sequence[Step]) -> str:
        """None."""
        return ""

    def parse(self, reply: str) -> tuple[str, Action]:
        """A model's reply -> (thought, action). Raises ParseError, worded for the model."""
        return self.grammar.parse(reply)

    def form(
        self, seen: Sequence[str], tried: Sequence[Action], known: Sequence[str] = (), most: int = 1
    ) -> dict[str, Any] | None:
        """See `ActionSpace.form`."""
        raise NotImplementedError

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


def on_element(tool: str, rest: str) -> Action:
    """`[link "Name"]`"""
    element = name_in(re.sub(r"^on\s+(?=[\[\"'])", "", rest))
    if not element:
        raise Incomplete(f'Say which element: {tool} [button "Name"].')
    return Action(tool=tool, arguments={"element": element})


def with_text(tool: str, rest: str) -> Action:
    """`"text" into [element]`, also the other way round."""
    name = "text" if tool == "type" else "option"
    text, element = _parts(rest)
    if tool == "select" and not element:
        raise Incomplete('Say in which list: select "option" in [combobox "Name"].')
    return Action(tool=tool, arguments={name: text, "element": element})


def word(name: str, missing: str) -> Reader:
    """A reader of one argument of this name; `missing` is said where there is none, "": it may lack."""

    def read(tool: str, rest: str) -> Action:
        value = unquoted(rest.strip("[]").strip())
        if not value and missing:
            raise Incomplete(missing)
        return Action(tool=tool, arguments={name: value} if value else {})

    return read


def key_or_element(tool: str, rest: str) -> Action:
    """`Enter`; what is said of an element, as in `press [button "Submit"]`, is a click."""
    if _NAMED.match(rest):
        return on_element("click", rest)
    return word("key", "Say which key: press Enter.")(tool, rest)


def alone(tool: str, rest: str) -> Action:
    """An action without arguments."""
    return Action(tool=tool)


def direction(tool: str, rest: str) -> Action:
    """`up` or `down`."""
    return Action(tool=tool, arguments={"direction": "up" if "up" in rest.lower() else "down"})


def name_in(text: str) -> str:
    """The name of an element without what models put around it."""
    text = text.strip().rstrip(";").strip()
    if text[:1] == "[" and text[-1:] == "]":
        return text[1:-1].strip()
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].strip()
    # What follows the name on its line, such as its value.
    if text[:1] == "[" and (whole := re.match(NAMES, text)):
        return whole[0][1:-1].strip()
    return text


def _out_of_json(text: str) -> str:
    """A reply that was asked for as a JSON text."""
    if text.lstrip()[:1] != '"':
        return text
    try:
        value = json.loads(text.strip())
    except ValueError:
        return text
    return f"ACTION: {value}" if isinstance(value, str) else text


def _parts(rest: str) -> tuple[str, str]:
    """(text, element) of what follows `type` or `select`."""
    if quoted := _string(rest):
        text, after = quoted
        joined = re.match(_JOIN, after)
        return text, name_in(after[joined.end() :] if joined else after.strip())
    element = re.match(rf'^({NAMES}|[a-z]+ "(?:[^"\\]|\\.)*"(?: #\d+)?)', rest)
    if element:
        after = rest[element.end() :]
        joined = re.match(_JOIN, after) or re.match(r"\s*with\s+", after)
        return unquoted(after[joined.end() :] if joined else after.strip()), name_in(element[1])
    for joint in (" into ", " in ", " to "):
        before, found, after = rest.rpartition(joint)
        if found and after.strip()[:1] in "[\"'":
            return unquoted(before.strip()), name_in(after)
    return unquoted(rest), ""


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


def unquoted(text: str) -> str:
    """A text without the quotation marks around all of it."""
    quoted = _string(text)
    return quoted[0] if quoted and not quoted[1].strip() else text


def _quote(text: object) -> str:
    return json.dumps(str(text), ensure_ascii=False)


def _answer(answer: str) -> str:
    """An answer on one line: quoted where it would not be read back as it is."""
    plain = (
        answer.strip() == answer and "\n" not in answer and answer[:1] not in ('"', "'") and "`" not in answer
    )
    return answer if plain else _quote(answer)


def find(
    name: str, elements: Mapping[str, Found], roles: frozenset[str] | None = None, place: str = "page"
) -> Found:
    """The element of this name; also of a name that is nearly it, if only one is.

    `roles`: those that the action is for. Raises Refused, which says what there is.
    """
    if node := elements.get(name) or elements.get(name.removesuffix(" #1")):
        return node
    allowed = {known: node for known, node in elements.items() if roles is None or node.role in roles}
    wanted = plain_name(name)
    for likeness in (_same, _same_label, _begins):
        found = [known for known in allowed if likeness(wanted, plain_name(known))]
        if len(found) == 1:
            return allowed[found[0]]
        if (
            found
            and likeness is not _begins
            and len({plain_name(known).partition(" #")[0] for known in found}) == 1
        ):
            return allowed[found[0]]
    names = sorted(allowed, key=lambda known: -SequenceMatcher(None, wanted, plain_name(known)).ratio())
    there = ", ".join(f"[{known}]" for known in names[:NEAR])
    raise Refused(
        f"There is no [{name}] on this {place}. "
        + (f"There is {there}." if there else "Nothing here can be acted on.")
    )


def plain_name(name: str) -> str:
    """A name without what models change: case, quotation marks, a colon at the end."""
    return re.sub(r"\s+", " ", re.sub(r"""["'\[\]:*]""", "", name)).strip().lower()


def _same(wanted: str, known: str) -> bool:
    return wanted == known


def _same_label(wanted: str, known: str) -> bool:
    """The label alone, without the role or with another."""
    label = known.partition(" ")[2]
    return bool(label) and label in (wanted, wanted.partition(" ")[2])


def _begins(wanted: str, known: str) -> bool:
    label = wanted.removesuffix("...").strip()
    return len(label) > 2 and (known.startswith(label) or known.partition(" ")[2].startswith(label))
