"""Fields for dates and times: what is typed into them, as HTML has it.

A browser shows such a field as its user writes dates, takes ISO 8601 from a program, and drops anything else
without a word (https://html.spec.whatwg.org/multipage/input.html, states 4.10.5.1.7 to 11).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from types import MappingProxyType

TAKES = MappingProxyType(
    {
        "date": "a date such as 2024-06-30",
        "time": "a time such as 14:30",
        "datetime-local": "a date and time such as 2024-06-30T14:30",
        "month": "a month such as 2024-06",
        "week": "a week such as 2024-W26",
    }
)
"""Type of an input -> what it takes."""
DATED = ", ".join(f"input[type={kind}]" for kind in TAKES)
"""CSS selector of these inputs."""
_DATES = (
    *("%Y-%m-%d", "%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y", "%d-%m-%Y", "%d.%m.%Y"),
    *("%B %d, %Y", "%B %d %Y", "%d %B %Y", "%b %d, %Y", "%b %d %Y", "%d %b %Y"),
)
"""Where it could be both, the month comes first, as browsers show it in English."""
_TIMES = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M%p", "%I %p", "%I%p", "%I:%M:%S %p")
_READ = MappingProxyType(
    {
        "date": _DATES,
        "time": _TIMES,
        "datetime-local": tuple(
            f"{day}{between}{time}"
            for between in ("T", " ", ", ", " at ")
            for day in _DATES
            for time in _TIMES
        ),
        "month": ("%Y-%m", "%B %Y", "%b %Y", "%m/%Y", *_DATES),
        "week": ("%G-W%V-%u", *_DATES),
    }
)
_WRITTEN = MappingProxyType(
    {
        "date": "%Y-%m-%d",
        "time": "%H:%M",
        "datetime-local": "%Y-%m-%dT%H:%M",
        "month": "%Y-%m",
        "week": "%G-W%V",
    }
)


def written(kind: str, text: str) -> str | None:
    """A date or time, however it was written, as an input of this type takes it; None: it is none.

    "" empties a field, and stays so.
    """
    text = " ".join(text.split())
    if not text:
        return ""
    found = next(_read(kind, f"{text}-1" if kind == "week" and "W" in text else text), None)
    return found.strftime(_WRITTEN[kind]) if found else None


def _read(kind: str, text: str) -> Iterator[datetime]:
    for form in _READ[kind]:
        with suppress(ValueError):
            yield datetime.strptime(text, form)
