"""Rates with their intervals, paired tests and rates over repeats; all by hand, tested against scipy."""

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


def bootstrap(
    values: Sequence[float], weights: Sequence[float] | None = None, resamples: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """95% percentile interval of sum(values) / sum(weights), tasks drawn with replacement.

    One value a task, so that repeats of a task are not taken for tasks (Efron and Tibshirani 1993,
    ch. 13). Without `weights` it is the interval of the mean. A resample whose weights are all 0 has no
    rate and is left out. Raises ValueError for no values, or weights that are all 0.
    """
    if not values or (weights is not None and not any(weights)):
        raise ValueError("an interval needs at least one pair or task")
    draw, size = random.Random(seed), len(values)
    if weights is None:
        rates = sorted(sum(draw.choices(values, k=size)) / size for _ in range(resamples))
    else:
        # A value and its weight as one complex number: both sums in one pass.
        pairs = [complex(value, weight) for value, weight in zip(values, weights, strict=True)]
        sums = (sum(draw.choices(pairs, k=size)) for _ in range(resamples))
        rates = sorted(pair.real / pair.imag for pair in sums if pair.imag)
    return rates[int(0.025 * len(rates))], rates[max(0, int(0.975 * len(rates)) - 1)]


def rate_interval(values: Sequence[float], weights: Sequence[float] | None = None) -> tuple[float, float]:
    """95% interval of a rate over tasks: bootstrap, 2,000 resamples; Wilson's over tasks where all agree.

    There the bootstrap is a point, and as sure of 3 tasks as of 300. Raises ValueError as `bootstrap`.
    """
    weighed = [1.0] * len(values) if weights is None else weights
    rates = {value / weight for value, weight in zip(values, weighed, strict=True) if weight}
    if len(rates) == 1:
        trials = sum(weight > 0 for weight in weighed)
        return wilson(rates.pop() * trials, trials)
    return bootstrap(values, weights, resamples=2_000)


def difference_interval(values: Sequence[float]) -> tuple[float, float]:
    """95% interval of a mean paired difference in -1 to 1, one value a task: bootstrap, 10,000 resamples.

    Where all agree the bootstrap is a point, and as sure of 3 tasks as of 300: there it is the share won less
    the share lost by Wilson's limits of both (Wilson 1927), the lowest of the one less the highest of the
    other, and the other way round. Raises ValueError as `bootstrap`.
    """
    if not values or max(values) - min(values) > 1e-9:
        return bootstrap(values)
    trials = len(values)
    won, lost = (wilson(max(0.0, sign * values[0]) * trials, trials) for sign in (1, -1))
    return won[0] - lost[1], won[1] - lost[0]


def mcnemar(won: int, lost: int) -> float:
    """Two-sided p of the exact McNemar test: `won` of the pairs that differ, each with probability 1/2.

    min(1, 2 P(X <= min(won, lost))) with X binomial (McNemar 1947; Liddell 1983). 1 where none differs.
    """
    pairs = won + lost
    tail = sum(math.comb(pairs, count) for count in range(min(won, lost) + 1))
    return min(1.0, 2 * tail / (1 << pairs))


def pass_at_k(repeats: int, solved: int, k: int) -> float:
    """Unbiased estimate that at least one of k attempts solves the task (Chen et al. 2021, equation 1).

    1 - C(repeats - solved, k) / C(repeats, k). Raises ValueError unless 1 <= k <= repeats.
    """
    return 1 - _all_among(repeats, repeats - solved, k)


def pass_hat_k(repeats: int, solved: int, k: int) -> float:
    """Unbiased estimate that all of k attempts solve the task (pass^k; Yao et al. 2024, tau-bench).

    C(solved, k) / C(repeats, k). Raises ValueError unless 1 <= k <= repeats.
    """
    return _all_among(repeats, solved, k)


def _all_among(repeats: int, marked: int, k: int) -> float:
    """Probability that k attempts, drawn without replacement, are all among the marked ones."""
    if not (1 <= k <= repeats and 0 <= marked <= repeats):
        raise ValueError(f"{k} of {repeats} attempts, {marked} of them marked: there is no such rate")
    return math.comb(marked, k) / math.comb(repeats, k)
