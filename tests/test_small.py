"""A recipe that says nothing means something else for a small local model than for a large one."""

from __future__ import annotations

from pathlib import Path

import pytest

from learn_by_interact.cli.options import Options
from learn_by_interact.config import Recipe

LARGE = "openai/gpt-4o"


def recipe(folder: Path, environment: str, text: str = "", model: str = "local/qwen2.5-coder-1.5b") -> Recipe:
    (folder / "it").mkdir(exist_ok=True)
    (folder / "it" / "environment.toml").write_text(environment)
    path = folder / "it.toml"
    path.write_text(f'environment = "it"\n{text}\n[model]\nname = "{model}"\n')
    return Recipe.load(path)


SHELL = 'name = "it"\ndescription = "A shell."\n'


def test_a_small_model_on_commands_writes_no_query_and_ends_after_what_worked(tmp_path: Path) -> None:
    found = recipe(tmp_path, SHELL)
    assert (found.retrieval.query, found.retrieval.fused) == ("instruction", (5, 2))
    assert found.explore.settle and found.explore.limits.steps == 1 and found.relabel.cap == 1
    assert found.small


def test_what_the_recipe_says_holds(tmp_path: Path) -> None:
    text = '[explore]\nsettle = false\n[retrieval]\nquery = "written"\n[evaluate]\nlimits = { seconds = 9 }'
    found = recipe(tmp_path, SHELL, text)
    assert found.retrieval.query == "written" and found.retrieval.fused == (5, 2)
    assert not found.explore.settle and found.explore.limits.steps == 1
    assert (found.evaluate.limits.seconds, found.evaluate.limits.steps) == (9, 4)


def test_on_a_screen_a_reply_holds_several_actions(tmp_path: Path) -> None:
    found = recipe(tmp_path, f'{SHELL}[web]\nurl = "http://127.0.0.1:9"\n')
    assert found.evaluate.actions == 8 and found.retrieval.seen == 0
    assert (found.retrieval.pages, found.retrieval.apart) == (0, False), "examples alone, though alike"
    assert found.retrieval.best == "last"
    desktop = recipe(tmp_path, f"{SHELL}[desktop]\n")
    assert desktop.evaluate.actions == 5 and desktop.retrieval.pages == 3


def test_in_code_it_is_shown_what_was_done_next_in_a_state_like_this(tmp_path: Path) -> None:
    found = recipe(tmp_path, f'{SHELL}[repository]\npath = "x"\n')
    assert (found.retrieval.steps, found.retrieval.placement, found.retrieval.sections) == (1, "after", 0)
    assert found.retrieval.match and found.evaluate.limits.steps == 6 and found.small


@pytest.mark.parametrize(
    ("environment", "text", "model"),
    [
        (SHELL, "", LARGE),
        (SHELL, "small = false", "local/qwen2.5-coder-1.5b"),
    ],
)
def test_others_keep_the_settings_of_the_paper(
    tmp_path: Path, environment: str, text: str, model: str
) -> None:
    found = recipe(tmp_path, environment, text, model)
    assert found.retrieval.query == "written" and found.retrieval.fused is None and not found.explore.settle
    assert not found.small


def test_any_model_may_be_called_small(tmp_path: Path) -> None:
    assert recipe(tmp_path, SHELL, "small = true", LARGE).retrieval.query == "instruction"


def test_the_model_that_is_typed_decides(tmp_path: Path) -> None:
    recipe(tmp_path, SHELL, '[judge]\nmodels = ["local/qwen2.5-coder-1.5b", "openai/o3"]')
    path = tmp_path / "it.toml"
    path.write_text(
        path.read_text()
        + 'base_url = "http://127.0.0.1:9/v1"\nprices = { prompt = 1.0, cached = 1.0, completion = 1.0 }\n'
    )
    large = Options(path, model=LARGE).load()
    assert (large.model.name, large.retrieval.query) == (LARGE, "written") and not large.small
    assert large.model.base_url is None and large.model.prices is None
    assert large.judge.models == (LARGE, "openai/o3") and large.evaluate.limits.steps > 4
    path.write_text(path.read_text().replace("local/qwen2.5-coder-1.5b", LARGE))
    small = Options(path, model="local/qwen2.5-coder-1.5b", settings=("relabel.cap=3",)).load()
    assert small.small and small.retrieval.query == "instruction" and small.relabel.cap == 3
