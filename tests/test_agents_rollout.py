"""The loop: how an episode ends, what is in its trajectory, and acting it again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from learn_by_interact.agents.agent import LanguageAgent
from learn_by_interact.agents.rollout import Limits, replay, rollout
from learn_by_interact.environments import Environment
from learn_by_interact.errors import ContextFull, EnvironmentFault, GraderFault, LbiError, ModelError
from learn_by_interact.models import Request
from learn_by_interact.models.scripted import Script, Scripted
from learn_by_interact.types import STOP, Task, Trajectory, Usage
from room import START, Reciter, Room, RoomEnvironment, acted, asked

WRITE, TELL, BROKEN = Room().tasks()


def played(
    script: Script,
    task: Task = TELL,
    limits: Limits | None = None,
    grade: Callable[[Task, Environment, Trajectory], float] | None = None,
) -> Trajectory:
    """The episode of a language model that follows a script."""
    with RoomEnvironment() as environment:
        agent = LanguageAgent(Scripted(script), environment.actions, environment.description)
        judged = None if grade is None else lambda episode: grade(task, environment, episode)
        return rollout(agent, environment, task, limits or Limits(), judged)


def test_an_agent_that_stops_is_done_and_its_answer_is_the_last_observation() -> None:
    episode = played(["ACTION: show a.txt", "ACTION: stop apples"], grade=Room().grade)
    assert (episode.stop, episode.score, episode.error) == ("done", 1.0, "")
    assert episode.start.text == START
    shown, stopped = episode.steps
    assert shown.observation.text == "apples"
    assert (stopped.action.tool, stopped.observation.text) == (STOP, "apples")
    assert stopped.observation.state == shown.observation.state
    assert not stopped.observation.failed


def test_a_wrong_answer_scores_zero_and_no_grader_scores_nothing() -> None:
    script = ["ACTION: show b.txt", "ACTION: stop bread"]
    assert played(script, grade=Room().grade).score == 0.0
    assert played(script).score is None


def test_each_observation_follows_its_action() -> None:
    episode = acted("list", "put c.txt yes", "list", "show c.txt")
    seen = [step.observation.text for step in episode.steps]
    assert seen == ["a.txt\nb.txt", "[no output]", "a.txt\nb.txt\nc.txt", "yes"]
    assert [episode.observation(at).text for at in range(5)] == [START, *seen]


def test_the_step_limit_ends_an_episode_that_is_still_graded() -> None:
    script = ["ACTION: list", "ACTION: put c.txt yes", "ACTION: list", "ACTION: never asked for"]
    episode = played(script, WRITE, Limits(steps=3), Room().grade)
    assert (episode.stop, len(episode.steps), episode.score) == ("step limit", 3, 1.0)


def test_the_same_action_with_the_same_observation_ends_an_episode() -> None:
    with RoomEnvironment() as environment:
        agent = Reciter("list", "list", "show a.txt", "list", "list", "list", "list")
        episode = rollout(agent, environment, TELL, Limits(steps=10, repeats=3))
    assert (episode.stop, len(episode.steps)) == ("repeated action", 6)


def test_the_same_action_with_other_observations_goes_on() -> None:
    with RoomEnvironment() as environment:
        episode = rollout(Reciter(*["roll"] * 5), environment, TELL, Limits(steps=5, repeats=2))
    assert episode.stop == "step limit"


def test_time_ends_an_episode_after_the_step_that_passed_it() -> None:
    episode = played(["ACTION: list", "ACTION: show a.txt"], limits=Limits(seconds=0.0))
    assert (episode.stop, len(episode.steps)) == ("time limit", 1)


def test_replies_that_cannot_be_read_end_an_episode_and_are_paid() -> None:
    script = ["ACTION: list", "I am lost.", "I am still lost."]
    calls = script.copy()
    episode = played(lambda request: calls.pop(0))
    assert episode.stop == "malformed reply"
    assert episode.error.startswith("parse: ") and "\n" not in episode.error
    assert [step.observation.text for step in episode.steps] == ["a.txt\nb.txt"]
    assert (episode.unread.calls, episode.usage.calls) == (2, 3)
    assert episode.usage.completion == sum(len(reply.split()) for reply in script)
    assert not calls


def test_a_full_context_ends_an_episode_with_the_steps_before_it() -> None:
    def script(request: Request) -> str:
        if len(request.messages) > 4:
            raise ContextFull("the prompt is too long")
        return "ACTION: list" if len(request.messages) == 2 else "ACTION: show a.txt"

    episode = played(script, grade=Room().grade)
    assert (episode.stop, len(episode.steps)) == ("context full", 2)
    assert episode.error == "model: the prompt is too long"
    assert episode.score == 1.0


def test_a_broken_grader_leaves_the_episode_ungraded() -> None:
    episode = played(["ACTION: list", "ACTION: stop"], BROKEN, grade=Room().grade)
    assert (episode.score, episode.error, episode.stop) == (None, "grader: the grader is broken", "done")


def test_a_broken_grader_of_another_kind_is_no_score_either() -> None:
    def grade(task: Task, environment: Environment, episode: Trajectory) -> float:
        raise GraderFault("first line\nsecond line")

    script = ["ACTION: list", "ACTION: stop apples"]
    assert played(script, grade=grade).error == "grader: first line second line"


def test_usage_is_the_sum_over_all_replies() -> None:
    replies = iter(["ACTION: list", "Hm.", "ACTION: show a.txt", "ACTION: stop apples"])
    prompts: list[int] = []

    def script(request: Request) -> str:
        prompts.append(sum(len(message.content.split()) for message in request.messages))
        return next(replies)

    episode = played(script)
    assert [step.malformed for step in episode.steps] == [0, 1, 0]
    assert [step.usage.calls for step in episode.steps] == [1, 2, 1]
    assert (episode.usage.calls, episode.usage.prompt) == (4, sum(prompts))
    assert episode.unread == Usage()


@pytest.mark.parametrize("error", [EnvironmentFault("the door is jammed"), ModelError("no answer")])
def test_an_error_beyond_the_episode_is_raised_with_what_was_paid(error: LbiError) -> None:
    def script(request: Request) -> str:
        if len(request.messages) == 2:
            return "ACTION: list"
        if isinstance(error, ModelError):
            raise error
        return "ACTION: jam"

    with pytest.raises(type(error), match=str(error)) as raised:
        played(script)
    paid = getattr(raised.value, "usage", Usage())
    assert paid.calls == (1 if isinstance(error, ModelError) else 2)
    assert paid.prompt > 0


def test_replay_of_what_repeats_holds_to_the_end() -> None:
    episode = acted("put c.txt yes", "show nothing", "show c.txt", "stop yes")
    assert replay(RoomEnvironment(), asked(), episode) == 4


def test_replay_stops_at_the_first_step_that_differs() -> None:
    environment = RoomEnvironment()
    assert replay(environment, asked(), acted("list", "roll", "show a.txt")) == 1
    assert environment.done == ["list", "roll"]


def test_replay_in_an_environment_that_breaks_holds_to_there() -> None:
    episode = acted("list", "show a.txt")
    jammed = episode.steps[1].model_copy(
        update={"action": Reciter("jam").act(TELL, episode.start, []).action}
    )
    broken = episode.model_copy(update={"steps": (episode.steps[0], jammed)})
    assert replay(RoomEnvironment(), asked(), broken) == 1


def test_replay_from_another_start_holds_nothing() -> None:
    other = asked().model_copy(update={"setup": {"notes": {"z.txt": "zebra"}}})
    environment = RoomEnvironment()
    assert replay(environment, other, acted("list")) == -1
    assert environment.done == []


def test_replay_of_an_empty_episode_and_of_a_bare_stop_holds() -> None:
    stopped = acted("stop")
    assert replay(RoomEnvironment(), asked(), stopped) == 1
    assert replay(RoomEnvironment(), asked(), stopped.model_copy(update={"steps": ()})) == 0
