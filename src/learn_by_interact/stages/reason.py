"""Reason: what an agent could have thought before each action of an example, written in hindsight.

The paper trains on the reasoning of its rollouts, which speaks of the task that was proposed and not of the
instruction that was written afterwards. Here a model is shown the instruction and the window, and writes a
line for each action. `training/rows.py` puts them before the actions, where that is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..agents.session import session
from ..engine.stage import Outcome
from ..prompts import cut, prompt
from ..types import Example, Reasoning, Record, Trajectory
from .base import ModelStage
from .keep import Rule, kept
from .structured import whole

if TYPE_CHECKING:
    from ..engine.store import Store

PROMPT = prompt("stages", "reason")
LONGEST = 200
"""Characters of a line."""


class Reason(ModelStage):
    """Kept example and its trajectory -> a line of reasoning before each of its actions."""

    name = "reason"
    rule: Rule = "unanimous+replay"
    observation: int = 300
    """Characters of an output that the model sees; twice as many of what is there at the start."""
    version: str = PROMPT.version

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        """Neighbours share their trajectory."""
        chosen = sorted(
            kept(store, self.rule), key=lambda one: (one.trajectory, one.begin, one.end, one.kind)
        )
        return [(example.id, example.trajectory) for example in chosen]

    def __call__(self, *records: Record) -> Outcome:
        example, trajectory = records
        assert isinstance(example, Example) and isinstance(trajectory, Trajectory)
        actions = self.world().environment().actions
        steps = trajectory.steps[example.begin : example.end]
        names = [f"action {number}" for number in range(1, len(steps) + 1)]
        told = "\n\n".join(
            f"{name.capitalize()}:\n{session(actions, [step], self.observation)}"
            for name, step in zip(names, steps, strict=True)
        )
        text = PROMPT.fill(
            "user",
            instruction=example.instruction,
            start=cut(trajectory.observation(example.begin).text, 2 * self.observation),
            session=told,
        )
        form = whole({name: {"type": "string", "minLength": 8, "maxLength": LONGEST} for name in names})
        answer, usage = self.ask(PROMPT.fill("system"), text, form, 90 * len(steps))
        lines = tuple(" ".join(str(answer[name]).split()) for name in names)
        return Outcome(records=(Reasoning(subject=example.id, lines=lines),), usage=usage)
