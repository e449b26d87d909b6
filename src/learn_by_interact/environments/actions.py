"""How a model writes a shell command, and how its reply is read.

The form that is asked for, and that `reply` writes (a line `REASON: ...` may stand before it):

    ACTION: one bash command

What models write instead is read as well: a fenced block, `$ command`, back-quotes, other cases,
a missing reason, a whole invented dialogue of which only the first action counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..errors import ParseError
from ..types import STOP, Action, Step, Task
from .reply import (
    ACTION,
    ANSWER,
    CONTROL,
    FENCE,
    INLINE,
    OWN,
    STOPPED,
    TURN,
    readable,
    reason_line,
    thought_of,
)
from .script import Script

SHELL = "bash"
"""The tool of an action that runs a command; its one argument is `command`."""

FORM = """\
You work in a bash shell. In each turn you give one bash command and then see its output, in this form:
ACTION: wc -l report.txt
A command of several lines goes into a ```bash block after ACTION:. Commands start where the last `cd` led; \
other settings of the shell do not last. There is no network, and no command can ask you anything.
When an output shows that the task is done, end with this, and with the answer if the task asks a question:
ACTION: stop"""

WANTED = "Reply in this form:\nACTION: one bash command, or stop"

LONGEST = 20_000
"""Characters of a command; the system takes about 128 KiB."""

_INLINE_FENCE = re.compile(r"^```(?:(?:bash|sh|shell)\s+)?([^`].*?[^`]|[^`])```$")
_PROMPT = re.compile(r"^[ \t]*\$[ \t]+(?=\S)")


class ShellActions:
    """The action space of a shell: `bash` with a command, and `stop` with an answer."""

    description = FORM
    ends: tuple[str, ...] = ("\nOUTPUT:", "\n[no output]", "\n[changed:", "\n[new:")
    commands = True
    code = False
    stops = True

    def gbnf(self, task: Task, never: Sequence[str], steps: Sequence[Step]) -> str:
        """None."""
        return ""

    def parse(self, reply: str) -> tuple[str, Action]:
        """A model's reply -> (thought, action). Raises ParseError, worded for the model."""
        thought, action = _read(readable(reply, WANTED))
        written = str(action.arguments.get("command", action.arguments.get("answer", "")))
        if action.tool == SHELL and not written.strip():
            raise ParseError(f"There is no command after ACTION. {WANTED}")
        if CONTROL.search(written):
            raise ParseError(f"The command has characters that a shell cannot read. {WANTED}")
        if len(written) > LONGEST:
            raise ParseError(f"The command is too long. {WANTED}")
        return thought, action

    def form(
        self, seen: Sequence[str], tried: Sequence[Action], known: Sequence[str] = (), most: int = 1
    ) -> dict[str, Any] | None:
        """None: a shell takes anything."""
        return None

    def format(self, action: Action) -> str:
        """The command; `stop` and the answer for the action that ends an episode."""
        if action.tool == STOP:
            return f"stop {action.arguments.get('answer', '')}".strip()
        return str(action.arguments.get("command", ""))

    def reply(self, thought: str, action: Action) -> str:
        """Thought and action in the form of a reply: `parse(reply(t, a)) == (t, a)`.

        The simplest form that is read back as it was: one line, a fenced block, or a block with
        a longer fence, which is taken literally.
        """
        reason = reason_line(thought)
        body = str(action.arguments.get("command", action.arguments.get("answer", "")))
        fence = "`" * max([4, *(len(run) + 1 for run in re.findall("`+", body))])
        stop = " stop" if action.tool == STOP else ""
        literal = f"{reason}ACTION:{stop}\n{fence}\n{body}\n{fence}"
        for form in (
            f"{reason}ACTION:{f'{stop} {body}'.rstrip()}",
            *([] if stop else [f"{reason}ACTION:\n```bash\n{body}\n```"]),
        ):
            if "\n" in body and "```" not in form:
                continue
            try:
                if self.parse(form) == (thought, action):
                    return form
            except ParseError:
                continue
        return literal


def _read(text: str) -> tuple[str, Action]:
    """Find the first action in a reply that is not empty."""
    found = ACTION.search(text) or INLINE.search(text)
    block = re.search(r"^[ \t]*(?:`{3,}|~{3,})", text, re.MULTILINE)
    if block and (not found or block.start() < found.start()):
        return thought_of(text[: block.start()]), _block(text[block.start() :])
    if found:
        return thought_of(text[: found.start()]), _labelled(found[1].strip(), text[found.end() :])
    lines = text.strip("\n").split("\n")
    for index, line in enumerate(lines):
        if _PROMPT.match(line):
            return thought_of("\n".join(lines[:index])), _command(
                [_PROMPT.sub("", line), *lines[index + 1 :]]
            )
    if STOPPED.match(text.strip()) or (ANSWER.match(text.strip()) and "\n" not in text.strip()):
        return "", _command([text.strip()])
    raise ParseError(f"There is no ACTION in your reply. {WANTED}")


def _labelled(first: str, rest: str) -> Action:
    """The action whose label was found: what stands on its line, and below."""
    first = _without_label(first)
    below = rest.removeprefix("\n").split("\n")
    if re.fullmatch(r"(?:bash|sh|shell)?", first):
        while below and not below[0].strip():
            below.pop(0)
        if not below or TURN.match(below[0]):
            raise ParseError(f"There is no command after ACTION. {WANTED}")
        if FENCE.match(below[0]):
            return _block("\n".join(below))
        return _command(below)
    if FENCE.match(first):
        return _block("\n".join([first, *below]))
    if first.lower() == STOP and below and re.match(r"`{4,}$", below[0]):
        return Action(tool=STOP, arguments={"answer": _fenced(below)[0]})
    return _command([first, *below])


def _without_label(line: str) -> str:
    """A line without the label of an action, which small models write twice."""
    while label := ACTION.match(line):
        line = label[1].strip()
    return line


def _block(text: str) -> Action:
    """The action in a fenced block that begins the text."""
    content, literal = _fenced(text.split("\n"))
    if literal:
        return Action(tool=SHELL, arguments={"command": content})
    lines = content.strip("\n").split("\n")
    lines[0] = _without_label(lines[0])
    if _PROMPT.match(lines[0]) or len(lines) == 1:
        return _command(lines)
    return Action(tool=SHELL, arguments={"command": "\n".join(lines).rstrip()})


def _fenced(lines: list[str]) -> tuple[str, bool]:
    """The content of a fenced block and whether its fence asks to take it literally."""
    opening = lines[0].strip()
    fence = opening[: len(opening) - len(opening.lstrip(opening[0]))]
    if inline := _INLINE_FENCE.match(opening):
        return inline[1], False
    literal, script, ends = len(fence) > 3, Script(), []
    for at, line in enumerate(lines[1:], 1):
        if line.strip() == fence:
            ends.append(at)
            if literal or not script.document:
                break
        elif ends and OWN.match(line):
            ends = ends[:1]
            break
        script.read(line)
    else:
        # What is never ended does not keep a fence from ending.
        ends = ends[:1]
    return "\n".join(lines[1 : ends[-1] if ends else len(lines)]), literal


def _command(lines: list[str]) -> Action:
    """The command that begins on the first line; what follows it is dropped."""
    first = lines[0].strip()
    if inline := _INLINE_FENCE.match(first):
        first = inline[1].strip()
    elif len(first) > 1 and first[0] == first[-1] == "`" and "`" not in first[1:-1]:
        first = first[1:-1].strip()
    first = _PROMPT.sub("", first)
    if STOPPED.match(first):
        return Action(tool=STOP, arguments={"answer": _until_turn(lines[1:]) if first == STOP else ""})
    if answer := ANSWER.match(first):
        text = first[answer.end() :]
        if text.startswith("<") and text.endswith(">"):
            text = text[1:-1]
        return Action(tool=STOP, arguments={"answer": f"{text}\n{_until_turn(lines[1:])}".strip()})
    return Action(tool=SHELL, arguments={"command": _complete([first, *lines[1:]])})


def _until_turn(lines: list[str]) -> str:
    """The lines up to the next invented turn."""
    for index, line in enumerate(lines):
        if TURN.match(line):
            lines = lines[:index]
            break
    return "\n".join(lines).strip()


def _complete(lines: list[str]) -> str:
    """The first line and the further ones that bash would read before it runs it."""
    script = Script()
    for count, line in enumerate(lines):
        if count and (OWN if script.document else TURN).match(line):
            break
        script.read(line)
        # A function's name, and below it what it does.
        named = line.rstrip().endswith("()") and "".join(lines[count + 1 : count + 2]).strip() == "{"
        if not script.open and not named:
            return "\n".join(lines[: count + 1])
    return lines[0]
