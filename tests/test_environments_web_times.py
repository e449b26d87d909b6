"""What is typed into a field for a date or a time."""

from __future__ import annotations

import pytest

from learn_by_interact.environments.web.times import written


@pytest.mark.parametrize(
    ("kind", "text", "taken"),
    [
        ("date", "2010-05-20", "2010-05-20"),
        ("date", "05/20/2010", "2010-05-20"),
        ("date", "20/05/2010", "2010-05-20"),
        ("date", "06/07/2010", "2010-06-07"),
        ("date", "20.5.2010", "2010-05-20"),
        ("date", "May 20, 2010", "2010-05-20"),
        ("date", "20 May 2010", "2010-05-20"),
        ("date", "2010-02-30", None),
        ("date", "soon", None),
        ("date", " ", ""),
        ("time", "8:04 PM", "20:04"),
        ("time", "12:26 AM", "00:26"),
        ("time", "8 pm", "20:00"),
        ("time", "20:04", "20:04"),
        ("time", "25:00", None),
        ("datetime-local", "2010-05-20T08:04", "2010-05-20T08:04"),
        ("datetime-local", "05/20/2010, 8:04 PM", "2010-05-20T20:04"),
        ("month", "May 2010", "2010-05"),
        ("week", "2010-W20", "2010-W20"),
        ("week", "2010-05-20", "2010-W20"),
    ],
)
def test_dates_and_times_are_read_as_people_write_them(kind: str, text: str, taken: str | None) -> None:
    assert written(kind, text) == taken
