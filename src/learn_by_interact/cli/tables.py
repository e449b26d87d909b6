"""Tables as plain text, the same on a terminal and in a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .progress import dollars, duration

if TYPE_CHECKING:
    from ..forecast import Comparison, Forecast
    from ..types import Usage

NUMBER = re.compile(r"[-+$]?[\d,.]+(%| s| min| h)?|-|unknown")


def grid(rows: Sequence[dict[str, str]]) -> str:
    """Rows under the keys of the first; columns of numbers stand on the right."""
    if not rows:
        return ""
    columns = []
    for key in rows[0]:
        cells = [key, *(row[key] for row in rows)]
        width = max(map(len, cells))
        numbers = all(NUMBER.fullmatch(cell) for cell in cells[1:])
        columns.append([cell.rjust(width) if numbers else cell.ljust(width) for cell in cells])
    return "\n".join("  ".join(line).rstrip() for line in zip(*columns, strict=True))


def usage_cells(usage: Usage) -> dict[str, str]:
    """Calls, tokens, cached share and cost as cells of a row."""
    return {
        "calls": f"{usage.calls:,}",
        "prompt": f"{usage.prompt:,}",
        "cached": f"{usage.cached / usage.prompt:.0%}" if usage.prompt else "-",
        "new": f"{usage.completion:,}",
        "cost": "unknown" if usage.cost is None else dollars(usage.cost),
    }


def forecast_text(made: Forecast) -> str:
    """What a run is expected to take, stage by stage and in all."""
    rows = [
        {
            "stage": stage.stage,
            "pilot": str(stage.pilot),
            "inputs": f"{stage.inputs:,}",
            **usage_cells(stage.usage),
            "work": duration(stage.seconds),
        }
        for stage in made.stages
    ]
    rows.append(
        {"stage": "in all", "pilot": "", "inputs": "", **usage_cells(made.usage), "work": _work(made)}
    )
    last = f"About {duration(made.seconds)} with {made.workers} inputs at the same time, the pilot included."
    return f"{grid(rows)}\n{last}"


def comparison_text(rows: Sequence[Comparison]) -> str:
    """The forecast beside the ledger: calls, tokens, cost and work of each stage."""
    return grid(
        [
            {
                "stage": row.stage,
                "calls": f"{row.forecast.calls:,} / {row.ledger.calls:,}",
                "prompt": f"{row.forecast.prompt:,} / {row.ledger.prompt:,}",
                "new": f"{row.forecast.completion:,} / {row.ledger.completion:,}",
                "tokens off": _percent(row.tokens_off),
                "cost": " / ".join(dollars(usage.cost) for usage in (row.forecast, row.ledger)),
                "work": " / ".join(map(duration, row.seconds)),
                "work off": _percent(row.seconds_off),
            }
            for row in rows
        ]
    )


def _work(made: Forecast) -> str:
    return duration(sum(stage.seconds for stage in made.stages))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:+.0%}"
