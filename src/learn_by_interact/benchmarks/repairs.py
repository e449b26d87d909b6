"""Repair tasks that prove themselves: a mutant of the project, and the tests that it breaks.

A mutant is kept only where at least one test fails that passed before, and most still pass. The task is to
repair it; it is solved when those tests pass again and all others still do. Repairs are kept beside
`environment.toml`, in `repairs.json`, with the tests that pass in the project as it is.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from ..environments.folder import EnvironmentFolder
from ..environments.repository.environment import RepositoryEnvironment
from ..environments.repository.results import WHOLE, passed
from ..environments.repository.source import files, is_test, version
from ..errors import ConfigError, EnvironmentFault
from ..types import Task, Value, digest
from .mutate import Mutant, diff, mutants

FILE = "repairs.json"
SHARE = 0.5
"""Of the tests: a mutant that breaks more is seen at once, and no task."""
OF_ONE = 2
"""Repairs of one function, at most."""
SECONDS, TIMES = 10.0, 5.0
"""Tests of a mutant that take longer than this, and than so many times what they took before, are ended."""
FOR_PRACTICE = 3
"""Of a project with few functions, one in so many is learned from."""
NAMED = 3
"""Failing tests that the instruction names."""
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
        shown = ", ".join(self.fails[:NAMED])
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
    `say` is told of each. Raises ConfigError when no test of the project passes, or no mutant breaks any.
    """
    if folder.repository is None:
        raise ConfigError(
            f'{folder.path}/environment.toml: repairs are made of a project: kind = "repository"'
        )
    with RepositoryEnvironment(folder) as environment:
        environment.prepared  # noqa: B018  Installing is no part of the time that tests take.
        begin = time.monotonic()
        runs = [environment.test() for _ in range(2)]
        seconds = max(SECONDS, TIMES * (time.monotonic() - begin) / 2)
        tree = environment.prepared.tree
    quick = folder.limits.model_copy(update={"seconds": min(seconds, folder.limits.seconds)})
    good = set.intersection(*map(passed, runs))
    if not good:
        raise ConfigError(
            f"{folder.path}/environment.toml: repository.test: no test passes in the project as it is"
        )
    proof = _Proof(folder.model_copy(update={"limits": quick}), good, workers, say)
    every = list(_candidates(tree, seed))
    proven = list(proof.of(every, most))
    if practice and len(proven) < most:
        proven = _shared(proven)
    found = [_repair(one, fails) for one, fails in proven]
    if not found:
        raise ConfigError(f"{folder.path}: no mistake that was tried breaks a test of the project")
    held = {(one.path, one.function) for one in found}
    others = [one for one in every if (one.path, one.mutant.function) not in held]
    seen = {one.fails for one in found}
    return Repairs(
        version=version(folder.repository, folder.path),
        passed=tuple(sorted(good)),
        repairs=tuple(sorted(found, key=lambda one: one.name)),
        practice=tuple(
            Known(**_repair(one, fails).model_dump(), **shown(one.text, one.mutant))
            for one, fails in proof.of(others, practice)
            if tuple(sorted(fails)) not in seen
        ),
    )


class _Candidate(NamedTuple):
    """A mutant of a file, and the file's text without it."""

    path: str
    mutant: Mutant
    text: str

    @property
    def patch(self) -> str:
        return diff(self.path, self.text, self.mutant.apply(self.text))


class _Proof:
    """Finds out which tests mutants break, each once."""

    def __init__(
        self, folder: EnvironmentFolder, good: set[str], workers: int, say: Callable[[str], None]
    ) -> None:
        """`good`: tests that pass in the project as it is."""
        self._folder, self._good, self._workers, self._say = folder, good, workers, say
        self._known: dict[str, set[str]] = {}

    def of(self, candidates: Sequence[_Candidate], most: int) -> Iterator[tuple[_Candidate, set[str]]]:
        """The first so many that prove themselves, with the tests that they break."""
        counts: Counter[tuple[str, str]] = Counter()
        with ThreadPoolExecutor(self._workers) as pool:
            tried = pool.map(self._fails, candidates if most else ())
            for one, fails in zip(candidates, tried, strict=False):
                place = (one.path, one.mutant.function)
                if fails and len(fails) <= max(1, SHARE * len(self._good)) and counts[place] < OF_ONE:
                    counts[place] += 1
                    told = f"breaks {len(fails)} of {len(self._good)} tests"
                    self._say(f"{counts.total()}/{most} {_named(one)}: {told}")
                    yield one, fails
                if counts.total() == most:
                    pool.shutdown(cancel_futures=True)
                    return

    def _fails(self, one: _Candidate) -> set[str]:
        """Tests that no longer pass with a mutant; none where that cannot be found out."""
        if one.patch not in self._known:
            try:
                with RepositoryEnvironment(self._folder) as environment:
                    self._known[one.patch] = self._good - passed(environment.test(one.patch))
            except EnvironmentFault:
                self._known[one.patch] = set()
        return self._known[one.patch]


def _shared(proven: Sequence[tuple[_Candidate, set[str]]]) -> list[tuple[_Candidate, set[str]]]:
    """Those of two functions in three."""
    functions = list(dict.fromkeys((one.path, one.mutant.function) for one, _ in proven))
    learned = set(functions[FOR_PRACTICE - 1 :: FOR_PRACTICE])
    return [(one, fails) for one, fails in proven if (one.path, one.mutant.function) not in learned]


def _named(one: _Candidate) -> str:
    module = Path(one.path).with_suffix("").parts
    stem = module[-1] if module[-1] != "__init__" else module[-2:][0]
    name = f"{stem}-{one.mutant.function}-{one.mutant.kind}-{one.mutant.begin}".lower()
    return name.replace(".", "-").replace("_", "-").strip("-")


def _repair(one: _Candidate, fails: set[str]) -> Repair:
    return Repair(
        name=_named(one),
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


def _candidates(tree: Path, seed: int) -> Iterator[_Candidate]:
    """All mutants of a project's code: all kinds in turn, else by a hash."""
    found = []
    for path in files(tree):
        if not path.endswith(".py") or is_test(path) or path in ("setup.py",) or path.startswith("docs/"):
            continue
        text = (tree / path).read_bytes().decode("utf-8", "replace")
        try:
            found += [(path, one, text) for one in mutants(text)]
        except SyntaxError:
            continue
    found.sort(key=lambda one: digest([seed, one[0], one[1].model_dump()]))
    ranks: Counter[str] = Counter()
    order = []
    for at, (_, mutant, _) in enumerate(found):
        ranks[mutant.kind] += 1
        order.append((ranks[mutant.kind], at))
    for _, at in sorted(order):
        yield _Candidate(*found[at])
