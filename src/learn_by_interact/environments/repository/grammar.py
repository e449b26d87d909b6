"""The form of an action in a project's code, as a grammar of llama.cpp (GBNF), for a small local model.

It holds what stands behind `ACTION:`. A word that cannot begin an action now does not begin one; and what is
replaced are lines as the last view showed them, at most four at once, of the file that it showed. Of examples
in its prompt such a model else copies the lines, and not the way, and of a file all that it was shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...types import Step
from . import REPLACE, UNDO, VIEW

NUMBERED = re.compile(r" *\d+  (.*)")
"""A line as a view shows it."""
MOST = 60
"""Lines among which a model is given the choice."""


def grammar(never: Sequence[str], steps: Sequence[Step]) -> str:
    """`never`: words with which the next action does not begin, besides those that cannot begin it now."""
    done = [step.action for step in steps]
    place, lines = seen(steps)
    undone = any(one.tool == REPLACE for one in done)
    words = {*never, REPLACE, *(() if undone else (UNDO,))}
    free = otherwise(sorted(words | {word.capitalize() for word in words}))
    if not lines or REPLACE in never:
        return f'root ::= " " ({free})'
    begin = _literal(f"{REPLACE} {place}\n<<<<<<< SEARCH\n")
    return "\n".join(
        [
            f'root ::= " " (mend | {free})',
            rf'mend ::= {begin} line line? line? line? "=======\n" [^\x00]*',
            "line ::= " + " | ".join(_literal(f"{line}\n") for line in lines),
        ]
    )


def otherwise(words: Sequence[str]) -> str:
    """Alternatives for any text that begins with none of these words, nor with a blank."""
    # What begins with a word begins with a shorter one too.
    words = [one for one in words if not any(one != other and one.startswith(other) for other in words)]
    ways = []
    for part in sorted({word[:at] for word in words for at in range(len(word))}):
        following = "".join(sorted({word[len(part)] for word in words if word.startswith(part)}))
        other = rf"[^{_escaped(following if part else f' {following}')}\n] [^\x00]*"
        ways.append(f"{_literal(part)} {other}" if part else other)
    return " | ".join(ways)


def seen(steps: Sequence[Step]) -> tuple[str, list[str]]:
    """The file that was viewed last, if no change came after, and the lines of it that were shown."""
    for step in reversed(steps):
        if step.action.tool in (REPLACE, UNDO) and not step.observation.failed:
            break
        if step.action.tool == VIEW and not step.observation.failed:
            shown = [found[1] for found in map(NUMBERED.match, step.observation.text.split("\n")) if found]
            kept = [line for line in dict.fromkeys(shown) if line.strip()][:MOST]
            return str(step.action.arguments.get("path", "")), kept
    return "", []


def _literal(text: str) -> str:
    """A string of a grammar."""
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """As it stands in a string or a class of a grammar: by numbers where it could mean something."""
    return "".join(one if one.isalnum() or one == " " else f"\\U{ord(one):08x}" for one in text)
