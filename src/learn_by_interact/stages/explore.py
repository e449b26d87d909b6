"""Explore: act on a proposed task in the real environment, with the documentation at hand."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ..agents.agent import PROMPT, Fixed, Hit, LanguageAgent
from ..agents.rollout import Agent, Decision, Limits, rollout
from ..engine.stage import Outcome
from ..environments import ActionSpace
from ..errors import ParseError
from ..types import STOP, Action, Document, Observation, Record, Step, Task, Trajectory, Usage, Verdict
from .base import ModelStage, in_order

if TYPE_CHECKING:
    from ..engine.store import Store


class Explore(ModelStage):
    """Task and its document -> one trajectory a temperature."""

    name = "explore"
    temperatures: tuple[float, ...] = (0.0,)
    """One rollout for each."""
    begin: bool = True
    """The first action is the command that the proposer wrote with the task; no call is made for it."""
    settle: bool = False
    """A first command that worked ends the rollout: it saves the call in which a small model says stop. On a
    screen what was planned ends it, also where an action of it failed."""
    limits: Limits = Limits()
    actions: int = 1
    """That one reply may hold."""
    max_tokens: int = 160
    version: str = PROMPT.version

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        """Tasks that no judge dropped, in the order of their documents."""
        order = {document.id: at for at, document in enumerate(in_order(list(store.records(Document))))}
        dropped = {verdict.subject for verdict in store.records(Verdict) if not verdict.keep}
        tasks = [task for task in store.records(Task) if task.parent in order and task.id not in dropped]
        tasks.sort(key=lambda task: (order[task.parent], task.id))
        return [(task.id, task.parent) for task in _dealt(tasks)]

    def __call__(self, *records: Record) -> Outcome:
        task, document = records
        assert isinstance(task, Task) and isinstance(document, Document)
        model = self.connect()
        trajectories: dict[str, Trajectory] = {}
        usage = Usage()
        for seed, temperature in enumerate(self.temperatures):
            with self.open() as environment:
                acting = self.acting(
                    temperature=temperature, seed=seed, actions=self.actions, max_tokens=self.max_tokens
                )
                agent: Agent = LanguageAgent(
                    model,
                    environment.actions,
                    environment.description,
                    acting,
                    Fixed([Hit(id=document.id, text=f"{document.title}\n{document.text}")]),
                )
                if self.begin and task.hint:
                    agent = Begun(agent, environment.actions, task.hint, self.settle)
                trajectory = rollout(agent, environment, task, self.limits)
            usage = usage + trajectory.usage
            trajectories.setdefault(trajectory.id, trajectory)
        return Outcome(records=tuple(trajectories.values()), usage=usage)


class Begun:
    """An agent whose first actions were chosen before, by the proposer; the rest is its own.

    An action that fails ends what was chosen.
    """

    def __init__(self, agent: Agent, actions: ActionSpace, first: str, settle: bool) -> None:
        self.name = agent.name
        self._settle, self._commands = settle, actions.commands
        self._agent, self._planned = agent, planned(actions, first)

    def act(self, task: Task, start: Observation, steps: Sequence[Step]) -> Decision:
        failed = any(step.observation.failed for step in steps)
        if len(steps) < len(self._planned) and not failed:
            thought, action = self._planned[len(steps)]
            return Decision(thought=thought, action=action)
        over = len(steps) == max(1, len(self._planned)) and not failed
        if self._settle and (over or (failed and self._planned and not self._commands)):
            return Decision(thought="", action=Action(tool=STOP, arguments={"answer": ""}))
        return self._agent.act(task, start, steps)


def planned(actions: ActionSpace, hint: str) -> list[tuple[str, Action]]:
    """The proposer's command; on a screen its actions, a line each, up to one that cannot be read."""
    if actions.commands:
        found = proposed(actions, hint)
        return [found] if found else []
    plan = []
    for line in filter(str.strip, hint.split("\n")):
        try:
            plan.append(actions.parse(f"ACTION: {line.strip()}"))
        except ParseError:
            break
    return plan


def proposed(actions: ActionSpace, hint: str) -> tuple[str, Action] | None:
    """The proposer's command, which may stand alone or in the form of a reply; None: it is no action."""
    for reply in (hint, f"ACTION: {hint}"):
        with suppress(ParseError):
            thought, action = actions.parse(reply)
            return None if action.tool == STOP else (thought, action)
    return None


def _dealt(tasks: Sequence[Task], hands: int = 4) -> list[Task]:
    """Tasks in an order in which neighbours have different documents, and each document's tasks are near.

    Rollouts that run side by side and share a document would each compute it for themselves; one
    after the other, all but the first find it in the model's cache.
    """
    piles: dict[str, list[Task]] = {}
    for task in tasks:
        piles.setdefault(task.parent, []).append(task)
    waiting = list(piles.values())
    hand = [waiting.pop(0) for _ in range(min(hands, len(waiting)))]
    order: list[Task] = []
    while hand:
        for at, pile in enumerate(hand):
            order.append(pile.pop(0))
            if not pile and waiting:
                hand[at] = waiting.pop(0)
        hand = [pile for pile in hand if pile]
    return order
