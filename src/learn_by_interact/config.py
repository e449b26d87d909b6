"""The recipe: one short TOML file says what a run is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from .agents.rollout import Limits
from .engine.pools import KINDS
from .engine.run import Budget
from .environments.folder import checked, read_toml
from .errors import ConfigError
from .evaluation.evaluate import Arm
from .models.endpoint import ModelSettings
from .retrieval.retrieve import Retrieval
from .stages.keep import Rule
from .types import Value


class IngestTable(Value):
    only: tuple[str, ...] = ()
    """Titles of the sections to learn from, with `*` and `?`; none: all."""
    skip: tuple[str, ...] = ()
    """Titles of sections to leave out: what cannot work in this environment."""


class ProposeTable(Value):
    tasks: int = Field(default=3, ge=1)
    """Tasks from the model for each section of documentation, in a round."""
    rounds: int = Field(default=1, ge=1)
    """Later rounds ask again about the sections of which too little has worked, and tell what was tried."""
    enough: int = Field(default=2, ge=0)
    """Windows worth an instruction with which a section needs no further round."""
    seeds: int = Field(default=2, ge=0)
    """Commands that the section shows and that the question names, at most."""
    temperature: float = Field(default=0.4, ge=0)
    sections: int | None = Field(default=None, ge=1)
    """Only so many sections, spread evenly over the documentation; None: all."""


class ExploreTable(Value):
    temperatures: tuple[float, ...] = Field(default=(0.0,), min_length=1)
    """One rollout of each task for each temperature."""
    begin: bool = True
    """The first action is the command that was proposed with the task."""
    settle: bool = False
    """A first command that worked ends the rollout."""
    limits: Limits = Limits(steps=4)
    max_tokens: int = Field(default=160, ge=1)


class RelabelTable(Value):
    cap: int = Field(default=5, ge=1)
    """Windows of one trajectory that get an instruction."""


class JudgeTable(Value):
    models: tuple[str, ...] = ()
    """The committee; none: nobody is asked."""
    rule: Rule = "replay"
    """Which verdicts keep an example."""


class EvaluateTable(Value):
    arms: tuple[Arm, ...] = Field(default=("plain", "examples"), min_length=1)
    tasks: int | None = Field(default=None, ge=1)
    """The first so many held-out tasks, of those that `only` names; None: all."""
    only: tuple[str, ...] = ()
    """Names of held-out tasks, with `*` and `?`; none: all."""
    seed: int = 0
    limits: Limits = Limits()
    max_tokens: int = Field(default=160, ge=1)


class PoolTable(Value):
    kind: str = "threads"
    workers: int = 4


class Recipe(Value):
    """All settings of a run; unknown keys are refused."""

    path: Path
    environment: str
    """A folder (relative to the recipe), a nickname or `module:Class`."""
    run: str = ""
    """The run folder, relative to where the command is typed; "" is `runs/<name of the recipe>`."""
    model: ModelSettings = ModelSettings(name="local/qwen2.5-coder-1.5b")
    unsafe: bool = False
    ingest: IngestTable = IngestTable()
    propose: ProposeTable = ProposeTable()
    explore: ExploreTable = ExploreTable()
    relabel: RelabelTable = RelabelTable()
    judge: JudgeTable = JudgeTable()
    retrieval: Retrieval = Retrieval()
    evaluate: EvaluateTable = EvaluateTable()
    pool: PoolTable = PoolTable()
    budget: Budget = Budget()

    @classmethod
    def load(cls, path: Path, changes: dict[str, Any] | None = None) -> Recipe:
        """Read a recipe; `changes`: values that options of the command line put in place of its own.

        Raises ConfigError that names the file and the key.
        """
        data = _merged(read_toml(path), changes or {})
        recipe = checked(cls, {**data, "path": path}, path)
        if recipe.pool.kind not in KINDS:
            raise ConfigError(f"{path}: pool.kind: {recipe.pool.kind!r} is none of {', '.join(KINDS)}")
        return recipe

    @property
    def world(self) -> str:
        """The environment's name; a folder as an absolute path."""
        folder = self.path.resolve().parent / self.environment
        return str(folder.resolve()) if folder.is_dir() else self.environment

    @property
    def folder(self) -> Path:
        """The run folder."""
        return Path(self.run or f"runs/{self.path.stem}")


def _merged(data: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`data` with the values of `changes` in place of its own, table by table."""
    merged = dict(data)
    for key, value in changes.items():
        own = data.get(key, {})
        inner = isinstance(value, dict) and isinstance(own, dict)
        merged[key] = _merged(own, value) if inner else value
    return merged
