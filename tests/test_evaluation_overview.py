"""The counts of a run folder: what was spent."""

from __future__ import annotations

from pathlib import Path

import pytest

from learn_by_interact.engine.store import Store
from learn_by_interact.evaluation.overview import overview
from learn_by_interact.types import Attempt, Usage


def test_what_was_paid_is_counted_once_and_measuring_is_no_synthesis(tmp_path: Path) -> None:
    """A retry counts the stored replies of the attempt that failed: it is not added to it."""

    def attempt(stage: str, source: str, cost: float, error: str = "") -> Attempt:
        usage = Usage(calls=1, prompt=int(10 * cost), cost=cost)
        return Attempt(stage=f"{stage}:1", input=source, error=error, usage=usage)

    with Store(tmp_path) as store:
        store.commit(attempt("explore", "a", 1.0, "environment: it broke"))
        store.commit(attempt("explore", "a", 1.0))
        store.commit(attempt("explore", "b", 2.0, "environment: it broke"))
        store.commit(attempt("calibrate", "c", 4.0))
        store.commit(attempt("evaluate", "d", 8.0))
        found = overview(store)
        paid = store.usage()
    assert sum((line.usage for line in found.stages), Usage()) == paid
    assert paid.cost == pytest.approx(15.0)
    explore = found.stages[0]
    assert (explore.usage.cost, explore.done, explore.failed) == (3.0, 1, {"environment": 2})
    assert found.yields.tokens == 30
