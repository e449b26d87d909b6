"""The agent: what its prompts hold from step to step, and what it does with replies it cannot use."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from learn_by_interact.agents.agent import (
    Acting,
    Fixed,
    Found,
    Hit,
    LanguageAgent,
    Order,
    Placement,
    Retriever,
)
from learn_by_interact.agents.rollout import Limits, rollout
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.errors import ParseError
from learn_by_interact.models import Message, Request
from learn_by_interact.models.scripted import Scripted
from learn_by_interact.types import STOP, Action, Observation, Step, Task, Trajectory, Usage
from room import RoomEnvironment, acted, asked, bash

TASK = asked()


class Played:
    """An episode of a language agent in the room, with the requests that its model got."""

    def __init__(
        self,
        *replies: str,
        settings: Acting | None = None,
        retriever: Retriever | None = None,
        task: Task = TASK,
        steps: int = 10,
    ) -> None:
        self.left = list(replies)
        self.requests: list[Request] = []
        with RoomEnvironment() as environment:
            agent = LanguageAgent(
                Scripted(self.answer), environment.actions, environment.description, settings, retriever
            )
            self.episode: Trajectory = rollout(agent, environment, task, Limits(steps=steps, repeats=100))

    def answer(self, request: Request) -> str:
        self.requests.append(request)
        return self.left.pop(0)

    @property
    def commands(self) -> list[str]:
        return [step.action.arguments.get("command", "stop") for step in self.episode.steps]


class Fresh:
    """One hit that every step finds, and one that only this step finds."""

    def __call__(self, task: Task, start: Observation, steps: Sequence[Step]) -> Found:
        at = len(steps)
        hits = (Hit(id="always", text="ALWAYS", why="a rule"), Hit(id=f"at {at}", text=f"ONLY AT {at}"))
        return Found(hits=hits, usage=Usage(calls=1, completion=7))


def act(script: Sequence[str], done: Trajectory, **settings: int) -> tuple[str, Usage, int]:
    """What is done after the steps of an episode: the command, the usage and the malformed replies."""
    agent = LanguageAgent(Scripted(list(script)), RoomEnvironment().actions, "A room.", Acting(**settings))
    decision = agent.act(TASK, done.start, done.steps)
    return decision.action.arguments.get("command", "stop"), decision.usage, decision.malformed


NOTHING = acted("list").model_copy(update={"steps": ()})


def test_a_malformed_reply_is_shown_back_once_and_counted() -> None:
    played = Played("I would rather talk.", "ACTION: list", "ACTION: stop fine")
    first, second, third = (request.messages for request in played.requests)
    assert second[: len(first)] == first
    assert second[len(first)] == Message(role="assistant", content="I would rather talk.")
    assert "could not be read" in second[-1].content and "There is no ACTION" in second[-1].content
    assert not any("rather talk" in message.content for message in third)
    assert [step.malformed for step in played.episode.steps] == [1, 0]
    assert [step.usage.calls for step in played.episode.steps] == [2, 1]


def test_an_empty_reply_is_shown_back_as_one() -> None:
    played = Played("", "ACTION: list", steps=1)
    assert played.requests[1].messages[-2].content == "(empty)"
    assert "empty" in played.requests[1].messages[-1].content


def test_a_long_malformed_reply_is_not_shown_back_whole() -> None:
    played = Played("blah " * 150, "ACTION: list", steps=1)
    assert len(played.requests[1].messages[-2].content) < 500


def test_two_malformed_replies_are_the_end() -> None:
    with pytest.raises(ParseError, match="There is no ACTION") as raised:
        act(["no", "no again", "ACTION: list"], NOTHING)
    assert getattr(raised.value, "usage", Usage()).calls == 2
    assert act(["no", "no again", "ACTION: list"], NOTHING, tries=3)[2] == 2


def test_a_stop_before_anything_was_done_is_objected_to_once() -> None:
    played = Played("ACTION: stop", "ACTION: list", steps=1)
    assert played.commands == ["list"]
    assert "Nothing was done yet" in played.requests[1].messages[-1].content
    assert played.episode.steps[0].malformed == 0
    assert played.episode.steps[0].usage.calls == 2


def test_a_stop_that_is_repeated_is_taken() -> None:
    played = Played("ACTION: stop", "ACTION: stop")
    assert (played.episode.stop, played.commands) == ("done", ["stop"])


def test_a_stop_right_after_a_failure_is_objected_to_once() -> None:
    played = Played("ACTION: show c.txt", "ACTION: stop", "ACTION: stop")
    assert "The last action failed" in played.requests[2].messages[-1].content
    assert played.commands == ["show c.txt", "stop"]


def test_a_stop_with_an_answer_or_after_something_worked_is_taken_at_once() -> None:
    assert Played("ACTION: stop 42").commands == ["stop"]
    assert Played("ACTION: show c.txt", "ACTION: stop there is none").commands == ["show c.txt", "stop"]
    assert Played("ACTION: list", "ACTION: stop").commands == ["list", "stop"]


@pytest.mark.parametrize(
    ("instruction", "asks"),
    [
        ("Which note is first?", True),
        ("Which is first? Say its name.", True),
        ("Answer with the name of the first note.", True),
        ("Put yes into a.txt.", False),
        ("Open /find?name=a and show it.", False),
    ],
)
def test_a_question_without_an_answer_is_objected_to_once(instruction: str, asks: bool) -> None:
    agent = Scripted(["ACTION: stop", "b.txt\n\nIt is the first."])
    room = LanguageAgent(agent, RoomEnvironment().actions, "A room.", Acting())
    done = acted("list")
    decision = room.act(asked(instruction=instruction), done.start, done.steps)
    assert decision.action.arguments == {"answer": "b.txt" if asks else ""}
    assert decision.usage.calls == 1 + asks


def test_a_question_may_be_answered_by_what_is_there_at_the_start() -> None:
    played = Played("ACTION: stop", "`a.txt`", task=asked(instruction="Which note is first?"))
    assert "asks a question" in played.requests[1].messages[-1].content
    assert [step.action.arguments for step in played.episode.steps] == [{"answer": "a.txt"}]


def test_who_is_asked_for_an_answer_may_find_it_out() -> None:
    task = asked(instruction="Which note is first?")
    played = Played("ACTION: stop", "ACTION: list", "ACTION: stop", "ACTION: stop a.txt", task=task)
    assert played.commands == ["list", "stop"]
    assert played.episode.steps[-1].action.arguments == {"answer": "a.txt"}


@pytest.mark.parametrize("reply", ["ACTION: stop", "ACTION:", ""])
def test_a_question_that_is_not_answered_ends_without_an_answer(reply: str) -> None:
    played = Played("ACTION: stop", reply, reply, task=asked(instruction="Which note is first?"))
    assert [step.action.arguments for step in played.episode.steps] == [{"answer": ""}]


def test_who_stops_without_the_file_that_the_task_names_is_told_once() -> None:
    made = Played("ACTION: show a.txt", "ACTION: stop", "ACTION: put c.txt yes", "ACTION: stop", task=DO)
    assert made.commands == ["show a.txt", "put c.txt yes", "stop"]
    assert "There is no c.txt yet" in made.requests[2].messages[-1].content
    last = asked(instruction="Put what a.txt says into c.txt.")
    ended = Played("ACTION: show a.txt", "ACTION: stop", "ACTION: stop", task=last)
    assert "There is no c.txt yet" in ended.requests[2].messages[-1].content, "also at the end of a sentence"
    there = asked(instruction="Copy a.txt into b.txt.")
    assert Played("ACTION: show a.txt", "ACTION: stop", task=there).commands == ["show a.txt", "stop"]


def test_who_repeats_what_it_did_for_a_question_is_asked_for_the_answer() -> None:
    question = asked(instruction="What does a.txt say?")
    show = "ACTION: show a.txt"
    played = Played(show, show, show, "hello", task=question)
    assert played.commands == ["show a.txt", "stop"] and played.episode.answer == "hello"


def test_a_stop_in_the_place_of_an_answer_is_asked_for_the_answer_alone() -> None:
    question = asked(instruction="What does a.txt say?")
    played = Played("ACTION: show a.txt", "ACTION: stop", "ACTION: stop", "hello", task=question)
    assert played.episode.answer == "hello" and "no other word" in played.requests[3].messages[-1].content
    silent = Played("ACTION: show a.txt", *["ACTION: stop"] * 3, task=question)
    assert silent.episode.answer == "" and len(silent.requests) == 4


def test_a_stop_that_repeats_the_task_has_no_answer() -> None:
    played = Played(f"ACTION: stop when this is done: {DO.instruction}", "ACTION: stop", task=DO)
    assert [step.action.arguments for step in played.episode.steps] == [{"answer": ""}]


def test_what_just_worked_is_not_done_again_without_a_question() -> None:
    played = Played("ACTION: list", "ACTION: list", "ACTION: stop")
    assert (played.episode.stop, played.commands) == ("done", ["list", "stop"])
    assert "it worked" in played.requests[2].messages[-1].content
    assert Played("ACTION: list", "ACTION: list", "ACTION: list", steps=2).commands == ["list", "list"]


def test_a_reply_is_cut_where_an_observation_would_begin() -> None:
    (request, *_) = Played("ACTION: stop 42").requests
    assert request.stop == RoomEnvironment().actions.ends and "\n[no output]" in request.stop


def test_who_insists_on_doing_again_what_changed_something_is_done() -> None:
    played = Played("ACTION: put b.txt yes", "ACTION: put b.txt yes", "ACTION: put b.txt yes")
    assert (played.episode.stop, played.commands) == ("done", ["put b.txt yes", "stop"])


def test_an_objection_and_malformed_replies_are_counted_apart() -> None:
    assert act(["huh", "ACTION: stop", "ACTION: list"], NOTHING)[::2] == ("list", 1)
    with pytest.raises(ParseError):
        act(["huh", "ACTION: stop", "huh", "ACTION: list"], NOTHING)


def test_an_action_that_failed_in_this_state_is_sampled_again() -> None:
    played = Played("ACTION: show c.txt", "ACTION: show c.txt", "ACTION: list", steps=2)
    assert played.commands == ["show c.txt", "list"]
    assert [request.temperature for request in played.requests] == [0.0, 0.0, 1.0]
    assert played.requests[1].messages == played.requests[2].messages
    assert played.episode.steps[1].usage.calls == 2
    assert played.episode.steps[1].malformed == 0


def test_sampling_again_has_other_seeds_and_an_end() -> None:
    stubborn = ["ACTION: show c.txt"] * 4
    played = Played(*stubborn, steps=2)
    assert played.commands == ["show c.txt"] * 2
    assert len({request.seed for request in played.requests[1:]}) == 3
    assert act(stubborn, acted("show c.txt"), resamples=0)[1].calls == 1


def test_a_sample_that_cannot_be_read_leaves_the_reply_before_it() -> None:
    command, usage, malformed = act(["ACTION: show c.txt", "hm", "hm"], acted("show c.txt"))
    assert (command, usage.calls, malformed) == ("show c.txt", 3, 0)


def test_after_a_change_the_same_action_may_be_tried_again() -> None:
    replies = ["ACTION: show c.txt"]
    assert act(replies, acted("show c.txt", "put b.txt yes"))[1].calls == 1
    assert act([*replies, "ACTION: list"], acted("show c.txt", "show b.txt"))[0] == "list"


def test_each_prompt_extends_the_one_before_it() -> None:
    played = Played(
        "ACTION: list", "ACTION: show c.txt", "ACTION: list", "ACTION: stop fine", retriever=Fresh()
    )
    prompts = [request.messages for request in played.requests]
    for at, (one, two) in enumerate(pairwise(prompts)):
        assert two[: len(one)] == one
        assert [message.role for message in two[len(one) :]] == ["assistant", "user"]
        assert f"ONLY AT {at + 1}" in two[-1].content
    told = "\n".join(message.content for message in prompts[-1])
    assert told.count("ALWAYS") == 1
    shown = [step.shown for step in played.episode.steps]
    assert shown == [("always", "at 0"), ("at 1",), ("at 2",), ("at 3",)]
    assert [step.why for step in played.episode.steps] == [("a rule", ""), ("",), ("",), ("",)]


@pytest.mark.parametrize("placement", ["before", "after"])
def test_hits_of_the_present_step_alone_stand_before_the_task_or_after_the_history(
    placement: Placement,
) -> None:
    replies = ("ACTION: list", "ACTION: show c.txt", "ACTION: stop fine")
    played = Played(*replies, retriever=Fresh(), settings=Acting(placement=placement))
    for at, request in enumerate(played.requests):
        told = [message.content for message in request.messages]
        holding = [place for place, text in enumerate(told) if "ALWAYS" in text]
        assert holding == [1 if placement == "before" else len(told) - 1]
        (text,) = (text for text in told if "ALWAYS" in text)
        assert f"ONLY AT {at}" in text and "".join(told).count("ONLY AT") == 1
        assert text.index("ALWAYS") < text.index(TASK.instruction)
    assert [step.shown for step in played.episode.steps] == [("always", f"at {at}") for at in range(3)]


@pytest.mark.parametrize("order", ["reference", "state"])
def test_a_prompt_begins_with_what_was_found_or_with_what_is_there(order: Order) -> None:
    played = Played("ACTION: stop fine", retriever=Fresh(), settings=Acting(order=order))
    told = played.requests[0].messages[1].content
    found, state, task = (told.index(text) for text in ("ALWAYS", "What is there now", TASK.instruction))
    assert max(found, state) < task and (found < state) == (order == "reference")


def test_what_retrieval_took_is_in_the_usage_of_the_step() -> None:
    played = Played("ACTION: list", "huh", "ACTION: stop fine", retriever=Fresh())
    assert [step.usage.calls for step in played.episode.steps] == [2, 3]
    lost = Played("huh", "huh", retriever=Fresh()).episode
    assert lost.stop == "malformed reply" and lost.unread.calls == 3


def test_the_result_of_a_step_says_what_it_was() -> None:
    done = acted("show c.txt", "list", "list")
    agent = LanguageAgent(Scripted([]), RoomEnvironment().actions, "A room.")
    users = [m.content for m in agent.messages(TASK, done.start, done.steps) if m.role == "user"]
    assert "That failed" in users[1]
    assert "That failed" not in users[2] and "exactly this before" not in users[2]
    assert "exactly this before" in users[3]
    assert all(TASK.instruction in said for said in users)


def test_the_opening_holds_reference_start_objective_and_hint_in_this_order() -> None:
    task = asked(hint="show a.txt")
    played = Played("ACTION: list", task=task, retriever=Fixed([Hit(id="d", text="THE MANUAL")]), steps=1)
    system, opening = played.requests[0].messages
    assert "A room with notes." in system.content
    places = [
        opening.content.index(part) for part in ("THE MANUAL", "Notes:", task.instruction, "show a.txt")
    ]
    assert places == sorted(places)
    plain = Played("ACTION: list", steps=1).requests[0].messages[1].content
    assert "reference" not in plain and "One could begin" not in plain


def test_the_oldest_steps_are_left_out_beyond_the_bound() -> None:
    done = acted(*[f"put {at}.txt {'x' * 200}" for at in range(12)], "list")
    for characters, least in ((1000, 1), (1500, 2), (2500, 2), (3000, 2)):
        settings = Acting(characters=characters)
        agent = LanguageAgent(Scripted([]), RoomEnvironment().actions, "A room.", settings)
        _, *messages = agent.messages(TASK, done.start, done.steps)
        kept = [m.content for m in messages if m.role == "assistant"]
        wanted = [f"ACTION: {step.action.arguments['command']}" for step in done.steps]
        assert least <= len(kept) < 13 and kept == wanted[-len(kept) :]
        assert f"first {13 - len(kept)} steps are left out" in messages[0].content
        assert sum(len(message.content) for message in messages) < characters + 60
        assert TASK.instruction in messages[0].content


def test_what_a_prompt_begins_with_stays_for_some_steps() -> None:
    done = acted(*[f"put {at}.txt {'x' * 200}" for at in range(12)], "list")
    agent = LanguageAgent(Scripted([]), RoomEnvironment().actions, "A room.", Acting(characters=2500))
    begun = [agent.messages(TASK, done.start, done.steps[:at])[1].content for at in range(14)]
    assert 1 < len(set(begun)) < 5 and begun == sorted(begun, key=begun.index)


def test_the_last_step_stays_whatever_the_bound() -> None:
    agent = LanguageAgent(Scripted([]), RoomEnvironment().actions, "A room.", Acting(characters=10))
    done = acted("show b.txt", "show a.txt")
    messages = agent.messages(TASK, done.start, done.steps)
    assert [message.role for message in messages] == ["system", "user", "assistant", "user"]
    assert "apples" in messages[-1].content


def test_reasons_are_asked_for_and_kept_only_when_wanted() -> None:
    replies = ("REASON: I look around.\nACTION: list", "ACTION: stop fine")
    asking = Played(*replies, settings=Acting(reasons=True))
    assert "REASON" in asking.requests[0].messages[0].content
    assert "REASON" not in Played(*replies).requests[0].messages[0].content
    assert asking.episode.steps[0].thought == "I look around."
    assert asking.episode.steps[0].action == bash("list")
    assert asking.requests[1].messages[2].content == "REASON: I look around.\nACTION: list"


def test_settings_reach_the_model() -> None:
    settings = Acting(temperature=0.7, seed=5, max_tokens=33)
    (request,) = Played("ACTION: list", settings=settings, steps=1).requests
    assert (request.temperature, request.seed, request.max_tokens) == (0.7, 5, 33)


def test_an_answer_is_the_end_of_an_episode() -> None:
    (step,) = Played("ACTION: stop 42").episode.steps
    assert (step.action.tool, step.observation.text) == (STOP, "42")


def test_only_the_newest_observations_are_sent_with_their_pictures() -> None:
    done = acted("list", "show a.txt", "show b.txt")
    seen = [done.start, *(step.observation for step in done.steps)]
    seen = [one.model_copy(update={"blobs": (f"at {at}",)}) for at, one in enumerate(seen)]
    pairs = zip(done.steps, seen[1:], strict=True)
    steps = [step.model_copy(update={"observation": one}) for step, one in pairs]

    def sent(count: int, characters: int = 9000) -> list[tuple[str, ...]]:
        requests: list[Request] = []
        settings = Acting(pictures=count, blobs="here", characters=characters)

        def answer(request: Request) -> str:
            requests.append(request)
            return "ACTION: stop 42"

        model = Scripted(answer)
        LanguageAgent(model, RoomEnvironment().actions, "A room.", settings).act(TASK, seen[0], steps)
        assert requests[0].blobs == "here"
        return [one.pictures for one in requests[0].messages if one.role == "user"]

    assert sent(0) == [()] * 4
    assert sent(2) == [(), (), ("at 2",), ("at 3",)]
    assert sent(9) == [("at 0",), ("at 1",), ("at 2",), ("at 3",)]
    assert sent(9, characters=1) == [("at 0",), ("at 3",)], "steps that are left out show nothing"


def test_what_was_done_in_a_state_before_is_not_offered_in_it_again() -> None:
    class Offering(ShellActions):
        def form(
            self, seen: Sequence[str], tried: Sequence[Action], known: Sequence[str] = (), most: int = 1
        ) -> dict[str, Any] | None:
            offered.append([str(action.arguments["command"]) for action in tried])
            return None

    offered: list[list[str]] = []
    done = acted("put c.txt yes", "show c.txt", "show z.txt", "list")
    steps = list(done.steps)
    start, first = done.start, steps[0].observation
    # The last action leads back to where the first has led.
    steps[3] = steps[3].model_copy(update={"observation": first})
    model = Scripted(["ACTION: stop 42"] * 5)
    for end in range(5):
        LanguageAgent(model, Offering(), "A room.").act(TASK, start, steps[:end])
    assert offered == [[], ["put c.txt yes"], ["show c.txt"], [], ["show c.txt", "list"]]


SEVERAL = "ACTION: show a.txt\nACTION: put c.txt yes\nACTION: stop"
DO = asked(instruction="Put yes into c.txt and show it.")


def test_a_reply_may_hold_the_whole_way() -> None:
    played = Played(SEVERAL, settings=Acting(actions=4), task=DO)
    assert played.commands == ["show a.txt", "put c.txt yes", "stop"] and len(played.requests) == 1
    assert [step.usage.calls for step in played.episode.steps] == [1, 0, 0]
    assert "up to 4 actions" in played.requests[0].messages[0].content
    two = Played(SEVERAL, "ACTION: stop", settings=Acting(actions=2), task=DO)
    assert two.commands == played.commands and len(two.requests) == 1, "and a stop"
    question = Played(
        SEVERAL, "ACTION: stop 1", settings=Acting(actions=4), task=asked(instruction="What is in a.txt?")
    )
    assert question.commands == ["show a.txt", "stop"], "what a question asks for is to be seen first"
    opens = Played(
        "ACTION: show a.txt\nACTION: stop",
        settings=Acting(actions=4),
        task=asked(instruction="Open a.txt and change nothing."),
    )
    assert opens.commands == ["show a.txt", "stop"] and len(opens.requests) == 1, "no change was to be seen"
    one = Played(SEVERAL, "ACTION: stop", "ACTION: stop", task=DO)
    assert one.commands == ["show a.txt", "stop"] and "up to" not in one.requests[0].messages[0].content


@pytest.mark.parametrize(
    ("planned", "done"),
    [
        ("ACTION: show z.txt\nACTION: put c.txt yes", ["show z.txt"]),
        ("ACTION: show a.txt\nACTION: stop", ["show a.txt"]),
        ("ACTION: put c.txt yes\nACTION: show c.txt\nACTION: stop", ["put c.txt yes", "show c.txt"]),
        ("ACTION: put c.txt yes\nACTION: put c.txt yes\nACTION: stop", ["put c.txt yes"]),
        ("ACTION: put c.txt yes\nACTION: stop 7", ["put c.txt yes"]),
        ("ACTION: put c.txt yes\nACTION:\n", ["put c.txt yes"]),
    ],
    ids=["failed", "changed nothing", "changed nothing at last", "twice", "answer", "unreadable"],
)
def test_what_was_planned_is_left_where_it_could_not_foresee(planned: str, done: list[str]) -> None:
    played = Played(planned, "ACTION: list", "ACTION: stop 1", settings=Acting(actions=4), task=DO)
    assert played.commands == [*done, "list", "stop"] and len(played.requests) == 3
