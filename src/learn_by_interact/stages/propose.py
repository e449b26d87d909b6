"""Propose: tasks that users of the software frequently perform, from a section of its documentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..engine.stage import Outcome
from ..models import Message, Request
from ..prompts import prompt
from ..types import Document, Record, Task
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
    temperature: float = 0.7
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
            document=document.text,
            number=self.tasks,
            tools=f"; each command calls {' or '.join(world.tools)}" if world.tools else "",
            shown=PROMPT.fill("shown", commands="\n".join(commands)) if commands else "",
        )
        system = PROMPT.fill("system", description=environment.description, start=start.text)
        model = self.connect()
        answer, usage = ask(
            model,
            Request(
                model=model.name,
                messages=(Message(role="system", content=system), Message(role="user", content=question)),
                max_tokens=110 * self.tasks,
                temperature=self.temperature,
                json_schema=_schema(self.tasks),
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


def _schema(tasks: int) -> dict[str, Any]:
    item = {
        "type": "object",
        "properties": {
            "task": {"type": "string", "minLength": 12, "maxLength": 240},
            "command": {"type": "string", "minLength": 2, "maxLength": 240},
        },
        "required": ["task", "command"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"tasks": {"type": "array", "items": item, "minItems": tasks, "maxItems": tasks}},
        "required": ["tasks"],
        "additionalProperties": False,
    }
