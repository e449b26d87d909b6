"""The index over examples: what is found, in which order, and how scores come about."""

from __future__ import annotations

import math
import random
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from learn_by_interact.engine.store import Store
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.errors import ConfigError
from learn_by_interact.retrieval import documents
from learn_by_interact.retrieval import index as indexing
from learn_by_interact.retrieval.build import build
from learn_by_interact.retrieval.index import Candidate, Index, K, connection, fuse, open_index
from learn_by_interact.types import Document, Example, Trajectory
from room import DOCUMENTS, acted, asked

ACTIONS = ShellActions()
EPISODE = acted("list", "show a.txt", "put c.txt yes", "show nothing", "show c.txt", "stop yes")
WORDS = ("note", "notes", "room", "apples", "bread", "write", "read", "all", "the", "first", "c.txt")


def example(instruction: str, begin: int = 0, end: int = 1, of: Trajectory = EPISODE) -> Example:
    return Example(instruction=instruction, trajectory=of.id, begin=begin, end=end, kind="abstraction")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run") as made:
        made.add([*DOCUMENTS.values(), asked(), EPISODE])
        yield made


def index(store: Store, *examples: Example) -> Index:
    return Index(build(store, examples, ACTIONS)[0])


def at_random(count: int, seed: int = 0) -> list[Example]:
    """Examples whose instructions are a few of a few words, so that many share some and several are equal."""
    draw = random.Random(seed)
    return [
        example(" ".join(draw.choices(WORDS, k=draw.randint(1, 7))), begin, begin + 1)
        for begin in (0, 1, 2)
        for _ in range(count // 3)
    ]


def found(index: Index, text: str, limit: int = 50, **weights: float) -> list[tuple[str, float]]:
    hits = index.search(text, weights or {"instruction": 1.0}, limit)
    return [(index.demonstration(hit).id, hit.score) for hit in hits]


def test_the_right_example_is_found_first(store: Store) -> None:
    wanted = example("Write yes into the third note.", 2, 3)
    made = index(store, wanted, example("Read the first note.", 1, 2), example("List all notes."))
    assert len(made) == 3
    assert found(made, "write the third note")[0][0] == wanted.id
    assert found(made, "yes", actions=1.0) == found(made, "YES!", actions=1.0)
    assert [one for one, _ in found(made, "yes", actions=1.0)] == [wanted.id]


def test_observations_are_searched_apart(store: Store) -> None:
    error = example("Look for a note.", 3, 4)
    made = index(store, error, example("Read the first note.", 1, 2))
    assert [one for one, _ in found(made, "no such thing", observations=1.0)] == [error.id]
    assert found(made, "such thing") == []


def test_lone_surrogates_are_indexed_and_asked_for_as_question_marks(store: Store) -> None:
    plain = acted("put c.txt yes")
    action = plain.steps[0].action.model_copy(update={"arguments": {"command": "put c.txt \ud83dyes"}})
    odd = plain.model_copy(update={"steps": (plain.steps[0].model_copy(update={"action": action}),)})
    store.add([odd, Document(source="s", title="t \ud83d", text="apples \ud83d", begin=1, end=1)])
    wanted = example("Write \ud83d into the note.", of=odd)
    folder, _ = build(store, [wanted, example("List all notes.")], ACTIONS)
    made = Index(folder)
    assert [one for one, _ in found(made, "write \ud83d")] == [wanted.id]
    (hit,) = made.search("yes", {"actions": 1.0}, 5)
    kept = made.demonstration(hit)
    assert kept.instruction == "Write ? into the note." and "?yes" in kept.actions
    assert [row[1] for row in documents.search(made.documents, "apples \udc80", 9)].count("t ?") == 1


def test_names_with_underscores_are_found(store: Store) -> None:
    wanted = example("Add the column book_id to the table.")
    made = index(store, wanted, example("List all notes.", 1, 2))
    assert [one for one, _ in found(made, "book_id")] == [wanted.id]


@pytest.mark.parametrize("text", ["", "!!! ???", "zebra", '"quoted AND (broken'])
def test_a_question_without_known_words_finds_nothing(store: Store, text: str) -> None:
    assert found(index(store, example("List all notes.")), text) == []


def test_an_empty_index_finds_nothing(store: Store) -> None:
    assert found(index(store), "anything") == []


def test_equal_scores_stand_in_order_of_the_id(store: Store) -> None:
    made = [example("Read the note.", begin, end) for begin in range(6) for end in range(begin + 1, 7)]
    hits = found(index(store, *made), "read the note")
    assert len({round(score, 4) for _, score in hits}) == 1
    assert [one for one, _ in hits] == sorted(one.id for one in made)
    assert [one for one, _ in found(index(store, *made), "read", 5)] == sorted(one.id for one in made)[:5]


def test_results_do_not_depend_on_the_order_of_writing(tmp_path: Path) -> None:
    made = at_random(60)
    results: list[Any] = []
    for number in range(3):
        random.Random(number).shuffle(made)
        with Store(tmp_path / str(number)) as store:
            store.add([asked(), EPISODE, *made])
            folder, name = build(store, made, ACTIONS)
            weights = {"instruction": 2.0, "actions": 1.0}
            results.append((name, [found(Index(folder), word, 7, **weights) for word in WORDS]))
    assert results[0] == results[1] == results[2]


def stems(text: str) -> list[str]:
    """Words without a plural's s, which is all that the words here have to be stemmed of."""
    return [word.rstrip("s") for word in re.findall(r"[^\W_]+", text.lower())]


def bm25(texts: dict[str, str], question: str) -> dict[str, float]:
    """Okapi BM25 (k1 = 1.2, b = 0.75) by its formula, for texts of under 40 words."""
    split = {key: stems(text) for key, text in texts.items()}
    mean = sum(map(len, split.values())) / len(split)
    scores: defaultdict[str, float] = defaultdict(float)
    for word in dict.fromkeys(stems(question)):
        holders = [key for key, words in split.items() if word in words]
        rarity = math.log(1 + (len(split) - len(holders) + 0.5) / (len(holders) + 0.5))
        for key in holders:
            times, length = split[key].count(word), len(split[key]) / mean
            scores[key] += rarity * 2.2 * times / (times + 1.2 * (0.25 + 0.75 * length))
    return scores


@pytest.mark.parametrize(
    "question", ["note", "read the first note", "apples bread c.txt", "write all the notes"]
)
def test_scores_are_those_of_the_formula_for_all_examples(store: Store, question: str) -> None:
    made = {one.id: one for one in at_random(90)}
    wanted = bm25({key: one.instruction for key, one in made.items()}, question)
    hits = found(index(store, *made.values()), question, limit=1000)
    assert len(hits) > 5 and dict(hits) == pytest.approx(wanted, abs=6e-5)
    assert [one for one, _ in hits] == sorted(wanted, key=lambda key: (-round(wanted[key], 3), key))


def test_forms_of_a_word_find_each_other(store: Store) -> None:
    made = index(store, example("Annotate the task.", 0, 1), example("Delete the task.", 1, 2))
    ((best, _),) = found(made, "Which was annotated, as an annotation?")
    assert best == example("Annotate the task.", 0, 1).id
    assert [one for one, _ in found(made, "deleting")] == [example("Delete the task.", 1, 2).id]


def test_the_first_hits_are_those_of_the_whole_ranking(store: Store) -> None:
    made = index(store, *at_random(90))
    whole = found(made, "read the first note", limit=1000)
    for limit in (1, 3, 10):
        scores = [score for _, score in found(made, "read the first note", limit=limit)]
        assert scores == pytest.approx([score for _, score in whole[:limit]])


def files(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir() if path.suffix != ".lock"}


def test_an_index_that_is_complete_is_left_as_it_is(store: Store) -> None:
    said: list[str] = []
    folder, name = build(store, [example("List all notes.")], ACTIONS)
    before = files(folder)
    assert build(store, [example("List all notes.")], ACTIONS, say=said.append) == (folder, name)
    assert files(folder) == before and said == []


def test_adding_examples_keeps_what_is_there(store: Store) -> None:
    made = at_random(300)
    folder, first = build(store, made[:200], ACTIONS)
    before = files(folder)
    said: list[str] = []
    _, second = build(store, made, ACTIONS, say=said.append)
    assert first != second and said == []
    kept = [name for name, at in files(folder).items() if before.get(name) == at]
    assert any(name.endswith(".idx") for name in kept)
    with Store(folder.parent.parent.parent / "other") as other:
        other.add([*DOCUMENTS.values(), asked(), EPISODE])
        whole = index(other, *made)
    added = open_index(str(folder))
    assert (len(added), added.digest) == (len(whole), whole.digest) == (len({one.id for one in made}), second)
    for question in WORDS:
        assert found(added, question) == found(whole, question)
        key = EPISODE.start.key
        assert met(added, key, question) == met(whole, key, question)


def test_an_index_of_other_examples_is_built_again_and_says_so(store: Store) -> None:
    one, two = example("List all notes."), example("Read the first note.", 1, 2)
    folder, name = build(store, [one, two], ACTIONS)
    opened = open_index(str(folder))
    said: list[str] = []
    assert build(store, [two], ACTIONS, say=said.append)[1] != name
    assert said == [f"The index in {folder} does not belong to the run's examples: it is built again."]
    assert open_index(str(folder)) is not opened
    assert found(open_index(str(folder)), "list all") == []
    assert [hit for hit, _ in found(open_index(str(folder)), "read")] == [two.id]


def test_an_index_that_was_not_finished_is_built_again(store: Store) -> None:
    one, two = example("List all notes."), example("Read the first note.", 1, 2)
    folder, name = build(store, [one, two], ACTIONS)
    rows = connection(folder, write=True)
    rows.execute("DELETE FROM example WHERE id = ?", (one.id,))
    rows.execute("UPDATE meta SET value = '1' WHERE key = 'examples'")
    rows.close()
    with pytest.raises(ConfigError, match="not finished: make it with `lbi index`"):
        Index(folder)
    said: list[str] = []
    assert build(store, [one, two], ACTIONS, say=said.append) == (folder, name)
    assert len(said) == 1 and [hit for hit, _ in found(Index(folder), "all")] == [one.id]


def test_a_deleted_index_is_built_again(store: Store) -> None:
    folder, name = build(store, [example("List all notes.")], ACTIONS)
    shutil.rmtree(folder)
    with pytest.raises(ConfigError, match="holds no index: make it with `lbi index`"):
        Index(folder)
    assert build(store, [example("List all notes.")], ACTIONS)[1] == name
    assert open_index(str(folder)) is open_index(str(folder))


def test_sets_of_examples_have_indexes_of_their_own(store: Store) -> None:
    one, two = example("List all notes."), example("Read the first note.", 1, 2)
    said: list[str] = []
    first, _ = build(store, [one], ACTIONS, name="one", say=said.append)
    second, _ = build(store, [two], ACTIONS, name="two", say=said.append)
    assert said == [] and first != second and len(Index(first)) == len(Index(second)) == 1


def met(index: Index, key: str, text: str = "", limit: int = 50) -> list[tuple[str, float]]:
    hits = index.met(key, text, {"instruction": 1.0}, limit)
    return [(index.demonstration(hit).id, hit.score) for hit in hits]


def test_a_state_is_met_where_a_step_was_taken_in_it(store: Store) -> None:
    windows = [(begin, end) for begin in range(6) for end in range(begin + 1, 7)]
    made = {example(f"Window {at}.", *window).id: window for at, window in enumerate(windows)}
    indexed = index(store, *(example(f"Window {at}.", *window) for at, window in enumerate(windows)))
    for at in range(7):
        key = EPISODE.observation(at).key
        wanted = {
            one
            for one, (begin, end) in made.items()
            if any(EPISODE.observation(inner).key == key for inner in range(begin, end))
        }
        assert {one for one, _ in met(indexed, key)} == wanted
    assert met(indexed, "no such key") == []


def test_of_examples_that_met_a_state_the_goal_chooses(store: Store) -> None:
    made = [example("List all notes."), example("Read the first note."), example("Write.")]
    indexed = index(store, *made, example("Read apples.", 1, 2))
    hits = met(indexed, EPISODE.start.key, "read all the apples")
    assert {one for one, score in hits[:2] if score > 0} == {made[0].id, made[1].id}
    assert hits[2] == (made[2].id, 0.0) and len(hits) == 3


def test_many_that_tie_are_cut_by_the_id_and_not_by_their_place(tmp_path: Path) -> None:
    episodes = [acted(f"put c.txt {at}") for at in range(400)]
    made = [example("Write a note.", of=episode) for episode in episodes]
    for number in range(2):
        random.Random(number).shuffle(made)
        with Store(tmp_path / str(number)) as store:
            store.add([asked(), *episodes])
            for size in (100, 250, 400):
                folder, _ = build(store, made[:size], ACTIONS)
            hits = found(Index(folder), "note", 7)
            assert [one for one, _ in hits] == sorted(one.id for one in made)[:7]


def ranked(*names: str) -> list[tuple[Candidate, str]]:
    return [(Candidate(ord(one), "", 1, 0.0), "why") for one in names]


def test_fuse_sums_the_reciprocal_ranks() -> None:
    one, two = ("a", "b", "c", "d"), ("c", "a", "e")
    scores: defaultdict[str, float] = defaultdict(float)
    for ranking in (one, two):
        for rank, name in enumerate(ranking, 1):
            scores[name] += 1 / (K + rank)
    fused = fuse([ranked(*one), ranked(*two)])
    assert [chr(item.number) for item, _ in fused] == sorted(scores, key=lambda name: (-scores[name], name))
    assert {chr(item.number): why for item, why in fused}["a"] == "why (rank 1); why (rank 2)"


def test_fuse_breaks_ties_by_id_and_keeps_a_single_ranking() -> None:
    assert [chr(item.number) for item, _ in fuse([ranked("b", "a"), ranked("a", "b")])] == ["a", "b"]
    assert [chr(item.number) for item, _ in fuse([ranked("z", "a", "m")])] == ["z", "a", "m"]
    assert fuse([]) == fuse([[]]) == []


def test_a_large_index_searches_for_the_words_that_tell_examples_apart(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same are found first, and what has nothing but a common word is not looked at."""
    rare = [
        example(f"the apples {word}", begin, begin + 1)
        for begin, word in enumerate(("read", "bread", "room"))
    ]
    common = [example(f"the note {number}", 0, 1) for number in range(30)]
    made = index(store, *rare, *common)
    whole = found(made, "the note apples bread")
    monkeypatch.setattr(indexing, "LARGE", 1)
    monkeypatch.setattr(indexing, "FEWEST", 2)
    less = found(made, "the note apples bread")
    assert [identity for identity, _ in less] == [identity for identity, _ in whole[:3]]
    assert len(whole) == 33
    assert len(found(made, "the note")) == 33, "of a question of common words alone the least common are left"
