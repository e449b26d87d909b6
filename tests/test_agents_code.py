"""The agent in a project's code: how a local model's reply is begun, and when it may end."""

from __future__ import annotations

import re

from learn_by_interact.agents.agent import Acting, LanguageAgent
from learn_by_interact.environments.repository.actions import RepositoryActions
from learn_by_interact.models import Message, Request
from learn_by_interact.models.scripted import Scripted
from learn_by_interact.types import STOP, Action, Observation, Step, Task

MEND = Task(environment="project", instruction="Mend the mean of no numbers.")
START = Observation(text="2 files", state="as it was", key="start")
MENDED = Step(
    thought="",
    action=Action(tool="replace", arguments={"path": "a.py", "old": "f", "new": "g"}),
    observation=START.model_copy(update={"state": "mended", "key": "mended"}),
)
BEGUN = Message(role="assistant", content="ACTION:")


def seen(command: str, state: str, text: str = "1 failed") -> Step:
    """A step after which the project is in a state."""
    observation = Observation(text=text, state=state, key=f"{command} {state}")
    return Step(
        thought="", action=Action(tool="bash", arguments={"command": command}), observation=observation
    )


class Told:
    """What an agent in a project does after some steps, and what it asked its model."""

    def __init__(self, *replies: str, steps: tuple[Step, ...] = (), task: Task = MEND, name: str = "local/x"):
        left = list(replies)
        self.requests: list[Request] = []

        def answer(request: Request) -> str:
            self.requests.append(request)
            return left.pop(0)

        agent = LanguageAgent(Scripted(answer, name=name), RepositoryActions(), "A project.", Acting())
        self.action = agent.act(task, START, steps).action
        assert not left, "all replies were asked for"


def plain(grammar: str) -> str:
    """A grammar with the characters that stand in it by numbers."""
    return re.sub(r"\\U([0-9a-f]{8})", lambda found: chr(int(found[1], 16)), grammar)


def begins(told: Told, action: str) -> bool:
    """Whether the grammar of the last request lets an action be this, by what it has beside the mending."""
    grammar = plain(told.requests[-1].grammar)
    root, usual = grammar.split("\n")[:2]
    named = root.removeprefix('root ::= " " (').removesuffix(" | usual words | heredoc)").split(" | ")
    commands = usual.removeprefix("usual ::= ").split(" | ")
    return action.split()[0] in named or f'"{action.split()[0]}"' in commands


def test_a_local_model_goes_on_from_what_its_reply_begins_with() -> None:
    told = Told(" python -m pytest -q")
    assert told.action == Action(tool="bash", arguments={"command": "python -m pytest -q"})
    assert told.requests[0].messages[-1] == BEGUN
    assert Told("ACTION: view a.py").action.tool == "view", "one that says it again is read too"
    other = Told("ACTION: view a.py", name="openai/x")
    assert BEGUN not in other.requests[0].messages and not other.requests[0].grammar


def test_who_has_changed_nothing_is_not_let_stop_and_a_question_may_be_answered_at_once() -> None:
    ran = seen("pytest", START.state)
    told = Told(" view a.py", steps=(ran,))
    assert not begins(told, "stop") and not begins(told, "undo")
    assert not begins(told, "replace a.py") and not begins(told, "Replace a.py")
    assert begins(told, "view a.py 1 2") and begins(told, "sed -n 1,3p a.py") and begins(told, "ls")
    assert "or ACTION: stop" not in told.requests[0].messages[-2].content
    changed = Told(" stop", steps=(ran, seen("sed -i s/1/0/ a.py", "mended")))
    assert changed.action.tool == STOP and begins(changed, "stop")
    assert "or ACTION: stop" in changed.requests[0].messages[-2].content
    asks = MEND.model_copy(update={"instruction": "What is the mean of no numbers?"})
    asked = Told(" stop 0", steps=(ran,), task=asks)
    assert asked.action.arguments["answer"] == "0" and begins(asked, "stop 0")


def test_a_task_that_may_be_done_by_looking_may_end_without_a_change() -> None:
    shows = MEND.model_copy(update={"instruction": "Show what mean makes of [1, 2]."})
    told = Told(" stop", steps=(seen("python -c 'print(1.5)'", START.state),), task=shows)
    assert told.action.tool == STOP and begins(told, "stop") and len(told.requests) == 1


def looked(path: str) -> Step:
    """A view of some lines of a file."""
    text = ' 8  def f():\n 9      return "\\t"\n10  '
    return Step(
        thought="",
        action=Action(tool="view", arguments={"path": path, "start": 8, "end": 10}),
        observation=START.model_copy(update={"text": f"{text}\n[{path}: lines]", "key": "seen"}),
    )


def test_what_is_replaced_are_lines_that_were_seen() -> None:
    grammar = plain(Told(" ls", steps=(looked("a.py"),)).requests[0].grammar)
    assert 'replace ::= "replace a.py\n<<<<<<< SEARCH\n" (from0 | from1) ">>>>>>> REPLACE"\n' in grammar
    assert (
        'from0 ::= line0 (line1 (line2)?)? "=======\\n" (" 8  " rest more{0,4})?\n' in grammar
        and 'line0 ::= " 8  def f():" "\n"\nline1 ::= " 9      return "\\t"" "\n"\n' in grammar
    )
    again = Told(" undo", steps=(looked("a.py"), MENDED))
    assert not begins(again, "replace a.py") and begins(again, "undo")


TRACED = """\
calc/b.py:31: in test_f
tests/test_a.py:3: in g
  File "calc/a.py", line 2, in f
/usr/lib/python3/x.py:7: in g"""


def test_a_view_begins_near_a_line_that_an_output_named() -> None:
    ran = seen("pytest", START.state, TRACED)
    grammar = plain(Told(" ls", steps=(ran,)).requests[0].grammar)
    assert 'view ::= "view " (file0 | file1)\n' in grammar and "tests/test_a.py" not in grammar
    assert grammar.endswith('file1 ::= "calc/a.py " ("1 " | "2 ") [0-9]{1,6}')
    assert 'file0 ::= "calc/b.py " ("11 " | "12 "' in grammar and '| "31 ") ' in grammar
    free = plain(Told(" pytest", steps=(seen("ls", START.state),)).requests[0].grammar)
    assert 'view ::= "view " [^ \\n]{1,120} (" " [0-9]{1,6} (" " [0-9]{1,6})?)?' in free


def test_what_was_viewed_is_not_viewed_again() -> None:
    ran = seen("pytest", START.state, "b.py:3: in f\na.py:10: in g\na.py:4: in h")
    grammar = plain(Told(" ls", steps=(ran, looked("a.py"))).requests[0].grammar)
    assert 'file1 ::= "a.py " ("1 " | "2 " | "3 " | "4 ") [0-9]{1,6}\n' in grammar
    alone = seen("pytest", START.state, "a.py:9: in f")
    assert not begins(Told(" ls", steps=(alone, looked("a.py"))), "view a.py 1 2")


def test_a_test_is_mended_only_where_the_task_is_about_tests() -> None:
    assert not begins(Told(" ls", steps=(looked("tests/test_a.py"),)), "replace tests/test_a.py")
    adds = MEND.model_copy(update={"instruction": "Add a test that mean([]) is 0."})
    assert begins(Told(" ls", steps=(looked("tests/test_a.py"),), task=adds), "replace tests/test_a.py")


def test_a_model_that_may_stop_is_asked_again_where_nothing_was_changed() -> None:
    told = Told(
        "ACTION: stop", "ACTION: stop", "ACTION: view a.py", steps=(seen("ls", START.state),), name="m"
    )
    assert told.action.tool == "view"
    assert "Nothing has been changed" in told.requests[1].messages[-1].content
    assert [request.temperature for request in told.requests] == [0.0, 0.0, 1.0], "then it is sampled"


def test_what_led_nowhere_is_not_done_again() -> None:
    turns = (seen("pytest", START.state), seen("ls", START.state))
    told = Told(" pytest", " view a.py", steps=turns)
    assert told.action.tool == "view" and not begins(told, "pytest") and not begins(told, "Pytest -q")
    ran = " python -m pytest"
    longer = Told(ran, ran, " ls", steps=(seen(ran.strip(), START.state),))
    assert not begins(longer, "python3 -m pytest") and begins(longer, "pytest -q")
    mended = (turns[0], seen("sed -i s/1/0/ a.py", "mended"))
    assert Told(" pytest", steps=mended).action.arguments["command"] == "pytest", (
        "now it may say something else"
    )


def test_what_was_just_done_is_not_done_again() -> None:
    ran = seen("pytest", START.state)
    told = Told(" pytest", " pytest", " view a.py", steps=(ran,))
    assert told.action.tool == "view" and told.requests[-1].temperature == 1.0


def test_what_a_replacement_does_is_seen_before_the_end() -> None:
    told = Told(" pytest", steps=(MENDED,))
    assert not begins(told, "stop") and begins(told, "pytest") and begins(told, "undo")
    assert "or ACTION: stop" not in told.requests[0].messages[-2].content
    assert not begins(Told(" pytest", steps=(MENDED, looked("a.py"))), "stop"), "looking shows nothing of it"
    assert begins(Told(" stop", steps=(MENDED, seen("pytest", "mended"))), "stop")


def test_what_a_model_thinks_up_below_a_tool_is_no_part_of_it() -> None:
    told = Told(' search "def mean("\n(4 later steps are left out.)')
    assert told.action == Action(tool="search", arguments={"text": "def mean("})
