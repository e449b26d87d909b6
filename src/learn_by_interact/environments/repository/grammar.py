"""The form of an action in a project's code, as a grammar of llama.cpp (GBNF), for a small local model.

It holds what stands behind `ACTION:`. An action begins with one of the tools or with a usual command, and not
with a word that cannot begin one now. Where outputs have named lines of files, as tracebacks and searches do,
a view begins near one of them, and not where one has been. What is replaced are lines as the last view showed
them, with their numbers, at most three that follow each other, of the file that it showed; and the lines
instead of them are numbered too, and come to an end. Such a model else copies places and lines of examples in
its prompt, and not their way, or all that it was shown of a file; it views the same again with a line more;
and where a test fails it mends the test. By its number, which a traceback names, it takes the right line more
often.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...types import STOP, Step, Task
from ..actions import SHELL
from . import REPLACE, SEARCH, UNDO, VIEW
from .source import is_test

NUMBERED = re.compile(r" *\d+  .*")
"""A line as a view shows it."""
PREFIX = re.compile(r" *\d+  ")
"""Its number, and the blanks behind it."""
BLANK = re.compile(r" *\d+ *")
PLACE = re.compile(r"(?m)^[ \"]*(?:File \")?(\w[\w./+-]*\.\w+)(?:\", line |:)(\d+)")
"""A line of a file of the project as an output names it."""
ANY_LINES = r'[^ \n]{1,120} (" " [0-9]{1,6} (" " [0-9]{1,6})?)?'
PLACES = 8
"""Files that outputs named last among which a model is given the choice."""
NEAR = 20
"""A view begins at most so many lines before one that was named."""
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
    undone = any(step.action.tool == REPLACE for step in steps)
    barred = {*filter(None, never), *(() if undone else (UNDO,))}
    ways = {
        STOP: [f"{STOP} ::= {_literal(STOP)} words"],
        UNDO: [f"{UNDO} ::= {_literal(UNDO)}"],
        SEARCH: [rf'{SEARCH} ::= {_literal(f"{SEARCH} ")} "\"" [^"\n]{{1,80}} "\"" (" " [^ \n]{{1,80}})?'],
        VIEW: _looking(task, steps),
        REPLACE: _mending(task, steps),
    }
    # A word that is a longer form of another does the same: python3.
    usual, named = (
        [word for word in words if not any(word.startswith(one) or one.startswith(word) for one in barred)]
        for words in (USUAL.split(), [word for word, rules in ways.items() if rules])
    )
    return "\n".join(
        [
            f'root ::= " " ({" | ".join([*named, "usual words", "heredoc"])})',
            f"usual ::= {' | '.join(map(_literal, usual))}",
            r'words ::= (" " [^\n]*)?',
            # Below another command stands what a model thinks of it. A replacement has its own word.
            r'heredoc ::= usual " " [^<\n]* "<<" [^<\n]+ further{1,30}',
            r'further ::= "\n" ([^<\n] [^\n]*)?',
            *(rule for word in named for rule in ways[word]),
        ]
    )


def _looking(task: Task, steps: Sequence[Step]) -> list[str]:
    """The rules of a view: near a line that an output named, if one has, and that was not viewed yet.

    Not in a test where other files were named, unless the task wants tests. None where all was viewed.
    """
    named: dict[str, set[int]] = {}
    for step in steps:
        if step.action.tool in (SHELL, SEARCH):
            for path, line in PLACE.findall(step.observation.text):
                named.setdefault(path, set()).add(int(line))
    if not named:
        return [f"{VIEW} ::= {_literal(f'{VIEW} ')} {ANY_LINES}"]
    if not ADDS.search(task.instruction) and not all(map(is_test, named)):
        named = {path: lines for path, lines in named.items() if not is_test(path)}
    near = {
        path: {
            number for line in lines - _viewed(path, steps) for number in range(max(1, line - NEAR), line + 1)
        }
        for path, lines in named.items()
    }
    left = [(path, sorted(numbers)) for path, numbers in near.items() if numbers][-PLACES:]
    rules = [f"{VIEW} ::= {_literal(f'{VIEW} ')} ({' | '.join(f'file{at}' for at in range(len(left)))})"]
    for at, (path, numbers) in enumerate(left):
        begin = " | ".join(_literal(f"{number} ") for number in numbers)
        rules.append(f"file{at} ::= {_literal(f'{path} ')} ({begin}) [0-9]{{1,6}}")
    return rules if left else []


def _viewed(path: str, steps: Sequence[Step]) -> set[int]:
    """The numbers of a file's lines that views showed."""
    return {
        int(line.split()[0])
        for step in steps
        if step.action.tool == VIEW and step.action.arguments.get("path") == path
        for line in step.observation.text.split("\n")
        if NUMBERED.fullmatch(line)
    }


def _mending(task: Task, steps: Sequence[Step]) -> list[str]:
    """The rules of a replacement; none where no lines were seen that can be replaced."""
    place, lines = seen(steps)
    if not lines or (is_test(place) and not ADDS.search(task.instruction)):
        return []
    begin = _literal(f"{REPLACE} {place}\n<<<<<<< SEARCH\n")
    first = [f"from{at}" for at, line in enumerate(lines) if not BLANK.fullmatch(line)]
    return [
        f'{REPLACE} ::= {begin} ({" | ".join(first)}) ">>>>>>> REPLACE"',
        # A line that begins with a number after its own has been numbered twice.
        r'rest ::= " "{0,60} ([^ 0-9\n] [^\n]{0,159})? "\n"',
        r'more ::= " "{0,5} [0-9]{1,6} "  " rest',
        *(_from(at, lines) for at in range(len(lines))),
        *(f"line{at} ::= {_literal(line)} {_literal(chr(10))}" for at, line in enumerate(lines)),
    ]


def _from(at: int, lines: Sequence[str]) -> str:
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
