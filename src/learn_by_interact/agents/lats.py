"""LATS: tree search over actions, guided by the model's own scores (Zhou et al. 2023).

Select a leaf by UCT; expand it by sampled actions, done in the environment; score what they led to;
go on from the best until an end; back the end's value up the path. The paper's environments tell
when a task is solved; here no grader is asked, so the model's full score ends the search. Without the
paper's reflections.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..environments import Branching, Environment
from ..errors import ConfigError, ParseError
from ..models import Model
from ..models.wrappers import Metered
from ..prompts import cut, prompt
from ..types import STOP, Action, Observation, Step, Task, Usage, Value, digest
from .agent import Acting, LanguageAgent
from .rollout import Decision, take
from .session import opinion, session

PROMPT = prompt("agents", "lats")


class Search(Value):
    """Settings of the search. Candidates, depth and weight are those of Learn-by-Interact's comparison."""

    candidates: int = 5
    """Actions that are sampled where a node is expanded; equal ones are tried once."""
    depth: int = 15
    """Actions from the start to a leaf."""
    weight: float = 0.8
    """Of the model's score in a node's value; the rest is the share of the candidates that agree."""
    exploration: float = 1.0
    """Constant of UCT."""
    expansions: int = 8
    """Nodes that are expanded in all: what the search may take."""
    temperature: float = 1.0
    """Of the candidates."""
    observation: int = 500
    """Characters of one observation in the prompt that asks for a score."""


@dataclass(eq=False)
class Node:
    """What some decisions led to."""

    path: tuple[Decision, ...] = ()
    steps: tuple[Step, ...] = ()
    snapshot: str = ""
    """The environment's state; "" where nothing can follow."""
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)
    expanded: bool = False
    score: float = 0.0
    """The model's opinion, 0 to 1."""
    value: float = 0.0
    """Mean over the visits, the first of which is its own evaluation."""
    visits: int = 1

    @property
    def stopped(self) -> bool:
        return bool(self.path) and self.path[-1].action.tool == STOP

    @property
    def solved(self) -> bool:
        """The agent says that it is done, and the model gives its full score."""
        return self.stopped and self.score >= 1.0

    @property
    def open(self) -> bool:
        """Whether there is something to expand, here or below."""
        return any(child.open for child in self.children) if self.expanded else bool(self.snapshot)


class LatsAgent:
    """Plans when it is asked for the first action, then does what it found; a plan's end is a stop.

    The search branches in the environment of the episode and puts it back to its start.
    """

    def __init__(
        self, model: Model, environment: Environment, acting: Acting, search: Search, steps: int
    ) -> None:
        """`steps`: the episode's limit; no plan is longer. Raises ConfigError where nothing can branch."""
        if not isinstance(environment, Branching):
            raise ConfigError(
                f"LATS needs an environment that can branch, and {environment.name} has no `snapshot` and "
                "`restore`: leave the arm out, or write them."
            )
        self.name = model.name
        self._model, self._environment, self._acting = model, environment, acting
        self._search = search.model_copy(update={"depth": min(search.depth, steps)})
        self._plan: tuple[Decision, ...] = ()

    def act(self, task: Task, start: Observation, steps: Sequence[Step]) -> Decision:
        """Raises ParseError, with `usage`, when no sampled reply gives a first action."""
        if not steps:
            self._plan = self._planned(task, start)
        if len(steps) < len(self._plan):
            return self._plan[len(steps)]
        return Decision(thought="", action=Action(tool=STOP, arguments={"answer": ""}))

    def _planned(self, task: Task, start: Observation) -> tuple[Decision, ...]:
        """The decisions that lead to the best leaf; the first carries what the whole search took."""
        model = Metered(self._model)
        tree = _Tree(model, self._environment, self._acting, self._search, task, start)
        try:
            best = tree.search()
        except ParseError as failure:
            failure.usage = model.usage  # type: ignore[attr-defined]
            raise
        self._environment.restore(tree.root.snapshot)
        usages = [model.usage, *[Usage()] * len(best.path)]
        return tuple(
            decision.model_copy(update={"usage": usage})
            for decision, usage in zip(best.path, usages, strict=False)
        )


class _Tree:
    """One search, in an environment that stands at its start."""

    def __init__(
        self,
        model: Model,
        environment: Branching,
        acting: Acting,
        settings: Search,
        task: Task,
        start: Observation,
    ) -> None:
        self._model, self._environment, self._acting = model, environment, acting
        self._settings, self._task, self._start = settings, task, start
        self._system = PROMPT.fill("system", description=environment.description)
        self._left = settings.expansions
        self._leaves: list[Node] = []
        self.root = Node(snapshot=environment.snapshot())

    def search(self) -> Node:
        """The first leaf that counts as solved, otherwise the best one. Raises ParseError for none."""
        while self._left and self.root.open:
            node = self._select()
            while self._left and node.open and not node.expanded:
                self._expand(node)
                node = max(node.children, key=lambda child: (child.solved, child.value), default=node)
            if node.solved:
                return node
            _back_up(node)
        leaves = [node for node in self._leaves if not node.children]
        return max(leaves, key=lambda node: (node.value, node.stopped, -len(node.path)))

    def _select(self) -> Node:
        """From the root to a node that is not expanded, by the highest UCT = V + w sqrt(ln N(parent) / N)."""
        node = self.root
        while node.expanded:
            logarithm = math.log(node.visits)
            weight = self._settings.exploration
            node = max(
                (child for child in node.children if child.open),
                key=lambda child: child.value + weight * math.sqrt(logarithm / child.visits),
            )
        return node

    def _expand(self, node: Node) -> None:
        """Do each sampled action from the node's state: V = w score + (1 - w) share of the candidates."""
        self._left -= 1
        node.expanded = True
        settings = self._settings
        shares: Counter[str] = Counter()
        different: dict[str, Decision] = {}
        for decision in self._candidates(node):
            name = digest(decision.action.model_dump(mode="json"))
            shares[name] += 1
            different.setdefault(name, decision)
        for name, decision in different.items():
            self._environment.restore(node.snapshot)
            step = take(decision, self._environment, self._start, node.steps)
            child = Node((*node.path, decision), (*node.steps, step), parent=node)
            if not child.stopped and len(child.path) < settings.depth:
                child.snapshot = self._environment.snapshot()
            child.score = self._score(child.steps)
            agreement = shares[name] / settings.candidates
            child.value = settings.weight * child.score + (1 - settings.weight) * agreement
            node.children.append(child)
        self._leaves += node.children

    def _candidates(self, node: Node) -> list[Decision]:
        """Sampled decisions; raises ParseError when none can be read and there is no other leaf."""
        found: list[Decision] = []
        failure: ParseError | None = None
        for number in range(self._settings.candidates):
            # Far apart, so that repeats of an evaluation, whose seeds are neighbours, share none.
            seed = 1000 * self._acting.seed + number
            changes = {"temperature": self._settings.temperature, "seed": seed, "resamples": 0, "actions": 1}
            agent = LanguageAgent(
                self._model,
                self._environment.actions,
                self._environment.description,
                self._acting.model_copy(update=changes),
            )
            try:
                found.append(agent.act(self._task, self._start, node.steps))
            except ParseError as error:
                failure = error
        if failure and not found and not self._leaves:
            raise failure
        return found

    def _score(self, steps: Sequence[Step]) -> float:
        """The model's score, as a share of 10; a reply without a number is 0."""
        limit = self._settings.observation
        told = PROMPT.fill(
            "user",
            start=cut(self._start.text, 2 * limit),
            instruction=self._task.instruction,
            session=session(self._environment.actions, steps, limit),
        )
        reply = opinion(self._model, self._system, told, PROMPT.fill("question"), self._acting)
        said = re.search(r"\b(10|[1-9])\b", reply)
        return int(said[1]) / 10 if said else 0.0


def _back_up(leaf: Node) -> None:
    """Add the leaf's value to the mean of all nodes above it."""
    node = leaf.parent
    while node:
        node.visits += 1
        node.value += (leaf.value - node.value) / node.visits
        node = node.parent
