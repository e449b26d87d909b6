"""The web environment: a browser on an application whose state is put back for each episode."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin

from ...blobs import keep
from ...errors import ConfigError, EnvironmentFault, ParseError
from ...types import STOP, Action, Observation, Task, digest
from ..declared import DeclaredEnvironment
from ..elements import name_in
from ..folder import EnvironmentFolder
from ..places import GOTO, SURVEYS, Place, forms, plain
from . import application
from .actions import GRAMMAR, WebActions, action
from .choices import AS_BEFORE
from .guard import Guard
from .layout import changed, laid_out, part_of, parts, sampled
from .session import Session, Shown
from .survey import Survey, untitled

if TYPE_CHECKING:
    from .application import Application

UNCHANGED = "Nothing changed on this page."
BRIEFLY = 4
"""Observations in a row that tell only what changed on a page."""
LATER = 0.5
"""Seconds after which a page is looked at again on which nothing has changed: some wait before they act."""
PARTS = 4
"""Parts of a page in which forms are looked for, each as long as an observation."""
ROWS = 12
"""Rows of a table, and items of a list, that the proposer is shown of a page."""


class WebEnvironment(DeclaredEnvironment):
    """One episode in the web application that a folder declares.

    After an action that leaves the page where it is, an observation tells what changed on it: the page stands
    in the observation before. `[web] whole` shows all of it each time.

    Fingerprints. `Observation.state` is the application's where its folder is known (files and databases, see
    `fingerprint.py`, without what the folder's volatile patterns match and what stands aside), and else
    the page's. `Observation.key` is the hash of that state, the address, the title and all lines of the page,
    without the volatile parts; not of what an observation says about the change.
    """

    def __init__(self, folder: EnvironmentFolder, unsafe: bool = False) -> None:
        """`unsafe` serves the application without a sandbox."""
        assert folder.web is not None
        super().__init__(folder, WebActions(), unsafe)
        self.web = folder.web
        self.pictures: Path | None = None
        self._application: Application | None = None
        self._session: Session | None = None
        self._last = Shown()
        self._part, self._briefly = 0, 0

    def __enter__(self) -> Self:
        """Take an instance of the application, started and logged in if need be.

        Raises ConfigError (something must be installed), EnvironmentFault.
        """
        self._application = application.acquire(self.folder, self.unsafe)
        try:
            if self._application.session is None:
                self._log_in(self._application)
        except BaseException:
            application.discard(self._application)
            self._application = None
            raise
        return self

    def leave(self, well: bool) -> None:
        """Give the instance back; one in which something broke is ended."""
        self._close()
        if self._application:
            if well and self._application.alive:
                application.release(self._application)
            else:
                application.discard(self._application)
            self._application = None

    @property
    def application(self) -> Application:
        """The instance. Raises EnvironmentFault outside the `with` block."""
        if self._application is None:
            raise EnvironmentFault(f"{self.name}: the environment is not open; use it in a with block")
        return self._application

    @property
    def session(self) -> Session:
        """The browser's session. Raises EnvironmentFault before the reset."""
        if self._session is None:
            raise EnvironmentFault(f"{self.name}: there was no reset yet")
        return self._session

    @property
    def home(self) -> Path:
        """The folder of the application's state. Raises EnvironmentFault where there is none."""
        if self.application.home is None:
            raise EnvironmentFault(f"{self.name}: the state of an application at a url cannot be seen")
        return self.application.home

    @property
    def address(self) -> str:
        """Where the present tab is: a path of the application, or a full address."""
        return self.relative(self.session.page.url)

    @property
    def shown(self) -> Shown:
        """What the page showed last."""
        return self._last

    def text_of(self, url: str, locator: str) -> str | None:
        """What a page ("": the present one), or the element of a selector in it, shows to this session.

        None when there is no such element. Raises EnvironmentFault when the page cannot be had.
        """
        return self.session.text_of(self._address(url) if url else "", locator)

    def overview(self) -> str:
        """What there is, for the proposer: the text of the pages of `[web] overview`, without their menus."""
        found = []
        for page in self.web.overview or (self.web.home,):
            self.session.goto(self._address(page))
            shown = self.session.look()
            menus = self.application.common if page != self.web.home else ()
            lines = [line for line in shown.lines if line not in menus]
            some = sampled([plain(line) for line in lines if plain(line)], ROWS)
            found.append("\n".join([f"On {page}:", *parts(some, self.web.chars // 2)[0]]))
        return self._without_origin("\n".join(found))

    def survey(self, about: Sequence[str] = ()) -> tuple[Place, ...]:
        """Pages that can be reached, looked over once for all environments of this folder.

        `about` plays no part. Afterwards there must be a reset.
        """
        if not self.web.places:
            return ()
        return SURVEYS.get(self.folder.path, self.web, Survey(self, self.web.places).places)

    def remember(self, places: Sequence[Place]) -> None:
        """See `Surveyed.remember`."""
        SURVEYS.put(self.folder.path, self.web, places)

    def arrive(self, address: str, path: tuple[str, ...], clicks: Sequence[str] = ()) -> tuple[Place, Shown]:
        """Open a page, click on it -> the place that `path` leads to, and what it shows.

        Raises EnvironmentFault.
        """
        self.session.goto(self._address(address))
        self._part, self._briefly, self._last = 0, 0, Shown()
        self._observe(first=True)
        for name in clicks:
            self.step(Action(tool="click", arguments={"element": name}))
        shown = self._last
        common = self._common(self.relative(shown.address))
        own = [line for line in shown.lines if line not in common]
        every = parts(own or shown.lines, self.web.chars)
        text = self._without_origin("\n".join(every[0]))
        # A form may go on where a first look ends.
        whole = self._without_origin("\n".join(line for part in every[:PARTS] for line in part))
        found = forms(whole, *self.session.together(shown.elements))
        return Place(path=path, title=shown.title, text=text, forms=found), shown

    def another(self, place: Place, begin: str) -> Place:
        """See `Itemised.another`."""
        path = (begin, *place.path[1:])
        clicks = [name_in(step.removeprefix("click ")) for step in path if not step.startswith(GOTO)]
        address = begin.removeprefix(GOTO) if begin.startswith(GOTO) else self.web.home
        return untitled(self.arrive(address, path, clicks)[0], place.ending)

    def source_of(self, url: str) -> tuple[str, list[str]]:
        """The HTML of a page, and the paths of the application that it links to. Raises EnvironmentFault."""
        self.session.goto(self._address(url))
        text, links = self.session.source()
        paths = [self.relative(link) for link in links]
        return self._without_origin(text), [path for path in paths if path.startswith("/")]

    @property
    def files(self) -> Mapping[str, str]:
        """Digest of each file of the application's state after the last step."""
        return self.application.files

    def reset(self, task: Task) -> Observation:
        """Put the application back, run the task's `setup["run"]`, and go to its `setup["page"]`.

        Raises EnvironmentFault.
        """
        self._close()
        self.application.put_back()
        if command := str(task.setup.get("run", "")):
            self.application.run(command)
        self._session = self._open(self.application.session)
        self._session.goto(self._address(str(task.setup.get("page", "")) or self.web.home))
        self._part, self._briefly, self._last = 0, 0, Shown()
        return self._observe(first=True)

    def step(self, action: Action) -> Observation:
        """Do an action on the page. `stop` does nothing and shows nothing.

        Raises EnvironmentFault when the browser or the application breaks.
        """
        if action.tool == STOP:
            return self._observe().model_copy(update={"text": "", "failed": False})
        if action.tool == "scroll":
            self._part = max(0, self._part + (-1 if action.arguments.get("direction") == "up" else 1))
            refused = self.session.scroll(str(action.arguments.get("direction", "down")))
            observation = self._observe(scrolled=True)
        else:
            if "url" in action.arguments:
                address = self._address(str(action.arguments["url"]))
                action = action.model_copy(update={"arguments": {**action.arguments, "url": address}})
            refused = self.session.act(action, self._last.elements)
            observation = self._observe(refused)
        if not self.application.alive:
            raise EnvironmentFault(f"{self.name}: the application has ended")
        self.transcript.append((self.actions.format(action), observation.text))
        return observation

    def _observe(self, refused: str = "", first: bool = False, scrolled: bool = False) -> Observation:
        before, shown = self._last, self.session.look()
        if not (first or scrolled or refused or shown.notes) and shown.same(before):
            shown = self.session.look(later=LATER)
        self._last = shown
        address = self.relative(shown.address)
        common = self._common(address)
        same = address == self.relative(before.address) and not first
        # A form that is answered with a page of another title has led there, whatever the address.
        told = changed(before.lines, shown.lines) if same and before.head == shown.head else []
        if not same:
            self._part = 0
        elif told and not scrolled and told[0].startswith("+ "):
            self._part = part_of(shown.lines, common, self.web.chars, told[0][2:])
        text, count = laid_out(shown.lines, common, self.web.chars, self._part)
        self._part = min(self._part, count - 1)
        lasting = "\n".join([address, shown.title, *shown.notes, *shown.lines])
        lasting = self._without_origin(self.folder.volatile.replace(lasting))
        state = self.application.state() or digest(lasting)
        again = same and not scrolled and bool(told or (refused and before.lines == shown.lines))
        self._briefly = self._briefly + 1 if again and not self.web.whole else 0
        if 0 < self._briefly <= BRIEFLY:
            body = ["Changed on this page:", *told] if told else []
            body.append(AS_BEFORE)
        else:
            self._briefly = 0
            idle = same and not scrolled and not refused and before.lines == shown.lines
            body = [*([UNCHANGED] if idle else []), text or "[an empty page]"]
        head = [f"URL: {address}", f"Title: {shown.title}", *shown.notes]
        return Observation(
            text=self._without_origin("\n".join([*head, *body, *([refused] if refused else [])])),
            blobs=self._picture(),
            key=digest([state, lasting, bool(refused), self._part]),
            state=state,
            failed=bool(refused),
        )

    def _common(self, address: str) -> frozenset[str]:
        """Lines that a page has in common with the first one, which itself has none."""
        return frozenset() if address == self.web.home else self.application.common

    def _picture(self) -> tuple[str, ...]:
        """The hash of a screenshot, where they are wanted."""
        picture = self.session.picture() if self.pictures else b""
        return (keep(self.pictures, picture),) if self.pictures and picture else ()

    def _log_in(self, instance: Application) -> None:
        """Log in once, see what the first page has, and keep the state with the session in it."""
        todos = self._login()
        home = f"{instance.url}{self.web.home}"
        session = self._open(None)
        try:
            try:
                session.goto(home)
            except EnvironmentFault as error:
                if not self.web.url:
                    raise
                raise EnvironmentFault(
                    f"{self.folder.path}/environment.toml: web.url: {error}; start the application, or "
                    "write where it runs"
                ) from None
            for written, todo in zip(self.web.login, todos, strict=True):
                if "url" in todo.arguments:
                    address = self._address(str(todo.arguments["url"]))
                    todo = todo.model_copy(update={"arguments": {"url": address}})
                if refused := session.act(todo, session.look().elements):
                    raise EnvironmentFault(f"{self.name}: the login failed at {written!r}: {refused}")
            if self.web.login:
                session.goto(home)
            shown = session.look()
            self._check_login(shown, "the login failed")
            instance.session = session.storage()
            instance.common = frozenset(shown.lines)
        finally:
            session.close()
        instance.keep()
        if self.web.login and self.web.logged_in:
            # Not every login is kept by what a browser keeps.
            session = self._open(instance.session)
            try:
                session.goto(home)
                self._check_login(session.look(), "the login is not there in a new session of the browser")
            finally:
                session.close()

    def _login(self) -> list[Action]:
        """The actions of the login. Raises ConfigError."""
        found = []
        for written in self.web.login:
            try:
                found.append(action(written))
            except ParseError as error:
                wrong = str(error).removesuffix(GRAMMAR.wanted).strip().rstrip(".")
                raise ConfigError(
                    f"{self.folder.path}/environment.toml: web.login: {written!r}: {wrong}; write each "
                    "action as an agent does, such as 'click [button \"Log in\"]'"
                ) from None
        return found

    def _check_login(self, shown: Shown, failed: str) -> None:
        """Raises EnvironmentFault when a page is not that of a user who is logged in."""
        missing = self.web.logged_in.strip("[]")
        if missing and missing not in shown.elements:
            there = ", ".join(f"[{name}]" for name in list(shown.elements)[:8])
            raise EnvironmentFault(
                f"{self.name}: {failed}: the first page ({shown.title or 'no title'}) has no "
                f"[{missing}]; it has {there or 'nothing that can be acted on'}"
            )

    def _open(self, storage: Any) -> Session:
        origins = [self.application.url, *self.web.origins]
        guard = Guard(origins, self.web.credentials, storage, self.web.clock)
        return Session(guard, self.web.quiet, self.web.patience)

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _address(self, url: str) -> str:
        """A full address; a path is one of the application, and so is the name that stands for its origin.

        A query alone is one of the present page.
        """
        url = url.strip()
        if url.startswith("?") and self._session is not None:
            return urljoin(self.session.page.url, url)
        if url.startswith(self._origin):
            url = url[len(self._origin) :] or "/"
        return url if re.match(r"^[a-z]+:", url) else urljoin(f"{self.application.url}/", url)

    @property
    def _origin(self) -> str:
        """What observations call the application's origin, whose port is another in each instance."""
        return f"http://{self.name}"

    def relative(self, address: str) -> str:
        """An address as observations have it: a path of the application, where it is one of its own."""
        base = self.application.url
        if address == base:
            return "/"
        return address[len(base) :] if address.startswith(f"{base}/") else address

    def _without_origin(self, text: str) -> str:
        """A text in which the instance's address is the environment's."""
        if not self.web.serve:
            return text
        host = self.application.url.partition("://")[2]
        return text.replace(self.application.url, self._origin).replace(host, self.name)
