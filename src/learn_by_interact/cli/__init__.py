"""`lbi`: the command line. Modules of the package are imported only by the verb that needs them."""

from __future__ import annotations

import errno
import signal
from typing import Any

import typer
from typer.core import TyperGroup

from ..engine.ending import end
from ..errors import BudgetSpent, LbiError
from . import models, verbs
from .doctor import doctor, install
from .export import EXAMPLE, export
from .imports import EXAMPLE as IMPORT
from .imports import import_
from .look import EXAMPLE as LOOK
from .look import look
from .repairs import EXAMPLE as REPAIRS
from .repairs import repairs
from .report import report
from .show import show
from .validate import validate

ABOUT = (
    "Documentation in, a measurably better agent out.\n\n"
    "A recipe (a short TOML file) names an environment and a model; its run folder keeps everything. "
    "A verb that is typed again does only what is not done yet."
)


class Verbs(TyperGroup):
    """Says what a user can mend in one sentence; other exceptions keep their traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except LbiError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(3 if isinstance(error, BudgetSpent) else 2) from None
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            name = max(str(error.filename).split("/"), key=len)
            typer.echo(f"error: {name[:40]}... is too long for the name of a file", err=True)
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            typer.echo("stopped; run the same command again to go on", err=True)
            end(130)


app = typer.Typer(
    cls=Verbs,
    help=ABOUT,
    epilog="Example: lbi run recipes/demo.toml",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
verbs.add_to(app)
app.command(epilog="Example: lbi show runs/demo 3f2a")(show)
app.command(epilog="Example: lbi report runs/demo --out report")(report)
app.command(epilog=EXAMPLE)(export)
app.command("import", epilog=IMPORT)(import_)
app.add_typer(models.app, name="models")
app.command(epilog=LOOK)(look)
app.command(epilog=REPAIRS)(repairs)
app.command(epilog="Example: lbi validate environments/sqlite-utils")(validate)
app.command(epilog="Example: lbi install environments/sqlite-utils")(install)
app.command(epilog="Example: lbi doctor")(doctor)


def main() -> None:
    """The entry point `lbi`."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    app(prog_name="lbi")


def _interrupt(*_: object) -> None:
    """The first Ctrl-C keeps what is finished; a second one is the kernel's, and ends at once."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    raise KeyboardInterrupt
