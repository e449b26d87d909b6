"""One error for each boundary. A message is one sentence that says what is wrong and the way out."""

from __future__ import annotations


class LbiError(Exception):
    """Base of all errors that a user may see; `boundary` names where it arose."""

    boundary = "program"

    def __str__(self) -> str:
        return " ".join(str(argument) for argument in self.args)

    def __reduce__(self) -> tuple[type[LbiError], tuple[object, ...]]:
        return type(self), self.args


class ConfigError(LbiError):
    """A recipe, a folder or an option is wrong; names the file and the key."""

    boundary = "config"


class PilotTooSmall(ConfigError):
    """A forecast's pilot did not reach all stages."""


class StoreError(LbiError):
    """The run folder cannot be used: in use, from a newer version, disk full."""

    boundary = "store"


class ModelError(LbiError):
    """A model call failed after its retries."""

    boundary = "model"


class ModelRefused(ModelError):
    """The endpoint will refuse every call alike (wrong key, unknown model): the run must stop."""


class ContextFull(ModelError):
    """The prompt is longer than the model's context."""


class BudgetSpent(LbiError):
    """The budget of tokens or money is reached: the run stops and can be resumed."""

    boundary = "budget"


class ParseError(LbiError):
    """A reply could not be read; the message is written for the model that wrote it."""

    boundary = "parse"


class EnvironmentFault(LbiError):
    """The environment itself broke (not: an action in it failed)."""

    boundary = "environment"


class SandboxMissing(ConfigError):
    """The sandbox that was asked for is not installed; the message is the line to type."""


class GraderFault(LbiError):
    """The check of a task could not be run: the task is ungraded, not failed."""

    boundary = "grader"


def sentence(error: BaseException) -> str:
    """`boundary: message`, on one line, for a ledger line or a terminal."""
    boundary = error.boundary if isinstance(error, LbiError) else type(error).__name__
    return f"{boundary}: {' '.join(str(error).split())}"[:500]
