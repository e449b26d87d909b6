"""A checkout of Spider2-V's form for tests: its package has other places and arguments than OSWorld's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from osworld_checkout import PACKAGE

EXAMPLES = "evaluation_examples/examples"
LAUNCH = {"type": "launch", "parameters": {"command": ["notes"]}}
COPY = {
    "type": "copyfile_from_host_to_guest",
    "parameters": {"src": f"{EXAMPLES}/jupyter/eggs/note.txt", "dest": "/home/user/note.txt"},
}
SAVED: dict[str, Any] = {"func": "text_is", "expected": {"type": "rule", "rules": "eggs"}}
TASKS: dict[str, dict[str, Any]] = {
    "jupyter/eggs": {"related_apps": ["jupyter"], "config": [COPY, LAUNCH], "evaluator": SAVED},
    "jupyter/address": {
        "config": [LAUNCH],
        "evaluator": {**SAVED, "result": {"type": "active_tab_info", "goto_prefix": "http://"}},
    },
    "jupyter/cloud": {"related_apps": ["snowflake"], "config": [LAUNCH], "evaluator": SAVED},
    "jupyter/drive": {"config": [{"type": "googledrive", "parameters": {}}], "evaluator": SAVED},
    "jupyter/lost": {
        "config": [LAUNCH],
        "evaluator": {**SAVED, "result": {"type": "vm_file", "path": f"{EXAMPLES}/jupyter/lost/gold.csv"}},
    },
    "jupyter/20030405-417c-425b-ab3f-6506b265ec85": {"config": [LAUNCH], "evaluator": SAVED},
}
"""domain/id -> the file, without what all have."""
OWN = {
    "controllers/python.py": """
import urllib.parse, urllib.request
class PythonController:
    def __init__(self, vm_ip, pkgs_prefix=""):
        self.vm_ip = vm_ip
    def get_file(self, path):
        body = urllib.parse.urlencode({"file_path": path}).encode()
        return urllib.request.urlopen(f"http://{self.vm_ip}:5000/file", body).read().decode().strip()
""",
    "controllers/setup.py": """
import json, urllib.request
class SetupController:
    def __init__(self, vm_ip, cache_dir):
        self.vm_ip = vm_ip
    def reset_cache_dir(self, cache_dir):
        pass
    def setup(self, config):
        for step in config:
            getattr(self, step["type"])(**step["parameters"])
    def copyfile_from_host_to_guest(self, src, dest):
        open(src).close()
    def launch(self, command):
        body = json.dumps({"command": command}).encode()
        urllib.request.urlopen(f"http://{self.vm_ip}:5000/setup/launch", body).read()
""",
    "configs/__init__.py": """
from abc import ABC
import gym_that_is_not_here as gym
class OtherEnv(gym.Env, ABC):
    pass
""",
    "envs/__init__.py": "",
    "envs/desktop_env.py": PACKAGE["desktop_env.py"]
    .replace(
        "import gym_that_is_not_here as gym\n",
        "import gym_that_is_not_here as gym\nfrom desktop_env import configs\n",
    )
    .replace(", toolbox\n", "\n"),
}


def checkout(folder: Path, tasks: dict[str, dict[str, Any]] = TASKS) -> Path:
    """Write it."""
    for name, task in tasks.items():
        domain, _, number = name.partition("/")
        place = folder / EXAMPLES / domain / number
        place.mkdir(parents=True, exist_ok=True)
        (place / "note.txt").write_text("milk\n")
        (place / "settings.json").write_text("{}")
        task = {"id": number, "instruction": f"Do {number}.", **task}
        (place / f"{number}.json").write_text(json.dumps(task))
    shared = {name: text for name, text in PACKAGE.items() if name not in ("desktop_env.py", *OWN)}
    for name, text in {**shared, **OWN}.items():
        file = folder / "desktop_env" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder
