"""What was done and seen, as text for a prompt, and a question about it."""

from __future__ import annotations

from collections.abc import Sequence

from ..environments import ActionSpace
from ..models import Message, Model, Request
from ..prompts import cut
from ..types import Step
from .agent import Acting


def session(actions: ActionSpace, steps: Sequence[Step], limit: int) -> str:
    """Actions and observations, one after the other; each observation cut to `limit` characters."""
    lines = []
    for step in steps:
        lines.append(f"ACTION: {actions.format(step.action)}")
        lines.append(f"OUTPUT:\n{cut(step.observation.text, limit)}")
    return "\n".join(lines)


def opinion(model: Model, system: str, told: str, question: str, acting: Acting) -> str:
    """The model's reply to a question about a session, with the settings that the agent acts with."""
    request = Request(
        model=model.name,
        messages=(
            Message(role="system", content=system),
            Message(role="user", content=f"{told}\n\n{question}"),
        ),
        max_tokens=acting.max_tokens,
        temperature=acting.temperature,
        seed=acting.seed,
    )
    return model.complete(request).text
