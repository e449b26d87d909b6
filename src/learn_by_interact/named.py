"""What `module:name` names: the models, environments, arms, formats and encoders of users."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from .errors import ConfigError, LbiError


def load(path: str, what: str) -> Any:
    """What `module:name` names; modules of the current folder are found too. Raises ConfigError.

    `what`: how an error calls it (`the arm`).
    """
    module, _, attribute = path.partition(":")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        return getattr(importlib.import_module(module), attribute)
    except LbiError:
        raise
    except Exception as error:
        # A module of users: whatever stands in it, such as a syntax error.
        said = " ".join(str(error).split())
        why = said if isinstance(error, ImportError | AttributeError) else f"{type(error).__name__}: {said}"
        raise ConfigError(f"{what} {path!r} cannot be loaded ({why}): write module:name.") from error


def load_class(path: str, what: str, *has: str) -> Any:
    """The class that `module:Class` names, which has these attributes. Raises ConfigError."""
    found = load(path, what)
    if not isinstance(found, type):
        raise ConfigError(f"{what} {path!r} cannot be loaded (it is no class): write module:Class.")
    lacks = [name for name in has if not hasattr(found, name)]
    if lacks:
        raise ConfigError(f"{what} {path!r} cannot be used: its class lacks {', '.join(lacks)}.")
    return found
