"""`lbi look`: what an agent sees, and where two instances differ."""

from __future__ import annotations

import json
from pathlib import Path

import tiny


def test_each_action_is_shown_with_what_is_seen(tmp_path: Path) -> None:
    world = tiny.make(tmp_path).parent / "world"
    done = tiny.lbi("look", world, "wc -l words.txt", "touch new.txt")
    assert done.returncode == 0, done.stderr
    assert "words.txt (17 bytes)" in done.stdout and "> wc -l words.txt\n3 words.txt" in done.stdout
    assert "new.txt" in done.stdout.split("> touch new.txt")[1]
    value = json.loads(tiny.lbi("look", world, "wc -l words.txt", "--json").stdout)
    assert [step["action"] for step in value["steps"]] == ["", "wc -l words.txt"]
    assert value["steps"][1]["observation"]["text"] == "3 words.txt"


def test_two_instances_are_compared(tmp_path: Path) -> None:
    world = tiny.make(tmp_path).parent / "world"
    same = tiny.lbi("look", world, "sort words.txt > sorted.txt", "--twice")
    assert same.returncode == 0 and same.stdout.endswith("Both instances have the same fingerprints.\n")
    other = tiny.lbi("look", world, "head -c 8 /dev/urandom | base64 > key.txt", "--twice")
    assert other.returncode == 1
    assert "They differ after 'head -c 8 /dev/urandom | base64 > key.txt':\nkey.txt:\n  - " in other.stdout
    file = world / "environment.toml"
    file.write_text(file.read_text() + "\n[volatile]\npatterns = ['^\\S+=$']\n")
    named = tiny.lbi("look", world, "head -c 8 /dev/urandom | base64 > key.txt", "--twice")
    assert named.returncode == 0, named.stdout


def test_what_is_no_action_is_told(tmp_path: Path) -> None:
    world = tiny.make(tmp_path).parent / "world"
    done = tiny.lbi("look", world, "")
    assert done.returncode == 2 and done.stderr.startswith("error: '': ")
    assert "there is no environment.toml" in tiny.lbi("look", tmp_path).stderr
