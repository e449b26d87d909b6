"""Propose: tasks that users of the software frequently perform, from a section of its documentation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..engine.stage import Outcome
from ..models import Message, Request
from ..prompts import prompt
from ..types import Document, Record, Task, digest
from .base import ModelStage
from .ingest import commands as shown
from .structured import ask

if TYPE_CHECKING:
    from ..engine.store import Store

PROMPT = prompt("stages", "propose")


def in_order(documents: Sequence[Document]) -> list[Document]:
    """Documents as they stand in their sources, so that neighbours share a prompt's beginning."""
    return sorted(documents, key=lambda document: (document.source, document.begin))


class Propose(ModelStage):
    """Document -> tasks, each with the command that the proposer would try first.

    Commands that the page itself shows are good places to start: the model is asked to carry them
    over to what is there.
    """

    name = "propose"

    tasks: int = 3
    """Tasks for each section."""
    seeds: int = 2
    """Commands of the section that are named in the question, at most."""
    temperature: float = 0.4
    version: str = PROMPT.version

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        return [(document.id,) for document in in_order(list(store.records(Document)))]

    def __call__(self, *records: Record) -> Outcome:
        (document,) = records
        assert isinstance(document, Document)
        world = self.world()
        with world.environment() as environment:
            start = environment.reset(Task(environment=environment.name, instruction=""))
        commands = shown(document, world.tools)[: self.seeds]
        question = PROMPT.fill(
            "user",
            title=document.title,
            document=carried_over(document.text, start.text),
            number=self.tasks,
            tools=f"; each command calls {' or '.join(world.tools)}" if world.tools else "",
            focus="\n".join(f"- {thing}" for thing in focus(start.text, document.id, 2 * self.tasks)),
            shown=PROMPT.fill("shown", commands=carried_over("\n".join(commands), start.text))
            if commands
            else "",
        )
        system = PROMPT.fill("system", description=environment.description, start=start.text)
        model = self.connect()
        answer, usage = ask(
            model,
            Request(
                model=model.name,
                messages=(Message(role="system", content=system), Message(role="user", content=question)),
                max_tokens=200 * self.tasks,
                temperature=self.temperature,
                json_schema=_schema(self.tasks, world.tools),
            ),
        )
        found: dict[str, Task] = {}
        for item in answer["tasks"]:
            if not isinstance(item, dict):
                continue
            instruction = " ".join(str(item.get("task", "")).split())
            hint = str(item.get("command", "")).strip()
            task = Task(environment=environment.name, instruction=instruction, parent=document.id, hint=hint)
            if instruction:
                found.setdefault(instruction, task)
        return Outcome(records=tuple(found.values()), usage=usage)


FILE = re.compile(r"(?<![\w./-])[\w-]+\.([A-Za-z]\w{0,5})\b(?![.(])")


def file_names(text: str) -> dict[str, list[str]]:
    """The names in a text that look like files, by extension, sorted."""
    found: dict[str, set[str]] = {}
    for match in FILE.finditer(text):
        found.setdefault(match[1], set()).add(match[0])
    return {extension: sorted(names) for extension, names in found.items()}


def carried_over(page: str, start: str) -> str:
    """A page whose examples name files that are there: one that is not becomes one of its extension.

    Small models copy the names of a page's examples, and then nothing works. The same name always
    becomes the same file; names whose extension no file has stay.
    """
    here = file_names(start)
    there = file_names(page)

    def replace(match: re.Match[str]) -> str:
        name, extension = match[0], match[1]
        files = here.get(extension, [])
        return name if not files or name in files else files[there[extension].index(name) % len(files)]

    return FILE.sub(replace, page)


def focus(start: str, seed: str, number: int) -> list[str]:
    """`number` things of the start state for tasks to be about: lines of it, each with what it stands under.

    Lines are taken from as many groups as there are (a group is a line without indentation and the
    indented ones below it), chosen by the hash of `seed`: small models hold to what is named last.
    """
    groups: list[list[str]] = []
    for line in start.splitlines():
        if not line.strip():
            continue
        if line[:1].isspace() and groups:
            groups[-1].append(line.strip())
        else:
            groups.append([line.strip()])

    def chosen(group: list[str]) -> str:
        below = sorted(group[1:], key=lambda line: digest([seed, line]))
        return ": ".join([group[0], *below[:1]])[:200]

    groups.sort(key=lambda group: (len(group) == 1, digest([seed, group[0]])))
    return [chosen(group) for group in groups[:number]]


def _schema(tasks: int, tools: Sequence[str]) -> dict[str, Any]:
    command: dict[str, Any] = {"type": "string"}
    if tools:
        command["pattern"] = f"^({'|'.join(re.escape(tool) for tool in tools)}) .+$"
    item = {
        "type": "object",
        "properties": {
            "about": {"type": "string"},
            "command": command,
            "task": {"type": "string"},
        },
        "required": ["about", "command", "task"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"tasks": {"type": "array", "items": item, "minItems": tasks, "maxItems": tasks}},
        "required": ["tasks"],
        "additionalProperties": False,
    }
