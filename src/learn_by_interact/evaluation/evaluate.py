"""Evaluate: held-out tasks, one arm at a time, through the same rollout as synthesis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from ..agents.agent import PROMPT, Acting, LanguageAgent
from ..agents.rollout import Limits, rollout
from ..engine.stage import Outcome
from ..errors import ConfigError
from ..retrieval.retrieve import ExampleRetriever, Retrieval
from ..stages.base import ModelStage
from ..types import Record, Task

if TYPE_CHECKING:
    from ..engine.store import Store

Arm = Literal["plain", "examples"]


class Evaluate(ModelStage):
    """Held-out task -> a graded trajectory."""

    name = "evaluate"
    aside: ClassVar[frozenset[str]] = frozenset({"index", "count"})

    arm: Arm = "plain"
    seed: int = 0
    limits: Limits = Limits()
    max_tokens: int = 160
    retrieval: Retrieval = Retrieval()
    index: str = ""
    """Folder of the index of the arm `examples`."""
    index_digest: str = ""
    """Of its examples: other examples are another evaluation."""
    count: int | None = None
    """The first so many tasks of the benchmark; None: all."""
    version: str = PROMPT.version

    def tasks(self) -> list[Task]:
        """Raises ConfigError when the benchmark has fewer tasks than `count`."""
        tasks = self.world().tasks()
        if self.count is not None and self.count > len(tasks):
            raise ConfigError(
                f"The recipe asks for {self.count} held-out tasks and {self.environment} has {len(tasks)}: "
                "lower `tasks` under [evaluate], or write more."
            )
        return tasks[: self.count]

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        return [(task.id,) for task in self.tasks()]

    def __call__(self, *records: Record) -> Outcome:
        (task,) = records
        assert isinstance(task, Task)
        world = self.world()
        retriever = ExampleRetriever(self.index, self.retrieval) if self.arm == "examples" else None
        with world.environment() as environment:
            agent = LanguageAgent(
                self.connect(),
                environment.actions,
                environment.description,
                Acting(seed=self.seed, max_tokens=self.max_tokens),
                retriever,
            )
            trajectory = rollout(
                agent,
                environment,
                task,
                self.limits,
                grade=lambda episode: world.grade(task, environment, episode),
            )
        return Outcome(records=(trajectory,), usage=trajectory.usage)
