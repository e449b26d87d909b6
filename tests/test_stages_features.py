"""Each proposed task has one thing of the start state, and a grammar for its command."""

from __future__ import annotations

import re

import pytest

from learn_by_interact.stages.features import features
from learn_by_interact.stages.items import Item
from learn_by_interact.stages.things import matched, with_attributes
from learn_by_interact.types import Document

START = """main.db
  table books(id, title)
  table loans(id, due)
  table rooms(id, name)
  table users(id, name)
menu.csv (3 lines)
  item;price
notes.json (2 lines)
  [{"id": 1}]"""
ABOUT = "Files, and the database main.db."
PAGE = """Usage: tool load [OPTIONS] PATH TABLE FILE

Options:
  --key TEXT  Column that is the key
  --csv       Expect CSV input
  --fast      Skip checks
"""


def items(text: str = PAGE) -> list[Item]:
    page = Document(source="m", title="tool load", text=text, begin=1, end=9)
    return matched(features(page, START, ABOUT, ("tool",)), page, ABOUT, START, "seed")


def allows(item: Item, command: str) -> bool:
    return bool(re.search(item.form, command))


def item(option: str, text: str = PAGE) -> Item:
    (found,) = (one for one in items(text) if one.text.startswith(f"with {option} "))
    return found


def test_a_command_reads_the_file_that_its_task_is_about() -> None:
    for one in items():
        name = one.thing.split()[0]
        assert one.inputs == (name,)
        other = {"menu.csv": "notes.json", "notes.json": "menu.csv"}[name]
        column = dict(one.further).get("COLUMN", ("id",))[0]
        more = "".join(f" {option.pattern}" for option in one.chosen).replace(option_value(one), column)
        assert allows(one, f"tool load main.db t {name}{more}")
        assert not allows(one, f"tool load main.db t {other}{more}")


def test_tasks_of_a_page_differ_in_how_often_an_argument_may_be_repeated() -> None:
    text = (
        "Usage: tool index [OPTIONS] PATH COLUMN...\n\nOptions:\n  --sole  No doubles\n  --fast  No checks\n"
    )
    made = [(one, "".join(f" {option.pattern}" for option in one.chosen)) for one in items(text)]
    assert [allows(one, f"tool index main.db id{more}") for one, more in made] == [True, True, True]
    assert [allows(one, f"tool index main.db id name{more}") for one, more in made] == [False, True, True]
    assert [allows(one, f"tool index main.db a b c d{more}") for one, more in made] == [False, False, True]


def test_what_an_argument_is_called_like_is_what_its_task_is_about() -> None:
    start = START.replace("menu.csv", "  view due_today(id)\n  view empty_rooms(id)\nmenu.csv", 1)
    for form, kind in (("tool drop PATH VIEW", "view"), ("tool fill PATH TABLE", "table")):
        text = f"Usage: {form}\n\nOptions:\n  --fast  Skip checks\n  --sole  No doubles\n"
        page = Document(source="m", title=form, text=text, begin=1, end=9)
        found = matched(features(page, start, ABOUT, ("tool",)), page, ABOUT, start, "seed")
        assert {one.thing.partition(": ")[2].partition(" ")[0] for one in found} == {kind}


def test_options_that_most_pages_have_come_last() -> None:
    def page(name: str, *named: str) -> Document:
        listed = "\n".join(f"  --{one}  Do it {one}" for one in ("color", *named))
        text = f"Usage: tool {name} [OPTIONS] PATH\n\nOptions:\n{listed}\n"
        return Document(source="m", title=f"tool {name}", text=text, begin=1, end=9)

    own, *others = (page(name, f"{name}-only") for name in ("a", "b", "c", "d"))
    told = [one.text.split(" (")[0] for one in features(own, START, ABOUT, ("tool",), (), others)]
    assert told == ["without options", "with --a-only", "with --color"]
    few = [one.text.split(" (")[0] for one in features(own, START, ABOUT, ("tool",), (), others[:2])]
    assert few == ["without options", "with --color", "with --a-only"], "two pages say little"


def option_value(one: Item) -> str:
    """The part of a pattern that stands for an option's value."""
    return next((option.pattern.partition(" ")[2] for option in one.chosen if option.values), "\0")


def test_an_option_of_the_kind_of_the_file_comes_with_the_others() -> None:
    text = PAGE.replace("Skip checks", "Skip checks of CSV files")
    fast = item("--fast", text)
    assert fast.thing.startswith("menu.csv") and fast.line.endswith("and --csv")
    assert allows(fast, "tool load main.db t menu.csv --csv --fast")
    assert not allows(fast, "tool load main.db t menu.csv --fast")
    kind = item("--csv")
    assert kind.thing.startswith("menu.csv") and not kind.line.endswith("and --csv")
    assert allows(kind, "tool load main.db t menu.csv --csv")


def test_without_options_a_file_is_read_whose_kind_needs_none() -> None:
    (plain,) = (one for one in items() if one.text == "without options")
    assert plain.thing.startswith("notes.json")
    assert allows(plain, "tool load main.db t notes.json") and allows(plain, "tool load new.db t notes.json")


def test_what_reads_no_file_is_about_the_main_one() -> None:
    found = items("Usage: tool rows [OPTIONS] PATH TABLE\n\nOptions:\n  --key TEXT  Key\n  --fast  Fast\n")
    assert {one.thing.split(":")[0] for one in found} == {"main.db"}


MANUAL = {
    "SYNOPSIS": "SYNOPSIS\n    tool [OPTION]... FROM TO\n    tool <command> help\n",
    "OPTIONS": "OPTIONS\n    -k, --key=TEXT  Column that is the key\n    --fast  Skip checks\n",
    "COMMANDS": "COMMANDS\n    tool add <mods>\n    tool <filter> modify <mods>\n"
    "    tool <filter> log <mods>\n"
    "    tool <filter> count\n",
    "MODS": "ATTRIBUTES\n    due:<date>  What you modify is due then.",
    "EXAMPLES": "EXAMPLES\n    $ tool add due:2035-01-01\n",
}


def of_manual(title: str, **changed: str) -> list[Item]:
    pages = [
        Document(source="man tool", title=name, text=text, begin=1, end=9)
        for name, text in {**MANUAL, **changed}.items()
    ]
    (page,) = (one for one in pages if one.title == title)
    return features(page, START, ABOUT, ("tool",), others=[one for one in pages if one is not page])


def test_options_without_a_synopsis_borrow_that_of_the_manual() -> None:
    key = next(one for one in of_manual("OPTIONS") if "--key" in one.text)
    assert key.synopsis == "tool [OPTION]... FROM TO"
    assert allows(key, "tool a b --key=id --fast") and not allows(key, "tool a b --fast")


def test_a_section_about_a_shared_argument_borrows_the_synopses_that_have_it() -> None:
    found = of_manual("MODS")
    assert found[0].synopsis == "tool <filter> modify <mods>"
    assert {one.synopsis for one in found} == {
        "tool add <mods>", "tool <filter> modify <mods>", "tool <filter> log <mods>",
    }  # fmt: skip
    assert allows(found[0], "tool 3 modify due:2035-01-01") and not allows(found[0], "tool 3 due:2035-01-01")


def test_the_command_that_is_called_like_the_argument_comes_first() -> None:
    found = of_manual("MODS", MODS="ATTRIBUTES\n    due:<date>  When you log it: log, log.")
    assert [one.synopsis for one in found][:2] == ["tool <filter> modify <mods>", "tool <filter> log <mods>"]


def test_what_there_may_be_none_of_is_also_left_out() -> None:
    found = of_manual("COMMANDS")
    wanted = ["tool add <mods>", "tool add", "tool <filter> modify <mods>", "tool <filter> modify"]
    assert [one.synopsis for one in found][:4] == wanted
    assert allows(found[3], "tool 3 modify") and not allows(found[2], "tool 3 modify")
    assert [one.synopsis for one in found][-1] == "tool <filter> count"


def test_a_section_with_examples_follows_these() -> None:
    assert [one.text for one in of_manual("EXAMPLES")] == ["like: tool add due:2035-01-01"]


TABLE = """ID Project Description
-- ------- ------------------
 7 Home    Call the plumber
 9 Garage  Sweep the floor"""


def test_what_has_a_number_is_not_called_by_a_bare_word() -> None:
    """A small model writes `task modify 7 ...`, `task filter modify ...` or the words of a description."""
    text = "task <filter> modify <mods>\n    Changes tasks.\n\ntask <filter> done\n    Ends them.\n"
    page = Document(source="m", title="man task", text=text, begin=1, end=9)
    modify, *_, done = matched(features(page, TABLE, "", ("task",)), page, "", TABLE, "seed")
    key, turned = modify.thing.split()[1].strip(","), modify.model_copy(update={"most": 2})
    assert allows(modify, f"task {key} modify due:today") and allows(turned, f"task {key} modify due:today")
    assert not allows(modify, "task +home modify x") and allows(
        turned, "task +home project:Home modify Call him"
    )
    for bad in (
        "task filter modify due:today",
        f"task modify {key} due:today",
        "task call modify due:today",
        "task 1000000 modify x",
    ):
        assert not allows(modify, bad) and not allows(turned, bad), bad
    assert not allows(done, "task plumber done") and allows(done, f"task {done.thing[3]} done")
    (item, *_) = matched(features(page, START, ABOUT, ("task",)), page, ABOUT, START, "seed")
    assert allows(item, "task books modify due:today")


def test_what_a_command_makes_stands_in_a_file_of_the_main_kind() -> None:
    """`library.dbbooks my_id`: a name that is there may not be written, and a file may end with anything."""
    page = Document(
        source="m", title="", text="Usage: tool create-table PATH TABLE COLUMN...", begin=1, end=9
    )
    (item,) = matched(features(page, START, ABOUT, ("tool",)), page, ABOUT, START, "seed")
    assert allows(item, "tool create-table main.db new_books id")
    assert allows(item, "tool create-table other.db my_books id")
    assert not allows(item, "tool create-table main.dbbooks my_id integer")
    assert not allows(item, "tool create-table main.db new_books id.title")


def test_a_section_whose_options_stand_elsewhere_is_shown_without_them_and_like_its_examples() -> None:
    head = PAGE.partition("\n")[0]
    found = items(f"{head}\n\nExample:\n\n    tool load a.db t - --convert 'x.upper()'\n")
    assert [one.text for one in found] == [
        "without options",
        "like: tool load main.db <name> - --convert 'x.upper()'",
    ]
    plain, like = found
    name = plain.inputs[0]
    assert allows(plain, f"tool load main.db t {name}")
    assert not allows(plain, f"tool load main.db t {name} --fast")
    assert allows(like, f"tool load main.db t {like.inputs[0]} --convert 'x.lower()'")


def test_a_further_thing_of_a_kind_is_one_that_is_there_beside_the_first() -> None:
    form = "tool link [OPTIONS] PATH TABLE COLUMN [OTHER_TABLE] NEW_TABLE"
    text = f"Usage: {form}\n\nOptions:\n  --fast  No checks\n  --csv  As text\n"
    start = f"{START}\nold.db\n  table years(id)\n  view loans_now(id)"
    page = Document(source="m", title="tool link", text=text, begin=1, end=9)
    found = matched(features(page, start, ABOUT, ("tool",)), page, ABOUT, start, "seed")
    main = [one for one in found if one.thing.startswith("main.db: table ")]
    for one in main:
        own = one.thing.split()[2].partition("(")[0]
        more = "".join(f" {option.pattern}" for option in one.chosen)
        allowed = {
            name
            for name in ("books", "loans", "rooms", "users", "years", "loans_now", "due")
            if allows(one, f"tool link main.db {own} id {name} new_one{more}")
        }
        assert allowed == {"books", "loans", "rooms", "users"} - {own}
        for wrong in ("old.db {own} id", "main.db years id", "main.db {own} shoe_size", "main.db t\tid id"):
            assert not allows(one, f"tool link {wrong.format(own=own)} new_one{more}")
    old = [dict(one.further) for one in found if one.thing.startswith("old.db: table ")]
    assert main and all("OTHER_TABLE" not in named for named in old)


def test_options_about_a_column_name_one_that_is_there() -> None:
    text = (
        "Usage: tool alter [OPTIONS] PATH TABLE\n\nOptions:\n"
        "  --rename <TEXT TEXT>...  Rename this column to X\n"
        "  --fk-column TEXT  Name of the column to add\n  --note TEXT  A remark\n"
    )
    page = Document(source="m", title="tool alter", text=text, begin=1, end=9)
    for one in matched(features(page, START, ABOUT, ("tool",)), page, ABOUT, START, "seed"):
        if one.chosen:
            name, value = one.chosen[0].name, "books" if one.chosen[0].values == 1 else "books x"
            begin = f"tool alter main.db {one.thing.split()[2].partition('(')[0]} {name}"
            assert allows(one, f"{begin} {value}") is (name != "--rename")
            assert allows(one, f"{begin} {value.replace('books', 'id')}")


def test_a_column_is_one_of_the_file_that_is_read() -> None:
    start = (
        'people.csv (3 lines)\n  name,age\n  Ana,31\nsold.json (2 lines)\n  {"item": 1, "price": {"net": 2'
    )
    columns = {"people.csv": {"name", "age"}, "sold.json": {"item", "price"}}
    options = "  --columns TEXT  A comma-separated list of columns to keep\n  --note TEXT  A remark\n"
    for form in (
        "tool cut [OPTIONS] FILE",
        "tool sort [OPTIONS] FILE COLUMN",
        "tool store [OPTIONS] FILE_OR_DIR",
    ):
        page = Document(source="m", title="t", text=f"Usage: {form}\n\nOptions:\n{options}", begin=1, end=9)
        chosen = matched(2 * features(page, start, ABOUT, ("tool",)), page, ABOUT, start, "seed")
        assert {one.inputs for one in chosen} and len({one.thing.split()[0] for one in chosen}) == 2
        for one in chosen:
            file = one.thing.split()[0]
            begin = f"{form.split(' [')[0]} {file}"
            for name in ("name", "age", "item", "price", "size"):
                sound = name in columns[file]
                if "sort" in form:
                    own = columns[file] - {name} or {name}
                    more = "".join(f" {option.name} {min(own)}" for option in one.chosen)
                    assert allows(one, f"{begin} {name}{more}") is sound, (form, one.thing, name)
                elif one.chosen and one.chosen[0].name == "--columns":
                    anything = "store" in form
                    for listed in (name, f"{name},{min(columns[file])}"):
                        assert allows(one, f"{begin} --columns {listed}") is (sound or anything)


def test_a_column_is_not_the_key_where_there_are_others() -> None:
    start = "main.db\n  table books(id primary key, title)\n  table rooms(id primary key)"
    page = Document(source="m", title="t", text="Usage: tool split PATH TABLE COLUMN\n", begin=1, end=9)
    both = matched(2 * features(page, start, ABOUT, ("tool",)), page, ABOUT, start, "seed")
    for one in both:
        allowed = [name for name in ("id", "title") if allows(one, f"{one.form[1:11]} main.db books {name}")]
        allowed += [name for name in ("id", "title") if allows(one, f"{one.form[1:11]} main.db rooms {name}")]
        assert allowed == (["title"] if "books" in one.thing else ["id"])
    assert len({one.thing for one in both}) == 2


def test_what_is_added_to_a_thing_is_new_in_it() -> None:
    form = "tool add-column [OPTIONS] PATH TABLE COL_NAME [integer|text]"
    page = Document(source="m", title="tool add-column", text=f"Usage: {form}\n", begin=1, end=9)
    for one in matched(features(page, START, ABOUT, ("tool",)), page, ABOUT, START, "seed"):
        file, _, own = one.thing.partition(": ")
        table = own.split()[1].partition("(")[0]
        assert allows(one, f"tool add-column {file} {table} new_size integer")
        assert not allows(one, f"tool add-column {file} {table} id integer")


def test_a_statement_does_not_begin_as_the_question_tells_of_an_option() -> None:
    text = "Usage: tool query [OPTIONS] PATH SQL\n\nOptions:\n  --raw  As it is\n"
    for one in items(text):
        more = "".join(f" {option.pattern}" for option in one.chosen)
        assert allows(one, rf"tool query main.db \"select 1\"{more}")
        assert not allows(one, rf"tool query main.db \"with --raw (As it is)\"{more}")


def test_what_a_manual_s_only_synopsis_reads_stands_at_the_end_of_what_its_sections_show() -> None:
    about = "Files with data."
    first = "NAME\n    tool - Processor of data\n\nSYNOPSIS\n    tool [options...] <filter> [<files>...]\n"
    pages = [
        Document(source="m", title=f"man tool > {at}", text=text, begin=at, end=9)
        for at, text in enumerate((first, "Pipes:\n\n    tool '.[] | .id'\n"))
    ]
    made = features(pages[1], START, about, ("tool",), others=pages)
    assert [one.text for one in made] == ["like: tool '.[] | .id'"]
    assert allows(made[0], "tool '.name' menu.csv") and allows(made[0], "tool '.name' notes.json > a.txt")
    assert not allows(made[0], "tool '.name'") and not allows(made[0], "tool '.name' other.csv")
    alone = features(pages[1], START, about, ("tool",))
    assert allows(alone[0], "tool '.name'")
    assert not any("Processor" in one.text for one in features(pages[0], START, about, ("tool",)))


def test_options_of_a_command_above_others_come_with_each_of_these() -> None:
    above = (
        "Usage: tool [OPTIONS] COMMAND [ARGS]...\n\nOptions:\n  -c, --config FILE  File with the settings\n"
        "  -q, --quiet        Say nothing\n  --log FILE         Write a log to this file\n"
    )
    texts = {
        "tool": above,
        "tool get": "Usage: tool get KEY\n\n  Show a setting.",
        "tool rows": "Usage: tool rows TABLE\n",
        "tool get > More": "Usage: tool get --more\n",
        "toolbox": "Usage: toolbox open\n",
    }
    pages = [Document(source="m", title=one, text=text, begin=1, end=9) for one, text in texts.items()]
    start = "app.cfg (2 lines)\n  PORT=5000\n  HOST=localhost"
    found = matched(features(pages[0], start, "", ("tool",), (), pages[1:]), pages[0], "", start, "seed")
    assert [one.text.split()[1] for one in found] == ["--config"] * 3 + ["--quiet", "--log"]
    for command in (
        "tool --config app.cfg get (PORT|HOST)",
        "tool --config app.cfg rows t",
        "tool --quiet get (PORT|HOST)",
        "tool --log a.log rows t",
    ):
        ways = [command.replace("(PORT|HOST)", key) for key in ("PORT", "HOST")]
        assert any(allows(one, way) for one in found for way in ways), command
    for wrong in ("tool get PORT", "tool --config x.cfg get PORT", "tool --config app.cfg get NAME", "tool"):
        assert not any(allows(one, wrong) for one in found), wrong


def test_a_key_is_one_of_the_settings_unless_it_is_new() -> None:
    start = "app.cfg (2 lines)\n  PORT=5000\n  HOST: localhost"
    page = Document(source="m", title="tool set", text="Usage: tool set KEY VALUE\n", begin=1, end=9)
    found = matched(features(page, start, "", ("tool",)), page, "", start, "seed")
    assert found and all(allows(one, "tool set PORT 80") or allows(one, "tool set HOST a") for one in found)
    assert not any(allows(one, "tool set PORT=5000 app.cfg") for one in found)
    (free,) = features(page, "", "", ("tool",))
    assert allows(free, "tool set NAME 1") and not allows(free, "tool set NAME=1 app.cfg")


LIST = """1 (A) Call the plumber +home
2 Buy a present +family"""
USAGE = """# pick Usage

```shell
pick.sh [-fp] [-d config] action [number] [text]
```

### `add`
```shell
pick.sh add "A THING +project @context"
```

### `append`
```shell
pick.sh append NR "TEXT TO APPEND"
```

### `del`
```shell
pick.sh del NR [TERM]
```

### `archive`
```shell
pick.sh archive
```

## Options

### `-f`
Forces actions without confirmation.

### `-d CONFIG_FILE`
Use a configuration file.
"""


def test_a_manual_in_markdown_with_placeholders_in_capitals_and_options_before_its_commands() -> None:
    """Commands that it shows and gives no form of are tasks too; a number is that of the row."""
    page = Document(source="USAGE.md", title="pick Usage", text=USAGE, begin=1, end=9)
    found = matched(features(page, LIST, "", ("pick.sh",)), page, "", LIST, "seed")
    told = [one.text for one in found]
    assert told == [
        "without options",
        "without options",
        "with -f (Forces actions without confirmation.)",
        "with -d (Use a configuration file.)",
        'like: pick.sh add "A THING +project @context"',
        "like: pick.sh archive",
    ]
    append, delete, force, config, add, _ = found
    number = append.thing[0]
    assert number in "12" and allows(append, f"pick.sh append {number} 'and more'")
    assert not allows(append, f"pick.sh append 3{number} 'and more'") and not allows(delete, "pick.sh del 7")
    assert allows(force, f"pick.sh -f append {force.thing[0]} more")
    assert allows(config, f"pick.sh -d home.cfg del {config.thing[0]}")
    assert allows(add, "pick.sh add Rest")


def test_a_start_that_shows_nothing_is_no_thing() -> None:
    page = Document(source="m", title="tool load", text=PAGE, begin=1, end=9)
    found = matched(features(page, "[no output]", ABOUT, ("tool",)), page, ABOUT, "[no output]", "seed")
    assert found and all(one.thing == "" for one in found)


def test_a_filter_names_attributes_that_the_manual_shows() -> None:
    text = (
        "task <filter> list\n  Lists.\n\nExamples: task project:Home due.before:eom list, see http://a.b:80."
    )
    page = Document(source="m", title="man task", text=text, begin=1, end=9)
    start = "ID Description\n-- ----------------\n7  Plan walking route\n"
    chosen = [one for one in features(page, start, "", ("task",)) if one.synopsis] * 2
    free = matched(chosen, page, "", start, "seed")
    found = with_attributes(free, [page])
    assert allows(found[0], "task 7 list") and not allows(found[0], "task project:Home list")
    assert allows(found[1], "task project:Home due.before:eom list") and allows(found[1], "task +home list")
    assert not allows(found[1], "task walking.route: list") and allows(free[1], "task walking.route: list")
    assert with_attributes(free, [page.model_copy(update={"text": "task <filter> list"})]) == free


def test_many_words_have_a_colon_only_behind_an_attribute_that_the_manual_shows() -> None:
    text = "task <filter> modify <mods>\n  Changes.\n\nExamples: task 3 modify project:Home due:2035-01-01\n"
    page = Document(source="m", title="man task", text=text, begin=1, end=9)
    start = "ID Description\n-- ----------------\n7  Plan walking route\n"
    chosen = [
        one for one in features(page, start, "", ("task",)) if one.synopsis == "task <filter> modify <mods>"
    ]
    (found,) = with_attributes(matched(chosen, page, "", start, "seed"), [page])
    for right in ("project:Garden", "due:2035-02-01 Call Ben", "'Note: call Ben'", "Call Ben"):
        assert allows(found, f"task 7 modify {right}")
    assert not allows(found, "task 7 modify desc:Plan walking route")


XARGS = """SYNOPSIS
       xargs [options] [command [initial-arguments]]

OPTIONS
       -r, --no-run-if-empty
              Do not run it.

       -n max-args, --max-args=max-args
              Use at most so many.
"""


def test_each_option_has_a_task_where_no_synopsis_says_how_the_command_is_written() -> None:
    document = Document(source="man xargs", title="man xargs > OPTIONS", text=XARGS, begin=1, end=9)
    found = features(document, "a.txt (3 lines)", "", ["xargs", "wc"])
    assert [one.text.partition(" (")[0] for one in found] == ["with --no-run-if-empty", "with --max-args"]
    assert allows(found[0], "xargs --no-run-if-empty wc -l") and not allows(found[0], "xargs wc -l")
    assert allows(found[1], "xargs --max-args=2") and not allows(found[1], "wc --max-args=2")


@pytest.mark.parametrize("title", ["bump", "bump all"])
def test_a_usage_that_calls_the_tool_otherwise_is_one_of_its_page(title: str) -> None:
    usage = title.replace("bump", "bump.py")
    text = f"usage: {usage} [-h] [--list] [--dry-run] part [file ...]\n\noptions:\n  --list  List it\n"
    document = Document(source=f"{title} --help", title=title, text=text, begin=1, end=9)
    (found,) = (one for one in features(document, "", "", ["bump"]) if "--list" in one.text)
    assert allows(found, f"{title} minor a.txt --list") and not allows(found, f"{title} --list")
    other = document.model_copy(update={"text": text.replace(usage, "see the page")})
    assert all(not one.synopsis for one in features(other, "", "", ["bump"]))
