"""The Anthropic client against a real HTTP server."""

from __future__ import annotations

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from learn_by_interact.blobs import keep
from learn_by_interact.errors import ConfigError, ContextFull, ModelError, ModelRefused
from learn_by_interact.models import Message, Model, Request
from learn_by_interact.models.connect import client
from learn_by_interact.models.endpoint import ModelSettings, Prices, Transient
from models_server import Answer, Body, asking, serving

pytest.importorskip("anthropic")


def message(*content: Body, stop: str = "end_turn") -> Body:
    usage = {
        "input_tokens": 5,
        "cache_read_input_tokens": 30,
        "cache_creation_input_tokens": 7,
        "output_tokens": 4,
    }
    return {
        "id": "1",
        "type": "message",
        "role": "assistant",
        "model": "served",
        "content": list(content),
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": usage,
    }


def text(words: str) -> Body:
    return {"type": "text", "text": words}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")


def model_at(url: str, **settings: Any) -> Model:
    base = url.removesuffix("/v1")
    return client(ModelSettings(name="anthropic/some-model", base_url=base, seconds=10, **settings))


def test_history_is_marked_for_the_cache_and_usage_is_whole() -> None:
    turns = ("user", "assistant", "user", "assistant", "user")
    messages = [Message(role="system", content="rules")]
    messages += [Message.model_validate({"role": role, "content": f"turn {role}"}) for role in turns]
    request = Request(model="m", messages=tuple(messages), stop=("END",))
    prices = Prices(prompt=1, cached=0, completion=0)
    with serving(lambda body, number: Answer(message(text("yes")))) as seen:
        reply = model_at(seen.url, prices=prices).complete(request)
    assert (reply.text, reply.finish, reply.model) == ("yes", "stop", "served")
    assert (reply.usage.prompt, reply.usage.cached, reply.usage.completion) == (42, 30, 4)
    assert reply.usage.cost == pytest.approx(12e-6)
    body = seen.bodies[0]
    sent = (
        seen.headers[0].get("x-api-key") or seen.headers[0]["authorization"]
    )  # depends on the SDK's version
    assert sent.removeprefix("Bearer ") == "secret"
    assert body["system"][0]["text"] == "rules"
    assert "cache_control" in body["system"][0]
    marked = ["cache_control" in turn["content"][0] for turn in body["messages"]]
    assert marked == [False, False, True, False, True]
    assert body["stop_sequences"] == ["END"]


def test_a_schema_is_a_forced_tool_and_comes_back_as_json() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    used = {"type": "tool_use", "id": "t", "name": "reply", "input": {"a": 1}}
    with serving(lambda body, number: Answer(message(used, stop="tool_use"))) as seen:
        reply = model_at(seen.url).complete(asking(json_schema=schema))
    assert json.loads(reply.text) == {"a": 1}
    assert reply.finish == "stop"
    assert seen.bodies[0]["tool_choice"] == {"type": "tool", "name": "reply"}
    assert seen.bodies[0]["tools"][0]["input_schema"] == schema


def test_a_cut_or_empty_reply() -> None:
    with serving(lambda body, number: Answer(message(stop="max_tokens"))) as seen:
        reply = model_at(seen.url).complete(asking())
    assert (reply.text, reply.finish) == ("", "length")


def refusal(status: int, said: str, kind: str = "error") -> Answer:
    return Answer({"type": "error", "error": {"type": kind, "message": said}}, status=status)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal(401, "invalid x-api-key"), ModelRefused),
        (refusal(404, "model: some-model"), ModelRefused),
        (refusal(400, "Your credit balance is too low to access the API"), ModelRefused),
        (refusal(400, "prompt is too long: 210000 tokens > 200000 maximum"), ContextFull),
        (refusal(400, "something else"), ModelError),
        (refusal(429, "rate limited"), Transient),
        (refusal(529, "Overloaded", "overloaded_error"), Transient),
        (Answer(drop=True), Transient),
        (Answer(b"\x00junk"), Transient),
        (Answer(b"<html>", headers={"Content-Type": "text/html"}), Transient),
        (Answer({"no": "content"}), Transient),
    ],
)
def test_failures_have_a_class(answer: Answer, error: type[ModelError]) -> None:
    with serving(lambda body, number: answer) as seen, pytest.raises(ModelError) as caught:
        model_at(seen.url).complete(asking())
    assert type(caught.value) is error


def test_a_model_without_temperature_is_remembered() -> None:
    def picky(body: Body, number: int) -> Answer:
        if "temperature" in body:
            return refusal(400, "temperature is not supported by this model")
        return Answer(message(text("fine")))

    with serving(picky) as seen:
        model = model_at(seen.url)
        assert [model.complete(asking()).text for _ in range(2)] == ["fine", "fine"]
    assert len(seen.bodies) == 3


def test_calls_side_by_side_all_do_without_temperature() -> None:
    together = threading.Barrier(6, timeout=10)

    def picky(body: Body, number: int) -> Answer:
        if number < 6:
            together.wait()
        if "temperature" in body:
            return refusal(400, "temperature is not supported by this model")
        return Answer(message(text("fine")))

    with serving(picky) as seen, ThreadPoolExecutor(6) as pool:
        model = model_at(seen.url)
        replies = list(pool.map(lambda number: model.complete(asking(seed=number)), range(6)))
    assert [reply.text for reply in replies] == ["fine"] * 6


def test_a_text_that_is_no_unicode_is_sent_with_a_question_mark() -> None:
    asked = asking("caf\udce9", json_schema={"enum": ["\udcff", "é"]})
    with serving(lambda body, number: Answer(message(text("yes")))) as seen:
        assert model_at(seen.url).complete(asked).text == "yes"
    (body,) = seen.bodies
    assert body["messages"][0]["content"][0]["text"] == "caf?"
    assert body["tools"][0]["input_schema"] == {"enum": ["?", "é"]}


def test_a_missing_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(ConfigError, match="ANTHROPIC_API_KEY"):
        model_at("http://127.0.0.1:9/v1")


def test_pictures_stand_after_the_text_that_is_marked(tmp_path: Path) -> None:
    picture = keep(tmp_path, b"\xff\xd8\xff a photograph")
    look = Message(role="user", content="Look.", pictures=(picture,))
    with serving(lambda body, number: Answer(message(text("seen")))) as seen:
        model_at(seen.url).complete(Request(model="m", messages=(look,), blobs=str(tmp_path)))
    words, shown = seen.bodies[0]["messages"][0]["content"]
    assert words["text"] == "Look." and words["cache_control"]
    assert (shown["type"], shown["source"]["media_type"]) == ("image", "image/jpeg")
    assert base64.b64decode(shown["source"]["data"]) == b"\xff\xd8\xff a photograph"
