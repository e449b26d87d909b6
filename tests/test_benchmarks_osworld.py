"""OSWorld's tasks from a checkout of the same form: where they run, how they are graded and written down."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from desk import needs_desktop
from learn_by_interact.agents.agent import LanguageAgent
from learn_by_interact.agents.rollout import Limits, rollout
from learn_by_interact.benchmarks import Predicting, osworld
from learn_by_interact.benchmarks.desktop_env import episode, judged
from learn_by_interact.benchmarks.osworld import OSWorld
from learn_by_interact.benchmarks.validate import validate
from learn_by_interact.cli import app
from learn_by_interact.environments import Placed
from learn_by_interact.environments.desktop.environment import DesktopEnvironment
from learn_by_interact.errors import ConfigError, EnvironmentFault, GraderFault
from learn_by_interact.models.scripted import Scripted
from learn_by_interact.types import Document, Task, Trajectory
from machine_server import FakeMachine, saying
from osworld_checkout import SAVED, TASKS, checkout

SOLVED = ['ACTION: type "eggs"', 'ACTION: click [button "Save"]', "ACTION: stop"]


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (osworld.CHECKOUT, osworld.URL, osworld.PROVIDER, osworld.VM, osworld.DOWNLOAD):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OSWORLD_PYTHON", sys.executable)
    monkeypatch.setenv("LBI_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def elsewhere(fake: FakeMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OSWorld:
    """The benchmark on a machine that runs."""
    monkeypatch.setenv(osworld.URL, fake.url)
    return OSWorld(checkout(tmp_path / "checkout"))


def of(benchmark: OSWorld, name: str) -> Task:
    return next(task for task in benchmark.tasks() if task.parent == name)


def played(benchmark: OSWorld, name: str, script: list[str]) -> Trajectory:
    """An episode of a model that follows a script."""
    task = of(benchmark, name)
    with benchmark.environment() as made:
        assert isinstance(made, DesktopEnvironment)
        made.desktop = made.desktop.model_copy(update={"quiet": 0.01})
        # A stop at once is objected to; it is said again.
        agent = LanguageAgent(Scripted([*script, script[-1]]), made.actions, made.description)
        return rollout(agent, made, task, Limits(), lambda one: benchmark.grade(task, made, one))


def test_what_runs_here_is_told_for_each_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"gnome-terminal": "x", "chromium": "x"}
    monkeypatch.setattr(shutil, "which", lambda name: there.get(name))
    benchmark = OSWorld(checkout(tmp_path / "checkout"))
    assert benchmark.left_out == {
        "fetched": "it needs a download",
        "site": "it needs the web site www.example.org",
        "editor": "it needs vs_code: code is not installed",
        "account": "it needs an account",
    }
    assert [task.parent for task in benchmark.tasks()] == ["eggs", "never", "heavy", "ends", "much", "broken"]
    assert benchmark.missing[0] == "Not run here: os/fetched: it needs a download."
    assert benchmark.missing[-1] == "6 of 10 tasks of osworld run here."
    (tmp_path / "checkout" / "cache" / "fetched").mkdir(parents=True)
    (tmp_path / "checkout" / "cache" / "fetched" / "a").write_text("a")
    assert "fetched" not in OSWorld(tmp_path / "checkout").left_out
    monkeypatch.setenv(osworld.CHECKOUT, str(tmp_path / "checkout"))
    listed = CliRunner().invoke(app, ["validate", "osworld", "--list"])
    assert listed.exit_code == 0 and "Runs here: os/eggs" in listed.output
    assert "Not run here: multi_apps/account: it needs an account." in listed.output
    told = CliRunner().invoke(app, ["validate", "osworld", "--list", "--json"]).output
    assert "eggs" in json.loads(told)["run"] and len(json.loads(told)["missing"]) > 1
    there.clear()
    assert "gnome-terminal is not installed" in OSWorld(tmp_path / "checkout").left_out["eggs"]


def test_the_help_of_an_application_is_learned_where_its_tasks_begin(
    elsewhere: OSWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"os": str(tmp_path / "os"), "vs_code": str(tmp_path / "editor"), "gimp": str(tmp_path / "gimp")}
    monkeypatch.setattr(osworld, "HELP", places)
    (tmp_path / "os").mkdir()
    read = OSWorld(tmp_path / "checkout")
    assert read.folder.docs.folder == (places["os"],)  # No help of the editor is here; gimp has no task.
    made = read.environment()
    assert isinstance(made, Placed)
    page = Document(source=f"{places['os']}/files.html", title="Files", text="Save a file.", begin=1, end=1)
    setup = made.setup_of(page)
    assert setup["domain"] == "os" and read.declared(setup["task"]).content["config"]
    assert made.setup_of(page.model_copy(update={"source": "README"})) == {}
    (tmp_path / "os").rmdir()
    assert set(OSWorld(tmp_path / "checkout").folder.docs.folder) == {places["os"], places["vs_code"]}


def test_its_own_code_sets_up_and_grades(elsewhere: OSWorld, fake: FakeMachine) -> None:
    assert elsewhere.left_out == {"account": "it needs an account"}
    done = played(elsewhere, "eggs", SOLVED)
    assert (done.stop, done.score, done.error) == ("done", 1.0, "")
    assert fake.launched == [["notes"]]
    fake.files.clear()
    assert played(elsewhere, "eggs", ["ACTION: stop"]).score == 0.0
    assert played(elsewhere, "eggs", [*SOLVED[:2], "FAIL"]).score == 0.0
    assert played(elsewhere, "never", ["```\nFAIL\n```"]).score == 1.0
    assert played(elsewhere, "never", ["ACTION: stop"]).score == 0.0


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("heavy", r"could not be graded: .*package toolbox_that_is_not_here is not installed"),
        ("ends", "could not be graded: its evaluators ended"),
        ("much", r"gave 2\.0 and no score in 0 to 1"),
    ],
)
def test_what_cannot_be_graded_is_ungraded(elsewhere: OSWorld, name: str, told: str) -> None:
    done = played(elsewhere, name, ["ACTION: stop"])
    assert done.score is None
    with pytest.raises(GraderFault, match=told):
        raise GraderFault(done.error)


def test_evaluators_that_hang_are_ended(elsewhere: OSWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judged, "BEGUN", 0.0)
    with pytest.raises(EnvironmentFault, match=r"eggs could not be set up: .* did not answer within 0 s"):
        played(elsewhere, "eggs", SOLVED)


def test_a_set_up_or_a_machine_that_breaks_is_one_sentence(elsewhere: OSWorld, fake: FakeMachine) -> None:
    with pytest.raises(EnvironmentFault, match="osworld: broken could not be set up: AttributeError"):
        played(elsewhere, "broken", SOLVED)
    fake.wrong["/setup/launch"] = saying("no", 500)
    with pytest.raises(EnvironmentFault, match="eggs could not be set up: HTTPError"):
        played(elsewhere, "eggs", SOLVED)
    fake.wrong["/screenshot"] = saying("rubbish")
    with pytest.raises(EnvironmentFault, match="gave no PNG picture"):
        played(elsewhere, "never", SOLVED)


def test_what_was_downloaded_once_is_kept(elsewhere: OSWorld, tmp_path: Path) -> None:
    kept = tmp_path / "cache" / "osworld" / "files" / "fetched" / "fetched_a"
    played(elsewhere, "fetched", ["ACTION: stop"])
    assert kept.read_text() == "x"
    played(elsewhere, "fetched", ["ACTION: stop"])
    assert kept.read_text() == "x", "an episode works on a copy"


def test_a_provider_starts_and_ends_the_machine(
    fake: FakeMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vm").write_text(fake.url.removeprefix("http://"))
    monkeypatch.setenv(osworld.PROVIDER, "vmware")
    monkeypatch.setenv(osworld.VM, str(tmp_path / "vm"))
    benchmark = OSWorld(checkout(tmp_path / "checkout"))
    assert played(benchmark, "eggs", SOLVED).score == 1.0
    assert (tmp_path / "vm.closed").exists()
    with pytest.raises(EnvironmentFault, match="FileNotFoundError"):
        played(benchmark, "eggs", SOLVED)


def test_results_are_written_as_the_benchmark_does(elsewhere: OSWorld, tmp_path: Path) -> None:
    assert isinstance(elsewhere, Predicting)
    writing = elsewhere.writing_to(tmp_path / "out", "some/model")
    played(writing, "eggs", SOLVED)
    played(writing, "never", ["FAIL"])
    place = tmp_path / "out" / "pyautogui" / "a11y_tree" / "some_model"
    assert (place / "os" / "eggs" / "result.txt").read_text() == "1.0\n"
    lines = [json.loads(line) for line in (place / "os" / "eggs" / "traj.jsonl").read_text().splitlines()]
    assert [(one["step_num"], one["action"], one["done"], one["reward"]) for one in lines] == [
        (1, 'type "eggs"', False, 0),
        (2, 'click [button "Save"]', False, 0),
        (3, "DONE", True, 1.0),
    ]
    assert '"action": "FAIL"' in (place / "os" / "never" / "traj.jsonl").read_text()
    (summary,) = writing.official(tmp_path / "out", ["eggs"])
    assert json.loads(summary.read_text()) == {"os": {"eggs": 1.0}}


def test_validate_proves_what_cannot_be_done_and_sets_up_the_rest(elsewhere: OSWorld, tmp_path: Path) -> None:
    few = {name: TASKS[name] for name in ("os/eggs", "os/never", "os/broken")}
    proofs = {proof.name: proof for proof in validate(OSWorld(checkout(tmp_path / "few", few)), workers=1)}
    assert proofs["never"].proven
    assert (proofs["eggs"].nothing_fails, proofs["eggs"].gold_passes) == (True, None)
    assert proofs["eggs"].message == "no gold solution comes with the benchmark"
    assert "could not be set up" in proofs["broken"].message


def test_a_wrong_checkout_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="osworld: set OSWORLD to a checkout"):
        OSWorld()
    with pytest.raises(ConfigError, match=r"test_all\.json: this file of OSWorld cannot be read"):
        OSWorld(tmp_path)
    made = checkout(tmp_path / "checkout")
    (made / "evaluation_examples" / "examples" / "os" / "eggs.json").write_text("[]")
    with pytest.raises(ConfigError, match=r"eggs\.json: this is no task of OSWorld"):
        OSWorld(made)
    (made / "evaluation_examples" / "test_all.json").write_text('{"os": ["../eggs"]}')
    with pytest.raises(ConfigError, match="no name of a task"):
        OSWorld(made)
    (made / "evaluation_examples" / "test_all.json").write_text("[]")
    with pytest.raises(ConfigError, match="no list of OSWorld's tasks"):
        OSWorld(made)
    whole = checkout(tmp_path / "other")
    shutil.rmtree(whole / "desktop_env" / "server")
    with pytest.raises(ConfigError, match="which tasks need that run here"):
        OSWorld(whole)
    monkeypatch.setenv(osworld.URL, "http://a")
    monkeypatch.setenv(osworld.PROVIDER, "docker")
    with pytest.raises(ConfigError, match="are set both"):
        OSWorld(whole)


@needs_desktop
def test_a_task_runs_on_a_screen_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server of the checkout is in the sandbox, its port is reached through a socket."""
    monkeypatch.setattr(osworld, "APT", ())
    monkeypatch.setattr(osworld, "PREPARE", "echo milk > note.txt\n")
    monkeypatch.setattr(osworld, "why_not", lambda task, fetched: "")
    (tmp_path / "libraries").mkdir()
    monkeypatch.setattr(episode, "pyautogui", lambda: tmp_path / "libraries")
    benchmark = OSWorld(
        checkout(tmp_path / "checkout", {"os/eggs": {**TASKS["os/eggs"], "evaluator": SAVED}})
    )
    script = ['ACTION: type "eggs" into [textbox]', "ACTION: press Control+s", "ACTION: stop"]
    done = played(benchmark, "eggs", script)
    assert done.start.text.startswith("Window: ~/note.txt - Mousepad")
    assert done.score == 1.0
    assert played(benchmark, "eggs", ["ACTION: stop"]).score == 0.0
