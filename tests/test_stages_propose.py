"""Propose: tasks from a page of documentation, with the scripted model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from learn_by_interact.engine.pools import Pool
from learn_by_interact.engine.run import run
from learn_by_interact.engine.store import Store
from learn_by_interact.errors import ModelError
from learn_by_interact.models import Request
from learn_by_interact.models.endpoint import ModelSettings
from learn_by_interact.models.scripted import Scripted
from learn_by_interact.stages.features import calls
from learn_by_interact.stages.propose import Propose
from learn_by_interact.types import (
    Attempt,
    Document,
    Task,
)
from room import DOCUMENTS, NAME, START, acted, done, learned

PROPOSED = [
    {"command": "show a.txt", "task": "Tell  what\na.txt says."},
    {"command": " show b.txt ", "task": "Tell what b.txt says."},
    {"command": "list", "task": "Tell what a.txt says."},
    {"command": "list", "task": "  "},
]
fenced = {"": f"Here you are:\n```json\n{json.dumps({'tasks': PROPOSED}, indent=1)}\n```"}
numbered = {
    "": json.dumps({"tasks": {"1": PROPOSED[0], "2": PROPOSED[1], "3": PROPOSED[2] | {"task": "List."}}})
}
repeated = {
    "": json.dumps(
        {
            "tasks": {
                "1": {"command": "put c.txt 'x; with the command put NAME TEXT'", "task": "Write x."},
                "2": {"command": "put c.txt yes", "task": "Write yes."},
            }
        }
    )
}
kept_output = {
    "": json.dumps(
        {
            "tasks": {
                "1": {"command": "put c.txt yes > out.txt", "task": "Write yes."},
                "2": {"command": "list > out.txt", "task": "Write the names into out.txt."},
            }
        }
    )
}
cut_off = {"": json.dumps({"tasks": PROPOSED})[:-75]}
garbage = {"": "I would rather not."}
wrong_kind = {"": json.dumps({"tasks": ["Tell what a.txt says.", PROPOSED[1], 3]})}
asked_for: list[Request] = []


def kept(request: Request) -> str:
    """Tasks; the requests are kept."""
    asked_for.append(request)
    return fenced[""]


def two_at_most(request: Request) -> str:
    """Tasks, but nothing readable for more than two at once; the requests are kept."""
    asked_for.append(request)
    return "?" if len(commands_of(request)) > 2 else numbered[""]


def half(request: Request) -> str:
    """Tasks, but for a question about the last option."""
    return "?" if "--opt4 (" in request.messages[-1].content else numbered[""]


def commands_of(request: Request) -> dict[str, str]:
    """The regular expression of each command that a question of the proposer asks for."""
    assert request.json_schema is not None
    tasks = request.json_schema["properties"]["tasks"]["properties"]
    return {number: task["properties"]["command"]["pattern"] for number, task in tasks.items()}


def noted(request: Request) -> str:
    """Whatever it is asked: act, and stop after what worked; the requests are kept."""
    asked_for.append(request)
    return "ACTION: list" if len(request.messages) == 2 else "ACTION: stop fine"


def model(script: str) -> ModelSettings:
    return ModelSettings(name=f"scripted/{__name__}:{script}")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    asked_for.clear()
    with Store(tmp_path / "run") as made:
        made.add(DOCUMENTS.values())
        yield made


def proposed(script: str, store: Store) -> tuple[dict[str, Task], Attempt]:
    """Tasks by their instruction, that the document `show` gave, and the attempt."""
    attempts = done(Propose(environment=NAME, model=model(script)), store)
    (attempt,) = [line for line in attempts if line.input == DOCUMENTS["show"].id]
    tasks = store.records(Task, about=DOCUMENTS["show"].id)
    return {task.instruction: task for task in tasks}, attempt


def test_forms_hold_what_grammars_have(store: Store) -> None:
    """The scripted model refuses what the parser of llama.cpp does."""
    page = (
        "Usage: show <filter> modify <mods>\n\nUsage: put [OPTIONS] NAME SQL FILE\n\nOptions:\n  --x INT  X"
    )
    store.add([Document(source="manual", title="page", text=page, begin=1, end=9)])
    attempts = done(Propose(environment=NAME, model=model("numbered")), store)
    assert [attempt.error for attempt in attempts] == [""] * 4
    with pytest.raises(ModelError, match=r"no grammar has the \\d"):
        schema = {"type": "object", "properties": {"n": {"type": "string", "pattern": r"^\d$"}}}
        Scripted(["1"]).complete(Request(model="m", messages=(), json_schema=schema))


def test_propose_reads_tasks_in_a_code_block_and_names_their_document(store: Store) -> None:
    tasks, attempt = proposed("fenced", store)
    assert set(tasks) == {"Tell what a.txt says.", "Tell what b.txt says."}
    assert {(task.parent, task.environment) for task in tasks.values()} == {(DOCUMENTS["show"].id, "room")}
    assert {text: task.hint for text, task in tasks.items()} == {
        "Tell what a.txt says.": "show a.txt",
        "Tell what b.txt says.": "show b.txt",
    }
    assert set(attempt.outputs) == {task.id for task in tasks.values()}
    assert (attempt.error, attempt.usage.calls) == ("", 1)


def test_a_command_that_changes_something_itself_has_no_file_for_its_output(store: Store) -> None:
    tasks, _ = proposed("kept_output", store)
    assert {task.hint for task in tasks.values()} == {"put c.txt yes", "list > out.txt"}


def test_propose_keeps_the_whole_tasks_of_a_reply_that_was_cut_off(store: Store) -> None:
    tasks, attempt = proposed("cut_off", store)
    assert set(tasks) == {"Tell what a.txt says.", "Tell what b.txt says."}
    assert attempt.usage.calls == 2, "what stood behind the task without an end is asked for once more"


def test_propose_passes_over_items_of_another_kind(store: Store) -> None:
    assert set(proposed("wrong_kind", store)[0]) == {"Tell what b.txt says."}


def test_propose_fails_after_garbage_twice_and_says_what_it_took(store: Store) -> None:
    tasks, attempt = proposed("garbage", store)
    assert not tasks and attempt.error.startswith("parse: ")
    assert (attempt.usage.calls, attempt.usage.completion) == (6, 24), "all at once, and in two halves"


def test_what_is_too_much_for_one_reply_is_asked_for_in_two(store: Store) -> None:
    tasks, attempt = proposed("two_at_most", store)
    assert len(asked_for) > 2 and attempt.error == ""
    assert {"Tell what a.txt says.", "Tell what b.txt says."} <= set(tasks)


def test_no_task_is_about_a_command_that_needs_the_argument_that_it_may_lack(store: Store) -> None:
    """By its name there may be none of `<names>`: `list` works without, `put` does not."""
    page = Document(
        source="manual", title="page", text="list <names>\n  All.\n\nput <names>\n  A note.\n", begin=1, end=9
    )
    store.add([page])
    done(Propose(environment=NAME, model=model("kept")), store)
    forms = [form for request in asked_for for form in commands_of(request).values()]
    of_page = [form for form in forms if form.startswith(("^list", "^put"))]
    bare = {word for word in ("list", "put") if any(re.fullmatch(form, word) for form in of_page)}
    assert bare == {"list"} and any(re.fullmatch(form, "put c.txt yes") for form in of_page)


def test_a_later_round_asks_about_pages_of_which_too_little_worked_and_tells_what_was_tried(
    store: Store,
) -> None:
    done(Propose(environment=NAME, model=model("kept")), store)
    later = Propose(environment=NAME, model=model("kept"), round=1)
    tasks = {(task.parent, task.hint): task for task in store.records(Task)}
    assert later.inputs(store) == [], "nothing was explored yet"
    for (parent, _), task in tasks.items():
        failed = parent == DOCUMENTS["put"].id
        learned(store, acted("show z.txt" if failed else task.hint, task=task))
    (found,) = later.inputs(store)
    assert found[0] == DOCUMENTS["put"].id and len(found) == 5, (
        "with two sections beside it, and what was tried"
    )
    done(later, store)
    question = asked_for[-1].messages[-1].content
    assert "$ show z.txt" in question and "do not repeat these commands" in question
    assert all("do not repeat" not in request.messages[-1].content for request in asked_for[:3])


def test_a_command_of_a_help_page_is_the_command_that_the_page_is_about() -> None:
    tools = ("sqlite-utils", "task")
    assert calls("sqlite-utils insert > Options", tools) == ("sqlite-utils insert",)
    assert calls("sqlite-utils", tools) == ("sqlite-utils",)
    assert calls("man task > FILTER (1 of 2)", tools) == tools
    assert calls("task", ()) == ()


def test_propose_shows_the_page_its_commands_and_the_start(store: Store) -> None:
    documents = [record for at, *_ in Propose(environment=NAME, model=model("noted")).inputs(store)
                 if isinstance(record := store.get(at), Document)]  # fmt: skip
    assert [document.title for document in documents] == ["show", "put", "list"]
    done(Propose(environment=NAME, model=model("noted"), tasks=2), store)
    put = asked_for[2]
    assert START in put.messages[0].content
    question = put.messages[-1].content
    assert "Usage: put NAME TEXT" in question and "Write 2 different tasks" in question
    assert "$ put NAME <name>" in question, "a name of an example that is not there cannot be copied"
    for number in (1, 2):
        assert f"{number}. Notes: a.txt b.txt; with the command put NAME TEXT" in question
        form = commands_of(put)[str(number)]
        assert re.search(form, "put c.txt 'more bread'") and not re.search(form, "put c.txt")
        assert not re.search(form, "show a.txt")


def test_propose_asks_once_for_a_command_that_leaves_nothing_open(store: Store) -> None:
    done(Propose(environment=NAME, model=model("noted"), tasks=4), store)
    numbers = {len(commands_of(request)) for request in asked_for if "Usage: list" in str(request.messages)}
    assert numbers == {1}


def test_propose_has_a_task_for_each_option_in_batches_with_the_page_first(store: Store) -> None:
    options = "\n".join(f"  --opt{n} TEXT  Help {n}" for n in range(5))
    page = Document(
        source="m", title="tool", text=f"Usage: show [OPTIONS] NAME\n\n{options}", begin=9, end=20
    )
    store.add([page])
    stage = Propose(environment=NAME, model=model("kept"), skip=("--opt4",))
    run(stage.model_copy(update={"most": 5}), store, Pool("inline"))
    first, second = (one for one in asked_for if "--opt0" in str(one.messages))
    opening = first.messages[-1].content.partition("Write 4 different")[0]
    assert "--opt0" in opening and second.messages[-1].content.startswith(opening)
    asked = first.messages[-1].content + second.messages[-1].content
    assert "without options" in asked and "with --opt3 (Help 3)" in asked and "with --opt4" not in asked
    form = commands_of(second)["1"]
    assert re.search(form, "show a.txt --opt3 x --opt0 y")
    assert not re.search(form, "show a.txt --opt0 y") and not re.search(form, "show a.txt --opt3 x --none")


def test_propose_binds_the_arguments_of_examples_whose_options_stand_on_another_page(store: Store) -> None:
    text = "Usage: put [OPTIONS] NAME CODE\n\nFor example:\n\n    $ put b.txt 'x + 1' --fast"
    store.add([Document(source="m", title="page", text=text, begin=9, end=20)])
    run(Propose(environment=NAME, model=model("kept"), tasks=1), store, Pool("inline"))
    (request,) = (one for one in asked_for if "--fast" in str(one.messages))
    plain, form = (commands_of(request)[number] for number in "12")
    assert re.search(plain, "put a.txt 'y + 2'") and not re.search(plain, "put a.txt 'y + 2' --fast")
    assert "like: put b.txt 'x + 1' --fast" in request.messages[-1].content
    assert re.search(form, "put a.txt 'y + 2' --fast") and re.search(form, "put a.txt 'y + 2'")
    assert not re.search(form, "put a.txt y --fast") and not re.search(form, "put --fast a.txt 'y + 2'")


def test_propose_drops_a_command_that_repeats_the_question(store: Store) -> None:
    done(Propose(environment=NAME, model=model("repeated")), store)
    tasks = store.records(Task, about=DOCUMENTS["put"].id)
    assert {task.hint for task in tasks} == {"put c.txt yes"}


def test_propose_keeps_the_batches_that_could_be_read(store: Store) -> None:
    options = "\n".join(f"  --opt{n} TEXT  Help {n}" for n in range(5))
    page = Document(
        source="m", title="tool", text=f"Usage: show [OPTIONS] NAME\n\n{options}", begin=9, end=20
    )
    store.add([page])
    done(Propose(environment=NAME, model=model("half")), store)
    assert {task.hint for task in store.records(Task, about=page.id)} == {"show a.txt", "show b.txt", "list"}


def test_a_section_comes_with_those_that_show_how_its_tool_is_fed(store: Store) -> None:
    texts = {
        "SYNOPSIS": "SYNOPSIS\n    show [OPTION] <op>\n",
        "OPERATIONS": "OPERATIONS\n    sum   all of them\n    min   least value\n    max   the greatest\n",
        "EXAMPLES": "EXAMPLES\n    $ show sum < numbers.txt\n",
        "NOTES": "NOTES\n    $ show min\n",
    }
    pages = {
        title: Document(source="man show", title=f"man show > {title}", text=text, begin=at, end=at + 1)
        for at, (title, text) in enumerate(texts.items())
    }
    store.add(pages.values())
    found = {one: others for one, *others in Propose(environment=NAME, model=model("noted")).inputs(store)}
    beside = [pages["SYNOPSIS"].id, pages["EXAMPLES"].id]
    assert found[pages["OPERATIONS"].id] == found[pages["NOTES"].id] == beside
    assert found[pages["EXAMPLES"].id] == beside[:1] and pages["EXAMPLES"].id in found[pages["SYNOPSIS"].id]
