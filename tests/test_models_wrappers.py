"""Stored replies, retries, limits, the scripted model and `connect`."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from learn_by_interact.errors import ConfigError, ModelError, ModelRefused, StoreError
from learn_by_interact.models import Request
from learn_by_interact.models.connect import client, connect
from learn_by_interact.models.endpoint import ModelSettings, Transient
from learn_by_interact.models.scripted import Scripted
from learn_by_interact.models.wrappers import Cached, Limited, Retrying
from models_server import Answer, Body, asking, completion, serving


def echo(request: Request) -> str:
    return f"echo {request.messages[-1].content}"


def test_a_stored_reply_is_not_asked_for_again(tmp_path: Path) -> None:
    log = tmp_path / "calls"
    request = asking("one two")
    first = Cached(Scripted(echo, log=log), tmp_path / "replies").complete(request)
    again = Cached(Scripted(echo, log=log), tmp_path / "replies").complete(request)
    assert first == again
    assert first.usage.prompt == 2 and first.asked == request.model
    assert log.read_text().split() == [request.id]
    assert (tmp_path / "replies" / request.id[:2] / f"{request.id}.json").is_file()


@pytest.mark.parametrize("damage", [b"", b'{"text": "ha', b"\x00\xff", b"[]"])
def test_a_damaged_reply_counts_as_absent(tmp_path: Path, damage: bytes) -> None:
    log, request = tmp_path / "calls", asking()
    model = Cached(Scripted(echo, log=log), tmp_path / "replies")
    good = model.complete(request)
    (tmp_path / "replies" / request.id[:2] / f"{request.id}.json").write_bytes(damage)
    assert model.complete(request).text == good.text
    assert len(log.read_text().split()) == 2
    assert model.complete(request).text == good.text
    assert len(log.read_text().split()) == 2


def test_two_threads_with_one_request_pay_once(tmp_path: Path) -> None:
    log = tmp_path / "calls"
    model = Cached(Scripted(echo, latency=0.1, log=log), tmp_path / "replies")
    with ThreadPoolExecutor(8) as pool:
        texts = {reply.text for reply in pool.map(lambda _: model.complete(asking()), range(8))}
    assert texts == {"echo hello"}
    assert len(log.read_text().split()) == 1


def test_a_reply_that_cannot_be_stored_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "replies").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="cannot write the reply"):
        Cached(Scripted(echo), tmp_path / "replies").complete(asking())


def test_a_killed_process_leaves_whole_replies(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from learn_by_interact.models import Message, Request
from learn_by_interact.models.scripted import Scripted
from learn_by_interact.models.wrappers import Cached
model = Cached(Scripted(lambda request: "x" * 10_000, latency=0.002), Path({str(tmp_path / "replies")!r}))
for seed in range(100_000):
    model.complete(Request(model="m", messages=(Message(role="user", content="a"),), seed=seed))
    print(seed, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    last = ""
    for last in process.stdout:
        if int(last) == 40:
            process.kill()
    process.wait()
    log = tmp_path / "calls"
    model = Cached(Scripted(["not stored"] * 99, log=log), tmp_path / "replies")
    for seed in range(int(last) + 1):
        request = asking("a", seed=seed)
        assert model.complete(request).text == "x" * 10_000
    assert not log.exists()


def test_passing_failures_are_survived_and_retry_after_is_obeyed() -> None:
    answers = [
        Answer(b"{}", status=500),
        Answer(drop=True),
        Answer(b"{}", status=429, headers={"Retry-After": "0.4"}),
        Answer(b"junk"),
        Answer(completion("at last")),
    ]
    with serving(lambda body, number: answers[number]) as seen:
        bare = client(ModelSettings(name=f"{seen.url}#m", seconds=10))
        begin = time.monotonic()
        reply = Retrying(bare, patience=20, first_wait=0.01).complete(asking())
    assert reply.text == "at last"
    assert len(seen.bodies) == 5
    assert time.monotonic() - begin >= 0.4


def test_patience_ends() -> None:
    with serving(lambda body, number: Answer(b"{}", status=503)) as seen:
        bare = client(ModelSettings(name=f"{seen.url}#m", seconds=10))
        with pytest.raises(ModelError, match="gave up after") as caught:
            Retrying(bare, patience=0.5, first_wait=0.05).complete(asking())
    assert not isinstance(caught.value, Transient)
    assert 2 < len(seen.bodies) < 12


def test_an_endpoint_that_asks_for_no_pause_is_not_called_without_one() -> None:
    busy = Answer(b"{}", status=429, headers={"Retry-After": "0"})
    with serving(lambda body, number: busy) as seen, pytest.raises(ModelError, match="gave up after"):
        connect(ModelSettings(name=f"{seen.url}#m", seconds=10, patience=2.0)).complete(asking())
    assert len(seen.bodies) <= 4


def test_calls_that_are_made_again_count_among_those_of_a_minute() -> None:
    with serving(lambda body, number: Answer(b"{}", status=503)) as seen:
        model = connect(ModelSettings(name=f"{seen.url}#m", seconds=10, per_minute=2))
        waiting = threading.Thread(target=model.complete, args=(asking(),), daemon=True)
        waiting.start()
        waiting.join(3.0)
    assert waiting.is_alive() and len(seen.bodies) == 2


def test_waiting_for_a_turn_is_not_what_patience_is_spent_on() -> None:
    failed: list[str] = []

    def once(request: Request) -> str:
        time.sleep(0.5)
        text = request.messages[-1].content
        if text in failed:
            return "fine"
        failed.append(text)
        raise Transient("busy")

    model = Retrying(Limited(Scripted(once), concurrency=1), patience=1.5, first_wait=0.01)
    with ThreadPoolExecutor(4) as pool:
        assert {one.text for one in pool.map(model.complete, map(asking, "abcd"))} == {"fine"}


def test_a_wrong_key_is_not_tried_again() -> None:
    with serving(lambda body, number: Answer(b"{}", status=401)) as seen, pytest.raises(ModelRefused):
        connect(ModelSettings(name=f"{seen.url}#m")).complete(asking())
    assert len(seen.bodies) == 1


def test_an_endpoint_that_is_down_for_a_while_is_survived() -> None:
    def up(body: Body, number: int) -> Answer:
        return Answer(completion("back"))

    with serving(up) as seen:
        url = seen.url
    port = int(url.split(":")[2].split("/")[0])
    model = Retrying(client(ModelSettings(name=f"{url}#m")), patience=20, first_wait=0.1)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(model.complete, asking())
        time.sleep(1.0)
        assert not future.done()
        with serving(up, port):
            assert future.result(timeout=15).text == "back"


def test_limits_hold() -> None:
    lock, running, most = threading.Lock(), [0], [0]

    def count(request: Request) -> str:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.05)
        with lock:
            running[0] -= 1
        return "x"

    model = Limited(Scripted(count), concurrency=3)
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: model.complete(asking()), range(12)))
    assert most[0] == 3


def test_calls_in_a_minute_are_bounded() -> None:
    calls: list[float] = []

    def note(request: Request) -> str:
        calls.append(time.monotonic())
        return "x"

    model = Limited(Scripted(note), per_minute=5)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            pool.submit(model.complete, asking()).result(timeout=5)
        waiting = threading.Thread(target=model.complete, args=(asking(),), daemon=True)
        waiting.start()
        waiting.join(0.5)
    assert waiting.is_alive()
    assert len(calls) == 5


def test_the_scripted_model_answers_from_lists_and_dicts() -> None:
    listed = Scripted(["one", "two"])
    assert [listed.complete(asking()).text for _ in range(2)] == ["one", "two"]
    with pytest.raises(ModelError, match="ends after 2"):
        listed.complete(asking())
    chosen = Scripted({"weather": "rain", "time": "noon"})
    assert chosen.complete(asking("what time is it")).text == "noon"
    with pytest.raises(ModelError, match="no answer"):
        chosen.complete(asking("who"))


def test_the_scripted_model_counts_a_shared_prefix_as_cached() -> None:
    model = Scripted(echo)
    model.complete(asking("a b c d"))
    usage = model.complete(asking("a b x d")).usage
    assert (usage.prompt, usage.cached, usage.cost) == (4, 2, 0.0)


def test_connect_is_one_connection_for_all_threads_and_settings_pickle(tmp_path: Path) -> None:
    settings = ModelSettings(name="scripted/test_models_wrappers:echo", concurrency=2)
    assert pickle.loads(pickle.dumps(settings)) == settings
    with ThreadPoolExecutor(8) as pool:
        models = list(pool.map(lambda _: connect(settings, tmp_path), range(32)))
    assert len({id(model) for model in models}) == 1
    assert models[0].name == settings.name
    assert connect(settings) is not models[0]


class Custom:
    """A model of a user's own module."""

    def __init__(self, settings: ModelSettings) -> None:
        self.name = settings.name

    def complete(self, request: Request) -> object:
        return Scripted(["own"]).complete(request)


def test_a_class_of_ones_own_is_a_model() -> None:
    assert connect("test_models_wrappers:Custom").complete(asking()).text == "own"


@pytest.mark.parametrize("name", ["concurrency", "per_minute", "seconds", "context", "parallel", "threads"])
def test_a_number_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=f"{name}\n.*greater than"):
        ModelSettings.model_validate({"name": "m", name: 0})


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gpt", "openai/NAME"),
        ("local/nothing", "qwen2.5-coder-1.5b"),
        ("local//no/such/file.gguf", "there is no /no/such/file.gguf"),
        ("scripted/no_such_module:f", "cannot be loaded"),
        ("test_models_wrappers:absent", "cannot be loaded"),
        ("json:dumps", "no class"),
        ("json:JSONDecoder", "lacks complete"),
        ("http://127.0.0.1:1/v1", "#NAME"),
    ],
)
def test_a_wrong_name_is_a_sentence_that_helps(name: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        connect(name)
    assert says in str(caught.value)
