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
from learn_by_interact.retrieval.index import (
    Demonstration,
    Index,
    K,
    build,
    demonstration,
    fuse,
    grounding,
    open_index,
)
from learn_by_interact.types import Example, Trajectory
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
    return [(item.id, score) for item, score in index.search(text, weights or {"instruction": 1.0}, limit)]


def test_a_demonstration_is_the_window_as_it_is_written_in_prompts() -> None:
    made = demonstration(example("Write a note.", 2, 6), EPISODE, ACTIONS)
    assert made.text.split("\n") == [
        "Example task: Write a note.",
        "ACTION: put c.txt yes",
        "[no output]",
        "ACTION: show nothing",
        "show nothing: there is no such thing",
        "[exit code 1]",
        "ACTION: show c.txt",
        "yes",
        "ACTION: stop yes",
    ]
    assert made.actions == "put c.txt yes\nshow nothing\nshow c.txt\nstop yes"
    assert "apples" not in made.observations and "no such thing" in made.observations


def test_a_demonstration_cuts_long_observations() -> None:
    long = acted(f"put a.txt {'x' * 900}", "show a.txt")
    made = demonstration(example("Read.", 1, 2, long), long, ACTIONS, limit=120)
    assert "characters left out" in made.text and len(made.text) < 300
    assert "x" * 900 in made.observations


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


def bm25(texts: dict[str, str], question: str) -> dict[str, float]:
    """Okapi BM25 (k1 = 1.2, b = 0.75) by its formula, for texts of under 40 words."""
    split = {key: re.findall(r"[^\W_]+", text.lower()) for key, text in texts.items()}
    mean = sum(map(len, split.values())) / len(split)
    scores: defaultdict[str, float] = defaultdict(float)
    for word in dict.fromkeys(re.findall(r"[^\W_]+", question.lower())):
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
    assert len(hits) > 5 and dict(hits) == pytest.approx(wanted, rel=1e-4)
    assert [one for one, _ in hits] == sorted(wanted, key=lambda key: (-round(wanted[key], 3), key))


def test_the_first_hits_are_those_of_the_whole_ranking(store: Store) -> None:
    made = index(store, *at_random(90))
    whole = found(made, "read the first note", limit=1000)
    for limit in (1, 3, 10):
        scores = [score for _, score in found(made, "read the first note", limit=limit)]
        assert scores == pytest.approx([score for _, score in whole[:limit]])


def test_an_index_that_is_complete_is_left_as_it_is(store: Store) -> None:
    folder, name = build(store, [example("List all notes.")], ACTIONS)
    before = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert build(store, [example("List all notes.")], ACTIONS) == (folder, name)
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == before
    assert build(store, [example("List no notes.")], ACTIONS)[1] != name


def test_an_index_that_is_incomplete_is_built_again(store: Store) -> None:
    one = example("List all notes.")
    folder, name = build(store, [one], ACTIONS)
    (folder / "complete").unlink()
    with pytest.raises(ConfigError, match="lbi index"):
        Index(folder)
    for file in folder.glob("*.store"):
        file.write_bytes(b"cut short")
    assert build(store, [one], ACTIONS) == (folder, name)
    assert [hit for hit, _ in found(Index(folder), "notes")] == [one.id]


def test_a_deleted_index_is_built_again(store: Store) -> None:
    folder, name = build(store, [example("List all notes.")], ACTIONS)
    shutil.rmtree(folder)
    assert build(store, [example("List all notes.")], ACTIONS)[1] == name
    assert open_index(str(folder)) is open_index(str(folder))


def ranked(*ids: str) -> list[tuple[Demonstration, str]]:
    empty = dict.fromkeys(("instruction", "actions", "observations", "text"), "")
    return [(Demonstration(id=one, trajectory="", begin=0, end=1, **empty), "why") for one in ids]


def test_fuse_sums_the_reciprocal_ranks() -> None:
    one, two = ("a", "b", "c", "d"), ("c", "a", "e")
    scores: defaultdict[str, float] = defaultdict(float)
    for ranking in (one, two):
        for rank, name in enumerate(ranking, 1):
            scores[name] += 1 / (K + rank)
    fused = fuse([ranked(*one), ranked(*two)])
    assert [item.id for item, _ in fused] == sorted(scores, key=lambda name: (-scores[name], name))
    assert {item.id: why for item, why in fused}["a"] == "why (rank 1); why (rank 2)"


def test_fuse_breaks_ties_by_id_and_keeps_a_single_ranking() -> None:
    assert [item.id for item, _ in fuse([ranked("b", "a"), ranked("a", "b")])] == ["a", "b"]
    assert [item.id for item, _ in fuse([ranked("z", "a", "m")])] == ["z", "a", "m"]
    assert fuse([]) == fuse([[]]) == []


def test_grounding_takes_the_lines_that_say_how_the_actions_are_written() -> None:
    text = "Insert rows\n\nUsage: db insert FILE\n  --csv    read CSV\n  --tsv    read TSV\nSee also: other"
    assert grounding(text, ["db insert a.db --csv"]) == ["Usage: db insert FILE", "--csv read CSV"]
    assert grounding(text, ["ls"]) == []
    assert len(grounding("\n".join(f"{at} --csv" for at in range(9)), ["db --csv"], limit=2)) == 2
    assert grounding(f"--csv {'x' * 500}", ["db --csv"], width=50) == [f"--csv {'x' * 500}"[:50]]


def test_a_demonstration_brings_lines_of_the_document_of_its_task(store: Store) -> None:
    task = asked("put", "Write a note.")
    held_out = task.model_copy(update={"parent": "write"})
    for one, lines in ((task, ("Usage: put NAME TEXT", "$ put NAME hello")), (held_out, ())):
        episode = acted("put NAME yes", task=one)
        store.add([one, episode])
        ((item, _),) = index(store, example("Write.", 0, 1, episode)).search("write", {"instruction": 1.0}, 5)
        assert item.documentation == lines
