"""The form of an action in a project's code, as a grammar of llama.cpp (GBNF), for a small local model.

It holds what stands behind `ACTION:`. An action begins with one of the tools or with a usual command, and not
with a word that cannot begin one now. What is replaced are lines as the last view showed them, with their
numbers, at most three that follow each other, of the file that it showed; and the lines instead of them are
numbered too, and come to an end. Such a model else copies lines of examples in its prompt, and not their way,
or all that it was shown of a file; and where a test fails it mends the test. By its number, which a traceback
names, it takes the right line more often.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...types import STOP, Step, Task
from . import REPLACE, TOOLS, UNDO, VIEW
from .source import is_test

NUMBERED = re.compile(r" *\d+  .*")
"""A line as a view shows it."""
PREFIX = re.compile(r" *\d+  ")
BLANK = re.compile(r" *\d+ *")
TOGETHER = 3
"""Lines that are replaced at once, at most."""
MOST = 60
"""Lines among which a model is given the choice."""
ADDS = re.compile(r"\b(add|write|extend)\b.*\btests?\b", re.IGNORECASE)
"""A task that wants tests."""
USUAL = (
    "awk bash black cat cd cp cut diff echo env export find flake8 git grep head isort ls make mkdir mv mypy "
    "nox pip printf pytest python python3 rm ruff sed sh sort tail touch tox tree uniq uv wc xargs"
)
"""Commands with which work in a project begins. Where a word is barred and all others are not, a model says
one that is like it (`start` for `stop`)."""


def grammar(task: Task, never: Sequence[str], steps: Sequence[Step]) -> str:
    """`never`: words with which the next action does not begin, besides those that cannot begin it now."""
    done = [step.action for step in steps]
    place, lines = seen(steps)
    undone = any(one.tool == REPLACE for one in done)
    barred = {*filter(None, never), REPLACE, *(() if undone else (UNDO,))}
    # A word that is a longer form of another does the same: python3.
    tools, usual = (
        [word for word in words if not any(word.startswith(one) or one.startswith(word) for one in barred)]
        for words in ((*TOOLS, STOP), USUAL.split())
    )
    # A replacement stands behind its own word alone.
    rules = [
        "free ::= (tool words) | (usual words further{0,9})",
        *(
            f"{name} ::= {' | '.join(map(_literal, some))}"
            for name, some in (("tool", tools), ("usual", usual))
        ),
        r'words ::= (" " [^\n]*)?',
        r'further ::= "\n" ([^<\n] [^\n]*)?',
    ]
    if not lines or REPLACE in never or (is_test(place) and not ADDS.search(task.instruction)):
        return "\n".join(['root ::= " " free', *rules])
    begin = _literal(f"{REPLACE} {place}\n<<<<<<< SEARCH\n")
    first = [f"from{at}" for at, line in enumerate(lines) if not BLANK.fullmatch(line)]
    return "\n".join(
        [
            'root ::= " " (mend | free)',
            *rules,
            f'mend ::= {begin} ({" | ".join(first)}) ">>>>>>> REPLACE"',
            # A line that begins with a number after its own has been numbered twice.
            r'rest ::= " "{0,60} ([^ 0-9\n] [^\n]{0,159})? "\n"',
            r'more ::= " "{0,5} [0-9]{1,6} "  " rest',
            *(_mending(at, lines) for at in range(len(lines))),
            *(f"line{at} ::= {_literal(line)} {_literal(chr(10))}" for at, line in enumerate(lines)),
        ]
    )


def _mending(at: int, lines: Sequence[str]) -> str:
    """The rule of a line, of those that follow it one after the other, and of what stands instead of them."""
    old = ""
    for follower in reversed(range(at, min(at + TOGETHER, len(lines)))):
        old = f"line{follower} ({old})?" if old else f"line{follower}"
    number = PREFIX.match(lines[at])
    instead = f"({_literal(number[0] if number else '')} rest more{{0,4}})?"
    return f'from{at} ::= {old} "=======\\n" {instead}'


def seen(steps: Sequence[Step]) -> tuple[str, list[str]]:
    """The file that was viewed last, if no change came after, and the lines of it that were shown."""
    for step in reversed(steps):
        if step.action.tool in (REPLACE, UNDO) and not step.observation.failed:
            break
        if step.action.tool == VIEW and not step.observation.failed:
            shown = [line for line in step.observation.text.split("\n") if NUMBERED.fullmatch(line)]
            kept = [] if all(map(BLANK.fullmatch, shown)) else shown[:MOST]
            return str(step.action.arguments.get("path", "")), kept
    return "", []


def _literal(text: str) -> str:
    """A string of a grammar: by numbers what could mean something in it."""
    return '"' + "".join(one if one.isalnum() or one == " " else f"\\U{ord(one):08x}" for one in text) + '"'
