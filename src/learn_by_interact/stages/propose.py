"""Propose: tasks that users of the software frequently perform, from a section of its documentation."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..engine.stage import Outcome
from ..models import Message, Request
from ..prompts import cut, prompt
from ..types import Document, Record, Task, Trajectory, Verdict
from .base import ModelStage
from .ground import carried_over, file_names, focus
from .ingest import commands as shown
from .structured import ask
from .windows import choose

if TYPE_CHECKING:
    from ..engine.store import Store
    from ..environments import ActionSpace, Environment

PROMPT = prompt("stages", "propose")
TOLD = 4
"""Earlier trajectories that a later round is told of."""
ERROR = 240
"""Characters of the output of each."""


def in_order(documents: Sequence[Document]) -> list[Document]:
    """Documents as they stand in their sources, so that neighbours share a prompt's beginning."""
    return sorted(documents, key=lambda document: (document.source, document.begin))


class Propose(ModelStage):
    """Document -> tasks, each with the command that the proposer would try first.

    Commands that the page itself shows are good places to start: the model is asked to carry them
    over to what is there.
    """

    name = "propose"

    round: int = 0
    """Later rounds ask again about the sections of which too little has worked, and tell what was tried."""
    enough: int = 2
    """Windows worth an instruction with which a section needs no further round."""
    tasks: int = 3
    """Tasks for each section in a round."""
    seeds: int = 2
    """Commands of the section that are named in the question, at most."""
    temperature: float = 0.4
    version: str = PROMPT.version

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        """Documents; in a later round with the trajectories of their earlier tasks."""
        documents = in_order(list(store.records(Document)))
        if not self.round:
            return [(document.id,) for document in documents]
        asked, waiting, acted = self._earlier(store)
        tools = self.world().tools
        found: list[tuple[str, ...]] = []
        for document in documents:
            trajectories = acted[document.id]
            worked = sum(len(choose(trajectory, self.enough, tools)) for trajectory in trajectories)
            if document.id in asked and document.id not in waiting and worked < self.enough:
                found.append((document.id, *(trajectory.id for trajectory in trajectories[-TOLD:])))
        return found

    def _earlier(self, store: Store) -> tuple[set[str], set[str], dict[str, list[Trajectory]]]:
        """What the rounds before led to, by document: asked, tasks not explored yet, trajectories."""
        asked, waiting = set(), set()
        acted: dict[str, list[Trajectory]] = defaultdict(list)
        dropped = {verdict.subject for verdict in store.records(Verdict) if not verdict.keep}
        explored: dict[str, list[str]] = defaultdict(list)
        for attempt in store.attempts("explore"):
            explored[attempt.input] += attempt.outputs
        for earlier in range(self.round):
            for attempt in store.attempts(self.model_copy(update={"round": earlier}).key):
                asked.add(attempt.input)
                for task in attempt.outputs:
                    if task not in explored and task not in dropped:
                        waiting.add(attempt.input)
                    acted[attempt.input] += [_trajectory(store, one) for one in explored[task]]
        return asked, waiting, acted

    def __call__(self, *records: Record) -> Outcome:
        document, *earlier = records
        assert isinstance(document, Document)
        world = self.world()
        with world.environment() as environment:
            start = environment.reset(Task(environment=environment.name, instruction=""))
        system = PROMPT.fill("system", description=environment.description, start=start.text)
        question = self._question(document, earlier, environment, start.text)
        model = self.connect()
        answer, usage = ask(
            model,
            Request(
                model=model.name,
                messages=(Message(role="system", content=system), Message(role="user", content=question)),
                max_tokens=200 * self.tasks,
                temperature=self.temperature,
                seed=self.round,
                json_schema=_schema(self.tasks, self._form(document)),
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

    def _question(
        self, document: Document, earlier: Sequence[Record], environment: Environment, start: str
    ) -> str:
        tools = calls(document.title, self.world().tools)
        # The description names the main files: it says what a page is about that names none.
        page = document.text if file_names(document.text) else f"{document.text}\n{environment.description}"
        things = focus(start, page, f"{document.id}{self.round or ''}", 2 * self.tasks)
        commands = [" ".join(one.split()) for one in shown(document, self.world().tools)]
        commands.sort(key=lambda command: not command.startswith(tools))
        commands = commands[: self.seeds]
        return PROMPT.fill(
            "user",
            title=document.title,
            document=carried_over(document.text, start),
            number=self.tasks,
            tools=f"; each command calls {' or '.join(tools)}" if tools else "",
            focus="\n".join(f"- {thing}" for thing in things),
            shown=PROMPT.fill("shown", commands=carried_over("\n".join(commands), start)) if commands else "",
            tried=_told(earlier, environment.actions),
        )

    def _form(self, document: Document) -> str:
        """Regular expression of a command; "" where any will do.

        llama.cpp matches a pattern against the JSON text, so quotation marks must stay escaped.
        """
        tools = self.world().tools
        if not tools:
            return ""
        return rf'^({"|".join(map(re.escape, calls(document.title, tools)))}) ([^"\\]|\\.)+$'


def calls(title: str, tools: Sequence[str]) -> tuple[str, ...]:
    """What commands of a section begin with: the command that a page of a help tree is about, or any tool."""
    command = title.partition(" > ")[0]
    if any(command.startswith(f"{tool} ") for tool in tools) and re.fullmatch(r"[\w-]+( [\w-]+)+", command):
        return (command,)
    return tuple(tools)


def _told(earlier: Sequence[Record], actions: ActionSpace) -> str:
    """What was tried before and how it ended: errors are good teachers."""
    lines = []
    for trajectory in earlier:
        assert isinstance(trajectory, Trajectory)
        if trajectory.steps:
            step = trajectory.steps[0]
            lines.append(f"$ {actions.format(step.action)}\n{cut(step.observation.text, ERROR)}")
    return PROMPT.fill("tried", tried="\n".join(lines)) if lines else ""


def _trajectory(store: Store, identity: str) -> Trajectory:
    record = store.get(identity)
    assert isinstance(record, Trajectory)
    return record


def _schema(tasks: int, form: str) -> dict[str, Any]:
    command = {"type": "string", "pattern": form} if form else {"type": "string"}
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
