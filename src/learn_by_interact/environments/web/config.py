"""The `[web]` table of an `environment.toml`: an application of one's own, or one that runs already."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, model_validator

from ...types import Texts, Value


class Web(Value):
    """How a web application is started, entered and put back.

    The application's state is the environment's start folder (after `prepare`): each instance has a copy
    of its own, in which `serve` runs.
    """

    serve: str = ""
    """Bash command that serves the application at 127.0.0.1:$PORT ($URL) and does not end; "" with `url`."""
    port: int = 0
    """Port of the first instance; 0, or taken: a free one."""
    url: str = ""
    """Address of an application that runs already: nothing is started, and only `reset` puts it back."""
    reset: str = ""
    """Bash command that puts an application at `url` back, run on this machine before each episode."""
    ready: str = "/"
    """Page that answers once the application is up."""
    seconds: float = Field(default=60.0, gt=0)
    """Time that it may take to come up."""
    home: str = "/"
    """Page on which an episode begins."""
    overview: Texts = ()
    """Pages that show what there is, such as lists: tasks are proposed about what is on them; else `home`."""
    places: int = Field(default=60, ge=0)
    """Pages that are looked over before tasks are proposed, so that these are about their forms; 0: none are,
    and tasks are proposed from the `overview`."""
    login: Texts = ()
    """Actions that log in, as a model would write them; done once an instance."""
    logged_in: str = ""
    """Element that a page has after the login: `link "Logout"`."""
    credentials: Texts = ()
    """User and password for HTTP authentication."""
    origins: Texts = ()
    """Further origins that pages may load from."""
    aside: Texts = ("*.log", "*.pid", "*.lock", "__pycache__/*")
    """Files (patterns of paths) that are no part of the state: not put back, no part of the fingerprint."""
    clock: str = ""
    """Date and time at which the browser's clock stands (`2024-06-14T09:00`); "": that of this machine."""
    restart: bool = False
    """Start the application anew for each episode: for one that keeps its state in memory."""
    judge: str = ""
    """The model that decides whether an answer means what `fuzzy_match` says."""
    quiet: float = Field(default=0.08, ge=0, le=5)
    """Seconds without a change and without a request after which a page is at rest."""
    patience: float = Field(default=5.0, gt=0)
    """Seconds after which a page that never rests is looked at as it is."""
    whole: bool = False
    """Show the whole page after each action, also after one that changed little on it."""
    chars: int = Field(default=3000, ge=300)
    """Characters of a page that an observation shows."""

    @model_validator(mode="after")
    def says_where(self) -> Web:
        """Raises ValueError when it does not say where the application is."""
        if bool(self.serve) == bool(self.url):
            raise ValueError("give either serve (how the application is started) or url (where it runs)")
        if self.url and not self.url.startswith(("http://", "https://", "file://")):
            raise ValueError(f"url {self.url!r} is no http or https address")
        try:
            datetime.fromisoformat(self.clock or "2000-01-01")
        except ValueError:
            raise ValueError(f"clock {self.clock!r} is no date and time such as 2024-06-14T09:00") from None
        if self.credentials and len(self.credentials) != 2:
            raise ValueError("credentials are a user and a password")
        return self
