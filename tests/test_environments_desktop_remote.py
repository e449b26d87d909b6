"""A machine elsewhere: what is seen and done through OSWorld's protocol, and what a server gets wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from learn_by_interact.agents.agent import LanguageAgent
from learn_by_interact.agents.rollout import Limits, rollout
from learn_by_interact.benchmarks.folder import FolderBenchmark
from learn_by_interact.benchmarks.validate import validate
from learn_by_interact.environments.desktop import remote, server
from learn_by_interact.environments.desktop.elsewhere import RemoteDesktopEnvironment, located
from learn_by_interact.environments.desktop.markup import windows
from learn_by_interact.environments.desktop.remote import RemoteMachine
from learn_by_interact.environments.desktop.screen import read
from learn_by_interact.environments.folder import EnvironmentFolder
from learn_by_interact.errors import ConfigError, EnvironmentFault
from learn_by_interact.models.scripted import Scripted
from learn_by_interact.types import Observation, Task
from machine_server import TREE, FakeMachine, dropping, hanging, png, saying

ENVIRONMENT = """
name = "notes"
description = "Notes, on a machine elsewhere."
kind = "desktop"
start = "start"

[desktop]
url = "{url}"
start = "notes ~/$FILE"
file = "note.txt"
ready = "Notes"
files = ["note.txt"]
quiet = 0.01
"""
TASKS = """
[[task]]
name = "eggs"
instruction = "Write eggs, and save."
setup = "touch list.txt"
gold = ['type "eggs"', 'click [button "Save"]']
check = "grep -qx eggs note.txt"
"""


def folder(path: Path, url: str, environment: str = ENVIRONMENT) -> Path:
    """The folder of an environment on a machine."""
    (path / "start").mkdir(parents=True)
    (path / "start" / "note.txt").write_text("old\n")
    (path / "environment.toml").write_text(environment.replace("{url}", url))
    (path / "tasks.toml").write_text(TASKS)
    return path


class Episode(RemoteDesktopEnvironment):
    """An episode, done by hand."""

    def do(self, written: str) -> Observation:
        return self.step(self.actions.parse(f"ACTION: {written}")[1])


def begun(episode: Episode) -> Observation:
    return episode.reset(Task(environment="notes", instruction="", setup={}))


def test_the_tree_is_read_as_a_screen() -> None:
    screen = read(windows(TREE % "milk", 100), {}, "", False)
    assert list(screen.lines) == [
        "Window: Notes",
        '[textbox "Text:"] contains "milk" focused',
        '[slider "Size"] contains "12"',
        '[button "Save"]',
        'Menus: [menu "File"]',
    ]
    assert screen.elements['button "Save"'].centre == (40, 110)
    assert 'menuitem "File > Clear"' in screen.elements


@pytest.mark.parametrize(
    ("xml", "told"),
    [
        ("", "no XML"),
        ("<a", "no XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares entities"),
        ("<a>\x00</a>", "no XML"),
    ],
)
def test_a_tree_that_is_none_is_told(xml: str, told: str) -> None:
    with pytest.raises(EnvironmentFault, match=told):
        windows(xml, 10)


def test_odd_places_and_deep_trees_do_no_harm() -> None:
    odd = TREE.replace("(60, 50)", "(-2147483648, 50)").replace("(10, 100)", "(a, b)") % "x"
    assert "Save" not in str(read(windows(odd, 10), {}, "", False).lines)
    deep = "<panel>" * 5000 + "</panel>" * 5000
    assert windows(TREE.replace("</frame>", f"{deep}</frame>") % "x", 10)


def test_an_episode_is_seen_acted_on_and_checked(fake: FakeMachine, tmp_path: Path) -> None:
    made = EnvironmentFolder.load(folder(tmp_path / "notes", fake.url))
    with Episode(made) as episode:
        start = begun(episode)
        assert fake.files["~/note.txt"] == b"old\n"
        assert fake.launched == [["bash", "-c", "export FILE=note.txt; notes ~/$FILE"]]
        assert start.text.startswith("Window: Notes\n")
        typed = episode.do('type "eggs"')
        assert '+ [textbox "Text:"] contains "eggs" focused' in typed.text
        assert typed.state != start.state
        saved = episode.do('click [button "Save"]')
        assert "[changed: note.txt]" in saved.text and (episode.home / "note.txt").read_text() == "eggs"
        assert "pyautogui.FAILSAFE = False" in fake.ran[-1][-1] and fake.ran[-1][0] == "timeout"
        assert "Clear" in episode.do('click [menu "File"]').text
        failed = episode.do("pyautogui.fail()")
        assert failed.failed and "The code failed: ValueError: no such thing" in failed.text
        assert "it ran longer than 20 s" in episode.do("time.sleep(30)").text
    assert validate(FolderBenchmark(tmp_path / "notes"), workers=1)[0].proven


def test_an_item_of_a_closed_menu_is_clicked_over_there(fake: FakeMachine) -> None:
    fake.text = "milk"
    remote_machine = RemoteMachine(fake.url)
    (window,) = remote_machine.look(10).windows
    item = window["children"][0]["children"][0]["children"][0]
    assert remote_machine.click(item) == ""
    assert fake.text == "" and "('notes', [0, 0, 0, 0], 'menu-item', 'Clear')" in fake.ran[-1][-1]


def test_a_picture_is_taken(fake: FakeMachine, tmp_path: Path) -> None:
    with Episode(EnvironmentFolder.load(folder(tmp_path / "notes", fake.url))) as episode:
        episode.pictures = tmp_path / "blobs"
        start = begun(episode)
    assert (tmp_path / "blobs" / start.blobs[0]).read_bytes() == png(0)


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("/screenshot", "<html>", 200, "gave no PNG picture; is this the server of OSWorld"),
        ("/screenshot", "", 500, "answered with status 500: no words"),
        ("/accessibility", "rubbish", 200, "/accessibility gave no JSON object"),
        ("/accessibility", '{"AT": 3}', 200, "gave no text under AT"),
        ("/accessibility", '{"AT": "<a"}', 200, "accessibility tree is no XML"),
        ("/accessibility", "[" * 100_000, 200, "gave no JSON object"),
        ("/execute", "[]", 200, "/execute gave no JSON object"),
        ("/execute", '{"returncode": "no"}', 200, "gave no returncode"),
        ("/execute", "gone", 404, "answered with status 404: gone"),
        ("/file", "gone", 403, "/file answered with status 403"),
    ],
)
def test_rubbish_is_one_sentence(
    fake: FakeMachine, tmp_path: Path, path: str, body: str, status: int, told: str
) -> None:
    with Episode(EnvironmentFolder.load(folder(tmp_path / "notes", fake.url))) as episode:
        begun(episode)
        fake.wrong[path] = saying(body, status)
        with pytest.raises(EnvironmentFault, match=told) as caught:
            episode.do('type "x"')
    assert "\n" not in str(caught.value)


def test_a_tree_that_is_late_or_fails_costs_a_step(
    fake: FakeMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "LOOK_SECONDS", 0.3)
    with Episode(EnvironmentFolder.load(folder(tmp_path / "notes", fake.url))) as episode:
        begun(episode)
        for wrong in (hanging, saying("an application ended", 500)):
            fake.wrong["/accessibility"] = wrong
            assert "(the screen does not answer.)" in episode.do('type "x"').text
        fake.wrong.clear()
        assert "Window: Notes" in episode.do("wait").text


def test_a_command_that_hangs_or_cannot_run_costs_a_step(
    fake: FakeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "GRACE", 0.1)
    remote_machine = RemoteMachine(fake.url)
    fake.wrong["/execute"] = hanging
    assert remote_machine.python("pyautogui.click(1, 1)", 0.2) == "it ran longer than 0.2 s"
    fake.wrong["/execute"] = saying(json.dumps({"status": "error", "message": "no\nmemory"}), 500)
    assert remote_machine.python("pyautogui.click(1, 1)", 0.2) == "no memory"


def test_what_is_no_such_machine_is_told(fake: FakeMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.wrong["/platform"] = saying("Windows")
    with pytest.raises(EnvironmentFault, match="it is 'Windows'; only Linux ones"):
        RemoteMachine(fake.url)
    fake.wrong["/platform"] = dropping
    with pytest.raises(EnvironmentFault, match=r"could not be asked .*start the machine, or correct its url"):
        RemoteMachine(fake.url)
    monkeypatch.setattr(server, "CONNECT", 0.3)
    fake.wrong["/platform"] = hanging
    with pytest.raises(EnvironmentFault, match="did not answer within"):
        RemoteMachine(fake.url)
    monkeypatch.setattr(server, "MOST", 10)
    fake.wrong["/platform"] = saying("x" * 100)
    with pytest.raises(EnvironmentFault, match="answered with more than 0 MB"):
        RemoteMachine(fake.url)
    with pytest.raises(EnvironmentFault, match="could not be asked"):
        RemoteMachine("http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('url = "{url}"', 'url = "localhost:5000"'), "write http://host:5000"),
        (('url = "{url}"', 'url = "http://host:99999"'), "write http://host:5000"),
        (('files = ["note.txt"]', 'files = ["../note.txt"]'), "no path inside the user's home"),
        (('url = "{url}"', ""), "files is for a machine that url names"),
    ],
)
def test_a_wrong_declaration_is_told(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        EnvironmentFolder.load(folder(tmp_path / "notes", "http://h", ENVIRONMENT.replace(*change)))


def test_an_address_may_name_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK", "10.0.0.7")
    assert located("http://$DESK:5000/", "here") == "http://10.0.0.7:5000"
    monkeypatch.delenv("DESK")
    with pytest.raises(ConfigError, match="here: the variable DESK is not set"):
        located("http://${DESK}:5000", "here")


def test_a_model_acts_on_it_and_a_machine_that_breaks_costs_an_episode(
    fake: FakeMachine, tmp_path: Path
) -> None:
    benchmark = FolderBenchmark(folder(tmp_path / "notes", fake.url))
    (task,) = benchmark.tasks()
    script = ['ACTION: type "eggs"', 'ACTION: click [button "Save"]', "ACTION: stop"]
    with benchmark.environment() as episode:
        agent = LanguageAgent(Scripted(script), episode.actions, episode.description)
        played = rollout(agent, episode, task, Limits(), lambda one: benchmark.grade(task, episode, one))
    assert (played.stop, played.score, len(played.steps)) == ("done", 1.0, 3)
    fake.wrong["/screenshot"] = saying("rubbish")
    with benchmark.environment() as episode, pytest.raises(EnvironmentFault, match="gave no PNG picture"):
        agent = LanguageAgent(Scripted(script), episode.actions, episode.description)
        rollout(agent, episode, task, Limits())
    proof = validate(benchmark, workers=1)[0]
    assert not proof.proven and "gave no PNG picture" in proof.message
