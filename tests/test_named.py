"""What `module:name` names, wherever it is asked for: a mistake in it is one sentence."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from learn_by_interact.errors import ConfigError
from learn_by_interact.evaluation.arms import arm
from learn_by_interact.models.connect import client
from learn_by_interact.models.endpoint import ModelSettings
from learn_by_interact.registry import benchmark
from learn_by_interact.retrieval.encoders import encoder
from learn_by_interact.training.formats import named

ASKED: dict[str, Callable[[str], Any]] = {
    "the environment": benchmark,
    "[evaluate] arms: the arm": lambda name: arm(name, {}),
    "the format": named,
    "the encoder": encoder,
    "the model": lambda name: client(ModelSettings(name=name)),
    "the script": lambda name: client(ModelSettings(name=f"scripted/{name}")),
}
MODULES = {
    "wrong_syntax": ("def f(:\n", "SyntaxError: invalid syntax (wrong_syntax.py, line 1)"),
    "wrong_name": ("print(undefined)\n", "NameError: name 'undefined' is not defined"),
    "wrong_import": ("import nowhere_at_all\n", "No module named 'nowhere_at_all'"),
    "lacking": ("", "module 'lacking' has no attribute 'It'"),
}


@pytest.mark.parametrize("what", ASKED)
@pytest.mark.parametrize("module", MODULES)
def test_a_module_with_a_mistake_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, module: str
) -> None:
    text, why = MODULES[module]
    (tmp_path / f"{module}.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    importlib.invalidate_caches()
    with pytest.raises(ConfigError) as caught:
        ASKED[what](f"{module}:It")
    assert str(caught.value) == f"{what} '{module}:It' cannot be loaded ({why}): write module:name."


@pytest.mark.parametrize("what", [what for what in ASKED if what != "the script"])
def test_what_is_no_class_or_another_one_is_said(what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ASKED[what]("json:dumps")
    assert str(caught.value) == f"{what} 'json:dumps' cannot be loaded (it is no class): write module:Class."
    with pytest.raises(ConfigError, match=r"'json:JSONDecoder' cannot be used: its class lacks \w+"):
        ASKED[what]("json:JSONDecoder")


def test_a_script_is_something_to_answer_from() -> None:
    with pytest.raises(ConfigError, match="the script is no function, list or dict"):
        ASKED["the script"]("os:name")
