"""Options that are listed in other forms than that of `--help`."""

from __future__ import annotations

import re

import pytest

from learn_by_interact.stages.readers.options import Option, lists_options, options


def only(text: str) -> Option:
    (option,) = options(text)
    return option


@pytest.mark.parametrize(
    ("text", "name", "values", "value"),
    [
        ("  --color[=WHEN]  Colour it", "--color", 1, "WHEN"),
        ("      --color[=<WHEN>]  Colour it", "--color", 1, "WHEN"),
        ("  -l[N], --level[=N]   Repack it", "--level", 1, "N"),
        ("  -j [jobs], --jobs[=jobs]\n      How many", "--jobs", 1, "jobs"),
        ("  -d ndigits, --digits ndigits\n      Set digits", "--digits", 1, "ndigits"),
        ("  -e script, --expression=script\n      Add it", "--expression", 1, "script"),
        ("  -g, --group=X[,Y,Z]\n      Group via fields", "--group", 1, "X,Y,Z"),
        ("  -n, --lines=[-]NUM\n      Print them", "--lines", 1, "-NUM"),
        ("  -w or --well-formed   - validate only", "--well-formed", 0, ""),
        ("  -d or --dtd <dtd-file>     - validate against it", "--dtd", 1, "dtd-file"),
        ("  -O (or --omit-decl) - omit it", "--omit-decl", 0, ""),
        ("  -I --ignore-assertions     Ignore them", "--ignore-assertions", 0, ""),
        ("  -f --file=FILE  Another file", "--file", 1, "FILE"),
        ("  -q, --quiet...         Less output", "--quiet", 0, ""),
        ("  [--blank], [--no-blank]  # Makes it blank", "--blank", 0, ""),
        ("  -d, [--dir=DIR]          # Where", "--dir", 1, "DIR"),
        ("  --set-x <k>=<v>  Set it", "--set-x", 1, "k=v"),
        ("  --size=0xPP\n      Set it", "--size", 1, "0xPP"),
        ("  --level <n>  = Set it", "--level", 1, "n"),
        ("  --get-urlmatch <name> <URL>\n      Look it up", "--get-urlmatch", 2, "name URL"),
        ("  --get-color <name> [<default>]\n      Look it up", "--get-color", 1, "name"),
        ("  -A, --admins user,...\n      Set them", "--admins", 1, "user"),
        ("  -0, --null\n      Items end with it", "--null", 0, ""),
        ("  -f, --auto=<yes|no> [default: yes]\n      Show it", "--auto", 1, "yes|no"),
        ("  --log-level=\n      Set it", "--log-level", 1, ""),
        ("  -d [ --diff ] arg     Compare with it", "--diff", 1, "arg"),
        ("  -j [ --jobs ] arg (=4)   How many", "--jobs", 1, "arg"),
        ("  -q [ --quiet ]        Say less", "--quiet", 0, ""),
        ("'-t TYPE'\n'--type=TYPE'\n     Select records", "--type", 1, "TYPE"),
        ("'--full'\n'-f'\n     Print all", "--full", 0, ""),
        ("  --count INTEGER RANGE   How many", "--count", 1, "INTEGER"),
        ("  --count INTEGER RANGE [1<=x<=9]  How many", "--count", 1, "INTEGER"),
        ("  -c, --size W H    Width and height", "--size", 2, "W H"),
        ("  -c W H, --size W H\n               Width and height", "--size", 2, "W H"),
        ("  --copy from to    Copy it", "--copy", 2, "from to"),
        ("  -v, --[no-]verbose     Say more", "--verbose", 0, ""),
        ("  --[no-]color[=WHEN]    Colour it", "--color", 1, "WHEN"),
        ("  --tag value [ --tag value ]  Tags", "--tag", 1, "value"),
        (
            "  -c, --control-path package-name [control-file]\n      Show it",
            "--control-path",
            1,
            "package-name",
        ),
        ("  -var 'foo=bar'   Set it", "-var", 1, "foo=bar"),
        ("  -var 'foo = bar'   Set it", "-var", 1, "foo = bar"),
        ("  --chunk-size=500:\n      How many", "--chunk-size", 1, ""),
        ("  --timeout=1m0s:\n      How long", "--timeout", 1, ""),
        ("  -f, --filename=[]:\n      Read it", "--filename", 1, ""),
        ("  --sort-by='':\n      Sort it", "--sort-by", 1, ""),
    ],
)
def test_an_option_is_known_in_the_form_of_its_manual(text: str, name: str, values: int, value: str) -> None:
    option = only(text)
    assert (option.name, option.values, option.value) == (name, values, value)
    assert option.help and not option.help.startswith(("-", "#", "="))
    assert lists_options(text)


def test_all_names_of_an_option_are_known() -> None:
    assert only("'-t TYPE'\n'--type=TYPE'\n     Select records").names == ("-t", "--type")
    assert only("  -w or --well-formed   - validate only").names == ("-w", "--well-formed")
    assert only("  -s, --signoff, --no-signoff\n      Sign it").name == "--signoff", "not the one that denies"


def test_a_value_that_may_be_left_out_is_given_or_not() -> None:
    option = only("  --in-place[=SUFFIX]  Edit files in place")
    for good in ("--in-place", "--in-place=.bak"):
        assert re.fullmatch(option.pattern, good)
    assert not re.fullmatch(option.pattern, "--in-place .bak")
    assert option.following == 0 and only("  --suffix=SUFFIX  Another").following == 1


def test_a_flag_with_its_default_may_be_given_either_way() -> None:
    for line in ("  -A, --all-names=false:\n      If present, list all.", "  --all-names=true   List all"):
        option = only(line)
        for good in ("--all-names", "--all-names=true", "--all-names=false"):
            assert re.fullmatch(option.pattern, good)
        assert not re.fullmatch(option.pattern, "--all-names=maybe")


@pytest.mark.parametrize(
    ("line", "names", "values", "choices"),
    [
        ("  *  --owner  -o              <str>           Who [required]", ("--owner", "-o"), 1, ()),
        ("  *  -o  --owner              TEXT            Who [required]", ("-o", "--owner"), 1, ()),
        ("     --kind                   <small|large>   What", ("--kind",), 1, ("small", "large")),
        ("     --kind                   [small|large]   What", ("--kind",), 1, ("small", "large")),
        ("     --force    --no-force    <bool>          Now", ("--force", "--no-force"), 0, ()),
        ("     --count                  <int range> [1<=x<=9]  Of it", ("--count",), 1, ()),
        ("     --count                  INTEGER RANGE [1<=x<=9]  Of it", ("--count",), 1, ()),
        ("  -x  --extra                 Any", ("-x", "--extra"), 0, ()),
        ("  -x  -X                      Any", ("-x",), 0, ()),
        ("     --null                   -T is what is read", ("--null",), 0, ()),
        ("     --set                    TABLE.KEY=VALUE  Any", ("--set",), 1, ()),
    ],
)
def test_names_and_value_of_an_option_may_stand_in_columns(
    line: str, names: tuple[str, ...], values: int, choices: tuple[str, ...]
) -> None:
    option = only(line)
    assert (option.names, option.values, option.choices) == (names, values, choices)
    assert option.help and line.endswith(option.help)


def test_a_line_of_a_paragraph_lists_no_option() -> None:
    prose = """It can be said with
-e argument, each introducing an expression, or
--file=name.txt.
'-P' prints just the value.
--set-upstream instead.
-k 8.
"""
    assert options(prose) == []
    assert options("    tool convert a.db \\\n        --import=json\n") == []


def test_only_help_and_version_are_no_options_of_a_task() -> None:
    text = """  -h, --human-readable  Print sizes
  -V, --version-sort    Sort by it
  -h, --help            Show this
  -V, --version         Show the version
  -h                    Show this
"""
    assert [option.name for option in options(text)] == ["--human-readable", "--version-sort"]


@pytest.mark.parametrize(
    "told", ["[default: a] [possible values: json, yaml-2]", '[choices: "json", "yaml-2"]']
)
def test_a_value_is_one_of_those_that_are_possible(told: str) -> None:
    assert only(f"  -f, --format <FORMAT>  How it is written {told}").choices == ("json", "yaml-2")
    assert only("  -r, --range low,high\n     From here to there").choices == ()
    assert only("  --methods (detail|summary)\n     Which").choices == ("detail", "summary")


APART = """Options:
  --color <WHEN>
          When to use colours

          Possible values:
          - auto:   Only on a terminal
          - always: Always

          [default: auto]

      --shape <SHAPE>
          How it looks

          It is drawn so.

          [possible values: round, flat]

  --mode     how to build  [choices: "dev", "prod"]
  -p, --port <number>  port (choices: "80", "443", default: "80")
"""


def test_choices_may_stand_apart_and_are_of_a_value() -> None:
    found = {option.name: (option.values, option.choices, option.help[:8]) for option in options(APART)}
    assert found == {
        "--color": (1, ("auto", "always"), "When to "),
        "--shape": (1, ("round", "flat"), "How it l"),
        "--mode": (1, ("dev", "prod"), "how to b"),
        "--port": (1, ("80", "443"), "port (ch"),
    }


def test_help_may_stand_a_little_deeper() -> None:
    text = "  -B|--before <date>\n    Only before it.\n\n  --all\n   Everything.\n\n  --json\n  no help\n"
    found = {option.name: (option.values, option.help) for option in options(text)}
    assert found == {"--before": (1, "Only before it."), "--all": (0, "Everything."), "--json": (0, "")}


def test_one_blank_may_part_an_option_from_its_help_where_the_others_begins() -> None:
    text = """-mount Don't descend directories on others. It is
       a further name.

-uid n File's number is n.
-S and -F
       Neither is used.

-depth
       Begin below.

--best an alias, of -9.

  --all  show it
  --anon hide names and sums
"""
    found = {option.name: (option.values, option.help) for option in options(text)}
    assert found == {
        "-mount": (0, "Don't descend directories on others. It is a further name."),
        "-uid": (1, "File's number is n."),
        "-depth": (0, "Begin below."),
        "--best": (0, "an alias, of -9."),
        "--all": (0, "show it"),
        "--anon": (0, "hide names and sums"),
    }
