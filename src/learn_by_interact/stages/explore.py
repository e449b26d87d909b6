"""Explore: act on a proposed task in the real environment, with the documentation at hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..agents.agent import PROMPT, Acting, Fixed, Hit, LanguageAgent
from ..agents.rollout import Limits, rollout
from ..engine.stage import Outcome
from ..types import Document, Record, Task, Trajectory, Usage, Verdict
from .base import ModelStage
from .propose import in_order

if TYPE_CHECKING:
    from ..engine.store import Store


class Explore(ModelStage):
    """Task and its document -> one trajectory a temperature."""

    name = "explore"
    temperatures: tuple[float, ...] = (0.0,)
    """One rollout for each."""
    limits: Limits = Limits()
    max_tokens: int = 160
    version: str = PROMPT.version

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        """Tasks that no judge dropped, in the order of their documents."""
        order = {document.id: at for at, document in enumerate(in_order(list(store.records(Document))))}
        dropped = {verdict.subject for verdict in store.records(Verdict) if not verdict.keep}
        tasks = [task for task in store.records(Task) if task.parent in order and task.id not in dropped]
        tasks.sort(key=lambda task: (order[task.parent], task.id))
        return [(task.id, task.parent) for task in tasks]

    def __call__(self, *records: Record) -> Outcome:
        task, document = records
        assert isinstance(task, Task) and isinstance(document, Document)
        model = self.connect()
        world = self.world()
        trajectories: dict[str, Trajectory] = {}
        usage = Usage()
        for seed, temperature in enumerate(self.temperatures):
            with world.environment() as environment:
                agent = LanguageAgent(
                    model,
                    environment.actions,
                    environment.description,
                    Acting(temperature=temperature, seed=seed, max_tokens=self.max_tokens),
                    Fixed([Hit(id=document.id, text=f"{document.title}\n{document.text}")]),
                )
                trajectory = rollout(agent, environment, task, self.limits)
            usage = usage + trajectory.usage
            trajectories.setdefault(trajectory.id, trajectory)
        return Outcome(records=tuple(trajectories.values()), usage=usage)
