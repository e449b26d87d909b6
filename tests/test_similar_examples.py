"""Near-duplicates and decontamination."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from learn_by_interact.stages.similar import (
    Index,
    Thresholds,
    closest,
    contaminated,
    jaccard,
    near_duplicates,
    nearest,
    shingles,
)

TEXTS = {
    "a": "List all the tables in dogs.db, with their row counts, as a table.",
    "b": "list all tables in dogs.db with their row counts as a table",
    "c": "List all the tables in cats.db, with their row counts, as CSV.",
    "d": "Add a column `weight` of type float to the dogs table.",
    "e": "Add a column 'weight' of type float to the dogs table!",
    "f": "Delete the index on the name column.",
    "g": "",
    "h": "...",
}
HELD_OUT = [
    (
        "tables",
        "List all the tables in dogs.db with their row counts.",
        ["sqlite-utils tables dogs.db --counts"],
    ),
    (
        "old-dogs",
        "Which dogs are older than 5? Write their names to old.txt.",
        ["sqlite-utils query dogs.db 'select name from dogs where age > 5' --csv > old.txt"],
    ),
    (
        "two-steps",
        "Make the id the primary key of a new table cats and index its name.",
        [
            "sqlite-utils create-table a.db cats id integer name text --pk id",
            "sqlite-utils create-index a.db cats name",
        ],
    ),
]


def test_duplicates_point_to_the_smallest_kept_id() -> None:
    dropped = near_duplicates(TEXTS)
    assert {key: kept for key, (kept, _) in dropped.items()} == {"b": "a", "e": "d", "h": "g"}
    assert dropped["e"][1] == 1.0
    assert 0.8 <= dropped["b"][1] < 1.0


def test_duplicates_do_not_depend_on_the_order() -> None:
    wanted = near_duplicates(TEXTS)
    for seed in range(5):
        items = list(TEXTS.items())
        random.Random(seed).shuffle(items)
        assert near_duplicates(dict(items)) == wanted


def test_duplicates_do_not_depend_on_the_process() -> None:
    code = (
        "from learn_by_interact.stages.similar import near_duplicates\n"
        "texts = {str(i): f'a b c d e f {i // 2}' for i in range(40)}\n"
        "print(near_duplicates(texts, 0.5))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1] != b"{}\n"


@pytest.mark.parametrize("threshold", [0.35, 0.6, 0.8, 0.95])
def test_what_is_found_is_what_comparing_all_pairs_finds(threshold: float) -> None:
    rng = random.Random(7)
    words = [f"w{number}" for number in range(60)]
    texts: dict[str, str] = {}
    for number in range(300):
        base = list(texts.values())[rng.randrange(len(texts))].split() if texts and number % 2 else None
        said = base or rng.sample(words, 14)
        said[rng.randrange(len(said))] = rng.choice(words)
        texts[f"{number:03}"] = " ".join(said)
    kept: list[str] = []
    dropped: dict[str, tuple[str, float]] = {}
    for key in sorted(texts):
        scores = [(-jaccard(shingles(texts[key]), shingles(texts[other])), other) for other in kept]
        score, other = min(scores, default=(0.0, ""))
        if -score >= threshold:
            dropped[key] = (other, -score)
        else:
            kept.append(key)
    assert dropped
    assert near_duplicates(texts, threshold) == dropped


def test_numbers_options_and_quoted_strings_tell_texts_apart() -> None:
    texts = {
        "1": "Set age to 5",
        "2": "Set age to 6",
        "3": 'Add "a b"',
        "4": 'Add "a c"',
        "5": "print --csv",
        "6": "print --tsv",
    }
    assert near_duplicates(texts) == {}


def test_closest_names_the_most_similar_text() -> None:
    index = Index.of(TEXTS)
    # 6 words (`the` twice) and 6 pairs are shared, one of each is new.
    assert closest("Delete the index on the name column please", index) == ("f", 12 / 14)
    assert closest("entirely unrelated", index) is None


def reason(instruction: str, *commands: str) -> str:
    return contaminated({"x": (instruction, commands)}, HELD_OUT).get("x", "")


def test_an_instruction_near_a_held_out_one_is_removed() -> None:
    said = reason("List all of the tables in dogs.db with their row counts", "sqlite-utils schema x.db")
    assert "instruction" in said and "tables" in said and "0.8" in said
    longer = (
        "First look around, then open the shell. Which dogs are older than 5? Write their names to old.txt. "
        "Finally tell me how many there are and what the oldest is called."
    )
    assert "holds that of the held-out task old-dogs" in reason(longer, "ls")


@pytest.mark.parametrize(
    "commands",
    [
        ["sqlite-utils query dogs.db 'select name from dogs where age > 5' --csv > old.txt"],
        ['sqlite-utils query dogs.db "SELECT name  FROM dogs WHERE age>5;" --csv >old.txt'],
        [
            "ls",
            "sqlite-utils --help",
            "sqlite-utils query dogs.db 'select name from dogs where age > 5' --csv > old.txt",
        ],
        [
            "rm -f x",
            "sqlite-utils query dogs.db 'select name from dogs where age > 5' --csv > old.txt",
            "rm y",
        ],
    ],
)
def test_a_held_out_solution_is_removed(commands: list[str]) -> None:
    assert "old-dogs (similarity 1.00)" in reason("Something else", *commands)


@pytest.mark.parametrize(
    "commands",
    [
        ["sqlite-utils query dogs.db 'select name from dogs where age > 7' --csv > old.txt"],
        ["sqlite-utils query dogs.db 'select name from dogs where age > 5' --tsv --no-headers > old.txt"],
        ["sqlite-utils tables cats.db --counts"],
        ["sqlite-utils tables dogs.db --counts", "sqlite-utils drop-table dogs.db x"],
        ["sqlite-utils --csv", "sqlite-utils --help", "ls"],
        ["sqlite-utils create-table a.db cats id integer name text --pk id"],
        [],
    ],
)
def test_sharing_a_tool_and_options_is_no_contamination(commands: list[str]) -> None:
    assert reason("Something else", *commands) == ""


def test_a_solution_of_several_commands_is_found_in_one_line() -> None:
    line = " && ".join(HELD_OUT[2][2])
    assert "two-steps" in reason("Something else", line)


def test_a_plain_solution_counts_when_the_example_does_nothing_else() -> None:
    assert "tables" in reason("Something else", "ls -l", "sqlite-utils tables dogs.db --counts")
    everywhere = Thresholds(distinct=1)
    shown = {"x": ("Something else", ["sqlite-utils tables dogs.db --counts", "sqlite-utils vacuum dogs.db"])}
    assert contaminated(shown, HELD_OUT) == {}
    assert list(contaminated(shown, HELD_OUT, everywhere)) == ["x"]


def test_nearest_says_how_close_the_examples_come() -> None:
    examples = {
        "near": ("List the tables in dogs.db", ["sqlite-utils tables dogs.db"]),
        "far": ("Remove the view", ["rm view.txt"]),
    }
    found = nearest(examples, HELD_OUT)
    assert list(found) == ["tables", "old-dogs", "two-steps"]
    near = found["tables"]
    assert near.instruction and near.instruction[0] == "near"
    assert near.commands == ("near", 3 / 4)
    assert nearest({}, HELD_OUT)["tables"].instruction is None


def test_broken_quoting_is_compared_all_the_same() -> None:
    held_out = [("odd", "Do it", ["echo 'it > a.txt b.txt c.txt"])]
    assert "odd" in contaminated({"x": ("Other", ["echo 'it > a.txt b.txt c.txt"])}, held_out)["x"]
