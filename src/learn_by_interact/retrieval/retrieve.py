"""Which examples help at this moment: by the goal, and by what was just seen."""

from __future__ import annotations

from collections.abc import Sequence

from ..agents.agent import Hit
from ..types import Observation, Step, Task, Value
from .index import Demonstration, fuse, open_index


class Retrieval(Value):
    """Settings of retrieval at every step."""

    first: int = 4
    """Demonstrations before the first action, found by the instruction."""
    later: int = 2
    """New demonstrations at each later step, found by instruction and observation."""
    characters: int = 2400
    """Bound of the demonstrations of one step."""
    documentation: int = 2
    """Lines of documentation that each demonstration brings along, from the section it came from."""


class ExampleRetriever:
    """BM25 over instruction and observation; serves one episode.

    A stretch of a trajectory is shown once, whatever instructions it has and wherever it begins.
    """

    def __init__(self, folder: str, settings: Retrieval) -> None:
        self._index = open_index(folder)
        self._settings = settings
        self._shown: set[str] = set()
        self._lines: set[str] = set()

    def __call__(self, task: Task, start: Observation, steps: Sequence[Step]) -> list[Hit]:
        settings = self._settings
        depth = 8 * (settings.first + settings.later)
        goal = self._index.search(task.instruction, {"instruction": 2.0, "actions": 1.0}, depth)
        rankings = [_ranking(goal, "goal")]
        if steps:
            seen = steps[-1].observation
            met = _ranking(self._index.search(seen.text, {"observations": 1.0}, depth), "observation")
            rankings = [met, *rankings] if seen.failed else [*rankings, met]
        return self._take(fuse(rankings), settings.later if steps else settings.first)

    def _take(self, hits: list[tuple[Demonstration, str]], wanted: int) -> list[Hit]:
        taken: list[Hit] = []
        room = self._settings.characters
        for item, why in hits:
            if len(taken) == wanted:
                break
            if item.actions in self._shown or (len(item.text) > room and taken):
                continue
            taken.append(Hit(id=item.id, text=self._documented(item), why=why))
            room -= len(item.text)
            self._shown.add(item.actions)
        return taken

    def _documented(self, item: Demonstration) -> str:
        """The demonstration after its lines of documentation; a line is shown once an episode."""
        lines = [line for line in item.documentation if line not in self._lines]
        lines = lines[: self._settings.documentation]
        self._lines.update(lines)
        return "\n".join([*(f"Documentation: {line}" for line in lines), item.text])


def _ranking(found: list[tuple[Demonstration, float]], why: str) -> list[tuple[Demonstration, str]]:
    """Each end of a trajectory's window once: two instructions for it are not two votes."""
    best: dict[tuple[str, int], tuple[Demonstration, str]] = {}
    for item, score in found:
        best.setdefault((item.trajectory, item.end), (item, f"{why} {score:.2f}"))
    return list(best.values())
