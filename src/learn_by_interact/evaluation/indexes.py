"""The index that an arm of an evaluation needs: of documents, of all kept examples, or of some."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..benchmarks import Benchmark
from ..engine.store import Store
from ..environments import ActionSpace
from ..errors import ConfigError
from ..retrieval import documents
from ..retrieval.build import build
from ..retrieval.retrieve import Retrieval
from ..stages.keep import Rule, kept, tested_ids
from ..types import Example, Task, digest
from .selection import Variant, by_repository, select

UNCHOSEN = (
    "[[evaluate.variant]] {}: none of the examples that the rule keeps is chosen; widen the choice or take "
    "the variant out."
)


@dataclass(frozen=True)
class Indexes:
    """Builds them in the run folder, or brings them up to date."""

    store: Store
    actions: ActionSpace
    """Of the environment that the examples are of."""
    retrieval: Retrieval
    rule: Rule
    """Which verdicts keep an example."""
    say: Callable[[str], None]

    def examples(self, distilled: bool = False, variant: Variant | None = None) -> tuple[Path, str, int]:
        """The kept or the distilled examples -> (folder, digest, how many).

        `variant`: of those that it chooses, in an index of its own.
        """
        examples = kept(self.store, self.rule, distilled)
        named = "distilled" if distilled else "examples"
        if variant is not None:
            examples = select(self.store, examples, variant)
            named = f"{named}-{digest(variant.model_dump(mode='json'))[:12]}"
        return (*self._build(examples, named), len(examples))

    def needed(self, needs: str, called: str, variant: Variant | None = None) -> dict[str, Any]:
        """What an arm that is called so needs, as settings of its stage; {} for nothing.

        Raises ConfigError where no example is kept or chosen.
        """
        if not needs:
            return {}
        if needs == "documents":
            folder, name = documents.build(self.store)
            return {"index": str(folder.resolve()), "index_digest": name}
        folder, name, count = self.examples(needs == "distilled", variant)
        if not count and variant is not None:
            raise ConfigError(UNCHOSEN.format(variant.name))
        if not count:
            raise ConfigError(
                f"No example is kept under the rule {self.rule!r}, so the arm "
                f"`{called}` would be the plain agent: run more exploration, or choose another rule "
                "under [judge]."
            )
        return {"index": str(folder.resolve()), "index_digest": name, "examples": count}

    def by_repository(
        self, world: Benchmark, tasks: Sequence[Task], distilled: bool, variant: Variant
    ) -> dict[str, Any]:
        """An index for the tasks of each repository, as settings of a stage. Raises ConfigError."""
        chosen = by_repository(self.store, world, kept(self.store, self.rule, distilled), tasks, variant)
        groups = {}
        for name, some in chosen.items():
            if not some:
                self.say(f"{variant.name}: no example is for {name}: its tasks are done without one.")
            named = f"examples-{digest([distilled, variant.model_dump(mode='json'), name])[:12]}"
            folder, held = self._build(some, named) if some else ("", "")
            groups[name] = (str(Path(folder).resolve()) if some else "", held)
        count = len({example.id for some in chosen.values() for example in some})
        if not count:
            raise ConfigError(UNCHOSEN.format(variant.name))
        held = digest({name: held for name, (_, held) in groups.items()})[:16]
        return {"groups": groups, "index_digest": held, "examples": count}

    def _build(self, examples: Sequence[Example], named: str) -> tuple[Path, str]:
        """An index of these examples; those that a project's own tests pass after rank higher."""
        table, tested = self.retrieval, tested_ids(self.store, examples)
        return build(self.store, examples, self.actions, table.encoder, table.by, self.say, named, tested)
