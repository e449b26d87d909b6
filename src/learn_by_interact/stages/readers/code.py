"""Python files as documentation: what a repository says of itself, cut at its definitions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ...environments.repository.source import (
    files,
    is_foreign,
    is_generated,
    is_junk,
    is_test,
    tests_among,
)
from ...errors import ConfigError
from . import Heading, Report, Source, lines_of
from .files import text_of

SETTINGS = ("setup.py", "conf.py")
"""Files that only set up or describe a project."""
CASES = re.compile(r"^class \w+\(.*TestCase\):|^import pytest|^from pytest import", re.MULTILINE)
"""In a file that tests may be in, or a tool for testing."""
LEVELS = 2
"""Classes and functions are headings, and methods below them; what is defined inside those is not."""


def code(path: Path, name: str, report: Report, seen: set[str]) -> Iterator[Source]:
    """The Python files in a folder, in the order of paths, or one file.

    Of a folder are left out tests, settings, links, what a program wrote and what others maintain. `name`
    stands for the path in the sources' names. `seen`: texts that were read before, which are not read
    again; those of this folder are added. Raises ConfigError when the path does not exist.
    """
    if not path.exists():
        raise ConfigError(f"[docs] code: {path} does not exist; name a folder or file of the repository.")
    names = [""] if path.is_file() else sorted(one for one in files(path) if one.endswith(".py"))
    in_tests = tests_among(filter(is_test, names))
    for inner in names:
        if in_tests(inner) or is_junk(inner) or is_foreign(inner) or Path(inner).name in SETTINGS:
            continue
        file = path / inner if inner else path
        text = "" if inner and file.is_symlink() else text_of(file, report)
        cases = Path(inner).name in ("test.py", "tests.py") and CASES.search(text)
        if text and text not in seen and not (inner and (cases or is_generated(text))):
            seen.add(text)
            yield python("/".join(part for part in (name.strip("./"), inner) if part), text)


def python(name: str, text: str) -> Source:
    """A Python file: classes and functions are headings; one that is no Python has none."""
    lines = lines_of(text)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return Source(name=name, title=name, lines=lines)
    return Source(name=name, title=name, lines=lines, headings=tuple(_headings(tree, 1)))


def _headings(node: ast.AST, level: int) -> Iterator[Heading]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min([child.lineno, *(one.lineno for one in child.decorator_list)])
            yield Heading(first - 1, level, child.name)
            if level < LEVELS and isinstance(child, ast.ClassDef):
                yield from _headings(child, level + 1)
