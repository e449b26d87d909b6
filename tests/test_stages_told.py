"""What an instruction does not tell of a command is added from its documentation."""

from __future__ import annotations

import pytest

from learn_by_interact.stages.told import Manual, done_with, entered, item, made, makes, opened, selected
from learn_by_interact.types import Action, Document, Observation, Step
from room import acted

INSERT = """Usage: tool insert [OPTIONS] PATH TABLE [FILE]

  Insert records from FILE into a table, creating it if needed.

Options:
  --pk TEXT          Columns to use as the primary key, e.g. id
  --csv              Expect CSV input
  --no-headers       CSV file has no header row
  --encoding TEXT    Character encoding for CSV, defaults to utf-8
  --nl               Expect newline-delimited JSON
  --flatten          Flatten nested objects, so {"a": {"b": 1}} becomes {"a_b": 1}
  --empty
  -h, --help         Show this message and exit.
"""
FILES = """Usage: tool insert-files [OPTIONS] PATH TABLE FILE...

  Insert files using BLOB columns in the specified table

Options:
  --text             Store file content as TEXT
"""
MANUAL = Manual(
    [
        Document(source="help", title="tool insert", text=INSERT, begin=1, end=13),
        Document(source="help", title="tool insert-files", text=FILES, begin=1, end=6),
    ],
    ("tool",),
)
LOAD = "Load birds.csv into the table birds of zoo.db, a new database."


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("insert zoo.db birds birds.csv --csv --no-headers", ["CSV file has no header row."]),
        ("insert zoo.db birds birds.csv --csv --pk id", ["Columns to use as the primary key: id."]),
        ("insert zoo.db birds b.csv --encoding=latin-1", ["Character encoding for CSV: latin-1."]),
        ("insert zoo.db birds b.csv --encoding 'latin-1'", ["Character encoding for CSV: latin-1."]),
        ("insert zoo.db birds b.csv --flatten", ["Flatten nested objects."]),
        ("insert zoo.db birds b.csv --empty --unknown --help", []),
        ("schema zoo.db --no-headers", []),
    ],
)
def test_options_are_told_in_the_words_of_their_help(command: str, told: list[str]) -> None:
    inserted = LOAD.replace("Load", "Insert") if command.startswith("insert") else LOAD
    assert MANUAL.told(inserted, [f"tool {command}"]) == " ".join([inserted, *told])


@pytest.mark.parametrize(
    "instruction",
    [
        "Insert birds.csv, which has no header, into zoo.db.",
        "Replicate the following: insert birds.csv into zoo.db with --no-headers.",
        "Insert the CSV file birds.csv into zoo.db: it begins with a row of data, no names.",
    ],
)
def test_what_is_told_in_any_words_is_not_told_twice(instruction: str) -> None:
    assert MANUAL.told(instruction, ["tool insert zoo.db birds birds.csv --no-headers"]) == instruction


def test_values_tell_an_option() -> None:
    told = "Insert birds.csv into zoo.db; it is written in latin1."
    assert MANUAL.told(told, ["tool insert zoo.db birds birds.csv --encoding latin1"]) == told


def test_a_command_is_told_where_neither_its_name_nor_its_purpose_is() -> None:
    command = "tool insert-files zoo.db birds birds.csv"
    purpose = "Insert files using BLOB columns in the specified table."
    assert MANUAL.told(LOAD, [command]) == f"{LOAD} {purpose}"
    named = "Replicate the following: load birds.csv with tool insert-files."
    assert MANUAL.told(named, [command]) == named
    meant = "Insert the files of the folder as BLOB columns."
    assert MANUAL.told(meant, [command]) == meant


def test_each_command_of_a_line_has_its_own_options_and_a_sentence_stands_once() -> None:
    line = (
        "cat 'a | tool insert --nl' | tool insert zoo.db a - --csv && tool insert-files zoo.db b c.txt --text"
    )
    told = MANUAL.told("Do it", [line, line])
    assert told == (
        "Do it. Insert records from FILE into a table, creating it if needed. Expect CSV input."
        " Insert files using BLOB columns in the specified table. Store file content as TEXT."
    )


def test_without_documentation_nothing_is_added() -> None:
    assert Manual([], ("tool",)).told(LOAD, ["tool insert zoo.db birds birds.csv --csv"]) == LOAD
    assert Manual([], ()).told(LOAD, [""]) == LOAD


def test_short_names_of_options_and_tools_with_a_page_each() -> None:
    page = "Usage: {0} [-c COLUMNS] FILE\n\n{1}.\n\nOptions:\n  -c, --columns COLUMNS  Names to {0}\n"
    cut, sort = page.format("cut", "Keep some columns"), page.format("sort", "Order the rows")
    pages = [
        Document(source=name, title=name, text=text, begin=1, end=7)
        for name, text in (("cut", cut), ("sort", sort))
    ]
    told = Manual(pages, ("cut", "sort")).told("Do it", ["cut -c a,b x.csv|sort -c a"])
    assert told == "Do it. Keep some columns. Names to cut: a,b. Order the rows. Names to sort: a."


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("git save -am 'Fix it'", " Stage the files that changed, all of them. The message: Fix it."),
        ("git save -ax 'Fix it'", ""),
        ("sudo GIT=x git save -a", " Stage the files that changed, all of them."),
        ("cat > plan.txt <<'EOF'\ngit save -a\nEOF", ""),
        ("git save # git save -a would be wrong", ""),
        ("git save -r", " Drop the records of it."),
    ],
)
def test_what_is_run_is_told_however_it_is_written_and_no_text(command: str, told: str) -> None:
    text = """usage: git save [<options>]

    -a       Stage the files that changed, all of them
    -m <text>    The message
    -r       Drop the record(s) of it
"""
    manual = Manual([Document(source="help", title="git save", text=text, begin=1, end=5)], ("git",))
    assert manual.told("Save it.", [command]) == f"Save it.{told}"


def test_options_of_a_command_above_are_told_and_do_not_hide_the_command() -> None:
    above = "Usage: tool [OPTIONS] COMMAND\n\nOptions:\n  -f, --file PATH  Location of the settings\n"
    pages = {"tool": above, "tool get": "Usage: tool get KEY\n\n  Retrieve the value for a key.\n"}
    manual = Manual(
        [Document(source="m", title=one, text=text, begin=1, end=9) for one, text in pages.items()], ("tool",)
    )
    told = manual.told("Find the port.", ["tool -f app.cfg get PORT"])
    assert told == "Find the port. Retrieve the value for a key. Location of the settings: app.cfg."


@pytest.mark.parametrize(
    ("instruction", "command", "told"),
    [
        ("Load the birds.", "tool insert zoo.db birds new.csv --csv", " It is about zoo.db, new.csv."),
        ("Load new.csv into zoo.db.", "tool insert zoo.db nests new.csv", " It is about nests."),
        ("Load it.", "tool insert zoo.db eggs 'new.csv' --pk nests", " It is about zoo.db."),
        ("Load it.", "tool insert a.db b.db c.db d.db e.db f.db", ""),
        ("Load it.", "tool list nests", ""),
        ("Load it.", "tool list nests.csv", " It is about nests.csv."),
        ("Load it.", "tool insert made.db", ""),
    ],
)
def test_what_a_command_is_given_is_told(instruction: str, command: str, told: str) -> None:
    (step,) = acted(command).steps
    step = step.model_copy(
        update={"observation": step.observation.model_copy(update={"text": "[new: made.db]"})}
    )
    start = "zoo.db: birds(id), nests(id)"
    assert MANUAL.about(instruction, [step], start) == f"{instruction}{told}"


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ("PORT=80\n[new: .env]\n+ .env (9 bytes)", " This makes a new file: .env."),
        ("[new: a.txt, b.txt; changed: c.txt]", " This makes a new file: a.txt, b.txt."),
        ("[new: .task/backlog.data, a.txt; changed: .task/undo.data]", " This makes a new file: a.txt."),
        ("[new: port.txt]", ""),
        ("[new: a, b, c]", ""),
        ("[new: a, b and 9 more]", ""),
        ("[changed: c.txt]", ""),
        ("[no output]", ""),
    ],
)
def test_new_files_are_told_where_they_are_few(seen: str, told: str) -> None:
    (step,) = acted("set PORT 80").steps
    step = step.model_copy(update={"observation": step.observation.model_copy(update={"text": seen})})
    instruction = "Set the port, as port.txt has it."
    assert made(instruction, [step]) == f"{instruction}{told}"


def step(tool: str, seen: str = "", **said: str) -> Step:
    shown = Observation(text=seen, key="")
    return Step(thought="", action=Action(tool=tool, arguments=said), observation=shown)


def test_what_was_entered_on_a_screen_is_told() -> None:
    steps = [
        step("type", text="New", element='textbox "Name:"'),
        step("type", text="New Orders", element='textbox "Name:"'),
        step("select", option="major", element='combobox "Priority:"'),
        step("type", text="x" * 99, element='textbox "Text"'),
        step("type", text="at the cursor", element=""),
        step("click", element='button "OK"'),
    ]
    told = "Rename the sheet."
    assert entered(told, steps) == "Rename the sheet. Name: New Orders. Priority: major."
    assert (
        entered("Call it New Orders, of priority major.", steps) == "Call it New Orders, of priority major."
    )
    assert entered(told, acted("mv a b").steps) == told, "a command has no fields"


def test_what_was_ticked_is_told_where_no_word_of_it_is() -> None:
    accept = step("click", element='radio "accept"')
    resolve = [
        step("click", element='radio "resolve"'),
        step("select", option="fixed", element='combobox "resolve as"'),
    ]
    assert entered("Change the ticket.", [accept]) == "Change the ticket. Choose accept."
    assert entered("Accept the ticket.", [accept]) == "Accept the ticket."
    assert entered("Close it.", resolve) == "Close it. resolve as: fixed."


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/ticket/17", " It is about ticket 17."),
        ("/milestone/1.2?action=edit", " It is about milestone 1.2."),
        ("/books/a%20book_2/", " It is about books a book_2."),
        ("/report", ""),
        ("/wiki/Start", ""),
    ],
)
def test_an_item_that_was_opened_by_its_number_is_told(address: str, told: str) -> None:
    steps = [step("click", element='link "Home"'), step("goto", url=address)]
    assert opened("Set the type to task.", steps) == f"Set the type to task.{told}"
    assert opened("Set the type of #17, 1.2 and a book_2.", steps) == "Set the type of #17, 1.2 and a book_2."


def test_an_item_that_was_left_is_not_what_a_session_is_about() -> None:
    there = step("goto", "URL: /ticket/17", url="/ticket/17")
    query = step("click", "URL: /query?status=new", element='link "new"')
    update = step("click", "URL: /query?max=5", element='button "Update"')
    assert opened("Show five.", [there, query, update]) == "Show five."
    assert opened("Delete it.", [there, query]) == "Delete it. It is about ticket 17.", "the list comes after"


def test_an_item_that_a_link_opened_is_told_too_and_one_whose_number_is_in_its_name() -> None:
    crash = step("click", "URL: /t/issue5\nTitle: Crash", element='link "Crash"')
    urgent = step("select", "URL: /t/issue5", element='combobox "Priority"', option="urgent")
    sent = step("click", "URL: /t/issue5?@ok=1", element='button "Submit"')
    assert item([crash, urgent, sent]) == "issue 5"
    assert opened("Make it urgent.", [crash, urgent, sent]) == "Make it urgent. It is about issue 5."
    assert opened("Is it urgent?", [crash, urgent, sent]) == "Is it urgent? It is about issue 5."
    assert opened("Make issue 5 urgent.", [crash, urgent, sent]) == "Make issue 5 urgent."
    listed = step("click", "URL: /report/1", element='link "Active"')
    assert item([listed, crash, urgent, sent]) == "issue 5", "the list was left for it"
    assert item([step("goto", "URL: /issue12", url="/issue12")]) == "issue 12"
    assert item([step("click", "URL: /t/issues", element='link "All"')]) == ""
    assert item([step("click", "URL: /t/issue5", element='button "Add"')]) == "", "a button makes one"


def test_who_stays_at_an_item_has_made_none() -> None:
    about = item([step("goto", "URL: /tickets/17", url="/tickets/17")])
    assert about == "tickets 17" and item([step("click", element='link "New"')]) == ""
    for instruction in (
        "Create a new ticket for Lumen.",
        "Please add another ticket.",
        "Make one Ticket.",
        "Submit a new ticket.",
    ):
        assert makes(instruction, about) and not makes(instruction, ""), instruction
    for instruction in ("Add a comment to ticket #17.", "Create a milestone for the ticket.", "Close it."):
        assert not makes(instruction, about), instruction


def test_what_was_selected_on_a_sheet_is_told_with_its_heading() -> None:
    def click(element: str, text: str = "") -> Step:
        action = Action(tool="click", arguments={"element": element})
        return Step(thought="", action=action, observation=Observation(text=text, key=""))

    start = "Window: a.xlsx\n| A | B\n1 | Name | Hours\n2 | Ann | 30"
    steps = [click('cell "B2:B9"'), click('menuitem "Format > Columns > Hide"')]
    assert selected("Hide it.", steps, start) == "Hide it. It is about B2:B9 (Hours)."
    assert selected("Hide B2:B9.", steps, start) == "Hide B2:B9.", "it says so"
    assert selected("Hide it.", steps, "Window: a") == "Hide it. It is about B2:B9.", "no heading is seen"
    other = [click('tab "Prices"', "Changed on this screen:\n+ 1 | Bean | Price"), *steps]
    told = selected("Hide it.", other, start)
    assert told == "Hide it. It is about Prices. It is about B2:B9 (Price)."


def test_the_item_of_a_menu_is_told_where_no_word_of_it_is() -> None:
    def click(element: str) -> Step:
        action = Action(tool="click", arguments={"element": element})
        return Step(thought="", action=action, observation=Observation(text="", key=""))

    steps = [
        click('cell "B2"'),
        click('menuitem "View > Zoom > Page Width..."'),
        click('menuitem "A > Other"'),
    ]
    assert done_with("Save the file.", steps) == "Save the file. It is done with View > Zoom > Page Width."
    assert done_with("Zoom to the width.", steps) == "Zoom to the width."
    assert done_with("Save the file.", [click('button "Save"')]) == "Save the file."
