"""Intervals for success rates."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence


def wilson(successes: float, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """95% score interval of a proportion (Wilson 1927). Raises ValueError for no trials."""
    if trials <= 0:
        raise ValueError("an interval needs at least one trial")
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def paired_bootstrap(
    differences: Sequence[float], resamples: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """95% percentile interval of the mean of per-task differences (Efron and Tibshirani 1993, ch. 13).

    Raises ValueError for no differences.
    """
    if not differences:
        raise ValueError("an interval needs at least one pair")
    draw = random.Random(seed)
    size = len(differences)
    means = sorted(sum(draw.choices(differences, k=size)) / size for _ in range(resamples))
    return means[int(0.025 * resamples)], means[int(0.975 * resamples) - 1]
