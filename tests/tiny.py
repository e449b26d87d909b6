"""A tiny world that plays every stage: coreutils on three-line files, and a policy in the model's place.

The policy is a function of the request alone, so every run of the recipe makes the same records, in
whatever order and wherever its calls are made. It knows only how to count lines; of the other
operations it learns from the demonstrations in its prompt, so that they are worth something.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from learn_by_interact.models import Request

MODEL = "scripted/tiny:policy"
"""Its name in a recipe; processes find it with the variables of `environ()`."""


class Operation(NamedTuple):
    """What can be done with a file, written as `$F`."""

    task: str
    """What a user would ask for."""
    label: str
    """What hindsight says of it."""
    command: str
    check: str
    """Of the held-out task on fruits.txt."""


OPERATIONS = {
    "count": Operation(
        "How many lines does $F have?",
        "Tell the number of lines in $F.",
        "wc -l < $F",
        'grep -qx 3 "$ANSWER_FILE"',
    ),
    "sort": Operation(
        "Put the lines of $F in order and save them as sorted-$F.",
        "Make sorted-$F, the ordered lines of $F.",
        "sort $F > sorted-$F",
        "sort fruits.txt | diff -q - sorted-fruits.txt || exit 1",
    ),
    "reverse": Operation(
        "Print $F backwards, its last line first.",
        "Show $F from its end to its beginning.",
        "tac $F",
        'tac fruits.txt | cmp -s - "$LAST"',
    ),
    "number": Operation(
        "Print each line of $F with a number before it.",
        "Show each line of $F with its number.",
        "nl -ba $F",
        'nl -ba fruits.txt | cmp -s - "$LAST"',
    ),
    "upper": Operation(
        "Copy $F to loud-$F in capital letters.",
        "Make loud-$F, which is $F in upper case.",
        "tr a-z A-Z < $F > loud-$F",
        "grep -qx PLUM loud-fruits.txt || exit 1",
    ),
    "first": Operation(
        "Which word stands first in $F?",
        "Find the opening word of $F.",
        "head -n 1 $F",
        'grep -qx plum "$ANSWER_FILE"',
    ),
}
FILES = {
    "words.txt": "tree\nhouse\nriver\n",
    "colors.txt": "red\ngreen\nblue\n",
    "numbers.txt": "one\ntwo\nthree\n",
    "fruits.txt": "plum\napple\npear\n",
}
PROPOSED = ("words.txt", "colors.txt", "numbers.txt")
"""Files that proposed tasks are about; the held-out tasks are about fruits.txt."""
NAME = re.compile(r"\b(?<![-\w])(\w+\.txt)")

ENVIRONMENT = """\
name = "tiny"
description = "A folder with short text files, and the usual commands of a shell."
start = "start"
look = "find . -type f -printf '%P (%s bytes)\\\\n' | LC_ALL=C sort"

[docs]
folder = ["docs"]

[limits]
seconds = 10
memory_mb = 256
processes = 16
disk_mb = 4
"""
RECIPE = """\
environment = "world"
run = {run}

[model]
name = "{model}"

[explore]
temperatures = [0.0]
begin = false

[judge]
models = ["{model}"]
rule = "unanimous+replay"

[pool]
kind = "threads"
workers = 2
"""


def make(folder: Path) -> Path:
    """Write the world and its recipe into a folder -> the recipe; its run folder is `folder/run`."""
    world = folder / "world"
    for name in ("start", "docs"):
        (world / name).mkdir(parents=True)
    for name, text in FILES.items():
        (world / "start" / name).write_text(text)
    tasks = []
    for name, operation in OPERATIONS.items():
        shown = operation.command.replace("$F", "FILE")
        page = f"# {name}\n\nTo {name} the lines of a file, write this command:\n\n    $ {shown}\n"
        (world / "docs" / f"{name}.md").write_text(page)
        instruction, command = (_about("fruits.txt", text) for text in (operation.task, operation.command))
        answer = {"count": "3", "first": "plum"}.get(name, "")
        tasks.append(
            f"[[task]]\nname = {json.dumps(name)}\ninstruction = {json.dumps(instruction)}\n"
            f"check = {json.dumps(operation.check)}\ngold = [{json.dumps(command)}]\n"
            f"answer = {json.dumps(answer)}\n"
        )
    (world / "environment.toml").write_text(ENVIRONMENT)
    (world / "tasks.toml").write_text("\n".join(tasks))
    recipe = folder / "tiny.toml"
    recipe.write_text(RECIPE.format(run=json.dumps(str(folder / "run")), model=MODEL))
    return recipe


def environ(**more: str) -> dict[str, str]:
    """Variables with which another process finds this module."""
    here = str(Path(__file__).parent)
    path = os.environ.get("PYTHONPATH", "")
    return {**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{path}" if path else here, **more}


def lbi(
    *arguments: str | Path, cwd: Path | None = None, timeout: float = 120, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "learn_by_interact.cli", *map(str, arguments)],
        cwd=cwd,
        env=environ(**variables),
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
    )


def policy(request: Request) -> str:
    """The reply to a request of any stage, by its system message."""
    system = request.messages[0].content
    if "you write tasks" in system:
        return _propose(request.messages[-1].content)
    if "You read a session" in system:
        return _relabel(request.messages[-1].content)
    if "search query" in system:
        return request.messages[-1].content.split("Task: ")[1].split("\n")[0]
    if "You are a strict judge" in system:
        return _judge(request.messages[-1].content)
    return _act(request)


def _about(file: str, text: str) -> str:
    return text.replace("$F", file)


def _propose(question: str) -> str:
    found = re.search(r"documentation \((\w+)\)", question)
    assert found, question
    operation = OPERATIONS[found[1]]
    again = " | cat" if "This was tried before" in question else ""
    tasks = [
        {"task": _about(file, operation.task), "command": _about(file, operation.command) + again}
        for file in PROPOSED
    ]
    return json.dumps({"tasks": tasks})


def _act(request: Request) -> str:
    """First the right command, if the prompt gives one away; then stop, with the output as the answer."""
    first = request.messages[1].content
    replies = [message.content for message in request.messages if message.role == "assistant"]
    task = first.split("Your task: ", 1)[1].split("\n")[0]
    hint = re.search(r"if it fits what is there: (.*)", first)
    if hint and task.startswith("Print") and "numbers.txt" in task and len(replies) < 2:
        # A reply without an action, which is shown back; then a mistake to recover from.
        return "Let me think about that." if not replies else "ACTION: nl --nope numbers.txt"
    done = [reply for reply in replies if "--nope" not in reply and "think" not in reply]
    if done:
        seen = request.messages[-1].content.rpartition("\nThe task:")[0].strip().split("\n")[-1]
        return f"ACTION: stop {seen}" if task.endswith("?") else "ACTION: stop"
    return f"ACTION: {hint[1] if hint else _learned(task, first)}"


def _learned(task: str, prompt: str) -> str:
    """The command for a task without a hint: counting is known, others are copied, or nothing is found."""
    file = NAME.findall(task)[0]
    for name, operation in OPERATIONS.items():
        if _about(file, operation.task) == task:
            demonstrated = any(_about(known, operation.command) in prompt for known in PROPOSED)
            if name == "count" or demonstrated:
                return _about(file, operation.command)
    return "ls"


def _relabel(question: str) -> str:
    session = question.split("The session:\n", 1)[1]
    commands = re.findall(r"^ACTION: (?!stop)(.*)$", session, re.MULTILINE)
    summary = f"Replicate the following: run {', then '.join(commands) or 'no command'}."
    for file in FILES:
        for operation in OPERATIONS.values():
            if commands and commands[-1] == _about(file, operation.command):
                return json.dumps({"summary": summary, "task": _about(file, operation.label)})
    return json.dumps({"summary": summary, "task": "Tell what the session has shown."})


def _judge(question: str) -> str:
    aligned = "Tell what the session" not in question
    said = {"done": "It ran a command.", "missing": "nothing" if aligned else "Nothing was asked for."}
    return json.dumps({**said, "aligned": aligned, "coherent": True, "natural": True, "reasonable": True})
