"""What actions do to all kinds of widgets, in a real browser, and what is said of those that are not done."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from learn_by_interact.benchmarks.folder import FolderBenchmark
from learn_by_interact.environments.web import application
from learn_by_interact.environments.web.actions import WebActions, action
from learn_by_interact.environments.web.environment import WebEnvironment
from learn_by_interact.errors import ConfigError, EnvironmentFault, ParseError
from learn_by_interact.types import Observation, Task

LISTS = """<style>.off { display: none }</style>
<div role=listbox aria-label=Static><div role=option>Low</div><div role=option>Lower</div></div>
<div id=box role=combobox tabindex=0 aria-label=Priority aria-expanded=false>none</div>
<div role=listbox id=drawn class=off><div role=option>Slow lane</div><div role=option>Low</div>
  <div role=option>High (at once)</div></div>
<div role=listbox aria-label=Colour id=colour><div role=option>Dark red</div><div role=option>Red</div></div>
<input role=combobox aria-label=Fruit aria-owns=fruits id=fruit>
<ul role=listbox id=fruits><li role=option>Pineapple<li role=option>Apple</ul>
<input role=combobox aria-label=City id=city aria-controls=cities><ul role=listbox id=cities></ul>
<label>Size <select id=size><option>S<option>M<option disabled>XL</select></label>
<label>Tags <select id=tags multiple><option>red<option>green<option>blue</select></label>
<input aria-label=Tool list=tools><datalist id=tools><option value=Hammer><option value=Saw></datalist>
<p id=said></p>
<script>
box.onclick = () => { drawn.classList.toggle('off'); box.ariaExpanded = !drawn.matches('.off') };
for (const one of document.querySelectorAll('[role=option]')) one.onclick = () => {
    said.textContent = `chose ${one.textContent.trim()} of ${one.parentNode.id}`;
    if (one.parentNode === drawn) box.click();
};
// Its options come from a server, a moment after the last key.
let timer;
city.onkeyup = () => { clearTimeout(timer); timer = setTimeout(() => {
    cities.innerHTML = ['Bergen', 'Berlin'].filter(one => one.includes(city.value)).map(
        one => `<li role=option onclick="said.textContent = 'city ' + this.textContent">${one}`).join('');
}, 200) };
</script>"""
PAGES = {
    "/": '<h1>Home</h1><a href="/next">Next</a>',
    "/next": "<h1>Next</h1>",
    "/lists": LISTS,
    "/frame": '<iframe src="/lists" width=900 height=800></iframe>',
    "/keys": """<input aria-label=Search id=q><p id=said>all</p>
        <input aria-label=Mask id=mask><input aria-label=Upper id=upper><input aria-label=Greedy id=greedy>
        <textarea aria-label=Long></textarea><input type=number aria-label=Count>
        <input type=date aria-label=Day><div contenteditable role=textbox aria-label=Body>old</div>
        <input aria-label=Fixed value=a readonly><p id=keys></p><script>
        let timer;
        q.onkeyup = () => {
            clearTimeout(timer);
            timer = setTimeout(() => said.textContent = `only ${q.value}`, 300);
        };
        mask.oninput = () => mask.value = mask.value.replace(/\\D/g, '').replace(/(\\d{3})(?=\\d)/g, '$1-');
        upper.onkeyup = () => upper.value = upper.value.toUpperCase();
        greedy.onkeypress = event => greedy.value += event.key;
        document.onkeydown = event => keys.textContent += event.key;
        </script>""",
    "/form": """<form action=/next><label>Name <input name=name required></label>
        <label>Age <input type=number max=9 name=age></label>
        <button>Save</button><button formnovalidate>Draft</button>
        <button type=button onclick="this.textContent = 'Seen'">Look</button></form>
        <form onsubmit="event.preventDefault(); this.reset(); done.textContent = 'stored'">
        <label>Title <input required></label><button>Store</button></form><p id=done></p>""",
    "/boxes": """<label><input type=checkbox checked> Remember</label>
        <div role=switch aria-checked=false tabindex=0 aria-label=Beta
        onclick="this.ariaChecked = this.ariaChecked !== 'true'">b</div>
        <label><input type=radio name=a checked> One</label>
        <label><input type=radio name=a> Two</label><label>Attachment <input type=file></label>
        <button onclick="said.textContent = prompt('New name?', 'old')">Rename</button>
        <button ondblclick="said.textContent = 'twice'">Twice</button><p id=said></p>""",
    "/tab": """<div id=r></div><script>function show() { r.innerHTML = sessionStorage.token
        ? '<button onclick="sessionStorage.clear(); location.reload()">Sign out</button>'
        : `<label>User <input id=user></label>
           <button onclick="sessionStorage.token = user.value; show()">Sign in</button>` }
        show()</script>""",
    "/lost": """<div id=r></div><script>function show() { r.innerHTML = window.name
        ? '<button>Sign out</button>'
        : `<label>User <input id=user></label>
           <button onclick="window.name = user.value; show()">Sign in</button>` }
        show()</script>""",
}
LOGIN = """login = ['type "ann" into [textbox "User"]', 'click [button "Sign in"]']
logged_in = 'button "Sign out"'"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = PAGES.get(self.path.partition("?")[0], "<h1>None</h1>").encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Page</title>" + text)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()


@contextmanager
def environment(folder: Path, url: str, more: str = "") -> Iterator[WebEnvironment]:
    written = f'name = "notes"\ndescription = "Notes."\nkind = "web"\n[web]\nurl = "{url}"\n{more}\n'
    (folder / "environment.toml").write_text(written)
    made = FolderBenchmark(folder).environment()
    assert isinstance(made, WebEnvironment)
    with made:
        yield made


@pytest.fixture(scope="module")
def web(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebEnvironment]:
    with environment(tmp_path_factory.mktemp("web"), address) as made:
        yield made
    application.close_all()


def at(web: WebEnvironment, page: str) -> str:
    return web.reset(Task(environment="notes", instruction="", setup={"page": page})).text


def do(web: WebEnvironment, *written: str) -> Observation:
    for one in written:
        seen = web.step(action(one))
    return seen


@pytest.mark.parametrize("page", ["/lists", "/frame"])
def test_an_option_of_a_list_that_the_page_draws_is_chosen_by_its_own_name(
    web: WebEnvironment, page: str
) -> None:
    at(web, page)
    for written, told in (
        ('select "Low" in [combobox "Priority"]', "chose Low of drawn"),
        ('select "High" in [combobox "Priority"]', "chose High (at once) of drawn"),
        ('select "Red" in [listbox "Colour"]', "chose Red of colour"),
        ('select "Apple" in [combobox "Fruit"]', "chose Apple of fruits"),
        ('select "Berlin" in [combobox "City"]', "city Berlin"),
        ('select "Saw" in [combobox "Tool"]', "Saw"),
    ):
        seen = do(web, written)
        assert not seen.failed and told in seen.text, seen.text


def test_a_list_that_is_open_already_is_chosen_from(web: WebEnvironment) -> None:
    at(web, "/lists")
    web.session.page.click("#box")
    assert "chose Low of drawn" in do(web, 'select "Low" in [combobox "Priority"]').text


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            'select "Medium" in [combobox "Priority"]',
            '[combobox "Priority"] has no option "Medium". It has "Slow lane", "Low", "High (at once)".',
        ),
        ('select "Blue" in [listbox "Colour"]', 'has no option "Blue". It has "Dark red", "Red".'),
        ('select "Plum" in [combobox "Fruit"]', 'has no option "Plum". It has "Pineapple", "Apple".'),
        ('select "Oslo" in [combobox "City"]', '[combobox "City"] shows no options, and so not "Oslo".'),
        ('select "XL" in [combobox "Size"]', 'The option "XL" of [combobox "Size"] is disabled.'),
    ],
)
def test_an_option_that_is_not_there_is_answered_with_those_that_are(
    web: WebEnvironment, written: str, told: str
) -> None:
    at(web, "/lists")
    seen = do(web, written)
    assert seen.failed and told in seen.text and "Locator" not in seen.text, seen.text


def test_what_is_chosen_in_a_list_of_several_is_added(web: WebEnvironment) -> None:
    at(web, "/lists")
    seen = do(web, 'select "blue" in [listbox "Tags"]', 'select "red" in [listbox "Tags"]')
    assert '[listbox "Tags"] is "red", "blue" of "red"' in seen.text
    assert not do(web, 'select "red" in [listbox "Tags"]').failed


def test_a_search_that_listens_to_keys_is_told_of_them_and_waited_for(web: WebEnvironment) -> None:
    at(web, "/keys")
    seen = do(web, 'type "Slow" into [textbox "Search"]')
    assert "only Slow" in seen.text and seen.text.count("\n+ w") == 1, seen.text


@pytest.mark.parametrize(
    ("field", "text", "held"),
    [
        ("textbox Mask", "123456", "123-456"),
        ("textbox Upper", "abc", "ABC"),
        ("textbox Greedy", "abc", "abc"),
        ("textbox Long", "line\n" * 300 + "end", "line\n" * 300 + "end"),
        ("textbox Long", "Zoë 漢", "Zoë 漢"),
        ("textbox Long", "", ""),
        ("spinbutton Count", "-1.5", "-1.5"),
        ("textbox Day", "June 30, 2024", "2024-06-30"),
        ("textbox Body", "new\ntext", "new\ntext"),
    ],
)
def test_fields_hold_what_was_typed(web: WebEnvironment, field: str, text: str, held: str) -> None:
    at(web, "/keys")
    role, _, label = field.partition(" ")
    typed = WebActions().parse(f'ACTION: type "x" into [{role} "{label}"]')[1]
    seen = web.step(typed.model_copy(update={"arguments": {**typed.arguments, "text": text}}))
    assert not seen.failed, seen.text
    place = web.session.page.locator(f"[aria-label={label}]")
    assert place.evaluate("one => one.value ?? one.innerText") == held


def test_what_a_field_does_not_take_is_said(web: WebEnvironment) -> None:
    at(web, "/keys")
    begin = time.monotonic()
    assert do(web, 'type "x" into [textbox "Fixed"]').text.endswith('[textbox "Fixed"] is read-only.')
    assert time.monotonic() - begin < 3
    assert '[spinbutton "Count"] takes a number, and not "a few".' in (
        do(web, 'type "a few" into [spinbutton "Count"]').text
    )


def test_a_form_that_the_browser_holds_back_was_not_sent_and_says_why(web: WebEnvironment) -> None:
    at(web, "/form")
    told = 'The form was not sent because of [textbox "Name"]: Please fill out this field.'
    for written in ('click [button "Save"]', "press Enter"):
        seen = do(web, written)
        assert seen.failed and seen.text.endswith(told), seen.text
        do(web, 'click [textbox "Name"]')
    seen = do(
        web, 'type "Ann" into [textbox "Name"]', 'type "12" into [spinbutton "Age"]', 'click [button "Save"]'
    )
    assert seen.failed and '[spinbutton "Age"]: Value must be less than or equal to 9.' in seen.text
    assert not do(web, 'click [button "Look"]').failed
    assert do(web, 'click [button "Draft"]').text.startswith("URL: /next?name=Ann&age=12")
    # A script sends it, and empties it.
    at(web, "/form")
    seen = do(web, 'type "One" into [textbox "Title"]', 'click [button "Store"]')
    assert not seen.failed and "stored" in seen.text
    assert do(web, 'click [button "Store"]').text.endswith(
        'of [textbox "Title"]: Please fill out this field.'
    )


def test_a_box_is_checked_once(web: WebEnvironment) -> None:
    at(web, "/boxes")
    page = web.session.page
    box, switch = page.locator("input[type=checkbox]"), page.locator("[role=switch]")
    for verb, ticked in (("check", True), ("uncheck", False), ("uncheck", False), ("check", True)):
        assert not do(web, f'{verb} [checkbox "Remember"]', f'{verb} [switch "Beta"]').failed
        assert box.is_checked() is ticked and switch.get_attribute("aria-checked") == str(ticked).lower()
    assert '[radio "Two"] checked' in do(web, 'check [radio "Two"]').text
    assert do(web, 'uncheck [radio "Two"]').failed
    done = action('check [checkbox "Remember"]')
    assert WebActions().parse(WebActions().reply("", done))[1] == done


def test_what_a_dialog_was_given_is_told_and_that_no_file_is_there(web: WebEnvironment) -> None:
    at(web, "/boxes")
    seen = do(web, 'click [button "Rename"]')
    assert (
        'A dialog (prompt) was accepted with the text "old": New name?' in seen.text and "+ old" in seen.text
    )
    for _ in range(2):
        assert "\nA file was asked for: there is none here that could be uploaded.\n" in (
            do(web, 'click [button "Attachment"]').text
        )
    assert "twice" in do(web, 'double_click [button "Twice"]').text


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('drag [button "A"] to [button "B"]', "Nothing can be dragged here; there are click, double_click"),
        ('upload "a.txt" into [button "Attachment"]', "There is no file here that could be uploaded;"),
    ],
)
def test_what_there_is_not_is_answered_with_what_there_is(written: str, told: str) -> None:
    with pytest.raises(ParseError, match=told):
        WebActions().parse(f"ACTION: {written}")


def test_who_cannot_go_back_stays(web: WebEnvironment) -> None:
    first = at(web, "/")
    assert "Home" in first
    for written, side in (("back", "before"), ("forward", "after")):
        seen = do(web, written)
        assert seen.failed and seen.text.startswith("URL: /\n")
        assert seen.text.endswith(f"There is no page {side} this one.")
    assert do(web, 'click [link "Next"]', "back").text.startswith("URL: /\n")
    assert do(web, "forward").text.startswith("URL: /next\n")


def test_a_login_that_a_tab_keeps_is_there_in_each_episode(address: str, tmp_path: Path) -> None:
    with environment(tmp_path, address, f'home = "/tab"\n{LOGIN}') as web:
        for _ in range(2):
            assert 'button "Sign out"' in at(web, "/tab")
        assert 'button "Sign out"' in do(web, "goto /", "goto /tab").text
        assert "Sign out" in str(web.text_of("/tab", ""))
        # Who logs out stays so.
        assert 'button "Sign in"' in do(web, 'click [button "Sign out"]').text
        assert 'button "Sign in"' in do(web, "goto /", "goto /tab").text


def test_a_login_that_is_lost_is_told(address: str, tmp_path: Path) -> None:
    told = r"the login is not there in a new session of the browser: .* has no .button \"Sign out\""
    with (
        pytest.raises(EnvironmentFault, match=told),
        environment(tmp_path, address, f'home = "/lost"\n{LOGIN}'),
    ):
        pass


@pytest.mark.parametrize("login", ["zoom in", "click"])
def test_an_action_of_the_login_that_is_none_is_told_with_its_key(
    address: str, tmp_path: Path, login: str
) -> None:
    with (
        pytest.raises(ConfigError) as error,
        environment(tmp_path, address, f"login = ['{login}']\nlogged_in = 'link \"Next\"'"),
    ):
        pass
    said = str(error.value)
    assert said.startswith(f"{tmp_path}/environment.toml: web.login: '{login}': ") and "\n" not in said
    assert "Reply" not in said


def test_an_application_that_does_not_run_is_told(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    told = f"web.url: {url}/ could not be opened: nothing answers there; start the application"
    with pytest.raises(EnvironmentFault, match=told), environment(tmp_path, url):
        pass


def test_a_selector_that_is_none_is_told(web: WebEnvironment) -> None:
    at(web, "/")
    with pytest.raises(EnvironmentFault) as error:
        web.text_of("/next", "h1[[")
    assert str(error.value) == "'h1[[' is no selector: write it as CSS does"
