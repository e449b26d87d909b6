"""The process in which a benchmark's own set-up and evaluators run: one for each episode."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...environments import install
from ...environments.folder import EnvironmentFolder, Install
from ...environments.temporary import TemporaryFolder
from ...errors import EnvironmentFault, GraderFault

PROGRAM = Path(__file__).parent / "judge.py"
BEGUN = 900.0
"""Seconds that starting a machine and setting a task up may take."""
GRADED = 300.0
ANSWER = 1 << 20
"""Bytes of an answer."""


def python(name: str, checkout: Path, packages: tuple[str, ...], variable: str) -> Path:
    """The Python of the evaluators that the variable names, or one that is made with the packages.

    Raises EnvironmentFault.
    """
    if named := os.environ.get(variable, ""):
        if not shutil.which(named):
            raise EnvironmentFault(f"{variable}: {named} does not start; name the evaluators' Python")
        return Path(named)
    folder = EnvironmentFolder(
        path=checkout, name=f"{name}-evaluators", description="", install=Install(pip=packages)
    )
    return Path(install.tools(folder).path[0]) / "python"


class Judge:
    """One episode's process. It ends with `close`."""

    def __init__(self, name: str, program: Path, checkout: Path, kept: Path, cwd: Path | None = None) -> None:
        """`name`: the benchmark's. `kept`: has a sub-folder for each task whose files were downloaded before.

        `cwd`: from where the benchmark's files are named; None: an empty folder.
        """
        self._name, self._checkout, self._kept = name, checkout, kept
        self._task = ""
        self._folder = TemporaryFolder()
        self._log = self._folder.path / "log"
        cache = self._folder.path / "cache"
        cache.mkdir()
        self._cache = cache
        with self._log.open("wb") as log:
            try:
                self._process = subprocess.Popen(
                    [str(program), str(PROGRAM), str(checkout), str(cache)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd=cwd or self._folder.path,
                )
            except OSError as error:
                raise EnvironmentFault(
                    f"the Python of {name}'s evaluators, {program}, does not start: {error}"
                ) from None

    def begin(self, task: dict[str, Any], **where: Any) -> str:
        """Set up the task of this content of a file -> the address of the machine's server.

        Raises EnvironmentFault.
        """
        self._task = number = str(task["id"])
        mine, kept = self._cache / number, self._kept / number
        for place in (kept, self._checkout / "cache" / number):
            if place.is_dir():
                shutil.copytree(place, mine, dirs_exist_ok=True)
        known = {one.name for one in mine.iterdir()} if mine.is_dir() else set()
        try:
            told = self._ask({"ask": "begin", "task": task, **where}, BEGUN)
        except GraderFault as error:
            raise EnvironmentFault(f"{self._name}: {number} could not be set up: {error}") from None
        for file in mine.iterdir() if mine.is_dir() else ():
            if file.name not in known and file.is_file() and not file.is_symlink():
                kept.mkdir(parents=True, exist_ok=True)
                part = kept / f".{os.getpid()}.part"
                shutil.copyfile(file, part)
                part.rename(kept / file.name)
        return str(told.get("url", ""))

    def evaluate(self, last: str) -> float:
        """The benchmark's score of the machine as it is. Raises GraderFault."""
        try:
            told = self._ask({"ask": "evaluate", "last": last}, GRADED)
        except GraderFault as error:
            raise GraderFault(f"{self._name}: {self._task} could not be graded: {error}") from None
        score = told.get("score")
        if not isinstance(score, int | float) or not 0 <= score <= 1:
            raise GraderFault(
                f"{self._name}: the evaluator of {self._task} gave {score!r} and no score in 0 to 1"
            )
        return float(score)

    def _ask(self, asked: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Raises GraderFault, in a sentence about the evaluators."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        said, until = b"", time.monotonic() + seconds
        try:
            stdin.write(json.dumps(asked).encode() + b"\n")
            stdin.flush()
            while not said.endswith(b"\n") and len(said) < ANSWER:
                if not select.select([stdout], [], [], max(0.0, until - time.monotonic()))[0]:
                    self._process.kill()
                    raise GraderFault(f"its evaluators did not answer within {seconds:g} s")
                piece = os.read(stdout.fileno(), 1 << 16)
                if not piece:
                    break
                said += piece
            told = json.loads(said)
        except (OSError, ValueError):
            raise GraderFault(f"its evaluators ended: {self._end()}") from None
        if not isinstance(told, dict):
            raise GraderFault("its evaluators gave no answer")
        if "error" in told:
            absent = ", ".join(map(str, told.get("absent", [])))
            more = f" (not installed: {absent})" if "not installed" in str(told["error"]) else ""
            raise GraderFault(f"{told['error']}{more}")
        return told

    def _end(self) -> str:
        """The end of what they printed."""
        return " ".join(self._log.read_text(encoding="utf-8", errors="replace").split())[-300:] or "no words"

    def close(self) -> None:
        """End the process, and the machine that it started."""
        with suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            self._process.wait(60 if self._process.poll() is None else 1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._folder.close()
