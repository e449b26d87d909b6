"""What a recipe means for a small local model where it says nothing itself.

The defaults of a recipe are the paper's, for models that write their own queries and act on after a first
command. A model of 1.5B does neither: these are the values of this repository's recipes, which were measured
with one, and they hold for the models of the catalogue unless the recipe says `small = false`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .environments.folder import read_toml
from .models.catalogue import CATALOGUE

CODE = ("repository", "swebench")
"""Those of a project's code."""

_SHORT = {"query": "instruction", "start": False, "match": False}
COMMANDS: dict[str, Any] = {
    # It mends none of its own failures; `mend` does.
    "explore": {"settle": True, "limits": {"steps": 1}},
    "relabel": {"cap": 1},
    "retrieval": {**_SHORT, "fused": [5, 2], "cut": "ends"},
    "evaluate": {"limits": {"steps": 4}, "max_tokens": 80},
}
SCREEN: dict[str, Any] = {
    "explore": {"settle": True, "limits": {"steps": 8}, "max_tokens": 80},
    "relabel": {"cap": 1, "observation": 300},
    # The screens between the actions of a demonstration fill its prompt.
    "retrieval": {**_SHORT, "fused": [3, 2], "seen": 0},
    "evaluate": {"limits": {"steps": 6}, "actions": 5, "max_tokens": 200},
}
WEB: dict[str, Any] = {
    **SCREEN,
    # A small model takes the way of what it read last, and of pages and sections as of examples.
    "retrieval": {
        **SCREEN["retrieval"],
        "apart": False,
        "pages": 0,
        "sections": 0,
        "within": 0.6,
        "best": "last",
    },
    # The way to a form, its fields and the button are six actions and more.
    "evaluate": {**SCREEN["evaluate"], "limits": {"steps": 8}, "actions": 8, "max_tokens": 300},
}
PROJECT: dict[str, Any] = {
    "explore": {"limits": {"steps": 5}, "max_tokens": 300},
    "relabel": {"cap": 2},
    # Of two examples what was done next in a state like the present one, and nothing of the documentation.
    "retrieval": {
        "query": "instruction",
        "start": False,
        "fused": [1, 1],
        "steps": 1,
        "seen": 500,
        "placement": "after",
        "sections": 0,
    },
    "evaluate": {"limits": {"steps": 6}, "max_tokens": 240},
}
SCREENS = {"web": WEB, "desktop": SCREEN}
"""By the table of an environment's file that makes it one with a screen."""


def is_small(model: str) -> bool:
    """Whether a model is one of the catalogue, all of which are."""
    return model in {f"local/{entry.name}" for entry in CATALOGUE}


def settings(environment: Path) -> Mapping[str, Any]:
    """What holds in an environment of this folder; {} for what is no folder."""
    file = environment / "environment.toml"
    if not file.is_file():
        return {}
    tables = read_toml(file)
    if any(table in tables for table in CODE):
        return PROJECT
    return next((here for table, here in SCREENS.items() if table in tables), COMMANDS)
