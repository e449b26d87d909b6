"""Which examples are exported, on which side, and that neither memory nor a failure is a trouble."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import taught
from learn_by_interact.engine.run import Progress
from learn_by_interact.engine.store import Store
from learn_by_interact.errors import ConfigError, StoreError
from learn_by_interact.evaluation.selection import Selection, select
from learn_by_interact.stages.chain import chained
from learn_by_interact.stages.keep import CONTAMINATED, RULES, SAME_EXAMPLE, kept
from learn_by_interact.stages.replay import JUDGE as REPLAY
from learn_by_interact.training.choose import CHOICE, MIXTURE, Choice, Chooser
from learn_by_interact.training.deal import BOTH_SIDES
from learn_by_interact.training.export import MANIFEST, Exported, export
from learn_by_interact.training.formats import FORMATS
from learn_by_interact.training.formats.trl import Trl
from learn_by_interact.training.rows import Origin, Row, Rows
from learn_by_interact.training.split import SIDES, Side, Split
from learn_by_interact.training.survey import lengths
from learn_by_interact.types import Attempt, Example, Task, Trajectory, Verdict
from room import RoomEnvironment, acted

COLOURS = ("red", "green", "blue", "white", "black", "brown")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with taught.run(tmp_path / "run") as made:
        yield made


def write(store: Store, folder: Path, **settings: Any) -> Exported:
    return export(store, RoomEnvironment(), "trl", folder, **{"choice": taught.ALL, **settings})


def rows(folder: Path) -> dict[Side, list[Row]]:
    return {side: list(Trl.read(folder, side)) for side in SIDES}


def origins(folder: Path) -> dict[Side, list[Origin]]:
    return {side: [row.origin for row in found] for side, found in rows(folder).items()}


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_and_the_selection_choose_as_for_retrieval(store: Store, rule: str) -> None:
    some = next(iter(store.records(Example)))
    store.add([Verdict(subject=some.id, judge="committee:a", keep=False, reason="")])
    for settings in (
        {},
        {"lengths": (1, 2)},
        {"kinds": ["summary"]},
        {"sections": ["page [1-3]"], "without_sections": ["page 2"]},
        {"most": 7, "seed": 3, "kinds": ["abstraction"]},
    ):
        choice = Choice.model_validate({"rule": rule, **settings})
        found = sorted(one.example.id for one in taught.windows(store, choice))
        wanted = kept(store, choice.rule)
        assert found == [one.id for one in select(store, wanted, Selection.model_validate(settings))]


def test_only_the_last_replay_counts(store: Store) -> None:
    verdict = next(one for one in store.records(Verdict) if one.judge == REPLAY)
    store.commit(Attempt(stage="replay:new", input=verdict.subject, outputs=(verdict.id,)))
    store.set_meta("replay", "replay:new")
    found = taught.windows(store, Choice(rule="replay"))
    assert {one.trajectory.id for one in found} == {verdict.subject}
    assert [one.example for one in found] == sorted(
        kept(store, "replay"), key=lambda one: (one.begin, one.end, one.kind)
    )


def test_verified_or_not(store: Store) -> None:
    held = taught.windows(store, Choice(rule="unanimous", verified=True))
    others = taught.windows(store, Choice(rule="unanimous", verified=False))
    assert held and others and len(held) + len(others) == len(taught.windows(store))
    assert all(one.verified and one.example.end <= 5 for one in held)
    assert all(not one.verified and one.example.end > 3 for one in others)


def test_a_mixture_takes_some_twice_and_some_not(store: Store, tmp_path: Path) -> None:
    weights = {"summary": 2, "abstraction": 0.5, "page 1": 0}
    done = write(store, tmp_path / "out", choice=taught.ALL.model_copy(update={"weights": weights}))
    plain = write(store, tmp_path / "plain")
    mixed = Counter((one.example, one.step) for side in origins(tmp_path / "out").values() for one in side)
    kinds = {one.example: one.kind for side in origins(tmp_path / "plain").values() for one in side}
    titles = {one.title for side in origins(tmp_path / "out").values() for one in side}
    assert "page 1" not in titles and "page 2" in titles
    assert {times for (example, _), times in mixed.items() if kinds[example] == "summary"} == {2}
    assert {times for (example, _), times in mixed.items() if kinds[example] == "abstraction"} == {1}
    assert 0 < done.kinds["abstraction"] < plain.kinds["abstraction"]
    assert done.left_out[MIXTURE] + sum(done.examples.values()) == sum(plain.examples.values())


def test_a_weight_that_fits_nothing_is_told(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no kind"):
        write(store, tmp_path / "out", choice=taught.ALL.model_copy(update={"weights": {"sumary": 2}}))


def test_what_is_left_out_has_a_reason(store: Store, tmp_path: Path) -> None:
    choice = Choice(rule="replay", kinds=("summary",))
    done = write(store, tmp_path / "out", choice=choice)
    left = done.left_out
    assert left[SAME_EXAMPLE] == left[CONTAMINATED] == 1
    assert left["the rule replay"] == 3 * 2 * 2 and left[CHOICE] > 0
    assert sum(left.values()) + sum(done.examples.values()) == store.count(Example)
    assert done.kinds == {"summary": sum(done.examples.values())}


def test_distilled_examples_are_exported_only_when_asked_for(store: Store) -> None:
    trajectory = next(store.records(Trajectory))
    store.add([Example(instruction="As it was.", trajectory=trajectory.id, begin=0, end=5, kind="task")])
    assert "task" not in {one.example.kind for one in taught.windows(store)}
    asked = taught.windows(store, Choice(rule="unanimous", kinds=("task",)))
    assert [one.example.instruction for one in asked] == ["As it was."]


@pytest.mark.parametrize("share", [0.01, 0.1, 0.34, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_of_one_side_is_on_the_other(store: Store, tmp_path: Path, share: float, seed: int) -> None:
    done = write(store, tmp_path / "out", split=Split(validation=share, seed=seed))
    found = origins(tmp_path / "out")
    for field in ("example", "trajectory", "task", "document", "title"):
        one, other = ({getattr(origin, field) for origin in found[side]} for side in SIDES)
        assert one and other and not one & other, field
    texts = [{row.messages for row in side} for side in rows(tmp_path / "out").values()]
    assert not texts[0] & texts[1]
    assert done.sections == {side: len({one.title for one in found[side]}) for side in SIDES}
    assert done.sections["validation"] == min(max(round(share * 6), 1), 5)
    assert not done.left_out.get(BOTH_SIDES)


def test_the_split_follows_from_the_seed(store: Store, tmp_path: Path) -> None:
    titles = set()
    for seed in (0, 0, 1, 2, 3):
        folder = tmp_path / f"out-{len(list(tmp_path.iterdir()))}"
        write(store, folder, split=Split(validation=0.34, seed=seed))
        titles.add((seed, tuple(sorted({one.title for one in origins(folder)["validation"]}))))
    assert len(titles) == 4 and len({chosen for _, chosen in titles}) > 1


def test_a_section_that_changed_stays_on_its_side(store: Store, tmp_path: Path) -> None:
    for number in range(6):
        taught.teach(store, taught.page(number, text="It was rewritten."), about=f"Try page {number} again")
    write(store, tmp_path / "out", split=Split(validation=0.5))
    found = origins(tmp_path / "out")
    titles = [{one.title for one in found[side]} for side in SIDES]
    documents = [{one.document for one in found[side]} for side in SIDES]
    assert not titles[0] & titles[1]
    assert [len(some) for some in documents] == [2 * len(some) for some in titles] == [6, 6]


def test_steps_taken_over_from_the_other_side_are_left_out(tmp_path: Path) -> None:
    with Store(tmp_path / "run") as store:
        for number in range(4):
            taught.teach(store, taught.page(number), (f"put {number}.txt yes", "list"), [(0, 2)])
        sessions = {one.task: one for one in store.records(Trajectory)}
        # A session of page 3 goes on from one of each page.
        begun = {}
        for task in list(store.records(Task)):
            session = sessions[task.id]
            goes_on = Task(environment="room", instruction=f"After {task.id}", parent=taught.page(3).id)
            last = acted(*[str(step.action.arguments["command"]) for step in session.steps], "show a.txt")
            found = chained(goes_on, session.start, session.steps, last.steps[-1], "m")
            example = Example(
                instruction=goes_on.instruction, trajectory=found.id, begin=1, end=3, kind="summary"
            )
            store.commit(Attempt(stage="chain:0", input=goes_on.id, outputs=(found.id,)), [goes_on, found])
            store.add([example])
            begun[example.id] = task.parent
        done = write(store, tmp_path / "out", split=Split(validation=0.5))
        side_of = {one.document: side for side, found in origins(tmp_path / "out").items() for one in found}
        there = {one.example for found in origins(tmp_path / "out").values() for one in found}
    mine = side_of[taught.page(3).id]
    assert {identity for identity in begun if identity in there} == {
        identity for identity, page in begun.items() if side_of[page] == mine
    }
    assert done.left_out == {BOTH_SIDES: 2}


def test_one_section_alone_is_for_training(tmp_path: Path) -> None:
    with taught.run(tmp_path / "run", sections=2) as store:
        choice = Choice(rule="unanimous", sections=("page 0",))
        done = write(store, tmp_path / "out", choice=choice, split=Split(validation=0.9))
    assert done.rows["validation"] == 0 < done.rows["train"]
    assert not (tmp_path / "out" / "validation.jsonl").exists()


def test_numbers_are_those_of_the_files(store: Store, tmp_path: Path) -> None:
    told: list[Progress] = []
    done = write(store, tmp_path / "out", rows=Rows(stop=False), report=told.append)
    found = [row for side in rows(tmp_path / "out").values() for row in side]
    assert len(found) == sum(done.rows.values())
    assert len({row.origin.example for row in found}) == sum(done.examples.values()) == 46
    prompts = [sum(len(message.content) for message in row.messages[:-1]) for row in found]
    assert done.prompt.most == max(prompts) and done.reply.most == len("ACTION: put c.txt yes")
    assert (done.actions.median, done.actions.p95, done.actions.most) == (3, 5, 5)
    assert (told[0].done, told[-1].done, told[-1].total) == (0, 46, 46)
    assert Exported.model_validate_json((tmp_path / "out" / MANIFEST).read_text()) == done


def test_instructions_that_repeat_are_counted(tmp_path: Path) -> None:
    with Store(tmp_path / "run") as store:
        for number in range(5):
            about = f"Tell {number} things about {COLOURS[number]} notes and {COLOURS[-number]} paper"
            taught.teach(store, taught.page(number), windows=[(0, 3)], about=about)
        assert write(store, tmp_path / "a").alike.near_duplicates == 0
        for number in range(5, 9):
            told = "Print everything that the notes say about apples, bread, butter, and cheese, now"
            taught.teach(store, taught.page(number), ("list", "list"), [(0, 1)], about=told)
        alike = write(store, tmp_path / "b", split=Split(validation=0.5, seed=1)).alike
        # Of these four sections one is for validation, with an example of each kind.
        assert (alike.sample, alike.near_duplicates, alike.across) == (18, 6, 2)


def test_lengths_of_nothing_and_of_something() -> None:
    from collections import Counter

    assert lengths(Counter()).median is None
    found = lengths(Counter({1: 60, 5: 36, 90: 4}))
    assert (found.median, found.p95, found.most) == (1, 5, 90)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "examples", "megabytes"),
    # What stands in a row group that waits to be written is in memory.
    [("trl", 4_000, 5), ("parquet", 2_000, 20)],
)
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, name: str, examples: int, megabytes: int) -> None:
    """20,000 rows, 30 MB of text, and never more than those of one window in memory."""
    if name == "parquet":
        pytest.importorskip("pyarrow")
        with suppress(ImportError):
            import_module("pandas")  # Where it is installed, pyarrow imports it.
    commands = [f"put n{number}.txt {'text' * 20}" for number in range(5)]
    with Store(tmp_path / "run") as store:
        for number in range(20):
            found = taught.teach(store, taught.page(number), commands, [(0, 5)])[0]
            told = [f"Write notes {number}-{at}." for at in range(examples // 20 - 2)]
            store.add([found.model_copy(update={"instruction": text}) for text in told])
        assert store.count(Example) == examples
        tracemalloc.start()
        try:
            done = export(store, RoomEnvironment(), name, tmp_path / "out", taught.ALL, Rows(stop=False))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert sum(done.rows.values()) == 5 * examples
    assert name == "parquet" or (tmp_path / "out" / "train.jsonl").stat().st_size > 25_000_000
    assert peak < megabytes * 1_000_000, f"{peak:,}"


class Failing(Trl):
    """A format whose disk is full after three windows."""

    left = 3

    def add(self, side: Any, window: Any, rows: Any) -> int:
        Failing.left -= 1
        if Failing.left < 0:
            raise OSError(28, "No space left on device")
        return super().add(side, window, rows)


def test_a_failure_leaves_nothing_behind_and_is_said(store: Store, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    with pytest.raises(StoreError, match=r"out cannot be written: No space left on device"):
        export(store, RoomEnvironment(), "test_training_export:Failing", tmp_path / "out", taught.ALL)
    assert set(tmp_path.iterdir()) == before


def test_what_a_killed_export_left_is_no_obstacle(store: Store, tmp_path: Path) -> None:
    rest = tmp_path / ".out.lbi-part"
    rest.mkdir()
    (rest / "train.jsonl").write_text("{")
    (tmp_path / "out").mkdir()
    write(store, tmp_path / "out")
    assert not rest.exists() and json.loads((tmp_path / "out" / "export.json").read_text())["format"] == "trl"


def test_a_folder_that_holds_something_is_left_alone(store: Store, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    with pytest.raises(ConfigError, match=r"out is not empty: name another --out, or remove it"):
        write(store, tmp_path / "out")
    with pytest.raises(ConfigError, match="mine is a file"):
        write(store, tmp_path / "out" / "mine")
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["mine"]


def test_nothing_to_export_is_said_with_the_reasons(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is left \(the selection 4[0-9], .*: choose another"):
        write(store, tmp_path / "out", choice=Choice(rule="unanimous", lengths=(9, 9)))
    with Store(tmp_path / "empty") as empty, pytest.raises(ConfigError, match="holds no examples yet"):
        write(empty, tmp_path / "out")
    with pytest.raises(ConfigError, match=r"lbi export: no section .* is called 'pgae'; there are: page 0,"):
        Chooser(store, Choice(sections=("pgae",)))
    assert not (tmp_path / "out").exists()


def test_every_format_is_in_the_table() -> None:
    assert list(FORMATS) == ["trl", "dpo", "openai", "llama-factory", "axolotl", "parquet", "atif", "adp"]
