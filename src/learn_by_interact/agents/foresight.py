"""What a reply of several actions could not foresee: what came of those before.

Observations are given from the one that the reply was written after to the present one.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..environments.places import CHOSEN, ELEMENT, FILLS, QUOTED, TYPED
from ..types import STOP, Action, Observation, Task


def in_sight(task: Task, seen: Sequence[Observation], action: Action) -> bool:
    """What the task names in quotation marks has come since the reply was written, and is not acted on."""
    before, now = ({found[0] for found in ELEMENT.findall(one.text)} for one in (seen[0], seen[-1]))
    named = set(QUOTED.findall(task.instruction))
    come = [name for name in now - before if named.intersection(QUOTED.findall(name))]
    return bool(come) and action.arguments.get("element") not in come


def fields_that_came(action: Action, seen: Sequence[Observation]) -> str:
    """The fields that have come since the reply was written, if one that was there is to be filled in.

    Who writes `open the form` and goes on knows only the fields that there are before, such as a search.
    """
    before = {found[0] for found in ELEMENT.findall(seen[0].text)}
    if action.tool not in FILLS or action.arguments.get("element") not in before:
        return ""
    come = [one for one in ELEMENT.findall(seen[-1].text) if one[0] not in before]
    return "\n".join(f"[{name}]{said}" for name, role, said in come if role in TYPED | CHOSEN)


def but_to_fill(fields: str) -> list[Action]:
    """What is not to be done with these fields: all but to fill one in."""
    clicks = [Action(tool="click", arguments={"element": name}) for name, _, _ in ELEMENT.findall(fields)]
    keys = [Action(tool="press", arguments={"key": key}) for key in ("Enter", "Escape")]
    return [Action(tool=STOP), *keys, *clicks]
