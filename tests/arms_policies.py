"""A policy that plays every arm; see `tiny.policy`."""

from __future__ import annotations

import tiny
from learn_by_interact.models import Request

SCRIPT = "scripted/arms_policies:everyone"
ASKED: list[Request] = []
"""What this process has asked; the policy's answers do not depend on it."""


def everyone(request: Request) -> str:
    """The tiny policy, which also looks back at its trials and scores its searches."""
    ASKED.append(request)
    system, question = request.messages[0].content, request.messages[-1].content
    if "You look back" in system:
        done = "ACTION: ls" not in question
        return ("Yes." if done else "No.") if "one word" in question else "ls shows nothing; read the manual."
    if "You judge how" in system:
        session = question.split("did so far:\n")[1]
        return "2" if "ACTION: ls" in session else "10" if "ACTION: stop" in session else "6"
    return tiny.policy(request)
