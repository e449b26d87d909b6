"""Looking a web application over in a real browser, and the forms that a page has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from learn_by_interact.benchmarks.folder import FolderBenchmark
from learn_by_interact.environments.places import Place, Surveyed, forms
from learn_by_interact.environments.web import application
from learn_by_interact.environments.web.environment import WebEnvironment
from learn_by_interact.environments.web.survey import Looked, Way
from learn_by_interact.stages.plans import plans
from learn_by_interact.types import Document, Task
from shop import ENVIRONMENT, notes

NEW = """\
[textbox "Summary:"] contains "A \\"quoted\\" text"
[combobox "Type:"] is "defect" of "defect", "task" [textbox] [textbox "Never"] disabled
[checkbox "Mine"] not checked [link "Formatting"]
[button "Preview"] [button "Create"] [button "Cancel"]
[textbox "Search:"] [button "Go"]
[textbox "Loose"]"""


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WebEnvironment, tuple[Place, ...]]]:
    written = ENVIRONMENT.replace("[web]", '[web]\noverview = ["/ways", "/hand"]')
    folder = notes(tmp_path_factory.mktemp("survey") / "notes", written)
    environment = FolderBenchmark(folder).environment()
    assert isinstance(environment, WebEnvironment) and isinstance(environment, Surveyed)
    with environment:
        environment.reset(Task(environment="notes", instruction=""))
        yield environment, environment.survey()
    application.close_all()


def test_pages_are_reached_by_links_and_by_buttons_that_change_nothing(
    surveyed: tuple[WebEnvironment, tuple[Place, ...]],
) -> None:
    paths = {place.path: place for place in surveyed[1]}
    assert surveyed[1][0].path == () and "# All notes" in surveyed[1][0].text
    assert "# New note" in paths['click [link "New note"]',].text
    assert "# Slowly" in paths["goto /ways", 'click [button "Wait"]'].text
    assert ("goto /ways", 'click [button "Write one"]') not in paths, "its form is that of New note"
    (form,) = (one for one in paths["goto /ways", 'click [button "Rename all"]'].forms if one.fields)
    assert [field.label for field in form.fields] == ["New name", "All"]
    assert [button.label for button in form.buttons] == ["Rename"], "Cancel ends nothing"
    reached = [place.title for place in surveyed[1]]
    assert reached.count("About") == 2, (
        "there are six, alike; all titles end with the name of the application"
    )
    assert not any("Help" in title or "Login" in title for title in reached), "documentation, and the way out"


def test_what_is_ticked_is_a_way_where_more_can_be_done_then(
    surveyed: tuple[WebEnvironment, tuple[Place, ...]],
) -> None:
    paths = {place.path: place for place in surveyed[1]}
    hand = 'click [radio "hand over"]'
    (form,) = (one for one in paths["goto /hand", hand].forms if one.fields)
    assert next(field for field in form.fields if field.label == "to").options == ("ann", "ben")
    ticked = [path for path in paths if path[:1] == ("goto /hand",) and len(path) > 1]
    assert ticked == [("goto /hand", hand)], "the box opens nothing"


def test_what_was_pressed_is_put_back_and_the_application_is_looked_over_once(
    surveyed: tuple[WebEnvironment, tuple[Place, ...]],
) -> None:
    environment, places = surveyed
    assert any(
        button.label == "Delete" for place in places for form in place.forms for button in form.buttons
    )
    environment.reset(Task(environment="notes", instruction=""))
    assert environment.text_of("/", "table") is not None
    assert "Buy paint" in str(environment.text_of("/", "table"))
    assert environment.survey() is places


def test_what_is_there_many_times_is_known_as_one_of_many(
    surveyed: tuple[WebEnvironment, tuple[Place, ...]],
) -> None:
    environment, places = surveyed
    note = next(place for place in places if place.title.startswith("Buy paint"))
    assert note.path == ('click [link "#1"]',)
    assert note.alike == ('click [link "#2"]', 'click [link "#3"]'), "each once, of the two links of its row"
    other = environment.another(note, note.alike[1])
    assert other.path == ('click [link "#3"]',) and other.title == "Call Ben" and "# Call Ben" in other.text
    assert [form.buttons for form in other.forms] == [form.buttons for form in note.forms]
    (way,) = (place.path for place in places if place.title == "Long")
    assert way == ("goto /ways", 'click [link "A long page"]'), (
        "not by a note, though a note was looked at first"
    )
    many = {place.path[0] for place in places if place.alike}
    assert many <= {f'click [link "#{n}"]' for n in (1, 2, 3)}, "the rest is there once"


def test_an_application_that_a_button_ends_was_seen_until_then_and_is_started_again(tmp_path: Path) -> None:
    folder = notes(tmp_path / "ends", ENVIRONMENT.replace("[web]", '[web]\noverview = ["/end"]'))
    benchmark = FolderBenchmark(folder)
    ended, again = benchmark.environment(), benchmark.environment()
    assert isinstance(ended, WebEnvironment) and isinstance(again, WebEnvironment)
    with ended:
        ended.reset(Task(environment="notes", instruction=""))
        titles = [place.title for place in ended.survey()]
        assert "End" in titles and not ended.application.alive
    with again:
        assert "All notes" in again.reset(Task(environment="notes", instruction="")).text
        assert [place.title for place in again.survey()] == titles


def test_a_form_is_its_fields_and_the_buttons_after_them() -> None:
    create, search, loose = forms(NEW)
    assert [field.element for field in create.fields] == [
        'textbox "Summary:"', 'combobox "Type:"', 'checkbox "Mine"',
    ]  # fmt: skip
    summary, kind, _ = create.fields
    assert summary.value == 'A "quoted" text'
    assert (kind.value, kind.options) == ("defect", ("defect", "task"))
    assert [button.label for button in create.buttons] == ["Create"]
    assert [button.label for button in search.buttons] == ["Go"]
    assert [one.label for one in loose.fields] == ["Loose"] and not loose.buttons, "Enter sends it"
    assert (loose.sends, create.sends, search.sends) == (("press Enter",), (), ())
    assert len(forms(NEW + ' [textbox "More"]')) == 2, "several fields that nothing holds together"


def test_elements_of_one_form_belong_together_wherever_they_stand() -> None:
    together = {'textbox "Summary:"': 0, 'button "Go"': 0, 'textbox "Search:"': 1, 'button "Create"': 1}
    first, second = (form for form in forms(NEW, together) if form.fields and form.buttons)
    assert ([one.label for one in first.fields], first.buttons[0].label) == (["Summary:"], "Go")
    assert ([one.label for one in second.fields], second.buttons[0].label) == (["Search:"], "Create")


def test_what_has_to_be_filled_in_is_filled_in_with_each_field(
    surveyed: tuple[WebEnvironment, tuple[Place, ...]],
) -> None:
    place, _ = surveyed[0].arrive("/member", ("goto /member",))
    (form,) = place.forms
    assert [one.label for one in form.fields if one.required] == ["Name", "Mail", "Kind *"]
    section = Document(source="manual", title="Members", text="A member has a phone.", begin=1, end=2)
    found = [tuple(one.label for one in plan.fields) for plan in plans(section, (place,), 6, 0)]
    assert set(found) == {("Name", "Mail", "Kind *", "Phone"), ("Name", "Mail", "Kind *")}


def test_pages_are_alike_that_differ_by_a_number_or_a_name_and_show_the_same() -> None:
    looked = Looked()
    tickets = [Way((f"goto /ticket/{n}",), f"/ticket/{n}?page={n}") for n in range(1, 7)]
    assert tickets[0].kind == tickets[5].kind != Way((), "/ticket/1/edit").kind
    issues = [Way((), f"/t/issue{n}") for n in (3, 12)]
    assert issues[0].kind == issues[1].kind != Way((), "/t/user3").kind
    assert Way((), "/n/a1b2c3").kind == Way((), "/n/f00d42-7").kind, "of such names no part is a kind"
    looked.add(tickets[0], ("button",))
    assert not looked.enough(tickets[1]) and looked.order(tickets[1]) > looked.order(Way((), "/report"))
    looked.add(tickets[1], ("button",))
    assert looked.enough(tickets[2])

    models = [Way((f"goto /admin/{name}/add",), f"/admin/{name}/add") for name in "abcdefgh"]
    for model in models[:4]:
        looked.add(model, (model.address,))
    assert not looked.enough(models[4]) and looked.order(models[4]) == (0, True, 0), (
        "each shows something else"
    )
    opened = Way((), "/ticket/1", ('link "Modify"',))
    assert looked.order(opened) < looked.order(Way((), "/timeline")), "a form is known to be there"
    for model in models[4:]:
        looked.add(model, ("/admin/a/add",))
    further = Way((), "/admin/z/add")
    assert looked.enough(further) and looked.order(further) > looked.order(Way((), "/admin/z"))
    for top in ("/report", "/roadmap", "/search", "/wiki", "/about", "/login"):
        looked.add(Way((), top), ())
    assert not looked.enough(Way((), "/timeline")), "what stands first in an address is of different kinds"
