"""The curves of a training as an SVG file that stands alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from ...evaluation.chart import nice

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 700, 30, 250
COLOURS = {"training": "#2563eb", "validation": "#d97706"}


def curve(title: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Losses over updates. `lines`: "training" and "validation" -> (update, loss), in order."""
    every = [point for points in lines.values() for point in points] or [(1.0, 1.0)]
    across, up = nice(max(at for at, _ in every)), nice(max(loss for _, loss in every))

    def x(at: float) -> float:
        return LEFT + at / across[-1] * (RIGHT - LEFT)

    def y(loss: float) -> float:
        return BOTTOM - loss / up[-1] * (BOTTOM - TOP)

    parts = [_text(LEFT, 16, title, "start")]
    for tick in up:
        parts.append(f'<path d="M{LEFT} {y(tick):.1f}H{RIGHT}" stroke="#8885" fill="none"/>')
        parts.append(_text(LEFT - 8, y(tick) + 4, f"{tick:g}", "end"))
    parts += [_text(x(tick), BOTTOM + 18, f"{tick:g}", "middle") for tick in across]
    parts.append(_text((LEFT + RIGHT) / 2, BOTTOM + 40, "updates", "middle"))
    for number, (name, points) in enumerate(lines.items()):
        way = " ".join(f"{x(at):.1f},{y(loss):.1f}" for at, loss in points)
        colour = COLOURS.get(name, "#666")
        parts.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x(at):.1f}" cy="{y(loss):.1f}" r="2.5" fill="{colour}"/>' for at, loss in points
        ]
        parts.append(_text(RIGHT, 16 + 16 * number, name, "end", colour))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif" font-size="12">\n{body}\n</svg>\n'
    )


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#666") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
