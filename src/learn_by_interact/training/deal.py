"""The rows of a run's chosen examples, a side each: what an export writes and a training learns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..engine.store import Store
from ..environments import Environment
from ..errors import ConfigError
from ..types import Example
from .choose import Choice, Chooser, Window
from .pairs import failures
from .rows import Maker, Row, Rows, need_reasons
from .split import Side, Sides, Split, origins
from .survey import Survey

BOTH_SIDES = "both sides of the split"
NO_ROW = "no action to learn, or of pairs none that was wrong in the same state"


class Deal:
    """Reads the store once to see what there is, and once for each time that the rows are wanted."""

    def __init__(
        self,
        store: Store,
        environment: Environment,
        choice: Choice,
        rows: Rows,
        split: Split,
        setting: str,
        pairs: bool = False,
    ) -> None:
        """`setting`: where the rule is chosen, as errors name it. `pairs`: rows with rejected replies alone.

        Raises ConfigError: nothing is chosen, a title fits no section, or nobody wrote the reasons asked for.
        """
        need_reasons(store, rows)
        self._store = store
        self._way = f"choose another {setting}, or choose less narrowly"
        self._way += ", or take another --format" if pairs else ""
        self._chooser = Chooser(store, choice)
        self._unused: Counter[str] = Counter()
        self.survey = Survey(self._chooser)
        if not self.survey.examples:
            raise ConfigError(self.nothing())
        begun = origins(store, self._chooser.sections, self.survey.chained)
        self.sides = Sides(self.survey.groups, split, begun)
        failed = failures(store) if pairs else None
        self._maker = Maker(environment.actions, environment.description, rows, failed)

    def __iter__(self) -> Iterator[tuple[Window, Side | None, list[Row]]]:
        """Each chosen window with its side and its rows; where it has none they are None and empty."""
        self._unused = Counter()
        for window in self._chooser:
            side = self.sides.of(window)
            made = self._maker.rows(window) if side else []
            if not made:
                self._unused[NO_ROW if side else BOTH_SIDES] += 1
            yield window, side, made

    @property
    def left_out(self) -> Counter[str]:
        """Of the last reading: examples by why they gave no row."""
        return self._chooser.left_out + self._unused

    def nothing(self) -> str:
        """Why there is no row, and what helps."""
        if not self._store.count(Example):
            return f"{self._store.folder} holds no examples yet: `lbi run` with its recipe makes them."
        counted = ", ".join(f"{reason} {count}" for reason, count in self.left_out.most_common())
        reasons = counted or "none is of these kinds"
        return f"No example of {self._store.folder} is left ({reasons}): {self._way}."
