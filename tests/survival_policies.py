"""Policies whose commands misbehave; see `tiny.policy`."""

from __future__ import annotations

import tiny
from learn_by_interact.models import Request

SCRIPT = "scripted/survival_policies:rough"
ROUGH = {
    "words.txt": "sleep 1000",
    "colors.txt": "bomb() { bomb | bomb & }; bomb; sleep 1000",
    "numbers.txt": "head -c 3M /dev/zero | tee one two > three",
}


def rough(request: Request) -> str:
    """The tiny policy, but once in each exploration it hangs, forks without end or fills the disk."""
    asked = request.messages[1].content
    if "Your task: " in asked:
        task = asked.split("Your task: ", 1)[1].split("\n")[0]
        for file, command in ROUGH.items():
            if file in task:
                return _once(request, f"ACTION: {command}")
    return tiny.policy(request)


def _once(request: Request, action: str) -> str:
    """An action that was not taken yet; after it, what the policy says when it knows nothing of it."""
    messages = list(request.messages)
    for at, message in enumerate(messages):
        if message.role == "assistant" and message.content == action:
            del messages[at : at + 2]
            return tiny.policy(request.model_copy(update={"messages": tuple(messages)}))
    return action
