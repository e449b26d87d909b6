"""The files that an evaluation and a calibration leave: every number, and what it takes to get it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from ..errors import StoreError
from ..types import Value
from .calibration import Calibration
from .contamination import Contamination
from .overview import Overview
from .report import Result

RESULT = "result.json"
CALIBRATION = "calibration.json"
FORMAT = 2
"""Of both files; what an older one lacks cannot be told from it."""
PROGRAM = "learn-by-interact"


class ModelFacts(Value):
    """Which model it was."""

    name: str
    """As the recipe names it."""
    reported: tuple[str, ...]
    """As its endpoint names itself."""
    sha256: str | None
    """Of a local model's file."""


class Written(Value):
    """What every file says of how it came about."""

    program: Literal["learn-by-interact"] = "learn-by-interact"
    format: int = FORMAT
    date: str
    """UTC, ISO 8601."""
    command: str
    version: str
    """Of this program."""
    recipe: dict[str, Any]
    """All settings, the defaults included."""
    model: ModelFacts
    seed: int
    """Of the first repeat."""

    @property
    def environment(self) -> str:
        """The environment's name, without the folders it lies in."""
        return str(self.recipe["environment"]).rstrip("/").rpartition("/")[2]


class CalibrationFile(Written):
    calibration: Calibration


class ResultFile(Written):
    result: Result
    pipeline: Overview
    contamination: Contamination | None = None
    calibration: CalibrationFile | None = None
    """None: `lbi calibrate` was not run."""


File = TypeVar("File", bound=Written)


def write(file: Path, content: Written) -> None:
    """Write a file in one atomic step. Raises StoreError when it cannot be written."""
    temporary = file.with_suffix(".new")
    text = json.dumps(content.model_dump(mode="json"), indent=1, ensure_ascii=False)
    try:
        # A lone surrogate, which no UTF-8 file can hold, becomes a question mark.
        temporary.write_text(text + "\n", encoding="utf-8", errors="replace")
        temporary.replace(file)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}; the run itself is safe.") from error


def read(kind: type[File], file: Path) -> File:
    """Read a file of this program. Raises StoreError, in one sentence, for any other."""
    verb = "calibrate" if kind is CalibrationFile else "evaluate"
    again = f"run `lbi {verb}` again; no reply is paid twice."
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise StoreError(f"{file} cannot be read ({error.strerror}): `lbi {verb}` writes it.") from None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise StoreError(f"{file} is no result of this program: {again}")
    known = content.get("format", 1 if {"recipe", "result", "pipeline"} <= set(content) else None)
    if content.get("program", PROGRAM) != PROGRAM or not isinstance(known, int):
        raise StoreError(f"{file} is the file of another program: name a result.json, or a run folder.")
    if known != FORMAT:
        age, way = ("older", again) if known < FORMAT else ("newer", "upgrade learn-by-interact.")
        raise StoreError(
            f"{file} was written by another, {age} version of this program (format {known}, this one reads "
            f"{FORMAT}): {way}"
        )
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise StoreError(f"{file} is damaged ({place}: {first['msg']}): {again}") from None


def find(place: Path) -> Path:
    """The result file that a path names: itself, or that of a run folder. Raises StoreError."""
    file = place / RESULT if place.is_dir() else place
    if not file.is_file():
        raise StoreError(f"There is no result {file}: `lbi evaluate RECIPE` writes one into its run folder.")
    return file
