"""Scripts that solve pages of MiniWoB++, and that do it wrongly, by the names that observations show."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from learn_by_interact.environments.web.actions import action
from learn_by_interact.environments.web.miniwob import MiniWobEnvironment
from learn_by_interact.types import Observation, Step, Task, Trajectory

Script = Callable[["Page", str], None]


class Page:
    """One episode: what was done, seen, and told by the page's own JavaScript."""

    def __init__(self, environment: MiniWobEnvironment, task: Task) -> None:
        self.environment, self.task = environment, task
        self.start = self.seen = environment.reset(task)
        self.steps: list[Step] = []
        self.told: list[str] = []
        environment.session.page.on("console", lambda message: self.told.append(message.text))

    @property
    def said(self) -> str:
        """What the page asks for."""
        said = self.environment.session.page.evaluate("core.getUtterance()")
        return str(said)

    @property
    def reward(self) -> str:
        """The page's reward, in which time counts, as JavaScript writes it."""
        return str(self.environment.session.page.evaluate("String(WOB_REWARD_GLOBAL)"))

    @property
    def text(self) -> str:
        """The whole page as it was seen last, without its head."""
        lines = self.seen.text.split("\n")[2:]
        return "\n".join(line for line in lines if not line.startswith("Nothing changed"))

    def do(self, *written: str) -> Observation:
        for one in written:
            self.seen = self.environment.step(action(one))
            self.steps.append(Step(thought="", action=action(one), observation=self.seen))
            assert not self.seen.failed, self.seen.text
        return self.seen

    def fill(self, text: str, field: int = 0) -> None:
        """Type into a field, counted from 0."""
        self.do(f'type "{text}" into [{self.names("textbox")[field]}]')

    def names(self, role: str) -> list[str]:
        """Elements of a role, in order."""
        return re.findall(rf'\[({role}(?: "[^"]*")?(?: #\d+)?)\]', self.text)

    def other(self, role: str, name: str) -> str:
        """Another element of the role than this one."""
        return next(one for one in self.names(role) if re.sub(r'(?<=") #\d+$', "", one) != name)

    def row(self, label: str) -> str:
        """What a table has beside a label."""
        found = re.search(rf"^{re.escape(label)} \| (.+)$", self.text, re.MULTILINE)
        assert found, self.text
        return found[1]

    def whole(self) -> Trajectory:
        return Trajectory(task=self.task.id, start=self.start, steps=tuple(self.steps), stop="done")


def quoted(said: str) -> list[str]:
    return re.findall(r'"([^"]*)"', said)


def one(pattern: str, said: str) -> str:
    found = re.search(pattern, said)
    assert found, said
    return found[1]


def nth(said: str) -> int:
    return int(one(r"(\d+)(?:st|nd|rd|th)", said))


def click(name: str) -> str:
    return f"click [{name}]"


SUBMIT = 'click [button "Submit"]'


def named(role: str, wrong: bool = False) -> Script:
    """Click the element that the instruction names in quotation marks, or another one."""

    def script(page: Page, said: str) -> None:
        name = f'{role} "{quoted(said)[0]}"'
        page.do(click(page.other(role, name) if wrong else name))

    return script


def submit(page: Page, text: str) -> None:
    page.fill(text)
    page.do(SUBMIT)


def typed(text: Callable[[Page, str], str], wrong: str = "") -> tuple[Script, Script]:
    """One field and Submit; wrong is another text."""
    return (
        lambda page, said: submit(page, text(page, said)),
        lambda page, said: submit(page, wrong or f"1{text(page, said)[1:]}1"),
    )


def void(_: object) -> None:
    pass


def one_word(page: Page, said: str) -> str:
    line = page.text.split("\n")[1]
    return line.split()[nth(said) - 1].strip(".,")


def algebra(page: Page, said: str) -> str:
    """x of `2 + x = 8`."""
    left, sign, right, result = re.findall(r"(\S+) ([-+]) (\S+) = (-?\d+)", page.text)[0]
    if right == "x":
        return str(int(result) - int(left) if sign == "+" else int(left) - int(result))
    return str(int(result) - int(right) if sign == "+" else int(result) + int(right))


def arithmetic(page: Page, said: str) -> str:
    left, sign, right = re.findall(r"(-?\d+) ([-+x]) (-?\d+) =", page.text)[0]
    return str({"+": int(left) + int(right), "-": int(left) - int(right), "x": int(left) * int(right)}[sign])


def date(page: Page, said: str) -> str:
    month, day, year = one(r"(\d\d/\d\d/\d{4})", said).split("/")
    return f"{year}-{month}-{day}"


def hours(page: Page, said: str) -> str:
    hour, minute, half = re.findall(r"(\d+):(\d\d) ([AP]M)", said)[0]
    return f"{int(hour) % 12 + (12 if half == 'PM' else 0):02}:{minute}"


def case(page: Page, said: str) -> str:
    return quoted(said)[0].upper() if "upper" in said else quoted(said)[0].lower()


def boxes(page: Page, said: str) -> None:
    wanted = one(r"Select (.*) and click", said)
    for name in [] if wanted == "nothing" else wanted.split(", "):
        page.do(click(f'checkbox "{name}"'))
    page.do(SUBMIT)


def radio(page: Page, said: str, wrong: bool = False) -> None:
    name = f'radio "{one(r"Select (.*) and click", said)}"'
    page.do(click(page.other("radio", name) if wrong else name), SUBMIT)


def option(page: Page, said: str, wrong: bool = False) -> None:
    wanted = one(r"Select (.*) from", said)
    listed = quoted(page.text.partition(" of ")[2].partition(" [")[0])
    name = next(one for one in listed if (one == wanted) != wrong)
    page.do(f'select "{name}" in [combobox]', SUBMIT)


def sequence(page: Page, said: str) -> None:
    page.do(*(click(f'button "{name}"') for name in re.findall(r"button ([A-Z]+)", said)))


def tabs(page: Page, said: str, role: str = "link", wrong: bool = False) -> None:
    """Open one part after the other until it has the link."""
    name = f'link "{quoted(said)[0]}"'
    for part in [label for label in page.names(role) if re.search(r"(Tab|Section) #\d", label)]:
        if name in page.names("link") and not wrong:
            break
        page.do(click(part))
        there = [one for one in page.names("link") if one.partition(" #")[0] != name and "Tab #" not in one]
        if wrong and there:
            page.do(click(there[0]))
            return
    page.do(click(name))


def expand(page: Page, said: str) -> None:
    page.do(click(page.names("tab")[0]), SUBMIT)


def widget(page: Page, said: str, wrong: bool = False) -> None:
    role = {"text": "textbox", "textarea": "textbox"}.get(quoted(said)[0], quoted(said)[0])
    every = [name for other in ("radio", "checkbox", "textbox") for name in page.names(other)]
    page.do(click(next(n for n in every if not n.startswith(role)) if wrong else page.names(role)[0]))


def password(page: Page, said: str, other: str = "") -> None:
    page.fill(quoted(said)[0])
    page.fill(quoted(said)[0] + other, 1)
    page.do(SUBMIT)


def login(page: Page, said: str, wrong: bool = False) -> None:
    user, secret = quoted(said) if not wrong else reversed(quoted(said))
    page.fill(user)
    page.fill(secret, 1)
    page.do('click [button "Login"]')


def focus(page: Page, said: str, wrong: bool = False) -> None:
    page.do(click(page.names("textbox")[(nth(said) - 1 + wrong) % 3]))


def form(page: Page, said: str, text: str = "") -> None:
    first, second = (int(found) for found in re.findall(r"(\d)(?:st|nd|rd)", said))
    page.do(click(page.names("radio")[first - 1]))
    page.fill(text or quoted(said)[0], second - 1)
    page.do(SUBMIT)


def movies(page: Page, said: str, off: int = 0) -> None:
    genre, name, year = re.findall(r"for (.*) movies directed by (.*) from year (\d+)", said)[0]
    values = {"genre": genre, "director": name, "year": str(int(year) + off), "date": str(int(year) + off)}
    # The label is a field's name, or stands before it, or behind.
    labels = re.findall(r'(\w+)(?: Name)?(?: \|)?(?: \[textbox|"\])', page.text.replace("[button", ""))
    if behind := re.findall(r"\[textbox(?: #\d)?\] (\w+)", page.text):
        labels = behind
    for field, label in enumerate(labels[:3]):
        page.fill(next(values[word] for word in values if word in label.lower()), field)
    page.do(click(page.names("button")[-1]))


def mail(page: Page, said: str, wrong: bool = False) -> None:
    """All four kinds of tasks of the inbox."""
    threads = [name for name in page.names("button") if not re.search('"(trash|star|open-search)"', name)]
    sender = one(r"by (\w+)", said)
    mine = next(name for name in threads if name.startswith(f'button "{sender} ') != wrong)
    at = threads.index(mine)
    for word, icon in (("trash", "trash"), ("star", "star")):
        if f"{word} icon" in said:
            page.do(click([name for name in page.names("button") if f'"{icon}"' in name][at]))
            return
    page.do(click(mine))
    if "reply" in said:
        page.do('click [button "Reply"]')
        page.fill(quoted(said)[0])
        page.do('click [button "send-reply"]')
    else:
        page.do('click [button "Forward"]')
        page.fill(one(r"to (\w+)\.", said))
        page.do('click [button "send-forward"]')


def search(page: Page, said: str, wrong: bool = False) -> None:
    page.fill(quoted(said)[0])
    page.do('click [button "Search"]')
    number = nth(said) - 1
    if number >= 3:
        page.do(click(f'link "{number // 3 + 1}"'))
    results = [name for name in page.names("link") if not re.search(r'"[\d<>]"', name)]
    page.do(click(results[(number + wrong) % 3]))


def post(page: Page, said: str, wrong: bool = False) -> None:
    user, what = one(r"user (@\w+)", said), quoted(said)[0]
    at = re.findall(r"(@\w+) ·", page.text).index(user)
    if what in ("Reply", "Retweet", "Like"):
        icons = page.names(f"button(?= .{what.lower()})")
        page.do(click(icons[at - 1 if wrong else at]))
        return
    page.do(click(page.names("button(?= .more)")[at]))
    items = [
        name for name in page.names("button") if re.search("(via|link to|Embed|Mute|Block|Report)", name)
    ]
    page.do(click(next(name for name in items if name.startswith(f'button "{what}') != wrong)))


def tree(page: Page, said: str, wrong: bool = False) -> None:
    """Open folders until the name is there; wrong is the first file."""
    name = f'button "{quoted(said)[0]}"'
    while True:
        there = page.names("button")
        if name in there and not wrong:
            page.do(click(name))
            return
        files = re.findall(r'(?<!"hitarea"\] )(?<! #\d\] )\[(button "(?!hitarea)[^"]*")\]', page.text)
        if wrong and [file for file in files if file != name]:
            page.do(click(next(file for file in files if file != name)))
            return
        page.do(click(next(one for one in there if "hitarea" in one)))


def contact(page: Page, said: str, wrong: bool = False) -> None:
    person, what = one(r"Find (\w+)", said), one(r"their (\w+)", said).split()[0]
    while f"## {person}\n" not in page.text:
        page.do('click [link ">"]')
    links = {label.lower(): link for label, link in re.findall(r'(\w+): \[(link "[^"]*")\]', page.text)}
    page.do(click(next(link for label, link in links.items() if (label == what) != wrong)))


def ticket(page: Page, said: str, wrong: bool = False) -> None:
    """Cheapest or most expensive, shortest or longest."""
    flights = re.findall(r'Duration: (\d+)h (\d+)m \[(button "Book for \$(\d+)")', page.text)
    by_price = "cost" in said or "price" in said or "cheap" in said or "expensive" in said
    order = sorted(flights, key=lambda one: int(one[3]) if by_price else 60 * int(one[0]) + int(one[1]))
    last = bool(re.search("expensive|longest", said))
    page.do(click(order[-1 if last != wrong else 0][2]))


def parity(page: Page, said: str, wrong: bool = False) -> None:
    numbers = [int(number) for number in re.findall(r'" ?(?:#\d)?\](?: pressed)? (-?\d+) ', page.text)]
    for at, number in enumerate(numbers):
        name = "Odd" if (number % 2 == 1) != wrong else "Even"
        page.do(click(page.names(f'button(?= "{name}")')[at]))
    page.do(SUBMIT)


def menu(page: Page, said: str, wrong: bool = False) -> None:
    *above, last = said.removeprefix("Select ").split(">")
    for name in above:
        page.do(f'hover [menuitem "{name}"]')
    page.do(click(page.other("menuitem", f'menuitem "{last}"') if wrong else f'menuitem "{last}"'))


def dialog(page: Page, said: str) -> None:
    name = quoted(said)[0]
    page.do(click(f'button "{"Close" if name == "x" else name}"'))


def tab(page: Page, said: str, wrong: bool = False) -> None:
    name = f'tab "{one(r"(Tab #[0-9])", said)}"'
    page.do(click(page.other("tab", name) if wrong else name))


def nothing(page: Page, said: str) -> None:
    page.do(SUBMIT)


def both(script: Callable[..., None], **wrong: object) -> tuple[Script, Script]:
    """A script, and the same with what makes it wrong."""
    return script, partial(script, **(wrong or {"wrong": True}))


def reverse(page: Page, said: str) -> None:
    page.do('click [button "TWO"]', 'click [button "ONE"]')


SCRIPTS: dict[str, tuple[Script, Script]] = {
    "click-test-2": (sequence, lambda page, said: void(page.do('click [button "TWO"]'))),
    "click-button": (named("button"), named("button", wrong=True)),
    "click-button-sequence": (sequence, reverse),
    "click-link": (named("link"), named("link", wrong=True)),
    "click-checkboxes": (boxes, nothing),
    "click-checkboxes-large": (boxes, nothing),
    "click-option": both(radio),
    "click-dialog-2": (
        dialog,
        lambda page, said: dialog(page, 'labeled "OK"' if "OK" not in said else '"x"'),
    ),
    "click-tab": both(tab),
    "click-tab-2": both(tabs),
    "click-collapsible": (expand, nothing),
    "click-collapsible-2": (partial(tabs, role="tab"), partial(tabs, role="tab", wrong=True)),
    "click-widget": both(widget),
    "click-menu": both(menu),
    "choose-list": both(option),
    "enter-text": typed(lambda page, said: quoted(said)[0]),
    "enter-text-2": typed(case),
    "enter-text-dynamic": typed(lambda page, said: quoted(said)[0]),
    "enter-password": both(password, other="x"),
    "enter-date": typed(date, "2001-02-03"),
    "enter-time": typed(hours, "03:33"),
    "login-user": both(login),
    "focus-text-2": both(focus),
    "read-table": typed(lambda page, said: page.row(one(r"value of (.*) into", said))),
    "find-word": typed(one_word),
    "simple-algebra": typed(algebra),
    "simple-arithmetic": typed(arithmetic),
    "form-sequence-2": both(form, text="1234"),
    "multi-layouts": both(movies, off=1),
    "email-inbox": both(mail),
    "search-engine": both(search),
    "social-media": both(post),
    "navigate-tree": both(tree),
    "phone-book": both(contact),
    "buy-ticket": both(ticket),
    "odd-or-even": both(parity),
}
"""Page -> what solves it, and what ends it wrongly."""
SEEDS = {"click-button": (0, 3), "click-widget": (1, 3), "multi-layouts": (0, 3)}
"""Seeds other than 0 and 1, where the page with these has nothing wrong to do, or says too little."""
