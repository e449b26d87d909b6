"""A checkout of OSWorld's form for tests: tiny tasks, a package and a server that do little."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LAUNCH = {"type": "launch", "parameters": {"command": ["notes"]}}
SAVED: dict[str, Any] = {
    "func": "text_is",
    "result": {"type": "vm_file", "path": "~/note.txt"},
    "expected": {"type": "rule", "rules": "eggs"},
}
TASKS: dict[str, dict[str, Any]] = {
    "os/eggs": {"config": [LAUNCH], "evaluator": SAVED},
    "os/never": {"config": [], "evaluator": {"func": "infeasible"}},
    "os/heavy": {"config": [LAUNCH], "evaluator": {"func": "heavy"}},
    "os/ends": {"config": [LAUNCH], "evaluator": {"func": "ends"}},
    "os/much": {"config": [LAUNCH], "evaluator": {"func": "much"}},
    "os/broken": {"config": [{"type": "nothing", "parameters": {}}], "evaluator": SAVED},
    "os/fetched": {
        "config": [
            {"type": "download", "parameters": {"files": [{"url": "http://localhost/a", "path": "a"}]}}
        ],
        "evaluator": SAVED,
    },
    "chrome/site": {
        "config": [{"type": "chrome_open_tabs", "parameters": {"urls_to_open": ["https://www.example.org"]}}],
        "evaluator": SAVED,
    },
    "vs_code/editor": {"config": [{"type": "launch", "parameters": {"command": "code"}}], "evaluator": SAVED},
    "multi_apps/account": {"config": [{"type": "googledrive", "parameters": {}}], "evaluator": SAVED},
}
"""domain/id -> the file, without what all have."""
PACKAGE = {
    "__init__.py": "",
    "controllers/__init__.py": "",
    "evaluators/__init__.py": "",
    "controllers/python.py": """
import urllib.parse, urllib.request
class PythonController:
    def __init__(self, vm_ip, server_port):
        self.http_server = f"http://{vm_ip}:{server_port}"
    def get_file(self, path):
        try:
            body = urllib.parse.urlencode({"file_path": path}).encode()
            return urllib.request.urlopen(self.http_server + "/file", body).read().decode()
        except urllib.error.HTTPError:
            return None
""",
    "controllers/setup.py": """
import json, os, urllib.request
import toolbox_that_is_not_here as toolbox
from toolbox_that_is_not_here.inner import encoder
class SetupController:
    def __init__(self, vm_ip, server_port, cache_dir):
        self.http_server = f"http://{vm_ip}:{server_port}"
    def reset_cache_dir(self, cache_dir):
        self.cache_dir = cache_dir
    def setup(self, config, use_proxy=False):
        print("this is no answer")
        for step in config:
            getattr(self, step["type"])(**step["parameters"])
        return True
    def launch(self, command):
        body = json.dumps({"command": command}).encode()
        urllib.request.urlopen(self.http_server + "/setup/launch", body).read()
    def download(self, files):
        place = os.path.join(self.cache_dir, "fetched_a")
        self.found = os.path.exists(place)
        open(place, "a").write("x")
""",
    "desktop_env.py": """
import os
import gym_that_is_not_here as gym
from desktop_env.controllers.python import PythonController
from desktop_env.controllers.setup import SetupController, toolbox
class DesktopEnv(gym.Env):
    def __init__(self, provider_name, path_to_vm=None, cache_dir="", **settings):
        self.provider_name, self.path_to_vm, self.cache_dir_base = provider_name, path_to_vm, cache_dir
        self.action_history = []
    def reset(self, task_config):
        self.vm_ip, port = open(self.path_to_vm).read().split(":")
        self.server_port = int(port)
        self.controller = PythonController(self.vm_ip, self.server_port)
        self.setup_controller = SetupController(self.vm_ip, self.server_port, "")
        self._set_task_info(task_config)
        self.setup_controller.reset_cache_dir(self.cache_dir)
        self.setup_controller.setup(self.config)
    def close(self):
        os.rename(self.path_to_vm, self.path_to_vm + ".closed")
    def _set_task_info(self, task):
        self.config, self.evaluator = task["config"], task["evaluator"]
        self.cache_dir = os.path.join(self.cache_dir_base, task["id"])
        os.makedirs(self.cache_dir, exist_ok=True)
    def evaluate(self):
        func, said = self.evaluator["func"], self.action_history[-1] == "FAIL"
        if func == "infeasible" or said:
            return int(func == "infeasible" and said)
        if func == "heavy":
            return toolbox.compare("a", "b")
        if func == "much":
            return 2.0
        if func == "ends":
            os._exit(3)
        return float(self.controller.get_file("~/note.txt") == self.evaluator["expected"]["rules"])
""",
    "server/main.py": """
import json, subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/file":
            said = open("/home/user/note.txt", "rb").read()
        elif self.path == "/setup/launch":
            subprocess.Popen(["mousepad", "/home/user/note.txt"])
            said = b"launched"
        else:
            said = b"Linux"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(said)
    do_POST = do_GET
class app:
    def run(host, port, threaded):
        ThreadingHTTPServer((host, port), Handler).serve_forever()
""",
    "server/pyxcursor.py": "",
}


def checkout(folder: Path, tasks: dict[str, dict[str, Any]] = TASKS) -> Path:
    """Write it."""
    listed: dict[str, list[str]] = {}
    for name, task in tasks.items():
        domain, _, number = name.partition("/")
        listed.setdefault(domain, []).append(number)
        place = folder / "evaluation_examples" / "examples" / domain / f"{number}.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps({"id": number, "instruction": f"Do {number}.", **task}))
    (folder / "evaluation_examples" / "test_all.json").write_text(json.dumps(listed))
    for name, text in PACKAGE.items():
        file = folder / "desktop_env" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder
