"""Markdown, reStructuredText, HTML and plain text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import ConfigError
from . import Heading, Source, indent, lines_of

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
ATX = re.compile(r"\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
SETEXT = re.compile(r"\s{0,3}(=+|-{2,})\s*$")
TITLE = re.compile(r"\s{0,3}(?![-=]{2,}\s*$)[^\s|>-]")
RULE = re.compile(r"([!-/:-@\[-`{-~])\1{2,}\s*$")
DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]*\?>")
HEADINGS = ("h1", "h2", "h3", "h4")
MARKED = re.compile(r"^#{1,6} ", re.M)
LOST = 4
"""Times as many headings as are found make others lost."""
MOST = 0.7
"""Share of a page's text, and of its headings, that is most of them."""
NOISE = ("script", "style", "nav", "header", "footer", "aside", "form", "button", "noscript", "svg")

LISTED = ".toc, #toc, .contents.topic, .wiki-toc, .navheader, .navfooter, [role=navigation], [role=doc-toc]"
"""What leads about in a manual, as CSS: docutils, Sphinx, DocBook and Trac call it so."""


def markdown(name: str, text: str) -> Source:
    """Markdown: ATX and setext headings; fenced blocks stay together."""
    lines = lines_of(text)
    blocks = _fences(lines)
    code = {line for block in blocks for line in block}
    headings = []
    for at, line in enumerate(lines):
        if at in code:
            continue
        below = lines[at + 1] if at + 1 < len(lines) and at + 1 not in code else ""
        above = lines[at - 1] if at else ""
        if found := ATX.match(line):
            headings.append(Heading(at, len(found[1]), _plain(found[2])))
        elif (under := SETEXT.match(below)) and TITLE.match(line) and not above.strip():
            headings.append(Heading(at, 1 if under[1][0] == "=" else 2, _plain(line)))
    return _titled(name, lines, headings, blocks)


def rst(name: str, text: str) -> Source:
    """reStructuredText: headings by their adornments, levels in order of first use; literal
    blocks and directives stay together."""
    lines = lines_of(text)
    headings: list[Heading] = []
    styles: list[tuple[str, bool]] = []
    for at in range(1, len(lines)):
        title, rule = lines[at - 1], lines[at]
        adorned = RULE.match(rule) and title.strip() and not RULE.match(title)
        if not adorned or len(rule.rstrip()) < len(title.rstrip()):
            continue
        over = at >= 2 and lines[at - 2].rstrip() == rule.rstrip()
        if not over and (title[0].isspace() or (at >= 2 and lines[at - 2].strip())):
            continue
        style = (rule[0], over)
        if style not in styles:
            styles.append(style)
        begin = at - 2 if over else at - 1
        headings.append(Heading(begin, styles.index(style) + 1, _plain(title)))
    return _titled(name, lines, headings, _literals(lines))


def html(name: str, text: str) -> Source:
    """HTML, by way of Markdown: the lines are those of the converted text, not of the file.

    What is taken as the main part of a page may lack its title; the page's own is then taken.
    """
    source = markdown(name, html_to_markdown(text))
    return replace(source, title=_called(text) or name) if source.title == name else source


def plain(name: str, text: str) -> Source:
    """Text without structure, other than its paragraphs."""
    return _titled(name, lines_of(text), [], ())


def html_to_markdown(text: str) -> str:
    """The main part of a page as Markdown, without navigation; "" when there is none.

    A page that marks its main part (`<main>`, `role="main"`, `<article>`) is taken at its word; for others
    trafilatura looks for it. Where that leaves out the page's heading, or nearly all headings, and so
    perhaps lists, it is what the heading stands in, or most headings. Raises ConfigError when trafilatura
    cannot be loaded.
    """
    from markdownify import MarkdownConverter

    soup = _parsed(text)
    main = soup.find("main") or soup.find(role="main") or soup.find("article")
    if main is None:
        found, head = _extracted(text), _heading(soup)
        main = _around(soup)
        lost = len(main.find_all(HEADINGS)) > LOST * max(1, len(MARKED.findall(found)))
        if found and not lost and (head is None or _said(head) in " ".join(found.split())):
            return found
    for tag in [*main.find_all(NOISE), *main.select(LISTED)]:
        tag.decompose()
    for tag in main.find_all("a", class_=re.compile("headerlink|anchor")):
        tag.decompose()
    converter = MarkdownConverter(heading_style="ATX", bullets="-", strip=["a", "img"])
    converted = str(converter.convert_soup(main))
    return re.sub(r"\n{3,}", "\n\n", converted).strip()


def _parsed(text: str) -> BeautifulSoup:
    """A page; XHTML is read as HTML, without its declaration, of which the parser would complain."""
    from bs4 import BeautifulSoup

    return BeautifulSoup(DECLARATION.sub("", text, count=1), "lxml")


def _called(text: str) -> str:
    """The one first heading of a page, or else its title; "" for none."""
    soup = _parsed(text)
    told = _heading(soup) or soup.title
    return _said(told) if told else ""


def _heading(soup: BeautifulSoup) -> Tag | None:
    """The one heading of the first level."""
    heads = soup.find_all("h1")
    return heads[0] if len(heads) == 1 else None


def _said(tag: Tag) -> str:
    return " ".join(tag.get_text(" ").split())


def _around(soup: BeautifulSoup) -> Tag:
    """The smallest part with the page's heading that has half of its text.

    Without one heading above all, the smallest with most of its text and most of its headings.
    """
    for tag in [*soup.find_all(NOISE), *soup.select(LISTED)]:
        tag.decompose()
    body = soup.body or soup
    part = _heading(soup)
    while part is not None and part is not body and len(_said(part)) < len(_said(body)) / 2:
        part = part.parent
    if part is not None:
        return part
    part, text, heads = body, len(_said(body)), len(body.find_all(HEADINGS))
    while inner := next(
        (one for one in part.find_all(True, recursive=False) if len(_said(one)) >= MOST * text), None
    ):
        if len(inner.find_all(HEADINGS)) < MOST * heads:
            break
        part = inner
    return part


def _extracted(text: str) -> str:
    try:
        import trafilatura
    except ImportError as error:
        # Some releases of pip do not install lxml_html_clean with it.
        raise ConfigError(
            f"Web pages without a <main> are read with trafilatura, which does not load ({error}); "
            "type: pip install trafilatura lxml_html_clean"
        ) from None
    return trafilatura.extract(text, output_format="markdown", include_tables=True) or ""


def _titled(name: str, lines: tuple[str, ...], headings: list[Heading], blocks: Sequence[range]) -> Source:
    """The one heading at the top is the title of all; otherwise the name is."""
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    tops = [heading for heading in headings if heading.level == min(h.level for h in headings)]
    if len(tops) == 1 and tops[0].line == first:
        rest = tuple(heading for heading in headings if heading is not tops[0])
        return Source(name, tops[0].title, lines, rest, tuple(blocks))
    return Source(name, name, lines, tuple(headings), tuple(blocks))


def _plain(title: str) -> str:
    """A heading without the marks of emphasis, code, links and roles."""
    title = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", title)
    title = re.sub(r":[\w:.+-]+:`([^`<]*?)\s*(?:<[^>]*>)?`", r"\1", title)
    title = re.sub(r"\s*\{#[^}]*\}$", "", title)
    return re.sub(r"\\([^\w\s])", r"\1", re.sub(r"[`*]+", "", title)).strip()


def _fences(lines: Sequence[str]) -> tuple[range, ...]:
    blocks: list[range] = []
    begin, mark = -1, ""
    for at, line in enumerate(lines):
        found = FENCE.match(line)
        if begin < 0 and found:
            begin, mark = at, found[1]
        elif found and found[1].startswith(mark) and not line.strip().strip(mark[0]):
            blocks.append(range(begin, at + 1))
            begin = -1
    return (*blocks, range(begin, len(lines))) if begin >= 0 else tuple(blocks)


def _literals(lines: Sequence[str]) -> tuple[range, ...]:
    """Indented blocks of rst, each with the line that opens it (`::` or a directive)."""
    blocks: list[range] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        opens = line.rstrip().endswith("::") or line.lstrip().startswith(".. ")
        end = at + 1
        while opens and end < len(lines):
            if lines[end].strip() and indent(lines[end]) <= indent(line):
                break
            end += 1
        while end > at + 1 and not lines[end - 1].strip():
            end -= 1
        if end > at + 1:
            blocks.append(range(at, end))
        at = end
    return tuple(blocks)
