"""The task files of Spider2-V.

They are those of a checkout of github.com/xlang-ai/Spider2-V, under `evaluation_examples`; nothing is copied.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ...errors import ConfigError

CHECKOUT = "SPIDER2V"
EXAMPLES = "evaluation_examples/examples"


def checkout_of(name: str, checkout: Path | None) -> Path:
    """The checkout that is given, or that the variable names. Raises ConfigError when neither is."""
    named = os.environ.get(CHECKOUT, "")
    if checkout is None and not named:
        raise ConfigError(f"{name}: set {CHECKOUT} to a checkout of github.com/xlang-ai/Spider2-V")
    return (checkout or Path(named)).resolve()


def read(checkout: Path, domain: str) -> dict[str, dict[str, Any]]:
    """A domain's tasks by id. Raises ConfigError that names the file, or the folder without tasks."""
    found = {
        task["id"]: task
        for task in map(_read, sorted((checkout / EXAMPLES / domain).glob("*/*.json")))
        if task
    }
    if not found:
        raise ConfigError(f"{checkout}: there is no {EXAMPLES}/{domain} with tasks in this folder")
    return found


def _read(file: Path) -> dict[str, Any]:
    """A task's file; {} for another JSON file beside it. Raises ConfigError when it is not of the form."""
    if file.stem != file.parent.name:
        return {}
    try:
        task = json.loads(file.read_text(encoding="utf-8"))
        parts = (task["id"], task["instruction"], task["config"], task["evaluator"]["func"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{file}: this is no task of Spider2-V: {error}") from None
    if not all(parts):
        raise ConfigError(f"{file}: this is no task of Spider2-V: something in it is empty")
    return dict(task)
