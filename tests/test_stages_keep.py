"""What is kept: the rules over verdicts, and the judges that need the whole set."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from learn_by_interact.engine.store import Store
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.environments.web.actions import WebActions
from learn_by_interact.errors import ConfigError
from learn_by_interact.stages.keep import (
    RULES,
    HeldOut,
    Rule,
    judge_contamination,
    judge_examples,
    judge_names,
    judge_superseded,
    judge_tasks,
    kept,
)
from learn_by_interact.types import (
    Action,
    Attempt,
    Example,
    Observation,
    Record,
    Step,
    Task,
    Trajectory,
    Verdict,
)
from room import DOCUMENTS, acted, asked

EPISODE = acted("list", "show a.txt", "put c.txt yes", "show c.txt")
ACTIONS = ShellActions()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run") as made:
        made.add([*DOCUMENTS.values(), asked(), EPISODE])
        yield made


def example(instruction: str, begin: int = 0, end: int = 1, of: Trajectory = EPISODE, **more: Any) -> Example:
    values = {"kind": "abstraction", **more}
    return Example(instruction=instruction, trajectory=of.id, begin=begin, end=end, **values)


def vote(subject: Record, keep: bool, judge: str = "committee:one") -> Verdict:
    return Verdict(subject=subject.id, judge=judge, keep=keep, reason="because")


def held(measure: float, episode: Trajectory = EPISODE) -> Verdict:
    reason = f"held for {measure:g}"
    return Verdict(subject=episode.id, judge="replay", keep=measure == 4, reason=reason, measure=measure)


def instructions(store: Store, rule: Rule = "unanimous") -> set[str]:
    return {example.instruction for example in kept(store, rule)}


# The rules


def test_each_rule_over_votes_and_replay(store: Store) -> None:
    votes = {"none": (), "yes": (1,), "no": (0,), "split": (1, 0), "most": (1, 1, 0), "all": (1, 1, 1)}
    for name, given in votes.items():
        for end in (2, 3):
            one = example(f"{name} {end}", end - 1, end)
            store.add([one])
            store.add(vote(one, bool(keep), f"committee:{at}") for at, keep in enumerate(given))
    store.add([held(2)])
    every = {f"{name} {end}" for name in votes for end in (2, 3)}
    replayed = {name for name in every if name.endswith("2")}
    unanimous = {name for name in every if name.split()[0] in ("none", "yes", "all")}
    majority = unanimous | {"most 2", "most 3"}
    assert {rule: instructions(store, rule) for rule in RULES} == {
        "unanimous": unanimous,
        "majority": majority,
        "replay": replayed,
        "unanimous+replay": unanimous & replayed,
        "majority+replay": majority & replayed,
    }


@pytest.mark.parametrize("judge", ["near-duplicate example", "contamination"])
def test_what_a_sweep_dropped_is_out_under_every_rule(store: Store, judge: str) -> None:
    good, bad = example("good"), example("bad", 1, 2)
    store.add([good, bad, vote(good, True), vote(bad, True), vote(bad, False, judge), held(4)])
    assert all(instructions(store, rule) == {"good"} for rule in RULES)


def test_without_a_replay_no_rule_with_replay_keeps_anything(store: Store) -> None:
    store.add([example("good")])
    assert {rule for rule in RULES if instructions(store, rule)} == {"unanimous", "majority"}


def test_a_replay_that_held_for_no_step_verifies_nothing(store: Store) -> None:
    store.add([example("good"), held(-1.0), held(0.0)])
    assert not instructions(store, "replay")


def test_a_replay_verifies_up_to_its_measure(store: Store) -> None:
    store.add([*(example(f"to {end}", 0, end) for end in range(1, 5)), held(3)])
    assert instructions(store, "replay") == {"to 1", "to 2", "to 3"}


def test_an_unknown_rule_is_refused_with_those_that_exist(store: Store) -> None:
    with pytest.raises(ConfigError, match="no rule 'most'; there are unanimous, majority, replay"):
        kept(store, cast(Rule, "most"))


# The sweeps


def test_nearly_equal_tasks_are_dropped_but_one(store: Store) -> None:
    texts = ["Show the note a.txt, please.", "show the note a.txt please", "Show the note b.txt, please."]
    tasks = [asked("put", text) for text in texts]
    outside = Task(environment="room", instruction=texts[0], parent="write")
    store.add([*tasks, outside])
    (verdict,) = judge_tasks(store)
    first, second = sorted(task.id for task in tasks[:2])
    assert (verdict.subject, verdict.keep, verdict.measure) == (second, False, 1.0)
    assert first in verdict.reason
    assert list(store.records(Verdict)) == [verdict]


def test_nearly_equal_examples_of_one_kind_are_dropped_but_one(store: Store) -> None:
    again = acted("show a.txt", "list")
    same = [example("Read a.txt.", 1, 2), example("read a.txt", 0, 1, again)]
    others = [
        example("Read a.txt.", 1, 2, kind="summary"),
        example("Read a.txt.", 0, 1),
        example("Write yes into c.txt.", 2, 3),
    ]
    store.add([again, *same, *others])
    (verdict,) = judge_examples(store, ACTIONS)
    first, second = sorted(one.id for one in same)
    assert verdict.subject == second and first in verdict.reason
    assert {one.id for one in kept(store)} == {first, *(one.id for one in others)}


def test_what_was_labelled_again_is_superseded_and_no_near_duplicate(store: Store) -> None:
    other = acted("show a.txt")
    old = [example("Read the note a.txt.", 1, 2), example("Write yes into c.txt.", 2, 3)]
    new = [example("Read the note a.txt!", 1, 2)]
    left = example("Show what a.txt says.", 0, 1, other)
    store.add([other])
    store.commit(Attempt(stage="relabel:1", input=EPISODE.id, outputs=tuple(one.id for one in old)), old)
    store.commit(Attempt(stage="relabel:1", input=other.id, outputs=(left.id,)), [left])
    store.commit(Attempt(stage="relabel:2", input=EPISODE.id, outputs=(new[0].id,)), new)
    assert {one.subject for one in judge_superseded(store, "relabel:2")} == {one.id for one in old}
    assert judge_examples(store, ACTIONS) == []
    assert {one.id for one in kept(store)} == {new[0].id, left.id}
    assert {one.subject for one in judge_superseded(store, "relabel:1")} == {new[0].id}
    assert {one.id for one in kept(store)} == {left.id, *(one.id for one in old)}
    assert judge_superseded(store, "relabel:3") == []


def test_an_example_that_names_a_file_which_was_not_met_is_dropped(store: Store) -> None:
    wrong = example("Put yes into b.txt.", 2, 3)
    alike = example("Put yes into c.txt, b.txt.", 2, 3, kind="summary")
    right = [example("Put yes into c.txt.", 2, 3), example("Make a note that agrees.", 2, 3)]
    seen = example("See what is there, such as a.txt.", 0, 1)
    distilled = example("Put yes into b.txt!", 2, 3, kind="task")
    any_of_them = acted("show *.txt")
    pattern = example("Show a.txt and z.txt.", 0, 1, any_of_them)
    quoted = acted("show 'a*b' c.txt")
    literal = example("Show z.txt.", 0, 1, quoted)
    store.add([any_of_them, quoted, wrong, alike, *right, seen, distilled, pattern, literal])
    verdicts = judge_names(store, ACTIONS)
    assert {one.subject for one in verdicts} == {wrong.id, alike.id, literal.id}
    assert all("b.txt" in one.reason or "z.txt" in one.reason for one in verdicts)
    # Nor is it what another is a near-duplicate of.
    assert not any(wrong.id in one.reason for one in judge_examples(store, ACTIONS, 0.5))
    assert not {wrong.id, alike.id, literal.id} & {one.id for one in kept(store)}
    assert seen.id in {one.id for one in kept(store)}


@pytest.mark.parametrize(
    ("instruction", "dropped"),
    [
        ("List the packages of the Node.js project, and of ASP.NET.", False),
        ("Show what example.com says and what last.name is.", False),
        ("Show README.md.", True),
        ("Show old.xyz.", True),
    ],
)
def test_a_name_counts_as_a_file_where_its_kind_is_usual_or_there(
    store: Store, instruction: str, dropped: bool
) -> None:
    start = EPISODE.start.model_copy(update={"text": "new.xyz (3 bytes)"})
    session = EPISODE.model_copy(update={"start": start})
    shown = example(instruction, 0, 1, session)
    store.add([session, shown])
    assert [one.subject for one in judge_names(store, ACTIONS)] == [shown.id] * dropped


@pytest.mark.parametrize(
    ("command", "added", "dropped"),
    [
        ("task add --due 2024-02-01 Pay", "+ 3  --due 2024-02-01 Pay", True),
        ("task add --text='Pay rent'", "+ 3   --text=Pay rent", True),
        ("task add --due 2024-02-01 Pay", "+ 3  2024-02-01 Pay", False),
        ("task add Pay 'buy --no-brand tea'", "+ 3 Pay buy --no-brand tea", False),
        ("echo curl --silent a > run.sh", "+ curl --silent a", False),
        ("task list --all", "usage: task list --all", False),
        ("cat > run.sh <<'EOF'\nsort -r names.txt\nEOF", "+   sort -r names.txt", False),
        ("task lock --strict a.txt", "+ #    task lock --strict a.txt", False),
    ],
)
def test_an_option_that_a_lenient_tool_takes_for_text_is_no_example(
    store: Store, command: str, added: str, dropped: bool
) -> None:
    step = Step(
        thought="",
        action=Action(tool="bash", arguments={"command": command}),
        observation=Observation(text=f"[changed: data]\n{added}", key="k", state="s"),
    )
    session = EPISODE.model_copy(update={"steps": (step,)})
    shown = example("Pay the rent.", 0, 1, session)
    store.add([session, shown])
    assert [one.subject for one in judge_names(store, ACTIONS)] == [shown.id] * dropped
    assert (shown.id in {one.id for one in kept(store)}) != dropped


def test_what_was_only_typed_was_not_sent(store: Store) -> None:
    fill = Action(tool="type", arguments={"text": "Ann", "element": 'textbox "Name"'})
    press = Action(tool="click", arguments={"element": 'button "Send"'})

    def page(*actions: Action, states: str) -> Trajectory:
        seen = [
            Observation(text=f"{state} {at}", key=f"{at}", state=state) for at, state in enumerate(states)
        ]
        steps = tuple(
            Step(thought="", action=one, observation=then)
            for one, then in zip(actions, seen[1:], strict=True)
        )
        return EPISODE.model_copy(update={"start": seen[0], "steps": steps})

    typed, sent = page(fill, states="ab"), page(fill, press, states="abc")
    wrong = [example(f"Enter Ann and {word} the form.", 0, 1, typed) for word in ("submit", "Save")]
    right = [
        example("Fill in the name Ann.", 0, 1, typed),
        example("Enter Ann and submit the form.", 0, 2, sent),
        example("Enter Ann, press Send.", 0, 1, typed, kind="task"),
    ]
    store.add([typed, sent, *wrong, *right])
    verdicts = judge_names(store, WebActions())
    assert {one.subject for one in verdicts} == {one.id for one in wrong}
    assert {one.reason for one in verdicts} == {
        "its instruction says 'submit', and nothing was clicked or pressed",
        "its instruction says 'Save', and nothing was clicked or pressed",
    }


def test_on_a_desktop_what_ends_in_a_dialog_is_not_done(store: Store) -> None:
    texts = (
        'Window: a.xlsx\n[button "Print"]',
        '(Files does not answer.)\nDialog: Print\n[button "OK"]',
        'Changed on this screen:\n+ [checkbox "All"] checked\n(All else on this screen is as before.)',
        "[changed: a.xlsx]\nWindow: a.xlsx\nDialog: small, and behind it",
    )
    seen = [Observation(text=text, key=text, state=text) for text in texts]
    click = Action(tool="click", arguments={"element": "button"})
    steps = tuple(Step(thought="", action=click, observation=one) for one in seen[1:])
    session = EPISODE.model_copy(update={"start": seen[0], "steps": steps})
    page = session.model_copy(update={"start": Observation(text="URL: /", key="u"), "steps": steps[:2]})
    asked = [example("Print the sheet.", 0, end, session) for end in (1, 2)]
    done = example("Print the sheet.", 0, 3, session)
    elsewhere = example("Print the page.", 0, 2, page)
    tried = example("Print it.", 0, 1, session, kind="task")
    store.add([session, page, *asked, done, elsewhere, tried])
    verdicts = judge_names(store, WebActions())
    assert {one.subject for one in verdicts} == {one.id for one in asked}
    assert {one.reason for one in verdicts} == {"it ends while the dialog 'Print' is open"}


def test_an_example_of_a_held_out_task_is_dropped_by_instruction_or_solution(store: Store) -> None:
    held_out = [
        HeldOut(name="write", instruction="Write yes into c.txt.", gold=("put c.txt yes",)),
        HeldOut(name="count", instruction="How many notes are there?", gold=("list",)),
    ]
    worded = example("Write yes into c.txt!", 0, 1)
    solved = example("Make a note that agrees.", 2, 3)
    clean = example("Find out what the first note holds.", 1, 2)
    store.add([worded, solved, clean])
    verdicts = judge_contamination(store, ACTIONS, held_out)
    assert {verdict.subject for verdict in verdicts} == {worded.id, solved.id}
    assert all("write" in verdict.reason and not verdict.keep for verdict in verdicts)
    assert [one.id for one in kept(store)] == [clean.id]


def test_a_second_sweep_replaces_what_the_first_said(store: Store) -> None:
    task = HeldOut(name="write", instruction="Write yes into c.txt.", gold=("put c.txt yes",))
    other = HeldOut(name="read", instruction="What does a.txt say?", gold=("show a.txt",))
    one, two = example("Write yes into c.txt.", 2, 3), example("What does a.txt say?", 1, 2)
    store.add([one, two, vote(one, True)])
    for _ in range(2):
        judge_contamination(store, ACTIONS, [task])
        assert [v.subject for v in store.records(Verdict) if v.judge == "contamination"] == [one.id]
    judge_contamination(store, ACTIONS, [other])
    assert [v.subject for v in store.records(Verdict) if v.judge == "contamination"] == [two.id]
    judge_contamination(store, ACTIONS, [])
    assert list(store.records(Verdict)) == [vote(one, True)]


def test_what_is_kept_does_not_depend_on_the_order_of_writing(tmp_path: Path) -> None:
    words = ("a.txt", "b.txt", "c.txt", "yes", "all", "notes")
    draw = random.Random(3)
    made = [
        example(f"Show {' '.join(draw.sample(words, 3))} of the room.", begin, begin + 1)
        for begin in (0, 1, 2, 3)
        for _ in range(12)
    ]
    held_out = [HeldOut(name="one", instruction=made[5].instruction, gold=("put z.txt no",))]
    found = []
    for number in range(3):
        draw.shuffle(made)
        with Store(tmp_path / str(number)) as store:
            store.add([asked(), EPISODE, *made])
            judge_contamination(store, ACTIONS, held_out)
            judge_examples(store, ACTIONS, 0.6)
            found.append((ids(kept(store)), ids(store.records(Verdict))))
    assert found[0] == found[1] == found[2]
    assert set(found[0][0]) < set(ids(made))
    assert len(found[0][0]) > 4


def ids(records: Sequence[Record] | Iterator[Record]) -> list[str]:
    return [record.id for record in records]
