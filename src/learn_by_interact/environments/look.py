"""Acting by hand, and what tells two episodes apart whose fingerprints differ."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import ndiff
from pathlib import Path
from typing import Self

from ..errors import ConfigError, ParseError
from ..types import Observation, Task
from .fingerprint import lasting
from .folder import EnvironmentFolder
from .kinds import declared

MOST = 8
"""Lines that are told of one difference."""


class Look:
    """One episode in the environment of a folder, done by hand. A context manager."""

    def __init__(self, folder: EnvironmentFolder, unsafe: bool = False) -> None:
        self.folder = folder
        self._environment = declared(folder, unsafe)
        self._seen = ""

    def __enter__(self) -> Self:
        self._environment.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._environment.leave(well=True)

    def reset(self, page: str = "") -> Observation:
        """Begin, on a page of a web application or with a document of a desktop's if one is named."""
        setup = {"file" if self.folder.desktop else "page": page} if page else {}
        task = Task(environment=self.folder.name, instruction="", setup=setup)
        return self._keep(self._environment.reset(task))

    def step(self, written: str) -> Observation:
        """Do an action. Raises ConfigError when it is none."""
        actions = self._environment.actions
        try:
            action = actions.parse(f"ACTION: {written}")[1]
        except ParseError as error:
            raise ConfigError(f"{written!r}: {' '.join(str(error).split())}") from None
        return self._keep(self._environment.step(action))

    def against(self, other: Look) -> list[str]:
        """In what the present state differs from another episode's, after the same actions."""
        told = []
        mine, theirs = self.folder.volatile.replace(self._seen), self.folder.volatile.replace(other._seen)
        if mine != theirs:
            told += ["what was seen:", *_lines(mine, theirs)]
        one, two = self._files(), other._files()
        for name in sorted(one.keys() | two.keys()):
            if one.get(name) != two.get(name):
                told.append(f"{name}:")
                volatile = self.folder.volatile
                told += _lines(*(lasting(look._home / name, volatile) for look in (self, other)))
        return told or ["something that is not shown (an exit code, permissions, a part of a page)"]

    def _keep(self, observation: Observation) -> Observation:
        self._seen = observation.text
        return observation

    @property
    def _home(self) -> Path:
        return self._environment.home

    def _files(self) -> Mapping[str, str]:
        return self._environment.files


def _lines(one: str, other: str) -> list[str]:
    """The lines in which two texts differ: `- ` of the one, `+ ` of the other."""
    found = [line[:300] for line in ndiff(one.splitlines(), other.splitlines()) if line[:2] in ("- ", "+ ")]
    more = [f"  ({len(found) - MOST} more lines)"] if len(found) > MOST else []
    return [f"  {line}" for line in found[:MOST]] + more
