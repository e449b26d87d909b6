"""A real editor on a real screen in the sandbox: what is seen and done, and what happens when it breaks."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from desk import ENVIRONMENT, Episode, editor, needs_desktop
from learn_by_interact.benchmarks.folder import FolderBenchmark
from learn_by_interact.benchmarks.validate import validate
from learn_by_interact.environments import Listing, Pictured
from learn_by_interact.environments.desktop.machine import LocalMachine, Looked
from learn_by_interact.errors import ConfigError, EnvironmentFault
from learn_by_interact.types import Action
from shop import graded

pytestmark = needs_desktop


@pytest.fixture
def episode(tmp_path: Path) -> Iterator[Episode]:
    with Episode(editor(tmp_path / "notes")) as made:
        yield made


def test_checks_are_proven_on_the_screen_and_a_wrong_text_fails(tmp_path: Path) -> None:
    benchmark = FolderBenchmark(editor(tmp_path / "notes"))
    proofs = validate(benchmark, workers=2)
    assert [(proof.name, proof.proven, proof.message) for proof in proofs] == [
        ("eggs", True, ""),
        ("capitals", True, ""),
    ]
    eggs = benchmark.tasks()[0]
    ham = [
        action.model_copy(update={"arguments": {"text": "ham", "element": ""}})
        if action.tool == "type"
        else action
        for action in benchmark.gold(eggs)
    ]
    assert ham != benchmark.gold(eggs)
    assert graded(benchmark, eggs, ham) == 0.0


def test_what_windows_hold_is_seen_and_what_actions_change_is_told(episode: Episode) -> None:
    start = episode.begin()
    assert start.text.splitlines()[:2] == [
        "Window: ~/list.txt - Mousepad",
        '[textbox] contains "milk\\nbread\\n" focused',
    ]
    assert 'Menus: [menu "File"] [menu "Edit"]' in start.text
    assert "list.txt (11 bytes)" in episode.overview() and isinstance(episode, Listing)

    menu = episode.do('click [menu "File"]')
    assert (
        '[menuitem "File > Save As..."]' in menu.text and menu.state == start.state and menu.key != start.key
    )
    typed = episode.do('type "one\\ntwo" into [textbox]')
    assert '+ [textbox] contains "one\\ntwo" focused' in typed.text
    assert typed.state != start.state, "what is not saved is part of the state"
    saved = episode.do("press Control+s")
    assert "[changed: list.txt]" in saved.text
    assert (episode.home / "list.txt").read_text() == "one\ntwo"

    dialog = episode.do('click [menuitem "File > Save As..."]')
    assert dialog.text.startswith("Dialog: Save As")
    assert '[cell "letter.txt"]' in dialog.text and '[textbox "Name:"] contains "list.txt"' in dialog.text
    episode.do('type "copy.txt" into [textbox "Name:"]', 'click [button "Save"]')
    assert (episode.home / "copy.txt").read_text() == "one\ntwo"


def test_an_action_that_cannot_be_done_is_told_and_changes_nothing(episode: Episode) -> None:
    start = episode.begin()
    for written, told in {
        'click [button "Send"]': 'There is no [button "Send"] on this screen. There is [menu',
        'type "x" into [menu "File"]': "Nothing can be typed into",
        "press Hyper+x": "There is no key 'Hyper'",
        "open Paint": "There is: Editor.",
        "pyautogui.click(": "SyntaxError",
        "import os; os.nothing": "AttributeError",
    }.items():
        refused = episode.do(written)
        assert refused.failed and told in refused.text, refused.text
        assert refused.state == start.state
    broken = episode.step(Action(tool="type", arguments={"text": "x", "element": 'textbox "Gone"'}))
    assert broken.failed and "There is no" in broken.text


def test_code_runs_in_the_sandbox_and_is_stopped(tmp_path: Path) -> None:
    folder = editor(tmp_path / "notes", ENVIRONMENT + "\n[limits]\nseconds = 1\n")
    with Episode(folder) as episode:
        episode.begin()
        assert episode.inside("pyautogui.size()") == "(800, 600)"
        assert episode.inside("__import__('os').path.exists('/etc/shadow')") == "False"
        devices = "open('/proc/net/dev').read().count(':')"
        assert episode.inside(devices) == "1", "only the loopback device"
        late = episode.do("time.sleep(30)")
        assert late.failed and "it ran longer than 1 s" in late.text
        moved = episode.do("pyautogui.moveTo(100, 120)")
        assert not moved.failed
        assert episode.inside("pyautogui.position()") == "(100, 120)"


def test_an_application_that_is_late_to_answer_is_waited_for_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, asked = LocalMachine.look, list[int]()

    def late(machine: LocalMachine, cells: int) -> Looked:
        asked.extend([cells] if cells else [])
        return Looked(silent=("mousepad",)) if cells and len(asked) < 3 else look(machine, cells)

    monkeypatch.setattr(LocalMachine, "look", late)
    with Episode(editor(tmp_path / "notes")) as episode:
        start = episode.begin()
    assert "does not answer" not in start.text and "milk" in start.text and len(asked) >= 3


def test_what_waits_for_a_processor_is_not_at_rest(episode: Episode, monkeypatch: pytest.MonkeyPatch) -> None:
    episode.begin()
    waits = iter([{1: 0.0}, {1: 0.3}, {1: 0.6}])
    monkeypatch.setattr(LocalMachine, "_waited", lambda machine: next(waits, {1: 0.6}))
    begin = time.monotonic()
    episode.machine.rest(0.4, 5)
    assert not list(waits) and 0.4 < time.monotonic() - begin < 5


def test_an_application_that_ends_or_hangs_costs_a_step(episode: Episode) -> None:
    episode.begin()
    kill = (
        "import os; [os.kill(int(one), {}) for one in os.listdir('/proc') "
        "if one.isdigit() and 'mousepad' in open(f'/proc/{{one}}/comm').read()]"
    )
    hung = episode.do(kill.format(19))
    assert "does not answer" in hung.text
    assert "does not answer" not in episode.do(kill.format(18)).text
    gone = episode.do(kill.format(9))
    assert "No window is open. Applications that can be opened: Editor." in gone.text
    assert "Window: ~/letter.txt - Mousepad" in episode.do("open Editor").text


def test_screens_are_side_by_side_and_the_same_fresh_each_time(tmp_path: Path) -> None:
    folder = editor(tmp_path / "notes")

    def one(number: int) -> tuple[str, str]:
        with Episode(folder) as episode:
            start = episode.begin()
            return start.key, episode.do(f'type "{number}" into [textbox]', "press Control+s").key

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(one, [1, 2, 1]))
    assert len({start for start, _ in found}) == 1
    assert found[0][1] == found[2][1] != found[1][1]


def test_pictures_are_kept_and_marked(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    with Episode(editor(tmp_path / "notes", ENVIRONMENT + "marks = true\n")) as episode:
        assert isinstance(episode, Pictured)
        episode.pictures = tmp_path / "blobs"
        start = episode.begin()
        assert '[menu "File"](2)' in start.text
        content = (tmp_path / "blobs" / start.blobs[0]).read_bytes()
        plain = image.open(io.BytesIO(episode.machine.picture()))
    marked = image.open(io.BytesIO(content))
    assert marked.size == plain.size == (800, 600)
    red = [color for _, color in marked.getcolors(1 << 20) if color == (208, 32, 32)]
    assert red and (208, 32, 32) not in [color for _, color in plain.getcolors(1 << 20)]


def test_what_does_not_start_is_told(tmp_path: Path) -> None:
    with (
        Episode(
            editor(tmp_path / "a", ENVIRONMENT.replace("mousepad ~/$FILE", "mousepat ~/$FILE"))
        ) as episode,
        pytest.raises(EnvironmentFault, match="ended before it showed a window"),
    ):
        episode.begin()
    slow = ENVIRONMENT.replace('"Mousepad"', '"Gimp"\nseconds = 5')
    with (
        Episode(editor(tmp_path / "b", slow)) as episode,
        pytest.raises(
            EnvironmentFault, match=r"no window whose title has 'Gimp'.*there is '~/list.txt - Mousepad'"
        ),
    ):
        episode.begin()


def test_nothing_is_left_running(tmp_path: Path) -> None:
    with Episode(editor(tmp_path / "notes")) as episode:
        episode.begin()
        home, process = episode.home, episode.machine._process  # type: ignore[attr-defined]
    assert not home.exists()
    begin = time.monotonic()
    while process.poll() is None and time.monotonic() - begin < 5:
        time.sleep(0.05)
    assert process.poll() is not None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('kind = "desktop"', 'kind = "shell"'), "kind desktop has a table"),
        (('ready = "Mousepad"', 'ready = "("'), "no regular expression"),
        (("width = 800", "width = 8"), "width"),
    ],
)
def test_a_wrong_declaration_is_told(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        FolderBenchmark(editor(tmp_path / "notes", ENVIRONMENT.replace(*change)))
