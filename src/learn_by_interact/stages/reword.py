"""Reword: a kept instruction as people would say it who do not know the tool.

Backward construction sees the commands, and a small model writes their names into the instruction: of 508
instructions of sqlite-utils 500 held a word of their command's own name. A model that is tuned on them learns
to copy a word of the task into the command; a user who knew that word would need no help.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..commands import QUOTED, called, split
from ..engine.stage import Outcome
from ..models import Message, Request
from ..prompts import prompt
from ..types import Document, Example, Record, Step, Trajectory
from .base import ModelStage
from .features import calls
from .ground import named_files, without_stops
from .keep import Rule, kept
from .structured import ask, whole
from .told import named, stems

if TYPE_CHECKING:
    from ..engine.store import Store

PROMPT = prompt("stages", "reword")
NAMES = ("first", "second", "third")
NEAREST = 0.6
"""Share of the words of both, beside its values, that a rewording may have in common with the instruction."""
_NUMBER = re.compile(r"\b\w*\d\w*\b")


class Reword(ModelStage):
    """Kept abstraction, its trajectory and its section -> examples of the same window in other words.

    Only those that name all that the instruction names, and that do not say the name of the command.
    """

    name = "reword"
    rule: Rule = "unanimous+replay"
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
        known = {name for title in titles for name in calls(title, tools) if " " in name}
        steps = trajectory.steps[example.begin : example.end]
        names = sorted({called(words, known)[0] for words in _commands(steps)} - {""})
        model = self.connect()
        answer, usage = ask(
            model,
            Request(
                model=model.name,
                messages=(
                    Message(role="system", content=PROMPT.fill("system")),
                    Message(role="user", content=_question(example.instruction, names)),
                ),
                max_tokens=400,
                json_schema=whole(
                    {name: {"type": "string", "minLength": 12, "maxLength": 300} for name in NAMES}
                ),
            ),
        )
        values = named_values(example.instruction, steps, names)
        said = dict.fromkeys(" ".join(str(answer[name]).split()) for name in NAMES)
        fit = [text for text in said if _fits(text, example.instruction, values, names)]
        return Outcome(
            records=tuple(
                example.model_copy(update={"instruction": text, "kind": "rewording"}) for text in fit
            ),
            usage=usage,
        )


def _question(instruction: str, names: Sequence[str]) -> str:
    words = dict.fromkeys(word for name in names for word in re.split(r"[\W_]+", name.rpartition(" ")[2]))
    return PROMPT.fill("user", instruction=instruction, words=", ".join(words) or "none")


def named_values(instruction: str, steps: Sequence[Step], names: Sequence[str]) -> set[str]:
    """What an instruction names, in lower case: files, numbers, what is quoted, arguments of its actions."""
    own = {word for name in names for word in name.split()}
    written = {word.strip("'\"") for words in _commands(steps) for word in words if word not in own}
    written |= {part for word in written if word[:1] != "-" for part in re.split(r"[=:,]", word)}
    written |= {
        text
        for step in steps
        for name, text in step.action.arguments.items()
        if name != "command" and isinstance(text, str)
    }
    told = {text for text in written if text[:1] != "-" and _holds(instruction, text)}
    told |= {quoted.strip("'\"") for quoted in QUOTED.findall(instruction)}
    told |= {*named_files(without_stops(instruction)), *_NUMBER.findall(instruction)}
    return {text.lower() for text in told if text.strip()}


def _fits(text: str, instruction: str, values: set[str], names: Sequence[str]) -> bool:
    said = (named(text, name) for name in names if stems(name.rpartition(" ")[2]))
    if any(said) or not all(_holds(text, value) for value in values):
        return False
    same = {stem for value in values for stem in stems(value)}
    one, two = stems(text) - same, stems(instruction) - same
    return bool(one) and len(one & two) <= NEAREST * len(one | two)


def _holds(text: str, value: str) -> bool:
    """A text has this word or these words, and not only within others."""
    return bool(value.strip()) and bool(re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text, re.IGNORECASE))


def _commands(steps: Sequence[Step]) -> Iterator[list[str]]:
    """The words of each command."""
    for step in steps:
        yield from split(str(step.action.arguments.get("command", "")))
