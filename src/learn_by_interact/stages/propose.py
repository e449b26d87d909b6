"""Propose: tasks that users of the software frequently perform, from a section of its documentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..engine.stage import Outcome
from ..models import Message, Request
from ..prompts import prompt
from ..types import Document, Record, Task
from .base import ModelStage
from .ingest import commands
from .structured import ask

if TYPE_CHECKING:
    from ..engine.store import Store

PROMPT = prompt("stages", "propose")


def in_order(documents: Sequence[Document]) -> list[Document]:
    """Documents as they stand in their sources, so that neighbours share a prompt's beginning."""
    return sorted(documents, key=lambda document: (document.source, document.begin))


class Propose(ModelStage):
    """Document -> tasks: `tasks` from the model, and up to `seeds` from commands that it shows."""

    name = "propose"
    tasks: int = 3
    seeds: int = 2
    """A command of the documentation is a good place to start: the rollout adapts it."""
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
        shown = commands(document, world.tools)
        instructions = [PROMPT.fill("seed", command=command) for command in shown[: self.seeds]]
        schema = {
            "type": "object",
            "properties": {
                "tasks": {
                    "type": "array",
                    "items": {"type": "string", "minLength": 12, "maxLength": 240},
                    "minItems": self.tasks,
                    "maxItems": self.tasks,
                }
            },
            "required": ["tasks"],
            "additionalProperties": False,
        }
        system = PROMPT.fill("system", description=environment.description, start=start.text)
        question = PROMPT.fill("user", title=document.title, document=document.text, number=self.tasks)
        model = self.connect()
        answer, usage = ask(
            model,
            Request(
                model=model.name,
                messages=(Message(role="system", content=system), Message(role="user", content=question)),
                max_tokens=80 * self.tasks,
                temperature=self.temperature,
                json_schema=schema,
            ),
        )
        instructions += [" ".join(str(item).split()) for item in answer.get("tasks", [])]
        tasks = [
            Task(environment=environment.name, instruction=instruction, parent=document.id)
            for instruction in dict.fromkeys(instructions)
            if instruction
        ]
        return Outcome(records=tuple(tasks), usage=usage)
