"""Propose, explore, relabel, judge and replay on a small store, with a script in the model's place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from learn_by_interact.agents.rollout import Limits
from learn_by_interact.engine.store import Store
from learn_by_interact.models import Request
from learn_by_interact.models.endpoint import ModelSettings
from learn_by_interact.stages.explore import Explore
from learn_by_interact.stages.judge import CRITERIA, Judge
from learn_by_interact.stages.relabel import Relabel
from learn_by_interact.stages.replay import Replay
from learn_by_interact.types import (
    Action,
    Attempt,
    Document,
    Example,
    Observation,
    Task,
    Trajectory,
    Usage,
    Verdict,
)
from room import DOCUMENTS, NAME, START, acted, asked, done, learned

LABEL = {"summary": "Replicate the following: show a.txt.", "task": "Read the note a.txt."}
GOOD = {"done": "It does\n so.", "missing": "Nothing.", **dict.fromkeys(CRITERIA, True)}

# The replies of each test, by the seed of the request where they differ.
garbage = {"": "I would rather not."}
labels = {"": json.dumps(LABEL)}
judges = {"": json.dumps(GOOD)}
strict = {"": json.dumps({**GOOD, "natural": False, "reasonable": "false"})}
asked_for: list[Request] = []


def second_time(request: Request) -> str:
    return "What?" if request.seed < 1000 else json.dumps(LABEL)


def noted(request: Request) -> str:
    """Whatever it is asked: act, and stop after what worked; the requests are kept."""
    asked_for.append(request)
    return "ACTION: list" if len(request.messages) == 2 else "ACTION: stop fine"


def warm(request: Request) -> str:
    """Another command for each temperature."""
    if len(request.messages) > 2:
        return "ACTION: stop fine"
    return "ACTION: list" if request.temperature < 0.5 else "ACTION: show b.txt"


def one_kind(request: Request) -> str:
    """A label for windows of one step, garbage for longer ones."""
    asked_for.append(request)
    return "?" if request.messages[-1].content.count("ACTION:") > 1 else json.dumps(LABEL)


def makes(request: Request) -> str:
    asked_for.append(request)
    return json.dumps(LABEL | {"task": "Create a new note that says yes."})


def model(script: str) -> ModelSettings:
    return ModelSettings(name=f"scripted/{__name__}:{script}")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    asked_for.clear()
    with Store(tmp_path / "run") as made:
        made.add(DOCUMENTS.values())
        yield made


# Explore


def test_explore_acts_with_the_document_and_keeps_the_episode(store: Store) -> None:
    task = asked("put", "Write a note.")
    store.add([task])
    (attempt,) = done(Explore(environment=NAME, model=model("noted")), store)
    (episode,) = store.records(Trajectory, about=task.id)
    assert attempt.outputs == (episode.id,)
    assert attempt.usage == episode.usage and episode.usage.calls == 2
    assert (episode.stop, episode.score) == ("done", None)
    assert DOCUMENTS["put"].text in asked_for[0].messages[1].content
    assert episode.model == model("noted").name


def test_explore_takes_the_hint_as_its_first_action_without_a_call(store: Store) -> None:
    task = asked(hint="show a.txt")
    store.add([task])
    done(Explore(environment=NAME, model=model("noted")), store)
    (episode,) = store.records(Trajectory)
    assert [step.action.arguments.get("command") for step in episode.steps] == ["show a.txt", None]
    assert episode.steps[0].usage == Usage() and episode.usage.calls == len(asked_for) == 1
    assert "apples" in asked_for[0].messages[-1].content


@pytest.mark.parametrize("hint", ["", "stop", "put \0 x"])
def test_explore_asks_the_model_where_the_hint_is_no_action(store: Store, hint: str) -> None:
    store.add([asked(hint=hint)])
    done(Explore(environment=NAME, model=model("noted")), store)
    (episode,) = store.records(Trajectory)
    assert episode.steps[0].action.arguments["command"] == "list"


def test_explore_without_begin_only_shows_the_hint(store: Store) -> None:
    store.add([asked(hint="show a.txt")])
    done(Explore(environment=NAME, model=model("noted"), begin=False), store)
    (episode,) = store.records(Trajectory)
    assert episode.steps[0].action.arguments["command"] == "list"
    assert "show a.txt" in asked_for[0].messages[1].content


def test_explore_settles_with_a_first_command_that_worked(store: Store) -> None:
    store.add([asked(hint="show a.txt"), asked(instruction="Read c.txt.", hint="show c.txt")])
    done(Explore(environment=NAME, model=model("noted"), settle=True), store)
    episodes = {episode.steps[0].observation.failed: episode for episode in store.records(Trajectory)}
    assert (episodes[False].stop, len(episodes[False].steps)) == ("done", 2)
    assert episodes[False].usage == Usage()
    assert episodes[True].usage.calls == 1
    assert episodes[True].steps[1].action.arguments == {"answer": "fine"}


def test_explore_rolls_out_once_a_temperature_and_keeps_equal_episodes_once(store: Store) -> None:
    store.add([asked()])
    stage = Explore(environment=NAME, model=model("warm"), temperatures=(0.0, 0.2, 0.9))
    (attempt,) = done(stage, store)
    assert len(attempt.outputs) == store.count(Trajectory) == 2
    assert attempt.usage.calls == 6
    firsts = {e.steps[0].action.arguments["command"] for e in store.records(Trajectory)}
    assert firsts == {"list", "show b.txt"}


def test_explore_obeys_its_limits(store: Store) -> None:
    store.add([asked()])
    done(Explore(environment=NAME, model=model("noted"), limits=Limits(steps=1)), store)
    (episode,) = store.records(Trajectory)
    assert (episode.stop, len(episode.steps)) == ("step limit", 1)


def test_explore_fails_with_the_environment_and_says_what_it_took(store: Store) -> None:
    store.add([asked(hint="jam"), asked(instruction="Look.", hint="list")])
    attempts = done(Explore(environment=NAME, model=model("noted")), store)
    assert sorted(attempt.error for attempt in attempts) == ["", "environment: the door is jammed"]


def test_explore_passes_over_dropped_tasks_and_those_of_the_benchmark(store: Store) -> None:
    good, dropped = asked(), asked(instruction="Again.")
    held_out = Task(environment="room", instruction="Held out.", parent="write")
    verdict = Verdict(subject=dropped.id, judge="near-duplicate task", keep=False, reason="near")
    store.add([good, dropped, held_out, verdict])
    assert Explore(environment=NAME, model=model("noted")).inputs(store) == [(good.id, good.parent)]


def test_explore_deals_tasks_so_that_neighbours_have_other_documents(tmp_path: Path) -> None:
    documents = [
        Document(source="manual", title=str(at), text=f"Page {at}.", begin=at, end=at) for at in range(7)
    ]
    tasks = [
        Task(environment="room", instruction=f"Do {document.title}-{at}.", parent=document.id)
        for document in documents
        for at in range(3)
    ]
    orders = []
    for number, turned in enumerate((tasks, tasks[::-1])):
        with Store(tmp_path / str(number)) as store:
            store.add([*turned, *documents])
            orders.append(Explore(environment=NAME, model=model("noted")).inputs(store))
    assert orders[0] == orders[1]
    assert sorted(task for task, _ in orders[0]) == sorted(task.id for task in tasks)
    pages = {document.id: at for at, document in enumerate(documents)}
    dealt = [pages[page] for _, page in orders[0]]
    assert dealt[:12] == [0, 1, 2, 3] * 3
    assert sorted(set(dealt[12:])) == [4, 5, 6] and dealt[12:15] == [4, 5, 6]


# Relabel


def examples(store: Store) -> set[tuple[int, int, str, str]]:
    return {(e.begin, e.end, e.kind, e.instruction) for e in store.records(Example)}


def test_relabel_writes_both_kinds_for_each_window(store: Store) -> None:
    learned(store, episode := acted("show c.txt", "show a.txt", "stop"))
    (attempt,) = done(Relabel(environment=NAME, model=model("labels")), store)
    wanted = [("summary", LABEL["summary"]), ("abstraction", LABEL["task"])]
    assert examples(store) == {(*window, *label) for window in ((0, 2), (1, 2)) for label in wanted}
    assert {example.trajectory for example in store.records(Example)} == {episode.id}
    assert (attempt.input, len(attempt.outputs), attempt.usage.calls) == (episode.id, 4, 2)


@pytest.mark.parametrize(
    ("hint", "asks", "kept"),
    [
        ("show a.txt\nstop apples", "What does a.txt say?", True),
        ("show a.txt\nstop pears", "What does a.txt say?", False),
        ("show a.txt\nstop apples", "Find out what a.txt says.", False),
        ("", "What does a.txt say?", False),
    ],
)
def test_a_question_that_got_the_answer_that_was_known_needs_no_other_instruction(
    store: Store, hint: str, asks: str, kept: bool
) -> None:
    task = asked(instruction=asks, hint=hint)
    store.add([task])
    learned(store, acted("show a.txt", "stop apples", task=task))
    (attempt,) = done(Relabel(environment=NAME, model=model("labels"), cap=1), store)
    assert (attempt.usage.calls == 0) == kept
    assert (examples(store) == {(0, 2, "abstraction", asks)}) == kept


def test_relabel_asks_a_second_time(store: Store) -> None:
    learned(store, acted("show a.txt"))
    (attempt,) = done(Relabel(environment=NAME, model=model("second_time")), store)
    assert (len(attempt.outputs), attempt.usage.calls) == (2, 2)


def test_relabel_keeps_what_it_could_read_and_counts_all_it_took(store: Store) -> None:
    learned(store, acted("list", "show a.txt"))
    (attempt,) = done(Relabel(environment=NAME, model=model("one_kind")), store)
    assert {(begin, end) for begin, end, _, _ in examples(store)} == {(0, 1), (1, 2)}
    assert (attempt.error, attempt.usage.calls) == ("", 4)


def test_relabel_fails_where_nothing_could_be_read(store: Store) -> None:
    learned(store, acted("list", "show a.txt"))
    (attempt,) = done(Relabel(environment=NAME, model=model("garbage")), store)
    assert attempt.error.startswith("parse: ") and attempt.usage.calls == 6
    assert store.count(Example) == 0


def test_relabel_has_nothing_to_ask_of_an_episode_that_teaches_nothing(store: Store) -> None:
    learned(store, acted("show c.txt", "stop"))
    (attempt,) = done(Relabel(environment=NAME, model=model("garbage")), store)
    assert (attempt.error, attempt.outputs, attempt.usage) == ("", (), Usage())


def test_relabel_says_and_asks_for_no_change_where_there_was_none(store: Store) -> None:
    learned(store, acted("list", "put c.txt yes"))
    done(Relabel(environment=NAME, model=model("one_kind"), cap=9), store)
    for request in asked_for:
        looked = "put c.txt" not in request.messages[-1].content
        assert ("This session changed nothing" in request.messages[-1].content) is looked
        assert request.json_schema
        task = request.json_schema["properties"]["task"]
        assert ("pattern" in task) is looked
        if looked:
            assert re.search(task["pattern"], "Show the names of all notes.")
            assert not re.search(task["pattern"], "Add a note that is called c.txt.")


def test_relabel_says_which_item_was_there_before(store: Store) -> None:
    episode = acted("list", "put c.txt yes")
    first, put = episode.steps
    gone = first.model_copy(update={"action": Action(tool="goto", arguments={"url": "/note/17"})})
    learned(store, Trajectory.model_validate({**episode.model_dump(exclude={"id"}), "steps": [gone, put]}))
    (attempt,) = done(Relabel(environment=NAME, model=model("makes"), cap=1), store)
    assert "The session is about note 17, which was there before it." in asked_for[-1].messages[-1].content
    assert [kind for *_, kind, _ in examples(store)] == ["summary"], "no note was made"
    assert len(attempt.outputs) == 1


def test_relabel_prompts_with_one_beginning_extend_each_other(store: Store) -> None:
    learned(store, acted("list", "put c.txt yes", "show c.txt"))
    done(Relabel(environment=NAME, model=model("one_kind"), cap=9), store)
    texts = list(dict.fromkeys(request.messages[-1].content for request in asked_for))
    question = texts[0][texts[0].rindex("Write the JSON") :]
    assert all(text.endswith(question) for text in texts)
    one, two, three, fourth, *_ = (
        text.removesuffix(question).partition("\n\nThis session")[0] for text in texts
    )
    two, three = two.rstrip(), three.rstrip()
    assert two.startswith(one) and three.startswith(two) and not fourth.startswith(one)
    assert START in one and "show c.txt" not in two and "show c.txt" in three
    assert asked().instruction not in three


def test_relabel_reads_episodes_of_explore_only_and_removes_repeated_steps(store: Store) -> None:
    repeated, held_out = acted("list", "list", "show a.txt"), acted("show b.txt")
    learned(store, repeated)
    store.commit(Attempt(stage="evaluate:0", input="t", outputs=(held_out.id,)), [held_out])
    done(Relabel(environment=NAME, model=model("labels")), store)
    (clean,) = {example.trajectory for example in store.records(Example)}
    assert clean not in (repeated.id, held_out.id)
    episode = store.get(clean)
    assert isinstance(episode, Trajectory)
    assert [s.action.arguments["command"] for s in episode.steps] == ["list", "show a.txt"]
    assert {(begin, end) for begin, end, _, _ in examples(store)} == {(0, 1), (0, 2), (1, 2)}


def test_relabel_leaves_out_what_failed_and_changed_nothing(store: Store) -> None:
    learned(store, acted("put c.txtyes", "put c.txt yes"))
    done(Relabel(environment=NAME, model=model("labels")), store)
    assert {(begin, end) for begin, end, _, _ in examples(store)} >= {(0, 2)}
    for request in asked_for:
        assert "put c.txt yes" in request.messages[-1].content
        assert "c.txtyes" not in request.messages[-1].content


def test_relabel_adds_what_an_instruction_does_not_tell_of_a_command(store: Store) -> None:
    listed = "Usage: put twice [OPTIONS]\n\nOptions:\n  --twice  Write the text a second time below\n"
    manual = Document(source="elsewhere", title="put twice > Options", text=listed, begin=50, end=54)
    store.add([manual, asked()])
    learned(store, acted("put twice --twice"))
    done(Relabel(environment=NAME, model=model("labels")), store)
    added = " Write the text a second time below."
    assert {text for *_, text in examples(store)} == {LABEL["summary"] + added, LABEL["task"] + added}


def test_relabel_obeys_its_cap(store: Store) -> None:
    learned(store, acted("list", "show a.txt", "show b.txt"))
    done(Relabel(environment=NAME, model=model("labels"), cap=2), store)
    windows = {(begin, end) for begin, end, _, _ in examples(store)}
    assert len(windows) == 2 and (0, 3) in windows


# Judge


def example(episode: Trajectory, begin: int = 0, end: int = 1, **more: Any) -> Example:
    values = {"instruction": "Read the note a.txt.", "kind": "abstraction", **more}
    return Example(trajectory=episode.id, begin=begin, end=end, **values)


def judged(script: str, store: Store) -> Verdict:
    episode = acted("show a.txt")
    store.add([episode, example(episode)])
    done(Judge(environment=NAME, model=model(script)), store)
    (verdict,) = store.records(Verdict)
    return verdict


def test_judge_keeps_what_meets_all_criteria(store: Store) -> None:
    verdict = judged("judges", store)
    (only,) = store.records(Example)
    assert (verdict.subject, verdict.keep, verdict.reason) == (only.id, True, "It does so.")
    assert verdict.judge == f"committee:{model('judges').name}"


def test_judge_names_the_criteria_that_are_not_met(store: Store) -> None:
    verdict = judged("strict", store)
    assert not verdict.keep
    assert verdict.reason == "not natural, reasonable: It does so."


def test_judge_fails_after_garbage_twice_and_gives_no_verdict(store: Store) -> None:
    episode = acted("show a.txt")
    store.add([episode, example(episode)])
    (attempt,) = done(Judge(environment=NAME, model=model("garbage")), store)
    assert attempt.error.startswith("parse: ") and attempt.usage.calls == 2
    assert store.count(Verdict) == 0


def test_judge_sees_the_window_and_its_beginning_only(store: Store) -> None:
    episode = acted("list", "put c.txt yes", "show b.txt")
    store.add([episode, example(episode, 1, 2, instruction="Write yes into c.txt.")])
    done(Judge(environment=NAME, model=model("noted")), store)
    text = asked_for[0].messages[-1].content
    assert "a.txt\nb.txt" in text and "ACTION: put c.txt yes" in text and "Write yes into c.txt." in text
    assert "ACTION: list" not in text and "show b.txt" not in text


def test_judge_passes_over_what_another_judge_dropped(store: Store) -> None:
    episode = acted("list", "show a.txt", "show b.txt")
    one, two, three = (example(episode, at, at + 1) for at in range(3))
    store.add([episode, one, two, three])
    store.add(
        [
            Verdict(subject=one.id, judge="near-duplicate example", keep=False, reason="near"),
            Verdict(subject=two.id, judge="committee:another", keep=False, reason="no"),
        ]
    )
    inputs = Judge(environment=NAME, model=model("judges")).inputs(store)
    assert inputs == [(two.id, episode.id), (three.id, episode.id)]


# Replay


def replayed(store: Store, episode: Trajectory) -> Verdict:
    store.add([asked(), episode, example(episode)])
    (attempt,) = done(Replay(environment=NAME), store)
    assert attempt.usage == Usage()
    (verdict,) = store.records(Verdict, about=episode.id)
    assert verdict.judge == "replay"
    return verdict


def test_replay_measures_how_many_steps_held(store: Store) -> None:
    verdict = replayed(store, acted("list", "roll", "show a.txt"))
    assert (verdict.measure, verdict.keep, verdict.reason) == (1.0, False, "held for 1 of 3 steps")


def test_replay_keeps_what_held_to_the_end(store: Store) -> None:
    verdict = replayed(store, acted("list", "put c.txt yes", "stop"))
    assert (verdict.measure, verdict.keep) == (3.0, True)


def test_replay_says_when_the_start_was_another(store: Store) -> None:
    elsewhere = acted("list").model_copy(update={"start": Observation(text="?", key="?")})
    verdict = replayed(store, elsewhere)
    assert (verdict.measure, verdict.keep, verdict.reason) == (-1.0, False, "the start state was another")


def test_replay_runs_only_what_an_example_refers_to(store: Store) -> None:
    wanted, other = acted("list"), acted("show a.txt")
    store.add([asked(), wanted, other, example(wanted)])
    assert Replay(environment=NAME).inputs(store) == [(wanted.id, wanted.task)]
