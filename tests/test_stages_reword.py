"""Instructions in other words: what `lbi reword` takes of a model's, and where they count as examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from learn_by_interact.engine.store import Store
from learn_by_interact.models import Request
from learn_by_interact.models.endpoint import ModelSettings
from learn_by_interact.stages.keep import judge_superseded, kept
from learn_by_interact.stages.reword import Reword
from learn_by_interact.types import Attempt, Document, Example, Task
from room import NAME, acted, done

asked_for: list[Request] = []
said: list[str] = []


def saying(request: Request) -> str:
    """The three texts that the test put into `said`."""
    asked_for.append(request)
    return json.dumps(dict(zip((request.json_schema or {})["required"], said, strict=True)))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    asked_for.clear()
    with Store(tmp_path / "run") as made:
        yield made


def stage() -> Reword:
    return Reword(environment=NAME, model=ModelSettings(name=f"scripted/{__name__}:saying"), rule="unanimous")


def taught(store: Store, instruction: str, *commands: str, page: str = "put note") -> Example:
    """An abstraction and a summary of a session, to which a page led."""
    section = Document(source="help", title=page, text="Writes the note.", begin=1, end=2)
    task = Task(environment="room", instruction="as proposed", parent=section.id, hint=commands[0])
    episode = acted(*commands, task=task)
    values = {"trajectory": episode.id, "begin": 0, "end": len(commands), "instruction": instruction}
    example = Example.model_validate({**values, "kind": "abstraction"})
    summary = Example.model_validate({**values, "kind": "summary"})
    store.add([section, task, episode])
    store.commit(
        Attempt(stage="relabel:1", input=episode.id, outputs=(example.id, summary.id)), [example, summary]
    )
    return example


def rewordings(store: Store) -> set[str]:
    return {one.instruction for one in store.records(Example) if one.kind == "rewording"}


def test_other_words_are_examples_of_the_same_window(store: Store) -> None:
    example = taught(store, "Put 42 into the note.", "put note 42")
    said[:] = [
        "The answer 42 belongs on  paper.",
        "Write down 42 for later.",
        "Remember 42 for me.",
    ]
    done(stage(), store)
    found = [one for one in kept(store, "unanimous") if one.kind == "rewording"]
    assert {(one.trajectory, one.begin, one.end) for one in found} == {(example.trajectory, 0, 1)}
    assert rewordings(store) == {" ".join(text.split()) for text in said}
    (request,) = asked_for
    assert "Task: Put 42 into the note.\nWords not to use: note" in request.messages[-1].content


@pytest.mark.parametrize(
    "wrong",
    [
        "Remember the answer for me.",  # Its value is lost.
        "Write 142 down for later.",
        "Make a note that says 42.",  # The command's own name.
    ],
)
def test_what_is_no_rewording_is_thrown_away(store: Store, wrong: str) -> None:
    taught(store, "Put 42 into the note.", "put note 42")
    said[:] = [wrong, "Remember 42 for me.", "Remember 42 for me."]
    done(stage(), store)
    assert rewordings(store) == {"Remember 42 for me."}


def test_where_there_are_several_tools_their_names_are_words_not_to_use(store: Store) -> None:
    taught(store, "Put 42 into the note.", "put note 42", page="put")
    said[:] = ["Please put 42 on a note.", "Make a note of 42.", "Afterwards the note should say 42."]
    done(stage(), store)
    assert rewordings(store) == set(said[1:])
    assert "Words not to use: put" in asked_for[0].messages[-1].content


def test_names_of_files_and_what_is_quoted_are_left_as_they_are(store: Store) -> None:
    taught(store, "Save 'two words' in a file that c.txt lists.", "put note 'two words'")
    said[:] = [
        "Keep two words where c.txt can find them.",
        "Keep words where c.txt can find them.",
        "Keep two words where d.txt can find them.",
    ]
    done(stage(), store)
    assert rewordings(store) == {said[0]}


def test_what_was_added_from_the_documentation_stays_but_for_the_name(store: Store) -> None:
    taught(store, "Put 42 into the note. It is for ever: yes. Writes the note.", "put note 42 yes")
    said[:] = ["Remember 42 for me.", "Please make a note of 42.", "Afterwards 42 should be known."]
    done(stage(), store)
    assert rewordings(store) == {
        "Remember 42 for me. It is for ever: yes.",
        "Afterwards 42 should be known. It is for ever: yes.",
    }
    assert "Task: Put 42 into the note.\n" in asked_for[0].messages[-1].content


def test_the_rewordings_of_what_was_labelled_again_are_superseded(store: Store) -> None:
    example = taught(store, "Put 42 into the note.", "put note 42")
    said[:] = ["Remember 42 for me.", "Write down 42 for later.", "Store 42 somewhere."]
    done(stage(), store)
    assert judge_superseded(store, "relabel:1", stage().key) == []
    new = example.model_copy(update={"instruction": "Write 42 to the note."})
    store.commit(Attempt(stage="relabel:2", input=example.trajectory, outputs=(new.id,)), [new])
    judge_superseded(store, "relabel:2", stage().key)
    assert {one.instruction for one in kept(store, "unanimous")} == {new.instruction}


def test_other_words_of_an_earlier_prompt_are_superseded(store: Store) -> None:
    taught(store, "Put 42 into the note.", "put note 42")
    said[:] = ["Remember 42 for me."] * 3
    done(stage(), store)
    said[:] = ["Write down 42 for later."] * 3
    later = stage().model_copy(update={"version": "another"})
    done(later, store)
    judge_superseded(store, "relabel:1", later.key)
    words = {one.instruction for one in kept(store, "unanimous") if one.kind == "rewording"}
    assert words == {"Write down 42 for later."}
