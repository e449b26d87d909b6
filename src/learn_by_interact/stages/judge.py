"""Judge: does a window achieve its instruction? The paper's committee, one model and verdict at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..agents.session import session
from ..engine.stage import Outcome
from ..prompts import cut, prompt
from ..types import Example, Record, Trajectory, Verdict
from .base import ModelStage
from .structured import whole

if TYPE_CHECKING:
    from ..engine.store import Store

PROMPT = prompt("stages", "judge")
COMMITTEE = "committee"
"""Begins the name of each of its judges in a verdict: `committee:MODEL`."""
CRITERIA = ("aligned", "coherent", "natural", "reasonable")
SAID = ("done", "missing")
"""Said before the criteria: a small model that is first asked what is wrong finds that nothing was done."""
SCHEMA = whole(
    {
        **{name: {"type": "string", "minLength": 4, "maxLength": 160} for name in SAID},
        **{name: {"type": "boolean"} for name in CRITERIA},
    }
)


def of_committee(verdict: Verdict) -> bool:
    return verdict.judge.startswith(f"{COMMITTEE}:")


class Judge(ModelStage):
    """Example and its trajectory -> this model's verdict; keep when all four criteria hold."""

    name = "judge"
    observation: int = 500
    version: str = PROMPT.version

    @property
    def judge(self) -> str:
        return f"{COMMITTEE}:{self.model.name}"

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        """Examples that no other judge has dropped, no distilled ones; neighbours share their trajectory."""
        dropped = {
            verdict.subject
            for verdict in store.records(Verdict)
            if not verdict.keep and not of_committee(verdict)
        }
        examples = [
            example
            for example in store.records(Example)
            if example.id not in dropped and example.kind != "task"
        ]
        examples.sort(key=lambda example: (example.trajectory, example.begin, example.end, example.kind))
        return [(example.id, example.trajectory) for example in examples]

    def __call__(self, *records: Record) -> Outcome:
        example, trajectory = records
        assert isinstance(example, Example) and isinstance(trajectory, Trajectory)
        world = self.world()
        actions = world.environment().actions
        text = PROMPT.fill(
            "user",
            start=cut(trajectory.observation(example.begin).text, 2 * self.observation),
            session=session(actions, trajectory.steps[example.begin : example.end], self.observation),
            instruction=example.instruction,
        )
        answer, usage = self.ask(PROMPT.fill("system"), text, SCHEMA, 160)
        unmet = [name for name in CRITERIA if answer[name] is not True]
        done, missing = (" ".join(str(answer[name]).split()) for name in SAID)
        reason = done if missing.strip(" .").lower() == "nothing" else f"{done} Missing: {missing}"
        verdict = Verdict(
            subject=example.id,
            judge=self.judge,
            keep=not unmet,
            reason=f"not {', '.join(unmet)}: {reason}" if unmet else reason,
        )
        return Outcome(records=(verdict,), usage=usage)
