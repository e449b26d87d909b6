"""What a project's test command says of each test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .source import is_test

ADDOPTS = "-rpfEsxX --color=no --tb=short -p no:cacheprovider"
"""For pytest, as `$PYTEST_ADDOPTS`: a line for each test at the end."""
WHOLE = "the test command"
"""Stands for all tests where the output names none."""

_PYTEST = re.compile(
    r"^(?:(PASSED) (\S+::.*)|(FAILED|ERROR|XFAIL|XPASS) (\S+::.*?|\S+\.py)(?: - .*)?)$", re.MULTILINE
)
_UNITTEST = re.compile(
    r"^(\w+) \(([\w.]+)\)(?:\n.*)? \.\.\. (?:.*\n)??(ok|FAIL|ERROR|skipped.*|expected failure)$", re.MULTILINE
)


def results(output: str, code: int) -> dict[str, bool]:
    """Test -> whether it passed, of an output of pytest (with `ADDOPTS`) or `unittest -v`, but skipped ones.

    Where the output names no test, the exit code stands for all of them.
    """
    found = {}
    for good, one, status, other in _PYTEST.findall(output):
        found[one or other] = bool(good) or status == "XFAIL"
    for name, place, status in _UNITTEST.findall(output):
        if not status.startswith("skipped"):
            found[f"{place if place.endswith(name) else f'{place}.{name}'}"] = status in (
                "ok",
                "expected failure",
            )
    return found or {WHOLE: code == 0}


def passed(found: Mapping[str, bool]) -> set[str]:
    """Names of the tests that passed."""
    return {name for name, good in found.items() if good}


def files_of(names: Iterable[str]) -> set[str]:
    """Paths of the files, as far as names of tests tell them; of a doctest's, which is code, none."""
    found = set()
    for name in names:
        path, both, inner = name.partition("::")
        if both:
            # A doctest is called by the dotted name of what it is about.
            if not re.match(r"[\w-]+\.", inner) and (
                path.rpartition("/")[2] != f"{inner}.py" or is_test(path)
            ):
                found.add(path)
        elif re.fullmatch(r"\w+(\.\w+)+", name):
            parts = name.split(".")
            found |= {f"{'/'.join(parts[:count])}.py" for count in range(1, len(parts) - 1)}
    return found
