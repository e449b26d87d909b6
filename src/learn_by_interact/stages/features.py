"""What a page of documentation describes that a task can show: its options, forms of commands, examples.

Each task that is asked for gets one of these and one thing that is there, and its command a grammar: a small
model that may choose freely names what the page's examples name, and always does the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import takewhile

from ..commands import above, files_there, named_files, page_of, prefix, split, without_stops
from ..patterns import literal, one_of
from ..types import Document, Observation, digest
from .demands import Asked, asked, fails
from .explained import ANYTHING, LENT, fed_by, with_names, with_words
from .ground import carried_over, columns_of, focus, masked, unknown
from .items import Item, number_of
from .pages import before, common, of_page
from .readers.arguments import INTO
from .readers.general import ends_so, files_behind
from .readers.grammar import TARGET, makes
from .readers.options import FILE, Option, lists_options, options
from .readers.positional import GROUP
from .readers.shown import commands
from .readers.synopsis import (
    MANY,
    OPTIONS,
    borrowed,
    fitting,
    forms,
    general,
    leading,
    listed,
    name_in,
    stops,
    synopses,
    takes_options,
)

NONE_OR_MORE = re.compile(rf" {MANY.pattern}$")
"""Arguments that there may be none of: who must write something there writes anything."""
_REST = r" ([^\"\\\n]|\\.){12,220}$"
CHANGE = (
    "something to make or to change, as the page describes it",
    "^(Add|Assign|Attach|Change|Close|Comment|Complete|Correct|Create|Delete|Edit|Give|Make|Mark|Move|Put|Raise"
    f"|Remove|Rename|Reopen|Replace|Resolve|Save|Set|Start|Tag|Update|Write){_REST}",
)
"""Of a task that changes something: what is said of it, and its form over JSON text."""
FIND = ("something to find out", f"^(Count|Find|Find out|How many|List|Show|What|When|Which|Who){_REST}")


def calls(title: str, tools: Sequence[str]) -> tuple[str, ...]:
    """What commands of a section begin with: the command that a page of a help tree is about, or any tool."""
    command = page_of(title)
    if command in tools:
        return (command,)
    if any(command.startswith(f"{tool} ") for tool in tools) and re.fullmatch(r"[\w-]+( [\w-]+)+", command):
        return (command,)
    return tuple(tools)


def page_about(document: Document, start: str, tools: Sequence[str]) -> tuple[str, list[str]]:
    """The page about what is there, and the commands that it shows.

    A page with a synopsis needs no names of its examples: those that are not there are `<name>`.
    """
    page = carried_over(document.text, start)
    shown = commands(document.model_copy(update={"text": page}), tools)
    below = any(general([document], tools))
    names = unknown(page, shown, start) if below or forms(document, tools) else set()
    names -= {_first(one) for one in shown} if below else set()  # Commands of the tool are no names.
    return masked(page, shown, names), [masked(" ".join(one.split()), [one], names) for one in shown]


def features(
    document: Document,
    start: str,
    description: str,
    tools: Sequence[str],
    skip: Collection[str] = (),
    others: Sequence[Document] = (),
) -> list[Item]:
    """The forms that a page gives and its options (but `skip`); without these the commands that it shows.

    `others`: sections of the same manual, whose synopses a page has that gives none; options that most of
    their pages have too come last.
    """
    opening = calls(document.title, tools)
    known = [one for one in options(document.text) if one.name not in skip and not one.asks]
    shared = common(document, others)
    known.sort(key=lambda option: option.name in shared)
    begun, bases = list[Item](), list[Item]()
    manual = [one for one in others if one.source == document.source]
    own, lending = listed([document], tools), listed(manual, tools)
    read = _read(manual, own, start, description, tools)
    feeding = files_there(start) if fed_by([document, *manual], tools) else ()
    anything = _anything(opening, read, feeding) if tools else ""
    lent = [] if own else borrowed(document, manual, tools)[: None if known else LENT]
    examples = page_about(document, start, tools)[1]
    shown = examples if lent and not known else ()
    earlier = {form for one in before(document, manual) for form in forms(one, tools)}
    listing = _both_ways(own) if own else lending
    explained = with_words(document, [*own] or lent, start, opening)
    explained = explained or with_names(document, own, lending, feeding)
    if explained and not known:
        return [*explained, *(Item(text=f"like: {one}", free=anything) for one in examples)]
    found = [*explained]
    tool = "" if any(map(takes_options, lending | own)) else leading([document, *manual], tools)
    for form in listing if own else () if shown else lent:
        inputs, targets = _files(form, start, description)
        fits = fitting(form, known, listing)
        item = Item(text="", synopsis=form, known=tuple(fits), inputs=inputs, targets=targets).of(feeding)
        elsewhere = not known and takes_options(form)
        beside = fitting(form, of_page(document, manual), listing) if elsewhere and not examples else ()
        if beside:  # They stand in the next sections.
            found.append(item.model_copy(update={"text": "without options", "known": tuple(beside)}))
            continue
        if elsewhere:
            begun.append(item.model_copy(update={"rest": ANYTHING}))
            continue
        if not known or (form not in earlier and (fits or own)):
            told = "without options" if known else f"with the command {form}"
            found.append(item.model_copy(update={"text": told}))
        bases.append(item)
        found += [_showing(item, option, shared) for option in fits if not tool]
    found = _few(found) if lent else found
    if tool and bases:  # Any of its commands shows an option that stands before all.
        found += [_showing(bases[at % len(bases)], one, shared, tool) for at, one in enumerate(known)]
    found += _of_all_below(document, others, known, start, tools)
    found = found or ([] if own or lent else _without_form(document, known, start, tools, examples))
    if found:
        alone = _shown_alone(examples if own else (), listing, anything)
        return [*found, *map(_simple, begun), *alone]
    return _of_examples(begun, examples, anything, {} if own or read else lending, document.text)


def _anything(opening: Sequence[str], read: Collection[str], feeding: Collection[str]) -> str:
    """Regular expression of any command; `read`: files of which it ends with one, `feeding`: or reads one."""
    begins = rf"^({'|'.join(map(literal, opening))}) {ANYTHING}"
    end = f"{' <' if feeding else ''} ({one_of(feeding or read)}){INTO}" if feeding or read else ""
    return f"{begins}{end}$"


def _simple(item: Item) -> Item:
    """An item without options: what the examples show may be too much for a small model; this is not."""
    return item.model_copy(update={"text": "without options", "rest": ""})


def _of_examples(
    begun: Sequence[Item], examples: Sequence[str], anything: str, forms: Collection[str], text: str
) -> list[Item]:
    """Items of a page that has nothing to show but what its examples do, or what it says (`forms`: synopses
    that say how its commands begin, where that is known; `text`: the page).
    """
    begins = _beginning(forms)
    simple = [_simple(item) for item in begun]
    like = begun[0] if len(begun) == 1 else Item(text="", free=anything)
    bare = {" ".join(OPTIONS.sub("", item.synopsis).split()) for item in simple}
    shows = [like.model_copy(update={"text": f"like: {one}"}) for one in examples if one not in bare]
    if shows or (begun and (examples or lists_options(text))):
        return [*simple, *shows]  # Or there are no options but those of every command.
    free = f"^{literal(begins)} {ANYTHING}$" if begins else like.free
    return [*simple, like.model_copy(update={"text": "as the page says", "free": free})]


def _showing(item: Item, option: Option, shared: Collection[str], tool: str = "") -> Item:
    """An item about an option, which may stand in its synopsis already, or behind the name of the tool."""
    name = name_in(item.synopsis, option)
    does = f" ({option.help})" if option.help else ""
    update = {"text": f"with {name or option.name}{does}", "common": option.name in shared}
    if tool and not name:
        return item.model_copy(update={**update, "known": (), "above": (tool, option.about((), item.inputs))})
    return item.model_copy(update={**update, **({"known": ()} if name else {"chosen": (option,)})})


def _shown_alone(examples: Sequence[str], forms: Collection[str], free: str) -> list[Item]:
    """Items like the commands that a page shows and says no form of: `todo.sh archive`."""
    said = {_subcommand(form) for form in forms}
    new = [one for one in examples if said.isdisjoint((_subcommand(" ".join(_own(one))), *_own(one)[:1]))]
    return [Item(text=f"like: {one}", free=free) for one in new]


def _first(command: str) -> str:
    """The first word behind a tool that is no option."""
    return next((word for word in _own(command)[1:] if not word.startswith("-")), "")


def _own(command: str) -> list[str]:
    """The words of the first command of a line, without what may stand before it."""
    words = next(split(command))
    return words[prefix(words) :]


def _subcommand(command: str) -> str:
    """`tool add` of `tool add NAME`; the tool alone where no word in small letters follows."""
    words = command.split(" ")
    return " ".join(words[: 1 + bool(re.fullmatch(r"[a-z][\w-]*", words[1] if words[1:] else ""))])


def _few(items: Sequence[Item]) -> list[Item]:
    """Items without those that show an option with one more synopsis than `LENT`."""
    used: Counter[str] = Counter()
    kept = []
    for item in items:
        used[item.text] += bool(item.chosen)
        if used[item.text] <= LENT:
            kept.append(item)
    return kept


def _beginning(forms: Collection[str]) -> str:
    """The command that all synopses of a manual begin with, where that is more than a tool: `git tag`."""
    columns = zip(*(form.split(" ") for form in forms), strict=False)
    same = takewhile(lambda words: len({*words}) == 1 and re.fullmatch(r"[a-z][\w-]*", words[0]), columns)
    words = [one[0] for one in same]
    return " ".join(words) if len(words) > 1 else ""


def _of_all_below(
    document: Document, others: Sequence[Document], known: Sequence[Option], start: str, tools: Sequence[str]
) -> list[Item]:
    """Options that stand before the name of any command below a page's: each with one of these in turn."""
    page = page_of(document.title)
    below = synopses((one for one in others if page in above(page_of(one.title))), tools)
    below = [form for form in below if form.startswith(f"{page} ")]
    files = files_there(start)
    # Where there is a file to be named, no command may work without.
    turns = [option for option in known for _ in range(len(below) if option.reads and files else 1)]
    return [
        Item(
            text=f"with {option.name} ({option.help})",
            synopsis=below[at % len(below)],
            above=(page, option.about((), files)),
        )
        for at, option in enumerate(turns if below else ())
    ]


def _without_form(
    document: Document, known: Sequence[Option], start: str, tools: Sequence[str], examples: Sequence[str]
) -> list[Item]:
    """Options of a tool without a synopsis, behind its name and before the rest, and its examples."""
    named = page_of(document.title).rpartition(" ")[2]
    opening = (named,) if named in tools else calls(document.title, tools)
    if len(opening) != 1 or not known:
        return []
    begins, files = f"^({literal(opening[0])})", files_there(start)
    shown = [(f"with {one.name} ({one.help})", one.about((), files)) for one in known]
    found = [Item(text=text, free=f"{begins} {option}( {ANYTHING})?$") for text, option in shown]
    return [*found, *(Item(text=f"like: {one}", free=f"{begins} {ANYTHING}$") for one in examples)]


def _read(
    manual: Sequence[Document], own: Collection[str], start: str, description: str, tools: Sequence[str]
) -> tuple[str, ...]:
    """The files of which a command of a manual ends with one, by its general synopsis or its only one; no
    page with some of its `own` has the latter."""
    every, common_end = synopses(manual, tools), list(files_behind(manual, tools).values())
    end = common_end[0] if common_end else GROUP.findall(every[0])[-1] if len(every) == 1 and not own else ""
    return _files(end, start, description)[0] if FILE.search(end) else ()


def demanded(
    document: Document,
    others: Sequence[Document],
    start: str,
    description: str,
    tools: Sequence[str],
    run: Callable[[str], Observation],
    state: str = "",
) -> dict[str, Asked]:
    """What the commands of a page's synopses tell when they are run, by synopsis; see `demands.asked`.

    `run`: does a command in the start state.
    """
    every, listing = of_page(document, others), listed([document], tools)
    keys = list(filter(None, map(number_of, focus(start, "", document.id, 99))))
    shorter = [form for form in _both_ways(listing) if form not in listing]
    found = {form: Asked(fails=True) for form in shorter if fails(form, keys, run)}
    for form in listing if every else ():
        known = fitting(form, every, listing)
        files = _files(form, start, description)[0]
        file = next((one for one in files if columns_of(start, one)), next(iter(files), ""))
        strict = stops(form, known) or ends_so(form, files_behind([document, *others], tools))
        found[form] = asked(form, known, file, columns_of(start, file), run, state, strict)
    return found


def _both_ways(listing: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The synopses, each also without a last argument that may be none: `tool <filter> done <mods>`."""
    return {way: names for form, names in listing.items() for way in (form, NONE_OR_MORE.sub("", form))}


def screen_items(document: Document, start: str, number: int, turn: int) -> list[Item]:
    """What tasks on a screen are about: things that are there in turn, most to change and some to find out.

    `turn`: of the round; a later one goes on with other things. A small model writes of links and buttons
    where the form of a task does not keep it from that.
    """
    things = _rows(start, f"{document.id}{turn or ''}")
    kinds = [CHANGE, CHANGE, FIND]
    return [
        Item(
            text=kinds[at % len(kinds)][0],
            free=kinds[at % len(kinds)][1],
            thing=things[at % len(things)] if things else "",
        )
        for at in range(number)
    ]


def _rows(start: str, seed: str) -> list[str]:
    """Lines of an overview that name a thing: rows of tables, items of lists and headings, from all pages."""
    pages: list[list[str]] = []
    for line in start.splitlines():
        if line.startswith("On /"):
            pages.append([])
        elif pages and (line.count(" | ") > 1 or line.lstrip().startswith(("- ", "## ", "### "))):
            pages[-1].append(re.sub(r"^(##+|-) ", "", line)[:200])
    rows = [sorted(page, key=lambda line: digest([seed, line])) for page in pages if page]
    longest = max(map(len, rows), default=0)
    return [row[turn] for turn in range(longest) for row in rows if turn < len(row)]


def _files(form: str, start: str, description: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Files that an argument FILE can name, and those that it can go into: the ones the description names.

    Where a command makes something, a small model runs the file and the name together that it may not give.
    """
    files = files_there(start)
    said = without_stops(description)
    main = {*named_files(said), *re.split(r"[\s,;:()'\"`]+", said)}
    if not FILE.search(form):
        return (), tuple(name for name in files if name in main and makes(form) and TARGET.search(form))
    rest = [name for name in files if name not in main]
    if rest and TARGET.search(form):
        return tuple(rest), tuple(name for name in files if name in main)
    return tuple(files), ()
