"""Three kinds of plot as inline SVG: intervals in rows, points with whiskers, a line with whiskers.

By hand rather than by a library: three marks need no 40 MB of packages, the text stays text, and
colours come from the page's style, light or dark. All texts are escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from ..types import Value

WIDTH = 720
ROW = 30
"""Height of a row of intervals, in pixels of a plot 720 wide."""


class Point(Value):
    """One mark: a rate between 0 and 1 with its interval, under a label."""

    label: str
    rate: float
    low: float
    high: float
    at: float = 0.0
    """Place on the horizontal axis, where that is not the rate."""
    main: bool = True
    """Drawn in the main colour; others are references."""


def intervals(points: Sequence[Point], title: str, reference: float | None = None) -> str:
    """A row for each point: its label, the interval on an axis of 0% to 100%, and the rate in figures.

    `reference`: a rate that all are compared with, as a dashed line.
    """
    left = 40 + min(230, max(len(point.label) for point in points) * 7)
    right, height = WIDTH - 60, ROW * len(points) + 40

    def x(rate: float) -> float:
        return left + rate * (right - left)

    bottom = height - 28
    parts = [_grid_vertical(x(share / 4), 8, bottom, f"{25 * share}%") for share in range(5)]
    if reference is not None:
        parts.append(_line(x(reference), 8, x(reference), bottom, "reference"))
    for number, point in enumerate(points):
        y = 8 + ROW * (number + 0.5)
        kind = "main" if point.main else "other"
        parts += [
            _text(left - 14, y + 4, _short(point.label, 32), "end", "label"),
            _line(x(point.low), y, x(point.high), y, f"whisker {kind}"),
            f'<circle class="{kind}" cx="{x(point.rate):.1f}" cy="{y:.1f}" r="5.5">{_tip(point)}</circle>',
            _text(right + 14, y + 4, f"{point.rate:.0%}", "start", "figure"),
        ]
    return _svg(height, title, parts)


def points(given: Sequence[Point], title: str, axis: str, connected: bool = False) -> str:
    """Rate against a quantity, each point with its label and a vertical whisker; or joined by a line.

    A connected axis over more than a factor of 20 is logarithmic, log(1 + x), so that 0 has a place.
    """
    marks = sorted(given, key=lambda point: point.at)
    left, right, top, bottom, height = 52, WIDTH - 30, 24, 270, 320
    most = max(point.at for point in marks)
    positive = [point.at for point in marks if point.at > 0]
    logarithmic = connected and bool(positive) and most > 20 * min(positive)
    ticks = sorted({point.at for point in marks}) if connected else nice(most)
    span = max(most, ticks[-1]) or 1.0

    def x(value: float) -> float:
        share = math.log1p(value) / math.log1p(span) if logarithmic else value / span
        return left + 12 + share * (right - left - (24 if connected else 130))

    def y(rate: float) -> float:
        return bottom - rate * (bottom - top)

    parts = [_grid_horizontal(y(share / 4), left, right, f"{25 * share}%") for share in range(5)]
    parts += [_text(x(tick), bottom + 20, f"{tick:,.10g}", "middle", "tick") for tick in ticks]
    parts.append(_text((left + right) / 2, bottom + 42, axis, "middle", "tick"))
    if connected:
        way = " ".join(f"{x(point.at):.1f},{y(point.rate):.1f}" for point in marks)
        parts.append(f'<polyline class="way" points="{way}"/>')
    labels = _apart([y(point.rate) for point in marks], [x(point.at) for point in marks])
    for point, label in zip(marks, labels, strict=True):
        kind = "main" if point.main else "other"
        across = x(point.at)
        parts += [
            _line(across, y(point.low), across, y(point.high), f"whisker {kind}"),
            f'<circle class="{kind}" cx="{across:.1f}" cy="{y(point.rate):.1f}" r="5.5">{_tip(point)}</circle>',
        ]
        if not connected:
            parts.append(_text(across + 11, label + 4, _short(point.label, 18), "start", "label"))
        elif point.label:
            parts.append(_text(across + 9, y(point.rate) - 8, f"{point.rate:.0%}", "start", "figure"))
    return _svg(height, title, parts)


def nice(most: float, wanted: int = 5) -> list[float]:
    """About `wanted` round ticks from 0 to beyond `most`: 1, 2 or 5 times a power of ten apart."""
    if most <= 0:
        return [0.0, 1.0]
    rough = most / wanted
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [round(number * step, 10) for number in range(math.ceil(most / step - 1e-9) + 1)]


def _apart(heights: Sequence[float], places: Sequence[float], gap: float = 15.0) -> list[float]:
    """Heights of labels, moved down where two would overlap: nearer than `gap`, and side by side."""
    found = list(heights)
    order = sorted(range(len(found)), key=lambda at: found[at])
    for number, at in enumerate(order):
        for before in order[:number]:
            if abs(places[at] - places[before]) < 120 and found[at] - found[before] < gap:
                found[at] = found[before] + gap
    return found


def _svg(height: float, title: str, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    name = escape(title)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{name}" '
        f'xmlns="http://www.w3.org/2000/svg">\n{body}\n</svg>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _grid_vertical(x: float, top: float, bottom: float, text: str) -> str:
    return _line(x, top, x, bottom, "grid") + _text(x, bottom + 18, text, "middle", "tick")


def _grid_horizontal(y: float, left: float, right: float, text: str) -> str:
    return _line(left, y, right, y, "grid") + _text(left - 8, y + 4, text, "end", "tick")


def _tip(point: Point) -> str:
    low, high = f"{point.low:.0%}", f"{point.high:.0%}"
    return f"<title>{escape(point.label)}: {point.rate:.0%} ({low} to {high})</title>"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
