"""Repair tasks that prove themselves: a mutant of the project, and the tests that it breaks.

A mutant is kept only where at least one test fails that passed before, and most still pass. The task is to
repair it; it is solved when those tests pass again and all others still do. Repairs are kept beside
`environment.toml`, in `repairs.json`, with the tests that pass in the project as it is.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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


class Repairs(Value):
    """The content of `repairs.json`."""

    version: str
    """Of the project's files; see `source.version`."""
    passed: tuple[str, ...]
    """Tests that pass in the project as it is."""
    repairs: tuple[Repair, ...]

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

    def task(self, environment: str, repair: Repair) -> Task:
        return Task(
            environment=environment,
            instruction=repair.instruction,
            setup={"patch": repair.patch, "check": digest([repair.fails, self.passed])},
            parent=repair.name,
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
) -> Repairs:
    """Find so many repairs of a project, in an order that follows from a hash, spread over functions.

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
    limited = folder.model_copy(update={"limits": quick})
    good = set.intersection(*map(passed, runs))
    if not good:
        raise ConfigError(
            f"{folder.path}/environment.toml: repository.test: no test passes in the project as it is"
        )
    found: list[Repair] = []
    counts: Counter[tuple[str, str]] = Counter()
    with ThreadPoolExecutor(workers) as pool:
        tried = pool.map(lambda one: (one, _breaks(limited, one[2], good)), _candidates(tree, seed))
        for (path, mutant, patch), fails in tried:
            place = (path, mutant.function)
            if len(found) == most:
                pool.shutdown(cancel_futures=True)
                break
            if fails and len(fails) <= max(1, SHARE * len(good)) and counts[place] < OF_ONE:
                counts[place] += 1
                module = Path(path).with_suffix("").parts
                stem = module[-1] if module[-1] != "__init__" else module[-2:][0]
                name = f"{stem}-{mutant.function}-{mutant.kind}-{mutant.begin}".lower()
                found.append(
                    Repair(
                        name=name.replace(".", "-").replace("_", "-").strip("-"),
                        path=path,
                        function=mutant.function,
                        kind=mutant.kind,
                        patch=patch,
                        fails=tuple(sorted(fails)),
                    )
                )
                say(f"{len(found)}/{most} {found[-1].name}: breaks {len(fails)} of {len(good)} tests")
    if not found:
        raise ConfigError(f"{folder.path}: no mistake that was tried breaks a test of the project")
    found.sort(key=lambda one: one.name)
    return Repairs(
        version=version(folder.repository, folder.path), passed=tuple(sorted(good)), repairs=tuple(found)
    )


def write(folder: EnvironmentFolder, repairs: Repairs) -> Path:
    """Write `repairs.json` -> its path."""
    file = folder.path / FILE
    file.write_text(json.dumps(repairs.model_dump(), indent=1) + "\n", encoding="utf-8")
    return file


def _candidates(tree: Path, seed: int) -> Iterator[tuple[str, Mutant, str]]:
    """(path, mutant, patch) of all mutants of a project's code: all kinds in turn, else by a hash."""
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
        path, mutant, text = found[at]
        yield path, mutant, diff(path, text, mutant.apply(text))


def _breaks(folder: EnvironmentFolder, patch: str, good: set[str]) -> set[str]:
    """Tests that no longer pass with a change; none where that cannot be found out."""
    try:
        with RepositoryEnvironment(folder) as environment:
            return good - passed(environment.test(patch))
    except EnvironmentFault:
        return set()
