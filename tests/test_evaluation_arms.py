"""The arms: what each puts into its prompts, when it is graded and what it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

import room
from learn_by_interact.agents.agent import Acting
from learn_by_interact.agents.rollout import Limits
from learn_by_interact.benchmarks import Benchmark
from learn_by_interact.engine.pools import Pool
from learn_by_interact.engine.run import run
from learn_by_interact.engine.store import Store
from learn_by_interact.environments import Environment
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.errors import ConfigError, ModelError
from learn_by_interact.evaluation.arms import ARMS, Match, Plain, arm
from learn_by_interact.evaluation.evaluate import Evaluate
from learn_by_interact.models import Request
from learn_by_interact.models.endpoint import ModelSettings
from learn_by_interact.models.scripted import Scripted
from learn_by_interact.models.wrappers import Metered
from learn_by_interact.retrieval import documents
from learn_by_interact.retrieval.build import build
from learn_by_interact.retrieval.retrieve import Retrieval
from learn_by_interact.types import Attempt, Document, Example, Task, Trajectory
from room import DOCUMENTS, Room, RoomEnvironment, acted, asked

WRITE, TELL, _ = Room().tasks()
SESSION = "What the agent did:"


class Watched(Room):
    """A room that notes what is opened, closed and graded, in order."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def environment(self) -> Environment:
        return Opened(self.events)

    def grade(self, task: Task, environment: Environment, trajectory: Trajectory) -> float:
        assert isinstance(environment, Opened) and environment.notes
        self.events.append(f"graded with {sorted(environment.notes)}")
        return super().grade(task, environment, trajectory)


class Opened(RoomEnvironment):
    def __init__(self, events: list[str]) -> None:
        super().__init__()
        self.events = events

    def reset(self, task: Task) -> Any:
        self.events.append("reset")
        return super().reset(task)

    def __exit__(self, *error: Any) -> None:
        self.events.append("closed")
        super().__exit__(*error)


class Played:
    """An arm's episode in the room, with the requests that its model got."""

    def __init__(
        self,
        name: str,
        policy: Callable[[Request], str],
        task: Task = WRITE,
        index: str = "",
        digest: str = "",
        steps: int = 3,
        base: Retrieval | None = None,
        **settings: Any,
    ) -> None:
        self.world = Watched()
        self.requests: list[Request] = []

        def noted(request: Request) -> str:
            self.requests.append(request)
            self.world.events.append("asked")
            return policy(request)

        self.match = Match(
            world=cast(Benchmark, self.world),
            task=task,
            model=Metered(Scripted(noted)),
            acting=Acting(),
            limits=Limits(steps=steps),
            retrieval=base or Retrieval(),
            index=index,
            digest=digest,
        )
        self.episode = arm(name, settings).play(self.match)

    def opening(self, at: int) -> str:
        return self.requests[at].messages[1].content


GIVEN_UP = ("ACTION: stop", "ACTION: stop")
"""Who stops without the note that the task names is told so, once."""


def script(*replies: str) -> Callable[[Request], str]:
    left = list(replies)
    return lambda request: left.pop(0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run") as made:
        made.add([*DOCUMENTS.values(), *Room().tasks(), asked()])
        yield made


# RAG


def test_rag_puts_the_right_page_first_and_keeps_it(store: Store) -> None:
    folder, _ = documents.build(store)
    replies = script("ACTION: list", "ACTION: put c.txt yes", "ACTION: stop")
    task = WRITE.model_copy(update={"instruction": "Use put: it writes a note."})
    played = Played("rag", replies, task, index=str(folder))
    openings = {played.opening(at) for at in range(3)}
    assert len(openings) == 1
    (opening,) = openings
    assert DOCUMENTS["put"].text in opening
    assert opening.index("Usage: put") < opening.index("Your task")
    assert played.episode.steps[0].shown[0] == DOCUMENTS["put"].id
    assert [step.shown for step in played.episode.steps[1:]] == [(), ()]
    assert all("Usage" not in message.content for message in played.requests[2].messages[2:])


def test_rag_s_pages_are_bound_by_number_and_characters(store: Store) -> None:
    store.add(
        Document(source="long", title=f"page {at}", text=f"put things {at}\n" + "word " * 200, begin=1, end=2)
        for at in range(60)
    )
    folder, _ = documents.build(store)
    found = {
        (number, characters): documents.find(str(folder), "put things", number, characters)
        for number, characters in ((50, 10**6), (50, 2500), (2, 10**6), (50, 150))
    }
    assert len(found[50, 10**6]) == 50 and len(found[2, 10**6]) == 2 and not found[50, 150]
    assert sum(len(hit.text) for hit in found[50, 2500]) <= 2500
    cut, whole = found[50, 2500], found[50, 10**6]
    assert [hit.id for hit in cut] == [hit.id for hit in whole][:4]
    assert cut[:3] == whole[:3] and whole[3].text.startswith(cut[3].text) and cut[3] != whole[3]


def test_rag_without_documents_says_what_to_do(tmp_path: Path) -> None:
    with Store(tmp_path / "empty") as empty, pytest.raises(ConfigError, match="run `lbi ingest` first"):
        documents.build(empty)


def test_documents_are_indexed_once_and_again_when_there_are_more(store: Store) -> None:
    folder, name = documents.build(store)
    before = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert documents.build(store) == (folder, name)
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == before
    store.add([Document(source="more", title="more", text="more", begin=1, end=1)])
    assert documents.build(store)[1] != name
    # A recipe that leaves it out later is asked about the pages that it has.
    store.commit(Attempt(stage="ingest", input="room", outputs=tuple(one.id for one in DOCUMENTS.values())))
    assert documents.build(store)[1] == name


# Reflexion


def test_reflexion_stops_at_a_success_by_its_own_account() -> None:
    replies = script("ACTION: list", *GIVEN_UP, "Yes, it did.")
    played = Played("reflexion", replies)
    assert played.world.events == [
        "reset",
        *4 * ["asked"],
        "graded with ['a.txt', 'b.txt']",
        "closed",
    ]
    assert SESSION in played.opening(3) and "ACTION: list" in played.opening(3)
    # The grader thinks otherwise, and was not asked before.
    assert played.episode.score == 0.0


def test_reflexion_makes_three_trials_and_the_last_one_is_graded() -> None:
    trial = ["ACTION: list", *GIVEN_UP, "No."]
    replies = [*trial, "Nothing was written.", "ACTION: put b.txt x", *GIVEN_UP, "no", "Wrong note."]
    played = Played("reflexion", script(*replies, "ACTION: put c.txt yes", "ACTION: stop"))
    assert played.world.events.count("reset") == 3
    assert played.world.events[-2:] == ["graded with ['a.txt', 'b.txt', 'c.txt']", "closed"]
    assert [event.split()[0] for event in played.world.events].count("graded") == 1
    assert played.episode.score == 1.0
    assert len(played.requests) == 12, "the last trial is not judged"


def test_each_reflection_reaches_the_next_trial_s_prompts() -> None:
    trial = ["ACTION: list", *GIVEN_UP, "No."]
    replies = [*trial, "Use put\nnext time.", *trial, "Name c.txt.", *trial[:3]]
    played = Played("reflexion", script(*replies))
    first, second, third = played.opening(0), played.opening(5), played.opening(10)
    assert "tried this task before" not in first
    assert "- Use put next time." in second and "Name c.txt" not in second
    assert "- Use put next time.\n- Name c.txt." in third
    assert played.opening(11) == third
    # And the reflection is asked for with what was done, and how it ended.
    assert "ended with: done" in played.opening(4) and "ACTION: list" in played.opening(4)


def test_a_trial_that_did_not_stop_by_itself_is_no_success_and_nobody_is_asked() -> None:
    looks = ["ACTION: list", "ACTION: show a.txt", "ACTION: show b.txt"]
    played = Played(
        "reflexion", script(*looks, "Stop in time.", "ACTION: put c.txt yes", "ACTION: stop", "yes")
    )
    assert "ended with: step limit" in played.opening(3)
    assert played.episode.score == 1.0 and len(played.requests) == 7


def test_trials_are_a_setting_and_every_trial_begins_afresh() -> None:
    trial = ["ACTION: put c.txt no", "ACTION: list", "ACTION: stop"]
    played = Played("reflexion", script(*trial, "No", "Hm.", *trial), trials=2)
    assert played.world.events.count("reset") == 2
    assert played.requests[0].messages[1].content.startswith("What is there now:\nNotes: a.txt b.txt\n")
    assert "Notes: a.txt b.txt\n" in played.opening(5)


# What all arms have in common


def stage(name: str, policy: str, **more: Any) -> Evaluate:
    return Evaluate(
        environment=room.NAME, model=ModelSettings(name=f"scripted/{__name__}:{policy}"), arm=name, **more
    )


def doubts(request: Request) -> str:
    """Looks around and stops; is not content with it; fails at the end of the last trial."""
    if "You look back" in request.messages[0].content:
        return "no" if "one word" in request.messages[-1].content else "Look better."
    if request.messages[1].content.count("Look better.") == 2 and "grader" in request.messages[1].content:
        raise ModelError("no answer")
    return "ACTION: list" if len(request.messages) == 2 else "ACTION: stop"


def test_usage_counts_all_trials_and_what_came_before_an_error(store: Store) -> None:
    reflexion = stage("reflexion", "doubts")
    run(reflexion, store, Pool("inline"))
    attempts = {attempt.input: attempt for attempt in store.attempts(reflexion.key)}
    calls = {task.parent: attempts[task.id].usage.calls for task in Room().tasks()}
    # Two calls a trial, and two to look back at each of the first two; the third trial of the last one fails.
    # What a question is ended without is asked for in each trial, twice; for the note that is lacking, once.
    assert calls == {"write": 13, "tell": 16, "broken": 8}
    assert attempts[Room().tasks()[2].id].error == "model: no answer"


def test_an_arm_that_needs_branches_says_so_where_there_are_none(store: Store) -> None:
    with pytest.raises(ConfigError, match=r"LATS needs an environment that can branch, and room has no"):
        run(stage("lats", "doubts"), store, Pool("inline"))


def test_step_limit_tokens_temperature_and_seed_are_the_same_for_all_arms(store: Store) -> None:
    folder, _ = documents.build(store)
    for name in ("plain", "rag", "reflexion"):
        settings: dict[str, Any] = {"trials": 2} if name == "reflexion" else {}
        replies = script("ACTION: list", "ACTION: show a.txt", "Hm.", "ACTION: list", "ACTION: show a.txt")
        played = Played(name, replies, index=str(folder), steps=2, **settings)
        assert len(played.episode.steps) == 2 and played.episode.stop == "step limit"
        assert {(one.max_tokens, one.temperature, one.seed) for one in played.requests} == {(160, 0.0, 0)}


# Distilled and constructed examples


def learned(store: Store, *instructions: str) -> list[Example]:
    episode = acted("put c.txt yes")
    made = [
        Example(instruction=text, trajectory=episode.id, begin=0, end=1, kind="abstraction")
        for text in instructions
    ]
    store.add([episode, *made])
    return made


@pytest.mark.parametrize("name", ["distill", "examples"])
def test_examples_are_shown_as_retrieval_says(store: Store, name: str) -> None:
    (example,) = learned(store, "Write yes into the note c.txt.")
    folder, digest = build(store, [example], ShellActions())
    replies = script("ACTION: list", *GIVEN_UP)
    asked = {"query": "instruction", "sections": 0}
    played = Played(name, replies, index=str(folder), digest=digest, retrieval=asked)
    assert played.episode.steps[0].shown == (example.id,)
    assert f"Example task: {example.instruction}" in played.opening(0)
    placed = {"query": "instruction", "placement": "after"}
    played = Played(name, script("ACTION: list", *GIVEN_UP), index=str(folder), retrieval=placed)
    second = played.requests[1].messages
    assert example.instruction in second[-1].content and example.instruction not in second[1].content
    replies, turned = script("ACTION: list", *GIVEN_UP), {**asked, "order": "state"}
    opening = Played(name, replies, index=str(folder), retrieval=turned).opening(0)
    assert opening.index("What is there now") < opening.index(example.instruction)


@pytest.mark.parametrize(
    ("name", "queries", "whys"),
    [
        ("instruction", 0, {"goal"}),
        ("observation", 0, {"same state", "observation"}),
        ("model", 1, {"query"}),
        ("both", 1, {"same state", "observation", "query"}),
    ],
)
def test_the_ablations_are_the_paper_s_whatever_the_recipe_says(
    store: Store, name: str, queries: int, whys: set[str]
) -> None:
    """Examples of other words than the task's are found by the state alone; a fitting page is not shown."""
    store.add([Document(source="m", title="write", text="Write yes into the note c.txt.", begin=1, end=1)])
    made = learned(store, "Write yes into the note c.txt.", "Something else altogether, qqq.")
    folder, digest = build(store, made, ShellActions())

    def policy(request: Request) -> str:
        if "search query" in request.messages[0].content:
            return "write a note"
        return "ACTION: list" if len(request.messages) == 2 else "ACTION: stop"

    base = Retrieval(query="instruction", fused=(1, 1), once=True, start=False, match=False, documentation=3)
    played = Played(name, policy, index=str(folder), digest=digest, base=base)
    asked = ["search query" in request.messages[0].content for request in played.requests]
    assert (sum(asked) > 0) == (queries > 0)
    reasons = [why for step in played.episode.steps for why in step.why]
    assert reasons and all(any(word in why for word in whys) for why in reasons), reasons
    assert "Documentation" not in str(played.requests[-1].messages)
    assert played.episode.usage.calls == len(played.requests)


# Names


def test_an_unknown_arm_lists_what_exists() -> None:
    with pytest.raises(ConfigError) as raised:
        arm("latz", {})
    assert str(raised.value).startswith("[evaluate] arms: there is no arm 'latz'; there are: plain, rag,")
    assert all(name in str(raised.value) for name in ARMS)
    with pytest.raises(ConfigError, match=r"\[evaluate\] arms: the arm 'nowhere:Arm' cannot be loaded"):
        arm("nowhere:Arm", {})


def test_an_unknown_setting_lists_those_of_the_arm() -> None:
    with pytest.raises(
        ConfigError, match=r"arms: rag: unknown key page; known here: reasons, documents, characters"
    ):
        arm("rag", {"page": 3})
    with pytest.raises(ConfigError, match=r"arms: reflexion: trials: .*greater than or equal to 1"):
        arm("reflexion", {"trials": 0})
    with pytest.raises(ConfigError, match=r"arms: retrieval: unknown key words; known here: "):
        arm("both", {"retrieval": {"words": 0}})


def test_an_arm_of_one_s_own_is_found_by_its_path() -> None:
    assert isinstance(arm(f"{__name__}:Shy", {"words": 2}), Shy)


class Shy(Plain):
    words: int = 1


def test_a_tuned_model_is_known_by_what_it_was_made_of_and_not_by_its_place() -> None:
    def played(folder: str, made: str) -> Evaluate:
        model = ModelSettings(name=f"local/{folder}/model.gguf")
        return Evaluate(environment=room.NAME, model=model, tuned=f"tuned/mine@{made}")

    here, moved, anew = played("/a", "1"), played("/b", "1"), played("/a", "2")
    assert here.key == moved.key != anew.key and here.player == "tuned/mine"
    plain = Evaluate(environment=room.NAME, model=ModelSettings(name="local/other"))
    assert plain.player == "local/other" and plain.identity()["model"]["name"] == "local/other"
