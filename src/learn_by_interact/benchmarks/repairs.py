"""Repair tasks that prove themselves: a mutant of the project, and the tests that it breaks.

A mutant is kept only where at least one test fails that passed before, and most still pass. The task is to
repair it; it is solved when those tests pass again and all others still do. Repairs are kept beside
`environment.toml`, in `repairs.json`, with the tests that pass in the project as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..environments.folder import EnvironmentFolder
from ..environments.repository.environment import RepositoryEnvironment, outcome
from ..environments.repository.results import WHOLE, files_of, passed
from ..environments.repository.source import tests_among, version
from ..environments.sandbox import Result
from ..environments.shell import clean
from ..errors import ConfigError
from ..types import Task, Value, digest
from .mutate import Mutant
from .proof import Candidate, Proof, candidates

FILE = "repairs.json"
SECONDS, TIMES = 10.0, 5.0
"""Tests of a mutant that take longer than this, and than so many times what they took before, are ended."""
FOR_PRACTICE = 3
"""Of a project with few functions, one in so many is learned from."""
NAMED = 3
"""Failing tests that the instruction names."""
LONG = 200
"""Characters of such a name that are shown: parameters of a test may be whole files."""
INSTRUCTION = """A recent change of this project was a mistake: {count}{tests}.
Find the mistake in the code and correct it, so that all tests pass again. Leave the tests as they are."""


class Repair(Value):
    """One mutant and what it breaks."""

    name: str
    path: str
    function: str
    kind: str
    patch: str
    """The change that breaks the project, as a unified diff."""
    fails: tuple[str, ...]
    """Tests that pass before it and not after."""

    @property
    def instruction(self) -> str:
        shown = ", ".join(name if len(name) <= LONG else f"{name[:LONG]}..." for name in self.fails[:NAMED])
        more = len(self.fails) - NAMED
        tests = (
            "its tests fail"
            if self.fails == (WHOLE,)
            else f"{shown}{f' and {more} more' if more > 0 else ''}"
        )
        count = (
            ""
            if self.fails == (WHOLE,)
            else "this test fails: "
            if len(self.fails) == 1
            else "these tests fail: "
        )
        return INSTRUCTION.format(count=count, tests=tests)


class Known(Repair):
    """A repair whose mistake is known: the lines that are changed."""

    line: int
    """The first of them in the broken file, from 1."""
    old: str
    """The lines with the mistake; they are there once."""
    new: str


def shown(text: str, mutant: Mutant) -> dict[str, Any]:
    """What `Known` has beside a repair, of a mutant of a file's text."""
    before, after = text.split("\n"), mutant.apply(text).split("\n")
    begin = text.count("\n", 0, mutant.begin)
    rest = len(before) - 1 - text.count("\n", 0, mutant.end)
    while begin and "\n".join(after).count("\n".join(after[begin : len(after) - rest])) > 1:
        begin -= 1
    return {
        "line": begin + 1,
        "old": "\n".join(after[begin : len(after) - rest]),
        "new": "\n".join(before[begin : len(before) - rest]),
    }


class Repairs(Value):
    """The content of `repairs.json`."""

    version: str
    """Of the project's files; see `source.version`."""
    passed: tuple[str, ...]
    """Tests that pass in the project as it is."""
    repairs: tuple[Repair, ...]
    practice: tuple[Known, ...] = ()
    """Beside these, in other functions; what makes them good is known, and an agent may learn from it."""

    @classmethod
    def load(cls, folder: EnvironmentFolder) -> Repairs | None:
        """Those of a folder; None where there are none. Raises ConfigError where they are of other files."""
        file = folder.path / FILE
        if not file.is_file():
            return None
        try:
            made = cls.model_validate_json(file.read_text(encoding="utf-8"))
        except (ValidationError, OSError) as error:
            told = " ".join(str(error).split())[:200]
            raise ConfigError(
                f"{file}: this is no file of repairs ({told}); `lbi repairs` writes it"
            ) from None
        assert folder.repository
        if made.version != version(folder.repository, folder.path):
            raise ConfigError(
                f"{file}: the project has changed since; make it anew: lbi repairs {folder.path}"
            )
        return made

    def task(self, environment: str, repair: Repair, parent: str = "") -> Task:
        """`parent`: of one that is practised; else it is the repair's name."""
        return Task(
            environment=environment,
            instruction=repair.instruction,
            setup={"patch": repair.patch, "check": digest([repair.fails, self.passed])},
            parent=parent or repair.name,
        )

    @property
    def is_test(self) -> Callable[[str], bool]:
        """Whether a path is that of a test, as far as the names of those that pass tell it too."""
        return tests_among(files_of(self.passed))

    def solved(self, found: dict[str, bool]) -> bool:
        """Whether all tests that pass in the project as it is pass."""
        return set(self.passed) <= passed(found)


def make(
    folder: EnvironmentFolder,
    most: int,
    seed: int = 0,
    workers: int = 2,
    say: Callable[[str], None] = lambda _: None,
    practice: int = 0,
) -> Repairs:
    """Find so many repairs of a project, in an order that follows from a hash, spread over functions.

    `practice`: as many more, at most, in functions of which no repair is, and found by other tests: an agent
    may learn from these. Where there are no more repairs than these, every third function is for practice.
    `say` is told of each. Ctrl-C ends the search: what was found is returned. Raises ConfigError when no test
    of the project passes, or no mutant breaks any.
    """
    if folder.repository is None:
        raise ConfigError(
            f'{folder.path}/environment.toml: repairs are made of a project: kind = "repository"'
        )
    good, seconds, every = _looked_over(folder, seed, say)
    quick = folder.limits.model_copy(update={"seconds": min(seconds, folder.limits.seconds)})
    proof = Proof(folder.model_copy(update={"limits": quick}), good, workers, say)
    proven = list(proof.of(every, most))
    if practice and len(proven) < most and not proof.stopped:
        every_one, proven = len(proven), _shared(proven)
        say(f"there are no more: {len(proven)} of {every_one} are held out, other functions are for practice")
    found = [_repair(one, fails) for one, fails in proven]
    if not found and proof.stopped:
        raise KeyboardInterrupt
    if not found:
        raise ConfigError(
            f"{folder.path}: no mistake that was tried breaks a test of the project: see that its tests call "
            "its code, and that it is installed with `pip install -e`, so that its files are what runs"
        )
    held = {(one.path, one.function) for one in found}
    others = [one for one in every if (one.path, one.mutant.function) not in held]
    return Repairs(
        version=version(folder.repository, folder.path),
        passed=tuple(sorted(good)),
        repairs=tuple(sorted(found, key=lambda one: one.name)),
        practice=tuple(
            Known(**_repair(one, fails).model_dump(), **shown(one.text, one.mutant))
            for one, fails in proof.of(others, practice, {one.fails for one in found})
        ),
    )


def _looked_over(
    folder: EnvironmentFolder, seed: int, say: Callable[[str], None]
) -> tuple[set[str], float, list[Candidate]]:
    """Tests that pass in the project as it is, the seconds that they may take, and what can be broken.

    Raises ConfigError when none passes.
    """
    with RepositoryEnvironment(folder) as environment:
        tree = environment.prepared.tree  # Installing is no part of the time that tests take.
        runs = [environment.tested() for _ in range(2)]
        good = set.intersection(*(passed(outcome(run)) for run in runs))
        if not good:
            raise ConfigError(_broken(folder, runs[-1]))
        took = sum(run.seconds for run in runs) / 2
        say(f"{_tests(good)} in {took:.1f} s in the project as it is; each mistake is tried with all of them")
        every = list(candidates(tree, seed, tests_among(files_of(good)), environment.called()))
    return good, max(SECONDS, TIMES * took), every


def _tests(good: Collection[str]) -> str:
    if good == {WHOLE}:
        return "its test command, whose output names no test, passes"
    return f"{len(good)} {'tests pass' if len(good) > 1 else 'test passes'}"


def _broken(folder: EnvironmentFolder, run: Result) -> str:
    """Why no test passes, and what can be done."""
    assert folder.repository
    file, test = f"{folder.path}/environment.toml", folder.repository.test
    limit = {"time": "seconds", "memory": "memory_mb", "disk": "disk_mb"}.get(run.ended)
    if limit:
        value = getattr(folder.limits, limit)
        return (
            f"{file}: limits.{limit}: no test passes, for `{test}` was ended when it took more than "
            f"{value:g}: set it higher, or let repository.test run fewer tests"
        )
    told = " ".join(clean(run.output).split())[-300:] or "it prints nothing"
    return (
        f"{file}: repository.test: no test passes in the project as it is: `{test}` ends with exit code "
        f"{run.code}: {told}"
    )


def _shared(proven: Sequence[tuple[Candidate, set[str]]]) -> list[tuple[Candidate, set[str]]]:
    """Those of two functions in three."""
    functions = list(dict.fromkeys((one.path, one.mutant.function) for one, _ in proven))
    learned = set(functions[FOR_PRACTICE - 1 :: FOR_PRACTICE])
    return [(one, fails) for one, fails in proven if (one.path, one.mutant.function) not in learned]


def _repair(one: Candidate, fails: set[str]) -> Repair:
    return Repair(
        name=one.name,
        path=one.path,
        function=one.mutant.function,
        kind=one.mutant.kind,
        patch=one.patch,
        fails=tuple(sorted(fails)),
    )


def write(folder: EnvironmentFolder, repairs: Repairs) -> Path:
    """Write `repairs.json` -> its path."""
    file = folder.path / FILE
    file.write_text(json.dumps(repairs.model_dump(), indent=1) + "\n", encoding="utf-8")
    return file
