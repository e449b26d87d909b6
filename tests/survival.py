"""Whole runs of the tiny recipe in a process of their own, and what they left, for comparing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import tiny
from learn_by_interact.engine.store import Store
from learn_by_interact.types import RECORDS, Usage

PROGRAM = """
import json, resource, sys
from pathlib import Path
from learn_by_interact.config import Recipe
from learn_by_interact.errors import LbiError
from learn_by_interact.pipeline import Pipeline
if size := int(sys.argv[3]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    with Pipeline(Recipe.load(Path(sys.argv[1]), json.loads(sys.argv[2]))) as pipeline:
        pipeline.run()
except LbiError as error:
    sys.exit(f"error: {error}")
"""


def start(
    recipe: Path, run: Path, log: Path | None = None, file_kb: int = 0, **changes: Any
) -> subprocess.Popen[str]:
    """Begin a run in a process group of its own.

    `changes` go over the recipe; `log` gets the model's calls; no file may be larger than `file_kb`.
    """
    temporary = recipe.parent / "tmp"
    temporary.mkdir(exist_ok=True)
    settings = {"run": str(run), **changes}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(recipe), json.dumps(settings), str(1024 * file_kb)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=tiny.environ(TMPDIR=str(temporary), LBI_SCRIPTED_LOG=str(log or "")),
        start_new_session=True,
    )


class Ended(NamedTuple):
    code: int
    errors: str

    @property
    def sentence(self) -> str:
        """What it said when it failed: one line, no traceback."""
        assert self.code == 1 and "Traceback" not in self.errors, self.errors
        (line,) = self.errors.strip().splitlines()
        assert line.startswith("error: ")
        return line


def finish(process: subprocess.Popen[str]) -> Ended:
    _, errors = process.communicate(timeout=60)
    return Ended(process.returncode, errors)


def go(recipe: Path, run: Path, log: Path | None = None, file_kb: int = 0, **changes: Any) -> Ended:
    """A run from its beginning to its end; see `start`."""
    return finish(start(recipe, run, log, file_kb, **changes))


class Left(NamedTuple):
    """What a run left behind."""

    records: dict[str, list[str]]
    """Ids by kind."""
    succeeded: dict[tuple[str, str], int]
    """Successful attempts of each stage and input."""
    failed: list[str]
    """Errors of the other attempts."""
    usage: Usage


def left(run: Path) -> Left:
    with Store(run, readonly=True) as store:
        attempts = list(store.attempts())
        return Left(
            records={name: store.ids(kind) for name, kind in RECORDS.items()},
            succeeded=Counter((one.stage, one.input) for one in attempts if not one.error),
            failed=[one.error for one in attempts if one.error],
            usage=store.usage(),
        )


def same(run: Left, undisturbed: Left) -> None:
    """The same records, and each input of each stage done once."""
    assert run.records == undisturbed.records
    assert run.succeeded == undisturbed.succeeded
    assert set(run.succeeded.values()) == {1}
    assert not run.failed


def replies(run: Path) -> set[str]:
    """Ids of the requests whose replies are stored."""
    return {path.stem for path in (run / "replies").glob("??/*.json")}
