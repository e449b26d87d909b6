"""How a benchmark tells its figures: a table, and a JSON file that says how to get them again."""

from __future__ import annotations

import datetime
import json
import os
import platform
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


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
