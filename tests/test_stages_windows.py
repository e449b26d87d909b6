"""Which windows of a trajectory get an instruction."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from learn_by_interact.stages.windows import choose, misread, windows, without_duplicates
from learn_by_interact.types import STOP, Action, Observation, Step, Trajectory
from room import acted

COMMANDS = (
    "list", "show a.txt", "show b.txt", "show nothing", "put a.txt new", "put c.txt yes", "put a.txt apples",
    "roll", "gibberish",
)  # fmt: skip


def at_random(seed: int) -> Trajectory:
    """An episode of up to nine commands, often the same ones; at times with a stop at its end."""
    draw = random.Random(seed)
    commands = draw.choices(COMMANDS, k=draw.randint(1, 9))
    return acted(*commands, *draw.choice(([], ["stop"], ["stop fine"])))


def teaches(episode: Trajectory, end: int) -> bool:
    """The rule for the last step of a window, as it is written in the function's docstring."""
    step, before = episode.steps[end - 1], episode.observation(end - 1)
    if step.action.tool == STOP:
        return step.observation.text != ""
    shows = step.observation.text not in ("", "[no output]")
    return not step.observation.failed and (shows or step.observation.state != before.state)


def test_what_shows_something_or_changes_the_state_teaches() -> None:
    assert windows(acted("show a.txt")) == [(0, 1)]
    assert windows(acted("put c.txt yes")) == [(0, 1)]


def test_what_was_only_rewritten_teaches_nothing() -> None:
    table = "[changed: a.db]\n-   table books(id)\n+   table books(id"
    before = Observation(text="table books(id)", state="a", key="a")
    for command, end, taught in (
        ("tool books", ")", []),
        ("tool books", ", title)", [(0, 1)]),
        ("tool books --type id integer", ")", [(0, 1)]),
    ):
        seen = Observation(text=f"{table}{end}", state="b", key="b")
        action = Action(tool="bash", arguments={"command": command})
        step = Step(thought="", action=action, observation=seen)
        assert windows(Trajectory(task="t", start=before, steps=(step,), stop="done")) == taught


def test_what_neither_shows_nor_changes_anything_does_not_teach() -> None:
    assert windows(acted("put a.txt apples")) == []
    assert windows(acted("put a.txt apples", "list")) == [(0, 2), (1, 2)]


def test_what_found_nothing_to_do_does_not_teach() -> None:
    before = Observation(text="1 task", state="a", key="a")
    for text, taught in (
        ("Modified 0 tasks.", []),
        ("0 rows affected", []),
        ("No records were found.", []),
        ("0", [(0, 1)]),
        ("Modified 1 task.", [(0, 1)]),
        ("0 tasks\n3 notes", [(0, 1)]),
    ):
        step = Step(
            thought="",
            action=Action(tool="bash", arguments={"command": "tool list"}),
            observation=Observation(text=text, state="a", key=text),
        )
        assert windows(Trajectory(task="t", start=before, steps=(step,), stop="done")) == taught


def test_a_window_does_not_end_on_a_failure() -> None:
    assert windows(acted("show c.txt")) == []
    assert windows(acted("list", "show c.txt")) == [(0, 1)]


def test_a_window_that_recovers_from_a_failure_is_included() -> None:
    assert windows(acted("show c.txt", "list")) == [(0, 2), (1, 2)]


def test_a_stop_without_an_answer_is_in_no_window() -> None:
    assert windows(acted("list", "stop")) == [(0, 1)]
    assert windows(acted("stop")) == []


def test_an_answer_ends_a_window() -> None:
    assert windows(acted("list", "stop two")) == [(0, 1), (0, 2), (1, 2)]


def test_an_answer_after_a_failure_ends_a_window() -> None:
    assert windows(acted("show c.txt", "stop there is none")) == [(0, 2), (1, 2)]


def test_what_was_seen_from_this_beginning_already_is_labelled_once() -> None:
    episode = acted("list", "show a.txt", "list", "show b.txt")
    assert windows(episode) == [(0, 1), (0, 2), (0, 4), (1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)]


def test_the_same_output_over_another_state_is_another_window() -> None:
    assert (0, 3) in windows(acted("show a.txt", "put c.txt yes", "show a.txt"))


@pytest.mark.parametrize("seed", range(150))
def test_windows_of_any_episode(seed: int) -> None:
    episode = at_random(seed)
    steps = len(episode.steps)
    found = windows(episode)
    assert found == sorted(set(found))
    wanted = []
    for begin in range(steps):
        seen: set[tuple[str, bool]] = set()
        for end in range(begin + 1, steps + 1):
            last = episode.steps[end - 1]
            if last.action.tool == STOP and not last.observation.text:
                continue
            met = (last.observation.key, last.action.tool == STOP)
            if teaches(episode, end) and met not in seen:
                wanted.append((begin, end))
            seen.add(met)
    assert found == wanted
    for begin, end in found:
        assert 0 <= begin < end <= steps
        assert not episode.observation(end).failed
        inside = episode.steps[begin:end]
        assert all(step.action.tool != STOP or step.observation.text for step in inside)


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("cap", [1, 2, 5])
def test_a_cap_keeps_the_longest_and_then_the_shortest(seed: int, cap: int) -> None:
    episode = at_random(seed)
    worth, chosen = choose(episode, 1000), choose(episode, cap)
    assert set(chosen) <= set(worth) <= set(windows(episode))
    assert chosen == sorted(chosen) and len(chosen) == min(cap, len(worth))
    if len(worth) <= cap:
        return
    longest = max(end - begin for begin, end in worth)
    assert max(end - begin for begin, end in chosen) == longest
    lengths = sorted(end - begin for begin, end in chosen)[:-1]
    left_out = [end - begin for begin, end in worth if (begin, end) not in chosen]
    assert all(length <= min(left_out) for length in lengths)


def test_among_windows_of_one_length_those_that_recover_are_kept() -> None:
    chosen = choose(acted("list", "show a.txt", "show c.txt", "show b.txt", "roll"), 6)
    assert {(0, 5), (2, 4)} <= set(chosen) and (0, 2) not in chosen


def test_a_failure_that_was_left_behind_is_in_no_chosen_window() -> None:
    assert choose(acted("show nothing", "roll"), 9) == [(1, 2)]
    assert choose(acted("show c.txt", "show b.txt"), 9) == [(0, 2), (1, 2)]


def test_an_answer_is_chosen_whatever_failed_before_it() -> None:
    assert (0, 2) in choose(acted("show nothing", "stop there is none"), 9)


def test_a_chosen_window_uses_a_tool_of_the_environment() -> None:
    episode = acted("list", "show a.txt", "roll")
    assert choose(episode, 9, ("show",)) == [(0, 2), (0, 3), (1, 2), (1, 3)]
    assert choose(episode, 9, ("other", "roll")) == [(0, 3), (1, 3), (2, 3)]
    assert choose(episode, 9, ("sho",)) == []
    assert choose(episode, 9) == windows(episode)


def test_a_tool_that_only_failed_was_not_used() -> None:
    assert choose(acted("show c.txt", "list"), 9, ("show",)) == []


def test_repeated_steps_are_removed() -> None:
    episode = acted("list", "list", "show a.txt", "show a.txt", "show a.txt", "list")
    commands = [step.action.arguments["command"] for step in without_duplicates(episode).steps]
    assert commands == ["list", "show a.txt", "list"]


def test_repeats_with_other_observations_stay() -> None:
    episode = acted("roll", "roll", "list")
    assert without_duplicates(episode) is episode


@pytest.mark.parametrize("seed", range(60))
def test_without_duplicates_no_two_neighbours_are_equal(seed: int) -> None:
    episode = at_random(seed)
    assert episode.id
    cleaned = without_duplicates(episode)
    pairs = [(step.action.model_dump_json(), step.observation.key) for step in cleaned.steps]
    assert all(one != two for one, two in pairwise(pairs))
    assert set(pairs) == {(step.action.model_dump_json(), step.observation.key) for step in episode.steps}
    assert without_duplicates(cleaned) is cleaned
    assert (cleaned.id == episode.id) == (cleaned.steps == episode.steps)


def stored(command: str, *added: str, failed: bool = False) -> Step:
    """A command, and the lines that what it changed added."""
    text = "\n".join(["[no output]", *(f"+ {line}" for line in added)])
    seen = Observation(text=text, key=text, state=text, failed=failed)
    return Step(thought="", action=Action(tool="bash", arguments={"command": command}), observation=seen)


@pytest.mark.parametrize(
    ("command", "added", "expected"),
    [
        ("todo add --project Home 'Pay rent'", "15      --project Home Pay rent", True),
        ("todo add project=Home pri=H Pay rent", "15   project=Home pri=H Pay rent", True),
        ("todo add project:Home Pay rent", "15 Home Pay rent", False),
        ("todo add --project Home Pay rent", "15 Home Pay rent", False),
        ("todo tag 3 area=north", "3 area=north Pay rent", False),
        ("todo see https://a.org http://b.org", "3 https://a.org http://b.org", False),
        ("todo note 3 Due=soon", "3 Pay rent Due=soon", True),
        ("todo note 3 text 'Pay the rent'", "3 text Pay the rent", True),
        ("todo note 3 due 2035-02-02", "3 Pay rent due 2035-02-02", True),
        ("todo note 3 due 2035-02-02", "3 2035-02-02 Pay rent", False),
        ("todo add Due soon", "15 Due soon", True),
        ("todo note 3 text me when due dates pass", "3 Pay rent text me when due dates pass", False),
        ("sudo todo add -p Home Pay rent", "15      -p Home Pay rent", True),
        ("cat > run.sh <<'EOF'\nsort --reverse due=1 pri=H\nEOF", "  sort --reverse due=1 pri=H", False),
        ("todo lock --strict in.txt", "#   todo lock --strict in.txt", False),
        ("todo lock --strict in.txt", "#   lock --strict in.txt", True),
        ("todo alias st 'list --short'", "st = list --short", False),
        ("todo --help > help.txt", "  --help  Show this text", False),
    ],
)
def test_options_and_attributes_that_were_stored_as_text_were_misread(
    command: str, added: str, expected: bool
) -> None:
    start = Observation(
        text="ID Due        Text\n-- ---------- --------\n 3 2035-01-01 Pay rent", key="", state=""
    )
    assert misread(stored(command, added), start.text) is expected
    assert not misread(stored(command), start.text)
    assert not misread(stored(command, added, failed=True), start.text)
    episode = acted("list").model_copy(update={"start": start, "steps": (stored(command, added),)})
    assert choose(episode, 1) == ([] if expected else [(0, 1)])
