"""The tree of help texts, from real tools of several libraries."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import pytest

from learn_by_interact.errors import ConfigError
from learn_by_interact.sources import Docs
from learn_by_interact.stages.ingest import ingest
from learn_by_interact.stages.readers.helptree import subcommands
from learn_by_interact.stages.readers.options import options
from learn_by_interact.stages.readers.terminal import run
from learn_by_interact.types import Document

ARGPARSE = """
import argparse
parser = argparse.ArgumentParser(prog="shelf", description="Keeps books.")
parser.add_argument("--verbose", action="store_true", help="say more")
parts = parser.add_subparsers(metavar="COMMAND")
add = parts.add_parser("add", help="add a book")
add.add_argument("--format", choices=["paper", "audio"])
add.add_argument("title")
loan = parts.add_parser("loan", help="lend and take back")
deep = loan.add_subparsers()
deep.add_parser("give-out", help="lend a book").add_argument("who")
deep.add_parser("take-back")
parser.parse_args()
open("RAN", "w").close()
"""

TYPER = """
import typer
app = typer.Typer(rich_markup_mode=MODE)
inner = typer.Typer(help="Loans of books.")
app.add_typer(inner, name="loan")

@app.command()
def add(title: str, tags: str = typer.Option("", help="Tags, with commas.")) -> None:
    "Add a book."

@inner.command("give-out")
def give(who: str) -> None:
    "Lend a book."

app()
"""


def script(tmp_path: Path, body: str, name: str = "shelf") -> str:
    path = tmp_path / name
    path.write_text(f"#!{sys.executable}\n{body}")
    path.chmod(0o755)
    return str(path)


def shell(tmp_path: Path, body: str) -> str:
    path = tmp_path / "shelf"
    path.write_text(f"#!/bin/bash\n{body}")
    path.chmod(0o755)
    return str(path)


def read(tool: str, chars: int = 2400, said: list[str] | None = None) -> list[Document]:
    report = (said if said is not None else []).append
    return list(ingest(Docs(help=(tool,), chars=chars), Path(), report=report))


def test_argparse(tmp_path: Path) -> None:
    tool = script(tmp_path, ARGPARSE)
    said: list[str] = []
    found = read(tool, said=said)
    titles = [document.title.removeprefix(tool).strip() for document in found]
    assert titles == ["", "add", "loan", "loan give-out", "loan take-back"]
    assert found[1].source == f"{tool} add --help"
    assert found[1].text.startswith("usage: shelf add [-h] [--format {paper,audio}] title\n")
    assert said == []
    assert not list(tmp_path.rglob("RAN"))


@pytest.mark.parametrize("mode", ["None", "'rich'"])
def test_click_plain_and_in_boxes(tmp_path: Path, mode: str) -> None:
    tool = script(tmp_path, TYPER.replace("MODE", mode))
    found = read(tool)
    titles = [document.title.removeprefix(tool).strip() for document in found]
    assert titles == ["", "add", "loan", "loan give-out"]
    assert "Options:\n" in found[1].text and "Tags, with commas." in found[1].text
    assert not set("│╭╰\x1b") & set("".join(document.text for document in found))


def test_a_long_help_is_split_and_repeats_its_usage(tmp_path: Path) -> None:
    options = "\\n".join(
        f"  --option-{number:02}  Does the thing that is called {number:02}." for number in range(40)
    )
    tool = shell(
        tmp_path, f"printf 'Usage: shelf [OPTIONS]\\n\\n  Keeps books.\\n\\nOptions:\\n{options}\\n'"
    )
    (whole,) = read(tool, 4000)
    assert (whole.begin, whole.end) == (1, 45)
    parts = read(tool, 800)
    assert len(parts) > 2 and all(len(part.text) <= 800 for part in parts)
    assert all(part.text.startswith("Usage: shelf [OPTIONS]\n") for part in parts)
    spans = [line for part in parts for line in range(part.begin, part.end + 1)]
    assert spans == list(range(1, 46))
    assert parts[-1].title == f"{tool} > Options ({len(parts)} of {len(parts)})"


def test_other_ways_to_ask_for_help(tmp_path: Path) -> None:
    body = """
case "$*" in
  help) printf 'usage: shelf <command>\\n\\nCommands:\\n  add    Add a book\\n  gone   Nothing here\\n';;
  "help add") printf 'usage: shelf add TITLE\\n\\nAdds a book.\\n';;
  *) echo "shelf: unknown command '$*'"; touch "$0.ran.$1"; exit 2;;
esac
"""
    tool = shell(tmp_path, body)
    said: list[str] = []
    found = read(tool, said=said)
    assert [document.source for document in found] == [f"{tool} help", f"{tool} help add"]
    assert said == [f"`{tool} gone` gave no help."]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shelf", "shelf.ran.--help", "shelf.ran.help"]


def test_what_only_says_where_the_help_is_is_not_the_help(tmp_path: Path) -> None:
    body = """
case "$1" in
  help) printf 'usage: shelf <command>\n\nCommands:\n  add    Add a book\n  list   Say them\n\nBooks.\n';;
  *) printf 'Usage: shelf [-h] action\nTry "shelf help" for more information.\n'; exit 1;;
esac
"""
    tool = shell(tmp_path, body)
    assert [document.source for document in read(tool)] == [f"{tool} help"]
    alone = shell(tmp_path, "printf 'usage: shelf [-v]\\nTry the manual for help.\\n'")
    assert [document.source for document in read(alone)] == [f"{alone} --help"], "there is nothing else"


def test_a_value_that_only_the_usage_tells_stands_in_the_list(tmp_path: Path) -> None:
    told = (
        "Usage:\nshelf prune\n\nOptions:\n[-B|--before <date>] "
        "[--omit <dev|peer> [--omit <dev|peer> ...]] [--all]"
        "\n\n  -B|--before\n    Only before it.\n\n  --omit\n    Leave it out.\n\n  --all\n    Everything."
    )
    (found,) = read(shell(tmp_path, f"cat <<'END'\n{told}\nEND\n"))
    listed = [(one.name, one.value, one.choices) for one in options(found.text)]
    assert listed == [("--before", "date", ()), ("--omit", "dev|peer", ("dev", "peer")), ("--all", "", ())]


@pytest.mark.parametrize(
    "told",
    [
        "A tool.\n\nbasic commands:\n\n add    Add it",
        "help:\n\nStandard commands\nadd      list",
        "Usage: shelf\n\n  --all                All of it\n  --error-on-warning   Fail on it",
        "Usage: shelf\n\nIt checks.\n\nNote: unknown rules are ignored.",
    ],
)
def test_what_is_help_is_taken_for_it(told: str, tmp_path: Path) -> None:
    tool = shell(tmp_path, f"cat <<'END'\n{told}\nEND\n")
    assert [document.text for document in read(tool)] == [told]


@pytest.mark.parametrize(
    "said",
    ["error: no such flag\nUsage: shelf", "-bash: shelf: not found\nusage: x", "It is done.\nAll of it."],
)
def test_what_is_no_help_is_not_taken_for_it(said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="answers neither to --help"):
        read(shell(tmp_path, f"cat <<'END'\n{said}\nEND\n"))


def test_a_command_that_hangs_is_reported_and_left_out(tmp_path: Path) -> None:
    body = """
case "$1" in
  --help) printf 'Usage: shelf COMMAND\\n\\nCommands:\\n  wait  Waits\\n  add   Adds\\n';;
  add) printf 'Usage: shelf add\\n\\n  Adds.\\n';;
  wait) sleep 60;;
esac
"""
    said: list[str] = []
    docs = Docs(help=(shell(tmp_path, body),))
    assert len(list(ingest(docs, Path(), partial(run, seconds=1.0), said.append))) == 2
    assert len(said) == 1 and "wait` gave no help" in said[0] and "1 seconds" in said[0]


def test_endless_trees_and_repeated_help_end(tmp_path: Path) -> None:
    endless = shell(tmp_path, 'printf "Usage: shelf $*\\n\\nCommands:\\n  deeper  Go on\\n"')
    said: list[str] = []
    found = read(endless, said=said)
    assert [document.title.count("deeper") for document in found] == [0, 1, 2, 3, 4]
    assert len(said) == 1 and "too large" in said[0]
    same = shell(tmp_path, "printf 'Usage: shelf\\n\\nCommands:\\n  deeper  Go on\\n'")
    assert len(read(same)) == 1


def test_a_name_is_never_read_by_the_shell(tmp_path: Path) -> None:
    tool = "/somewhere/shelf"
    asked: list[str] = []

    def answer(command: str) -> str:
        asked.append(command)
        return "Usage: x\n\nCommands:\n  a;touch${IFS}RAN  Bad\n  $(id)  Bad\n  --rm  Bad\n  ok-1  Good\n"

    list(ingest(Docs(help=(tool,)), Path(), answer))
    assert [command.split(tool)[1].split("<")[0].strip() for command in asked] == ["--help", "ok-1 --help"]
    with pytest.raises(ConfigError, match="answers neither"):
        read(f"{tool}; touch {tmp_path}/RAN")
    assert not (tmp_path / "RAN").exists()


def test_a_tool_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match=r"`no-such-tool` answers neither .*not found.* is it installed"):
        read("no-such-tool")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "Usage:\n  tool [command]\n\nAvailable Commands:\n  apply       Apply it\n  completion  Shells\n"
            "  help        Help about any command\n\nFlags:\n  -h, --help   help for tool\n",
            ["apply"],
        ),
        (
            "CORE COMMANDS\n  auth:          Authenticate\n  repo:          Repositories\n\n"
            "FLAGS\n  --help      Show help\n",
            ["auth", "repo"],
        ),
        (
            "usage: tool [-v] <command> [<args>]\n\nThese are common commands used in various situations:\n\n"
            "start a working area (see also: tool help tutorial)\n   clone     Clone it\n   init      New\n\n"
            "examine\n   bisect    Use binary\n                search\n\nSee also:\n   nothing   here\n",
            ["clone", "init", "bisect"],
        ),
        (
            "Naval Fate.\n\nUsage:\n  tool ship new <name>...\n  tool mine (set|remove) <x>\n  tool -h\n\n"
            "Options:\n  -h --help  Show this.\n",
            ["ship", "mine"],
        ),
        (
            "All commands:\n\n    access, adduser, audit,\n    cache, ci, config\n",
            ["access", "adduser", "audit", "cache", "ci", "config"],
        ),
        ("Commands:\n    build, b    Compile\n    ...  See all with --list\n", ["build"]),
        (
            "Most used commands:\n  list - list packages\n  search - search\n\nSee apt(8).\n",
            ["list", "search"],
        ),
        (
            "tool <cmd> [options]\n\nCommands:\n  tool serve [dir]   Start it\n  tool init <name>   New\n\n"
            "Options:\n  --port  Port  [number]\n",
            ["serve", "init"],
        ),
        ("usage: tool [-h] {one,two-b} ...\n\noptions:\n  -h  x\n", ["one", "two-b"]),
        ("usage: tool [-h] [--to {csv,json}] file\n\noptions:\n  -h  x\n", []),
        (
            "Commands:\n  tool deploy APP [ENV]   # Deploy it\n  tool help [COMMAND]     # Describe\n"
            "  tool list               # List\n",
            ["deploy", "list"],
        ),
        (
            "Commands:\n  call SERVICE METHOD\n      Call it\n  blame (praise, ann)\n"
            '  add "TEXT"\n  to Some place\n',
            ["call", "blame", "add"],
        ),
        (
            "Available commands:\n  about        Show\n cache\n  cache:clear  Flush it\n",
            ["about", "cache:clear"],
        ),
        (
            "Usage: tool [command] [flags]\n\nManage it:\n      add        Install it\n   i, install  All\n\n"
            "Review it:\n      audit      Look\n\nOptions:\n      all  Of it\n",
            ["add", "install", "audit"],
        ),
        ("Usage: tool [flags]\n\nManage it:\n      add        Install it\n", []),
        (
            "help:\n\nStandard commands\nasn1parse      ca         ciphers\nx509\n\n"
            "Cipher commands (see `enc' for more)\nbase64         bf\n\nother\n",
            ["asn1parse", "ca", "ciphers", "x509", "base64", "bf"],
        ),
        ("Usage: tool [OPTIONS] COMMAND\n\n  Commands can be long.\n\nOptions:\n  one  word\n", []),
    ],
)
def test_layouts_of_help(text: str, names: list[str]) -> None:
    assert subcommands(text.split("\n"), ("tool",)) == names
