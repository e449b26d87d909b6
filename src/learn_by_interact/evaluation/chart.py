"""Three kinds of plot as inline SVG: intervals in rows, points with whiskers, a line with whiskers.

By hand rather than by a library: three marks need no 40 MB of packages, the text stays text, and
colours come from the page's style, light or dark. All texts are escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from ..types import Value

WIDTH, HALF = 720, 470
"""Of a plot that stands alone, and of one beside another; in pixels."""
ROW = 30
"""Height of a row of intervals."""
LEFT, TOP, BOTTOM = 52, 24, 250
"""Edges of what points are drawn in."""


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
    parts = [_grid(x(share / 4), bottom, f"{25 * share}%") for share in range(5)]
    if reference is not None:
        parts.append(_line(x(reference), 8, x(reference), bottom, "reference"))
    for number, point in enumerate(points):
        y = 8 + ROW * (number + 0.5)
        kind = "main" if point.main else "other"
        parts += [
            _text(left - 14, y + 4, _short(point.label, 32), "end", "label"),
            _line(x(point.low), y, x(point.high), y, f"whisker {kind}"),
            _dot(x(point.rate), y, kind, point),
            _text(right + 14, y + 4, f"{point.rate:.0%}", "start", "figure"),
        ]
    return _svg(WIDTH, height, title, parts)


def points(given: Sequence[Point], title: str, axis: str) -> str:
    """Rate against a quantity that begins at 0: each point with its label and a vertical whisker."""
    marks = sorted(given, key=lambda point: point.at)
    ticks = nice(max(point.at for point in marks))
    room = 24 + 7 * max(len(_short(point.label, 18)) for point in marks)

    def x(value: float) -> float:
        return LEFT + 12 + value / ticks[-1] * (HALF - LEFT - room)

    labels = _apart([_y(point.rate) for point in marks], [x(point.at) for point in marks])
    parts = _frame(HALF, axis, [(x(tick), tick) for tick in ticks])
    for point, label in zip(marks, labels, strict=True):
        parts += _mark(x(point.at), point)
        parts.append(_text(x(point.at) + 11, label + 4, _short(point.label, 18), "start", "label"))
    return _svg(HALF, BOTTOM + 50, title, parts)


def line(given: Sequence[Point], title: str, axis: str) -> str:
    """Points with whiskers joined by a line, with a tick below each.

    Over more than a factor of 20 the axis is logarithmic, as log(1 + x), so that 0 has its place.
    """
    marks = sorted(given, key=lambda point: point.at)
    most = max(1.0, marks[-1].at)
    least = min((point.at for point in marks if point.at > 0), default=most)

    def x(value: float) -> float:
        share = math.log1p(value) / math.log1p(most) if most > 20 * least else value / most
        return LEFT + 12 + share * (WIDTH - LEFT - 80)

    parts = _frame(WIDTH, axis, [(x(at), at) for at in sorted({point.at for point in marks})])
    way = " ".join(f"{x(point.at):.1f},{_y(point.rate):.1f}" for point in marks)
    parts.append(f'<polyline class="way" points="{way}"/>')
    for point in marks:
        parts += _mark(x(point.at), point)
        parts.append(_text(x(point.at) + 10, _y(point.rate) - 8, f"{point.rate:.0%}", "start", "figure"))
    return _svg(WIDTH, BOTTOM + 50, title, parts)


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


def _y(rate: float) -> float:
    return BOTTOM - rate * (BOTTOM - TOP)


def _frame(width: float, axis: str, ticks: Sequence[tuple[float, float]]) -> list[str]:
    """Lines at each quarter, the ticks below, and what the axis is."""
    parts = []
    for share in range(5):
        height = _y(share / 4)
        parts.append(_line(LEFT, height, width - 14, height, "grid"))
        parts.append(_text(LEFT - 8, height + 4, f"{25 * share}%", "end", "tick"))
    parts += [_text(x, BOTTOM + 20, f"{tick:,.10g}", "middle", "tick") for x, tick in ticks]
    return [*parts, _text((LEFT + width) / 2, BOTTOM + 42, axis, "middle", "tick")]


def _mark(x: float, point: Point) -> list[str]:
    kind = "main" if point.main else "other"
    return [
        _line(x, _y(point.low), x, _y(point.high), f"whisker {kind}"),
        _dot(x, _y(point.rate), kind, point),
    ]


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg viewBox="0 0 {width} {height:.0f}" role="img" aria-label="{escape(title)}" '
        f'xmlns="http://www.w3.org/2000/svg">\n{body}\n</svg>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _grid(x: float, bottom: float, text: str) -> str:
    return _line(x, 8, x, bottom, "grid") + _text(x, bottom + 18, text, "middle", "tick")


def _dot(x: float, y: float, kind: str, point: Point) -> str:
    """A mark that tells its numbers when pointed at."""
    tip = f"{escape(point.label)}: {point.rate:.0%} ({point.low:.0%} to {point.high:.0%})"
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="5.5"><title>{tip}</title></circle>'


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
