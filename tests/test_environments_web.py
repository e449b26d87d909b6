"""The web environment with a real browser, on a small application."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from learn_by_interact.agents.rollout import replay
from learn_by_interact.benchmarks.folder import FolderBenchmark
from learn_by_interact.benchmarks.validate import validate
from learn_by_interact.environments.web import application, browser
from learn_by_interact.environments.web.actions import action
from learn_by_interact.environments.web.environment import WebEnvironment
from learn_by_interact.errors import ConfigError, EnvironmentFault
from learn_by_interact.stages.ingest import ingest
from learn_by_interact.stages.readers.world import reader
from learn_by_interact.types import STOP, Action, Observation, Step, Task, Trajectory
from shop import ENVIRONMENT, TASKS, notes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return notes(tmp_path_factory.mktemp("web") / "notes")


@pytest.fixture(scope="module")
def benchmark(folder: Path) -> Iterator[FolderBenchmark]:
    yield FolderBenchmark(folder)
    application.close_all()


@pytest.fixture
def web(benchmark: FolderBenchmark) -> Iterator[WebEnvironment]:
    environment = benchmark.environment()
    assert isinstance(environment, WebEnvironment)
    with environment:
        environment.reset(at("/"))
        yield environment


def at(page: str, run: str = "") -> Task:
    return Task(environment="notes", instruction="", setup={"page": page, **({"run": run} if run else {})})


def do(web: WebEnvironment, *written: str) -> Observation:
    for one in written:
        seen = web.step(action(one))
    return seen


def test_an_episode_begins_logged_in_on_the_page_that_its_task_names(web: WebEnvironment) -> None:
    seen = web.reset(at("/"))
    assert seen.text.startswith("URL: /\nTitle: All - Notes\n")
    assert '| Buy paint | plain | [link "Open (Buy paint)"]' in seen.text
    assert "127.0.0.1" not in seen.text and "Rendered at" in seen.text and not seen.failed
    assert web.reset(at("/note/2")).text.startswith("URL: /note/2\nTitle: Call Ann - Notes")


def test_a_form_is_filled_in_and_its_effect_put_back(web: WebEnvironment) -> None:
    start = web.reset(at("/"))
    seen = do(
        web,
        'click [link "New note"]',
        'type "Fix roof" into [textbox "Title:"]',
        'select "urgent" in [combobox "Kind:"]',
    )
    assert '[textbox "Title:"] contains "Fix roof"' in seen.text and 'is "urgent"' in seen.text
    assert "(All else on this page is as before.)" in seen.text and "# New note" not in seen.text
    assert seen.state == start.state
    seen = do(web, 'click [button "Save"]')
    assert seen.text.startswith("URL: /note/4\nTitle: Fix roof") and seen.state != start.state
    again = web.reset(at("/"))
    assert again.key == start.key and again.text.split("Rendered")[0] == start.text.split("Rendered")[0]


def test_the_same_page_gives_the_same_text_whatever_was_seen_before(web: WebEnvironment) -> None:
    first = do(web, "goto /boxes")
    seen = do(web, "goto /long", "scroll down", "back")
    assert seen.text.split("Rendered")[0] == first.text.split("Rendered")[0] and seen.key == first.key
    assert do(web, "forward").text.startswith("URL: /long")


def test_what_cannot_be_done_is_told(web: WebEnvironment) -> None:
    do(web, "goto /boxes")
    for written, told in (
        ('click [link "Nowhere"]', 'There is no [link "Nowhere"] on this page. There is [link "'),
        ('click [button "Never"]', "That could not be done: the element is not ready"),
        ('type "x" into [button "Delete all"]', 'Nothing can be typed into [button "Delete all"].'),
        ('select "x" in [textbox "Name"]', '[textbox "Name"] is no list.'),
        ("press Hyper", "There is no key 'Hyper'."),
        ("tab 3", "There is no tab 3; there are 1."),
        ("close_tab", "This is the only tab."),
        ("goto http://example.com/", "example.com is not part of this environment."),
        ("goto file:///etc/passwd", "file:///etc/passwd is not part of this environment."),
        ("goto javascript:alert(1)", "javascript:alert(1) is not part of this environment."),
        ("new_tab data:text/html,hello", "data:text/html,hello is not part of this environment."),
    ):
        seen = do(web, written)
        assert seen.failed and told in seen.text, seen.text
        assert seen.text.startswith("URL: /boxes")
    seen = do(web, "goto /new", 'select "blue" in [combobox "Kind:"]')
    assert seen.failed and 'has no option "blue". It has "plain", "urgent".' in seen.text
    assert "is a list" in do(web, 'type "urgent" into [combobox "Kind:"]').text


def test_dialogs_downloads_tabs_and_what_is_only_clickable(web: WebEnvironment) -> None:
    seen = do(web, "goto /boxes", 'click [button "Delete all"]')
    assert (
        "A dialog (confirm) was accepted: Really?" in seen.text
        and "Changed on this page:\n+ confirmed" in seen.text
    )
    assert "A file was downloaded: notes.csv" in do(web, 'click [link "Export"]').text
    assert "+ card" in do(web, 'click [clickable "Card one"]').text
    assert '[checkbox "Urgent"] checked' in do(web, 'click [checkbox "Urgent"]').text
    seen = do(web, 'click [link "Elsewhere"]')
    assert seen.text.startswith("URL: /about?tab") and "Tabs: 1, 2 (this one)" in seen.text
    assert do(web, "tab 1").text.startswith("URL: /boxes")
    assert do(web, "tab 2", "close_tab").text.startswith("URL: /boxes")
    outside = do(web, 'click [link "Outside"]')
    assert (
        outside.text.startswith("URL: /boxes")
        and "example.com is not part of this environment." in outside.text
    )


def test_a_page_is_looked_at_when_it_rests(web: WebEnvironment) -> None:
    assert "the server said so" in do(web, "goto /live", 'click [button "Ask"]').text
    begin = time.monotonic()
    assert "Clock" in do(web, "goto /clock").text
    assert time.monotonic() - begin < 4.0


def test_a_page_that_says_that_it_is_loading_is_waited_for(web: WebEnvironment) -> None:
    assert "All entries are here" in do(web, "goto /slowly").text


def test_what_has_no_name_is_called_by_what_its_markup_says(web: WebEnvironment) -> None:
    seen = do(web, "goto /fields").text
    for name in ('textbox "Payee:"', 'textbox "day"', 'textbox "date"', 'link "to Rent paid"'):
        assert f"[{name}]" in seen
    assert 'as it stands\\na second line"' in seen
    assert 'is "Petrol' in do(web, 'type "Petrol One" into [textbox "Payee:"]').text.replace("contains", "is")


def test_a_date_is_taken_however_it_is_written_and_what_is_none_is_refused(web: WebEnvironment) -> None:
    field = '[textbox "day"]'
    assert f"{field} takes a date such as 2024-06-30" in do(web, "goto /fields").text
    assert f'{field} contains "2010-05-20"' in do(web, f'type "05/20/2010" into {field}').text
    refused = do(web, f'type "soon" into {field}')
    assert refused.failed and 'takes a date such as 2024-06-30, and not "soon".' in refused.text
    assert "contains" not in do(web, f'type "" into {field}').text.partition(field)[2].partition("\n")[0]


def test_a_button_that_shows_a_picture_is_called_by_it_and_a_dialog_out_of_sight_is_not_there(
    web: WebEnvironment,
) -> None:
    seen = do(web, "goto /pictures").text
    for name in ('button "trash"', 'link "Mark it"', 'button "Turn over"', 'button "moon"'):
        assert f"[{name}]" in seen
    assert "dialog" not in seen and "Delete?" not in seen
    assert 'dialog:\n+ ## Delete? [button "Yes"]' in do(web, 'click [button "trash"]').text.replace(
        "\n+ [b", " [b"
    )


def test_the_clock_of_the_browser_can_be_set(tmp_path: Path) -> None:
    declared = ENVIRONMENT.replace("[web]", '[web]\nclock = "2024-06-14T09:00"')
    environment = FolderBenchmark(notes(tmp_path / "notes", declared)).environment()
    with environment:
        assert "It is 2024-06-14" in environment.reset(at("/fields")).text
    application.close_all()


def test_a_long_page_is_turned_by_scrolling(web: WebEnvironment) -> None:
    first = do(web, "goto /long")
    assert len(first.text) < 3500 and "Line 0 of" in first.text and "scroll down for the rest" in first.text
    second = do(web, "scroll down")
    assert "Line 0 of" not in second.text and second.key != first.key and second.state == first.state
    assert do(web, "scroll up").text == first.text


def test_the_setup_of_a_task_runs_in_the_applications_folder(web: WebEnvironment) -> None:
    seen = web.reset(
        at(
            "/",
            """python3 -c "import sqlite3; d = sqlite3.connect('notes.db')
d.execute('delete from note'); d.commit()" """,
        )
    )
    assert "Buy paint" not in seen.text
    assert "Buy paint" in web.reset(at("/")).text
    with pytest.raises(EnvironmentFault, match="the setup failed: no such thing"):
        web.reset(at("/", "echo no such thing; exit 3"))


def test_checks_tell_right_from_wrong(benchmark: FolderBenchmark) -> None:
    assert [proof.message for proof in validate(benchmark, workers=1)] == ["", "", ""]
    tasks = {task.parent: task for task in benchmark.tasks()}

    def failures(name: str, *written: str, answer: str = "") -> str:
        with benchmark.environment() as environment:
            start = environment.reset(tasks[name])
            steps = [
                Step(thought="", action=todo, observation=environment.step(todo))
                for todo in [*map(action, written), Action(tool=STOP, arguments={"answer": answer})]
            ]
            whole = Trajectory(task=tasks[name].id, start=start, steps=tuple(steps), stop="done")
            found = benchmark.failures(tasks[name], environment, whole)
            assert benchmark.grade(tasks[name], environment, whole) == (0.0 if found else 1.0)
            return "; ".join(found)

    plain = ('click [link "New note"]', 'type "Fix roof" into [textbox "Title:"]', 'click [button "Save"]')
    assert failures("urgent-note", *plain) == (
        "the last page shows 'plain', not 'urgent'; "
        "\"select kind from note where title = 'Fix roof'\" gives 'plain', not 'urgent'"
    )
    assert "the address is /, not /note/*; the last page has no element '.kind'" in failures("urgent-note")
    assert failures("how-many", answer=" 2. ") == ""
    assert failures("how-many", answer="12") == "the answer is '12', not '2'"
    assert failures("delete-paint", "goto /note/2", 'click [button "Delete"]') == "its check exits with 1"


def test_a_trajectory_holds_when_it_is_acted_again(benchmark: FolderBenchmark) -> None:
    task, written = benchmark.tasks()[0], benchmark.gold(benchmark.tasks()[0])[:-1]
    with benchmark.environment() as environment:
        start = environment.reset(task)
        steps = [Step(thought="", action=todo, observation=environment.step(todo)) for todo in written]
    whole = Trajectory(task=task.id, start=start, steps=tuple(steps), stop="done")
    with benchmark.environment() as environment:
        assert replay(environment, task, whole) == 4
    other = whole.model_copy(update={"steps": (*steps[:2], steps[3])})
    with benchmark.environment() as environment:
        assert replay(environment, task, other) == 2


def test_three_instances_share_no_state(benchmark: FolderBenchmark) -> None:
    together = threading.Barrier(3, timeout=60)

    def write(number: int) -> str:
        with benchmark.environment() as environment:
            environment.reset(at("/new"))
            together.wait()
            environment.step(action(f'type "Note of {number}" into [textbox "Title:"]'))
            environment.step(action('click [button "Save"]'))
            together.wait()
            return environment.step(action("goto /")).text

    with ThreadPoolExecutor(3) as pool:
        texts = list(pool.map(write, range(3)))
    for number, text in enumerate(texts):
        assert [f"Note of {other}" in text for other in range(3)] == [other == number for other in range(3)]


def test_the_help_pages_of_the_application_are_documentation(benchmark: FolderBenchmark) -> None:
    with reader(benchmark, print) as (docs, root, run, browse):
        found = list(ingest(docs, root, run, print, browse))
    assert [one.source for one in found] == ["/help", "/help/more"]
    assert "A note has a title and a kind." in found[0].text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            ('serve = "python3 serve.py"', 'serve = "echo no database; exit 7"'),
            "the application ended .exit code 7. before it came up: no database",
        ),
        (('ready = "/ready"', 'ready = "/slow"\nseconds = 0.2'), "did not answer at /slow within 0.2 s"),
        (
            ('"secret" into', '"wrong" into'),
            r"the login failed: the first page .Login - Notes. has no \[link \"Logout\"\]; it has ",
        ),
        (
            ('[textbox "User"]', '[textbox "Account"]'),
            r"the login failed at 'type \"ann\" into .*There is no .textbox \"Account\"",
        ),
    ],
)
def test_an_application_that_does_not_come_up_says_why(
    tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    broken = FolderBenchmark(notes(tmp_path / "notes", ENVIRONMENT.replace(*change)))
    with pytest.raises(EnvironmentFault, match=told), broken.environment():
        pass


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            ('serve = "python3 serve.py"', ""),
            "web: give either serve .how the application is started. or url",
        ),
        (('kind = "web"', ""), r"an environment of kind web has a table \[web\]"),
        (("[web]", '[web]\nclock = "noon"'), "clock 'noon' is no date and time such as"),
        (('ready = "/ready"', 'redy = "/ready"'), "unknown key web.redy; known here: serve, port, url"),
    ],
)
def test_a_declaration_that_is_wrong_is_told(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        FolderBenchmark(notes(tmp_path / "notes", ENVIRONMENT.replace(*change)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("click [link", "kick [link"), "task urgent-note: gold: There is no action 'kick'"),
        (('exact_match = "2"', ""), "an expect table needs at least one check"),
        (
            (', exact_match = "urgent" }', " }"),
            "a program_html needs exact_match, must_include or must_exclude",
        ),
    ],
)
def test_tasks_that_are_wrong_are_told(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        FolderBenchmark(notes(tmp_path / "notes", tasks=TASKS.replace(*change)))


def test_a_port_that_is_taken_is_replaced(tmp_path: Path) -> None:
    fixed = FolderBenchmark(notes(tmp_path / "notes", ENVIRONMENT.replace("[web]", "[web]\nport = 48123")))
    with fixed.environment() as one, fixed.environment() as other:
        assert isinstance(one, WebEnvironment) and isinstance(other, WebEnvironment)
        assert one.application.url == "http://127.0.0.1:48123" != other.application.url


def test_an_application_that_runs_already_is_put_back_by_its_command(
    benchmark: FolderBenchmark, tmp_path: Path
) -> None:
    with benchmark.environment() as shop:
        assert isinstance(shop, WebEnvironment)
        url = f'url = "{shop.application.url}"'
        calls = tmp_path / "calls"
        there = ENVIRONMENT.replace('serve = "python3 serve.py"', f"{url}\nreset = 'echo . >> {calls}'")
        with FolderBenchmark(notes(tmp_path / "notes", there)).environment() as environment:
            assert isinstance(environment, WebEnvironment)
            environment.reset(at("/"))
            seen = environment.reset(at("/note/2"))
            assert seen.text.startswith("URL: /note/2\nTitle: Call Ann") and seen.state
            assert calls.read_text() == ".\n.\n"
            with pytest.raises(EnvironmentFault, match="the state of an application at a url cannot be seen"):
                print(environment.home)
        broken = there.replace(f"echo . >> {calls}", "echo it is away; exit 4")
        failing = FolderBenchmark(notes(tmp_path / "broken", broken))
        away = pytest.raises(EnvironmentFault, match=r"web\.reset failed: it is away")
        with away, failing.environment() as environment:
            environment.reset(at("/"))


def test_an_application_can_be_started_anew_for_each_episode(tmp_path: Path) -> None:
    anew = FolderBenchmark(notes(tmp_path / "notes", ENVIRONMENT.replace("[web]", "[web]\nrestart = true")))
    with anew.environment() as environment:
        assert isinstance(environment, WebEnvironment)
        first = environment.reset(at("/"))
        process = environment.application._process
        environment.step(action("goto /note/1"))
        environment.step(action('click [button "Delete"]'))
        assert environment.reset(at("/")).key == first.key
        assert environment.application._process is not process


def test_an_application_that_dies_costs_one_episode(benchmark: FolderBenchmark) -> None:
    with pytest.raises(EnvironmentFault), benchmark.environment() as environment:
        assert isinstance(environment, WebEnvironment)
        environment.reset(at("/"))
        process = environment.application._process
        assert process is not None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        environment.step(action("goto /about"))
    with benchmark.environment() as environment:
        assert "All notes" in environment.reset(at("/")).text


def test_a_page_that_crashes_costs_one_episode(benchmark: FolderBenchmark) -> None:
    with pytest.raises(EnvironmentFault), benchmark.environment() as environment:
        environment.reset(at("/crash"))
        assert isinstance(environment, WebEnvironment)
        with suppress(Exception):
            environment.session.page.goto("chrome://crash", timeout=2000)
        environment.step(action("goto /"))
    with benchmark.environment() as environment:
        assert "All notes" in environment.reset(at("/")).text


def test_a_page_that_hangs_costs_one_episode(
    benchmark: FolderBenchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "STUCK", 12.0)
    silent = pytest.raises(EnvironmentFault, match="did not answer for 12 s")
    with silent, benchmark.environment() as environment:
        environment.reset(at("/crash"))
        environment.step(action('click [button "Hang"]'))
    monkeypatch.undo()
    with benchmark.environment() as environment:
        assert "All notes" in environment.reset(at("/")).text


def test_a_browser_that_is_missing_is_told(
    benchmark: FolderBenchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LBI_CHROMIUM", "/nowhere/chromium")

    def enter() -> str:
        with pytest.raises(ConfigError) as error, benchmark.environment() as environment:
            environment.reset(at("/"))
        return str(error.value)

    # A thread that has no browser yet.
    with ThreadPoolExecutor(1) as pool:
        assert "LBI_CHROMIUM=/nowhere/chromium: there is no such program" in pool.submit(enter).result()
