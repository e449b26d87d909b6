"""MiniWoB++: scripts solve pages by the names that observations show, and only right solutions score 1."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from learn_by_interact.agents.agent import Acting, LanguageAgent
from learn_by_interact.agents.rollout import Decision, Limits, replay, rollout
from learn_by_interact.benchmarks.miniwob import OUT_OF_REACH, THIRTY, MiniWob, every_page, instructions
from learn_by_interact.benchmarks.validate import prove
from learn_by_interact.environments.web import browser
from learn_by_interact.environments.web.actions import action
from learn_by_interact.environments.web.miniwob import ENDED, ONE_PAGE, MiniWobEnvironment
from learn_by_interact.errors import ConfigError, EnvironmentFault, GraderFault
from learn_by_interact.models import Request
from learn_by_interact.models.scripted import Scripted
from learn_by_interact.registry import benchmark
from learn_by_interact.types import STOP, Action, Observation, Step, Task, Trajectory
from miniwob_scripts import SCRIPTS, SEEDS, Page, Script, click, quoted

WORLD = MiniWob()


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of its own; the browser is closed at the end."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LBI_CACHE", str(folder))
        yield folder
    browser.close()


@pytest.fixture
def web() -> Iterator[MiniWobEnvironment]:
    environment = WORLD.environment()
    assert isinstance(environment, MiniWobEnvironment)
    with environment:
        yield environment


def at(page: str, seed: int = 0) -> Task:
    """A task whose instruction is not needed."""
    return Task(environment="miniwob", instruction="", setup={"page": page, "seed": seed})


def act(web: MiniWobEnvironment, name: str, seed: int, script: Script) -> tuple[Page, float]:
    """One episode, which scores nothing before anything is done -> what happened, and its grade."""
    page = Page(web, at(name, seed))
    assert WORLD.grade(page.task, web, page.whole()) == 0.0 and ENDED not in page.seen.text
    script(page, page.said)
    return page, WORLD.grade(page.task, web, page.whole())


@pytest.mark.parametrize("name", SCRIPTS)
def test_only_a_right_solution_scores_one(web: MiniWobEnvironment, name: str) -> None:
    right, wrong = SCRIPTS[name]
    for seed in SEEDS.get(name, (0, 1)):
        page, grade = act(web, name, seed, right)
        assert grade == 1.0, (seed, page.said, page.seen.text)
        assert page.seen.text.endswith(ENDED) and not page.seen.failed
        assert page.told == [f"reward: {page.reward} (raw: 1)"], "the page's own JavaScript"
        page, grade = act(web, name, seed, wrong)
        assert grade < 1.0 and grade == max(0.0, web.outcome()[1]), (seed, page.said, page.seen.text)
        assert float(page.told[-1].partition("(raw: ")[2].rstrip(")")) == web.outcome()[1]
        assert page.seen.text.endswith(ENDED), "a right and a wrong end say the same"


@pytest.mark.slow
def test_every_page_opens_and_asks_for_something(cache: Path) -> None:
    names = every_page()
    assert len(names) == 130 and set(names) > {*THIRTY, *OUT_OF_REACH, *SCRIPTS}
    assert len(set(THIRTY)) == 30 and not OUT_OF_REACH & {*THIRTY, *SCRIPTS}
    begin = time.monotonic()
    told = instructions([(name, 0) for name in names])
    assert all(len(said.split()) > 1 for said in told.values()) and len(told) == 130
    taken = time.monotonic() - begin
    # The second time they come from the cache, without a browser.
    begin = time.monotonic()
    assert instructions([(name, 0) for name in names]) == told
    assert time.monotonic() - begin < 0.1 * taken
    (file,) = (cache / "miniwob").glob("*.json")
    file.write_text("{ broken")
    assert instructions([("click-test", 0)]) == {("click-test", 0): told["click-test", 0]}


def test_a_seed_decides_what_a_page_asks_for_and_shows(web: MiniWobEnvironment) -> None:
    names = ("click-link", "email-inbox", "navigate-tree", "terminal")
    told = instructions([(name, seed) for name in names for seed in (0, 1)])
    for name in names:
        first, other, again = (Page(web, at(name, seed)) for seed in (0, 1, 0))
        said = [told[name, seed] for seed in (0, 1)]
        assert first.start.key == again.start.key != other.start.key, first.start.text
        assert first.start.text == again.start.text and said[0] != said[1]
        assert said[0] == again.said and said[0] in again.start.text


def test_what_stands_beside_a_page_is_not_shown(web: MiniWobEnvironment) -> None:
    seen = web.reset(at("click-button")).text
    assert seen.startswith("URL: /click-button.html\nTitle: Click Button Task\nClick on the")
    assert not [word for word in ("reward", "Time left", "START", "Episodes") if word in seen]
    assert str(Path(__file__).parents[1]) not in seen and "file:" not in seen


def test_nothing_can_be_done_after_the_end(web: MiniWobEnvironment) -> None:
    page = Page(web, at("click-test-2"))
    end = page.do('click [button "TWO"]')
    assert web.outcome() == (True, -1.0) and end.key != page.start.key
    after = web.step(action('click [button "ONE"]'))
    assert (after.text, after.key, after.failed) == (end.text, end.key, True)
    assert web.outcome() == (True, -1.0) and WORLD.grade(page.task, web, page.whole()) == 0.0
    assert web.step(Action(tool=STOP)).text == ""
    assert [shown for _, shown in web.transcript] == [end.text, end.text]


def test_a_page_cannot_be_left(web: MiniWobEnvironment) -> None:
    web.reset(at("click-test-2"))
    for written in ("goto file:///etc/passwd", "goto /click-test.html", "back", "new_tab /", "tab 1"):
        seen = web.step(action(written))
        assert seen.failed and seen.text.endswith(ONE_PAGE) and 'button "ONE"' in seen.text
    script = action("goto javascript:core.endEpisode(1)")
    assert web.session.act(script, {}).endswith("is not part of this environment.")
    assert not web.outcome()[0]


def test_the_limits_of_pages_are_lifted_or_kept() -> None:
    web = MiniWob(["click-test"], [0], time_limit=True)
    (task,) = web.tasks()
    assert task.setup["time_limit"] is True and "time_limit" not in MiniWob(["click-test"]).tasks()[0].setup
    for world, limit in ((web, 10_000), (WORLD, 2**31 - 1)):
        with world.environment() as environment:
            assert isinstance(environment, MiniWobEnvironment)
            environment.reset(task)
            page = environment.session.page
            assert page.evaluate("core.EPISODE_MAX_TIME") == limit
            page.evaluate("core.endEpisode(-1, false, 'timed out')")
            text = environment.step(action('click [button "Click Me!"]')).text
            assert text.endswith(ENDED) and "Nothing changed" not in text, "that it ended is what changed"
            assert world.grade(task, environment, Page(environment, task).whole()) == 0.0


class Clicking:
    """An agent that reads the instruction and clicks the button that it names."""

    name = "scripted"

    def act(self, task: Task, start: Observation, steps: Sequence[Step]) -> Decision:
        assert not steps, "the page ends the episode"
        return Decision(thought="", action=action(click(f'button "{quoted(task.instruction)[0]}"')))


def test_an_agent_is_graded_by_the_page_and_its_trajectory_acted_again() -> None:
    world = MiniWob(["click-button"], [0, 2])
    for task in world.tasks():
        with world.environment() as environment:
            done = rollout(Clicking(), environment, task, Limits())
            assert world.grade(task, environment, done) == 1.0
        assert (done.stop, len(done.steps)) == ("done", 1)
        assert done.steps[-1].observation.text.endswith(ENDED)
        with world.environment() as environment:
            assert replay(environment, task, done) == 1


def test_an_agent_goes_on_until_the_page_ends_the_task() -> None:
    world = MiniWob(["enter-text"], [0])
    (task,) = world.tasks()
    word = quoted(task.instruction)[0]
    field = f'type "{word}" into [textbox "tt"]'

    def episode(*replies: str, actions: int = 1) -> tuple[Trajectory, float, list[Request]]:
        requests: list[Request] = []

        def answer(request: Request) -> str:
            requests.append(request)
            return replies[len(requests) - 1]

        model = Scripted(answer, name="local/small")
        with world.environment() as environment:
            acting = Acting(actions=actions)
            agent = LanguageAgent(model, environment.actions, environment.description, acting)
            done = rollout(agent, environment, task, Limits())
            return done, world.grade(task, environment, done), requests

    done, grade, requests = episode(f"ACTION: {field}", "ACTION: stop", 'ACTION: press [button "Submit"]')
    assert [step.action.tool for step in done.steps] == ["type", "click"] and grade == 1.0
    assert "The task has not ended" in requests[2].messages[-1].content
    for request in requests:
        assert request.json_schema and "stop" not in request.messages[0].content
        pattern = request.json_schema["pattern"]
        assert re.search(pattern, 'ACTION: press [button \\"Submit\\"]')
        assert not [said for said in ("stop", "back", "goto /a") if re.search(pattern, f"ACTION: {said}")]
    # Of several actions the stop with which the form ends them does not end the task either.
    done, grade, requests = episode(
        f"ACTION: {field}\nACTION: press Enter\nACTION: stop", 'ACTION: click [button "Submit"]', actions=4
    )
    assert [step.action.tool for step in done.steps] == ["type", "press", "click"] and grade == 1.0
    assert len(requests) == 2 and requests[1].messages[-1].content.endswith("Next action:")
    # Who insists gives up.
    done, grade, _ = episode("ACTION: stop", "ACTION: stop")
    assert (len(done.steps), grade) == (1, 0.0)


def test_the_benchmark_is_found_by_its_nickname() -> None:
    world = benchmark("miniwob")
    assert isinstance(world, MiniWob) and world.pages == THIRTY and world.seeds == (0, 1, 2, 3, 4)
    every = benchmark("miniwob-all")
    assert isinstance(every, MiniWob) and len(every.pages) == 130 and every.name == "miniwob-all"
    assert len(MiniWob.all().pages) == 130
    tasks = MiniWob(["click-test-2", "click-button"], [3, 4]).tasks()
    names = ["click-test-2-3", "click-button-3", "click-test-2-4", "click-button-4"]
    assert [task.parent for task in tasks] == names and len({task.id for task in tasks}) == 4
    assert tasks[1].instruction == 'Click on the "no" button.' and world.gold(tasks[0]) == []
    assert tasks[1].setup == {"page": "click-button", "seed": 3, "version": "1.1.0"}


def test_it_is_learned_from_seeds_that_are_not_held_out() -> None:
    world = MiniWob(["click-link", "click-button"], [0, 1], practised=[7, 8])
    kinds = world.kinds()
    assert [kind.title for kind in kinds] == ["click-link", "click-button"]
    tasks = [task for kind in kinds for task in world.practice(kind)]
    assert [task.parent for task in tasks] == [kind.id for kind in kinds for _ in range(2)]
    assert {task.setup["seed"] for task in tasks} == {7, 8}
    assert not {task.instruction for task in tasks} & {task.instruction for task in world.tasks()}
    with pytest.raises(ConfigError, match="seed 1 is held out, and cannot be learned from"):
        MiniWob(["click-link"], [0, 1], practised=[1, 2])


def test_a_task_without_a_gold_solution_is_told() -> None:
    world = MiniWob(["click-test"], [0])
    proof = prove(world, world.tasks()[0])
    assert proof.nothing_fails and "there is no gold solution" in proof.message


def test_what_is_not_there_is_told(web: MiniWobEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"MiniWoB\+\+ 1\.1\.0 has no page 'click-nothing'"):
        MiniWob(["click-nothing"])
    with pytest.raises(EnvironmentFault, match=r"there is no page '\.\./core/core'"):
        web.reset(at("../core/core"))
    nothing = Page(web, at("click-test")).whole()
    web.session.page.close()
    with pytest.raises(GraderFault, match=r"miniwob: click-test-0: "):
        WORLD.grade(at("click-test").model_copy(update={"parent": "click-test-0"}), web, nothing)
    monkeypatch.setattr("learn_by_interact.environments.web.miniwob.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install --no-deps miniwob==1\.1\.0"):
        MiniWob()
