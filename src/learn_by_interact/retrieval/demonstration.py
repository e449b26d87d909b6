"""An example as a model sees it: instruction, what was done and seen, and where it was as it is now."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from ..environments import ActionSpace
from ..prompts import cut
from ..types import STOP, Document, Example, Observation, Trajectory, Value
from .lines import entries

KEPT = 2400
"""Characters of an observation that an index keeps for writing demonstrations; all of it is searched."""
SAME = "(The state was the same as now. Next:)"
LIKE = "(It looked much like now. Next:)"


class Moment(Value):
    """A step of the window: the fingerprint of the state it was taken in, the action, what was seen then."""

    state: str
    action: str
    seen: str
    """"" after a stop."""
    failed: bool = False


class Layout(Value):
    """How a demonstration is written down."""

    steps: int = 6
    """Steps of an example that are shown: the last ones, or earlier ones around the matching state."""
    seen: int = 240
    """Characters of an observation that are shown. 0: none, the actions alone."""
    cut: Literal["ends", "lines"] = "lines"
    """What is shown of a longer observation: both ends, or the lines that say most about the task."""
    start: bool = True
    """What was there before the first step of an example is shown and searched too."""
    match: bool = True
    """Examples with a step that was taken in the present state come first, and the text says which step."""
    failures: Literal["met", "shown"] = "met"
    """Steps that failed are shown where they led to the state that is met now, or always: a small model does
    what it sees first, and does not read on to what worked."""


class Demonstration(Value):
    """An example with all that its text is made of."""

    id: str
    trajectory: str
    begin: int
    end: int
    instruction: str
    start: str
    """What was there before the first step."""
    moments: tuple[Moment, ...]
    documentation: tuple[str, ...] = ()
    """Lines of the section it came from that say how its actions are written."""
    section: str = ""
    """Id of that section; "" where there is none."""
    changed: bool = True
    """Whether the state of the environment was another one afterwards."""

    @property
    def actions(self) -> str:
        return "\n".join(moment.action for moment in self.moments)

    @property
    def answers(self) -> bool:
        """It ends with an answer."""
        return bool(self.moments) and self.moments[-1].action.startswith(f"{STOP} ")

    def before(self, at: int) -> str:
        """What was there when step `at` (from 0) was taken."""
        return self.moments[at - 1].seen if at else self.start

    def step_at(self, seen: Observation, done: str | None = None) -> tuple[int, bool]:
        """The step that was taken in this state, or in the state most like it -> (from 0, the very same?).

        `done`: the action that led here, "" for none yet. A state is most like one to which the same command
        led, and the beginning is like the beginning. Of several the last. (-1, False): there is none.
        """
        same = [at for at, moment in enumerate(self.moments) if moment.state == seen.key]
        if same:
            return same[-1], True
        if done == "":
            return 0, False
        words = set(_words(seen.text))
        best, likeness = -1, 0.0
        for at in range(len(self.moments)):
            others = set(_words(self.before(at)))
            share = len(words & others) / (len(words | others) or 1)
            share += self._follows(at, done)
            if share and share >= likeness:
                best, likeness = at, share
        return best, False

    def follows(self, done: str) -> bool:
        """Whether a step of it was taken after such an action."""
        return any(self._follows(at, done) for at in range(len(self.moments)))

    def _follows(self, at: int, done: str | None) -> bool:
        return bool(done and at and _command(done) == _command(self.moments[at - 1].action))

    def text(self, layout: Layout, match: tuple[int, bool] = (-1, False)) -> str:
        """As it goes into a prompt. `match`: as `step_at` gives it."""
        at, same = match
        told = [
            number
            for number, moment in enumerate(self.moments)
            if not moment.failed or number == at - 1 or layout.failures == "shown"
        ] or list(range(len(self.moments)))
        # Where the step that was taken here failed, what worked after it is the next.
        here = next((place for place, number in enumerate(told) if number >= at >= 0), -1)
        first = max(0, len(told) - layout.steps)
        first = min(first, here) if here >= 0 else first
        shown = told[first : first + layout.steps]
        lines = [f"Example task: {self.instruction}"]
        if first:
            lines.append(f"({first} earlier steps are left out.)")
        if layout.seen and (first or layout.start):
            lines.append(self._shown(self.before(shown[0]), shown[0], layout))
        later = len(told) - first - len(shown)
        for place, number in enumerate(shown, first):
            moment = self.moments[number]
            if place == here:
                lines.append(SAME if same else LIKE)
            lines.append(f"ACTION: {moment.action}")
            # What goes on from here ends with an action, for an action is asked for.
            over = here >= 0 and later and number == shown[-1]
            if moment.seen and layout.seen and not over:
                lines.append(self._shown(moment.seen, number + 1, layout))
        if later:
            lines.append(f"({later} later steps are left out.)")
        return "\n".join(lines)

    def _shown(self, text: str, following: int, layout: Layout) -> str:
        if layout.cut == "ends":
            return cut(text, layout.seen)
        action = self.moments[following].action if following < len(self.moments) else ""
        return telling(text, f"{self.instruction}\n{action}", layout.seen)


def demonstration(
    example: Example, trajectory: Trajectory, actions: ActionSpace, document: Document | None = None
) -> Demonstration:
    """The example with the window of its trajectory; `document`: the section its task came from."""
    moments = []
    for at in range(example.begin, example.end):
        step = trajectory.steps[at]
        moments.append(
            Moment(
                state=trajectory.observation(at).key,
                action=actions.format(step.action),
                seen="" if step.action.tool == STOP else cut(step.observation.text, KEPT),
                failed=step.observation.failed,
            )
        )
    done = [moment.action for moment in moments if not moment.failed]
    return Demonstration(
        id=example.id,
        trajectory=example.trajectory,
        begin=example.begin,
        end=example.end,
        instruction=example.instruction,
        start=cut(trajectory.observation(example.begin).text, KEPT),
        moments=tuple(moments),
        documentation=tuple(grounding(document.text, done)) if document else (),
        section=document.id if document else "",
        changed=trajectory.observation(example.begin).state != trajectory.observation(example.end).state,
    )


def telling(text: str, about: str, limit: int) -> str:
    """At most about `limit` characters: the lines that share most words with `about`, in their order.

    The last line stays, for that is where commands say how they ended. Both ends where no line shares a word.
    """
    if len(text) <= limit:
        return text
    lines = text.split("\n")
    wanted = set(_words(about))
    shared = [len(wanted & set(_words(line))) for line in lines]
    order = sorted(range(len(lines) - 1), key=lambda at: (-shared[at], at))
    chosen, room = {len(lines) - 1}, limit - len(lines[-1])
    for at in order:
        if shared[at] and len(lines[at]) < room:
            chosen.add(at)
            room -= len(lines[at]) + 1
    if len(chosen) == 1:
        return cut(text, limit)
    kept: list[str] = []
    for at in range(len(lines)):
        if at in chosen:
            kept.append(lines[at])
        elif not kept or kept[-1] != "[...]":
            kept.append("[...]")
    return "\n".join(kept)


def grounding(text: str, actions: Sequence[str], limit: int = 3) -> list[str]:
    """The entries of a document that say most about how these actions are written, in its order.

    One counts by the words it shares with the actions: options (`--csv`) most, then the words
    that a usage line begins with, then others. At most `limit` of them.
    """
    words = [re.findall(r"[\w-]+", action) for action in actions]
    options = {word for found in words for word in found if word.startswith("-") and len(word) > 1}
    others = {word.lower() for found in words for word in found if len(word) > 3} - options
    openings = [" ".join(found[:2]) for found in words if len(found) > 1]
    ranked = []
    for number, line in enumerate(entries(text)):
        found = re.findall(r"[\w-]+", line)
        score = 3 * len(options & set(found)) + 0.5 * len(others & {word.lower() for word in found})
        score += 3 * any(opening in line for opening in openings)
        if score >= 3:
            ranked.append((-score, number, line))
    chosen: dict[str, int] = {}
    for _, number, line in sorted(ranked):
        if len(chosen) < limit:
            chosen.setdefault(line, number)
    return sorted(chosen, key=lambda line: chosen[line])


def _command(action: str) -> str:
    return action.split(maxsplit=1)[0] if action else ""


def _words(text: str) -> list[str]:
    """Words as the index has them: `book_id` is two."""
    return re.findall(r"[^\W_]+", text.lower())
