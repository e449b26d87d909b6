"""The whole pipeline on a desktop: a page of help in, examples out, an agent that uses them; its pictures."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import tiny
from desk import ENVIRONMENT, editor, needs_desktop
from learn_by_interact.engine.store import Store
from learn_by_interact.models import Request
from learn_by_interact.types import Example, Trajectory, Verdict

pytestmark = needs_desktop

MODEL = "scripted/test_cli_desktop:policy"
PLAN = ("press Control+End", 'type "{word}"', 'click [menuitem "File > Save"]', "stop")
"""What writes a word; the agent knows it of no task but those that are proposed, or demonstrated."""
HELP = "# Saving\n\nType at the end of a text, and choose File > Save.\n"


def policy(request: Request) -> str:
    """A model that knows what it is shown."""
    system, question = request.messages[0].content, request.messages[-1].content
    if "you write tasks" in system:
        assert "list.txt (11 bytes)" in system
        numbers = re.findall(r"^(\d)\. ", question, re.MULTILINE)
        words = dict(zip(numbers, ("ham", "jam", "tea", "oil"), strict=False))
        return json.dumps({"tasks": {n: {"task": f"Add {word} to the list."} for n, word in words.items()}})
    if "You read a session on a screen" in system:
        word = re.search(r'type "(\w+)"', question)
        task = f"Write {word[1]} at the end of list.txt and save it." if word else "Look at the list."
        return json.dumps({"summary": "Replicate the following: " + task, "task": task})
    sent = [bool(message.pictures) for message in request.messages if message.role == "user"]
    assert sent == [False] * (len(sent) - 1) + [True], "the newest observation comes with its picture"
    content = (Path(request.blobs) / request.messages[-1].pictures[0]).read_bytes()
    assert content.startswith(b"\x89PNG") and "a picture of the screen" in system
    first = request.messages[1].content
    done = [message.content for message in request.messages if message.role == "assistant"]
    word = re.search(r"(?:Add|Write) (\w+) ", first.split("Your task: ")[-1])
    known = "Add " in first.split("Your task: ")[-1] or 'click [menuitem "File > Save"]' in first
    return f"ACTION: {PLAN[len(done)].format(word=word[1])}" if word and known else "ACTION: stop"


def test_an_agent_learns_an_application_from_a_page_of_help(tmp_path: Path) -> None:
    pytest.importorskip("PIL.Image")
    folder = editor(tmp_path / "notes", ENVIRONMENT + 'places = 0\n[docs]\nfolder = ["help.md"]\n')
    (folder / "help.md").write_text(HELP)
    recipe = tmp_path / "notes.toml"
    recipe.write_text(
        f'environment = "notes"\nrun = {json.dumps(str(tmp_path / "run"))}\n[model]\nname = "{MODEL}"\n'
        "pictures = 1\n[propose]\ntasks = 2\n[explore]\nlimits = { steps = 5 }\n[relabel]\ncap = 1\n"
        '[retrieval]\nquery = "instruction"\n[evaluate]\nonly = ["eggs"]\n[pool]\nworkers = 2\n'
    )
    done = tiny.lbi("run", recipe, timeout=200)
    assert done.returncode == 0, done.stderr[-3000:]
    with Store(tmp_path / "run", readonly=True) as store:
        whole = [one for one in store.records(Trajectory) if len(one.steps) == 4 and one.score is None]
        assert len(whole) == 2 and all(
            len(one.observation(at).blobs) == 1 for one in whole for at in range(3)
        )
        examples = list(store.records(Example))
        verified = {one.subject for one in store.records(Verdict) if one.judge == "replay" and one.keep}
        assert examples and {one.trajectory for one in examples} <= verified
    result = json.loads((tmp_path / "run" / "result.json").read_text())["result"]
    assert {arm["arm"]: arm["solved"] for arm in result["arms"]} == {"plain": 0, "examples": 1}, done.stdout

    sheet = tmp_path / "screens.png"
    told = tiny.lbi("show", tmp_path / "run", "--contact-sheet", sheet)
    assert told.returncode == 0 and "pictures are on" in told.stdout, told.stderr
    assert sheet.read_bytes()[:4] == b"\x89PNG"
