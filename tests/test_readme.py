"""What the README shows is run: its example, its commands, its links."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import tiny
from learn_by_interact.registry import BENCHMARKS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(README)
COMMANDS = [
    line.split("  #")[0].strip()
    for page in PAGES
    for kind, text in BLOCK.findall(page.read_text(encoding="utf-8"))
    if kind == "bash"
    for line in text.splitlines()
    if line.startswith("lbi ")
]
POLICY = '''\
"""A model that knows the page of dotenv it is shown, and copies the demonstrations in its prompt."""

import json, re

KNOWN = {
    "set": ("Set the PORT of app.env to 9000.", "dotenv -f app.env set PORT 9000"),
    "get": ("Show the PORT of app.env.", "dotenv -f app.env get PORT"),
    "unset": ("Remove HOST from app.env.", "dotenv -f app.env unset HOST"),
}
WANTED = {"8080": ("set PORT", "set PORT 8080"), "DEBUG out": ("unset", "unset DEBUG")}


def policy(request):
    system, question = request.messages[0].content, request.messages[-1].content
    if "you write tasks" in system:
        page = re.search(r"documentation \\(dotenv ?(\\w*)", question)[1]
        task, command = KNOWN.get(page, ("List the settings of app.env.", "dotenv -f app.env list"))
        return json.dumps({"tasks": [{"about": "app.env", "command": command, "task": task}]})
    if "You read a session" in system:
        command = re.findall(r"ACTION: (dotenv.*)", question)[-1]
        task = {known: label for label, known in KNOWN.values()}.get(command, "List the settings of app.env.")
        return json.dumps({"summary": f"Replicate the following: {command}.", "task": task})
    if any(message.role == "assistant" for message in request.messages):
        return "ACTION: stop"
    first = request.messages[1].content
    hint = re.search(r"if it fits what is there: (.*)", first)
    if hint:
        return f"ACTION: {hint[1]}"
    task = first.split("Your task: ")[-1]
    for words, (known, command) in WANTED.items():
        if words in task and f"dotenv -f app.env {known}" in first:
            return f"ACTION: dotenv -f app.env {command}"
    return "ACTION: ls"
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example of the README, written down file by file as its text names them."""
    folder = tmp_path_factory.mktemp("readme")
    files = re.findall(
        r"`(settings[\w/.]*\.\w+)`(?:(?!`settings)[^#])*?\n```(\w+)\n(.*?)^```$", README, re.M | re.S
    )
    names = [name for name, _, _ in files]
    assert names == [
        "settings/environment.toml",
        "settings/start/app.env",
        "settings/tasks.toml",
        "settings.toml",
    ]
    for name, _, text in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "readme_policy.py").write_text(POLICY)
    return folder


def test_the_example_is_valid(folder: Path) -> None:
    assert tiny.lbi("install", "settings", cwd=folder).returncode == 0
    done = tiny.lbi("validate", "settings", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "broken").mkdir()
    for name in ("environment.toml", "start", "tasks.toml"):
        (folder / "broken" / name).symlink_to(folder / "settings" / name)
    tasks = (folder / "settings/tasks.toml").read_text()
    (folder / "broken/tasks.toml").unlink()
    (folder / "broken/tasks.toml").write_text(tasks.replace("unset DEBUG", "unset HOST"))
    assert tiny.lbi("validate", "broken", cwd=folder).returncode != 0


def test_the_example_runs_and_examples_help(folder: Path) -> None:
    model = "scripted/readme_policy:policy"
    done = tiny.lbi("run", "settings.toml", "--model", model, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    written = json.loads(done.stdout)
    assert {arm["arm"]: arm["solved"] for arm in written["result"]["arms"]} == {"plain": 0.0, "examples": 2.0}
    shown = tiny.lbi("show", "runs/settings", cwd=folder)
    assert shown.returncode == 0 and "Coverage" in shown.stdout


def test_the_python_of_the_readme_runs(folder: Path) -> None:
    (code,) = (text for kind, text in BLOCKS if kind == "python")
    recipe = (folder / "settings.toml").read_text()
    (folder / "settings.toml").write_text(
        recipe.replace("local/qwen2.5-coder-1.5b", "scripted/readme_policy:policy")
    )
    program = f"{code}\nprint(len(result.arms), len(examples) > 0)"
    line = [sys.executable, "-c", program]
    done = subprocess.run(line, cwd=folder, env=tiny.environ(), capture_output=True, text=True, timeout=120)
    (folder / "settings.toml").write_text(recipe)
    assert done.stdout.split() == ["2", "True"], done.stderr


def test_commands_and_options_exist() -> None:
    assert len(COMMANDS) >= 9
    for command in dict.fromkeys(COMMANDS):
        words = shlex.split(command)
        verb, options = words[1], {word for word in words if word.startswith("--")}
        helped = tiny.lbi(verb, "--help", TERM="dumb", COLUMNS="200")
        assert helped.returncode == 0, command
        assert options <= set(re.findall(r"--[\w-]+", helped.stdout)), command


def test_every_verb_is_in_the_table() -> None:
    helped = tiny.lbi("--help", TERM="dumb", COLUMNS="200").stdout
    verbs = re.findall(r"^│ (\w+)  ", helped, re.MULTILINE)
    assert len(verbs) > 10
    assert all(f"| `lbi {verb}`" in README or f", `lbi {verb}` |" in README for verb in verbs)


def test_links_and_recipes_exist() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        links = [page.parent / link for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text)]
        places = [*links, *(ROOT / name for name in re.findall(r"\brecipes/[\w-]+\.toml", text))]
        assert len(places) > (5 if page.name == "README.md" else 0), page.name
        assert not [place for place in places if not place.exists()], page.name
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)
    assert "demo" in targets and "test" in targets
    assert not [name for name in targets if not re.search(rf"^{name}:", makefile, re.MULTILINE)]


def test_paths_of_the_code_exist() -> None:
    table = README.split("## How to read the code")[1].split("```")[0]
    names = re.findall(r"`([\w/]+(?:\.py|/))`", table)
    assert len(names) > 10
    assert not [name for name in names if not (ROOT / "src/learn_by_interact" / name).exists()]


def test_recipes_name_what_exists() -> None:
    for file in (ROOT / "recipes").glob("*.toml"):
        recipe = tomllib.loads(file.read_text())
        named = recipe["environment"] in BENCHMARKS
        assert named or (file.parent / recipe["environment"] / "environment.toml").is_file()
