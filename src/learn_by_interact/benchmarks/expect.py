"""What a web task is checked by: the kinds of checks that WebArena has, and queries of a database.

    [task.expect]
    exact_match = "42"                    # the answer, but for case and white space
    must_include = ["Ann", "3 tickets"]   # texts that the answer has
    fuzzy_match = "three of them"         # the answer means this, says the model `[web] judge`
    url_match = "/ticket/*"               # the address at the end; `*` stands for anything
    [[task.expect.program_html]]          # what a page shows afterwards
    url = "/ticket/3"                     # "" or "last": the page at the end
    locator = "#trac-ticket .status"      # a selector of Playwright; "" for the whole page
    must_include = ["closed"]             # or exact_match, must_exclude
    [[task.expect.sql]]
    database = "db/trac.db"
    query = "select status from ticket where id = 3"
    equals = "closed"                     # rows as lines, columns with a `|` between them

All that is given must hold. Source of the kinds: WebArena (arXiv 2307.13854), section 3.2, and its
`evaluation_harness`.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from fnmatch import fnmatchcase
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import model_validator

from ..errors import GraderFault, ModelError
from ..types import Value

if TYPE_CHECKING:
    from ..environments.web.environment import WebEnvironment

QUESTION = (
    "A question was asked and answered. Does the answer say the same as the reference? Reply with JSON: "
    '{{"same": true}} or {{"same": false}}.\nQuestion: {instruction}\nReference: {reference}\n'
    "Answer: {answer}"
)


class PageCheck(Value):
    """What a page shows, or one of its elements: its text, or the value of a field."""

    url: str = ""
    locator: str = ""
    exact_match: str = ""
    must_include: tuple[str, ...] = ()
    must_exclude: tuple[str, ...] = ()

    @model_validator(mode="after")
    def says_something(self) -> PageCheck:
        if not (self.exact_match or self.must_include or self.must_exclude):
            raise ValueError("a program_html needs exact_match, must_include or must_exclude")
        return self


class SqlCheck(Value):
    """What a query of a database in the application's folder gives."""

    database: str
    query: str
    equals: str


class Expect(Value):
    """All that must hold at the end of an episode."""

    exact_match: str = ""
    must_include: tuple[str, ...] = ()
    fuzzy_match: str = ""
    url_match: str = ""
    program_html: tuple[PageCheck, ...] = ()
    sql: tuple[SqlCheck, ...] = ()

    @model_validator(mode="after")
    def says_something(self) -> Expect:
        if self == Expect.model_construct():
            raise ValueError("an expect table needs at least one check")
        return self


def failures(expect: Expect, environment: WebEnvironment, instruction: str, answer: str) -> list[str]:
    """A sentence for each check that does not hold. Raises GraderFault when one cannot be made."""
    found = _of_answer(expect, answer)
    if expect.fuzzy_match and not found and not _means(expect.fuzzy_match, environment, instruction, answer):
        found.append(f"the answer {answer!r} does not mean {expect.fuzzy_match!r}")
    if expect.url_match:
        address = environment.address
        address = address if "#" in expect.url_match else address.partition("#")[0]
        path = address.partition("?")[0] if "?" not in expect.url_match else address
        if not fnmatchcase(path.rstrip("/") or "/", expect.url_match.rstrip("/") or "/"):
            found.append(f"the address is {address}, not {expect.url_match}")
    for page in expect.program_html:
        found += _of_page(page, environment)
    for one in expect.sql:
        found += _of_query(one, environment.home)
    return found


def _of_answer(expect: Expect, answer: str) -> list[str]:
    found = []
    if expect.exact_match and _clean(answer) != _clean(expect.exact_match):
        found.append(f"the answer is {answer!r}, not {expect.exact_match!r}")
    found += [
        f"the answer {answer!r} does not have {part!r}"
        for part in expect.must_include
        if _clean(part) not in _clean(answer)
    ]
    return found


def _of_page(check: PageCheck, environment: WebEnvironment) -> list[str]:
    url = "" if check.url == "last" else check.url
    where, text = url or "the last page", environment.text_of(url, check.locator)
    if text is None:
        return [f"{where} has no element {check.locator!r}"]
    clean = _clean(text)
    found = []
    if check.exact_match and clean != _clean(check.exact_match):
        found.append(f"{where} shows {text[:80]!r}, not {check.exact_match!r}")
    found += [f"{where} does not show {part!r}" for part in check.must_include if _clean(part) not in clean]
    found += [f"{where} still shows {part!r}" for part in check.must_exclude if _clean(part) in clean]
    return found


def _of_query(check: SqlCheck, home: Path) -> list[str]:
    database = home / check.database
    if not database.is_file():
        raise GraderFault(f"sql: there is no database {check.database} in the application's folder")
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
            rows: list[Any] = connection.execute(check.query).fetchall()
    except sqlite3.Error as error:
        raise GraderFault(f"sql: {check.query!r} cannot be run on {check.database}: {error}") from None
    got = "\n".join("|".join("" if one is None else str(one) for one in row) for row in rows)
    rows_got, rows_wanted = got.strip().split("\n"), check.equals.strip().split("\n")
    if rows_got == rows_wanted:
        return []
    one, other = next(
        (pair for pair in zip_longest(rows_got, rows_wanted, fillvalue="") if pair[0] != pair[1]), ("", "")
    )
    return [f"{check.query[:200]!r} gives {one[:200]!r}, not {other[:200]!r}"]


def _means(reference: str, environment: WebEnvironment, instruction: str, answer: str) -> bool:
    """Whether the judge takes an answer for another wording of the reference."""
    from ..models import Message, Request
    from ..models.connect import connect
    from ..models.endpoint import ModelSettings

    name = environment.web.judge
    if not name:
        raise GraderFault(f"{environment.name}: fuzzy_match needs a model: set web.judge in environment.toml")
    if not answer.strip():
        return False
    text = QUESTION.format(instruction=instruction, reference=reference, answer=answer)
    schema = {"type": "object", "properties": {"same": {"type": "boolean"}}, "required": ["same"]}
    try:
        model = connect(ModelSettings(name=name), None)
        message = Message(role="user", content=text)
        reply = model.complete(Request(model=name, messages=(message,), max_tokens=20, json_schema=schema))
    except ModelError as error:
        raise GraderFault(f"the judge {name} could not be asked: {error}") from None
    said = "".join(reply.text.lower().split())
    if '"same":' not in said:
        raise GraderFault(f"the judge {name} gave no verdict: {reply.text[:80]!r}")
    return '"same":true' in said


def _clean(text: str) -> str:
    return " ".join(text.split()).strip("\"'. ").lower()
