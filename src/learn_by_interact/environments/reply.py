"""The parts of a reply that all action spaces share: a reason, the label, an answer, invented turns."""

from __future__ import annotations

import json
import re
from contextlib import suppress

from ..errors import ParseError

ACTION = re.compile(
    r"^[ \t>*#-]*(?:action|command)[ \t]*\**[ \t]*:[ \t]*\**[ \t]*(.*)$", re.IGNORECASE | re.MULTILINE
)
INLINE = re.compile(r"\bACTION: *(.*)$", re.MULTILINE)
REASON = re.compile(r"^[ \t>*#-]*(?:reason|thought)[ \t]*\**[ \t]*:[ \t]*\**", re.IGNORECASE)
TURN = re.compile(
    r"^[ \t>*#-]*(?:reason|thought|action|command|observation|output|result|user|assistant)"
    r"[ \t]*\**[ \t]*:",
    re.IGNORECASE,
)
OWN = re.compile(r"(?:REASON|ACTION):")
"""What begins a turn also where a file is written that has lines such as `user: ...`."""
FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*[\w+-]*[ \t]*$")
STOPPED = re.compile(r"^(?:stop|done|finish|finished|exit|submit)\s*[.!]?(?:\s*\(\s*\))?$", re.IGNORECASE)
ANSWER = re.compile(r"^stop(?:[ \t]*:)?\s+(?=\S)", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffd]")


def readable(reply: str, wanted: str) -> str:
    """A reply without what a model thought before it. Raises ParseError, with what is `wanted`, if empty."""
    text = reply.replace("\r\n", "\n")
    if text.lstrip().startswith("<think>"):
        text = text.rpartition("</think>")[2]
    if not text.strip():
        raise ParseError(f"Your reply was empty. {wanted}")
    return text


def each(reply: str) -> list[str]:
    """The actions of a reply that holds several, each with its label; what stands before the first is its."""
    text = reply
    if text.lstrip()[:1] == '"':
        with suppress(ValueError):
            text = str(json.loads(text))
    begins = [0, *(found.start() for found in list(ACTION.finditer(text))[1:])]
    return [text[begin:end] for begin, end in zip(begins, [*begins[1:], len(text)], strict=True)]


def reason_line(thought: str) -> str:
    """The line with the reason, or nothing; quoted as JSON when it would not survive as it is."""
    if not thought:
        return ""
    line = f"REASON: {thought}\n"
    if thought_of(line) == thought and "\n" not in thought and not FENCE.search(thought):
        return line
    return f"REASON: {json.dumps(thought)}\n"


def thought_of(text: str) -> str:
    """The text before an action, on one line, without its label."""
    text = REASON.sub("", text.strip(), count=1).strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(text))
        except ValueError:
            pass
    return " ".join(text.split())
