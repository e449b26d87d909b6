"""Another file or address under a name that stayed: it is asked itself, and its work is other work."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import room
from learn_by_interact.evaluation.evaluate import Evaluate
from learn_by_interact.models import local, serve
from learn_by_interact.models.connect import connect
from learn_by_interact.models.endpoint import ModelSettings
from learn_by_interact.stages.explore import Explore
from learn_by_interact.types import digest
from models_server import Answer, asking, completion, serving

LLAMA = f"""#!{sys.executable}
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer({{}})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({{"choices": [{{"message": {{"content": said}}}}]}})

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

if "--help" not in sys.argv:
    said = open(sys.argv[sys.argv.index("--model") + 1]).read()
    port = int(sys.argv[sys.argv.index("--port") + 1])
    HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""
"""A `llama-server` whose model says what stands in its file."""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    program = tmp_path / "llama-server"
    program.write_text(LLAMA)
    program.chmod(0o755)
    monkeypatch.setenv("LBI_LLAMA_SERVER", str(program))
    monkeypatch.setenv("LBI_CACHE", str(tmp_path))
    made = tmp_path / "model.gguf"
    made.write_text("trained once")
    yield made
    local.stop()


def test_a_model_that_was_trained_anew_is_asked_itself(file: Path, tmp_path: Path) -> None:
    settings = ModelSettings(name=f"local/{file}", parallel=1, threads=1)

    def said() -> str:
        return connect(settings, tmp_path / "replies").complete(asking(model=settings.name)).text

    def key() -> str:
        return Explore(environment=room.NAME, model=settings).key

    first = key()
    assert said() == "trained once" and key() == first
    file.write_text("trained twice")
    os.utime(file, ns=(1, 1))
    assert said() == "trained twice" and key() != first


def test_weights_stay_as_in_the_file_where_that_is_faster_and_the_program_can(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = 'open(sys.argv[sys.argv.index("--model") + 1]).read()'
    for name, told in (("older", ""), ("newer", "--no-repack")):
        program = tmp_path / name
        program.write_text(LLAMA.replace(said, '" ".join(sys.argv)') + f"else:\n    print({told!r})\n")
        program.chmod(0o755)
        monkeypatch.setenv("LBI_LLAMA_SERVER", str(program))
        model = ModelSettings(name=f"local/{file}", parallel=1, threads=1)
        given = connect(model, tmp_path / f"{name}-replies").complete(asking(model=model.name))
        assert ("--no-repack" in given.text.split()) == (bool(told) and serve.as_in_file(native=True))


def test_the_layout_of_weights_is_chosen_by_the_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpu = tmp_path / "cpuinfo"
    monkeypatch.setattr(serve, "CPU", cpu)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    cpu.write_text("flags : avx2 avx512_vnni")
    assert serve.as_in_file(native=True) and serve.as_in_file(native=False)
    cpu.write_text("flags : avx2 amx_int8")
    assert not serve.as_in_file(native=True) and serve.as_in_file(native=False)
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert not serve.as_in_file(native=True) and not serve.as_in_file(native=False)


def test_another_address_is_asked_itself(tmp_path: Path) -> None:
    for text in ("here", "there"):
        with serving(lambda body, number, text=text: Answer(completion(text))) as seen:  # type: ignore[misc]
            model = ModelSettings(name="openai/x", base_url=seen.url)
            for _ in range(2):
                assert connect(model, tmp_path).complete(asking()).text == text
        assert len(seen.bodies) == 1


def test_an_address_that_a_variable_names_is_asked_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ModelSettings(name="openai/x")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    keys = {Explore(environment=room.NAME, model=model).key}
    for text in ("here", "there"):
        with serving(lambda body, number, text=text: Answer(completion(text))) as seen:  # type: ignore[misc]
            monkeypatch.setenv("OPENAI_BASE_URL", seen.url)
            assert connect(model, tmp_path).complete(asking()).text == text
            keys.add(Explore(environment=room.NAME, model=model).key)
    assert len(keys) == 3


def test_what_a_name_alone_tells_is_known_as_before() -> None:
    model = ModelSettings(name="local/smollm2-135m")
    assert model.served == ""
    stage = Explore(environment=room.NAME, model=model)
    assert stage.identity()["model"] == {"name": "local/smollm2-135m", "base_url": None}
    request = asking(seed=7)
    assert request.id == digest(["Request", request.model_dump(exclude={"blobs"})])
    assert not {"served", "grammar"} & request.model_dump().keys()


def test_a_tuned_model_is_known_by_its_version_alone(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_text("x")
    model = ModelSettings(name=f"local/{tmp_path}/model.gguf")
    assert model.weights
    tuned = Evaluate(environment=room.NAME, model=model, tuned="tuned/mine@1")
    assert tuned.identity()["model"] == {"name": "tuned/mine@1"}
