"""`lbi show`: what a run folder holds, and one record followed back to its source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tiny
from learn_by_interact.engine.store import Store
from learn_by_interact.types import Document, Example, Record, Task, Trajectory, Verdict


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shown")
    done = tiny.lbi("run", tiny.make(folder), "--set", "relabel.cap=1")
    assert done.returncode == 0, done.stderr
    return folder / "run"


def show(*arguments: str | Path) -> str:
    done = tiny.lbi("show", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def value(run: Path, record: Record) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(show(run, record.id, "--json"))
    assert (found["id"], found["kind"]) == (record.id, type(record).__name__)
    assert found["record"] == record.model_dump(mode="json")
    return found


def test_counts_agree_with_the_store(run: Path) -> None:
    found = json.loads(show(run, "--json"))
    with Store(run, readonly=True) as store:
        examples = list(store.records(Example))
        trajectories = {attempt.input for attempt in store.attempts("relabel")}
        judged = list(store.records(Verdict))
        usage = store.usage()
    assert found["examples"] == len(examples)
    stages = {stage["stage"]: stage for stage in found["stages"]}
    assert stages["relabel"]["done"] == len(trajectories) == 18
    assert sum(stage["usage"]["prompt"] for stage in stages.values()) == usage.prompt
    for judge in ("replay", f"committee:{tiny.MODEL}"):
        assert found["verdicts"][judge].get("drop", 0) == sum(
            verdict.judge == judge and not verdict.keep for verdict in judged
        )
    assert found["episodes"]["explore"]["stops"] == {"done": 18}
    windows = found["windows"]
    assert windows["labelled"] == len({(one.trajectory, one.begin, one.end) for one in examples}) == 18
    assert windows["over_cap"] == windows["teaching"] - 18 > 0
    assert windows["unreadable"] == 0
    coverage = found["coverage"]
    assert sum(coverage["by_document"].values()) == found["kept"][found["rule"]]
    assert coverage["enough"] == sum(count >= 3 for count in coverage["by_document"].values())


def test_text_names_what_one_wants_to_know(run: Path) -> None:
    text = show(run)
    for piece in (
        "6 documents, 18 proposed tasks, 18 explored trajectories",
        "explore: 18 trajectories",
        "stopped: done 18; 2 malformed replies",
        "Kept by unanimous+replay, the recipe's rule:",
        "were left out by the cap",
        f"committee:{tiny.MODEL}",
        "Last evaluation (20",
        "95% interval",
    ):
        assert piece in text, piece
    assert "Forecast" not in text


def test_example_is_followed_back_to_the_lines_of_its_source(run: Path) -> None:
    with Store(run, readonly=True) as store:
        example = next(one for one in store.records(Example) if "loud-words.txt" in one.instruction)
    found = value(run, example)
    assert [parent["kind"] for parent in found["provenance"]] == ["Trajectory", "Task", "Document"]
    document = found["provenance"][-1]["record"]
    assert (document["source"], document["begin"], document["end"]) == ("docs/upper.md", 1, 5)
    assert {verdict["record"]["judge"] for verdict in found["verdicts"]} == {
        f"committee:{tiny.MODEL}",
        "replay",
    }
    text = show(run, example.id[:10])
    assert "bash: tr a-z A-Z < words.txt > loud-words.txt" in text
    assert "keep  replay: held for 2 of 2 steps" in text
    assert text.rstrip().endswith("upper (docs/upper.md, lines 1 to 5)")


def test_evaluated_trajectory_says_what_retrieval_showed(run: Path) -> None:
    with Store(run, readonly=True) as store:
        found = [
            store.get(attempt.outputs[0]) for attempt in store.attempts("evaluate") if attempt.usage.calls
        ]
        helped = next(one for one in found if isinstance(one, Trajectory) and one.steps[0].shown)
        records = [store.get(identity) for identity in helped.steps[0].shown]
    at, first = next((at, one) for at, one in enumerate(records) if isinstance(one, Example))
    assert any(isinstance(one, Document) for one in records), "sections of the documentation are shown too"
    shown = value(run, helped)["shown"]
    assert shown[0]["step"] == 1
    assert [one["id"] for one in shown[0]["records"]] == list(helped.steps[0].shown)
    text = show(run, helped.id)
    assert f"shown: Example {first.id[:8]}: {first.instruction}" in text
    assert "score 1" in text
    assert len(shown[0]["why"]) == len(shown[0]["records"])
    assert f"    because: {shown[0]['why'][at]}\n" in text


def test_every_kind_of_record_is_shown(run: Path) -> None:
    with Store(run, readonly=True) as store:
        kinds: list[type[Record]] = [Document, Task, Trajectory, Example, Verdict]
        records = [next(store.records(kind)) for kind in kinds]
        held_out = next(task for task in store.records(Task) if task.parent == "count")
    for record in records:
        assert show(run, record.id).startswith(f"{type(record).__name__} {record.id}\n")
        value(run, record)
    assert "held-out task count" in show(run, held_out.id)


@pytest.mark.parametrize("prefix", ["zz", "0" * 20, "%", "_"])
def test_unknown_id(run: Path, prefix: str) -> None:
    done = tiny.lbi("show", run, prefix)
    assert done.returncode == 2
    assert done.stderr == f"error: No record of {run} has an id that begins with {prefix!r}.\n"


def test_ambiguous_id_lists_the_records(run: Path) -> None:
    done = tiny.lbi("show", run, "a")
    assert done.returncode == 2 and "ids begin with 'a'; give more digits: a" in done.stderr
    assert done.stderr.count("\n") == 1


def test_no_run_folder(tmp_path: Path) -> None:
    done = tiny.lbi("show", tmp_path / "none")
    assert done.returncode == 2 and "is not a run folder" in done.stderr
    assert not (tmp_path / "none").exists()


def test_a_contact_sheet_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    from PIL import Image

    from learn_by_interact.types import Observation

    with Store(tmp_path) as store:
        seen = Observation(text="a screen", key="k", state="s", blobs=("one.png",))
        store.add([Trajectory(task="t", start=seen, steps=(), stop="done", model="m")])
    (tmp_path / "blobs").mkdir()
    Image.new("RGB", (40, 30)).save(tmp_path / "blobs" / "one.png")
    done = tiny.lbi("show", tmp_path, "--contact-sheet", tmp_path / "blobs")
    assert done.returncode == 2 and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert "blobs cannot be written: Is a directory; name another file." in done.stderr
