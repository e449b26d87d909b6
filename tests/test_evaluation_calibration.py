"""Calibration: judges beside the grader, on gold, mismatched and evaluated sessions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

import tiny
from learn_by_interact import registry
from learn_by_interact.config import Recipe
from learn_by_interact.engine.store import Store
from learn_by_interact.evaluation.calibration import Calibration, Case, Origin, compare
from learn_by_interact.models import Reply, Request
from learn_by_interact.pipeline import Pipeline
from learn_by_interact.stages.keep import kept
from learn_by_interact.types import Attempt, Example, Trajectory, Usage, Verdict

PERFECT = f"scripted/{__name__}:perfect"


def perfect(request: Request) -> str:
    """Says yes where the session does what the instruction asks; the world is small enough to know."""
    if "You are a strict judge" not in request.messages[0].content:
        return tiny.policy(request)
    question = request.messages[-1].content
    instruction = question.rpartition("The instruction: ")[2].strip()
    done = [line for line in question.split("\n") if line.startswith("ACTION: ")]
    wanted = next(
        operation.command.replace("$F", "fruits.txt")
        for operation in tiny.OPERATIONS.values()
        if operation.task.replace("$F", "fruits.txt") == instruction
    )
    right = done[0] == f"ACTION: {wanted}"
    return json.dumps(
        {
            "done": "seen",
            "missing": "nothing",
            "aligned": right,
            "coherent": True,
            "natural": True,
            "reasonable": True,
        }
    )


def calibrated(folder: Path, *judges: str) -> tuple[Calibration, Path]:
    recipe = tiny.make(folder)
    with Pipeline(Recipe.load(recipe, {"judge": {"models": list(judges)}})) as pipeline:
        pipeline.ingest()
        pipeline.synthesise()
        pipeline.relabel()
        pipeline.replay()
        return pipeline.calibrate(), recipe


def test_a_judge_that_says_yes_to_all_is_said_so_and_a_perfect_one_is_perfect(tmp_path: Path) -> None:
    found, _ = calibrated(tmp_path, tiny.MODEL, PERFECT)
    assert found.sessions == {"gold": {"right": 6, "wrong": 0}, "mismatched": {"right": 0, "wrong": 6}}
    assert (found.right.count, found.right.of, found.unjudged) == (6, 12, 0)
    lenient, exact = found.judges
    assert (lenient.precision.rate, lenient.recall.rate, lenient.yes.rate) == (0.5, 1.0, 1.0)
    assert (lenient.yes_wrong.rate, lenient.yes_mismatched.count) == (1.0, 6)
    assert lenient.says == (
        "says yes to everything (12 sessions, also to all 6 sessions of another task): its yes tells nothing"
    )
    assert (exact.precision.rate, exact.recall.rate, exact.yes.rate, exact.f) == (1.0, 1.0, 0.5, 1.0)
    assert exact.yes_wrong.rate == exact.yes_mismatched.rate == 0.0
    assert exact.says == "is right about 100% of what it says yes to, and finds 100% of what is right"
    rules = {rule.name: rule for rule in found.rules}
    assert rules["unanimous"].precision.rate == 1.0 and rules["replay"].precision.rate == 0.5
    assert rules["majority"].precision.rate == 1.0  # Of two votes a majority is both.
    assert found.best == "unanimous+replay"


def test_replay_is_the_rule_where_the_judge_tells_nothing(tmp_path: Path) -> None:
    found, _ = calibrated(tmp_path)
    assert [judge.name for judge in found.judges] == [tiny.MODEL]
    assert found.best == "replay"


def test_calibration_teaches_nothing(tmp_path: Path) -> None:
    """Its sessions are on held-out tasks: none of them becomes an example."""
    _, recipe = calibrated(tmp_path, PERFECT)
    with Store(tmp_path / "run", readonly=True) as store:
        graded = {
            one
            for stage in ("gold", "mismatched")
            for attempt in store.attempts(stage)
            for one in attempt.outputs
        }
        assert len(graded) == 12
        assert not graded & {example.trajectory for example in store.records(Example)}
        before = [example.id for example in kept(store, "replay")]
    with Pipeline(Recipe.load(recipe)) as pipeline:
        pipeline.relabel()
        assert [example.id for example in kept(pipeline.store, "replay")] == before


def test_evaluated_sessions_count_once_and_a_second_time_costs_nothing(tmp_path: Path) -> None:
    recipe, log = tiny.make(tmp_path), tmp_path / "calls"
    assert tiny.lbi("run", recipe).returncode == 0
    first = tiny.lbi("calibrate", recipe, "--json")
    assert first.returncode == 0, first.stderr
    found = Calibration.model_validate(json.loads(first.stdout)["calibration"])
    # The plain agent only looks around in five tasks; what solves a task is its gold solution again.
    assert found.sessions["evaluate"] == {"right": 0, "wrong": 5}
    again = tiny.lbi("calibrate", recipe, LBI_SCRIPTED_LOG=str(log))
    assert again.returncode == 0 and not log.exists()
    assert "says yes to everything (17 sessions" in again.stdout
    assert 'By this measurement the rule is replay: write rule = "replay" under [judge].' in again.stdout
    for name in ("calibration.json", "result.json"):
        written = json.loads((tmp_path / "run" / name).read_text())
        inner = (
            written["calibration"] if name == "calibration.json" else written["calibration"]["calibration"]
        )
        assert inner == found.model_dump(mode="json")
    assert tiny.lbi("report", tmp_path / "run").returncode == 0
    page = (tmp_path / "run" / "report" / "report.html").read_text()
    assert "Calibration of the committee" in page and "says yes to everything (17 sessions" in page
    shown = tiny.lbi("show", tmp_path / "run")
    assert shown.returncode == 0 and f"calibration:{tiny.MODEL}" in shown.stdout


def test_another_verb_s_file_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    recipe, run = tiny.make(tmp_path), tmp_path / "run"
    only = ("--set", 'evaluate.arms=["plain"]', "--set", "evaluate.tasks=1")
    assert tiny.lbi("evaluate", recipe, *only).returncode == 0
    old = {"program": "learn-by-interact", "format": 1}
    (run / "calibration.json").write_text(json.dumps(old))
    # Replies of another model, such as a committee's, are in the same folder.
    other = Reply(text="yes", usage=Usage(), model="other-2026", asked="openai/other")
    (run / "replies" / "00").mkdir(exist_ok=True)
    (run / "replies" / "00" / "other.json").write_text(other.model_dump_json())
    done = tiny.lbi("evaluate", recipe, *only)
    told = f"Left out: {run}/{{}}.json was written by another, older version of this program (format 1, "
    assert done.returncode == 0 and told.format("calibration") in done.stderr
    written = json.loads((run / "result.json").read_text())
    assert written["calibration"] is None and written["model"]["reported"] == [tiny.MODEL]
    (run / "result.json").write_text(json.dumps(old))
    done = tiny.lbi("calibrate", recipe, *only)
    assert done.returncode == 0 and told.format("result") in done.stderr
    assert json.loads((run / "calibration.json").read_text())["format"] > 1
    assert json.loads((run / "result.json").read_text()) == old


def test_a_session_without_a_verdict_is_left_out(tmp_path: Path) -> None:
    silent = f"scripted/{__name__}:silent"
    found, _ = calibrated(tmp_path, PERFECT, silent)
    assert (found.unjudged, found.right.of, found.best) == (12, 0, None)
    assert all(judge.precision.rate is None for judge in found.judges)


def silent(request: Request) -> str:
    return "no idea" if "You are a strict judge" in request.messages[0].content else tiny.policy(request)


def cases(
    *rows: tuple[str, bool, Sequence[bool]], origin: Origin = "evaluate", replayed: bool = True
) -> list[Case]:
    return [
        Case(
            task=task,
            session=f"{task} {number}",
            origin=origin,
            right=right,
            votes=dict(zip("abc", votes, strict=False)),
            replayed=replayed,
        )
        for number, (task, right, votes) in enumerate(rows)
    ]


def test_precision_recall_and_f_by_hand() -> None:
    given = cases(
        ("t", True, [True]),
        ("t", True, [True]),
        ("u", True, [False]),
        ("u", False, [True]),
        ("v", False, [False]),
    )
    (judge,) = compare(given, ["a"]).judges
    assert (judge.precision.count, judge.precision.of) == (2, 3)
    assert (judge.recall.count, judge.recall.of) == (2, 3)
    assert (judge.yes.count, judge.yes_wrong.count, judge.yes_wrong.of) == (3, 1, 2)
    assert judge.f == pytest.approx(2 / 3)
    assert judge.precision.interval and judge.precision.interval[0] < 2 / 3 < judge.precision.interval[1]


def test_rules_follow_the_votes_and_replay() -> None:
    votes = [True, True, False]
    held = cases(("t", True, votes), ("u", False, [False, False, True]))
    lost = cases(("v", False, votes), replayed=False)
    rules = {rule.name: rule for rule in compare([*held, *lost], ["a", "b", "c"]).rules}
    yes = {name: rule.yes.count for name, rule in rules.items()}
    assert yes == {"unanimous": 0, "majority": 2, "replay": 2, "unanimous+replay": 0, "majority+replay": 1}
    assert compare([*held, *lost], ["a", "b", "c"]).best == "majority+replay"


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([(True, False), (False, False)], "says no to everything (2 sessions): it would keep nothing"),
        ([(True, True), (True, False), (False, True)], "to 100% of the wrong sessions and to 50% of"),
        ([(True, True)] * 5 + [(False, True)] * 4 + [(False, False)], "nearly everything, also to 4 of 5"),
        ([(True, True), (True, False)], "saw no session that is right, or none that is wrong"),
    ],
)  # fmt: skip
def test_what_a_judge_is_worth_is_said_plainly(rows: list[tuple[bool, bool]], says: str) -> None:
    given = cases(*((f"t{at}", right, [yes]) for at, (right, yes) in enumerate(rows)))
    (judge,) = compare(given, ["a"]).judges
    assert says in judge.says


def test_gold_sessions_are_graded_by_the_benchmark(tmp_path: Path) -> None:
    calibrated(tmp_path, PERFECT)
    with Store(tmp_path / "run", readonly=True) as store:
        scores = {
            name: [
                record.score
                for attempt in store.attempts(name)
                if isinstance(record := store.get(attempt.outputs[0]), Trajectory)
            ]
            for name in ("gold", "mismatched")
        }
        judged = [verdict for verdict in store.records(Verdict) if verdict.judge == f"calibration:{PERFECT}"]
    assert scores == {"gold": [1.0] * 6, "mismatched": [0.0] * 6}
    assert sum(verdict.keep for verdict in judged) == 6


def test_only_the_tasks_and_checks_of_now_count(tmp_path: Path) -> None:
    """A mended check makes another task: sessions on the one before are not graded by it."""
    found, recipe = calibrated(tmp_path, PERFECT)
    tasks = tmp_path / "world" / "tasks.toml"
    tasks.write_text(tasks.read_text().replace("grep -qx 3", "grep -qx 4"))
    registry.benchmark.cache_clear()
    registry.identity.cache_clear()
    with Pipeline(Recipe.load(recipe, {"judge": {"models": [PERFECT]}})) as pipeline:
        mended = pipeline.calibrate()
    assert found.sessions["gold"] == {"right": 6, "wrong": 0}
    assert mended.sessions["gold"] == {"right": 5, "wrong": 1}
    assert (len(mended.cases), mended.unjudged) == (12, 0)


def test_what_a_judge_said_to_an_older_prompt_is_not_measured(tmp_path: Path) -> None:
    found, recipe = calibrated(tmp_path, PERFECT)
    with Store(tmp_path / "run") as store:
        for case in found.cases:
            for number in range(8):
                older = Verdict(
                    subject=case.session,
                    judge=f"calibration:{PERFECT}",
                    keep=not case.right,
                    reason=f"of an older prompt {number}",
                )
                attempt = Attempt(stage="calibrate:older", input=case.session, outputs=(older.id,))
                store.commit(attempt, [older])
    with Pipeline(Recipe.load(recipe, {"judge": {"models": [PERFECT]}})) as pipeline:
        assert pipeline.calibrate() == found
