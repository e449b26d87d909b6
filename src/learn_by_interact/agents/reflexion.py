"""Reflexion: an agent that tries again, with what it noted about the trials before (Shinn et al. 2023).

Whether a trial succeeded is the model's own opinion, from what the agent has seen; no grader is asked.
"""

from __future__ import annotations

import re

from ..environments import ActionSpace
from ..models import Model
from ..prompts import cut, prompt
from ..types import Task, Trajectory
from .agent import Acting
from .session import opinion, session

PROMPT = prompt("agents", "reflexion")


class Reflector:
    """Judges a finished trial and notes what to do better; the notes go into the next trial's prompt."""

    def __init__(
        self,
        model: Model,
        actions: ActionSpace,
        description: str,
        settings: Acting,
        observation: int = 500,
    ) -> None:
        """`observation`: characters of one observation in the prompts."""
        self._model, self._actions, self._settings = model, actions, settings
        self._system = PROMPT.fill("system", description=description)
        self._observation = observation
        self._notes: list[str] = []

    def succeeded(self, task: Task, trial: Trajectory) -> bool:
        """Whether the agent says that it is done and the model agrees, in a reply that says yes."""
        if trial.stop != "done":
            return False
        said = re.search(r"\b(yes|no)\b", self._ask(task, trial, PROMPT.fill("succeeded")).lower())
        return said is not None and said[1] == "yes"

    def reflect(self, task: Task, trial: Trajectory) -> None:
        """Add a note about a trial that did not succeed."""
        said = self._ask(task, trial, PROMPT.fill("reflect", stop=trial.stop))
        self._notes.append(" ".join(said.split()))

    @property
    def notes(self) -> str:
        """What the next trial's prompt says of those before; "" before the first."""
        lines = [f"- {note}" for note in self._notes if note]
        return PROMPT.fill("notes", notes="\n".join(lines)) if lines else ""

    def _ask(self, task: Task, trial: Trajectory, question: str) -> str:
        told = PROMPT.fill(
            "trial",
            start=cut(trial.start.text, 2 * self._observation),
            session=session(self._actions, trial.steps, self._observation),
            instruction=task.instruction,
        )
        return opinion(self._model, self._system, told, question, self._settings)
