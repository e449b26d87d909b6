"""The agent: a language model, an action space, and what retrieval gives it at each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..environments import ActionSpace
from ..errors import ParseError
from ..models import Message, Model, Request
from ..prompts import cut, prompt
from ..types import Observation, Step, Task, Usage, Value
from .rollout import Decision

PROMPT = prompt("agents", "act")


class Hit(Value):
    """What retrieval found: a record's id, its text as it goes into the prompt, and why."""

    id: str
    text: str
    why: str = ""


class Retriever(Protocol):
    """Finds what may help at this moment; hits best first. None is the plain agent."""

    def __call__(self, task: Task, start: Observation, steps: Sequence[Step]) -> list[Hit]: ...


class Fixed:
    """The same hits at every step: the document of a rollout."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        self._hits = list(hits)

    def __call__(self, task: Task, start: Observation, steps: Sequence[Step]) -> list[Hit]:
        return self._hits


class Acting(Value):
    """Settings of the agent."""

    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 160
    characters: int = 9000
    """Bound of the prompt without the system message; the oldest steps are left out beyond it."""
    tries: int = 2
    """A reply that cannot be read is shown back to the model until this many were read."""


class LanguageAgent:
    """Algorithm 2's act: system message, reference, objective, history, observation -> action.

    The history is append-only, so that each prompt begins with the one before it: what retrieval
    finds at a step stands with that step and stays there; only what is new is added.
    """

    def __init__(
        self,
        model: Model,
        actions: ActionSpace,
        description: str,
        settings: Acting | None = None,
        retriever: Retriever | None = None,
    ) -> None:
        self.name = model.name
        self.model, self.actions, self.retriever = model, actions, retriever
        self.settings = settings or Acting()
        self._system = PROMPT.fill("system", description=description, actions=actions.description)
        self._added: list[list[Hit]] = []

    def act(self, task: Task, start: Observation, steps: Sequence[Step]) -> Decision:
        """Raises ParseError, with the `usage` of the lost replies, when no reply can be read."""
        self._retrieve(task, start, steps)
        messages = self.messages(task, start, steps)
        usage = Usage()
        for malformed in range(self.settings.tries):
            reply = self.model.complete(
                Request(
                    model=self.model.name,
                    messages=messages,
                    max_tokens=self.settings.max_tokens,
                    temperature=self.settings.temperature,
                    seed=self.settings.seed,
                )
            )
            usage = usage + reply.usage
            try:
                thought, action = self.actions.parse(reply.text)
            except ParseError as error:
                failure = error
                said = Message(role="assistant", content=cut(reply.text, 400) or "(empty)")
                asked = Message(role="user", content=PROMPT.fill("unreadable", error=error))
                messages = (*messages, said, asked)
                continue
            shown = tuple(hit.id for hit in self._added[len(steps)])
            return Decision(thought=thought, action=action, usage=usage, malformed=malformed, shown=shown)
        failure.usage = usage  # type: ignore[attr-defined]
        raise failure

    def messages(self, task: Task, start: Observation, steps: Sequence[Step]) -> tuple[Message, ...]:
        """The prompt for the action after `steps`."""
        first = [self._reference("reference", self._added[0] if self._added else [])]
        first.append(PROMPT.fill("objective", instruction=task.instruction, observation=start.text))
        turns: list[tuple[str, str]] = []
        for index, step in enumerate(steps, 1):
            hits = self._added[index] if index < len(self._added) else []
            reference = self._reference("more", hits)
            note = PROMPT.fill("repeated") + "\n" if _repeats(steps[:index]) else ""
            result = PROMPT.fill(
                "result", note=note, observation=step.observation.text, instruction=task.instruction
            )
            turns.append((self.actions.reply(step.thought, step.action), reference + result))
        opening = "\n\n".join(part for part in first if part)
        room = self.settings.characters - len(opening)
        left_out = 0
        while len(turns) > 1 and sum(len(reply) + len(result) for reply, result in turns) > room:
            turns.pop(0)
            left_out += 1
        if left_out:
            opening += f"\n\n(The first {left_out} steps are left out here.)"
        messages = [Message(role="system", content=self._system), Message(role="user", content=opening)]
        for reply, result in turns:
            messages.append(Message(role="assistant", content=reply))
            messages.append(Message(role="user", content=result))
        return tuple(messages)

    def _retrieve(self, task: Task, start: Observation, steps: Sequence[Step]) -> None:
        """Add what is new to the hits of this step; an agent serves one episode."""
        if len(self._added) > len(steps):
            return
        known = {hit.id for hits in self._added for hit in hits}
        found = self.retriever(task, start, steps) if self.retriever else []
        self._added.append([hit for hit in found if hit.id not in known])

    def _reference(self, part: str, hits: Sequence[Hit]) -> str:
        if not hits:
            return ""
        text = PROMPT.fill(part, reference="\n\n".join(hit.text for hit in hits))
        return text + "\n\n" if part == "more" else text


def _repeats(steps: Sequence[Step]) -> bool:
    last = steps[-1]
    return any(
        (step.action, step.observation.key) == (last.action, last.observation.key) for step in steps[:-1]
    )
