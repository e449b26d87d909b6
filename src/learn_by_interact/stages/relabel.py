"""Relabel (backward construction): write the instruction that a stretch of a trajectory really achieves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..agents.session import session
from ..commands import above, called, page_of, split
from ..engine.stage import Outcome
from ..errors import ParseError
from ..prompts import cut, prompt
from ..types import STOP, Document, Example, Record, Step, Task, Trajectory, Usage
from .base import EXPLORATION, ModelStage
from .distill import as_it_is
from .features import calls
from .readers.options import options
from .readers.synopsis import forms
from .structured import whole
from .told import Manual, done_with, entered, item, made, makes, opened, selected
from .windows import choose, without_duplicates

if TYPE_CHECKING:
    from ..engine.store import Store

PROMPT = prompt("stages", "relabel")
LOOK = "Show|List|Find|Count|Print|Display|Look up|Tell|Get|Calculate|Check|Search|Compare|Read|View"
_REST = r" ([^\"\\\n]|\\.){8,240}$"
LOOKING = f"^({LOOK}|What|Which|How){_REST}"
"""Regular expression, over JSON text, of the task of a session that changed nothing."""
LOOKED = f"^Replicate the following: ({LOOK.lower()}|open|run){_REST}"
"""The same of its summary, which else says over and over that nothing was changed."""


def schema(changed: bool) -> dict[str, Any]:
    """Of a label. A small model says of a session that only looked that it added or changed something."""
    summary: dict[str, Any] = {"minLength": 20, "maxLength": 400} if changed else {"pattern": LOOKED}
    task = {"minLength": 12, "maxLength": 300} if changed else {"pattern": LOOKING}
    return whole({"summary": {"type": "string", **summary}, "task": {"type": "string", **task}})


class Relabel(ModelStage):
    """Trajectory -> examples of both kinds (summary, abstraction) for its windows.

    The prompt sees only the window, without what failed and changed nothing. Windows with the same
    beginning are asked in the order of their end, with the question last, so that each prompt extends
    the one before it. What an instruction does not tell of a command is added: what it was given, what its
    documentation says, and the files that it made. Of a question whose answer was known and was given no
    other instruction is written: it is what the session achieves.
    """

    name = "relabel"
    cap: int = 5
    """Windows of one trajectory; what it leaves out is counted by `windows()`."""
    observation: int = 500
    """Characters of one observation in the prompt."""
    version: str = f"{PROMPT.version}-asked"
    """Of the prompt, and of what is added to a reply."""

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        """Trajectories of exploration, each with the sections that describe its commands, or options of its
        manual; those of evaluations are never learned from."""
        found = {
            output for stage in EXPLORATION for attempt in store.attempts(stage) for output in attempt.outputs
        }
        tools = self.world().tools
        tasks = {task.id: task for task in store.records(Task)}
        trajectories = [one for one in map(store.get, sorted(found)) if isinstance(one, Trajectory)]
        if not tools:
            return [(one.id, *_question(one, tasks)) for one in trajectories]
        documents = sorted(store.records(Document), key=lambda one: one.id)
        about: dict[str, list[str]] = defaultdict(list)
        manual: dict[str, list[str]] = defaultdict(list)
        for document in documents:
            if options(document.text) or forms(document, tools):
                page = page_of(document.title)
                held = about[page] if calls(document.title, tools) == (page,) else manual[document.source]
                held.append(document.id)
        sources = {document.id: document.source for document in documents}
        asked = {task.id: sources.get(task.parent, "") for task in tasks.values()}
        inputs: list[tuple[str, ...]] = []
        for trajectory in trajectories:
            commands = [str(step.action.arguments.get("command", "")) for step in trajectory.steps]
            names = (called(words, about)[0] for command in commands for words in split(command))
            used = (one for name in names for one in (name, *above(name)))
            lent = [one for name in dict.fromkeys(used) for one in about.get(name, ())]
            lent += manual.get(asked.get(trajectory.task, ""), ())
            inputs.append((trajectory.id, *dict.fromkeys(lent), *_question(trajectory, tasks)))
        return inputs

    def __call__(self, *records: Record) -> Outcome:
        raw, *rest = records
        assert isinstance(raw, Trajectory)
        if asked := next((one for one in rest if isinstance(one, Task)), None):
            return Outcome(records=(as_it_is(raw, asked, "abstraction"),))
        manual = Manual([one for one in rest if isinstance(one, Document)], self.world().tools)
        trajectory = without_duplicates(raw)
        examples: list[Record] = []
        usage = Usage()
        failure: ParseError | None = None
        for begin, end in choose(trajectory, self.cap, self.world().tools):
            try:
                answer, used = self._label(trajectory, begin, end)
            except ParseError as error:
                failure, used = error, getattr(error, "usage", Usage())
                usage = usage + used
                continue
            usage = usage + used
            worked = [step for step in trajectory.steps[begin:end] if not step.observation.failed]
            start = trajectory.observation(begin).text
            done = [str(step.action.arguments.get("command", "")) for step in worked]
            there = item(worked)
            for kind, key in (("summary", "summary"), ("abstraction", "task")):
                instruction = " ".join(str(answer[key]).split())
                if instruction and not makes(instruction, there):
                    instruction = manual.about(instruction, worked, start)
                    instruction = made(manual.told(instruction, done), worked)
                    instruction = entered(selected(instruction, worked, start), worked)
                    instruction = done_with(opened(instruction, worked), worked)
                    examples.append(
                        Example(
                            instruction=instruction,
                            trajectory=trajectory.id,
                            begin=begin,
                            end=end,
                            kind=kind,
                        )
                    )
        if failure is not None and not examples:
            failure.usage = usage  # type: ignore[attr-defined]
            raise failure
        cleaned: list[Record] = [trajectory] if trajectory is not raw else []
        return Outcome(records=(*cleaned, *examples), usage=usage)

    def _label(self, trajectory: Trajectory, begin: int, end: int) -> tuple[dict[str, str], Usage]:
        world = self.world()
        environment = world.environment()
        text = PROMPT.fill(
            "user",
            description=environment.description,
            start=cut(trajectory.observation(begin).text, 2 * self.observation),
            session=session(environment.actions, _achieving(trajectory, begin, end), self.observation),
        )
        states = [trajectory.observation(at).state for at in range(begin, end + 1)]
        changed = len(set(states)) > 1
        part = "system" if environment.actions.commands else "screen"
        question = PROMPT.fill("question") if changed else PROMPT.fill("looked")
        if about := item(trajectory.steps[begin:end]):
            question = f"{PROMPT.fill('item', item=about)}\n{question}"
        return self.ask(PROMPT.fill(part), f"{text}\n\n{question}", schema(changed), 300)


def _question(trajectory: Trajectory, tasks: Mapping[str, Task]) -> tuple[str, ...]:
    """The task of a trajectory that gave the answer which was known when its question was asked; or nothing.

    Nothing else says what was asked: a small model says "Show the page" of one that was opened for it.
    """
    task, last = tasks.get(trajectory.task), trajectory.steps[-1].action if trajectory.steps else None
    if not task or not last or last.tool != STOP or not task.instruction.endswith("?"):
        return ()
    known = str(last.arguments.get("answer", ""))
    return (task.id,) if known and task.hint.split("\n")[-1] == f"stop {known}" else ()


def _achieving(trajectory: Trajectory, begin: int, end: int) -> list[Step]:
    """The steps of a window but those that failed and changed nothing: small models write of their errors."""
    steps = [
        trajectory.steps[at]
        for at in range(begin, end)
        if not trajectory.steps[at].observation.failed
        or trajectory.steps[at].observation.state != trajectory.observation(at).state
    ]
    return steps or list(trajectory.steps[begin:end])
