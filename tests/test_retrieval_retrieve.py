"""Which demonstrations an agent gets at a step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from learn_by_interact.agents.agent import Found, Hit
from learn_by_interact.engine.store import Store
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.errors import ConfigError, ModelError
from learn_by_interact.models import Request
from learn_by_interact.models.scripted import Scripted
from learn_by_interact.retrieval.build import build
from learn_by_interact.retrieval.demonstration import LIKE, SAME
from learn_by_interact.retrieval.index import number as number_of
from learn_by_interact.retrieval.index import open_index
from learn_by_interact.retrieval.retrieve import ExampleRetriever, Retrieval
from learn_by_interact.types import Action, Attempt, Example, Observation, Page, Trajectory
from room import DOCUMENTS, acted, asked

READ = acted("list", "show a.txt", "show b.txt")
WRITE = acted("put c.txt yes", "show nothing", "list")
TASK = asked(instruction="Read the note about apples.")
MANY = asked(instruction="Read write list recover note notes name.")
ACTIONS = ShellActions()
SMALL = {
    "query": "instruction",
    "fused": (4, 2),
    "start": False,
    "match": False,
    "cut": "ends",
    "lines": 0,
    "sections": 0,
}
"""The settings of the recipes, made for a small model."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run") as made:
        made.add([*DOCUMENTS.values(), asked(), READ, WRITE])
        yield made


def example(instruction: str, of: Trajectory, begin: int, end: int) -> Example:
    return Example(instruction=instruction, trajectory=of.id, begin=begin, end=end, kind="abstraction")


LIST = example("List the notes.", READ, 0, 1)
APPLES = example("Read the note about apples.", READ, 1, 2)
BREAD = example("Read the note about bread.", READ, 2, 3)
AGREE = example("Write a note about agreement.", WRITE, 0, 1)
RECOVER = example("Recover from a wrong name.", WRITE, 1, 3)
EXAMPLES = [LIST, APPLES, BREAD, AGREE, RECOVER]


class Asked:
    """A model that answers with one query after the other, and what it was asked."""

    def __init__(self, *queries: str) -> None:
        self.queries, self.requests = list(queries), list[Request]()
        self.model = Scripted(self.answer)

    def answer(self, request: Request) -> str:
        self.requests.append(request)
        if not self.queries:
            raise ModelError("no query left")
        return self.queries.pop(0)


def retriever(
    store: Store, *examples: Example, writer: Scripted | None = None, **settings: Any
) -> ExampleRetriever:
    folder, digest = build(store, examples or EXAMPLES, ACTIONS)
    plain = {"lines": 0, "sections": 0, **settings}
    return ExampleRetriever(str(folder), Retrieval(**plain), writer, ACTIONS, digest)


def small(store: Store, *examples: Example, **settings: Any) -> ExampleRetriever:
    return retriever(store, *examples, **{**SMALL, **settings})


def ids(found: Found) -> list[str]:
    return [hit.id for hit in found.hits]


def titles(hits: Sequence[Hit]) -> list[str]:
    lines = [line for hit in hits for line in hit.text.split("\n")]
    return [line.removeprefix("Example task: ") for line in lines if line.startswith("Example task: ")]


# The settings of the recipes: the instruction is the query, both kinds are one ranking.


def test_the_first_step_asks_by_the_instruction(store: Store) -> None:
    hits = small(store, fused=(2, 2))(TASK, READ.start, []).hits
    assert titles(hits)[0] == "Read the note about apples." and len(hits) == 2
    assert hits[0].id == APPLES.id
    assert "goal" in hits[0].why and "rank 1" in hits[0].why


def test_a_later_step_asks_by_what_was_seen(store: Store) -> None:
    failed = acted("show nothing")
    task = asked(instruction="Find an umbrella.")
    find = small(store, fused=(2, 1))
    assert find(task, failed.start, []) == Found()
    (hit,) = find(task, failed.start, failed.steps).hits
    assert titles([hit]) == ["Recover from a wrong name."] and "observation" in hit.why


def test_a_stretch_is_shown_once_an_episode(store: Store) -> None:
    again = acted("show a.txt", "roll")
    store.add([again])
    same = [
        example("Read the note about apples.", again, 0, 1),
        example("Read the apples note.", READ, 1, 2),
        APPLES,
    ]
    find = small(store, *same, BREAD, fused=(4, 2))
    first = find(TASK, READ.start, []).hits
    assert [hit.text.count("ACTION: show a.txt") for hit in first].count(1) == 1
    assert len(first) == 2
    assert find(TASK, READ.start, READ.steps).hits == ()


def test_another_episode_starts_anew(store: Store) -> None:
    assert small(store)(TASK, READ.start, []) == small(store)(TASK, READ.start, [])


def test_numbers_of_hits_are_bounded_at_the_first_and_at_later_steps(store: Store) -> None:
    find = small(store, fused=(2, 1))
    assert len(find(MANY, READ.start, []).hits) == 2
    assert len(find(MANY, READ.start, READ.steps[:1]).hits) == 1


def test_sections_that_nothing_is_shown_of_come_first(store: Store) -> None:
    other = acted("put c.txt yes", task=asked("put"))
    store.add([asked("put"), other])
    write = example("Write a note.", other, 0, 1)
    plain = small(store, APPLES, BREAD, write, fused=(2, 1), apart=False)(TASK, READ.start, []).hits
    apart = small(store, APPLES, BREAD, write, fused=(2, 1))(TASK, READ.start, []).hits
    assert [hit.id for hit in plain] == [APPLES.id, BREAD.id]
    assert [hit.id for hit in apart] == [APPLES.id, write.id]


def test_examples_of_the_section_that_the_task_is_about_come_first(store: Store) -> None:
    other = acted("put c.txt yes", task=asked("put"))
    store.add([asked("put"), other])
    write = example("Leave word.", other, 0, 1)
    task = asked(instruction="Writes the names in a note about bread.")
    plain = small(store, APPLES, BREAD, write, fused=(1, 1), standing=0.0)(task, READ.start, []).hits
    (first,) = small(store, APPLES, BREAD, write, fused=(1, 1))(task, READ.start, []).hits
    assert [hit.id for hit in plain] == [BREAD.id], "it shares most words with the task"
    assert first.id == write.id, "no other page says `writes`"
    assert "section (rank 1)" in first.why and first.why.startswith("goal")
    hits = small(store, APPLES, BREAD, write)(task, READ.start, []).hits
    assert {hit.id for hit in hits} == {write.id, BREAD.id, APPLES.id}, "the others come after them"


def test_characters_are_bounded_but_one_hit_is_always_given(store: Store) -> None:
    bare = {"fused": (5, 2), "documentation": 0}
    whole = small(store, **bare)(MANY, READ.start, []).hits
    assert len(whole) == 5
    for bound in (200, 300):
        some = small(store, **bare, characters=bound)(MANY, READ.start, []).hits
        assert 1 < len(some) < 5 and sum(len(hit.text) for hit in some) <= bound
    (one,) = small(store, **bare, characters=1)(MANY, READ.start, []).hits
    assert one == whole[0]


def test_two_instructions_for_one_end_are_one_vote(store: Store) -> None:
    whole = example("Read the note about apples.", READ, 0, 2)
    hits = ids(small(store, APPLES, whole, BREAD, fused=(4, 2))(TASK, READ.start, []))
    assert hits.count(APPLES.id) + hits.count(whole.id) == 1


def test_lines_of_documentation_come_along_once(store: Store) -> None:
    episode = acted("put NAME yes", "put NAME no", task=asked("put", "Write two notes."))
    store.add([asked("put", "Write two notes."), episode])
    made = [example("Write yes.", episode, 0, 1), example("Write no.", episode, 1, 2)]
    task = asked(instruction="Write yes or no.")
    text = "\n".join(hit.text for hit in small(store, *made, documentation=2)(task, READ.start, []).hits)
    assert text.count("Documentation: Usage: put NAME TEXT") == 1
    assert text.startswith("Documentation: ")
    plain = small(store, *made, documentation=0)(task, READ.start, []).hits
    assert len(plain) == 2 and not any("Documentation" in hit.text for hit in plain)


def test_an_example_of_a_section_that_was_left_out_since_comes_without_its_lines(store: Store) -> None:
    show, put = DOCUMENTS["show"], DOCUMENTS["put"]
    store.commit(Attempt(stage="ingest", input="room", outputs=(show.id, put.id)))
    (whole,) = small(store, APPLES, documentation=0, lines=3)(TASK, READ.start, []).hits
    assert "Documentation: " in whole.text
    store.commit(Attempt(stage="ingest", input="room", outputs=(put.id,)))
    (bare,) = small(store, APPLES, documentation=0, lines=3)(TASK, READ.start, []).hits
    assert bare.text == whole.text.partition("\n")[2] and bare.id == APPLES.id


# By the state.


def test_who_met_this_state_comes_first_and_says_where(store: Store) -> None:
    find = retriever(store, model=0, fill=False, observation=2)
    (hit, other) = find(asked(instruction="Find an umbrella."), READ.start, READ.steps[:1]).hits
    assert hit.id == APPLES.id and "same state at step 1 of 1" in hit.why
    lines = hit.text.split("\n")
    assert lines[lines.index(SAME) + 1] == "ACTION: show a.txt"
    assert other.id != hit.id and "same state" not in other.why and SAME not in other.text


def test_a_state_inside_a_window_is_met_too(store: Store) -> None:
    whole = example("Read all notes.", READ, 0, 3)
    find = retriever(store, whole, AGREE, model=0, observation=1, fill=False)
    (hit,) = find(TASK, READ.start, READ.steps[:2]).hits
    assert hit.id == whole.id and "same state at step 3 of 3" in hit.why
    lines = hit.text.split("\n")
    assert lines[lines.index(SAME) + 1] == "ACTION: show b.txt"


def test_a_state_that_nobody_met_is_answered_by_the_likest(store: Store) -> None:
    failed = acted("show everything")
    whole = example("Recover from a wrong name.", WRITE, 0, 3)
    find = retriever(store, LIST, whole, model=0, observation=1, fill=False)
    (hit,) = find(TASK, failed.start, failed.steps).hits
    assert hit.id == whole.id and "most alike at step 3 of 3" in hit.why
    lines = hit.text.split("\n")
    assert lines[lines.index(LIKE) + 1] == "ACTION: list"


def test_of_one_step_of_each_that_is_shown_which_goes_on_from_here(store: Store) -> None:
    reads = example("Read the note about apples and all others.", READ, 0, 3)
    writes = example("Write a note about agreement.", WRITE, 0, 3)
    find = small(store, reads, writes, match=True, steps=1, fused=(1, 1), placement="after")
    (hit,) = find(TASK, READ.start, []).hits
    assert [line for line in hit.text.split("\n") if line.startswith("ACTION")] == ["ACTION: list"]
    assert hit.id == reads.id and "at step 1 of 3" in hit.why
    # The goal is that of the other one, but what was done here leads on in this one alone.
    wrote = acted("put d.txt no")
    (hit,) = find(TASK, wrote.start, wrote.steps).hits
    assert hit.id == writes.id and "at step 2 of 3" in hit.why
    lines = hit.text.split("\n")
    assert lines[lines.index(LIKE) + 1] == "ACTION: list", "what came after it and did not fail"
    assert sum(line.startswith("ACTION") for line in lines) == 1


def test_the_start_counts_as_a_state_or_not(store: Store) -> None:
    only: dict[str, Any] = {"model": 0, "observation": 5, "fill": False}
    met = retriever(store, **only)(TASK, READ.start, [])
    assert set(ids(met)[:2]) == {LIST.id, AGREE.id}
    assert retriever(store, **only, start=False)(TASK, READ.start, []) == Found()


# By the query that the model writes.


def test_the_model_writes_the_query(store: Store) -> None:
    asked_ = Asked("write a note about agreement")
    find = retriever(store, writer=asked_.model, observation=0, fill=False)
    found = find(TASK, READ.start, [])
    assert ids(found)[0] == AGREE.id
    assert "query 'write a note about agreement'" in found.hits[0].why
    assert found.usage.calls == 1 and found.usage.completion == 5
    (request,) = asked_.requests
    assert request.max_tokens <= 40 and TASK.instruction in request.messages[-1].content
    assert READ.start.text in request.messages[-1].content


def test_history_and_observation_are_in_the_question_and_its_beginning_stays(store: Store) -> None:
    asked_ = Asked("write", "read", "recover", "list")
    find = retriever(store, writer=asked_.model)
    for at in range(4):
        find(TASK, WRITE.start, WRITE.steps[:at])
    told = [request.messages[-1].content for request in asked_.requests]
    assert len(told) == 4 and "Done: show nothing\nSeen: show nothing: there is no such thing" in told[-1]
    for one, two in pairwise(told):
        assert two.startswith(one.removesuffix("Query:"))
    assert len({request.messages[0] for request in asked_.requests}) == 1


def test_a_query_is_written_only_where_enough_has_changed(store: Store) -> None:
    asked_ = Asked("first", "second", "third")
    find = retriever(store, writer=asked_.model, observation=0)
    again = acted("list", "list", "put c.txt yes", "list", "list")
    calls = [find(TASK, again.start, again.steps[:at]).usage.calls for at in range(6)]
    # The first listing has no new word; writing changes the state; the next listing has only new words.
    assert calls == [1, 0, 0, 1, 1, 0]
    with pytest.raises(ModelError):
        find(MANY, again.start, again.steps)


def test_a_query_without_a_word_is_the_instruction(store: Store) -> None:
    found = retriever(store, writer=Asked("...").model, observation=0)(TASK, READ.start, [])
    assert ids(found)[0] == APPLES.id and "goal" in found.hits[0].why
    assert found.usage.calls == 1


def test_a_model_that_fails_is_not_passed_over(store: Store) -> None:
    with pytest.raises(ModelError, match="no query left"):
        retriever(store, writer=Asked().model)(TASK, READ.start, [])


def test_a_query_that_nobody_can_write_is_said_before_the_start(store: Store) -> None:
    with pytest.raises(ConfigError, match="needs a model to write it, or set `instruction`"):
        retriever(store)
    retriever(store, model=0)
    retriever(store, query="instruction")


# Both.


def test_nothing_is_returned_twice(store: Store) -> None:
    find = retriever(store, writer=Asked(*["read write list note name"] * 4).model)
    first = find(TASK, READ.start, [])
    assert len(set(ids(first))) == len(first.hits) == 5
    for at in (1, 2, 3):
        assert find(TASK, READ.start, READ.steps[:at]).hits == ()


def test_m1_of_one_kind_then_m2_of_the_other(store: Store) -> None:
    query = "recover from a wrong name, read bread"
    find = retriever(store, writer=Asked(query).model, observation=2, fill=False)
    found = find(TASK, READ.start, [])
    assert set(ids(found)[:2]) == {LIST.id, AGREE.id} and "same state" in found.hits[0].why
    assert all("query" in hit.why for hit in found.hits[2:]) and RECOVER.id in ids(found)[2:]
    one = retriever(store, writer=Asked(query).model, observation=1, model=1, fill=False)
    assert len(one(TASK, READ.start, []).hits) == 2


def test_the_budget_is_filled_where_it_leaves_room(store: Store) -> None:
    few: dict[str, Any] = {"observation": 1, "query": "instruction"}
    assert len(retriever(store, **few, model=1, fill=False)(MANY, READ.start, []).hits) == 2
    filled = retriever(store, **few, model=1)(MANY, READ.start, []).hits
    assert len(filled) == 4
    bound = sum(len(hit.text) for hit in filled[:3])
    bare = retriever(store, **few, model=1, characters=bound, documentation=0)
    assert sum(len(hit.text) for hit in bare(MANY, READ.start, []).hits) <= bound


@pytest.mark.parametrize("placement", ["before", "after"])
def test_hits_that_do_not_stay_may_come_again_at_the_next_step(store: Store, placement: str) -> None:
    asked_ = Asked("read the note about apples")
    find = retriever(store, writer=asked_.model, observation=0, change=1.1, placement=placement)
    first = find(TASK, READ.start, [])
    assert ids(find(TASK, READ.start, READ.steps[:1])) == ids(first) != []
    assert len(asked_.requests) == 1


def test_once_keeps_what_the_instruction_found(store: Store) -> None:
    find = retriever(store, query="instruction", observation=0, once=True)
    first = find(TASK, READ.start, [])
    assert ids(first)[0] == APPLES.id
    assert find(TASK, READ.start, READ.steps) == first


def test_an_instruction_alone_may_be_what_is_searched(store: Store) -> None:
    task = asked(instruction="put yes")
    only: dict[str, Any] = {"query": "instruction", "observation": 0, "fill": False}
    assert retriever(store, **only, by="instruction")(task, READ.start, []) == Found()
    assert ids(retriever(store, **only, by="instruction+actions")(task, READ.start, [])) == [AGREE.id]
    seen = asked(instruction="there is no such thing")
    assert ids(retriever(store, **only, by="instruction+observations")(seen, READ.start, []))[0] == RECOVER.id


def test_the_order_of_adding_changes_nothing(tmp_path: Path) -> None:
    results = []
    for number, order in enumerate((EXAMPLES, EXAMPLES[::-1], [*EXAMPLES[3:], *EXAMPLES[:3]])):
        with Store(tmp_path / str(number)) as store:
            store.add([*DOCUMENTS.values(), asked(), READ, WRITE])
            for size in (2, 5):
                folder, _ = build(store, order[:size], ACTIONS)
            find = ExampleRetriever(str(folder), Retrieval(), Asked(*["read"] * 4).model, ACTIONS)
            results.append([find(MANY, READ.start, READ.steps[:at]) for at in range(4)])
    assert results[0] == results[1] == results[2]


def test_an_index_that_has_changed_since_is_refused(store: Store) -> None:
    folder, digest = build(store, EXAMPLES, ACTIONS)
    build(store, EXAMPLES[:2], ACTIONS)
    with pytest.raises(ConfigError, match="does not hold the run's examples any more"):
        ExampleRetriever(str(folder), Retrieval(query="instruction"), digest=digest)


def test_what_the_projects_tests_pass_after_comes_before_its_like(store: Store) -> None:
    twins = [example("Write a note about pears.", READ, begin, begin + 1) for begin in range(3)]
    last = max(twins, key=lambda one: one.id)
    far = example("Read a list of names.", WRITE, 0, 1)
    every = [*twins, far]

    def ranked(*tested: str) -> list[int]:
        folder, held = build(store, every, ACTIONS, tested=tested)
        index = open_index(str(folder))
        assert index.digest == held
        return [one.number for one in index.search("Write a note about pears.", {"instruction": 1.0}, 9)]

    plain = ranked()
    assert plain[0] != number_of(last.id)
    # Of its like it is the first; what is nearer by far stays before.
    assert ranked(last.id)[0] == number_of(last.id)
    assert ranked(far.id)[-1] == number_of(far.id) and ranked() == plain


# Pages of an application that was looked over.


def page(title: str, *path: str, text: str = "") -> Page:
    return Page(environment="room", title=title, path=path, elements=(f'button "Open {title}"',), text=text)


def looked_over(store: Store, key: str, *pages: Page) -> None:
    store.commit(Attempt(stage=key, input="room", outputs=tuple(one.id for one in pages)), pages)
    store.set_meta("survey", key)


def test_pages_that_share_words_with_the_task_are_told_before_the_first_action(store: Store) -> None:
    fruit = page("Fruit", "goto /fruit", 'click [link "All"]', text="The note about apples lies here.")
    tools = page("Tools", "goto /tools", text="Hammers.")
    looked_over(store, "survey:1", fruit, tools)
    asked_once = small(store)
    first = asked_once(TASK, READ.start, ())
    told = [hit for hit in first.hits if hit.why.startswith("page, goal ")]
    assert [hit.id for hit in told] == [fruit.id]
    assert told[0].text == (
        'Page Fruit:\nACTION: goto /fruit\nACTION: click [link "All"]\nThere: [button "Open Fruit"]'
    )
    later = asked_once(TASK, READ.start, READ.steps[:1])
    assert not [hit for hit in later.hits if hit.why.startswith("page")]
    assert fruit.id not in ids(small(store, pages=0)(TASK, READ.start, ()))


def test_pages_are_bounded_and_those_of_the_last_survey(store: Store) -> None:
    before = page("Apples", "goto /old")
    looked_over(store, "survey:1", before)
    looked_over(store, "survey:2", *(page(f"Apples {at}", f"goto /{at}") for at in range(5)))
    shown = small(store, pages=2)(TASK, READ.start, ()).hits
    assert [hit.text.split("\n")[1][:8] for hit in shown if hit.why.startswith("page")] == ["ACTION: "] * 2
    assert before.id not in [hit.id for hit in shown]


def where(hits: Sequence[Hit]) -> list[str]:
    return [hit.text.split("\n")[1] for hit in hits if hit.why.startswith("page")]


def test_a_page_that_the_task_names_by_its_number_comes_first_though_only_others_were_seen(
    store: Store,
) -> None:
    looked_over(
        store,
        "survey:1",
        page("Apples", "goto /apples", text="apples apples"),
        page("Note 4", "goto /note/4", text="pears"),
        page("Box 1", "goto /box1", text="pears"),
    )

    def told(instruction: str, **settings: Any) -> list[Hit]:
        task = asked(instruction=instruction)
        found = small(store, **settings)(task, READ.start, ()).hits
        return [hit for hit in found if hit.why.startswith("page")]

    assert where(told("Read note #12 about apples.")) == ["ACTION: goto /note/12", "ACTION: goto /apples"]
    assert told("Read note #12 about apples.")[0].text.startswith("Page /note/12:\n")
    assert told("Read note 4.")[0].text.startswith("Page Note 4:\n"), "it was looked at"
    both = told("Put note 1.2 into box 3, not apples.", pages=2)
    assert sorted(where(both)) == ["ACTION: goto /box3", "ACTION: goto /note/1.2"]
    assert where(told("Read the 12 notes about apples."))[0] == "ACTION: goto /apples"


def test_after_an_action_on_what_is_not_there_a_page_that_has_it_is_told(store: Store) -> None:
    looked_over(store, "survey:1", page("Apples", "goto /apples"), page("Tools", "goto /tools"))
    episode = small(store)
    assert where(episode(TASK, READ.start, ()).hits) == ["ACTION: goto /apples"]
    missing = Action(tool="click", arguments={"element": 'button "Open Tools"'})
    failed = READ.steps[0].model_copy(
        update={"action": missing, "observation": Observation(text="There is none.", key="k", failed=True)}
    )
    hits = [hit for hit in episode(TASK, READ.start, [failed]).hits if hit.why.startswith("page, element")]
    assert [hit.text for hit in hits] == [
        '[button "Open Tools"] is on another page.\nPage Tools:\nACTION: goto /tools\n'
        'There: [button "Open Tools"]'
    ]
    worked = failed.model_copy(update={"observation": READ.start})
    assert not where(episode(TASK, READ.start, [worked]).hits)


def test_what_is_called_by_a_mere_number_is_named_by_it(store: Store) -> None:
    looked_over(store, "survey:1", page("#4 (Pears)", "goto /note/4", text="Read pears."))
    found = small(store)(asked(instruction="Read #12 again."), READ.start, ()).hits
    assert where(found) == ["ACTION: goto /note/12"]
