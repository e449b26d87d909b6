"""A page as text: what can be acted on has a name, what is particular to the page comes first."""

from __future__ import annotations

from learn_by_interact.environments.places import plain
from learn_by_interact.environments.web.layout import changed, laid_out, part_of, parts, sampled
from learn_by_interact.environments.web.nodes import read
from learn_by_interact.environments.web.snapshot import view

SNAPSHOT = r"""
- banner [ref=e1]:
  - link "Home" [ref=e2] [cursor=pointer]:
    - /url: /
- main [ref=e3]:
  - heading "All tickets" [level=1] [ref=e4]
  - paragraph [ref=e5]:
    - text: See
    - 'link "the ''guide'': part \"2\"" [ref=e6] [cursor=pointer]':
      - /url: /guide
    - text: "for: help"
  - table [ref=e7]:
    - rowgroup [ref=e8]:
      - row "1 Printer Edit" [ref=e9]:
        - cell "1" [ref=e10]
        - cell "Printer" [ref=e11]
        - cell "Edit" [ref=e12]:
          - link "Edit" [ref=e13] [cursor=pointer]
      - row "2 Phone Edit" [ref=e14]:
        - cell "2" [ref=e15]
        - cell "Phone" [ref=e16]
        - cell "Edit" [ref=e17]:
          - link "Edit" [ref=e18] [cursor=pointer]
  - generic [ref=e19]:
    - generic [ref=e20]: "Summary:"
    - textbox "Summary:" [active] [ref=e21]: on "fire"
    - combobox "Type:" [ref=e22]:
      - option "defect" [selected]
      - option "task"
    - checkbox "Urgent" [checked] [ref=e23]
    - button "Save" [disabled] [ref=e24]
    - textbox [ref=e25]
    - textbox "Search" [ref=e26]:
      - /placeholder: words
  - generic [ref=e27] [cursor=pointer]:
    - generic [ref=e28]: Card one
  - 'link "a: b" [ref=e29]'
  - alert [ref=e30]: Saved.
"""


def test_what_can_be_acted_on_stands_in_brackets_under_its_own_name() -> None:
    seen = view(read(SNAPSHOT))
    assert list(seen.lines) == [
        '[link "Home"]',
        "# All tickets",
        'See [link "the \'guide\': part \\"2\\""] for: help',
        '1 | Printer | [link "Edit (Printer)"]',
        '2 | Phone | [link "Edit (Phone)"]',
        '[textbox "Summary:"] contains "on \\"fire\\"" [combobox "Type:"] is "defect" of "defect", "task" '
        '[checkbox "Urgent"] checked [button "Save"] disabled [textbox] [textbox "Search"] '
        '[clickable "Card one"] [link "a: b"]',
        "alert: Saved.",
    ]
    assert seen.elements['link "Edit (Phone)"'].ref == "e18"
    assert seen.elements['clickable "Card one"'].ref == "e27"


FORM = r"""
- table "Fields" [ref=e1]:
  - row [ref=e2]:
    - cell "Owner" [ref=e3]
    - cell [ref=e4]:
      - combobox [ref=e5]:
        - option "ann" [selected]
        - option "ben"
        - option "chloe"
- checkbox "Due:" [checked] [ref=e6]
- textbox [ref=e7]: "2024-06-21"
- group "Action" [ref=e8]:
  - radio "leave" [checked] [ref=e9]
  - text: as it is
  - radio "hand over" [ref=e10]
  - text: hand over to
  - combobox [disabled] [ref=e11]:
    - option "ann" [selected]
    - option "ben"
    - option "chloe"
- region "Notes" [ref=e12]:
  - heading "Notes" [level=2] [ref=e13]
  - list [ref=e14]:
    - listitem [ref=e15]:
      - link "One" [ref=e16]
    - listitem [ref=e17]:
      - link "Two" [ref=e18]
  - list [ref=e19]:
    - listitem [ref=e20]: Alone
"""


def test_a_field_without_a_name_has_that_of_what_stands_before_it() -> None:
    assert list(view(read(FORM)).lines) == [
        'table "Fields":',
        '[combobox "Owner"] is "ann" of "ann", "ben", "chloe"',
        '[checkbox "Due:"] checked [textbox "Due:"] contains "2024-06-21"',
        'group "Action": [radio "leave"] checked as it is',
        '[radio "hand over"] [combobox "hand over to"] is "ann" of the same as combobox "Owner" disabled',
        "## Notes",
        '[link "One"] [link "Two"]',
        "- Alone",
    ]


TREE = r"""
- list [ref=e1]:
  - listitem [ref=e2]:
    - paragraph [ref=e3]:
      - link "Expenses" [ref=e4]
      - text: "30"
    - list [ref=e5]:
      - listitem [ref=e6]:
        - paragraph [ref=e7]:
          - link "Rent" [ref=e8]
          - text: "10"
      - listitem [ref=e9]:
        - paragraph [ref=e10]: Wages 20
  - listitem [ref=e11]
- generic [ref=e12]: "1"
- textbox [ref=e13]: select
- link [ref=e14]:
  - /url: http://127.0.0.1:8080/account/Gas/?time=2024
- link [ref=e15]:
  - /url: "#"
"""


def test_lists_in_lists_are_indented_and_nameless_links_say_where_they_lead() -> None:
    assert list(view(read(TREE)).lines) == [
        '- [link "Expenses"] 30',
        '  - [link "Rent"] 10',
        "  - Wages 20",
        '1 [textbox] contains "select" [link "to Gas"] [link]',
    ]


def test_the_proposer_sees_what_there_is_without_the_names_of_elements() -> None:
    line = '[link "#3"] | [link "A \\"big\\" fire" #2] | defect | [checkbox] [button "Edit"]'
    assert plain(line) == '#3 | A "big" fire | defect |  Edit'
    rows = ["Title", "Id | Name | Kind", *(f"{n} | x | y" for n in range(40)), "End"]
    some = sampled(rows, 5)
    assert some[:2] == ["Title", "Id | Name | Kind"] and some[-1] == "End" and len(some) == 7
    assert sampled(["- a", "b"], 5) == ["- a", "b"] and sampled([], 5) == []


def test_a_long_page_comes_in_parts_with_the_common_lines_last() -> None:
    menu = [f'[link "Menu {n}"]' for n in range(40)]
    lines = [*menu, *(f"Line {n} of the page" for n in range(60))]
    first, count = laid_out(lines, frozenset(menu), 600, 0)
    assert first.startswith("Line 0 of the page") and count > 2 and len(first) < 900
    assert f"(Part 1 of {count} of this page; scroll down for the rest.)" in first
    assert 'As on the first page:\n[link "Menu 0"]' in first and "more such lines)" in first
    last, _ = laid_out(lines, frozenset(menu), 600, 99)
    assert "Line 59 of the page" in last and "scroll up for the rest" in last
    assert (
        "Line 59"
        in laid_out(lines, frozenset(menu), 600, part_of(lines, frozenset(menu), 600, "Line 59 of the page"))[
            0
        ]
    )
    assert laid_out(lines, frozenset(lines), 100_000, 0)[0] == "\n".join(lines)


def test_parts_hold_what_they_may() -> None:
    assert parts([], 100) == [[]]
    assert [len("\n".join(part)) <= 100 for part in parts(["x" * 300, *["word"] * 60], 100)] == [True] * 4


def test_what_changed_on_a_page_is_told_unless_all_of_it_did() -> None:
    before = [f"line {n}" for n in range(20)]
    assert changed(before, [*before, "Saved."]) == ["+ Saved."]
    assert changed(before, before[1:]) == ["- line 0"]
    assert changed(before, before) == []
    assert changed(before, [f"other {n}" for n in range(20)]) == []
    assert changed(["Status of ticket 3: new"], ["Status of ticket 3: closed"]) == [
        "+ Status of ticket 3: closed"
    ]


LISTS = """
- list [ref=e1]:
  - listitem [ref=e2]:
    - text: Buy milk
    - button "Delete" [ref=e3]
    - list [ref=e4]:
      - listitem [ref=e5]:
        - link "oat milk" [ref=e6]
        - button "Delete" [ref=e7]
        - button "Choose" [ref=e8]
  - listitem [ref=e9]:
    - textbox [ref=e10]: x
    - text: "7"
    - button "Delete" [ref=e11]
- table:
  - row:
    - checkbox "Mine" [ref=e15]
    - cell: "12"
    - cell "A name that is so long that nobody would say it"
    - link "Open" [ref=e19]
  - row:
    - cell: "13"
    - link "Open" [ref=e23]
- button "Delete" [ref=e24]
"""


def test_what_every_row_or_item_has_is_called_by_its_row_or_item() -> None:
    assert {name: node.ref for name, node in view(read(LISTS)).elements.items()} == {
        'button "Delete (Buy milk)"': "e3",
        'link "oat milk"': "e6",
        'button "Delete (oat milk)"': "e7",
        'button "Choose"': "e8",
        "textbox": "e10",
        'button "Delete (7)"': "e11",
        'checkbox "Mine"': "e15",
        'link "Open (A name that is so long that nobody wo...)"': "e19",
        'link "Open (13)"': "e23",
        'button "Delete"': "e24",
    }
