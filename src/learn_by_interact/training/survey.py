"""What the chosen examples are like: how long, how alike; in memory that does not grow with their number."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable

from ..stages.similar import Index, closest, near_duplicates
from ..types import Value
from .choose import Window
from .split import Sides, beginning

SAMPLE = 1000
"""Examples that are compared with each other; which ones follows from a hash."""
ALIKE = 0.8
"""Similarity of two instructions from which on they count as near-duplicates: Jaccard, of words and pairs."""


class Lengths(Value):
    """Quantiles of a length; None where nothing was counted."""

    median: int | None
    p95: int | None
    most: int | None


class Alike(Value):
    """How many of a sample of the chosen examples repeat another."""

    sample: int
    near_duplicates: int
    """Instructions of the sample that are near another that is kept."""
    across: int
    """Instructions for validation that are near one for training, both in the sample."""


class Survey:
    """Reads the chosen windows once, before they are written."""

    def __init__(self, windows: Iterable[Window]) -> None:
        self.groups: Counter[str] = Counter()
        """Examples by what a split keeps on one side."""
        self.chained: dict[str, int] = {}
        """Beginnings that were taken over from another session, with their number of steps."""
        self.actions: Counter[int] = Counter()
        """Windows by their number of actions."""
        self.kinds: Counter[str] = Counter()
        self._sample: list[tuple[int, str, Window]] = []
        for window in windows:
            self._see(window)

    @property
    def examples(self) -> int:
        return self.groups.total()

    def _see(self, window: Window) -> None:
        example = window.example
        self.groups[window.group] += 1
        self.actions[example.end - example.begin] += 1
        self.kinds[example.kind] += 1
        if window.trajectory.chained:
            self.chained[beginning(window.trajectory)] = window.trajectory.chained
        # Ids are hashes: the smallest are a sample that does not depend on the order.
        entry = (-int(example.id, 16), example.id, _slim(window))
        if len(self._sample) < SAMPLE:
            heapq.heappush(self._sample, entry)
        else:
            heapq.heappushpop(self._sample, entry)

    def alike(self, sides: Sides) -> Alike:
        """Compare the instructions of the sample, within each kind."""
        repeated = across = 0
        windows = [window for _, _, window in self._sample]
        for kind in {window.example.kind for window in windows}:
            told = {one.example.id: one for one in windows if one.example.kind == kind}
            texts = {identity: one.example.instruction for identity, one in told.items()}
            repeated += len(near_duplicates(texts, ALIKE))
            side = {identity: sides.of(one) for identity, one in told.items()}
            known = Index.of({key: text for key, text in texts.items() if side[key] == "train"})
            for key, text in texts.items():
                near = closest(text, known) if side[key] == "validation" else None
                across += near is not None and near[1] >= ALIKE
        return Alike(sample=len(windows), near_duplicates=repeated, across=across)


def _slim(window: Window) -> Window:
    """The window with no step but those that were taken over, so that a sample stays small."""
    trajectory = window.trajectory
    kept = trajectory.steps[: trajectory.chained]
    return window._replace(trajectory=trajectory.model_copy(update={"steps": kept}))


def lengths(counts: Counter[int]) -> Lengths:
    """Median, 95th percentile and largest of values that were counted."""
    total = counts.total()
    if not total:
        return Lengths(median=None, p95=None, most=None)
    found = {}
    for name, share in (("median", 0.5), ("p95", 0.95)):
        seen = 0
        for value in sorted(counts):
            seen += counts[value]
            if seen >= share * total:
                found[name] = value
                break
    return Lengths(**found, most=max(counts))
