"""`lbi export`: the examples of a run as training rows, in the format that a trainer reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from ..errors import ConfigError

if TYPE_CHECKING:
    from ..engine.store import Store
    from ..environments import Environment
    from ..training.export import Exported
    from ..training.survey import Lengths
    from ..types import Value

V = TypeVar("V", bound="Value")
Sections = Annotated[
    list[str] | None, typer.Option(metavar="TITLE", help="Sections of documentation, with * and ?.")
]
WithoutSections = Annotated[list[str] | None, typer.Option(metavar="TITLE", help="Sections to leave out.")]
Weights = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=TIMES", help="Mixture: a kind or section, how often it is taken."),
]
Verified = Annotated[
    bool | None, typer.Option("--verified/--unverified", help="Whether replay verified them.")
]
Elsewhere = Annotated[
    str | None, typer.Option(help="The environment, where the recipe's is not found from here.")
]
Reasons = Annotated[
    str, typer.Option(help="Reasoning before an action: kept, hindsight (of `lbi reason`), or none.")
]
EXAMPLE = "Example: lbi export runs/demo --format trl --out demo-rows"


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", show_default=False)],
    format: Annotated[
        str,
        typer.Option(help="trl, dpo, openai, llama-factory, axolotl, parquet, atif, adp, or module:Class."),
    ] = "trl",
    out: Annotated[
        Path | None, typer.Option(help="A new folder; else `export/<format>` in the run folder.")
    ] = None,
    per: Annotated[str, typer.Option(help="A row for each `step`, or for each `window` (a chat).")] = "step",
    rule: Annotated[str | None, typer.Option(help="Another rule over verdicts than the recipe's.")] = None,
    length: Annotated[str | None, typer.Option(metavar="N-M", help="Windows of so many actions.")] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help="summary, abstraction, rewording, or task (distilled)."),
    ] = None,
    section: Sections = None,
    without_section: WithoutSections = None,
    verified: Verified = None,
    most: Annotated[int | None, typer.Option(help="At most so many examples.")] = None,
    weight: Weights = None,
    validation: Annotated[float, typer.Option(help="Share of the sections kept for validation.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Of the draw of sections and of --most.")] = 0,
    failed: Annotated[bool, typer.Option("--failed", help="Learn actions that failed, too.")] = False,
    stop: Annotated[
        bool, typer.Option("--stop/--no-stop", help="Add the reply that ends the episode.")
    ] = True,
    reasons: Reasons = "kept",
    environment: Elsewhere = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on standard output.")] = False,
) -> None:
    """Write the kept examples of a run as training rows, split by section. No model is called."""
    from ..engine.store import Store
    from ..training import export as training
    from ..training.choose import Choice
    from ..training.formats import named
    from ..training.rows import Rows
    from ..training.split import Split
    from .progress import reporting

    named(format)
    rows = _checked(Rows, {"per": per, "failed": failed, "stop": stop, "reasons": reasons})
    split = _checked(Split, {"validation": validation, "seed": seed})
    chosen = {
        "lengths": _range(length),
        "kinds": kind or (),
        "sections": section or (),
        "without_sections": without_section or (),
        "verified": verified,
        "most": most,
        "seed": seed,
        "weights": dict(map(_weight, weight or ())),
    }
    with Store(run, readonly=True) as store, reporting() as reporter:
        recipe: dict[str, Any] = store.meta("recipe") or {}
        choice = _checked(Choice, {**chosen, "rule": rule or _rule(recipe)})
        world = _environment(store, recipe, environment)
        folder = out or run / "export" / format
        done = training.export(store, world, format, folder, choice, rows, split, reporter.report)
    typer.echo(done.model_dump_json() if as_json else _text(done))


def _rule(recipe: dict[str, Any]) -> str:
    """The rule of the recipe that used the folder last."""
    return str(recipe["judge"]["rule"]) if recipe else "unanimous+replay"


def _checked(kind: type[V], values: dict[str, Any]) -> V:
    """Settings from options. Raises ConfigError that names the option."""
    from pydantic import ValidationError

    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        place = str(first["loc"][0]) if first["loc"] else ""
        option = {"kinds": "kind", "lengths": "length", "weights": "weight"}.get(
            place, place.replace("_", "-")
        )
        told = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"--{option}: {told}." if option else f"{told}.") from None


def _range(text: str | None) -> tuple[int, int] | None:
    """`3` or `1-4` -> the fewest and the most. Raises ConfigError."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", text.strip())
    if not found:
        raise ConfigError(f"--length {text}: write the fewest and the most actions, as in --length 1-4.")
    return int(found[1]), int(found[2] or found[1])


def _weight(text: str) -> tuple[str, float]:
    """`summary=0.5` -> the name and the number. Raises ConfigError."""
    name, _, times = text.rpartition("=")
    try:
        return name, float(times)
    except ValueError:
        raise ConfigError(f"--weight {text}: write NAME=TIMES, as in --weight summary=0.5.") from None


def _environment(store: Store, recipe: dict[str, Any], name: str | None) -> Environment:
    """How actions are described and written down: the environment is not entered."""
    from ..registry import benchmark

    if name is None and not recipe:
        raise ConfigError(f"{store.folder} names no recipe: give --environment.")
    where = name or _world(store, recipe)
    try:
        return benchmark(where, unsafe=bool(recipe.get("unsafe"))).environment()
    except ConfigError as error:
        if name is not None:
            raise
        raise ConfigError(f"{error} Or name it with --environment.") from error


def _world(store: Store, recipe: dict[str, Any]) -> str:
    """The environment of a stored recipe. Raises ConfigError: another version of this program wrote it."""
    from pydantic import ValidationError

    from ..config import Recipe

    try:
        return Recipe.model_validate(recipe).world
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"The recipe that {store.folder} keeps is of another version of this program ({place}: "
            f"{first['msg']}): give --environment."
        ) from None


def _text(done: Exported) -> str:
    from .tables import grid

    sides = [
        {
            "side": side,
            "rows": f"{done.rows[side]:,}",
            "examples": f"{done.examples[side]:,}",
            "sections": f"{done.sections[side]:,}",
        }
        for side in done.rows
    ]
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in done.kinds.items())
    left = ", ".join(f"{reason} {count:,}" for reason, count in done.left_out.items())
    alike = done.alike
    lines = [
        grid(sides),
        "",
        f"Examples: {kinds}; left out: {left or 'none'}",
        f"Actions of a window: {_lengths(done.actions)}; characters of a prompt: {_lengths(done.prompt)}, "
        f"of a reply: {_lengths(done.reply)}",
        f"Of {alike.sample:,} examples compared, {alike.near_duplicates:,} instructions are near another's; "
        f"{alike.across:,} for validation are near one for training",
        *(f"Not carried: {sentence}" for sentence in done.not_carried),
        f"Use: {done.use}",
        f"Everything is in {done.folder}.",
    ]
    return "\n".join(lines)


def _lengths(found: Lengths) -> str:
    if found.median is None:
        return "-"
    return f"{found.median:,} (median), {found.p95:,} (95%), {found.most:,} (most)"
