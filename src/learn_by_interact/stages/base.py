"""What stages that call a model in an environment share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ..agents.agent import SEVERAL, Acting
from ..benchmarks import Benchmark
from ..engine.stage import Stage
from ..environments import Environment, Pictured
from ..models import Message, Model, Request
from ..models.connect import connect
from ..models.endpoint import ModelSettings
from ..registry import benchmark, identity
from ..types import Document, Usage
from .structured import ask

if TYPE_CHECKING:
    from ..engine.store import Store

EXPLORATION = ("explore", "mend", "chain", "import")
"""The stages whose trajectories are learned from."""


class World(Stage):
    """A stage that acts in an environment, or needs to know it."""

    aside: ClassVar[frozenset[str]] = frozenset({"unsafe"})

    environment: str
    """A folder, a nickname or `module:Class`."""
    unsafe: bool = False
    """Without a sandbox; see `lbi run --help`."""

    def world(self) -> Benchmark:
        return benchmark(self.environment, unsafe=self.unsafe)

    def identity(self) -> dict[str, Any]:
        """An environment that changed is another one; one that was only moved is not."""
        return {**super().identity(), "environment": identity(self.environment)}


class ModelStage(World):
    """A stage that calls a model. How fast it may be called is no part of the stage's identity."""

    model: ModelSettings
    version: str = ""
    """Of its prompt: a stage whose prompt changed is another stage."""
    replies: str = ""
    """Folder of the stored replies; "" stores none."""
    pictures: str = ""
    """Folder in which pictures of what is seen are kept; "" takes none."""

    def identity(self) -> dict[str, Any]:
        settings = super().identity()
        known: dict[str, Any] = {"name": self.model.name, "base_url": self.model.address or None}
        known |= {"pictures": self.model.pictures} if self.model.pictures else {}
        known |= {"weights": self.model.weights} if self.model.weights else {}
        # One action a reply is what there was before there could be several.
        several = settings.pop("actions", 1)
        settings |= {"actions": [several, SEVERAL.version]} if several > 1 else {}
        return {
            **{key: settings[key] for key in settings.keys() - {"unsafe", "replies", "pictures"}},
            "model": known,
        }

    def acting(self, **settings: Any) -> Acting:
        """Settings of an agent that is sent what this stage's model sees."""
        return Acting(pictures=self.model.pictures, blobs=self.pictures, **settings)

    def open(self) -> Environment:
        """A fresh environment, which keeps pictures where they are wanted."""
        environment = self.world().environment()
        if self.pictures and isinstance(environment, Pictured):
            environment.pictures = Path(self.pictures)
        return environment

    def connect(self) -> Model:
        return connect(self.model, Path(self.replies) if self.replies else None)

    def ask(
        self,
        system: str,
        question: str,
        form: dict[str, Any],
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> tuple[dict[str, Any], Usage]:
        """A question with its system message -> an object of this JSON schema. Raises ParseError."""
        model = self.connect()
        return ask(
            model,
            Request(
                model=model.name,
                messages=(
                    Message(role="system", content=system),
                    Message(role="user", content=question),
                ),
                max_tokens=max_tokens,
                temperature=temperature,
                seed=seed,
                json_schema=form,
            ),
        )


def lacking(store: Store, what: str, verb: str, recipe: Path) -> str:
    """Why a run folder holds none of what a verb makes, and what to type."""
    attempts = list(store.attempts(verb))
    if not attempts:
        return f"{store.folder} holds no {what} yet: run `lbi {verb} {recipe}` first."
    errors = [attempt.error for attempt in attempts if attempt.error]
    why = f"; {len(errors)} of its attempts failed, the last with: {errors[-1]}" if errors else ""
    return f"{store.folder} holds no {what}: `lbi {verb}` made none{why}"


def in_order(documents: Sequence[Document]) -> list[Document]:
    """Documents as they stand in their sources, so that neighbours share a prompt's beginning."""
    return sorted(documents, key=lambda document: (document.source, document.begin))
