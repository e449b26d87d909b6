"""Looking a desktop application over: its menus, its dialogs, and the tasks that are planned on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desk import ENVIRONMENT, Episode, editor, needs_desktop
from learn_by_interact.environments.desktop.config import Desktop
from learn_by_interact.environments.desktop.environment import DesktopEnvironment
from learn_by_interact.environments.desktop.screen import Item, Screen
from learn_by_interact.environments.desktop.sheet import Sheet, selections
from learn_by_interact.environments.desktop.survey import Survey
from learn_by_interact.environments.places import Place, Surveyed
from learn_by_interact.stages.plans import plans
from learn_by_interact.types import Document, Observation

LINES = "Go to a line by its number: choose Search, and say where to jump."


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Episode, dict[str, Place]]]:
    environment = Episode(editor(tmp_path_factory.mktemp("survey") / "notes", ENVIRONMENT + "places = 1\n"))
    assert isinstance(environment, Surveyed)
    yield environment, {place.title: place for place in environment.survey([LINES])}


@needs_desktop
def test_the_dialog_that_the_documents_speak_of_is_opened_first(
    surveyed: tuple[Episode, dict[str, Place]],
) -> None:
    places = surveyed[1]
    dialogs = [title for title, place in places.items() if any(form.fields for form in place.forms)]
    assert dialogs == ["~/list.txt - Mousepad", "Go To"], "one was asked for, and Find and Replace is another"
    assert places["Go To"].path == ('click [menuitem "Search > Go to..."]',)
    (form,) = places["Go To"].forms
    assert [field.label for field in form.fields] == ["Line number:", "Column number:"]
    assert [button.label for button in form.buttons] == ["Jump to"], "Cancel ends nothing"


@needs_desktop
def test_items_of_menus_that_act_at_once_are_places_but_not_those_that_lead_out(
    surveyed: tuple[Episode, dict[str, Place]],
) -> None:
    environment, places = surveyed
    upper = places["Edit > Convert > To Uppercase"]
    assert "milk" in upper.text and upper.after == ("press Control+s",)
    assert not [title for title in places if "Quit" in title or "Close" in title or title.startswith("Help")]
    languages = [title for title in places if title.startswith("Document > Filetype > Source > ")]
    assert len(languages) == 12, "they are one choice"
    assert environment.survey() == tuple(places.values()), "looked over once"
    assert environment.survey() is environment.survey()


@needs_desktop
def test_a_plan_on_a_menu_does_what_it_says_and_saves(
    surveyed: tuple[Episode, dict[str, Place]], tmp_path: Path
) -> None:
    document = Document(source="a", title="Convert", text="Convert to uppercase.", begin=0, end=20)
    known = plans(document, tuple(surveyed[1].values()), 2, 0)
    plan = next(one for one in known if one.buttons[0].label.endswith("To Uppercase"))
    _, todo = plan.read({"task": "Put list.txt in capitals."})
    assert todo == ('click [menuitem "Edit > Convert > To Uppercase"]', "press Control+s")
    with Episode(editor(tmp_path / "notes")) as episode:
        episode.begin()
        episode.do("press Control+a", *todo)
        assert (episode.home / "list.txt").read_text() == "MILK\nBREAD\n"


@needs_desktop
def test_a_text_that_fills_the_window_is_written_and_saved(
    surveyed: tuple[Episode, dict[str, Place]], tmp_path: Path
) -> None:
    document = Document(source="a", title="Text", text="Write a text.", begin=0, end=13)
    place = surveyed[1]["~/list.txt - Mousepad"]
    (plan,) = (one for one in plans(document, (place,), 1, 0) if one.fields)
    assert "press" not in plan.form()["properties"], "there is no button"
    _, todo = plan.read({"values": {"the text": "tea"}, "task": "Write tea."})
    with Episode(editor(tmp_path / "notes")) as episode:
        episode.begin()
        episode.do(*todo)
        assert (episode.home / "list.txt").read_text().strip() == "tea"


def _sheet(rows: int) -> dict[str, Item]:
    held = {
        "A1": "Name",
        "B1": "Hours",
        "A2": "Ann",
        "B2": "30",
        "A3": "Ben",
        "B3": "20",
        "A4": "Cy",
        "B4": "9",
    }
    cells = [f"{column}{row}" for row in range(1, rows) for column in "ABC"]
    return {f'cell "{one}"': _item("cell", one, text=held.get(one, "")) for one in cells}


def _item(role: str, label: str, path: str = "", **node: str) -> Item:
    box = None if path else (0, 0, 9, 9)
    full = {"states": ["enabled", "sensitive"], "children": [], **node}
    return Item(role, label, full, box, "menu" if path else "", path)


class Sheets:
    """Stands for an environment whose windows are given."""

    name = "sheets"

    def __init__(self) -> None:
        items = ["File > Save", "Sheet > Delete Rows", "Sheet > Rename Sheet...", "Insert > Image..."]
        menus = {f'menuitem "{one}"': _item("menuitem", one, one) for one in items}
        usual = _item("button", "")
        tools = {
            f'button "{one}"': Item("button", one, usual.node, usual.box, "Standard")
            for one in ("Bold", "Image")
        }
        self.screen = Screen(
            lines=("Window: staff", "| A | B | C", "1 | Name | Hours", "4 | Cy | 9"),
            elements={**_sheet(9), **menus, **tools},
            titles=("staff",),
            content=("| A | B | C", "1 | Name | Hours", "4 | Cy | 9"),
        )


def test_in_a_sheet_something_is_selected_first_and_cells_are_fields() -> None:
    found = {place.title: place for place in _places(Sheets())}
    delete = found["Sheet > Delete Rows"]
    assert delete.before == ('click [cell "A1:B1"]',), "one after the other: the heads, a cell, a column"
    assert delete.text.startswith(
        "Window: staff\nSelected: A1:B1, the heads of the columns.\n| A | B | C\n1 | Name"
    )
    labels = [field.label for field in found["staff"].forms[0].fields]
    assert labels[0] == "cell A4, in the column Name"
    assert "cell C1, the heading of a new column" in labels and "cell C2, a formula over row 2" in labels
    assert "Bold" in found and "Image" not in found, "it opens the dialog of Insert > Image..."
    assert "Sheet > Rename Sheet..." not in found, "it opens a dialog, and none was asked for"


def _places(here: Sheets) -> tuple[Place, ...]:
    class Environment(Sheets):
        desktop = Desktop(start="sheets")

        def __enter__(self) -> Environment:
            return self

        def __exit__(self, *_: object) -> None: ...

        def reset(self, _: object) -> Observation:
            return Observation(text="", key="")

    begin: type[DesktopEnvironment] = Environment  # type: ignore[assignment]
    return Survey(begin, 0).places()


def test_every_third_selection_is_on_another_sheet() -> None:
    screen = Sheets().screen
    one, other = Sheet(screen), Sheet(screen, 'tab "Prices"')
    chosen = [found.actions for found in selections([one, other], 7)]
    assert [len(actions) for actions in chosen] == [1, 1, 2, 1, 1, 2, 1]
    assert chosen[2] == ('click [tab "Prices"]', 'click [cell "A1:B1"]')
    alone = [found.actions for found in selections([one], 5)]
    assert alone == [chosen[0], chosen[1], chosen[3], chosen[4], chosen[6]], "in turn, none left out"
    told = selections([one, other], 3)[2].told
    assert told[0] == 'Selected: A1:B1, the heads of the columns, after a click on [tab "Prices"].'
    nothing = Sheet(Screen(lines=(), elements={}, titles=("a",), content=()))
    assert [found.actions for found in selections([nothing, other], 2)] == [(), ()]
