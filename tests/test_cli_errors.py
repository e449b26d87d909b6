"""What a user can do wrong is said in one sentence; help, doctor, install."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tiny

VERBS = ("ingest", "propose", "explore", "relabel", "replay", "judge", "index", "evaluate", "run")
OTHERS = (
    "show",
    "export",
    "models",
    "models list",
    "models pull",
    "models serve",
    "validate",
    "install",
    "doctor",
)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make(tmp_path_factory.mktemp("wrong"))


@pytest.mark.parametrize("verb", ["", *VERBS, *OTHERS])
def test_help_ends_with_an_example(verb: str) -> None:
    done = tiny.lbi(*verb.split(), "--help")
    assert done.returncode == 0
    assert done.stdout.strip().splitlines()[-1].strip().startswith(f"Example: lbi {verb}".strip())


def test_help_takes_little_time() -> None:
    """Under 0.5 s of CPU; the least of five, because a busy machine counts waiting for memory as work."""
    taken = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert tiny.lbi("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    assert min(taken) < 0.5


def test_help_imports_nothing_that_it_does_not_show() -> None:
    code = "import sys, learn_by_interact.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"pydantic", "httpx", "openai", "playwright", "numpy", "asyncio", "sqlite3", "jinja2"}
    assert not heavy & set(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "evaluate.tasks"], "write table.key=value"),
        (["--set", "evaluate..tasks=1"], "write table.key=value"),
        (["--set", "evaluate.tasks=[1"], "is no TOML value"),
        (
            ["--set", "evaluate.takss=1"],
            "unknown key evaluate.takss; known here: limits, actions, max_tokens, arms, environment, variant",
        ),
        (["--set", "evaluate.tasks=many"], "evaluate.tasks: Input should be a valid integer"),
        (["--set", "pool=3", "--set", "pool.workers=2"], "--set pool.workers: pool was given a value"),
        (["--set", "judge.rule=none"], "judge.rule: Input should be 'unanimous'"),
        (["--set", "environment=nowhere"], "'nowhere' is no environment"),
        (["--pool", "cluster"], "'cluster' is none of inline, threads, processes, ray"),
        (["--workers", "0"], "give 1 or more"),
        (["--model", "gpt-9"], "unknown model 'gpt-9'; there are: openai/NAME"),
        (["--model", "scripted/tiny:nothing"], "the script 'tiny:nothing' cannot be loaded"),
        (["--model", "openai/x"], "OPENAI_API_KEY"),
    ],
)
def test_wrong_option_is_said_in_one_sentence(
    recipe: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = tiny.lbi("run", recipe, "--run-folder", tmp_path / "run", *arguments, OPENAI_API_KEY="")
    assert (done.returncode, done.stdout) == (2, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: ") and said in last
    assert "Traceback" not in done.stderr


def test_wrong_recipe_is_said_in_one_sentence(recipe: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('environment = "world"\nrun = \n')
    for path, said in (
        (tmp_path / "none.toml", "There is no recipe"),
        (tmp_path, "is a folder: name the recipe in it"),
        (broken, f"{broken}:2:7: this is not TOML"),
    ):
        done = tiny.lbi("run", path)
        assert done.returncode == 2 and done.stderr.count("\n") == 1
        assert done.stderr.startswith("error: ") and said in done.stderr


@pytest.mark.parametrize(
    ("verb", "before"),
    [("propose", "ingest"), ("explore", "propose"), ("relabel", "explore"), ("index", "relabel")],
)
def test_verb_too_early_names_the_one_before(recipe: Path, tmp_path: Path, verb: str, before: str) -> None:
    done = tiny.lbi(verb, recipe, "--run-folder", tmp_path)
    assert done.returncode == 2 and f"run `lbi {before} {recipe}` first" in done.stderr


def test_the_model_of_a_recipe_that_names_none_is_told(recipe: Path, tmp_path: Path) -> None:
    told = "names no model: local/"
    assert told not in tiny.lbi("propose", recipe, "--run-folder", tmp_path).stderr
    text = recipe.read_text()
    (recipe.parent / "none.toml").write_text(text.replace(f'[model]\nname = "{tiny.MODEL}"\n', ""))
    assert told in tiny.lbi("propose", recipe.parent / "none.toml", "--run-folder", tmp_path).stderr


def test_pilot_that_reaches_nothing_says_so(recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "mute.py").write_text(
        "import tiny\n\ndef policy(request):\n"
        "    text = tiny.policy(request)\n    return 'ACTION: false' if text.startswith('ACTION') else text\n"
    )
    dry = ("run", recipe, "--dry-run", "--model", "scripted/mute:policy", "--run-folder", "run")
    done = tiny.lbi(*dry, "--pilot", "2", cwd=tmp_path)
    assert done.returncode == 2
    assert "The pilot of 2 inputs a stage gave no example" in done.stderr and "--pilot 4" in done.stderr
    grown = tiny.lbi(*dry, "--json", cwd=tmp_path)
    assert grown.returncode == 0, grown.stderr
    assert "too small to reach all stages; it goes on with 4 inputs a stage" in grown.stderr
    stages = {stage["stage"]: stage for stage in json.loads(grown.stdout)["stages"]}
    assert stages["propose"]["pilot"] == 4 and stages["evaluate"]["inputs"] > 0


def test_pilot_that_never_reaches_all_stages_ends(recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "dull.py").write_text(
        "import tiny\n\ndef policy(request):\n"
        "    return 'no' if 'summary' in str(request.json_schema) else tiny.policy(request)\n"
    )
    dry = ("run", recipe, "--dry-run", "--model", "scripted/dull:policy", "--run-folder", "run")
    done = tiny.lbi(*dry, cwd=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert [f"goes on with {size} inputs" in done.stderr for size in (4, 8, 16, 32, 64)] == [True] * 4 + [
        False
    ]
    assert "--pilot 64" in done.stderr


def test_fault_of_the_program_keeps_its_traceback(recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "faulty.py").write_text(
        "class World:\n    tasks = environment = grade = gold = len\n\n"
        "    def __init__(self):\n        self.nothing\n"
    )
    done = tiny.lbi("ingest", recipe, "--set", "environment=faulty:World", "--run-folder", "r", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" in done.stderr and "has no attribute 'nothing'" in done.stderr


def test_doctor_says_what_the_demo_lacks(tmp_path: Path) -> None:
    def doctor(*options: str) -> subprocess.CompletedProcess[str]:
        return tiny.lbi("doctor", *options, LBI_CACHE=str(tmp_path), OPENAI_API_KEY="a-secret-value")

    done = doctor()
    assert done.returncode == 1 and "a-secret-value" not in done.stdout + done.stderr
    lines = {line[8:].split("  ")[0]: line for line in done.stdout.splitlines()}
    assert lines["local/qwen2.5-coder-1.5b"].startswith("MISSING")
    assert lines["local/qwen2.5-coder-1.5b"].endswith("lbi models pull qwen2.5-coder-1.5b")
    assert lines["local/smollm2-135m"].startswith("- ")
    assert lines["OPENAI_API_KEY"].split() == ["ok", "OPENAI_API_KEY", "set"]
    rows = {row["name"]: row for row in json.loads(doctor("--json").stdout)}
    assert rows["bubblewrap"]["ok"] and rows["sqlite"]["ok"] and rows["python"]["ok"]
    assert not rows["local/qwen2.5-coder-1.5b"]["ok"] and not rows["ANTHROPIC_API_KEY"]["needed"]


def test_doctor_without_bubblewrap_says_what_to_type(tmp_path: Path) -> None:
    for name in ("bash", "sh"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    done = tiny.lbi("doctor", PATH=str(tmp_path))
    assert done.returncode == 1
    assert "MISSING bubblewrap" in done.stdout and "apt-get install -y bubblewrap" in done.stdout


def test_install_makes_an_environment_ready(recipe: Path, tmp_path: Path) -> None:
    done = tiny.lbi("install", recipe.parent / "world")
    assert done.stdout == "tiny is ready; it needs nothing.\n"
    missing = tiny.lbi("install", tmp_path)
    assert missing.returncode == 2 and "there is no environment.toml" in missing.stderr
