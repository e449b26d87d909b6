"""From what is typed to a recipe."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError

if TYPE_CHECKING:
    from ..config import Recipe

BARE = re.compile(r"[\w./:#@+-]+")
"""A value that needs no quotes: `--set judge.rule=replay`."""


@dataclass(frozen=True)
class Options:
    """The options that all verbs share; None is the recipe's own."""

    recipe: Path
    model: str | None = None
    run_folder: Path | None = None
    pool: str | None = None
    workers: int | None = None
    tokens: int | None = None
    money: float | None = None
    unsafe: bool = False
    settings: tuple[str, ...] = ()
    """`table.key=value`, as typed; they win over the other options."""

    def load(self) -> Recipe:
        """The recipe with these options in place of its own. Raises ConfigError."""
        from ..config import Recipe, merged

        if self.recipe.is_dir():
            raise ConfigError(f"{self.recipe} is a folder: name the recipe in it, a file that ends in .toml.")
        if not self.recipe.is_file():
            raise ConfigError(f"There is no recipe {self.recipe}: name a TOML file, like recipes/demo.toml.")
        changes = self._changes()
        recipe = Recipe.load(self.recipe, changes)
        if self.model in (None, recipe.model.name):
            return recipe
        # Read again: what a recipe leaves out depends on its model, and what it says of the address and the
        # prices of its own is not of another. The committee's is that one, too.
        judges = [self.model if one == recipe.model.name else one for one in recipe.judge.models]
        other = {"model": {"name": self.model, "base_url": None, "prices": None}}
        more = {"judge": {"models": judges}} if judges else {}
        return Recipe.load(self.recipe, merged(merged(other, changes), more))

    def _changes(self) -> dict[str, Any]:
        typed: list[tuple[str, Any]] = [
            ("run", None if self.run_folder is None else str(self.run_folder)),
            ("pool.kind", self.pool),
            ("pool.workers", self.workers),
            ("budget.tokens", self.tokens),
            ("budget.money", self.money),
            ("unsafe", self.unsafe or None),
        ]
        changes: dict[str, Any] = {}
        for key, value in [pair for pair in typed if pair[1] is not None] + [*map(_setting, self.settings)]:
            *tables, last = key.split(".")
            place = changes
            for table in tables:
                place = place.setdefault(table, {})
                if not isinstance(place, dict):
                    raise ConfigError(
                        f"--set {key}: {table} was given a value before; give one or the other."
                    )
            place[last] = value
        return changes


def _setting(text: str) -> tuple[str, Any]:
    """`table.key=value` -> key and TOML value. Raises ConfigError."""
    key, equals, value = text.partition("=")
    key, value = key.strip(), value.strip()
    if not equals or not re.fullmatch(r"\w+(\.\w+)*", key):
        raise ConfigError(f"--set {text}: write table.key=value, as in --set evaluate.tasks=10.")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        if BARE.fullmatch(value):
            return key, value
        raise ConfigError(
            f"--set {text}: {value!r} is no TOML value; write a text in quotes, as in --set '{key}=\"...\"'."
        ) from None
