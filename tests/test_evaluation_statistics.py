"""Intervals, tests and rates over repeats, against scipy and against cases whose result is known."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from scipy.stats import binom, binomtest

from learn_by_interact.evaluation.statistics import (
    bootstrap,
    difference_interval,
    mcnemar,
    pass_at_k,
    pass_hat_k,
    rate_interval,
    wilson,
)


@pytest.mark.parametrize("trials", [1, 2, 10, 40, 1000])
def test_wilson_is_scipys(trials: int) -> None:
    for solved in {0, 1, trials // 3, trials // 2, trials - 1, trials}:
        interval = binomtest(solved, trials).proportion_ci(0.95, method="wilson")
        assert wilson(solved, trials) == pytest.approx((interval.low, interval.high), abs=1e-6)


def test_wilson_takes_partial_scores_and_stays_between_0_and_1() -> None:
    low, high = wilson(2.5, 4)
    assert wilson(2, 4)[0] < low < 2.5 / 4 < high < wilson(3, 4)[1]
    for trials in range(1, 30):
        assert wilson(0, trials)[0] == pytest.approx(0, abs=1e-12) and wilson(0, trials)[0] >= 0
        assert wilson(trials, trials)[1] == pytest.approx(1) and wilson(trials, trials)[1] <= 1


def test_no_trials_and_no_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one trial"):
        wilson(0, 0)
    with pytest.raises(ValueError, match="at least one pair"):
        bootstrap([])


def test_bootstrap_of_equal_differences_is_a_point() -> None:
    assert bootstrap([0.25] * 7) == (0.25, 0.25)
    assert bootstrap([1.0]) == (1.0, 1.0)


@pytest.mark.parametrize(("won", "pairs"), [(4, 10), (15, 40), (50, 100)])
def test_bootstrap_of_zeros_and_ones_is_the_binomial(won: int, pairs: int) -> None:
    """The resampled mean of zeros and ones is binomial, so that its percentiles are known."""
    low, high = bootstrap([1.0] * won + [0.0] * (pairs - won))
    wanted = binom.ppf([0.025, 0.975], pairs, won / pairs) / pairs
    assert (low, high) == pytest.approx(tuple(wanted), abs=1.01 / pairs)


def test_bootstrap_is_the_same_each_time_and_narrows_with_more_pairs() -> None:
    draw = random.Random(1)
    pairs = draw.choices((-1.0, 0.0, 1.0), k=40)
    assert bootstrap(pairs) == bootstrap(pairs)
    wide, narrow = bootstrap(pairs[:10] * 2), bootstrap(pairs[:10] * 20)
    assert narrow[1] - narrow[0] < (wide[1] - wide[0]) / 2


def test_bootstrap_turns_with_the_sign() -> None:
    pairs = [1.0, 1.0, 0.0, -1.0, 0.0, 1.0, 0.0, 0.0]
    low, high = bootstrap(pairs)
    assert low < sum(pairs) / len(pairs) < high
    turned = bootstrap([-pair for pair in pairs])
    assert turned == pytest.approx((-high, -low), abs=0.13)


@pytest.mark.parametrize(("won", "lost"), [(0, 0), (1, 0), (5, 0), (3, 3), (12, 4), (40, 61), (900, 1000)])
def test_mcnemar_is_scipys_binomial(won: int, lost: int) -> None:
    wanted = binomtest(won, won + lost, 0.5).pvalue if won + lost else 1.0
    assert mcnemar(won, lost) == pytest.approx(wanted, abs=1e-12)
    assert mcnemar(won, lost) == mcnemar(lost, won)


@pytest.mark.parametrize(("repeats", "solved"), [(1, 0), (1, 1), (4, 0), (4, 1), (5, 3), (6, 6)])
def test_pass_at_k_and_pass_hat_k_count_the_draws(repeats: int, solved: int) -> None:
    attempts = [number < solved for number in range(repeats)]
    for k in range(1, repeats + 1):
        draws = list(combinations(attempts, k))
        assert pass_at_k(repeats, solved, k) == pytest.approx(sum(map(any, draws)) / len(draws))
        assert pass_hat_k(repeats, solved, k) == pytest.approx(sum(map(all, draws)) / len(draws))
    assert pass_at_k(repeats, solved, 1) == pytest.approx(pass_hat_k(repeats, solved, 1))


def test_more_attempts_than_there_are_have_no_rate() -> None:
    for k in (0, 4):
        with pytest.raises(ValueError, match="there is no such rate"):
            pass_at_k(3, 1, k)


def test_the_bootstrap_is_over_tasks_and_not_over_repeats() -> None:
    """Repeats that agree say nothing new: the interval stays that of the tasks."""
    once = [1.0] * 6 + [0.0] * 6
    assert bootstrap([4 * value for value in once], [4.0] * 12) == bootstrap(once)
    assert bootstrap(once * 4)[0] > bootstrap(once)[0]


def test_bootstrap_of_a_ratio_weighs_and_leaves_empty_draws_out() -> None:
    assert bootstrap([2.0, 2.0], [4.0, 4.0]) == (0.5, 0.5)
    low, high = bootstrap([1.0, 0.0, 0.0], [1.0, 0.0, 0.0])
    assert (low, high) == (1.0, 1.0)
    with pytest.raises(ValueError, match="at least one"):
        bootstrap([0.0], [0.0])


def test_where_all_tasks_agree_the_interval_is_wilsons() -> None:
    assert rate_interval([1.0] * 8) == wilson(8, 8)
    assert rate_interval([2.0, 0.0, 3.0], [2.0, 0.0, 3.0]) == wilson(2, 2)
    assert rate_interval([1.0, 0.0] * 5) == bootstrap([1.0, 0.0] * 5, resamples=2_000)


def test_where_all_pairs_agree_the_interval_narrows_with_their_number() -> None:
    for count in (1, 3, 10, 100):
        least = wilson(count, count)[0]
        assert difference_interval([1.0] * count) == pytest.approx((2 * least - 1, 1.0))
        assert difference_interval([-1.0] * count) == pytest.approx((-1.0, 1 - 2 * least))
        assert difference_interval([0.0] * count) == pytest.approx((least - 1, 1 - least))
    low, high = difference_interval([2 / 3 - 1 / 3, 1 / 3])
    assert -1 < low < 0 < 1 / 3 < high < 1, "a difference in the last digit is none"
    assert difference_interval([1.0, 0.0] * 5) == bootstrap([1.0, 0.0] * 5)
    with pytest.raises(ValueError, match="at least one"):
        difference_interval([])
