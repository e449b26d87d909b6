"""Propose: tasks that users of the software frequently perform, from a section of its documentation."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..engine.stage import Outcome
from ..errors import ParseError
from ..models import Message, Request
from ..prompts import cut, prompt
from ..types import Document, Record, Task, Trajectory, Usage, Value, Verdict
from .base import ModelStage
from .ground import carried_over, file_names, focus, masked
from .ingest import commands as shown
from .readers.synopsis import forms, options, pattern
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


BATCH = 4
"""Tasks in one question."""
ANYTHING = r'([^"\\]|\\.)+'
"""Regular expression, over JSON text, of the rest of a command: quotation marks must stay escaped."""


class Item(Value):
    """What a task is to be about or to show, and the regular expression of its command; "" for any."""

    text: str
    form: str


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
    tasks: int = 4
    """Tasks for each section in a round, at least."""
    most: int = 10
    """Tasks for each section in a round, at most: a task for each option or form that it describes."""
    skip: tuple[str, ...] = ()
    """Options that no task can be about in this environment."""
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
            start = environment.reset(Task(environment=environment.name, instruction="")).text
        system = PROMPT.fill("system", description=environment.description, start=start)
        page = self._page(document, earlier, environment, start)
        items = self._items(document, environment, start)
        found: dict[str, Task] = {}
        usage = Usage()
        failure: ParseError | None = None
        for first in range(0, len(items), BATCH):
            try:
                answer, used = self._ask(system, page, items[first : first + BATCH])
            except ParseError as error:
                failure, usage = error, usage + getattr(error, "usage", Usage())
                continue
            usage = usage + used
            for instruction, hint in _read(answer["tasks"]):
                task = Task(
                    environment=environment.name, instruction=instruction, parent=document.id, hint=hint
                )
                found.setdefault(instruction, task)
        if failure is not None and not found:
            failure.usage = usage  # type: ignore[attr-defined]
            raise failure
        return Outcome(records=tuple(found.values()), usage=usage)

    def _ask(self, system: str, page: str, items: Sequence[Item]) -> tuple[dict[str, Any], Usage]:
        """One question; the page stands before it, so that a further question finds it in the cache."""
        question = PROMPT.fill(
            "question",
            number=len(items),
            items="\n".join(f"{number}. {item.text}" for number, item in enumerate(items, 1)),
        )
        model = self.connect()
        return ask(
            model,
            Request(
                model=model.name,
                messages=(
                    Message(role="system", content=system),
                    Message(role="user", content=f"{page}\n\n{question}"),
                ),
                max_tokens=150 * len(items),
                temperature=self.temperature,
                seed=self.round,
                json_schema=_schema(items),
            ),
        )

    def _page(
        self, document: Document, earlier: Sequence[Record], environment: Environment, start: str
    ) -> str:
        return PROMPT.fill(
            "user",
            title=document.title,
            document=self._document(document, start),
            tried=_told(earlier, environment.actions),
        )

    def _document(self, document: Document, start: str) -> str:
        """The page, about what is there: a page with a synopsis needs no names of its examples."""
        tools = self.world().tools
        page = carried_over(document.text, start)
        if not forms(document, tools):
            return page
        examples = shown(document.model_copy(update={"text": page}), tools)
        return masked(page, examples, start)

    def _items(self, document: Document, environment: Environment, start: str) -> list[Item]:
        """What each task of this round is to be about, and to show: each feature of the page in its turn."""
        features = self._features(document, start)
        # Once is enough for a command that leaves nothing open.
        again = [feature for feature in features if "[" in feature.form or not feature.form]
        number = min(max(len(features), self.tasks if again else 0), self.most)
        # The description names the main files: it says what a page is about that names none.
        page = document.text if file_names(document.text) else f"{document.text}\n{environment.description}"
        things = focus(start, page, f"{document.id}{self.round or ''}", 2 * self.tasks) or [""]
        items = []
        for at in range(number):
            turn = self.round * number + at
            feature = (
                features[turn] if turn < len(features) else (again or features)[turn % len(again or features)]
            )
            thing = things[at % len(things)]
            items.append(Item(text=f"{thing}; {feature.text}" if thing else feature.text, form=feature.form))
        return items

    def _features(self, document: Document, start: str) -> list[Item]:
        """The commands that a page shows, the forms that it gives, and its options."""
        tools = self.world().tools
        opening = calls(document.title, tools)
        anything = rf"^({'|'.join(map(re.escape, opening))}) {ANYTHING}$" if tools else ""
        files = [name for names in file_names(start).values() for name in names]
        known = [option for option in options(document.text) if option.name not in self.skip]
        features = []
        for form in forms(document, tools):
            told = "without options" if known else f"with the command {form}"
            features.append(Item(text=told, form=pattern(form, (), files=files)))
            for option in known:
                told = f"with {option.name} ({option.help})"
                features.append(Item(text=told, form=pattern(form, known, option, files)))
        if not features:
            examples = [" ".join(one.split()) for one in shown(document, tools)]
            features = [Item(text=f"like: {carried_over(one, start)}", form=anything) for one in examples]
        return features or [Item(text="as the page says", form=anything)]


def _read(tasks: Any) -> Iterator[tuple[str, str]]:
    """(instruction, command) of each task in a reply; a list or an object by number."""
    for item in tasks.values() if isinstance(tasks, dict) else tasks if isinstance(tasks, list) else ():
        if isinstance(item, dict) and (instruction := " ".join(str(item.get("task", "")).split())):
            yield instruction, str(item.get("command", "")).strip()


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


def _schema(items: Sequence[Item]) -> dict[str, Any]:
    """An object by number: every endpoint knows objects, few know lists whose items differ."""

    def form(item: Item) -> dict[str, Any]:
        command = {"type": "string", "pattern": item.form} if item.form else {"type": "string"}
        return _object({"command": command, "task": {"type": "string", "maxLength": 240}})

    return _object({"tasks": _object({str(number): form(item) for number, item in enumerate(items, 1)})})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
