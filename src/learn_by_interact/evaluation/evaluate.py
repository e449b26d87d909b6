"""Evaluate: held-out tasks, one arm at a time, through the same rollout as synthesis."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, ClassVar, Literal

from ..agents.agent import PROMPT, Acting, LanguageAgent
from ..agents.rollout import Limits, rollout
from ..engine.stage import Outcome
from ..errors import ConfigError
from ..retrieval.retrieve import ExampleRetriever, Retrieval
from ..stages.base import ModelStage
from ..types import Record, Task
from .selection import Variant

if TYPE_CHECKING:
    from ..engine.store import Store

Arm = Literal["plain", "examples"]


class Evaluate(ModelStage):
    """Held-out task -> a graded trajectory."""

    name = "evaluate"
    aside: ClassVar[frozenset[str]] = frozenset({"index", "only", "count", "variant", "examples"})

    arm: Arm = "plain"
    seed: int = 0
    limits: Limits = Limits()
    max_tokens: int = 160
    retrieval: Retrieval = Retrieval()
    index: str = ""
    """Folder of the index of the arm `examples`."""
    index_digest: str = ""
    """Of its examples: other examples are another evaluation."""
    examples: int | None = None
    """How many examples the index holds; None without one."""
    variant: Variant | None = None
    """What chose these examples; None: all that the rule keeps."""
    only: tuple[str, ...] = ()
    """Names of tasks of the benchmark, with `*` and `?`; none: all."""
    count: int | None = None
    """The first so many of these tasks; None: all."""
    version: str = PROMPT.version

    @property
    def label(self) -> str:
        """What the arm is called in a result."""
        return self.variant.name if self.variant else self.arm

    def tasks(self) -> list[Task]:
        """Raises ConfigError, as `choose` does."""
        return choose(self.world().tasks(), self.only, self.count)

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


def choose(tasks: list[Task], only: Sequence[str] = (), count: int | None = None) -> list[Task]:
    """The first `count` of the tasks that one of the names in `only` fits, in the benchmark's order.

    Raises ConfigError when a name fits no task, or fewer than `count` are left.
    """
    names = [task.parent for task in tasks]
    for pattern in only:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise ConfigError(
                f"[evaluate] only: no held-out task is called {pattern!r}; there are: {', '.join(names)}."
            )
    chosen = [task for task in tasks if not only or any(fnmatchcase(task.parent, name) for name in only)]
    if count is not None and count > len(chosen):
        raise ConfigError(
            f"The recipe asks for {count} held-out tasks and there are {len(chosen)}: "
            "lower `tasks` under [evaluate], or write more."
        )
    return chosen[:count]
