"""A window as a session: what was done and seen, with tools and arguments, instead of a chat.

What the formats for whole trajectories write, and what reading them gives back.
"""

from __future__ import annotations

from typing import Any

from ...types import Action, Value
from ..choose import Window
from ..rows import Origin, origin

PROMPTS = "the agent's own prompt, which replies are learned, and the added stop: --format trl has these"
"""What no format of whole trajectories carries."""


class Act(Value):
    """One action of a session and what was seen after it."""

    thought: str
    action: Action
    seen: str
    failed: bool


class Session(Value):
    """An example's window."""

    instruction: str
    start: str
    """What was there before the first action."""
    acts: tuple[Act, ...]
    origin: Origin


def session(window: Window) -> Session:
    """The window without fingerprints, usage and what retrieval showed."""
    return Session(
        instruction=window.example.instruction,
        start=window.trajectory.observation(window.example.begin).text,
        acts=tuple(
            Act(
                thought=step.thought,
                action=step.action,
                seen=step.observation.text,
                failed=step.observation.failed,
            )
            for step in window.steps
        ),
        origin=origin(window),
    )


def given(value: dict[str, Any]) -> dict[str, Any]:
    """A JSON object without what is None."""
    return {key: item for key, item in value.items() if item is not None}
