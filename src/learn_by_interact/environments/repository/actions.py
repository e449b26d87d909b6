"""How a model acts on a repository: bash, and view, search, replace and undo for one that edits badly in it.

    ACTION: view src/pkg/mod.py 40 90
    ACTION: search "def parse" src
    ACTION: replace src/pkg/mod.py
    <<<<<<< SEARCH
    the lines as they are
    =======
    the lines as they shall be
    >>>>>>> REPLACE

The form of a replacement is that of git's conflicts, which code models have seen. What is read beside it: a
block after a line with nothing but a path, a fence around it, other words after the marks, fewer signs.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Any

from ...errors import ParseError
from ...types import Action, Step, Task
from ..actions import LONGEST, SHELL, ShellActions
from ..reply import ACTION, CONTROL, FENCE, readable, reason_line, thought_of
from . import REPLACE, SEARCH, TOOLS, UNDO, VIEW
from .grammar import grammar

# No example of an action that could be done: a small model does it in any project.
FORM = """\
You work in a git repository, in a bash shell at its top. In each turn you write ACTION: and one action, and \
then see its output. An action is a line of bash, such as one that runs tests, or one of these:
search "TEXT" PATH
view FILE FIRST LAST
replace FILE
<<<<<<< SEARCH
the lines as they are now, exactly
=======
the lines as they shall be
>>>>>>> REPLACE
The first finds the lines that hold a text, the second shows lines with their numbers. There is no network. \
Tests are no part of what you hand in. When the task is done, the action is stop, with an answer behind it \
only if the task asks a question."""

WANTED = "Reply in this form:\nACTION: one of search, view, replace, undo, a bash command, or stop"

_COPIED = re.compile(r"\n\(\d+ later steps are left out")
"""With which a demonstration ends."""
_OPEN = re.compile(r"^[ \t]*(<{5,})[ \t]*\w*[ \t]*$")
_PATH = re.compile(r"[\w./~+-]*\w\.\w+|[\w.~+-]+/[\w./~+-]+")
_PLACE = re.compile(r"\.|[\w./~+-]*(?:/[\w./~+-]*|\w\.\w+)")
_RANGE = re.compile(r"(?:(?:lines? )?\[?(\d+)(?:[ ,:-]+(?:to )?(\d+))?\]?)?$")


class RepositoryActions(ShellActions):
    """The action space of a shell, with four more tools; see `commands.py` for what they do."""

    description = FORM
    code = True
    ends: tuple[str, ...] = ("\nOUTPUT:", "\n[no output]", "\n[changed:", "\n[new:")

    def parse(self, reply: str) -> tuple[str, Action]:
        """A model's reply -> (thought, action). Raises ParseError, worded for the model."""
        text = readable(reply, WANTED)
        if found := _replacement(text):
            if any(CONTROL.search(str(value)) for value in found[1].arguments.values()):
                raise ParseError(f"The replacement has characters that a file of code cannot have. {WANTED}")
            if len(str(found[1].arguments)) > LONGEST:
                raise ParseError(f"The replacement is too long: replace fewer lines. {WANTED}")
            return found
        thought, action = super().parse(reply)
        if action.tool != SHELL:
            return thought, action
        # What stands below one of the tools is what a model thinks up of its output.
        command = _COPIED.split(str(action.arguments["command"]))[0]
        bash = Action(tool=SHELL, arguments={**action.arguments, "command": command})
        return thought, _own(command.split("\n")[0]) or bash

    def gbnf(self, task: Task, never: Sequence[str], steps: Sequence[Step]) -> str:
        """See `grammar.py`."""
        return grammar(task, never, steps)

    def format(self, action: Action) -> str:
        """An action as it is written in prompts."""
        given = action.arguments
        if action.tool == VIEW:
            numbers = [str(given[name]) for name in ("start", "end") if given.get(name)]
            return " ".join([VIEW, shlex.quote(str(given.get("path", "."))), *numbers])
        if action.tool == SEARCH:
            place = given.get("path", ".")
            return f"{SEARCH} {_quoted(str(given['text']))}" + (
                f" {shlex.quote(place)}" if place != "." else ""
            )
        if action.tool == REPLACE:
            return (
                f"{REPLACE} {shlex.quote(str(given['path']))}\n{_block(str(given['old']), str(given['new']))}"
            )
        return UNDO if action.tool == UNDO else super().format(action)

    def reply(self, thought: str, action: Action) -> str:
        """Thought and action in the form of a reply: `parse(reply(t, a)) == (t, a)`."""
        if action.tool in TOOLS:
            return f"{reason_line(thought)}ACTION: {self.format(action)}"
        return super().reply(thought, action)


def _quoted(text: str) -> str:
    return f'"{text}"' if not re.search(r'["\\$`]', text) else shlex.quote(text)


def _block(old: str, new: str) -> str:
    """The two texts between marks that none of their lines could be taken for."""
    size = 7
    while any(re.search(rf"^[ \t]*{sign}{{{size}}}", f"{old}\n{new}", re.MULTILINE) for sign in "<=>"):
        size += 1
    parts = ["<" * size + " SEARCH", *([old] if old else []), "=" * size]
    return "\n".join([*parts, *([new] if new else []), ">" * size + " REPLACE"])


def _replacement(text: str) -> tuple[str, Action] | None:
    """The replacement with which a reply acts; None where it begins with something else, or has none."""
    lines = text.split("\n")
    begin = next((at for at, line in enumerate(lines) if _OPEN.match(line)), None)
    if begin is None:
        return None
    above = begin - 1
    while above >= 0 and (not lines[above].strip() or FENCE.match(lines[above])):
        above -= 1
    named = lines[above].strip() if above >= 0 else ""
    label = ACTION.match(named)
    labels = [found for line in lines[: max(above, 0)] if (found := ACTION.match(line))]
    if any(found[1].strip("`*: ") for found in labels):
        return None  # Something was done before.
    words = (label[1] if label else named).strip("`*: ").removeprefix(REPLACE).strip("`*: ")
    path = _PATH.fullmatch(words.strip("'\"")) or next(iter(_PATH.finditer(words)), None)
    if path is None:
        raise ParseError(f"Name the file in which to replace, as in ACTION: {REPLACE} FILE, above the lines.")
    old, new = _parts(lines[begin:])
    before = [line for line in lines[: max(above, 0)] if not ACTION.match(line)]
    return thought_of("\n".join(before)), Action(
        tool=REPLACE, arguments={"path": path[0], "old": old, "new": new}
    )


def _parts(lines: list[str]) -> tuple[str, str]:
    """What stands between the marks of a block that begins the lines. Raises ParseError."""
    opening = _OPEN.match(lines[0])
    assert opening
    exact = f"{{{len(opening[1])}}}"
    for size in (exact, "{5,}"):
        middles = [at for at, line in enumerate(lines) if re.match(rf"[ \t]*={size}[ \t]*$", line)]
        ends = [at for at, line in enumerate(lines) if re.match(rf"[ \t]*>{size}(?!>)[ \t]*\w*[ \t]*$", line)]
        if middles and (last := [at for at in ends if at > middles[0]]):
            return "\n".join(lines[1 : middles[0]]), "\n".join(lines[middles[0] + 1 : last[0]])
    raise ParseError(
        "The replacement is not whole: after the lines as they are, a line =======, the lines as they shall "
        "be, and a line >>>>>>> REPLACE."
    )


def _own(command: str) -> Action | None:
    """One of the tools where a command line calls it; None: it is for bash."""
    name, _, rest = command.partition(" ")
    name, rest = name.strip("`").lower(), rest.strip()
    if name not in TOOLS:
        return None
    if name == UNDO:
        return Action(tool=UNDO) if not rest else None
    try:
        words = shlex.split(rest)
    except ValueError:
        words = rest.split()
    if name == VIEW:
        asked = words[1:]
        if len(asked) > 2 and all(one.isdigit() for one in asked):
            asked = [asked[0], asked[-1]]  # Each line by its number.
        numbers = _RANGE.match(" ".join(asked))
        if not words or not numbers:
            raise ParseError("Write the action like this:\nACTION: view FILE FIRST LAST")
        given: dict[str, Any] = {"path": words[0]}
        given.update(
            {key: int(one) for key, one in zip(("start", "end"), numbers.groups(), strict=True) if one}
        )
        return Action(tool=VIEW, arguments=given)
    if name == SEARCH and words:
        # Unquoted, several words are one text, after which a path may stand.
        placed = len(words) > 1 and (_PLACE.fullmatch(words[-1]) or (len(words) == 2 and rest[0] in "\"'"))
        place = words[-1] if placed else "."
        text = " ".join(words[:-1] if placed else words)
        return Action(tool=SEARCH, arguments={"text": text, **({"path": place} if place != "." else {})})
    raise ParseError(
        'Write the action like this:\nACTION: search "TEXT" PATH\n'
        "or with a block of the lines to replace:\nACTION: replace FILE\n<<<<<<< SEARCH\n...\n"
        "=======\n...\n>>>>>>> REPLACE"
    )
