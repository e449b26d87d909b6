"""The report: its numbers are the file's, its texts are escaped, and it needs nothing but itself."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

import results
import tiny
from learn_by_interact.errors import ConfigError
from learn_by_interact.evaluation.chart import Point, intervals, line, nice, points
from learn_by_interact.evaluation.files import ResultFile, read, write
from learn_by_interact.evaluation.render import html, markdown
from learn_by_interact.evaluation.report import METRICS, Difference, Result
from learn_by_interact.evaluation.sections import Plot, Section, Table, sections

FILE = results.result_file()
NUMBER = re.compile(r"(?<![\w.-])[-+]?\d[\d,]*(?:\.\d+)?")


class Page(HTMLParser):
    """Tags that are open, and the text that a reader sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.seen: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.seen.append(data)


def section(title: str, file: ResultFile = FILE) -> Section:
    (found,) = (one for one in sections([file]) if one.title == title)
    return found


def tables(title: str, file: ResultFile = FILE) -> list[Table]:
    return [block for block in section(title, file).blocks if isinstance(block, Table)]


def test_every_section_of_the_paper_s_tables_is_there() -> None:
    assert [one.title for one in sections([FILE])] == [
        "Success on held-out tasks",
        "Success against model calls and tokens",
        "Repeats",
        "How episodes ended",
        "Number of examples",
        "Window length",
        "With and without documentation",
        "Sections of documentation left out",
        "What was learned",
        "Contamination",
        "Calibration of the committee",
        "Task by task",
        "How this was made",
    ]


def test_a_result_without_repeats_variants_and_calibration_is_shorter() -> None:
    (first, *_) = FILE.result.arms
    alone = FILE.result.model_copy(
        update={"arms": (first.model_copy(update={"passes": ()}),), "differences": ()}
    )
    file = FILE.model_copy(update={"result": alone, "calibration": None, "contamination": None})
    assert [one.title for one in sections([file])] == [
        "Success on held-out tasks",
        "Success against model calls and tokens",
        "How episodes ended",
        "What was learned",
        "Task by task",
        "How this was made",
    ]


def test_the_table_of_arms_is_the_file_s() -> None:
    arms, differences = tables("Success on held-out tasks")
    assert [row[0] for row in arms.rows] == [arm.arm for arm in FILE.result.arms]
    row = dict(zip(arms.head, arms.rows[2], strict=True))
    arm = FILE.result.arms[2]
    assert arm.success is not None and arm.interval is not None
    assert row == {
        "arm": "examples",
        "solved": f"{arm.solved:g}/{arm.graded}",
        "success": f"{arm.success:.0%}",
        "95% interval": f"{arm.interval[0]:.0%}-{arm.interval[1]:.0%}",
        "steps": "3.2",
        "calls": "290",
        "calls/solved": f"{290 / arm.solved:.1f}",
        "prompt tokens": "700,000",
        "cached": "50%",
        "new tokens": "17,500",
        "cost": "$0.70",
        "seconds": "1,234",
        "malformed": "3",
        "ungraded": str(80 - arm.graded),
    }
    item = FILE.result.differences[1]
    shown = dict(zip(differences.head, differences.rows[1], strict=True))
    assert (shown["arm"], shown["against"]) == ("examples", "plain")
    assert item.difference is not None
    assert float(shown["difference"]) == pytest.approx(100 * item.difference, abs=0.05)
    assert (shown["won"], shown["lost"], shown["tasks"]) == (str(item.won), str(item.lost), str(item.pairs))


def test_arms_without_a_graded_task_in_common_have_no_difference() -> None:
    first, second = FILE.result.arms[:2]
    none = Result(arms=(first, second), differences=(Difference(arm=second.arm, against=first.arm),))
    (found, *_) = sections([FILE.model_copy(update={"result": none})])
    shown = [block for block in found.blocks if isinstance(block, Table)][-1]
    assert shown.rows == (("rag", "plain", "-", "-", "0", "0", "0", "-"),)
    assert any(isinstance(block, str) and block.endswith("% (-).") for block in found.blocks)


def test_a_file_is_written_whatever_an_instruction_holds(tmp_path: Path) -> None:
    assert FILE.contamination and FILE.contamination.instruction
    near = FILE.contamination.instruction.model_copy(update={"instruction": "Show \ud83d"})
    found = FILE.contamination.model_copy(update={"instruction": near})
    write(tmp_path / "result.json", FILE.model_copy(update={"contamination": found}))
    again = read(ResultFile, tmp_path / "result.json").contamination
    assert again and again.instruction and again.instruction.instruction == "Show ?"


def test_variants_stand_under_what_they_vary() -> None:
    assert [row[0] for row in tables("Number of examples")[0].rows] == [
        "plain", "examples", "25 examples", "100 examples", "200 examples"
    ]  # fmt: skip
    assert [row[0] for row in tables("Window length")[0].rows][2:] == [
        "windows 1-1", "windows 2-4", "windows 5-9"
    ]  # fmt: skip
    assert [row[0] for row in tables("With and without documentation")[0].rows][2:] == [
        "from pages", "without pages"
    ]  # fmt: skip
    assert [row[0] for row in tables("Sections of documentation left out")[0].rows][2:] == [results.HOSTILE]


def test_page_says_model_hash_seeds_date_and_command() -> None:
    for text in (markdown("t", sections([FILE])), unescape(html("t", sections([FILE])))):
        for piece in (
            "local/small",
            "ab" * 32,
            "0, 1",
            "2026-03-04T05:06:07+00:00",
            "lbi run recipes/all.toml",
        ):
            assert piece in text.replace("\\", ""), piece


def test_numbers_of_the_page_are_rounded_numbers_of_the_file() -> None:
    """Each figure of the tables is one of the file's, as a number or in percent."""
    found = {float(one) for one in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", FILE.model_dump_json())}
    told = {
        f"{abs(value * scale):.{digits}f}" for value in found for scale in (1, 100) for digits in (0, 1, 2, 3)
    }
    cells = [
        cell
        for one in sections([FILE])[:-2]
        for block in one.blocks
        if isinstance(block, Table)
        for row in block.rows
        for cell in row[1:]
        if cell not in ("<0.001", results.HOSTILE, "01234567")
    ]
    figures = {figure.replace(",", "").lstrip("+-") for cell in cells for figure in NUMBER.findall(cell)}
    assert len(figures) > 200
    assert figures <= told


def test_untrusted_text_is_escaped() -> None:
    page = Page(html(results.HOSTILE, sections([FILE])))
    assert "script" not in page.tags
    assert results.HOSTILE in page.seen
    text = markdown(results.HOSTILE, sections([FILE]))
    assert "<script" not in text.replace("\\<", "") and "](http" not in text.replace("\\]", "")
    assert all("\\|" in line for line in text.splitlines() if "alert" in line)


def test_page_loads_nothing() -> None:
    page = Page(html("t", sections([FILE, FILE])))
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not [
        value for name, value in page.attributes if name in ("src", "href") and value and value[0] != "#"
    ]
    assert "url(" not in html("t", sections([FILE]))


def test_plots_are_well_formed_and_show_each_arm() -> None:
    found = [block for one in sections([FILE]) for block in one.blocks if isinstance(block, Plot)]
    assert len(found) == 8
    for plot in found:
        ElementTree.fromstring(plot.svg)
    first = ElementTree.fromstring(found[0].svg)
    circles = [one for one in first.iter() if one.tag.endswith("circle")]
    arms = [arm for arm in FILE.result.arms if not arm.variant]
    assert len(circles) == len(arms)
    places = [float(circle.attrib["cx"]) for circle in circles]
    rates = [arm.success or 0.0 for arm in arms]
    assert sorted(range(4), key=lambda at: places[at]) == sorted(range(4), key=lambda at: rates[at])


def test_plots_take_a_single_point_and_extremes() -> None:
    zero, one = (Point(label="<a>", rate=rate, low=0, high=1, at=0) for rate in (0.0, 1.0))
    for given in ([zero], [zero, one]):
        for svg in (intervals(given, "t"), points(given, "t", "x"), line(given, "t", "x")):
            drawn = ElementTree.fromstring(svg)
            for circle in (part for part in drawn.iter() if part.tag.endswith("circle")):
                assert 0 <= float(circle.attrib["cy"]) <= 320 and 0 <= float(circle.attrib["cx"]) <= 720


@pytest.mark.parametrize(("most", "last"), [(0, 1), (0.03, 0.03), (7, 8), (20, 20), (123_456, 150_000)])
def test_ticks_are_round_and_reach_beyond_the_last(most: float, last: float) -> None:
    ticks = nice(most)
    assert ticks[0] == 0 and ticks[-1] == pytest.approx(last) and len(ticks) <= 7


def test_several_results_are_compared_first() -> None:
    other = FILE.model_copy(update={"model": FILE.model.model_copy(update={"name": "openai/large"})})
    found = sections([FILE, other, FILE])
    (table,) = (block for block in found[0].blocks if isinstance(block, Table))
    assert table.head == (
        "arm", "sqlite-utils, local/small (1)", "sqlite-utils, openai/large", "sqlite-utils, local/small (2)"
    )  # fmt: skip
    assert [row[0] for row in table.rows] == [arm.arm for arm in FILE.result.arms]
    assert [one.title for one in found if one.level == 2][1:] == list(table.head[1:])


def test_chosen_metrics_are_the_columns_and_others_are_refused() -> None:
    shown = sections([FILE], ("success", "calls-solved"))[0]
    (arms, *_) = (block for block in shown.blocks if isinstance(block, Table))
    assert arms.head == ("arm", "success", "calls/solved")
    with pytest.raises(ConfigError, match=f"no metric 'accuracy'; there are {', '.join(METRICS)}"):
        sections([FILE], ("accuracy",))


def test_the_verb_writes_both_files(tmp_path: Path) -> None:
    write(tmp_path / "result.json", FILE)
    done = tiny.lbi("report", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    pages = json.loads(done.stdout)
    assert Path(pages["html"]) == tmp_path / "report" / "report.html"
    assert Path(pages["markdown"]).read_text().startswith("# sqlite-utils, local/small\n")
    assert Path(pages["html"]).read_text().startswith("<!doctype html>")
    done = tiny.lbi("report", tmp_path / "result.json", tmp_path, "--out", tmp_path / "both")
    assert done.returncode == 0 and "# 2 results" in (tmp_path / "both" / "report.md").read_text()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("not json", "is no result of this program"),
        ("[1, 2]", "is no result of this program"),
        ('{"program": "lm-eval", "results": {}}', "is the file of another program"),
        ('{"results": {}}', "is the file of another program"),
        ('{"recipe": {}, "result": {}, "pipeline": {}}', "another, older version of this program (format 1,"),
        ('{"program": "learn-by-interact", "format": 3}', "newer version of this program (format 3"),
        ('{"program": "learn-by-interact", "format": 2}', "is damaged (date: Field required)"),
    ],
)  # fmt: skip
def test_another_file_is_refused_in_one_sentence(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "result.json").write_text(content)
    done = tiny.lbi("report", tmp_path)
    assert done.returncode == 2 and told in done.stderr and done.stderr.count("\n") == 1
    assert str(tmp_path / "result.json") in done.stderr and not (tmp_path / "report").exists()


def test_a_missing_file_and_an_unknown_metric_are_said(tmp_path: Path) -> None:
    done = tiny.lbi("report", tmp_path / "none")
    assert done.returncode == 2 and "There is no result" in done.stderr and "lbi evaluate" in done.stderr
    write(tmp_path / "result.json", FILE)
    done = tiny.lbi("report", tmp_path, "--metric", "accuracy")
    assert done.returncode == 2 and "there are solved, success, interval" in done.stderr
