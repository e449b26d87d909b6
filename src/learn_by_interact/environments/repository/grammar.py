"""The form of an action in a project's code, as a grammar of llama.cpp (GBNF), for a small local model.

It holds what stands behind `ACTION:`. An action begins with one of the tools or with a usual command, and not
with a word that cannot begin one now. What is replaced are lines as the last view showed them, at most four
at once, of the file that it showed, and the lines instead of them come to an end. Such a model else copies
lines of examples in its prompt, and not their way, or all that it was shown of a file; and where a test fails
it mends the test.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...types import STOP, Step, Task
from . import REPLACE, TOOLS, UNDO, VIEW
from .source import is_test

NUMBERED = re.compile(r" *\d+  (.*)")
"""A line as a view shows it."""
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
        "free ::= (tool words) | (usual words more*)",
        *(
            f"{name} ::= {' | '.join(map(_literal, some))}"
            for name, some in (("tool", tools), ("usual", usual))
        ),
        r'words ::= (" " [^\n]*)?',
        r'more ::= "\n" ([^<\n] [^\n]*)?',
    ]
    if not lines or REPLACE in never or (is_test(place) and not ADDS.search(task.instruction)):
        return "\n".join(['root ::= " " free', *rules])
    begin = _literal(f"{REPLACE} {place}\n<<<<<<< SEARCH\n")
    return "\n".join(
        [
            'root ::= " " (mend | free)',
            *rules,
            f'mend ::= {begin} line line? line? line? "=======\\n" instead{{0,6}} ">>>>>>> REPLACE"',
            r'instead ::= ([^>\n] [^\n]{0,159})? "\n"',
            "line ::= " + " | ".join(_literal(f"{line}\n") for line in lines),
        ]
    )


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
    """A string of a grammar: by numbers what could mean something in it."""
    return '"' + "".join(one if one.isalnum() or one == " " else f"\\U{ord(one):08x}" for one in text) + '"'
