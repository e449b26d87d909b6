"""Which of the kept examples an arm learns from: the ablations of the paper are selections."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from pydantic import Field, model_validator

from ..benchmarks import Benchmark, Grouped
from ..engine.store import Store
from ..errors import ConfigError
from ..texts import fits
from ..types import Document, Example, Kind, Task, Trajectory, Value, digest


class Selection(Value):
    """A choice among the kept examples. Without settings it is all of them."""

    most: int | None = Field(default=None, ge=1)
    """At most so many, in an order that follows from a hash: fewer are always among more."""
    seed: int = 0
    """Of that order: another draw of the same number."""
    lengths: tuple[int, int] | None = None
    """Only windows of so many actions, both bounds included."""
    kinds: tuple[Kind, ...] = ()
    """Only instructions that came about this way; none: all."""
    sections: tuple[str, ...] = ()
    """Only examples that go back to a section of documentation so entitled, with `*` and `?`; none: all."""
    without_sections: tuple[str, ...] = ()
    """No example that goes back to a section so entitled."""

    @model_validator(mode="after")
    def _sensible(self) -> Selection:
        if self.lengths and not 1 <= self.lengths[0] <= self.lengths[1]:
            raise ValueError(
                f"lengths: {list(self.lengths)} is no range; write the fewest and the most actions"
            )
        return self


class Variant(Selection):
    """One more arm: another arm's agent, with an index of these examples alone."""

    name: str = Field(min_length=1)
    arm: str = "examples"
    """The arm that it varies."""
    repository: Literal["", "own", "others"] = ""
    """For each task only examples of the repository that it is of, or only those of others: held out by
    repository. `most` is then of each repository's choice."""


def select(store: Store, examples: Sequence[Example], selection: Selection) -> list[Example]:
    """The chosen ones of these examples, in order of their id.

    Raises ConfigError when a title under `sections` or `without_sections` fits no section.
    """
    titles = {document.id: document.title for document in store.records(Document)}
    admits = fitting(titles.values(), selection)
    origins = sections(store, examples)
    chosen = [example for example in examples if admits(example, titles.get(origins[example.id]))]
    chosen.sort(key=lambda example: rank(example, selection.seed))
    return sorted(chosen[: selection.most], key=lambda example: example.id)


def fitting(
    titles: Iterable[str], selection: Selection, within: str = "[[evaluate.variant]]"
) -> Callable[[Example, str | None], bool]:
    """Whether a selection admits an example that goes back to a section of this title (None: to none).

    `titles`: of all sections. `most` is not looked at. Raises ConfigError that begins with `within` when a
    title under `sections` or `without_sections` fits no section.
    """
    known = set(titles)
    for pattern in (*selection.sections, *selection.without_sections):
        if not _named(known, [pattern]):
            raise ConfigError(
                f"{within}: no section of the documentation is called {pattern!r}; there are: "
                f"{', '.join(sorted(known))}."
            )
    inside = _named(known, selection.sections or ["*"]) - _named(known, selection.without_sections)

    def admits(example: Example, title: str | None) -> bool:
        here = title in inside if title is not None else not selection.sections
        return here and _fits(example, selection)

    return admits


def rank(example: Example, seed: int) -> str:
    """Where an example stands in the order in which `most` takes the first."""
    return digest([seed, example.id])


def by_repository(
    store: Store, world: Benchmark, examples: Sequence[Example], tasks: Iterable[Task], variant: Variant
) -> dict[str, list[Example]]:
    """For each repository that one of the tasks is of, what a variant by repository chooses of the examples.

    Raises ConfigError as `select` does, and when the benchmark knows no repositories.
    """
    if not isinstance(world, Grouped):
        raise ConfigError(
            f"[[evaluate.variant]] {variant.name}: repository: the tasks of {world.name} are not of several "
            "repositories; take it out, or name a folder of kind swebench."
        )
    every = select(store, examples, variant.model_copy(update={"most": None}))
    groups = {identity: world.group(task) for identity, task in origins(store, every).items()}
    found = {}
    for name in sorted({world.group(task) for task in tasks}):
        own = variant.repository == "own"
        some = [example for example in every if (groups[example.id] == name) == own]
        some.sort(key=lambda example: rank(example, variant.seed))
        found[name] = sorted(some[: variant.most], key=lambda example: example.id)
    return found


def sections(store: Store, examples: Iterable[Example]) -> dict[str, str]:
    """For each example's id the parent of its task: the id of the document that this was proposed from."""
    return {identity: task.parent for identity, task in origins(store, examples).items()}


def origins(store: Store, examples: Iterable[Example]) -> dict[str, Task]:
    """For each example's id the task whose trajectory it is of."""
    tasks: dict[str, Task] = {}
    found = {}
    for example in examples:
        if example.trajectory not in tasks:
            trajectory = store.get(example.trajectory)
            assert isinstance(trajectory, Trajectory)
            task = store.get(trajectory.task)
            assert isinstance(task, Task)
            tasks[example.trajectory] = task
        found[example.id] = tasks[example.trajectory]
    return found


def _named(titles: set[str], patterns: Sequence[str]) -> set[str]:
    return {title for title in titles if fits(title, patterns)}


def _fits(example: Example, selection: Selection) -> bool:
    length = example.end - example.begin
    low, high = selection.lengths or (length, length)
    return low <= length <= high and (not selection.kinds or example.kind in selection.kinds)
