"""Evaluate: held-out tasks, one arm at a time, through the same rollout as synthesis."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from ..agents.agent import PROMPT
from ..agents.rollout import Limits
from ..benchmarks import Grouped, Predicting
from ..engine.stage import Outcome
from ..errors import ConfigError, LbiError
from ..models.wrappers import Metered
from ..retrieval.retrieve import Retrieval
from ..stages.base import ModelStage
from ..texts import fits
from ..types import Record, Task
from .arms import Match, arm
from .selection import Variant

if TYPE_CHECKING:
    from ..engine.store import Store


class Evaluate(ModelStage):
    """Held-out task -> a graded trajectory of one arm."""

    name = "evaluate"
    aside: ClassVar[frozenset[str]] = frozenset(
        {"index", "groups", "only", "count", "called", "variant", "examples", "output", "tuned"}
    )

    arm: str = "plain"
    """A nickname or `module:Class`; see `arms.py`."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Of the arm, in the place of its own."""
    called: str = ""
    """Another name for results, where an arm is there twice."""
    tuned: str = ""
    """Of a model that `lbi train` made: its name and what it was made of, in the place of its path."""
    seed: int = 0
    """Each repeat has its own."""
    temperature: float = 0.0
    limits: Limits = Limits()
    actions: int = 1
    """That one reply may hold."""
    max_tokens: int = 160
    retrieval: Retrieval = Retrieval()
    index: str = ""
    """Folder of the index that the arm needs."""
    index_digest: str = ""
    """Of what is in it: other examples are another evaluation."""
    documentation: str = ""
    """Names the documentation and the pages that the arm reads beside its examples, if not those that the
    run first had."""
    groups: dict[str, tuple[str, str]] = Field(default_factory=dict)
    """Of a variant by repository: repository -> folder and digest of the index for its tasks, "" for none."""
    examples: int | None = None
    """How many examples the index holds; None without one."""
    variant: Variant | None = None
    """What chose these examples; None: all that the rule keeps."""
    only: tuple[str, ...] = ()
    """Names of tasks of the benchmark, with `*` and `?`; none: all."""
    count: int | None = None
    """The first so many of these tasks; None: all."""
    output: str = ""
    """Folder into which a benchmark writes what its own harness takes; "" for none."""
    version: str = PROMPT.version

    @property
    def label(self) -> str:
        """What the arm is called in a result; stages of one label are repeats."""
        return self.variant.name if self.variant else self.called or self.arm

    @property
    def player(self) -> str:
        """What the model is called in a result."""
        return self.tuned.partition("@")[0] or self.model.name

    def identity(self) -> dict[str, Any]:
        """A tuned model that was tuned anew is another one; one whose folder was moved is not."""
        known = super().identity()
        # What evaluations had before the documentation changed.
        known = {key: value for key, value in known.items() if value or key != "documentation"}
        return {**known, "model": {"name": self.tuned}} if self.tuned else known

    def tasks(self) -> list[Task]:
        """Raises ConfigError, as `choose` does."""
        return choose(self.world().tasks(), self.only, self.count)

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        return [(task.id,) for task in self.tasks()]

    def __call__(self, *records: Record) -> Outcome:
        (task,) = records
        assert isinstance(task, Task)
        # What the calls before an error took, too.
        model = Metered(self.connect())
        world = self.world()
        if self.output and isinstance(world, Predicting):
            world = world.writing_to(Path(self.output), f"{self.label}-{self.seed}")
        index, held = self.index, self.index_digest
        if isinstance(world, Grouped) and self.groups:
            index, held = self.groups[world.group(task)]
        player = arm(self.arm, self.settings)
        match = Match(
            world=world,
            task=task,
            model=model,
            acting=self.acting(
                temperature=self.temperature,
                seed=self.seed,
                actions=self.actions,
                max_tokens=self.max_tokens,
                reasons=player.reasons,
            ),
            limits=self.limits,
            retrieval=self.retrieval,
            index=index,
            digest=held,
        )
        try:
            trajectory = player.play(match)
        except LbiError as failure:
            failure.usage = model.usage  # type: ignore[attr-defined]
            raise
        return Outcome(records=(trajectory,), usage=player.usage(match, trajectory))


def choose(tasks: list[Task], only: Sequence[str] = (), count: int | None = None) -> list[Task]:
    """The first `count` of the tasks that one of the names in `only` fits, in the benchmark's order.

    Raises ConfigError when a name fits no task, or fewer than `count` are left.
    """
    names = [task.parent for task in tasks]
    for pattern in only:
        if not any(fits(name, [pattern]) for name in names):
            raise ConfigError(
                f"[evaluate] only: no held-out task is called {pattern!r}; there are: {', '.join(names)}."
            )
    chosen = [task for task in tasks if not only or fits(task.parent, only)]
    if count is not None and count > len(chosen):
        raise ConfigError(
            f"The recipe asks for {count} held-out tasks and there are {len(chosen)}: "
            "lower `tasks` under [evaluate], or write more."
        )
    return chosen[:count]
