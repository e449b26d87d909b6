"""Propose: tasks that users of the software frequently perform, from a section of its documentation."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..commands import page_of
from ..engine.stage import Outcome
from ..environments import Listing, Placed
from ..environments.places import Itemised, Place, Surveyed
from ..errors import ParseError
from ..prompts import Prompt, cut, prompt
from ..types import Document, Observation, Record, Task, Trajectory, Usage, Verdict, digest
from .base import EXPLORATION, ModelStage, in_order
from .demands import Asked
from .explained import as_all, fed_by
from .explore import proposed
from .features import demanded, features, page_about, screen_items
from .items import Item
from .maintain import PROMPT as MAINTAIN
from .maintain import code_items
from .pages import requirements, selector
from .plans import PROMPT as PLAN
from .plans import Plan, on_items, plans
from .readers.general import completed, files_behind, said_of_all
from .readers.synopsis import filled, forms, purpose, synopses
from .structured import whole
from .things import matched, with_attributes
from .windows import choose

if TYPE_CHECKING:
    from ..engine.store import Store
    from ..environments import ActionSpace, Environment

PROMPT = prompt("stages", "propose")
EXAMPLES = PROMPT.fill("screen", description="", start="") + PROMPT.fill("system", description="", start="")
"""Where the tasks of the prompt's examples stand; a small model repeats them."""
TOLD = 4
"""Earlier trajectories that a later round is told of."""
ERROR = 240
"""Characters of the output of each."""


SECTION, PAGE = 900, 1800
"""Characters of a section, and of a page of the application, that a task on the page is planned from."""


BATCH = 4
"""Tasks in one question."""
INTO_FILE = re.compile(r"(.*) > [A-Za-z0-9_-]+\.[a-z]+", re.DOTALL)
"""A command whose output goes into a file."""
KEPT = 3
"""One task in so many asks for the output in a file, where a command prints."""
BESIDE = 30
"""Sections before and after one among which what an application can do is dealt out, and which say what
options all commands have."""


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
    most: int = 16
    """Tasks for each section in a round, at most: a task for each option or form that it describes."""
    skip: tuple[str, ...] = ()
    """Options that no task can be about in this environment."""
    temperature: float = 0.4
    version: str = f"{PROMPT.version}+{PLAN.version}+{MAINTAIN.version}"

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        """Documents; those without a synopsis with the sections of the same source that have one, the others
        with the sections around them; all with those that show commands which read the standard input.

        In a later round also with the trajectories of their earlier tasks.
        """
        documents = in_order(store.documentation())
        others = self._others(documents)
        if not self.round:
            return [(document.id, *others[document.id]) for document in documents]
        asked, waiting, acted = self._earlier(store)
        found: list[tuple[str, ...]] = []
        for document in documents:
            trajectories = acted[document.id]
            worked = sum(
                len(choose(trajectory, self.enough, self.world().tools)) for trajectory in trajectories
            )
            if document.id in asked and document.id not in waiting and worked < self.enough:
                told = (trajectory.id for trajectory in trajectories[-TOLD:])
                found.append((document.id, *others[document.id], *told))
        return found

    def _others(self, documents: Sequence[Document]) -> dict[str, tuple[str, ...]]:
        tools = self.world().tools
        manual: dict[str, list[str]] = defaultdict(list)
        every: dict[str, list[str]] = defaultdict(list)
        for document in documents:
            if forms(document, tools):
                manual[document.source].append(document.id)
            if said_of_all(document, tools) or (not forms(document, tools) and fed_by([document], tools)):
                every[document.source].append(document.id)
        ids = [one.id for one in documents]
        found = {}
        for at, one in enumerate(documents):
            around = (*ids[max(0, at - BESIDE) : at], *ids[at + 1 : at + 1 + BESIDE])
            lent = tuple(manual[one.source]) if tools and not forms(one, tools) else ()
            # What is said of all commands holds for all of a manual, and that they read the standard input.
            found[one.id] = tuple(dict.fromkeys([*(lent or around), *every[one.source]]))
        return {at: tuple(one for one in some if one != at) for at, some in found.items()}

    def _earlier(self, store: Store) -> tuple[set[str], set[str], dict[str, list[Trajectory]]]:
        """What the rounds before led to, by document: asked, tasks not explored yet, trajectories."""
        asked, waiting = set(), set()
        acted: dict[str, list[Trajectory]] = defaultdict(list)
        dropped = {verdict.subject for verdict in store.records(Verdict) if not verdict.keep}
        explored: dict[str, list[str]] = defaultdict(list)
        for stage in EXPLORATION:
            for attempt in store.attempts(stage):
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
        document, *rest = records
        assert isinstance(document, Document)
        earlier = [record for record in rest if isinstance(record, Trajectory)]
        world = self.world()
        tools = world.tools
        parent, manual = document.id, [one for one in records if isinstance(one, Document)]
        files = files_behind(manual, tools)
        document, *others = (completed(one, files) for one in manual)
        with world.environment() as environment:
            setup = environment.setup_of(document) if isinstance(environment, Placed) else {}
            task = Task(environment=environment.name, instruction="", setup=setup)
            first = environment.reset(task)
            start = first.text
            about = [one.text for one in (document, *others)]
            places = environment.survey(about) if isinstance(environment, Surveyed) else ()
            planned = plans(document, places, self.tasks, self.round, others)
            if isinstance(environment, Itemised):
                planned = on_items(planned, environment, f"{document.id}{self.round}")
            if isinstance(environment, Listing) and not planned:
                start = environment.overview()
            needs = self._demanded(environment, task, document, others, start, first.state)
        if planned or places:
            # A section may have left what it has to do to others.
            return self._planned(manual[0], planned, environment)
        commands, code = environment.actions.commands, environment.actions.code
        part = "system" if commands else "screen"
        words = MAINTAIN if code else PROMPT
        system = words.fill(part, description=environment.description, start=start)
        page = self._page(words, document, earlier, environment, start, others)
        items = (
            code_items(document, self.tasks, self.round)
            if code
            else self.items(document, environment.description, start, others, needs)
            if commands
            else screen_items(document, start, self.tasks, self.round)
        )
        ways = forms(document, tools) or synopses(
            (one for one in others if one.source == document.source), tools
        )
        found: dict[str, str] = {}
        told, usage = self._asked(words, system, page, items, commands)
        for instruction, hint in told:
            found.setdefault(instruction, self._output(filled(hint, ways, start), setup))
        name = environment.name
        tasks = [
            Task(environment=name, instruction=instruction, setup=setup, parent=parent, hint=hint)
            for instruction, hint in found.items()
        ]
        return Outcome(records=tuple(tasks), usage=usage)

    def _output(self, command: str, setup: dict[str, Any]) -> str:
        """A command without the file for its output, if it changes something itself: an example with both
        teaches to write a file."""
        found = INTO_FILE.fullmatch(command)
        if not found:
            return command
        body = found[1]
        with self.world().environment() as environment:
            if not environment.actions.commands or environment.actions.code:
                return command
            task = Task(environment=environment.name, instruction="", setup=setup)
            state, begun = environment.reset(task).state, proposed(environment.actions, body)
            return body if begun and environment.step(begun[1]).state != state else command

    def _asked(
        self, words: Prompt, system: str, page: str, items: Sequence[Item], commands: bool
    ) -> tuple[list[tuple[str, str]], Usage]:
        """(instruction, command) of each task, asked for a few at a time.

        Raises `ParseError` where no reply could be read.
        """
        found: list[tuple[str, str]] = []
        usage = Usage()
        failure: ParseError | None = None
        waiting = [items[first : first + BATCH] for first in range(0, len(items), BATCH)]
        while waiting:
            some = waiting.pop(0)
            try:
                answer, used = self._ask(words, system, page, some, commands)
            except ParseError as error:
                failure, usage = error, usage + getattr(error, "usage", Usage())
                # What is too much for one reply may be said in two.
                if len(some) > BATCH // 2:
                    waiting += [some[: BATCH // 2], some[BATCH // 2 :]]
                continue
            usage = usage + used
            # A reply that found no end did not get beyond the first task that it lacks.
            if behind := some[len([*_read(answer["tasks"])]) + 1 :]:
                waiting.append(behind)
            told = {item.text for item in some}
            for instruction, hint in _read(answer["tasks"]):
                # The command may repeat the question, or the task an example.
                if not any(text in hint for text in told) and instruction not in EXAMPLES:
                    found.append((instruction, hint))
        if failure is not None and not found:
            failure.usage = usage  # type: ignore[attr-defined]
            raise failure
        return found, usage

    def _planned(self, document: Document, planned: Sequence[Plan], environment: Environment) -> Outcome:
        """Tasks with the actions that do them, those of one place in one question."""
        together: dict[str, list[Plan]] = defaultdict(list)
        for plan in planned:
            together[plan.place.text].append(plan)
        system = PLAN.fill("system", description=environment.description)
        found: dict[str, Task] = {}
        usage, failure = Usage(), None
        for some in together.values():
            page = _place(document, some[0].place)
            lines = "\n".join(f"{number}. {plan.line}" for number, plan in enumerate(some, 1))
            question = PLAN.fill("question", number=len(some), items=lines)
            form = whole({"tasks": whole({str(at): plan.form() for at, plan in enumerate(some, 1)})})
            try:
                answer, used = self._reply(system, f"{page}\n{question}", len(some), form)
            except ParseError as error:
                failure, usage = error, usage + getattr(error, "usage", Usage())
                continue
            usage = usage + used
            for number, plan in enumerate(some, 1):
                reply = answer["tasks"].get(str(number)) if isinstance(answer["tasks"], dict) else None
                told, todo = plan.read(reply)
                if told and told not in question:
                    task = Task(
                        environment=environment.name,
                        instruction=told,
                        parent=document.id,
                        hint="\n".join(todo),
                    )
                    found.setdefault(told, task)
        if failure is not None and not found:
            failure.usage = usage  # type: ignore[attr-defined]
            raise failure
        return Outcome(records=tuple(found.values()), usage=usage)

    def _demanded(
        self,
        environment: Environment,
        task: Task,
        document: Document,
        others: Sequence[Document],
        start: str,
        state: str,
    ) -> dict[str, Asked]:
        """What the commands of a page ask for when they are run; see `demands`."""
        actions = environment.actions

        def run(command: str) -> Observation:
            begun = proposed(actions, command)
            if begun is None:
                return Observation(text="", key="")
            # What the command before it changed shall not count.
            environment.reset(task)
            return environment.step(begun[1])

        if not actions.commands or actions.code:
            return {}
        about = environment.description
        return demanded(document, others, start, about, self.world().tools, run, state)

    def items(
        self,
        document: Document,
        description: str,
        start: str,
        others: Sequence[Document] = (),
        needs: Mapping[str, Asked] = MappingProxyType({}),
    ) -> list[Item]:
        """What each task of this round is to be about, and to show; `others`: see `features`.

        Each has what its command demands (`needs`, by synopsis), and every second one says to which columns
        it is applied. Of commands that print, every third puts its output into a file.
        """
        every = features(document, start, description, self.world().tools, self.skip, others)
        every = [one for one in every if not needs.get(one.synopsis, Asked()).fails]
        own = [feature for feature in every if not feature.common]
        # What all pages have is tried on some page: on each another one.
        shared = sorted((one for one in every if one.common), key=lambda one: digest([one.text, document.id]))
        known = [*own, *shared[:1]]
        # Once is enough for a command that leaves nothing open.
        again = [feature for feature in own if not feature.fixed]
        number = min(max(len(own), self.tasks if again else len(known)), self.most)
        turns = range(self.round * number, (self.round + 1) * number)
        again = again or known
        chosen = []
        for turn in turns:
            item = known[turn] if turn < len(known) else again[turn % len(again)]
            told = needs.get(item.synopsis, Asked())
            asked = [*told.demands, *requirements(item.chosen, document, others)]
            asked = [one for one in asked if not {option.name for option in one} & set(self.skip)]
            if turn % 2 and (applied := selector(item.synopsis, document, others, start)):
                asked.append((applied,))
            item = item.demanding(asked, turn)
            chosen.append(item.kept() if told.prints and turn % KEPT == KEPT - 1 else item)
        found = matched(chosen, document, description, start, f"{document.id}{self.round or ''}")
        manual = [document, *(one for one in others if one.source == document.source)]
        return as_all(with_attributes(found, manual), manual, self.world().tools)

    def _ask(
        self, words: Prompt, system: str, page: str, items: Sequence[Item], commands: bool
    ) -> tuple[dict[str, Any], Usage]:
        """One question; the page stands before it, so that a further question finds it in the cache."""
        question = words.fill(
            "question" if commands else "asked",
            number=len(items),
            items="\n".join(f"{number}. {item.line}" for number, item in enumerate(items, 1)),
        )
        return self._reply(system, f"{page}\n\n{question}", len(items), _schema(items, commands))

    def _reply(
        self, system: str, question: str, number: int, form: dict[str, Any]
    ) -> tuple[dict[str, Any], Usage]:
        return self.ask(system, question, form, 150 * number, self.temperature, self.round)

    def _page(
        self,
        words: Prompt,
        document: Document,
        earlier: Sequence[Record],
        environment: Environment,
        start: str,
        others: Sequence[Document],
    ) -> str:
        text = page_about(document, start, self.world().tools)[0]
        # A section of options does not say what its command is for.
        parent = [one for one in others if one.title == page_of(document.title) != document.title]
        does = next(filter(None, (purpose(one.text) for one in parent)), "")
        return words.fill(
            "user",
            title=document.title,
            document=f"{does}.\n\n{text}" if does else text,
            tried=_told(earlier, environment.actions),
        )


def _read(tasks: Any) -> Iterator[tuple[str, str]]:
    """(instruction, command) of each task in a reply; a list or an object by number."""
    for item in tasks.values() if isinstance(tasks, dict) else tasks if isinstance(tasks, list) else ():
        if isinstance(item, dict) and (instruction := " ".join(str(item.get("task", "")).split())):
            yield instruction, str(item.get("command", "")).strip()


def _told(earlier: Sequence[Record], actions: ActionSpace) -> str:
    """What was tried before and how it ended: errors are good teachers."""
    lines = []
    for trajectory in earlier:
        assert isinstance(trajectory, Trajectory)
        if trajectory.steps:
            step = trajectory.steps[0]
            lines.append(f"$ {actions.format(step.action)}\n{cut(step.observation.text, ERROR)}")
    return PROMPT.fill("tried", tried="\n".join(lines)) if lines else ""


def _place(document: Document, place: Place) -> str:
    return PLAN.fill(
        "user",
        title=document.title,
        document=cut(document.text, SECTION),
        place=place.title,
        page=cut(place.text, PAGE),
    )


def _trajectory(store: Store, identity: str) -> Trajectory:
    record = store.get(identity)
    assert isinstance(record, Trajectory)
    return record


def _schema(items: Sequence[Item], commands: bool) -> dict[str, Any]:
    """An object by number: every endpoint knows objects, few know lists whose items differ.

    `commands`: with the command that does each task, which only environments of tools have.
    """

    def form(item: Item) -> dict[str, Any]:
        told = {"pattern": item.told} if item.told else {"maxLength": 240}
        task: dict[str, Any] = {"task": {"type": "string", **told}}
        if not commands:
            return whole({"task": {"type": "string", "pattern": item.free}})
        command = {"type": "string", "pattern": item.form} if item.form else {"type": "string"}
        return whole({"command": command, **task})

    return whole({"tasks": whole({str(number): form(item) for number, item in enumerate(items, 1)})})
