"""A train and a validation side by section of documentation, so that nothing of one is in the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field

from ..engine.store import Store
from ..stages.windows import without_duplicates
from ..types import Task, Trajectory, Value, digest
from .choose import Section, Window, group

Side = Literal["train", "validation"]
SIDES: tuple[Side, Side] = ("train", "validation")


class Split(Value):
    """How the sections are dealt out."""

    validation: float = Field(default=0.1, ge=0, lt=1)
    """Share of the sections (0 to 1) whose examples are for validation; above 0 it is at least one section of
    two or more. One section alone is for training."""
    seed: int = 0
    """Another draw of the same share."""


class Sides:
    """On which side a window is, or that it is on none.

    All that goes back to one section is on one side. A chained trajectory begins with steps that were taken
    over from a session of another section: where that is on the other side, its windows are on none.
    """

    def __init__(self, groups: Iterable[str], split: Split, begun: Mapping[str, frozenset[str]]) -> None:
        """`groups`: of all chosen windows. `begun`: what `origins` gives."""
        names = sorted(set(groups), key=lambda name: digest([split.seed, name]))
        wanted = 0
        if split.validation:
            wanted = min(max(round(split.validation * len(names)), 1), len(names) - 1)
        self._validation = frozenset(names[:wanted])
        self._begun = begun

    def of(self, window: Window) -> Side | None:
        """None: it would be on both."""
        side = self._side(window.group)
        taken: Iterable[str] = ()
        if self._begun and window.trajectory.chained:
            taken = self._begun.get(beginning(window.trajectory), ())
        return side if all(self._side(name) == side for name in taken) else None

    def _side(self, name: str) -> Side:
        return "validation" if name in self._validation else "train"


def beginning(trajectory: Trajectory, length: int | None = None) -> str:
    """Hash of the start and of `length` steps (None: those that were taken over), without duplicates."""
    cleaned = without_duplicates(trajectory)
    steps = cleaned.steps[: cleaned.chained if length is None else length]
    done = [[step.action.model_dump(mode="json"), step.observation.key] for step in steps]
    return digest([trajectory.start.key, done])


def origins(
    store: Store, sections: Mapping[str, Section], chained: Mapping[str, int]
) -> dict[str, frozenset[str]]:
    """By beginning: the groups of the trajectories that were not chained and began so.

    `chained`: the beginnings of chained trajectories, with the number of steps each.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for trajectory in store.records(Trajectory) if chained else ():
        for length in {size for size in chained.values() if size > trajectory.chained}:
            start = beginning(trajectory, length)
            if start in chained:
                task = store.get(trajectory.task)
                assert isinstance(task, Task)
                found[start].add(group(task, sections.get(task.parent)))
    return {start: frozenset(groups) for start, groups in found.items()}
