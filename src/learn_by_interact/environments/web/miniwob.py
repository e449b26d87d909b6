"""A page of MiniWoB++ as an environment: one page with one seed is an episode.

The pages are those of the package `miniwob`, as they are; in them, the display of the reward and the cover
between two episodes are hidden. What a page makes clickable without saying so in its HTML (a `<span>` with
a listener, an icon) gets a role, and without a text its id or class for a name: what the benchmark's own
observation of a page has, too. Whether an episode was solved is not shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...errors import ConfigError, EnvironmentFault
from ...types import STOP, Action, Observation, Task, digest
from ..folder import EnvironmentFolder, Volatile
from ..places import Place
from . import browser
from .actions import WebActions
from .application import Application
from .config import Web
from .environment import UNCHANGED, WebEnvironment
from .guard import Guard
from .marking import COMMON
from .session import Session, Shown

DESCRIPTION = (
    "A small web page on which one thing is to be done. The action that finishes it, such as a click on "
    "Submit, ends the task, well or badly: the page then says {ended}, and nothing more can be done."
)
FORM = """\
What stands in square brackets on the page can be acted on. In each turn you give one action, and then see \
the page, in one of these forms:
ACTION: click [button "Submit"]
ACTION: type "some text" into [textbox "Name:"]
ACTION: select "blue" in [combobox "Colour:"]
ACTION: press Enter
ACTION: scroll down
Another is hover [...]. Copy names in brackets as the page has them."""
ENDED = "[the task has ended]"
ELSEWHERE = frozenset({"goto", "back", "forward", "new_tab", "tab", "close_tab"})
"""Actions that would leave the page."""
ONE_PAGE = "There is only this page."
LIFTED = 2**31 - 1
"""Milliseconds of an episode without a time limit: the most that a timer of a browser takes."""
INSTALL = "type: pip install --no-deps miniwob==1.1.0"

PREPARE = (
    "() => {"
    + COMMON
    + """
    const heard = new WeakSet(), named = new WeakMap();
    const listen = EventTarget.prototype.addEventListener;
    EventTarget.prototype.addEventListener = function (type, ...rest) {
        if (type === 'click') heard.add(this);
        return listen.call(this, type, ...rest);
    };
    const plain = 'span, div, p, i, b, li, td, a:not([href]), button';
    const frame = '#wrap, #area, #sync-task-cover, #query, #query *';
    const clickable = one => heard.has(one) || one.onclick || one.tabIndex >= 0 || outermost(one);
    const own = one => {
        const copy = one.cloneNode(true);
        for (const inner of copy.querySelectorAll('[role]')) inner.remove();
        return text(copy);
    };
    const name = () => {
        // What is inside comes first: it is no part of what is around it.
        for (const one of [...document.querySelectorAll(plain)].reverse()) {
            if (named.has(one)) {
                // An icon that was clicked shows it by one more class.
                if (one.classList.length > named.get(one)) one.setAttribute('aria-pressed', 'true');
                else one.removeAttribute('aria-pressed');
            }
            if (one.hasAttribute('role') || one.matches(frame)) continue;
            const inside = [...one.querySelectorAll(widgets)];
            if (!clickable(one) || inside.some(inner => !named.has(inner))) continue;
            const said = own(one);
            if ((inside.length && !said) || said.length > 80) continue;
            if (one.tagName !== 'BUTTON') {
                const underlined = getComputedStyle(one).textDecorationLine === 'underline';
                one.setAttribute('role', one.tagName === 'A' || underlined ? 'link' : 'button');
                named.set(one, said ? Infinity : one.classList.length);
            }
            const label = said || one.title || one.id || one.classList[0];
            if (label && (inside.length || !said)) one.setAttribute('aria-label', label);
        }
    };
    document.addEventListener('DOMContentLoaded', () => {
        const style = document.createElement('style');
        style.textContent = '#reward-display, #click-canvas, #sync-task-cover { display: none !important }';
        document.head.append(style);
        // What is asked for is a line of its own, and no name of the field after it.
        document.getElementById('query')?.setAttribute('role', 'paragraph');
        const changes = {subtree: true, childList: true, attributes: true, attributeFilter: ['class']};
        new MutationObserver(name).observe(document.body, changes);
    });
}"""
)
"""JavaScript that runs before a page's own."""
START = """async ([seed, limit]) => {
    const begin = Date.now();
    const until = async ready => {
        while (!ready()) {
            if (Date.now() - begin > 15000) throw 'the page is not ready after 15 s';
            await new Promise(go => setTimeout(go, 5));
        }
    };
    await until(() => document.readyState === 'complete' && core.cover_div);
    // An icon that looks otherwise under the mouse would have no size while its picture is loaded.
    const rules = [...document.styleSheets].filter(one => !one.href).flatMap(one => [...one.cssRules]);
    const pictures = rules.flatMap(one => [...one.cssText.matchAll(/url\\("(.*?)"\\)/g)]).map(found => {
        const picture = new Image();
        picture.src = found[1];
        return picture;
    });
    await Promise.all(pictures.map(one => one.decode().catch(() => null)));
    core.pictures = pictures;
    if (limit) core.EPISODE_MAX_TIME = limit;
    Math.seedrandom(seed);
    core.startEpisodeReal();
    if (limit) core.clearTimer();
    await until(() => WOB_TASK_READY);
    const said = core.getUtterance();
    return typeof said === 'string' ? said : said.utterance;
}"""
"""JavaScript: begin an episode -> what is to be done."""
OUTCOME = "() => [WOB_DONE_GLOBAL, Number(WOB_RAW_REWARD_GLOBAL)]"


def pages() -> Path:
    """The folder of the pages. Raises ConfigError when the package is not installed."""
    found = find_spec("miniwob")
    for place in (found.submodule_search_locations or ()) if found else ():
        folder = Path(place) / "html" / "miniwob"
        if folder.is_dir():
            return folder
    raise ConfigError(f"the pages of MiniWoB++ are not installed; {INSTALL}")


def release() -> str:
    """The version of the pages."""
    return version("miniwob")


def declaration(name: str) -> EnvironmentFolder:
    """The pages as an environment. Raises ConfigError when they are not installed."""
    folder = pages()
    return EnvironmentFolder(
        path=folder,
        name=name,
        description=DESCRIPTION.format(ended=ENDED),
        kind="web",
        web=Web(url=folder.as_uri(), whole=True),
        # What the page `terminal` greets with is the date.
        volatile=Volatile(patterns=(r"Last login: \w+ \w+ \d+ \d+",)),
    )


class MiniWobActions(WebActions):
    """The action space of a page that ends its task itself and cannot be left."""

    description = FORM
    stops = False
    leaves = False


class MiniWobEnvironment(WebEnvironment):
    """One episode on the page `setup["page"]` with the seed `setup["seed"]`."""

    def __init__(self, folder: EnvironmentFolder, time_limit: bool = False) -> None:
        """`time_limit` keeps the pages' own limits, of some seconds."""
        super().__init__(folder)
        self.actions = MiniWobActions()
        self.time_limit = time_limit
        self._ended: Observation | None = None

    def reset(self, task: Task) -> Observation:
        """Open the task's page and begin an episode. Raises EnvironmentFault."""
        self._close()
        self._session, self._ended = self._open(None), None
        prepare(self._session)
        begin(self._session, f"{self.application.url}/{_page(task)}", _seed(task), self.time_limit)
        self._part, self._last = 0, Shown()
        return self._observe(first=True)

    def step(self, action: Action) -> Observation:
        """Do an action on the page; once the task has ended, nothing. Raises EnvironmentFault."""
        if action.tool == STOP:
            return super().step(action)
        if self._ended is None and self.outcome()[0]:
            self._end(self._observe())
        if self._ended is not None:
            observation = self._ended.model_copy(update={"failed": True})
        elif action.tool in ELSEWHERE:
            observation = self._observe(ONE_PAGE)
        else:
            observation = super().step(action)
            if not self.outcome()[0]:
                return observation
            observation = self._end(observation)
            self.transcript.pop()
        self.transcript.append((self.actions.format(action), observation.text))
        return observation

    @property
    def over(self) -> bool:
        """The page has ended its task."""
        return self._ended is not None

    def survey(self, about: Sequence[str] = ()) -> tuple[Place, ...]:
        """There is one page."""
        return ()

    def remember(self, places: Sequence[Place]) -> None:
        """There is nothing to remember."""

    def outcome(self) -> tuple[bool, float]:
        """Whether the episode has ended, and the page's reward without regard to time: at most 1, often -1.

        Raises EnvironmentFault.
        """
        done, reward = evaluate(self.session, OUTCOME)
        return bool(done), float(reward)

    def _end(self, seen: Observation) -> Observation:
        # That it ended is what changed.
        text = f"{seen.text}\n{ENDED}".replace(f"{UNCHANGED}\n", "")
        self._ended = seen.model_copy(update={"text": text, "key": digest([seen.key, ENDED])})
        return self._ended

    def _log_in(self, instance: Application) -> None:
        """There is no login, and no first page with what all pages have."""
        instance.session = {}


def prepare(session: Session) -> None:
    """What all pages of a session get before their own scripts. Raises EnvironmentFault."""
    from playwright.sync_api import Error

    try:
        session.page.add_init_script(f"({PREPARE})()")
    except Error as error:
        raise EnvironmentFault(f"the page could not be prepared: {browser.said(error)}") from None


def begin(session: Session, address: str, seed: int, time_limit: bool = False) -> str:
    """Open a page and begin an episode -> what is to be done. Raises EnvironmentFault."""
    session.goto(address)
    return str(evaluate(session, START, [seed, None if time_limit else LIFTED]))


def evaluate(session: Session, script: str, argument: Any = None) -> Any:
    """What a JavaScript function gives on the page. Raises EnvironmentFault."""
    from playwright.sync_api import Error

    try:
        with browser.watched():
            return session.page.evaluate(script, argument)
    except Error as error:
        raise EnvironmentFault(f"{session.page.url.rpartition('/')[2]}: {browser.said(error)}") from None


def utterances(wanted: Iterable[tuple[str, int]]) -> Iterator[tuple[str, int, str]]:
    """What is to be done on pages with seeds -> (page, seed, instruction), in this thread's browser.

    Raises ConfigError, EnvironmentFault.
    """
    folder = pages()
    session = Session(Guard([folder.as_uri()]), 0.0, 1.0)
    try:
        for page, seed in wanted:
            yield page, seed, begin(session, (folder / f"{page}.html").as_uri(), seed)
    finally:
        session.close()


def _page(task: Task) -> str:
    name = str(task.setup.get("page", ""))
    if not name or not (pages() / f"{name}.html").is_file():
        raise EnvironmentFault(f"there is no page {name!r} in MiniWoB++")
    return f"{name}.html"


def _seed(task: Task) -> int:
    return int(task.setup.get("seed", 0))
