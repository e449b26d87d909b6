"""Reading and writing a model's replies."""

from __future__ import annotations

import random

import pytest

from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.errors import ParseError
from learn_by_interact.types import STOP, Action

SPACE = ShellActions()


def bash(command: str) -> Action:
    return Action(tool="bash", arguments={"command": command})


def stop(answer: str = "") -> Action:
    return Action(tool=STOP, arguments={"answer": answer})


@pytest.mark.parametrize(
    ("reply", "thought", "action"),
    [
        ("REASON: look\nACTION: ls -l", "look", bash("ls -l")),
        ("ACTION: ls", "", bash("ls")),
        ("ACTION: ACTION: ls", "", bash("ls")),
        ("ACTION: Action:\nls", "", bash("ls")),
        ("So:\n```bash\nACTION: ls\n```", "So:", bash("ls")),
        ("ACTION: ACTION: stop", "", stop()),
        ("Reason: a\nAction: `ls *.csv`", "a", bash("ls *.csv")),
        ("**REASON:** a\n**ACTION:** ls", "a", bash("ls")),
        ("REASON: a\nACTION: $ ls", "a", bash("ls")),
        ("REASON: a. ACTION: ls", "a.", bash("ls")),
        ("REASON: a\nACTION:\nls", "a", bash("ls")),
        ("REASON: a\nACTION:\n```bash\nls\n```\nThis lists files.", "a", bash("ls")),
        ("REASON: a\nACTION: ```bash\nls\n```", "a", bash("ls")),
        ("REASON: a\nACTION: ```ls -a```", "a", bash("ls -a")),
        ("I will look.\n```sh\nls\npwd\n```", "I will look.", bash("ls\npwd")),
        ("First:\n$ ls\na.csv", "First:", bash("ls")),
        ("```\n$ ls\na.csv\n```", "", bash("ls")),
        ("REASON: a\r\nACTION: ls\r\n", "a", bash("ls")),
        ("<think>ACTION: rm\n</think>\nREASON: a\nACTION: ls", "a", bash("ls")),
        ("REASON: a\nACTION: ls\nOBSERVATION: x\nREASON: b\nACTION: rm x", "a", bash("ls")),
        ("REASON: a\nACTION: ls\n\nThis shows what is there.", "a", bash("ls")),
        ("ACTION: cat > f <<EOF\na\nb\nEOF\nand more", "", bash("cat > f <<EOF\na\nb\nEOF")),
        ("ACTION: cat <<'E' > f\na 'b\nE\nREASON: c", "", bash("cat <<'E' > f\na 'b\nE")),
        ('ACTION: python3 -c "\nprint(1)\n"\nDone', "", bash('python3 -c "\nprint(1)\n"')),
        ("ACTION: ls \\\n  -l\nthen", "", bash("ls \\\n  -l")),
        ("ACTION: echo it's\nREASON: b", "", bash("echo it's")),
        ("REASON: done\nACTION: stop", "done", stop()),
        ("REASON: done\nACTION: Stop.", "done", stop()),
        ("ACTION: `exit`", "", stop()),
        ("ACTION:\n```bash\nstop\n```", "", stop()),
        ("done", "", stop()),
        ("ACTION: stop 42", "", stop("42")),
        ("ACTION: stop <42 books>", "", stop("42 books")),
        ("ACTION: stop 1\n2\nREASON: more", "", stop("1\n2")),
        ("ACTION: finish the job", "", bash("finish the job")),
    ],
)
def test_replies_are_read(reply: str, thought: str, action: Action) -> None:
    assert SPACE.parse(reply) == (thought, action)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "  \n",
        "I cannot do that.",
        "REASON: a",
        "REASON: a\nACTION:",
        "REASON: a\nACTION:\nOBSERVATION: x",
        "\x00\x01\x7f\x00",
        "ACTION: ls \x00",
        "ACTION: " + "x" * 50_000,
        "ACTION:\n```bash\n```",
    ],
)
def test_unreadable_replies_are_told_the_form(reply: str) -> None:
    with pytest.raises(ParseError) as error:
        SPACE.parse(reply)
    assert "ACTION: one bash command" in str(error.value)


PIECES = [
    *("ls", "stop", "STOP", "done", "exit", "stop 3", "a.csv", "-l", "|", "'", '"', "`", "```", "````"),
    *("\n", "\n\n", " ", "  ", "\t", "\\", "\\\n", "$", "$ ", "#", "<<EOF", "\nEOF\n", "<", ">", "<x>"),
    *("REASON: ", "ACTION: ", "\nACTION: rm", "\nREASON: b", "Observation:", "```bash\n", "~~~", "\n```\n"),
    *(
        "ü",
        "日本",
        "\u2028",
        "\x85",
        "\u00a0",
        "{}",
        "[1]",
        '"a"',
        "null",
        "<think>",
        "</think>",
        "*",
        "bash",
    ),
]


def test_what_is_written_is_read_back() -> None:
    """Also for thoughts, commands and answers made of the form's own parts."""
    dice = random.Random(7)

    def text() -> str:
        return "".join(dice.choice(PIECES) for _ in range(dice.randint(1, 8)))

    for _ in range(20_000):
        thought = text() if dice.random() < 0.7 else ""
        body = text()
        action = bash(body) if dice.random() < 0.7 and body.strip() else stop(body)
        written = SPACE.reply(thought, action)
        assert SPACE.parse(written) == (thought, action), (thought, action, written)


def test_plain_actions_are_written_in_the_form_that_is_asked_for() -> None:
    assert SPACE.reply("Look around.", bash("ls -l")) == "REASON: Look around.\nACTION: ls -l"
    assert SPACE.reply("a", bash("for x in 1 2\ndo echo\ndone")) == (
        "REASON: a\nACTION:\n```bash\nfor x in 1 2\ndo echo\ndone\n```"
    )
    assert SPACE.reply("a", stop("42")) == "REASON: a\nACTION: stop 42"
    assert SPACE.format(bash("ls")) == "ls"
    assert SPACE.format(stop("42")) == "stop 42"
