"""What stages that call a model in an environment share."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ..benchmarks import Benchmark
from ..engine.stage import Stage
from ..models import Model
from ..models.connect import connect
from ..models.endpoint import ModelSettings
from ..registry import benchmark
from ..types import digest


class World(Stage):
    """A stage that acts in an environment, or needs to know it."""

    aside: ClassVar[frozenset[str]] = frozenset({"unsafe"})

    environment: str
    """A folder, a nickname or `module:Class`."""
    unsafe: bool = False
    """Without a sandbox; see `lbi run --help`."""

    def world(self) -> Benchmark:
        return benchmark(self.environment, unsafe=self.unsafe)


class ModelStage(World):
    """A stage that calls a model. How fast it may be called is no part of the stage's identity."""

    model: ModelSettings
    version: str = ""
    """Of its prompt: a stage whose prompt changed is another stage."""
    replies: str = ""
    """Folder of the stored replies; "" stores none."""

    @property
    def key(self) -> str:
        aside = {"unsafe", "replies", "model", *self.aside}
        settings: dict[str, Any] = self.model_dump(mode="json", exclude=aside)
        identity = {"name": self.model.name, "base_url": self.model.base_url}
        return f"{self.name}:{digest({**settings, 'model': identity})[:16]}"

    def connect(self) -> Model:
        return connect(self.model, Path(self.replies) if self.replies else None)
