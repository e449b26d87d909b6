"""A real llama.cpp server with the smallest model of the catalogue (98 MB, fetched once if absent)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from learn_by_interact.errors import ConfigError, ModelRefused
from learn_by_interact.models import Message, Request, local
from learn_by_interact.models.catalogue import entry, model_file
from learn_by_interact.models.connect import client, connect
from learn_by_interact.models.endpoint import ModelSettings
from learn_by_interact.models.fetch import pull
from learn_by_interact.models.serve import born
from learn_by_interact.stages.readers.grammar import pattern
from learn_by_interact.stages.readers.options import options
from models_server import asking

pytest.importorskip("xllamacpp")

SMALL = entry("smollm2-135m")
SETTINGS = ModelSettings(name="local/smollm2-135m", context=512, parallel=2, threads=1)

PROGRAM = """
import sys, time
from learn_by_interact.models.local import ensure
from learn_by_interact.models.endpoint import ModelSettings
print(ensure(ModelSettings.model_validate_json(sys.argv[1]))["pid"], flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder of its own, with the user's copy of the model linked into it."""
    try:
        file = pull("smollm2-135m")
    except ConfigError as error:
        pytest.skip(f"the model cannot be fetched here: {error}")
    monkeypatch.setenv("LBI_CACHE", str(tmp_path))
    (tmp_path / "models").mkdir()
    model_file("smollm2-135m").symlink_to(file)
    yield tmp_path
    local.stop()


def starter(seconds: float) -> subprocess.Popen[str]:
    line = [sys.executable, "-c", PROGRAM, SETTINGS.model_dump_json(), str(seconds)]
    return subprocess.Popen(line, stdout=subprocess.PIPE, text=True)


def server_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def gone(pid: int, seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while born(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not born(pid)


def test_one_server_for_all_processes_ends_with_its_starter_and_is_started_again(cache: Path) -> None:
    first, second = starter(60), starter(60)
    try:
        pids = {server_of(first), server_of(second)}
        assert len(pids) == 1, "two processes that ask at the same time share one server"
        model = connect(SETTINGS)
        prompt = "Say hello to all of us. " * 8
        reply = model.complete(asking(prompt, max_tokens=4))
        assert reply.model == f"smollm2-135m@{SMALL.sha256[:8]}"
        assert reply.finish == "length"
        assert (reply.usage.calls, reply.usage.completion, reply.usage.cost) == (1, 4, 0.0)
        again = model.complete(asking(prompt + "And more.", max_tokens=4))
        assert again.usage.cached > reply.usage.prompt // 2, "a shared prefix is read from the cache"
    finally:
        os.kill(first.pid, signal.SIGKILL)
        os.kill(second.pid, signal.SIGKILL)
        first.wait()
        second.wait()
    assert gone(pids.pop()), "a server does not outlive its starter, even at kill -9"
    assert model.complete(asking("hello again", max_tokens=2)).usage.calls == 1


def test_a_process_that_has_ended_and_was_not_waited_for_is_none() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert born(process.pid)
    process.kill()
    assert gone(process.pid)
    process.wait()


def test_a_normal_end_stops_the_server_and_a_schema_is_kept(cache: Path) -> None:
    process = starter(0.0)
    pid = server_of(process)
    assert process.wait(timeout=20) == 0
    assert gone(pid)
    schema: dict[str, Any] = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    reply = connect(SETTINGS).complete(asking("a number", max_tokens=40, json_schema=schema))
    assert reply.finish == "length" or isinstance(json.loads(reply.text)["n"], int)


def test_the_forms_of_commands_are_read_by_the_server(cache: Path) -> None:
    model = connect(SETTINGS)
    for form in (
        "task <filter> modify <mods>",
        "tool load [OPTIONS] PATH TABLE [FILE]",
        "tool convert PATH COLUMN... CODE",
        "tool query [OPTIONS] PATH SQL",
        "tool add NAME [int|text] [+TAG...]",
    ):
        known = options("Options:\n  --pk TEXT  Key\n  -c, --csv  CSV\n")
        allowed = pattern(form, known, files=["a.csv", "b+c.csv"], targets=["x.db"])
        schema = {"type": "string", "pattern": allowed}
        assert model.complete(asking(form, max_tokens=4, json_schema=schema)).text.startswith('"t')


def test_what_calls_begin_with_alike_is_read_once_for_all_slots(cache: Path) -> None:
    model = connect(SETTINGS.model_copy(update={"parallel": 4}))
    rules = "Each line of the list names a colour, and each answer one of them. " * 20
    with ThreadPoolExecutor(4) as pool:
        system = Message(role="system", content=rules)
        asked = [
            Request(model="m", messages=(system, Message(role="user", content=str(number))), max_tokens=2)
            for number in range(4)
        ]
        used = [reply.usage for reply in pool.map(model.complete, asked)]
    unread = sorted(one.prompt - one.cached for one in used)
    assert unread[2] < used[0].prompt // 4, "three calls find it in their slots"
    assert unread[3] > used[0].prompt // 2, "and it is counted once"


def test_each_thread_of_a_server_with_all_processors_keeps_to_its_own(cache: Path) -> None:
    processors = os.sched_getaffinity(0)

    def places(settings: ModelSettings) -> list[set[int]]:
        connect(settings).complete(asking("hello", max_tokens=2))
        pid = local.ensure(settings)["pid"]
        return [os.sched_getaffinity(int(task.name)) for task in Path(f"/proc/{pid}/task").iterdir()]

    every = places(SETTINGS.model_copy(update={"threads": len(processors)}))
    assert all({one} in every for one in processors)
    if len(processors) > 1:
        assert all(one == processors for one in places(SETTINGS)), "one of two may go where there is room"


def test_a_file_that_is_no_model_shows_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LBI_CACHE", str(tmp_path))
    bad = tmp_path / "bad.gguf"
    bad.write_text("nothing of the kind")
    with pytest.raises(ModelRefused, match="failed to load model"):
        connect(f"local/{bad}").complete(asking())


def test_a_model_that_is_absent_names_the_line_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LBI_CACHE", str(tmp_path))
    with pytest.raises(ConfigError, match="lbi models pull smollm2-135m"):
        client(SETTINGS)


def test_the_command_line_lists_pulls_and_serves(cache: Path) -> None:
    line = [sys.executable, "-c", "from learn_by_interact.cli.models import app; app()"]
    done = subprocess.run([*line, "list", "--json"], capture_output=True, text=True, check=True)
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["smollm2-135m"]["present"] is True
    assert rows["qwen2.5-coder-1.5b"]["present"] is False
    done = subprocess.run([*line, "pull", "smollm2-135m"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(model_file("smollm2-135m"))
    options = ["--json", "--context", "512", "--parallel", "1"]
    serving = subprocess.Popen([*line, "serve", "smollm2-135m", *options], stdout=subprocess.PIPE, text=True)
    assert serving.stdout is not None
    state = json.loads(serving.stdout.readline())
    assert connect(f"{state['url']}#any").complete(asking(max_tokens=2)).usage.completion == 2
    serving.send_signal(signal.SIGINT)
    assert serving.wait(timeout=10) == 0
    assert gone(state["pid"])
