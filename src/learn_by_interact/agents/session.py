"""What was done and seen, as text for a prompt."""

from __future__ import annotations

from collections.abc import Sequence

from ..environments import ActionSpace
from ..prompts import cut
from ..types import Step


def session(actions: ActionSpace, steps: Sequence[Step], limit: int) -> str:
    """Actions and observations, one after the other; each observation cut to `limit` characters."""
    lines = []
    for step in steps:
        lines.append(f"ACTION: {actions.format(step.action)}")
        lines.append(f"OUTPUT:\n{cut(step.observation.text, limit)}")
    return "\n".join(lines)
