"""How far bash reads a command of several lines, and what of a reply is its command."""

from __future__ import annotations

import pytest

from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.environments.script import Script

SPACE = ShellActions()
PROSE = "\nThis isn't all (it's a start), if you ask.\nOUTPUT:\n3"

WHOLE = [
    "for f in *.csv; do\n  wc -l $f\ndone",
    "cat a.txt |\n  sort",
    "cat a.txt | # the words\n\n  sort",
    "mkdir x &&\ncd x",
    "test -d x ||\\\n  mkdir x",
    "if [ -f a ]; then\n  echo it has a\nelse\n  echo none\nfi",
    "while read -r line; do if [ $line ]; then\necho $line; fi\ndone < a.txt | sort",
    "for ((i = 1; i < 1 << 2; i++)); do\n  echo $i\ndone",
    "case $1 in\n  a|b) echo done;;\n  (c) echo 'x)' ;;\nesac",
    "{\n  ls {}; echo }\n}",
    "f() {\n  ls\n}",
    "function f {\n  ls\n}",
    "f()\n{\n  ls\n}",
    "(cd x\nls)",
    "a=(1 if\n2)",
    "n=$(wc -l < a |\n  tr -d ' '\n)",
    'git commit -m "$(cat <<\'EOF\'\nDon\'t "stop"\nEOF\n)"',
    "echo \"${x:-it's}\" $'don\\'t' \"a\nb\"",
    "python - <<'END-OF'\nprint(1)\nEND-OF",
    "cat <<A <<-B\nx\nA\ny\nB",
    "cat > a.yml <<EOF\nuser: me\nresult: 1\nEOF",
    "for x in 1 2; do cat <<EOF\n$x\nEOF\ndone",
    "((a) | sort)",
]


@pytest.mark.parametrize("command", WHOLE)
def test_a_command_is_read_to_its_end_and_prose_left_out(command: str) -> None:
    assert SPACE.parse(f"ACTION: {command}{PROSE}")[1].arguments == {"command": command}


@pytest.mark.parametrize(
    "command",
    [
        *(
            "echo if",
            "echo done; ls",
            "git commit -m do",
            "find . -exec rm {} \\;",
            "echo {a,b} }",
            "ls # don't",
        ),
        *(
            "echo $((1<<2))",
            "echo 'a <<EOF'",
            "cat <<< EOF",
            "a=${#b} c=$#",
            "echo a\\\\",
            "[[ a =~ ^(a|b)$ ]]",
        ),
        *("ls (all", "echo it's", "for all files", "list_files()", "ls |"),
    ],
)
def test_one_line_stays_one_line(command: str) -> None:
    assert SPACE.parse(f"ACTION: {command}\nOUTPUT:\n3")[1].arguments == {"command": command}
    assert SPACE.parse(f"ACTION: {command}\n")[1].arguments == {"command": command}


def test_prose_below_what_is_no_command_is_left_out() -> None:
    assert SPACE.parse("ACTION: list_files()\nThis lists them.")[1].arguments == {"command": "list_files()"}
    assert SPACE.parse("ACTION: if it is there\nThen list it.")[1].arguments == {"command": "if it is there"}
    half = "ACTION: cat > a <<EOF\nx\n\nACTION: cat > b <<EOF\ny\nEOF"
    assert SPACE.parse(half)[1].arguments == {"command": "cat > a <<EOF"}


def test_a_fence_in_a_document_ends_no_block() -> None:
    command = "cat > README.md <<'EOF'\n# T\n```sh\nls\n```\n```\n3\n```\nEOF"
    reply = f"REASON: write\nACTION:\n```bash\n{command}\n```\nThis writes it.\n```\nls\n```"
    assert SPACE.parse(reply)[1].arguments == {"command": command}
    assert SPACE.parse(reply.replace("\nEOF", ""))[1].arguments["command"].endswith("```sh\nls")
    half = "```bash\ncat > a <<EOF\nx\n```\nACTION:\n```bash\ncat > b <<EOF\ny\nEOF\n```"
    assert SPACE.parse(half)[1].arguments == {"command": "cat > a <<EOF\nx"}


def test_a_script_is_open_line_by_line() -> None:
    script = Script()
    seen = []
    for line in ("if true; then", "cat <<EOF", "fi", "EOF", "fi"):
        seen.append((script.document, script.open))
        script.read(line)
    assert seen == [(False, False), (False, True), (True, True), (True, True), (False, True)]
    assert not script.open
