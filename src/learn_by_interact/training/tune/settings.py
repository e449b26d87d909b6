"""The `[train]` table of a recipe: what is tuned, on which examples, and how."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ...stages.keep import Rule
from ..choose import Choice


class TrainTable(Choice):
    """Settings of a training; those of `Choice` say on which examples.

    Where the paper names a setting (batch, rate, warm-up, length, epochs) it is the default.
    """

    rule: Rule | None = None  # type: ignore[assignment]
    """Which verdicts keep an example; None: the recipe's rule."""
    base: str = ""
    """The model that is tuned: `local/NAME`, `local//path/to.gguf`, a folder, or a name on the hub."""
    name: str = Field(default="tuned", pattern=r"^[A-Za-z0-9][\w.-]*$")
    """Folder in `models/` of the run folder: another name is another model."""
    failed: bool = False
    """Learn actions that failed, too."""
    stop: bool = True
    """Learn to end the episode after a window that does not end it; see `rows.py`."""
    reasons: Literal["kept", "hindsight", "none"] = "kept"
    """The line of reasoning before an action; see `rows.py`."""
    tokens: int | None = Field(default=None, ge=1)
    """Rows of so many tokens in all, drawn by the seed: for comparisons at equal amounts. None: all."""
    validation: float = Field(default=0.1, ge=0, lt=1)
    """Share of the sections of documentation whose rows measure and are not learned."""
    epochs: float = Field(default=3.0, gt=0)
    batch: int = Field(default=128, ge=1)
    """Rows of one update."""
    micro: int = Field(default=1, ge=1)
    """Rows that a device has in memory at a time."""
    rate: float = Field(default=2e-5, gt=0)
    """Learning rate at its height."""
    warmup: float = Field(default=0.03, ge=0, lt=1)
    """Share of the updates over which the rate rises."""
    length: int = Field(default=8192, ge=64)
    """Tokens of a row: of a longer prompt the oldest steps are left out, never anything of the reply."""
    share: bool = True
    """Read what rows begin with alike once, up to `length` tokens together: the same loss in less time. Not
    with `packing`, and not where the model cannot (it is tried, and told)."""
    packing: bool = False
    """Several rows in one sequence: faster where rows are much shorter than `length`."""
    rank: int = Field(default=16, ge=1)
    alpha: int = Field(default=32, ge=1)
    dropout: float = Field(default=0.05, ge=0, lt=1)
    save: int = Field(default=20, ge=1)
    """Updates between two checkpoints."""

    @model_validator(mode="after")
    def _fits(self) -> TrainTable:
        if self.batch % self.micro:
            raise ValueError(f"batch {self.batch} is no multiple of micro {self.micro}")
        return self
