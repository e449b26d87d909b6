"""`lbi export`: what it prints and writes, and what a user can do wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import taught
import tiny
from learn_by_interact.config import Recipe
from learn_by_interact.training.formats import named

ROOM = ("--environment", "room:Room")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder whose recipe keeps by replay; its environment is the tiny one."""
    folder = tmp_path_factory.mktemp("exported")
    recipe = Recipe.load(tiny.make(folder), {"judge": {"rule": "replay"}})
    with taught.run(folder / "run", sections=3) as store:
        store.set_meta("recipe", recipe.model_dump(mode="json"))
    return folder / "run"


def test_the_recipe_s_rule_and_environment_are_used(run: Path) -> None:
    done = tiny.lbi("export", run, "--format", "openai")
    assert done.returncode == 0, done.stderr
    out = run / "export" / "openai"
    assert done.stdout.endswith(f"Everything is in {out}.\n")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["side", "rows", "examples", "sections"]
    rows = list(named("openai").read(out, "train"))
    assert lines[1].split() == ["train", str(len(rows)), str(len({one.origin.example for one in rows})), "2"]
    assert "A folder with short text files" in rows[0].messages[0].content
    assert {one.origin.verified for one in rows} == {True}
    assert "left out: the rule replay 4, near-duplicate example 1, contamination 1" in done.stdout
    assert "Not carried: where a row comes from: it is in <side>.origins.jsonl" in done.stdout
    assert "export: 0/" in done.stderr
    again = tiny.lbi("export", run, "--format", "openai")
    assert again.returncode == 2 and again.stderr.splitlines()[-1] == (
        f"error: {out} is not empty: name another --out, or remove it."
    )


def test_options_choose_and_json_tells(run: Path, tmp_path: Path) -> None:
    options = [
        *("--per", "window", "--rule", "unanimous", "--length", "1-3", "--kind", "summary", "--most", "3"),
        *("--without-section", "page 0", "--validation", "0.5", "--no-stop", "--failed", "--seed", "2"),
    ]
    done = tiny.lbi("export", run, *options, "--out", tmp_path / "out", "--json", *ROOM)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == json.loads((tmp_path / "out" / "export.json").read_text())
    assert told["examples"] == told["rows"] and sum(told["rows"].values()) == 3
    rows = [one for side in ("train", "validation") for one in named("trl").read(tmp_path / "out", side)]
    assert {one.origin.kind for one in rows} == {"summary"}
    assert all(one.origin.end - one.origin.begin <= 3 and one.origin.title != "page 0" for one in rows)
    assert not any("ACTION: stop" in one.messages[-1].content for one in rows)
    assert "A room with notes." in rows[0].messages[0].content


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--format", "csv"],
            "There is no format 'csv'; there are: trl, dpo, openai, llama-factory, axolotl",
        ),
        (["--per", "row"], "--per: Input should be 'step' or 'window'."),
        (["--rule", "none"], "--rule: Input should be 'unanimous'"),
        (["--length", "3-2"], "lengths: [3, 2] is no range"),
        (
            ["--kind", "story"],
            "--kind: Input should be 'summary', 'abstraction', 'rewording', 'task' or 'practice'.",
        ),
        (["--validation", "1"], "--validation: Input should be less than 1."),
        (["--section", "pgae *"], "lbi export: no section of the documentation is called 'pgae *'"),
        (["--most", "0"], "--most: Input should be greater than or equal to 1."),
        (["--length", "long"], "--length long: write the fewest and the most actions, as in --length 1-4."),
        (["--environment", "nowhere"], "'nowhere' is no environment"),
        (["--length", "9"], "is left (the selection"),
    ],
)
def test_a_wrong_option_is_said_in_one_sentence(
    run: Path, tmp_path: Path, options: list[str], said: str
) -> None:
    done = tiny.lbi("export", run, "--out", tmp_path / "out", *options)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ") and said in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("package", ["pyarrow", "atif"])
def test_a_missing_package_is_said_with_the_line_to_type(run: Path, tmp_path: Path, package: str) -> None:
    (tmp_path / f"{package}.py").write_text("raise ImportError('it is not installed')\n")
    name = {"pyarrow": "parquet", "atif": "atif"}[package]
    done = tiny.lbi("export", run, "--format", name, "--out", "out", *ROOM, cwd=tmp_path)
    assert done.returncode == 2 and not (tmp_path / "out").exists()
    assert done.stderr.splitlines()[-1].endswith("pip install 'learn-by-interact[export]'")


def test_a_recipe_whose_environment_is_elsewhere(tmp_path: Path) -> None:
    with taught.run(tmp_path / "run", sections=2) as store:
        recipe = Recipe.load(tiny.make(tmp_path)).model_copy(update={"path": Path("gone/tiny.toml")})
        store.set_meta("recipe", recipe.model_dump(mode="json"))
    done = tiny.lbi("export", tmp_path / "run")
    assert done.returncode == 2 and done.stderr.endswith(" Or name it with --environment.\n")
    nothing = tiny.lbi("export", tmp_path / "nothing")
    assert nothing.returncode == 2 and "is not a run folder" in nothing.stderr


def test_a_recipe_of_another_version_is_told(tmp_path: Path) -> None:
    with taught.run(tmp_path / "run", sections=2) as store:
        recipe = Recipe.load(tiny.make(tmp_path)).model_dump(mode="json")
        store.set_meta("recipe", {**recipe, "explore": {**recipe["explore"], "gone": 1}})
    done = tiny.lbi("export", tmp_path / "run")
    assert done.returncode == 2 and done.stderr == (
        f"error: The recipe that {tmp_path}/run keeps is of another version of this program (explore.gone: "
        "Extra inputs are not permitted): give --environment.\n"
    )
    assert tiny.lbi("export", tmp_path / "run", *ROOM).returncode == 0
