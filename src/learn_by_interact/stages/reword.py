"""Reword: a kept instruction as people would say it who do not know the tool.

Backward construction sees the commands, and a small model writes their names into the instruction: of 508
instructions of sqlite-utils 500 held a word of their command's own name. A model that is tuned on them learns
to copy a word of the task into the command; a user who knew that word would need no help.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..commands import QUOTED, called, named_files, split, without_stops
from ..engine.stage import Outcome
from ..prompts import prompt
from ..types import Document, Example, Record, Step, Trajectory
from .base import ModelStage
from .features import calls
from .keep import Rule, kept
from .structured import whole
from .told import has_word, named, stems
from .windows import TOKEN

if TYPE_CHECKING:
    from ..engine.store import Store

PROMPT = prompt("stages", "reword")
FORMS = {
    "wish": r"I (need|want|would like|have) ",
    "request": r"(Please|Could you|Can you) [a-z]",
    "result": r"(Afterwards|In the end|When this is done|The result should|There should) ",
}
"""How the texts begin, as regular expressions: a small model that may begin as it likes repeats the task."""
_REST = r"([^\"\\\n]|\\.){12,300}$"
SCHEMA = whole({name: {"type": "string", "pattern": f"^{form}{_REST}"} for name, form in FORMS.items()})
_NUMBER = re.compile(r"\b\w*\d\w*\b")


class Reword(ModelStage):
    """Kept abstraction, its trajectory and its section -> examples of the same window in other words.

    Only those that name all that the instruction names, and that do not say the name of the command. What was
    added to the instruction from the documentation is left as it is.
    """

    name = "reword"
    rule: Rule = "unanimous+replay"
    temperature: float = 0.7
    version: str = PROMPT.version

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        documents = set(store.ids(Document))
        found: list[tuple[str, ...]] = []
        for example in kept(store, self.rule):
            if example.kind == "abstraction":
                trajectory = store.get(example.trajectory)
                assert isinstance(trajectory, Trajectory)
                parent = getattr(store.get(trajectory.task), "parent", "")
                found.append((example.id, trajectory.id, *({parent} & documents)))
        return found

    def __call__(self, *records: Record) -> Outcome:
        example, trajectory, *sections = records
        assert isinstance(example, Example) and isinstance(trajectory, Trajectory)
        tools = self.world().tools
        titles = [one.title for one in sections if isinstance(one, Document)]
        # The name of the only tool may be any word: `task`.
        every = {name for title in titles for name in calls(title, tools)}
        known = {name for name in every if " " in name or len(tools) > 1}
        steps = trajectory.steps[example.begin : example.end]
        names = sorted({called(words, known)[0] for words in _commands(steps)} - {""})
        task, rest = _parts(example.instruction, names)
        answer, usage = self.ask(PROMPT.fill("system"), _question(task, names), SCHEMA, 400, self.temperature)
        values = _values(example.instruction, steps, names)
        said = dict.fromkeys(" ".join([*str(answer[name]).split(), *rest]) for name in FORMS)
        fit = [text for text in said if _fits(text, values, names)]
        made = (example.model_copy(update={"instruction": text, "kind": "rewording"}) for text in fit)
        return Outcome(records=tuple(made), usage=usage)


def _question(instruction: str, names: Sequence[str]) -> str:
    words = dict.fromkeys(word for name in names for word in re.split(r"[\W_]+", name.rpartition(" ")[2]))
    return PROMPT.fill("user", instruction=instruction, words=", ".join(words) or "none")


def _parts(instruction: str, names: Sequence[str]) -> tuple[str, list[str]]:
    """What the model wrote of the session, and what was added to it, but for the name of the command."""
    task, *added = re.split(r"(?<=\.) (?=[A-Z])", instruction)
    return task, [one for one in added if not _names(one, names)]


def _values(instruction: str, steps: Sequence[Step], names: Sequence[str]) -> set[str]:
    """What an instruction names, in lower case: files, numbers, what is quoted, arguments of its actions."""
    own = {word for name in names for word in name.split()}
    lines = [str(step.action.arguments.get("command", "")) for step in steps]
    every = (*_commands(steps), *map(TOKEN.findall, lines))  # The latter with what stands in a here-document.
    written = {word.strip("'\"") for words in every for word in words if word not in own}
    written |= {part for word in written if word[:1] != "-" for part in re.split(r"[=:,]", word)}
    written |= {
        text
        for step in steps
        for name, text in step.action.arguments.items()
        if name != "command" and isinstance(text, str)
    }
    lower = instruction.lower()
    told = {text for text in written if text[:1] not in ("", "-") and has_word(lower, text.lower())}
    told |= {quoted.strip("'\"") for quoted in QUOTED.findall(instruction)}
    told |= {*named_files(without_stops(instruction)), *_NUMBER.findall(instruction)}
    return {text.lower() for text in told if text.strip()}


def _fits(text: str, values: set[str], names: Sequence[str]) -> bool:
    return not _names(text, names) and all(has_word(text.lower(), value) for value in values)


def _names(text: str, names: Sequence[str]) -> bool:
    """A text says the name of one of these commands."""
    return any(named(text, name) for name in names if stems(name.rpartition(" ")[2]))


def _commands(steps: Sequence[Step]) -> Iterator[list[str]]:
    """The words of each command."""
    for step in steps:
        yield from split(str(step.action.arguments.get("command", "")))
