"""The way of a repair whose mistake is known, as one goes it to whom it is not.

Each action follows from what was seen before it: the tests that the task names, the line to which their
traceback leads, or else the definition of a function that is spoken of. Where nothing seen leads to the
mistake there is no way, for an example of it would teach guessing.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from ..environments.actions import SHELL
from ..environments.repository import REPLACE, SEARCH, VIEW
from ..environments.repository.grammar import PREFIX
from ..environments.repository.source import is_test
from ..errors import ParseError
from ..types import STOP, Action, Step, Task
from .repairs import NAMED, Known

LAST = 20
"""Lines of what tests say that are looked at."""
BEFORE, AFTER = 12, 6
"""Lines that are viewed around one that a traceback names."""
BELOW = 40
"""Lines that are viewed from a definition on."""
PLACE = r'(?:^|[\s"/]){path}(?:", line |:)(\d+)'
HIT = re.compile(r"^(\S+?):(\d+): ", re.MULTILINE)


class Guide:
    """Does one repair: runs its tests, looks where they lead, mends, and runs them again."""

    def __init__(self, known: Known, test: str) -> None:
        """`test`: the bash command that runs the project's tests."""
        self._known = known
        # Other runners than pytest do not take the names that they print.
        named = [one for one in known.fails[:NAMED] if "::" in one]
        run = " ".join([test, *(["-x", "--tb=short"] if named else []), *map(shlex.quote, named)])
        self._run = Action(tool=SHELL, arguments={"command": f"{run} 2>&1 | tail -{LAST}"})

    def __call__(self, task: Task, steps: Sequence[Step]) -> Action:
        """What is done after these steps. Raises ParseError where nothing seen leads to the mistake."""
        if not steps:
            return self._run
        tool, seen = steps[-1].action.tool, steps[-1].observation
        if seen.failed:
            raise ParseError(f"{self._known.name}: {seen.text[:200]}")
        if tool == SHELL:
            if any(step.action.tool == REPLACE for step in steps):
                return Action(tool=STOP, arguments={"answer": ""})
            return self._traced(seen.text) or self._searched(task, seen.text)
        if tool == SEARCH:
            return self._viewed(seen.text)
        if tool == VIEW:
            return self._mended(seen.text)
        return self._run

    def _mended(self, shown: str) -> Action:
        """Replace the lines with the mistake, with their numbers as a view shows them."""
        known, last = self._known, self._known.line + self._known.old.count("\n")
        prefixes = [found[0] for line in shown.split("\n") if (found := PREFIX.match(line))]
        width = next(len(prefix) for prefix in prefixes if int(prefix) == last)
        old, new = (
            "\n".join(f"{f'{at}  ':>{width}}{line}" for at, line in enumerate(text.split("\n"), known.line))
            for text in (known.old, known.new)
        )
        return Action(tool=REPLACE, arguments={"path": known.path, "old": old, "new": new})

    def _view(self, begin: int, end: int) -> Action | None:
        """Look at these lines, if they hold the mistake."""
        known = self._known
        first, last = known.line, known.line + known.old.count("\n")
        if not begin <= first <= last <= end:
            return None
        return Action(tool=VIEW, arguments={"path": known.path, "start": max(1, begin), "end": end})

    def _traced(self, told: str) -> Action | None:
        """Look where the last line of a traceback is that is near to the mistake."""
        places = re.findall(PLACE.format(path=re.escape(self._known.path)), told, re.MULTILINE)
        views = [self._view(int(line) - BEFORE, int(line) + AFTER) for line in reversed(places)]
        return next(filter(None, views), None)

    def _searched(self, task: Task, told: str) -> Action:
        name = self._known.function.split(".")[-1]
        spoken = re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", f"{task.instruction}\n{told}")
        if name.startswith("__") or not spoken:
            raise ParseError(f"{self._known.name}: nothing that the tests say leads to {name}")
        return Action(tool=SEARCH, arguments={"text": f"def {name}("})

    def _viewed(self, told: str) -> Action:
        """Look at the definition that a search found, if there is but one."""
        found = [(path, int(line)) for path, line in HIT.findall(told) if not is_test(path)]
        if len(found) == 1 and found[0][0] == self._known.path:
            line = found[0][1]
            if view := self._view(line, line + BELOW):
                return view
        raise ParseError(f"{self._known.name}: the search does not lead to line {self._known.line}")
