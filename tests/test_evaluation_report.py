"""Evaluation of the arms on a small store, and the numbers that are read from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from learn_by_interact.cli.result import result_text
from learn_by_interact.engine.pools import Pool
from learn_by_interact.engine.run import run
from learn_by_interact.engine.store import Store
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.errors import ConfigError, ModelError
from learn_by_interact.evaluation.arms import Both
from learn_by_interact.evaluation.evaluate import Evaluate
from learn_by_interact.evaluation.overview import overview
from learn_by_interact.evaluation.report import ArmResult, Result, summarise, table
from learn_by_interact.evaluation.selection import Variant
from learn_by_interact.evaluation.statistics import bootstrap, difference_interval, rate_interval, wilson
from learn_by_interact.models import Request
from learn_by_interact.models.endpoint import ModelSettings
from learn_by_interact.retrieval.build import build
from learn_by_interact.retrieval.documents import since
from learn_by_interact.retrieval.retrieve import Retrieval
from learn_by_interact.types import Attempt, Example, Step, Task, Trajectory, Usage
from room import DOCUMENTS, NAME, Room, acted, asked

TASKS = [Task(environment="room", instruction=f"Task {at}.", parent=f"t{at}") for at in range(6)]
USAGE = Usage(calls=2, prompt=100, cached=60, completion=10, cost=0.01)


def copies(request: Request) -> str:
    """Do what a demonstration shows; look around without one; the call on the broken task fails."""
    opening = request.messages[1].content
    if "grader" in opening:
        raise ModelError("no answer")
    if len(request.messages) > 2:
        return "ACTION: stop apples" if "a.txt say" in opening else "ACTION: stop fine"
    return "ACTION: put c.txt yes" if "put c.txt yes" in opening and "Write" in opening else "ACTION: list"


def broken_grader(request: Request) -> str:
    return "ACTION: list" if len(request.messages) == 2 else "ACTION: stop apples"


def stage(script: str = "copies", arm: str = "plain", **more: str) -> Evaluate:
    return Evaluate(
        environment=NAME, model=ModelSettings(name=f"scripted/{__name__}:{script}"), arm=arm, **more
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run") as made:
        made.add([*TASKS, *Room().tasks()])
        yield made


def scored(store: Store, arm: Evaluate, scores: list[float | str | None], usage: Usage = USAGE) -> None:
    """Write what an arm would have: a score, None for a broken grader, a text for a failed attempt."""
    for task, score in zip(TASKS, scores, strict=False):
        if isinstance(score, str):
            store.commit(Attempt(stage=arm.key, input=task.id, error=score, usage=usage, seconds=2.0))
            continue
        episode = acted("list", "stop yes", task=task)
        error = "grader: it is broken" if score is None else ""
        episode = episode.model_copy(update={"score": score, "error": error})
        attempt = Attempt(stage=arm.key, input=task.id, outputs=(episode.id,), usage=usage, seconds=2.0)
        store.commit(attempt, [episode])


def two_arms(store: Store, plain: list[float | str | None], examples: list[float | str | None]) -> Result:
    arms = [stage(), stage(arm="examples", index="i", index_digest="d")]
    for arm, scores in zip(arms, (plain, examples), strict=True):
        scored(store, arm, scores)
    return summarise(store, arms, TASKS)


def test_an_ungraded_task_is_not_a_zero(store: Store) -> None:
    (arm,) = two_arms(store, [1.0, 0.0, None, "model: no answer", 1.0], []).arms[:1]
    assert (arm.tasks, arm.graded, arm.solved) == (6, 3, 2.0)
    assert arm.success == pytest.approx(2 / 3) and arm.interval == wilson(2, 3)
    assert arm.ungraded == {"grader": 1, "model": 1, "not run": 1}
    assert arm.scores == {
        "t0": (1.0,),
        "t1": (0.0,),
        "t2": (None,),
        "t3": (None,),
        "t4": (1.0,),
        "t5": (None,),
    }


def test_an_arm_without_a_graded_task_has_no_rate(store: Store) -> None:
    result = two_arms(store, [None, "model: no answer"], [])
    assert all(
        (arm.success, arm.interval, arm.graded, arm.steps) == (None, None, 0, 0) for arm in result.arms
    )
    rows = table(result)
    assert (rows[0]["success"], rows[0]["solved"], rows[0]["ungraded"]) == ("-", "0/0", "6")
    assert rows[1]["cached"] == "-"


def test_sums_are_over_all_attempts_and_means_over_graded_tasks(store: Store) -> None:
    (arm,) = two_arms(store, [1.0, 0.5, None, "model: no answer"], []).arms[:1]
    assert (arm.usage.calls, arm.usage.prompt, arm.usage.completion) == (8, 400, 40)
    assert arm.cached_share == pytest.approx(0.6)
    assert arm.seconds == pytest.approx(8.0)
    assert (arm.steps, arm.solved, arm.stops) == (2.0, 1.5, {"done": 3})


def repeated(store: Store, *rows: list[float | str | None]) -> ArmResult:
    """Repeats of one arm, with another seed each."""
    arms = [stage().model_copy(update={"seed": seed}) for seed in range(len(rows))]
    for arm, scores in zip(arms, rows, strict=True):
        scored(store, arm, scores)
    (result,) = summarise(store, arms, TASKS).arms
    return result


def test_stages_with_other_seeds_are_repeats_of_one_arm(store: Store) -> None:
    arm = repeated(store, [1.0, 1.0, 0.0, None], [1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, "model: none"])
    assert (arm.seeds, arm.tasks, arm.episodes, arm.graded, arm.solved) == ((0, 1, 2), 6, 18, 10, 5.0)
    assert arm.scores["t1"] == (1.0, 0.0, 0.0) and arm.scores["t3"] == (None, 1.0, None)
    assert arm.ungraded == {"grader": 1, "model": 1, "not run": 6}
    means = [1.0, 1 / 3, 0.0, 1.0]
    assert arm.success == pytest.approx(sum(means) / 4) and arm.interval == rate_interval(means)
    assert arm.usage.calls == 24 and arm.calls_episode == 2.0 and arm.calls_solved == pytest.approx(24 / 5)
    assert arm.tokens_episode == 110.0


def test_pass_rates_are_over_tasks_with_enough_graded_repeats(store: Store) -> None:
    arm = repeated(store, [1.0, 1.0, 0.0, None], [1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, "model: none"])
    assert [(row.k, row.tasks) for row in arm.passes] == [(1, 4), (2, 3), (3, 3)]
    assert [row.any for row in arm.passes] == pytest.approx([(1 + 1 / 3 + 1) / 4, (1 + 2 / 3) / 3, 2 / 3])
    assert [row.every for row in arm.passes] == pytest.approx([(1 + 1 / 3 + 1) / 4, 1 / 3, 1 / 3])
    assert two_arms(store, [1.0], []).arms[0].passes == ()


def test_repeats_are_compared_by_the_mean_of_a_task(store: Store) -> None:
    arms = [
        stage(arm=arm).model_copy(update={"seed": seed}) for arm in ("plain", "examples") for seed in (0, 1)
    ]
    for arm, scores in zip(arms, ([0.0, 1.0], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0]), strict=True):
        scored(store, arm, list(scores))
    (item,) = summarise(store, arms, TASKS).differences
    assert (item.pairs, item.won, item.lost, item.difference, item.p) == (2, 1, 0, 0.25, 1.0)


def test_an_episode_that_ran_out_of_time_is_in_no_rate(store: Store) -> None:
    arm = stage()
    scored(store, arm, [1.0])
    late = acted("list", "stop no", task=TASKS[1]).model_copy(update={"score": 0.0, "stop": "time limit"})
    store.commit(Attempt(stage=arm.key, input=TASKS[1].id, outputs=(late.id,), usage=USAGE), [late])
    (result,) = summarise(store, [arm], TASKS[:2]).arms
    assert (result.success, result.graded, result.ungraded) == (1.0, 1, {"time limit": 1})
    assert result.stops == {"done": 1, "time limit": 1}


def test_a_variant_is_an_arm_of_its_own_and_compared_with_what_it_varies(store: Store) -> None:
    few = Variant(name="few", most=2)
    arms = [stage(), stage(arm="examples", index_digest="a")]
    arms.append(arms[1].model_copy(update={"index_digest": "b", "variant": few, "examples": 2}))
    for arm, scores in zip(arms, ([0.0, 0.0], [1.0, 1.0], [1.0, 0.0]), strict=True):
        scored(store, arm, list(scores))
    result = summarise(store, arms, TASKS)
    assert [(arm.arm, arm.variant, arm.examples) for arm in result.arms][2] == ("few", few, 2)
    assert [(one.arm, one.against, one.difference) for one in result.differences] == [
        ("examples", "plain", 1.0),
        ("few", "plain", 0.5),
        ("few", "examples", -0.5),
    ]


def test_unknown_metric_lists_what_exists(store: Store) -> None:
    result = two_arms(store, [1.0], [1.0])
    assert list(table(result, ["success"])[0]) == ["arm", "success"]
    with pytest.raises(ConfigError, match="no metric 'accuracy'; there are solved, success, interval"):
        table(result, ["accuracy"])


def test_malformed_replies_are_counted(store: Store) -> None:
    episode = acted("list", "stop yes", task=TASKS[0])
    steps: tuple[Step, ...] = tuple(step.model_copy(update={"malformed": 1}) for step in episode.steps)
    arm = stage()
    store.commit(
        Attempt(stage=arm.key, input=TASKS[0].id, outputs=(episode.id,)),
        [episode.model_copy(update={"steps": steps})],
    )
    lost = acted("list", task=TASKS[1]).model_copy(
        update={"stop": "malformed reply", "unread": Usage(calls=3), "score": 0.0}
    )
    store.commit(Attempt(stage=arm.key, input=TASKS[1].id, outputs=(lost.id,)), [lost])
    assert summarise(store, [arm], TASKS).arms[0].malformed == 5, "those that an episode died of, too"
    assert overview(store).episodes["evaluate"].malformed == 5


def test_the_last_attempt_counts(store: Store) -> None:
    arm = stage()
    scored(store, arm, ["model: no answer"])
    scored(store, arm, [1.0])
    result = summarise(store, [arm], TASKS[:1]).arms[0]
    assert (result.graded, result.ungraded, result.usage.calls) == (1, {}, 2)


def test_differences_are_over_pairs_only(store: Store) -> None:
    result = two_arms(store, [0.0, 0.0, 1.0, None, 1.0], [1.0, 0.0, 0.0, 1.0, "model: no answer", 1.0])
    (difference,) = result.differences
    assert (difference.arm, difference.against, difference.pairs) == ("examples", "plain", 3)
    assert (difference.won, difference.lost, difference.difference) == (1, 1, 0.0)
    assert difference.interval == bootstrap([1.0, 0.0, -1.0])


def test_arms_that_share_no_graded_task_have_no_pairs(store: Store) -> None:
    (difference,) = two_arms(store, [1.0, None], [None, 1.0]).differences
    assert (difference.pairs, difference.won, difference.lost) == (0, 0, 0)
    assert (difference.difference, difference.interval) == (None, None), "nobody measured it"
    said = result_text(two_arms(store, [1.0, None], [None, 1.0])).split("\n")[-1]
    assert said == "examples against plain: - (they have no graded task in common)"


@pytest.mark.parametrize("scores", [[1.0] * 3, [1.0], [0.0], [0.0] * 6])
def test_pairs_that_agree_are_as_sure_as_they_are_many(
    store: Store, scores: list[float | str | None]
) -> None:
    (difference,) = two_arms(store, [0.0] * len(scores), scores).differences
    assert difference.interval == difference_interval([float(score or 0) for score in scores])
    assert difference.interval
    low, high = difference.interval
    assert high - low > 0.7


def test_table_has_a_row_for_each_arm(store: Store) -> None:
    rows = table(two_arms(store, [0.0, 0.0, 1.0, None], [1.0, 1.0, 1.0, 1.0]))
    assert rows[0] == {
        "arm": "plain",
        "solved": "1/3",
        "success": "33%",
        "95% interval": "6%-79%",
        "steps": "2.0",
        "calls": "8",
        "calls/solved": "8.0",
        "prompt tokens": "400",
        "cached": "60%",
        "new tokens": "40",
        "cost": "$0.04",
        "ungraded": "3",
    }
    assert (rows[1]["arm"], rows[1]["solved"], rows[1]["success"]) == ("examples", "4/4", "100%")
    assert [list(row) for row in rows] == [list(rows[0])] * 2


def test_an_unknown_price_is_said_to_be_unknown(store: Store) -> None:
    arm = stage()
    scored(store, arm, [1.0, 1.0])
    unpriced = USAGE.model_copy(update={"cost": None})
    scored(store, arm, [1.0], unpriced)
    assert table(summarise(store, [arm], TASKS))[0]["cost"] == "unknown"


def test_evaluation_acts_grades_and_compares(store: Store) -> None:
    learned = acted("put c.txt yes")
    example = Example(
        instruction="Write yes into a note.", trajectory=learned.id, begin=0, end=1, kind="abstraction"
    )
    store.add([asked(), learned, example])
    folder, name = build(store, [example], ShellActions())
    arms = [stage(), stage(arm="examples", index=str(folder), index_digest=name)]
    for arm in arms:
        run(arm, store, Pool("inline"))
    result = summarise(store, arms, Room().tasks())
    assert [arm.scores for arm in result.arms] == [
        {"write": (0.0,), "tell": (1.0,), "broken": (None,)},
        {"write": (1.0,), "tell": (1.0,), "broken": (None,)},
    ]
    assert [arm.ungraded for arm in result.arms] == [{"model": 1}] * 2
    (difference,) = result.differences
    assert (difference.pairs, difference.won, difference.lost, difference.difference) == (2, 1, 0, 0.5)
    (wrote,) = [
        episode
        for attempt in store.attempts(arms[1].key)
        for output in attempt.outputs
        if isinstance(episode := store.get(output), Trajectory) and episode.task == Room().tasks()[0].id
    ]
    assert wrote.steps[0].shown == (example.id,)


def test_a_broken_grader_leaves_its_task_ungraded(store: Store) -> None:
    run(stage("broken_grader"), store, Pool("inline"))
    (arm,) = summarise(store, [stage("broken_grader")], Room().tasks()).arms
    assert arm.scores == {"write": (0.0,), "tell": (1.0,), "broken": (None,)}
    assert arm.ungraded == {"grader": 1} and arm.stops == {"done": 3}


def test_where_an_index_lies_is_no_part_of_the_evaluation() -> None:
    here = stage(arm="examples", index="here", index_digest="d")
    assert here.key == stage(arm="examples", index="there", index_digest="d").key
    assert here.key != stage(arm="examples", index="here", index_digest="e").key
    assert here.key != stage().key


def test_an_arm_that_reads_other_documentation_than_the_run_first_had_is_another_one(store: Store) -> None:
    first = stage(arm="examples", index_digest="d")
    assert "documentation" not in first.identity(), "evaluations of before stay as they are"
    assert first.key != stage(arm="examples", index_digest="d", documentation="e").key
    show, put = DOCUMENTS["show"].id, DOCUMENTS["put"].id
    names = []
    for outputs in ((show, put), (put,), (put, show)):
        store.commit(Attempt(stage="ingest", input="room", outputs=outputs))
        names.append(since(store, True, True))
        assert since(store, False, True) == ""
    assert names[0] == names[2] == "" != names[1]
    for key, found in (("survey:1", show), ("survey:2", put)):
        store.commit(Attempt(stage=key, input="room", outputs=(found,)))
        store.set_meta("survey", key)
        names.append(since(store, True, True))
        assert since(store, True, False) == ""
    assert names[3] == "" != names[4] != names[1]
    paper = Both().settings(Retrieval())
    assert Retrieval().documented and not (paper.documented or paper.pages)
