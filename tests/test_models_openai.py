"""The OpenAI-compatible client against a real HTTP server."""

from __future__ import annotations

import base64
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from learn_by_interact.blobs import keep
from learn_by_interact.errors import ConfigError, ContextFull, ModelError, ModelRefused
from learn_by_interact.models import Message, Model, Request
from learn_by_interact.models.connect import client, connect
from learn_by_interact.models.endpoint import LARGEST, ModelSettings, Prices, Transient
from learn_by_interact.models.openai_compatible import OpenAICompatible
from models_server import Answer, Body, asking, completion, serving


def model_at(url: str, **settings: object) -> Model:
    return client(ModelSettings.model_validate({"name": f"{url}#some-model", "seconds": 10, **settings}))


def refusal(status: int, message: str, **more: str) -> Answer:
    return Answer({"error": {"message": message, **more}}, status=status)


def test_a_request_arrives_whole_and_the_reply_carries_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LBI_API_KEY", "secret")
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    request = Request(
        model="m",
        messages=(Message(role="system", content="be brief"), Message(role="user", content="hi")),
        max_tokens=7,
        temperature=0.5,
        seed=3,
        stop=("END",),
        json_schema=schema,
    )
    prices = Prices(prompt=1.0, cached=0.1, completion=2.0)
    with serving(lambda body, number: Answer(completion("hey"))) as seen:
        reply = model_at(seen.url, prices=prices).complete(request)
    assert (reply.text, reply.finish, reply.model) == ("hey", "stop", "served-model")
    usage = reply.usage
    assert (usage.calls, usage.prompt, usage.cached, usage.completion) == (1, 10, 3, 5)
    assert usage.cost == pytest.approx((7 * 1.0 + 3 * 0.1 + 5 * 2.0) / 1e6)
    body = seen.bodies[0]
    assert seen.headers[0]["authorization"] == "Bearer secret"
    assert body["model"] == "some-model"
    assert body["messages"] == [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]
    assert (body["max_tokens"], body["temperature"], body["seed"], body["stop"]) == (7, 0.5, 3, ["END"])
    assert body["response_format"]["json_schema"]["schema"] == schema
    assert body["response_format"]["json_schema"]["strict"] is True


@pytest.mark.parametrize("name", ["local/x", "openai/x"])
def test_llama_cpp_alone_is_given_a_grammar(name: str) -> None:
    plain = Request(model=name, messages=(Message(role="user", content="hi"),))
    request = plain.model_copy(update={"grammar": 'root ::= "a"'})
    assert request.id != plain.id and "grammar" not in plain.model_dump()
    with serving(lambda body, number: Answer(completion("hey"))) as seen:
        OpenAICompatible(ModelSettings(name=name), "m", seen.url, "none").complete(request)
    assert seen.bodies[0].get("grammar") == ('root ::= "a"' if name == "local/x" else None)


def test_an_unknown_price_is_none_and_a_known_one_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    with serving(lambda body, number: Answer(completion("x"))) as seen:
        assert model_at(seen.url).complete(asking()).usage.cost is None
    from learn_by_interact.models.endpoint import cost
    from learn_by_interact.types import Usage

    usage = Usage(calls=1, prompt=1_000_000, cached=0, completion=0)
    known = cost(ModelSettings(name="openai/gpt-4o-mini"), usage, "gpt-4o-mini", "openai", "")
    assert known == pytest.approx(0.15)


def test_newer_models_refuse_parameters_once() -> None:
    def picky(body: Body, number: int) -> Answer:
        if "max_tokens" in body:
            said = "Unsupported parameter: 'max_tokens' is not supported with this model."
            return refusal(400, said, param="max_tokens", code="unsupported_parameter")
        if "temperature" in body:
            return refusal(400, "Unsupported value: 'temperature' does not support 0.", param="temperature")
        return Answer(completion("fine"))

    with serving(picky) as seen:
        model = model_at(seen.url)
        assert model.complete(asking(max_tokens=9)).text == "fine"
        assert len(seen.bodies) == 3
        assert seen.bodies[-1]["max_completion_tokens"] == 9
        assert model.complete(asking("again")).text == "fine"
        assert len(seen.bodies) == 4, "what was learnt is remembered"


def test_calls_side_by_side_all_leave_out_what_is_refused() -> None:
    together = threading.Barrier(6, timeout=10)

    def picky(body: Body, number: int) -> Answer:
        if number < 6:
            together.wait()
        if "temperature" in body:
            return refusal(400, "Unsupported value: 'temperature' does not support 0.", param="temperature")
        return Answer(completion("fine"))

    with serving(picky) as seen, ThreadPoolExecutor(6) as pool:
        model = model_at(seen.url)
        replies = list(pool.map(lambda number: model.complete(asking(seed=number)), range(6)))
    assert [reply.text for reply in replies] == ["fine"] * 6
    assert len(seen.bodies) == 12


def test_an_endpoint_without_schemas_still_answers() -> None:
    def plain(body: Body, number: int) -> Answer:
        if "response_format" in body:
            return refusal(400, "response_format is not supported")
        return Answer(completion("{}"))

    with serving(plain) as seen:
        assert model_at(seen.url).complete(asking(json_schema={"type": "object"})).text == "{}"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal(401, "bad key"), ModelRefused),
        (refusal(403, "not yours"), ModelRefused),
        (refusal(404, "no such model"), ModelRefused),
        (refusal(429, "no quota", code="insufficient_quota"), ModelRefused),
        (refusal(400, "maximum context length is 10 tokens", code="context_length_exceeded"), ContextFull),
        (refusal(400, "too long", type="exceed_context_size_error"), ContextFull),
        (refusal(429, "slow down"), Transient),
        (refusal(500, "oops"), Transient),
        (refusal(529, "overloaded"), Transient),
        (Answer(drop=True), Transient),
        (Answer(b"\x00\xff\xfe garbage \x80"), Transient),
        (Answer(b"<html>hello</html>", headers={"Content-Type": "text/html"}), Transient),
        (Answer({"choices": []}), Transient),
        (Answer([1, 2]), Transient),
        (refusal(422, "nonsense"), ModelError),
    ],
)
def test_failures_have_a_class(answer: Answer, error: type[ModelError]) -> None:
    with serving(lambda body, number: answer) as seen, pytest.raises(ModelError) as caught:
        model_at(seen.url).complete(asking())
    assert type(caught.value) is error
    assert "some-model" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_body_that_ends_early_may_be_asked_for_again() -> None:
    short = Answer(completion("x"), headers={"Content-Length": "100000"})
    with serving(lambda body, number: short) as seen, pytest.raises(Transient):
        model_at(seen.url, seconds=1.0).complete(asking())


@pytest.mark.parametrize("text", ["", None])
def test_an_empty_reply_is_an_empty_text(text: str | None) -> None:
    with serving(lambda body, number: Answer(completion(text))) as seen:
        assert model_at(seen.url).complete(asking()).text == ""


def test_an_enormous_reply_is_cut() -> None:
    with serving(lambda body, number: Answer(completion("x" * 3_000_000))) as seen:
        reply = model_at(seen.url).complete(asking(max_tokens=10))
    assert reply.finish == "length"
    assert len(reply.text) < 2000


def test_an_endless_body_is_refused() -> None:
    endless = Answer(b"x" * (LARGEST + 1_000_000))
    with (
        serving(lambda body, number: endless) as seen,
        pytest.raises(ModelError, match="more than") as caught,
    ):
        model_at(seen.url).complete(asking())
    assert type(caught.value) is ModelError


def test_binary_text_becomes_valid_unicode() -> None:
    raw = b'{"choices": [{"message": {"content": "a\\u0000\\ud800b"}}]}'
    with serving(lambda body, number: Answer(raw)) as seen:
        reply = model_at(seen.url).complete(asking())
    assert reply.text == "a\x00?b"
    assert reply.model_dump_json()


def test_a_text_that_is_no_unicode_is_sent_with_a_question_mark(tmp_path: Path) -> None:
    request = asking("caf\udce9", stop=("\ud800",), json_schema={"enum": ["\udcff", "é"]})
    with serving(lambda body, number: Answer(completion("yes"))) as seen:
        assert connect(f"{seen.url}#m", tmp_path).complete(request).text == "yes"
    (body,) = seen.bodies
    assert (body["messages"][0]["content"], body["stop"]) == ("caf?", ["?"])
    assert body["response_format"]["json_schema"]["schema"] == {"enum": ["?", "é"]}


def test_a_silent_endpoint_times_out() -> None:
    def slow(body: Body, number: int) -> Answer:
        time.sleep(1.0)
        return Answer(completion("late"))

    with serving(slow) as seen, pytest.raises(Transient):
        model_at(seen.url, seconds=0.2).complete(asking())


def test_openai_needs_a_key_and_honours_the_base_url(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        connect("openai/gpt-x")
    with serving(lambda body, number: Answer(completion("via"))) as seen:
        os.environ["OPENAI_BASE_URL"] = seen.url
        try:
            assert connect("openai/gpt-x").complete(asking()).text == "via"
        finally:
            del os.environ["OPENAI_BASE_URL"]
    assert seen.bodies[0]["model"] == "gpt-x"


def test_pictures_are_sent_beside_the_text_and_known_by_their_content(tmp_path: Path) -> None:
    picture = keep(tmp_path, b"\x89PNG the screen")
    (tmp_path / "broken").write_bytes(b"neither")
    seen_too = Message(role="user", content="Look.", pictures=(picture,))
    request = Request(model="m", messages=(seen_too,), blobs=str(tmp_path))
    with serving(lambda body, number: Answer(completion("seen"))) as seen:
        model = model_at(seen.url)
        assert model.complete(request).text == "seen"
        (message,) = seen.bodies[0]["messages"]
        for name, wrong in {"gone": "cannot read the picture", "broken": "no PNG or JPEG"}.items():
            other = seen_too.model_copy(update={"pictures": (name,)})
            with pytest.raises(ModelError, match=wrong):
                model.complete(request.model_copy(update={"messages": (other,)}))
    assert message["content"][0] == {"type": "text", "text": "Look."}
    address = message["content"][1]["image_url"]["url"]
    assert base64.b64decode(address.removeprefix("data:image/png;base64,")) == b"\x89PNG the screen"
    assert request.model_copy(update={"blobs": "elsewhere"}).id == request.id
    blind = Request(model="m", messages=(Message(role="user", content="Look."),))
    assert blind.id != request.id
    assert blind.model_dump(mode="json")["messages"] == [{"role": "user", "content": "Look."}]
    assert Request.model_validate(request.model_dump(mode="json")) == request
