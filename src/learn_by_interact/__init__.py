"""Learn-by-Interact: documentation in, a measurably better agent out.

The names below are the public API; each is loaded when it is first used, so that importing the
package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agents.agent import LanguageAgent
    from .agents.rollout import Agent, Limits, rollout
    from .benchmarks import Benchmark
    from .benchmarks.folder import FolderBenchmark
    from .config import Recipe
    from .engine.pools import Pool
    from .engine.run import Budget, Progress, run
    from .engine.stage import Outcome, Stage
    from .engine.store import Store
    from .environments import ActionSpace, Environment
    from .environments.shell import ShellEnvironment
    from .errors import LbiError
    from .evaluation.report import Result
    from .models import Message, Model, Reply, Request
    from .models.connect import connect
    from .models.endpoint import ModelSettings
    from .models.scripted import Scripted
    from .pipeline import Pipeline
    from .registry import benchmark
    from .types import (
        Action,
        Attempt,
        Document,
        Example,
        Observation,
        Record,
        Step,
        Task,
        Trajectory,
        Usage,
        Verdict,
    )

__version__ = "0.1.0"

__all__ = [
    "Action",
    "ActionSpace",
    "Agent",
    "Attempt",
    "Benchmark",
    "Budget",
    "Document",
    "Environment",
    "Example",
    "FolderBenchmark",
    "LanguageAgent",
    "LbiError",
    "Limits",
    "Message",
    "Model",
    "ModelSettings",
    "Observation",
    "Outcome",
    "Pipeline",
    "Pool",
    "Progress",
    "Recipe",
    "Record",
    "Reply",
    "Request",
    "Result",
    "Scripted",
    "ShellEnvironment",
    "Stage",
    "Step",
    "Store",
    "Task",
    "Trajectory",
    "Usage",
    "Verdict",
    "__version__",
    "benchmark",
    "connect",
    "rollout",
    "run",
]

_HOMES = {
    "agents.agent": "LanguageAgent",
    "agents.rollout": "Agent Limits rollout",
    "benchmarks": "Benchmark",
    "benchmarks.folder": "FolderBenchmark",
    "config": "Recipe",
    "engine.pools": "Pool",
    "engine.run": "Budget Progress run",
    "engine.stage": "Outcome Stage",
    "engine.store": "Store",
    "environments": "ActionSpace Environment",
    "environments.shell": "ShellEnvironment",
    "errors": "LbiError",
    "evaluation.report": "Result",
    "models": "Message Model Reply Request",
    "models.connect": "connect",
    "models.endpoint": "ModelSettings",
    "models.scripted": "Scripted",
    "pipeline": "Pipeline",
    "registry": "benchmark",
    "types": "Action Attempt Document Example Observation Record Step Task Trajectory Usage Verdict",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
