"""Export: the chosen examples of a run, written down for a trainer, a side at a time split by section.

The store is read twice, once to see what there is and once to write; no list of rows is ever made. Files are
written into a folder beside the one that was asked for, which takes its name when all are complete.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..engine.run import Progress
from ..engine.store import Store
from ..environments import Environment
from ..errors import ConfigError, StoreError
from ..types import Value
from .choose import Choice, Window
from .deal import Deal
from .formats import Format, Totals, named
from .rows import Row, Rows
from .split import SIDES, Side, Split
from .survey import Alike, Lengths, lengths

MANIFEST = "export.json"
EVERY = 50
"""Examples between two reports."""


class Exported(Value):
    """What an export wrote, and what it did not."""

    run: str
    environment: str
    format: str
    folder: str
    choice: Choice
    rows_made: Rows
    split: Split
    examples: dict[Side, int]
    sections: dict[Side, int]
    rows: dict[Side, int]
    """In this format: one a step, a window or a trajectory."""
    left_out: dict[str, int]
    """Examples by why they were left out."""
    kinds: dict[str, int]
    actions: Lengths
    """Of a window."""
    prompt: Lengths
    """Characters of a row before its last reply."""
    reply: Lengths
    """Characters of the last reply."""
    alike: Alike
    not_carried: tuple[str, ...]
    use: str
    """What reads the folder."""


class _Counts:
    """What was written, counted while it is."""

    def __init__(self) -> None:
        self.examples, self.rows = dict.fromkeys(SIDES, 0), dict.fromkeys(SIDES, 0)
        self.groups: dict[Side, set[str]] = {side: set() for side in SIDES}
        self.blobs = 0
        """Pictures and files of observations: no format has them yet."""
        self.prompt: Counter[int] = Counter()
        self.reply: Counter[int] = Counter()

    def add(self, side: Side, window: Window, rows: Sequence[Row], written: int) -> None:
        self.rows[side] += written
        self.examples[side] += 1
        self.groups[side].add(window.group)
        seen = range(window.example.begin, window.example.end + 1)
        self.blobs += sum(len(window.trajectory.observation(at).blobs) for at in seen)
        for row in rows:
            self._measure(row)

    def _measure(self, row: Row) -> None:
        *before, last = (len(message.content) for message in row.messages)
        self.prompt[sum(before)] += 1
        self.reply[last] += 1

    @property
    def sections(self) -> dict[Side, int]:
        return {side: len(groups) for side, groups in self.groups.items()}

    def totals(self, run: str, environment: str) -> Totals:
        return Totals(
            run=run,
            environment=environment,
            rows=self.rows,
            examples=self.examples,
            sections=self.sections,
        )

    def told(self) -> dict[str, Any]:
        """Fields of `Exported`."""
        return {
            "examples": self.examples,
            "sections": self.sections,
            "rows": self.rows,
            "prompt": lengths(self.prompt),
            "reply": lengths(self.reply),
        }


def export(
    store: Store,
    environment: Environment,
    name: str,
    folder: Path,
    choice: Choice | None = None,
    rows: Rows | None = None,
    split: Split | None = None,
    report: Callable[[Progress], None] = lambda _: None,
) -> Exported:
    """Write the examples that `choice` names into `folder`, in the format `name`.

    `environment` says how its actions are written; it is not entered. Raises ConfigError for an unknown
    format, a folder that is not empty, a title that fits no section, and a choice that leaves nothing or
    gives no row in this format; StoreError when the folder cannot be written.
    """
    choice, rows, split = choice or Choice(), rows or Rows(), split or Split()
    kind = named(name)
    with _folder(folder) as place:
        writer = kind(place, rows)
        deal = Deal(store, environment, choice, rows, split, "--rule", getattr(kind, "pairs", False))
        survey = deal.survey
        try:
            counts = _write(deal, writer, report)
        except BaseException:
            writer.abandon()
            raise
        writer.close(counts.totals(store.folder.resolve().name, environment.name))
        exported = Exported(
            run=str(store.folder),
            environment=environment.name,
            format=name,
            folder=str(folder),
            choice=choice,
            rows_made=rows,
            split=split,
            **counts.told(),
            left_out=dict(deal.left_out.most_common()),
            kinds=dict(survey.kinds.most_common()),
            actions=lengths(survey.actions),
            alike=survey.alike(deal.sides),
            not_carried=(*writer.not_carried(), *_blobs(counts.blobs)),
            use=writer.use(),
        )
        (place / MANIFEST).write_text(exported.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return exported


def _write(deal: Deal, writer: Format, report: Callable[[Progress], None]) -> _Counts:
    """Raises ConfigError when no row was written."""
    counts, begin, total = _Counts(), time.monotonic(), deal.survey.examples
    report(Progress(stage="export", total=total))
    for through, (window, side, made) in enumerate(deal, 1):
        if side and made:
            written = sum(writer.add(side, window, made) for _ in range(window.times))
            counts.add(side, window, made, written)
        if through % EVERY == 0 or through == total:
            report(Progress(stage="export", total=total, done=through, seconds=time.monotonic() - begin))
    if not any(counts.rows.values()):
        raise ConfigError(deal.nothing())
    return counts


def _blobs(count: int) -> list[str]:
    return [f"{count:,} pictures and files of observations"] if count else []


@contextmanager
def _folder(folder: Path) -> Iterator[Path]:
    """A place to write in, which becomes `folder` at the end; it is removed when writing fails."""
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        what = "is a file" if folder.is_file() else "is not empty"
        raise ConfigError(f"{folder} {what}: name another --out, or remove it.")
    if folder.resolve() == Path.cwd():
        raise ConfigError(f"{folder} is the current folder: name a new one with --out.")
    place = folder.with_name(f".{folder.name}.lbi-part")
    try:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        yield place
        if folder.is_dir():
            folder.rmdir()
        place.rename(folder)
    except OSError as error:
        shutil.rmtree(place, ignore_errors=True)
        raise StoreError(f"{folder} cannot be written: {error.strerror or error}.") from error
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
