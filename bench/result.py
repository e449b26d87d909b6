"""How a benchmark tells its figures: a table, and a JSON file that says how to get them again."""

from __future__ import annotations

import datetime
import json
import os
import platform
import shlex
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from learn_by_interact.models import Message, Request
from learn_by_interact.models.connect import connect


def tokens(name: str, texts: Sequence[str]) -> dict[str, int]:
    """Median and most of the tokens that these observations take in a prompt of the model `name`.

    Those of a prompt with a text, less those of one with a single letter. Each text is sent once.
    """
    model = connect(name)
    taken = {
        text: model.complete(
            Request(model=name, messages=(Message(role="user", content=text),), max_tokens=1)
        ).usage.prompt
        for text in {"a", *texts}
    }
    sizes = [taken[text] - taken["a"] for text in texts]
    return {
        "observation_tokens_median": int(statistics.median(sizes)),
        "observation_tokens_max": max(sizes),
    }


def report(
    name: str, figures: Mapping[str, Any], targets: Mapping[str, float], out: Path | None = None
) -> None:
    """Print the figures with the targets that they have; write all to `out` if it is given.

    A target is an upper bound.
    """
    table = Table("figure", "value", "target")
    for key, value in figures.items():
        target = ""
        if key in targets:
            target = f"<= {targets[key]:g} {'reached' if value <= targets[key] else 'MISSED'}"
        table.add_row(key, str(value), target)
    Console().print(table)
    if out is None:
        return
    command = ["python", f"bench/{Path(sys.argv[0]).name}", *sys.argv[1:]]
    result = {
        "benchmark": name,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": shlex.join(command),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "figures": dict(figures),
        "targets": dict(targets),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
