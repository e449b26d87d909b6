"""Names and the patterns that fit them."""

from __future__ import annotations

import pytest

from learn_by_interact.texts import fits


@pytest.mark.parametrize(
    ("name", "pattern", "wanted"),
    [
        ("sort [FILE]", "sort [FILE]", True),
        ("sort [FILE]", "sort*", True),
        ("sort [FILE]", "* [F???]", True),
        ("test[a-b]", "test[[]a-b]", True),
        ("man mlr > SEE ALSO", "man mlr > [!V]*", True),
        ("man mlr > VERBS", "man mlr > [!V]*", False),
        ("sort FILE", "sort [FILE]", False),
        ("Sort", "sort", False),
    ],
)
def test_a_pattern_fits_what_it_says(name: str, pattern: str, wanted: bool) -> None:
    assert fits(name, [pattern]) == fits(name, ["other", pattern]) == wanted
    assert not fits(name, [])
