"""The agents that an evaluation compares, each a class whose fields are its settings.

An arm plays one held-out task in a fresh environment, through `rollout()`, and gives the graded
trajectory. What all arms share (model, step limit, new tokens of a reply) comes with the match. No
arm asks the grader before the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from ..agents.agent import PROMPT, Acting, Fixed, LanguageAgent, Retriever
from ..agents.lats import PROMPT as LATS_PROMPT
from ..agents.lats import LatsAgent, Search
from ..agents.reflexion import PROMPT as REFLEXION_PROMPT
from ..agents.reflexion import Reflector
from ..agents.rollout import Agent, Limits, graded, rollout
from ..benchmarks import Benchmark
from ..environments import Environment, Pictured
from ..environments.folder import checked
from ..errors import ConfigError
from ..models.wrappers import Metered
from ..named import load_class
from ..retrieval import documents
from ..retrieval.query import PROMPT as QUERY_PROMPT
from ..retrieval.retrieve import ExampleRetriever, Retrieval
from ..types import Task, Trajectory, Usage, Value

Needs = Literal["", "documents", "examples", "distilled"]


@dataclass(frozen=True)
class Match:
    """One held-out task and all that an arm may use to play it."""

    world: Benchmark
    task: Task
    model: Metered
    acting: Acting
    limits: Limits
    retrieval: Retrieval
    """As the recipe has it."""
    index: str
    """Folder of the index that the arm needs; "" when it needs none, or no example is for this task."""
    digest: str = ""
    """Of the examples that should be in it."""

    def environment(self) -> Environment:
        """A fresh one, which keeps pictures where the agent is sent some."""
        environment = self.world.environment()
        if self.acting.blobs and isinstance(environment, Pictured):
            environment.pictures = Path(self.acting.blobs)
        return environment

    def grader(self, environment: Environment) -> Callable[[Trajectory], float]:
        """Grades an episode that ends in this environment."""
        return lambda trajectory: self.world.grade(self.task, environment, trajectory)


class Plain(Value):
    """The agent alone; base of all arms."""

    needs: ClassVar[Needs] = ""
    """Which index is made before."""
    version: ClassVar[str] = PROMPT.version
    """Of its prompts: an arm whose prompt changed is another one."""
    reasons: bool = False
    """Ask for a line of reasoning before each action; a model that was tuned on such lines needs it."""

    def play(self, match: Match) -> Trajectory:
        """One graded episode. Raises what `rollout` raises."""
        with match.environment() as environment:
            agent = self.agent(match, environment)
            return rollout(agent, environment, match.task, match.limits, match.grader(environment))

    def usage(self, match: Match, played: Trajectory) -> Usage:
        """All that playing took."""
        return played.usage

    def agent(self, match: Match, environment: Environment) -> Agent:
        return LanguageAgent(
            match.model,
            environment.actions,
            environment.description,
            match.acting,
            self.retriever(match, environment),
        )

    def retriever(self, match: Match, environment: Environment) -> Retriever | None:
        return None


class Rag(Plain):
    """Documentation found by the instruction, the same for the whole episode."""

    needs: ClassVar[Needs] = "documents"
    documents: int = 50
    """At most."""
    characters: int = 4800
    """Of all sections together: two long ones."""

    def retriever(self, match: Match, environment: Environment) -> Retriever:
        return Fixed(documents.find(match.index, match.task.instruction, self.documents, self.characters))


class Examples(Plain):
    """The method: examples of backward construction, retrieved as [retrieval] says."""

    needs: ClassVar[Needs] = "examples"
    version: ClassVar[str] = f"{PROMPT.version}+{QUERY_PROMPT.version}"
    changes: ClassVar[dict[str, Any]] = {}
    """What makes the arm: settings in the place of those under [retrieval]."""
    retrieval: dict[str, Any] = Field(default_factory=dict)
    """More of them."""

    @model_validator(mode="after")
    def _known(self) -> Examples:
        self.settings(Retrieval())
        return self

    def settings(self, base: Retrieval) -> Retrieval:
        """Those of the recipe, changed. Raises ConfigError for settings that retrieval has not."""
        changed = {**base.model_dump(), **self.changes, **self.retrieval}
        return checked(Retrieval, changed, Path("[evaluate] arms"), within="retrieval: ")

    def agent(self, match: Match, environment: Environment) -> Agent:
        settings = self.settings(match.retrieval)
        layout = {"placement": settings.placement, "order": settings.order}
        acting = match.acting.model_copy(update=layout)
        return super().agent(replace(match, acting=acting), environment)

    def retriever(self, match: Match, environment: Environment) -> Retriever | None:
        if not match.index:
            return None
        settings = self.settings(match.retrieval)
        return ExampleRetriever(match.index, settings, match.model, environment.actions, match.digest)


class Distill(Examples):
    """The same retrieval over proposed tasks with what was done on them: no backward construction."""

    needs: ClassVar[Needs] = "distilled"


PAPER = {
    "observation": 5,
    "model": 5,
    "query": "written",
    "fused": None,
    "once": False,
    "start": True,
    "match": True,
    "standing": 0.0,
    "suited": False,
    "within": 0.0,
    "documentation": 0,
    "lines": 0,
    "sections": 0,
    "pages": 0,
}
"""Algorithm 2 as the paper has it, without documentation or pages, whatever [retrieval] says; budget and
layout are the recipe's."""


class Both(Examples):
    """Retrieval by the observation and by a query that the model writes, as in the paper."""

    changes: ClassVar[dict[str, Any]] = PAPER


class Observation(Examples):
    """The paper's ablation: by the observation only."""

    changes: ClassVar[dict[str, Any]] = {**PAPER, "model": 0}


class WrittenQuery(Examples):
    """The paper's ablation: by the query that the model writes only."""

    changes: ClassVar[dict[str, Any]] = {**PAPER, "observation": 0}


class Instruction(Examples):
    """The paper's ablation: by the instruction, once an episode."""

    changes: ClassVar[dict[str, Any]] = {**PAPER, "observation": 0, "query": "instruction", "once": True}


class Reflexion(Plain):
    """Tries again in a fresh environment, with notes on what went wrong; the last trial is graded.

    A trial that the agent itself calls a success is the last one.
    """

    version: ClassVar[str] = f"{PROMPT.version}+{REFLEXION_PROMPT.version}"
    trials: int = Field(default=3, ge=1)
    """At most."""

    def play(self, match: Match) -> Trajectory:
        """The last trial, graded; what the others took is not in it."""
        unused = match.world.environment()
        reflector = Reflector(match.model, unused.actions, unused.description, match.acting)
        for left in reversed(range(self.trials)):
            with match.environment() as environment:
                agent = LanguageAgent(
                    match.model,
                    environment.actions,
                    environment.description,
                    match.acting,
                    notes=reflector.notes,
                )
                trial = rollout(agent, environment, match.task, match.limits)
                if not left or reflector.succeeded(match.task, trial):
                    return graded(trial, match.grader(environment))
            reflector.reflect(match.task, trial)
        raise AssertionError("there is always a last trial")

    def usage(self, match: Match, played: Trajectory) -> Usage:
        return match.model.usage


class Lats(Plain, Search):
    """Tree search over actions in an environment that can branch, then the best path it found.

    What bounds it is the number of expansions: the episode's limit of time does not count.
    """

    version: ClassVar[str] = f"{PROMPT.version}+{LATS_PROMPT.version}"

    def play(self, match: Match) -> Trajectory:
        limits = match.limits.model_copy(update={"seconds": math.inf})
        return super().play(replace(match, limits=limits))

    def agent(self, match: Match, environment: Environment) -> Agent:
        return LatsAgent(match.model, environment, match.acting, self, match.limits.steps)


ARMS: dict[str, type[Plain]] = {
    "plain": Plain,
    "rag": Rag,
    "distill": Distill,
    "examples": Examples,
    "method": Examples,
    "instruction": Instruction,
    "observation": Observation,
    "model": WrittenQuery,
    "both": Both,
    "reflexion": Reflexion,
    "lats": Lats,
}
"""Nickname -> class."""


def arm(name: str, settings: dict[str, Any]) -> Plain:
    """The arm of a nickname or `module:Class`, with these settings in the place of its own.

    Raises ConfigError, which lists what exists, for another name, and for settings that it has not.
    """
    if name in ARMS:
        kind = ARMS[name]
    elif ":" in name:
        kind = load_class(name, "[evaluate] arms: the arm", "needs", "play", "model_validate")
    else:
        raise ConfigError(
            f"[evaluate] arms: there is no arm {name!r}; there are: {', '.join(ARMS)}, and module:Class."
        )
    return checked(kind, settings, Path("[evaluate] arms"), within=f"{name}: ")
