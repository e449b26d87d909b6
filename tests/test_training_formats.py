"""Each format gives back what was written, and is what its reader takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

import taught
from learn_by_interact.engine.store import Store
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.errors import ConfigError, StoreError
from learn_by_interact.training.choose import Window
from learn_by_interact.training.export import Exported, export
from learn_by_interact.training.formats import FORMATS, named
from learn_by_interact.training.formats.adp import Trajectory as AdpTrajectory
from learn_by_interact.training.formats.sessions import session
from learn_by_interact.training.rows import Maker, Row, Rows
from learn_by_interact.training.split import SIDES, Split
from learn_by_interact.types import Task, Verdict
from room import RoomEnvironment, acted

CHATS = ("trl", "openai", "llama-factory", "axolotl", "parquet")
SESSIONS = ("atif", "adp")
NEEDS = {"parquet": "pyarrow", "atif": "atif"}
STRANGE = "put c.txt \u00e9\u4e2d\u2028 '\"quoted\"' \U0001f600"
COMMANDS = ("list", "shw a.txt", STRANGE, "show c.txt", "stop yes")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run") as made:
        for number in range(4):
            taught.teach(made, taught.page(number), COMMANDS, [(0, 1), (0, 4), (1, 5)])
        yield made


def write(store: Store, name: str, folder: Path, per: str = "step") -> Exported:
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    rows, split = Rows.model_validate({"per": per}), Split(validation=0.25)
    return export(store, RoomEnvironment(), name, folder, taught.ALL, rows, split)


def expected(windows: Sequence[Window], per: str) -> list[Row]:
    maker = Maker(ShellActions(), RoomEnvironment.description, Rows.model_validate({"per": per}))
    return [row for window in windows for row in maker.rows(window)]


def values(folder: Path, side: str = "train") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{side}.jsonl").read_text("utf-8").split("\n") if line]


def config(folder: Path, name: str) -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    found: dict[str, Any] = yaml.safe_load((folder / name).read_text())
    return found


def by_step(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row.origin.example, row.origin.step or 0))


@pytest.mark.parametrize("per", ["step", "window"])
@pytest.mark.parametrize("name", CHATS)
def test_rows_come_back(store: Store, tmp_path: Path, name: str, per: str) -> None:
    done = write(store, name, tmp_path / "out", per)
    found = {side: list(named(name).read(tmp_path / "out", side)) for side in SIDES}
    assert {side: len(rows) for side, rows in found.items()} == done.rows and all(done.rows.values())
    wanted = by_step(expected(taught.windows(store), per))
    back = by_step([row for rows in found.values() for row in rows])
    lost = name in ("trl", "llama-factory") and per == "window"
    if lost:
        # These have no weights: which replies are learned is the one thing that does not come back.
        assert any("are not to be learned" in sentence for sentence in done.not_carried)
        wanted = [row.model_copy(update={"learn": ()}) for row in wanted]
        back = [row.model_copy(update={"learn": ()}) for row in back]
    else:
        assert not any("are not to be learned" in sentence for sentence in done.not_carried)
    assert back == wanted


@pytest.mark.parametrize("name", SESSIONS)
def test_sessions_come_back(store: Store, tmp_path: Path, name: str) -> None:
    done = write(store, name, tmp_path / "out")
    back = [one for side in SIDES for one in named(name).read(tmp_path / "out", side)]
    wanted = [session(window) for window in taught.windows(store)]
    assert sorted(back, key=lambda one: str(one.origin.example)) == sorted(
        wanted, key=lambda one: one.origin.example
    )
    assert sum(done.rows.values()) == len(wanted) == 24
    assert STRANGE in {act.action.arguments.get("command") for one in back for act in one.acts}


def test_trl_has_a_prompt_and_a_completion(store: Store, tmp_path: Path) -> None:
    write(store, "trl", tmp_path / "out")
    for value in values(tmp_path / "out"):
        assert set(value) == {"prompt", "completion", "origin"}
        assert [one["role"] for one in value["completion"]] == ["assistant"]
        assert value["prompt"][0]["role"] == "system" and value["prompt"][-1]["role"] == "user"


def test_openai_takes_the_messages(store: Store, tmp_path: Path) -> None:
    from openai.types.chat import ChatCompletionMessageParam

    write(store, "openai", tmp_path / "out", "window")
    reader: TypeAdapter[Any] = TypeAdapter(list[ChatCompletionMessageParam])
    weights = set()
    for value in values(tmp_path / "out"):
        assert set(value) == {"messages"}
        reader.validate_python(value["messages"])
        for message in value["messages"]:
            assert ("weight" in message) == (message["role"] == "assistant")
            weights.add((message["content"], message.get("weight")))
    assert ("ACTION: shw a.txt", 0) in weights and ("ACTION: list", 1) in weights


@pytest.mark.parametrize("per", ["step", "window"])
def test_llama_factory_finds_its_columns_and_turns(store: Store, tmp_path: Path, per: str) -> None:
    out = tmp_path / "out"
    write(store, "llama-factory", out, per)
    info = json.loads((out / "dataset_info.json").read_text())
    told = config(out, "lora.yaml")
    assert {told["dataset"], told["eval_dataset"]} == set(info)
    assert told["mask_history"] is (per == "step")
    for entry in info.values():
        assert entry["formatting"] == "sharegpt"
        columns, tags = entry["columns"], entry["tags"]
        for value in values(out, entry["file_name"].removesuffix(".jsonl")):
            turns = [turn[tags["role_tag"]] for turn in value[columns["messages"]]]
            assert turns == [tags["user_tag"], tags["assistant_tag"]] * (len(turns) // 2) != []
            assert value[columns["system"]].startswith("You act in this environment")


def test_axolotl_finds_what_is_trained(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(store, "axolotl", out, "window")
    told = config(out, "lora.yaml")
    for entry in (*told["datasets"], *told["test_datasets"]):
        assert (out / entry["path"]).is_file() and entry["roles_to_train"] == []
        for value in values(out, entry["path"].removesuffix(".jsonl")):
            flags = [
                (one["role"], one["content"], one[entry["message_field_training"]])
                for one in value[entry["field_messages"]]
            ]
            assert all(role == "assistant" for role, _, trained in flags if trained)
            assert all(not trained for _, content, trained in flags if "shw" in content)
            assert flags[-1][2] is True


def test_without_validation_no_config_names_it(store: Store, tmp_path: Path) -> None:
    for name in ("llama-factory", "axolotl"):
        out = tmp_path / name
        export(store, RoomEnvironment(), name, out, taught.ALL, Rows(), Split(validation=0))
        assert not (out / "validation.jsonl").exists()
        told = config(out, "lora.yaml")
        assert not {"eval_dataset", "eval_strategy", "test_datasets"} & set(told)


@pytest.mark.parametrize("per", ["step", "window"])
def test_parquet_has_a_card_that_names_its_files(store: Store, tmp_path: Path, per: str) -> None:
    out = tmp_path / "out"
    done = write(store, "parquet", out, per)
    yaml = pytest.importorskip("yaml")
    _, front, body = (out / "README.md").read_text().split("---\n", 2)
    (entry,) = yaml.safe_load(front)["configs"]
    from pyarrow.parquet import ParquetFile

    assert [one["split"] for one in entry["data_files"]] == list(SIDES)
    for one in entry["data_files"]:
        with ParquetFile(out / one["path"]) as file:
            assert file.metadata.num_rows == done.rows[one["split"]]
            names = file.schema_arrow.names
        assert ("messages" in names) == (per == "window") and "first_line" in names
    assert f"| train | {done.rows['train']:,} | {done.examples['train']:,} |" in body


def test_parquet_is_written_in_row_groups(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    from pyarrow.parquet import ParquetFile

    from learn_by_interact.training.formats import parquet

    monkeypatch.setattr(parquet, "GROUP_ROWS", 10)
    write(store, "parquet", tmp_path / "out")
    with ParquetFile(tmp_path / "out" / "data" / "train.parquet") as file:
        sizes = [file.metadata.row_group(at).num_rows for at in range(file.metadata.num_row_groups)]
    assert len(sizes) > 3 and set(sizes[:-1]) == {10}


def test_atif_is_read_by_its_package(store: Store, tmp_path: Path) -> None:
    atif = pytest.importorskip("atif")
    write(store, "atif", tmp_path / "out")
    windows = {one.example.id: one for one in taught.windows(store)}
    for value in values(tmp_path / "out"):
        read = atif.Trajectory.model_validate(value)
        window = windows[read.trajectory_id]
        assert read.schema_version == "ATIF-v1.8" and read.session_id == window.trajectory.id
        assert [step.source for step in read.steps] == ["user", *["agent"] * len(window.steps)]
        assert window.example.instruction in read.steps[0].message
        for step, done in zip(read.steps[1:], window.steps, strict=True):
            assert step.tool_calls[0].arguments == done.action.arguments
            assert step.observation.results[0].extra["key"] == done.observation.key
        assert read.extra["origin"]["first_line"] > 0


def test_adp_keeps_its_rules(store: Store, tmp_path: Path) -> None:
    write(store, "adp", tmp_path / "out")
    value = next(one for one in values(tmp_path / "out") if one["details"]["origin"]["end"] == 5)
    kinds = [item["class_"] for item in value["content"]]
    assert kinds[:3] == ["text_observation", "code_action", "text_observation"]
    assert kinds[-1] == "message_action" and value["content"][-1]["content"] == "yes"
    assert value["available_code_languages"] == ["bash"] and value["schema_version"] == "1.5.0"
    broken: list[tuple[dict[str, Any], str]] = [
        ({"content": value["content"][:2]}, "have no answer"),
        ({"content": [*value["content"], value["content"][2]]}, "answered twice"),
        ({"content": [value["content"][1], *value["content"]]}, "two calls"),
        ({"available_code_languages": None}, "available_code_languages has to be"),
        ({"schema_version": "1.4.0"}, "1.5.0"),
        ({"more": 1}, "Extra inputs"),
    ]
    for change, told in broken:
        with pytest.raises(ValidationError, match=told):
            AdpTrajectory.model_validate({**value, **change})


def test_a_lone_surrogate_does_not_stop_an_export(tmp_path: Path) -> None:
    with Store(tmp_path / "run") as store:
        taught.teach(store, taught.page(1), windows=[(0, 3)], about="Show \udc80 it")
        for name in FORMATS:
            if name not in NEEDS or pytest.importorskip(NEEDS[name]):
                write(store, name, tmp_path / name)
                assert list(named(name).read(tmp_path / name, "train"))


def test_a_broken_line_is_named(store: Store, tmp_path: Path) -> None:
    write(store, "trl", tmp_path / "out")
    file = tmp_path / "out" / "train.jsonl"
    first = file.read_text().split("\n")[0]
    file.write_text(f"{first}\n{{broken\n")
    with pytest.raises(StoreError, match=r"train\.jsonl:2: this is not JSON"):
        list(named("trl").read(tmp_path / "out", "train"))


def test_an_unknown_format_lists_what_exists() -> None:
    with pytest.raises(ConfigError, match="There is no format 'csv'; there are: trl, dpo, openai") as caught:
        named("csv")
    assert all(name in str(caught.value) for name in FORMATS)
    with pytest.raises(ConfigError, match="the format 'nothing:Here' cannot be loaded"):
        named("nothing:Here")


def test_pairs_are_of_what_worked_and_what_failed_in_the_same_state(tmp_path: Path) -> None:
    with Store(tmp_path / "run") as store:
        taught.teach(store, taught.page(0), windows=[(0, 3), (3, 5)])
        taught.teach(store, taught.page(1), ("list", "show a.txt"), windows=[(0, 2)])
        done = export(
            store, RoomEnvironment(), "dpo", tmp_path / "out", taught.ALL, split=Split(validation=0)
        )
        assert done.rows == {"train": 8, "validation": 0} and done.examples["train"] == 4
    rows = list(named("dpo").read(tmp_path / "out", "train"))
    assert {row.rejected for row in rows} == {("ACTION: shw a.txt",)}
    said = [
        row.messages[-1].content for row in rows if row.origin.kind == "summary" and row.origin.begin == 0
    ]
    # What came before the failure, and what worked after it: in its place, and once more after it.
    assert said == ["ACTION: list", "ACTION: show a.txt", "ACTION: show a.txt"]
    assert all(row.origin.title == "page 0" for row in rows)
    columns = {"prompt", "chosen", "rejected", "origin"}
    assert all(value.keys() == columns for value in values(tmp_path / "out"))


@pytest.mark.parametrize("votes", [(False,), (False, False, True), (True, False), ()])
def test_what_a_committee_judged_bad_is_rejected(tmp_path: Path, votes: tuple[bool, ...]) -> None:
    with Store(tmp_path / "run") as store:
        good = taught.teach(store, taught.page(0), ("show a.txt",), windows=[(0, 1)])
        (task,) = store.records(Task)
        worse = acted("list", task=task)
        example = good[0].model_copy(update={"trajectory": worse.id})
        given = [
            Verdict(subject=example.id, judge=f"committee:{number}", keep=keep, reason="")
            for number, keep in enumerate(votes)
        ]
        store.add([worse, example, *given])
        how = (store, RoomEnvironment(), "dpo", tmp_path / "out", taught.ALL)
        if 2 * sum(votes) >= len(votes):
            with pytest.raises(ConfigError, match=r"none that was wrong in the same state [23]"):
                export(*how, split=Split(validation=0))
            return
        done = export(*how, split=Split(validation=0))
    rows = list(named("dpo").read(tmp_path / "out", "train"))
    rejected = [row.rejected for row in rows if row.messages[-1].content == "ACTION: show a.txt"]
    assert rejected == [("ACTION: list",)] * 2 and done.rows["train"] == len(rows)


def test_a_run_in_which_nothing_failed_has_no_pairs(tmp_path: Path) -> None:
    with Store(tmp_path / "run") as store:
        taught.teach(store, taught.page(0), ("list", "show a.txt"), windows=[(0, 2)])
        told = r"is left \(no action to learn, .* in the same state 2\): .*, or take another --format\.$"
        with pytest.raises(ConfigError, match=told):
            export(store, RoomEnvironment(), "dpo", tmp_path / "out", taught.ALL, split=Split(validation=0))
    assert [one.name for one in tmp_path.iterdir()] == ["run"]
