"""From an example to training rows: the prompt that the agent will see, and the reply it should give.

One row a step is the action prediction of the paper (arXiv 2501.10893): what was done before is prompt, and
only the reply counts. One row a window is a whole chat. Both are written by the agent of the evaluation
itself, without retrieval, so that training and use have the same text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import Field

from ..agents.agent import ASKS, PROMPT, Acting, LanguageAgent
from ..engine.store import Store
from ..environments import ActionSpace
from ..errors import ConfigError, ModelRefused
from ..models import Message, Reply, Request
from ..types import STOP, Action, Kind, Reasoning, Step, Task, Value
from .choose import Window
from .pairs import Failures

TELLS = re.compile(r"(what|which|who|when|where|how|tell)\b", re.IGNORECASE)
"""With which an instruction begins that may want an answer, besides those after which the agent is asked for
one: a stop without an answer would be wrong there."""

DONE = "All that the task asks for is done."
"""The line of reasoning before a stop that is added."""


class Rows(Value):
    """How rows are made of an example."""

    per: Literal["step", "window"] = "step"
    failed: bool = False
    """Learn the actions that failed, too. Otherwise they are only seen, in what came before the others."""
    stop: bool = True
    """Add the reply that ends the episode after a window that does not end it: no window of backward
    construction has a stop without an answer, and a model that never saw one does not stop. Not where the
    instruction may want an answer. This is ours, not the paper's."""
    reasons: Literal["kept", "hindsight", "none"] = "kept"
    """The line of reasoning before an action: what the rollout thought, where it did; what `lbi reason` wrote
    for the instruction that backward construction gave; or no line."""
    characters: int = Field(default=Acting().characters, ge=1)
    """Bound of a prompt without the system message, as in the agent; the oldest steps give way."""


class Origin(Value):
    """Where a row comes from, down to the lines of the documentation."""

    example: str
    kind: Kind
    trajectory: str
    begin: int
    """The window: observation `begin`, then the actions and observations up to `end`."""
    end: int
    step: int | None = None
    """Which action of the window the reply is, from 1; `end - begin + 1` is an added stop; None: all."""
    verified: bool
    environment: str
    model: str
    """What acted."""
    prompt_version: str
    """Version of the agent's prompt that the row is written with."""
    labelled: str
    """Stage that wrote the instruction, and the digest of its settings, prompt and model."""
    task: str
    document: str
    """Id of the section of documentation; "" and 0 below where there is none."""
    source: str
    title: str
    first_line: int
    last_line: int


class Row(Value):
    """A chat, and which of its replies are learned."""

    messages: tuple[Message, ...]
    """System, then user and assistant in turn; the last is the assistant's."""
    learn: tuple[int, ...]
    """Positions of the replies whose tokens count for the loss."""
    origin: Origin
    rejected: tuple[str, ...] = ()
    """Replies that were wrong where the last one worked; only in rows for a format of pairs."""


def origin(window: Window, step: int | None = None) -> Origin:
    """Where a row of this window comes from."""
    example, section = window.example, window.section
    return Origin(
        example=example.id,
        kind=example.kind,
        trajectory=example.trajectory,
        begin=example.begin,
        end=example.end,
        step=step,
        verified=window.verified,
        environment=window.task.environment,
        model=window.trajectory.model,
        prompt_version=PROMPT.version,
        labelled=window.labelled,
        task=window.task.id,
        document=section.id if section else "",
        source=section.source if section else "",
        title=section.title if section else "",
        first_line=section.begin if section else 0,
        last_line=section.end if section else 0,
    )


def need_reasons(store: Store, rows: Rows) -> None:
    """Raises ConfigError when lines of reasoning are asked for that nobody wrote."""
    if rows.reasons == "hindsight" and not store.count(Reasoning):
        raise ConfigError(
            f"reasons: {store.folder} holds no reasoning in hindsight: `lbi reason RECIPE` writes it."
        )


class Maker:
    """Makes the rows of a window."""

    def __init__(
        self,
        actions: ActionSpace,
        description: str,
        settings: Rows | None = None,
        failed: Failures | None = None,
    ) -> None:
        """`failed`: make pairs with these, and no other rows."""
        self.settings, self._failed = settings or Rows(), failed
        self._actions = actions
        acting = Acting(characters=self.settings.characters)
        asking = acting.model_copy(update={"reasons": True})
        # By whether a line of reasoning is asked for.
        self._agents = [LanguageAgent(_Nobody(), actions, description, one) for one in (acting, asking)]

    def rows(self, window: Window) -> list[Row]:
        """One row for each action that is learned, or one for all of them."""
        steps = self._steps(window)
        replies = list(self._replies(window, steps))
        prompts = self._prompts(window, steps, len(replies))
        if self._failed is not None:
            return [
                _row(prompts[at], reply, (-1,), origin(window, at + 1)).model_copy(
                    update={"rejected": rejected}
                )
                for at, reply, rejected in self._pairs(window, steps, self._failed)
            ]
        if self.settings.per == "step":
            return [
                _row(prompts[at], reply, (-1,), origin(window, at + 1))
                for at, (reply, learned) in enumerate(replies)
                if learned
            ]
        # Every other message is a reply, the last one is the last of them.
        places = [2 * (at - len(replies)) + 1 for at, (_, learned) in enumerate(replies) if learned]
        return [_row(prompts[-1], replies[-1][0], places, origin(window))] if places else []

    def _steps(self, window: Window) -> tuple[Step, ...]:
        """Those of the window, with the line of reasoning that is learned before each."""
        if self.settings.reasons == "kept":
            return window.steps
        lines = window.hindsight if self.settings.reasons == "hindsight" else ()
        thoughts = lines or ("",) * len(window.steps)
        pairs = zip(window.steps, thoughts, strict=True)
        return tuple(step.model_copy(update={"thought": thought}) for step, thought in pairs)

    def _pairs(
        self, window: Window, steps: Sequence[Step], failed: Failures
    ) -> Iterator[tuple[int, str, tuple[str, ...]]]:
        """Place of the prompt, the reply that worked, and those that failed in this state.

        Where the window itself begins with failures, what worked after them was right in their place.
        """
        for at, step in enumerate(steps):
            before = window.trajectory.observation(window.example.begin + at).state
            worked = next((one for one in steps[at:] if not one.observation.failed), None)
            if worked is None or (
                worked is not step and not self._still(window, steps.index(worked, at), before)
            ):
                continue
            known = [one for one in failed.get((window.task.id, before), ()) if one != worked.action]
            if known:
                reply = self._actions.reply(worked.thought, worked.action)
                yield at, reply, tuple(self._actions.reply("", one) for one in known)

    def _still(self, window: Window, later: int, before: str) -> bool:
        """Nothing had changed when what worked was done."""
        return window.trajectory.observation(window.example.begin + later).state == before

    def _replies(self, window: Window, steps: Sequence[Step]) -> Iterator[tuple[str, bool]]:
        """What the model should say, action by action, and whether it is learned."""
        for step in steps:
            reply = self._actions.reply(step.thought, step.action)
            yield reply, self.settings.failed or not step.observation.failed
        asked = window.example.instruction
        asks = ASKS.search(asked) or TELLS.match(asked)
        if self.settings.stop and not window.ends_itself and not asks:
            thought = DONE if _thinks(steps) else ""
            yield self._actions.reply(thought, Action(tool=STOP, arguments={"answer": ""})), True

    def _prompts(self, window: Window, steps: Sequence[Step], count: int) -> list[tuple[Message, ...]]:
        """What the agent sees before each of its first `count` replies, the instruction being its task."""
        task = Task(environment=window.task.environment, instruction=window.example.instruction)
        start = window.trajectory.observation(window.example.begin)
        agent = self._agents[_thinks(steps)]
        longest = agent.messages(task, start, steps[: count - 1])
        if len(longest) == 2 * count:
            # Nothing was left out, so that each prompt begins the next.
            return [longest[: 2 * at] for at in range(1, count + 1)]
        return [agent.messages(task, start, steps[:at]) for at in range(count)]


def _thinks(steps: Sequence[Step]) -> bool:
    """Whether a line of reasoning stands before an action."""
    return any(step.thought for step in steps)


def _row(prompt: tuple[Message, ...], reply: str, learn: Sequence[int], origin: Origin) -> Row:
    """The chat that ends with this reply. `learn`: positions from the end, -1 being the reply."""
    messages = (*prompt, Message(role="assistant", content=reply))
    # The oldest turns may have been left out of a long chat.
    kept = tuple(len(messages) + place for place in learn if len(messages) + place > 1)
    return Row(messages=messages, learn=kept, origin=origin)


class _Nobody:
    """A model in the place of one that is not asked."""

    name = ""

    def complete(self, request: Request) -> Reply:
        raise ModelRefused("Rows are made without a model.")
