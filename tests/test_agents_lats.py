"""LATS: a search in an environment that branches, and the plan that comes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from learn_by_interact.agents.agent import Acting, LanguageAgent
from learn_by_interact.agents.lats import LatsAgent, Search
from learn_by_interact.agents.rollout import Limits, rollout
from learn_by_interact.environments import Environment
from learn_by_interact.environments.folder import EnvironmentFolder
from learn_by_interact.environments.shell import ShellEnvironment
from learn_by_interact.errors import ConfigError, ModelError
from learn_by_interact.models import Request
from learn_by_interact.models.scripted import Scripted
from learn_by_interact.types import Task, Trajectory, Usage
from room import RoomEnvironment

TASK = Task(environment="room", instruction="Write yes into c.txt, with the key.")
Policy = Callable[[Request], str]


class Branches(RoomEnvironment):
    """A room that can go back, and that notes where it was when it was left."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[dict[str, str]] = []
        self.after: dict[str, str] = {}

    def snapshot(self) -> str:
        self.kept.append(dict(self.notes))
        return str(len(self.kept) - 1)

    def restore(self, snapshot: str) -> None:
        self.notes = dict(self.kept[int(snapshot)])

    def __exit__(self, *error: object) -> None:
        self.after = self.notes


def searched(
    policy: Policy, environment: Environment | None = None, steps: int = 6, seed: int = 0, **search: float
) -> tuple[Trajectory, list[Request]]:
    """The episode of the search in a room, and all requests that the model got."""
    requests: list[Request] = []

    def noted(request: Request) -> str:
        requests.append(request)
        return policy(request)

    with environment or Branches() as opened:
        acting = Acting(seed=seed)
        settings = Search.model_validate(search)
        agent = LatsAgent(Scripted(noted), opened, acting, settings, steps)
        return rollout(agent, opened, TASK, Limits(steps=steps)), requests


def commands(episode: Trajectory) -> list[str]:
    return [str(step.action.arguments.get("command", "stop")) for step in episode.steps]


def asks_for_score(request: Request) -> bool:
    return "You judge how" in request.messages[0].content


def session(request: Request) -> str:
    return request.messages[-1].content.split("did so far:\n")[1].split("\n\nHow near")[0]


def keyed(request: Request) -> str:
    """Nearly always looks; one sample in five takes the key, with which writing works at last."""
    if asks_for_score(request):
        seen = session(request)
        if "put key" in seen and "put c.txt" in seen:
            return "10" if "stop" in seen else "Score: 9"
        return "4" if "put key" in seen and "show" not in seen else "5" if seen.count("ACTION") == 1 else "2"
    done = [message.content for message in request.messages if message.role == "assistant"]
    if not done:
        return "ACTION: put key 1" if request.seed % 1000 == 3 else "ACTION: show a.txt"
    if "ACTION: put c.txt yes" in done:
        return "ACTION: stop written"
    return "ACTION: put c.txt yes" if "ACTION: put key 1" in done else "ACTION: stop"


def test_the_search_finds_two_steps_that_a_greedy_agent_misses() -> None:
    with RoomEnvironment() as room:
        greedy = rollout(LanguageAgent(Scripted(keyed), room.actions, room.description), room, TASK, Limits())
    assert commands(greedy) == ["show a.txt", "stop"]
    environment = Branches()
    episode, _ = searched(keyed, environment)
    assert commands(episode) == ["put key 1", "put c.txt yes", "stop"]
    assert (episode.stop, episode.steps[-1].observation.text) == ("done", "written")
    assert environment.after == {"a.txt": "apples", "b.txt": "bread", "key": "1", "c.txt": "yes"}


def test_what_is_seen_is_of_the_played_path_alone() -> None:
    episode, _ = searched(keyed)
    assert [step.observation.text for step in episode.steps[:2]] == ["[no output]", "[no output]"]
    with RoomEnvironment() as fresh:
        fresh.reset(TASK)
        again = [fresh.step(step.action) for step in episode.steps[:2]]
    assert again == [step.observation for step in episode.steps[:2]]


def test_usage_is_that_of_every_call_and_stands_with_the_first_step() -> None:
    episode, requests = searched(keyed)
    assert episode.usage.calls == len(requests) == episode.steps[0].usage.calls
    words = sum(len(message.content.split()) for request in requests for message in request.messages)
    assert episode.usage.prompt == words
    assert all(step.usage == Usage() for step in episode.steps[1:])
    assert sum(asks_for_score(request) for request in requests) > 3


def test_five_samples_with_seeds_of_their_own_and_equal_actions_are_done_once() -> None:
    environment = Branches()
    episode, requests = searched(keyed, environment, expansions=1)
    assert [request.seed for request in requests if not asks_for_score(request)] == [0, 1, 2, 3, 4]
    assert {request.temperature for request in requests if not asks_for_score(request)} == {1.0}
    assert [session(request).split("\n")[0] for request in requests if asks_for_score(request)] == [
        "ACTION: show a.txt",
        "ACTION: put key 1",
    ]
    assert environment.done == ["show a.txt", "put key 1", "show a.txt"]
    assert commands(episode) == ["show a.txt", "stop"]
    others = searched(keyed, expansions=1, seed=1)[1]
    sampled = {request.seed for request in requests + others if not asks_for_score(request)}
    assert len(sampled) == 10


def test_the_weight_decides_between_score_and_agreement() -> None:
    def torn(request: Request) -> str:
        if asks_for_score(request):
            return "7" if "put" in session(request) else "5"
        return "ACTION: put c.txt yes" if request.seed == 0 else "ACTION: list"

    # 0.8 * 0.7 + 0.2 / 5 against 0.8 * 0.5 + 0.2 * 4 / 5: 0.60 against 0.56; by half, 0.45 against 0.65.
    assert commands(searched(torn, expansions=1, steps=1)[0]) == ["put c.txt yes"]
    assert commands(searched(torn, expansions=1, steps=1, weight=0.5)[0]) == ["list"]


@pytest.mark.parametrize(("expansions", "calls"), [(1, 6), (2, 12), (7, 42)])
def test_expansions_bound_the_search(expansions: int, calls: int) -> None:
    """Each expansion asks five times for an action and once for the score of the one that came."""
    counted = iter(range(1000))

    def wanders(request: Request) -> str:
        if asks_for_score(request):
            return "3"
        depth = sum(message.role == "assistant" for message in request.messages)
        return f"ACTION: put {depth}.txt {next(counted) // 5}"

    _, requests = searched(wanders, expansions=expansions, steps=20)
    assert len(requests) == calls


@pytest.mark.parametrize(("steps", "depth", "deepest"), [(2, 15, 2), (6, 3, 3)])
def test_no_path_is_longer_than_the_step_limit_or_the_depth(steps: int, depth: int, deepest: int) -> None:
    def wanders(request: Request) -> str:
        if asks_for_score(request):
            return "3"
        done = sum(message.role == "assistant" for message in request.messages)
        return f"ACTION: put {done}.txt {request.seed % 2}"

    episode, requests = searched(wanders, steps=steps, depth=depth, expansions=30)
    assert max(session(one).count("ACTION") for one in requests if asks_for_score(one)) == deepest
    assert len(episode.steps) == min(steps, deepest + 1)
    # All there is: 1, 2 and, for depth 3, 4 nodes that have children.
    assert sum(not asks_for_score(one) for one in requests) == 5 * (2**deepest - 1)


def test_a_full_score_of_an_end_is_the_end_of_the_search() -> None:
    def sure(request: Request) -> str:
        if asks_for_score(request):
            return "10"
        acted = any(message.role == "assistant" for message in request.messages)
        return "ACTION: stop" if acted else "ACTION: put c.txt yes"

    episode, requests = searched(sure)
    assert commands(episode) == ["put c.txt yes", "stop"]
    assert len(requests) == 12


def test_candidates_that_cannot_be_read_are_left_out_and_none_at_all_is_a_malformed_reply() -> None:
    def mumbles(request: Request) -> str:
        if asks_for_score(request):
            return "no idea"
        return "ACTION: list" if request.seed == 4 else "Hm."

    episode, _ = searched(mumbles, expansions=1)
    assert commands(episode) == ["list", "stop"]
    lost, requests = searched(lambda request: "Hm.")
    assert (lost.stop, lost.steps, lost.unread.calls) == ("malformed reply", (), len(requests))


def test_an_environment_that_cannot_branch_is_a_config_error() -> None:
    with RoomEnvironment() as room, pytest.raises(ConfigError, match=r"room has no `snapshot` and `restore`"):
        LatsAgent(Scripted([]), room, Acting(), Search(), 4)


def test_branches_of_the_shell_do_not_see_each_other_s_files(tmp_path: Path) -> None:
    (tmp_path / "environment.toml").write_text('name = "small"\ndescription = "An empty folder."\n')
    seen: list[str] = []

    def touches(request: Request) -> str:
        if asks_for_score(request):
            seen.append(session(request))
            return "1" if "two" in session(request) else "3"
        if any(message.role == "assistant" for message in request.messages):
            return "ACTION: ls -R . $TMPDIR"
        name = ("one", "two", "three")[request.seed % 3]
        return f"ACTION: touch {name} $TMPDIR/{name}"

    environment = ShellEnvironment(EnvironmentFolder.load(tmp_path))
    episode, _ = searched(touches, environment, steps=2, expansions=9)
    listed = [text for text in seen if text.count("ACTION") == 2]
    assert len(listed) == 3
    for text in listed:
        first, _, output = text.partition("ls -R . $TMPDIR")
        (mine,) = (name for name in ("one", "two", "three") if f"touch {name}" in first)
        assert output.split().count(mine) == 2
        assert not any(other in output for other in {"one", "two", "three"} - {mine})
    assert episode.stop == "step limit" and "two" not in str(commands(episode))


def test_an_error_of_the_model_leaves_the_search() -> None:
    def fails(request: Request) -> str:
        if asks_for_score(request):
            raise ModelError("no answer")
        return "ACTION: list"

    with pytest.raises(ModelError, match="no answer"):
        searched(fails)
