"""The query of model-based retrieval: the model says which examples would help now (Algorithm 2)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..environments import ActionSpace
from ..models import Message, Model, Request
from ..prompts import cut, prompt
from ..types import Observation, Step, Task, Usage

PROMPT = prompt("retrieval", "query")
LONG, SHORT = 500, 160
"""Characters of the last observation; of an earlier one, and of an action."""
STEPS = 8
"""Steps that the question tells of: the last ones."""
MAX_TOKENS = 40


def written(
    model: Model, actions: ActionSpace, task: Task, start: Observation, steps: Sequence[Step]
) -> tuple[str, Usage]:
    """A query from goal, history and observation; "" when the reply has no word.

    Raises ModelError, as `Model` says.
    """
    shown = list(steps[-STEPS:])
    lines = [
        PROMPT.fill("goal", instruction=task.instruction, start=cut(start.text, SHORT if shown else LONG))
    ]
    for step in shown:
        room = LONG if step is shown[-1] else SHORT
        action, seen = cut(actions.format(step.action), SHORT), cut(step.observation.text, room)
        lines.append(PROMPT.fill("step", action=action, seen=seen))
    lines.append(PROMPT.fill("question"))
    reply = model.complete(
        Request(
            model=model.name,
            messages=(
                Message(role="system", content=PROMPT.fill("system")),
                Message(role="user", content="\n".join(lines)),
            ),
            max_tokens=MAX_TOKENS,
            stop=("\n\n", "\nTask:"),
        )
    )
    return cleaned(reply.text), reply.usage


def cleaned(text: str) -> str:
    """The reply's first line that has a word, without a label or quotation marks around it."""
    for line in text.split("\n"):
        line = re.sub(r"^\W*(search )?query\W*:", "", line.strip(), flags=re.IGNORECASE).strip(" \"'`*.")
        if re.search(r"\w", line):
            return line
    return ""


def changed(before: Observation, now: Observation, share: float) -> bool:
    """Whether what is there has changed enough since the last query to need another one.

    It has when the environment's state is another, when the last action failed and the one before
    did not (or the reverse), or when at least this share of the words now seen is new.
    """
    if before.key == now.key:
        return False
    if before.state != now.state or before.failed != now.failed:
        return True
    known, seen = (set(re.findall(r"\w+", one.text.lower())) for one in (before, now))
    return len(seen - known) >= share * max(1, len(seen))
