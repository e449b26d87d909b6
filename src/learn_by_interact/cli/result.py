"""The result file of an evaluation: every number, and what it takes to get it again."""

from __future__ import annotations

import json
import shlex
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import StoreError
from .tables import grid

if TYPE_CHECKING:
    from ..evaluation.report import Result
    from ..models.endpoint import ModelSettings
    from ..pipeline import Pipeline

NAME = "result.json"


def write_result(pipeline: Pipeline, result: Result) -> tuple[Path, dict[str, Any]]:
    """Write `result.json` into the run folder in one atomic step -> the file and its content.

    Raises StoreError when it cannot be written.
    """
    recipe = pipeline.recipe
    content = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["lbi", *sys.argv[1:]]),
        "version": version("learn-by-interact"),
        "recipe": {**recipe.model_dump(mode="json"), "path": recipe.path.name},
        "model": _model(recipe.model, Path(pipeline.replies)),
        "seed": recipe.evaluate.seed,
        "result": result.model_dump(mode="json"),
        "pipeline": pipeline.summary().model_dump(mode="json"),
    }
    file = recipe.folder / NAME
    temporary = file.with_suffix(".new")
    try:
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        temporary.replace(file)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}; the run itself is safe.") from error
    return file, content


def read_result(folder: Path) -> dict[str, Any] | None:
    """What the last evaluation wrote; None when there was none. Raises StoreError for another file."""
    file = folder / NAME
    if not file.is_file():
        return None
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        raise StoreError(f"{file} is no result of this program: run `lbi evaluate` again.") from None
    return content


def result_text(result: Result) -> str:
    """One row an arm, and each arm against the first."""
    from ..evaluation.report import table

    lines = [grid(table(result))]
    for item in result.differences:
        low, high = item.interval
        lines.append(
            f"{item.arm} against {item.against}: {100 * item.difference:+.0f} points "
            f"(95% interval {100 * low:+.0f} to {100 * high:+.0f}), {item.won} tasks won, {item.lost} lost, "
            f"over {item.pairs} tasks that both have graded, p = {item.p:.2g}"
        )
    return "\n".join(lines)


def _model(settings: ModelSettings, replies: Path) -> dict[str, Any]:
    """The model as the recipe names it, as its endpoint names itself, and the hash of a local file."""
    from ..models.catalogue import model_file
    from ..models.local import file_hash

    kind, _, name = settings.name.partition("/")
    return {
        "name": settings.name,
        "reported": sorted({reported for file in replies.glob("??/*.json") if (reported := _reported(file))}),
        "sha256": file_hash(model_file(name)) if kind == "local" else None,
    }


def _reported(file: Path) -> str:
    """The model that a stored reply names; "" for one that a loss of power cut short."""
    try:
        return str(json.loads(file.read_bytes())["model"])
    except (ValueError, KeyError):
        return ""
