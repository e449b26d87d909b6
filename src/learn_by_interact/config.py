"""The recipe: one short TOML file says what a run is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from . import small
from .agents.rollout import Limits
from .engine.pools import KINDS
from .engine.run import Budget
from .environments.folder import checked, read_toml
from .errors import ConfigError
from .evaluation.arms import arm
from .evaluation.selection import Variant
from .models.endpoint import ModelSettings
from .retrieval.retrieve import Retrieval
from .stages.keep import Rule
from .training.tune.settings import TrainTable
from .types import Texts, Value


class IngestTable(Value):
    bare: int = 0
    """Sections without a page, from which tasks are proposed without documentation: the paper's Table 6."""
    only: Texts = ()
    """Titles of the sections to learn from, or their files or addresses, with `*` and `?`; none: all."""
    skip: Texts = ()
    """Sections to leave out, likewise: what cannot work in this environment."""
    folder: Texts = ()
    """Documentation beside the environment's own: folders or files, relative to the recipe."""
    urls: Texts = ()
    """Web pages beside the environment's own documentation."""


class ProposeTable(Value):
    tasks: int = Field(default=4, ge=1)
    """Tasks for each section of documentation in a round, at least."""
    most: int = Field(default=10, ge=1)
    """Tasks for each section in a round, at most: one for each option, form or example that it has."""
    skip: Texts = ()
    """Options that no task can be about in this environment, such as `--load-extension`."""
    rounds: int = Field(default=1, ge=1)
    """Later rounds ask again about the sections of which too little has worked, and tell what was tried."""
    enough: int = Field(default=2, ge=0)
    """Windows worth an instruction with which a section needs no further round."""
    temperature: float = Field(default=0.4, ge=0)
    sections: int | None = Field(default=None, ge=1)
    """Only so many sections, spread evenly over the documentation; None: all."""


class ActingTable(Value):
    """How an agent acts."""

    limits: Limits
    actions: int = Field(default=1, ge=1)
    """Actions that one reply of the agent may hold; see `agents.agent.Acting`."""
    max_tokens: int = Field(default=160, ge=1)

    def acting(self, *others: str) -> dict[str, Any]:
        """These settings, and `others`, as a stage has them."""
        return {name: getattr(self, name) for name in ("limits", "actions", "max_tokens", *others)}


class ExploreTable(ActingTable):
    temperatures: tuple[float, ...] = Field(default=(0.0,), min_length=1)
    """One rollout of each task for each temperature."""
    begin: bool = True
    """The first action is the command that was proposed with the task."""
    settle: bool = False
    """A first command that worked ends the rollout."""
    mend: int = Field(default=8, ge=0)
    """Changes that are tried on a first command that failed, by what its error says; 0: none."""
    chain: int = Field(default=6, ge=0)
    """A command that did nothing at the start is tried after so many earlier sessions; 0: it is not."""
    limits: Limits = Limits(steps=4)
    screenshots: bool = False
    """Keep a picture with each observation, in `blobs/` of the run folder; where there is a screen."""


class RelabelTable(Value):
    cap: int = Field(default=5, ge=1)
    """Windows of one trajectory that get an instruction."""
    observation: int = Field(default=500, ge=40)
    """Characters of an observation that are shown to who writes it; of the first, twice as many."""


class JudgeTable(Value):
    models: Texts = ()
    """The committee; none: nobody is asked."""
    rule: Rule = "unanimous+replay"
    """Which verdicts keep an example; a committee of nobody is for all. `lbi calibrate` tells the best."""


class ArmTable(Value):
    """One of the arms. A recipe may write its nickname alone, and settings of the arm beside the keys."""

    arm: str
    """A nickname or `module:Class`."""
    name: str
    """In the results; the nickname where nothing is said."""
    llm: str = ""
    """Another model than the recipe's; `tuned/NAME`: the one that `lbi train` made under this name."""
    settings: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, written: Any) -> Any:
        if not isinstance(written, str | dict) or (isinstance(written, dict) and "arm" not in written):
            return written
        table: dict[str, Any] = {"arm": written} if isinstance(written, str) else dict(written)
        kind, name, llm = table.pop("arm"), table.pop("name", None), table.pop("llm", "")
        settings = {**table.pop("settings", {}), **table}
        return {"arm": kind, "name": name or kind, "llm": llm, "settings": settings}


class EvaluateTable(ActingTable):
    arms: tuple[ArmTable, ...] = Field(
        default=(ArmTable.model_validate("plain"), ArmTable.model_validate("examples")), min_length=1
    )
    """The first is what the others are compared with."""
    environment: str = ""
    """Of the held-out tasks, named as the recipe's own; "": that one, in which the agent learns."""
    variant: tuple[Variant, ...] = ()
    """More arms, each with an index of some of the kept examples."""
    tasks: int | None = Field(default=None, ge=1)
    """The first so many held-out tasks, of those that `only` names; None: all."""
    only: Texts = ()
    """Names of held-out tasks, with `*` and `?`; none: all."""
    seed: int = 0
    repeats: int = Field(default=1, ge=1)
    """How often each task is done, with the seeds from `seed` on; it needs a temperature to say anything."""
    temperature: float = 0.0
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _named_apart(self) -> EvaluateTable:
        arms = [entry.name for entry in self.arms]
        names = [*arms, *(variant.name for variant in self.variant)]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(
                f"two arms are called {twice[0]!r}; give one another name: "
                f'{{ arm = "{twice[0]}", name = "..." }}'
            )
        if self.environment and (own := [one.name for one in self.variant if one.repository]):
            raise ValueError(
                f"the variant {own[0]!r} is by repository: its examples have to be of the environment that "
                "is measured; take `environment` out, or the variant"
            )
        if strange := [one for one in self.variant if one.arm not in arms]:
            raise ValueError(
                f"the variant {strange[0].name!r} varies {strange[0].arm!r}, which is not among `arms`"
            )
        return self


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
    small: bool | None = None
    """Where the recipe says nothing, settings for a small model (`small.py`); None: for the catalogue's.
    Of a recipe that was read: whether it has any of them."""
    unsafe: bool = False
    ingest: IngestTable = IngestTable()
    propose: ProposeTable = ProposeTable()
    explore: ExploreTable = ExploreTable()
    relabel: RelabelTable = RelabelTable()
    judge: JudgeTable = JudgeTable()
    retrieval: Retrieval = Retrieval()
    evaluate: EvaluateTable = EvaluateTable()
    train: TrainTable = TrainTable()
    pool: PoolTable = PoolTable()
    budget: Budget = Budget()

    @classmethod
    def load(cls, path: Path, changes: dict[str, Any] | None = None) -> Recipe:
        """Read a recipe; `changes`: values that options of the command line put in place of its own.

        Raises ConfigError that names the file and the key.
        """
        data = merged(read_toml(path), changes or {})
        recipe = checked(cls, {**data, "path": path}, path)
        if small.is_small(recipe.model.name) if recipe.small is None else recipe.small:
            data = merged(dict(small.settings(Path(recipe.world))), data)
            filled = checked(cls, {**data, "path": path}, path)
            recipe = filled.model_copy(update={"small": filled != recipe})
        if recipe.pool.kind not in KINDS:
            raise ConfigError(f"{path}: pool.kind: {recipe.pool.kind!r} is none of {', '.join(KINDS)}")
        for table in recipe.evaluate.arms:
            arm(table.arm, table.settings)
        return recipe

    @property
    def world(self) -> str:
        """The environment's name; a folder as an absolute path."""
        return self._located(self.environment)

    @property
    def arena(self) -> str:
        """Likewise, of that in which it is measured."""
        return self._located(self.evaluate.environment or self.environment)

    def _located(self, name: str) -> str:
        folder = self.path.resolve().parent / name
        return str(folder.resolve()) if folder.is_dir() else name

    @property
    def folder(self) -> Path:
        """The run folder."""
        return Path(self.run or f"runs/{self.path.stem}")


def merged(data: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`data` with the values of `changes` in place of its own, table by table."""
    made = dict(data)
    for key, value in changes.items():
        own = data.get(key, {})
        inner = isinstance(value, dict) and isinstance(own, dict)
        made[key] = merged(own, value) if inner else value
    return made
