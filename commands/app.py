"""All commands as one application, its exit status and its errors."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Any

import typer
from sqlalchemy.exc import SADeprecationWarning

from commands import (
    agreement,
    decisions,
    doctor,
    failed_events,
    handovers,
    hole,
    ingest,
    init,
    keys,
    leads,
    models,
    notices,
    nurture,
    rebuild,
    report,
    score,
    simulate,
    sweep,
    train,
    users,
)
from commands.console import out
from commands.demo import demo
from commands.failures import INTERRUPTION, failure_of
from commands.serve import serve
from commands.watch import watch
from features.home.errors import INTERRUPTED
from serving import logs


def print_version(asked: bool) -> None:
    """Print the version and end, where it was asked for."""
    if asked:
        out.print(f"leadlight {version('leadlight')}", markup=False)
        raise typer.Exit


app = typer.Typer(
    name="leadlight",
    help="Learns which leads convert, and says whom to call today and why.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version of Leadlight.", callback=print_version, is_eager=True)
    ] = False,
) -> None:
    pass


COMMANDS: tuple[Callable[..., None], ...] = (
    demo, simulate.simulate, hole.hole, init.init, ingest.ingest, train.train, models.promote,
    models.rollback, models.recalibrate, report.report, watch, score.score, serve,
    doctor.doctor, leads.merge, leads.erase, leads.export, leads.explain, rebuild.rebuild, decisions.queues,
    decisions.changes, sweep.sweep, nurture.nurture,
)  # fmt: skip
for command in COMMANDS:
    app.command()(command)
app.add_typer(agreement.app, name="agreement")
app.add_typer(handovers.app, name="handovers")
app.add_typer(decisions.app, name="decisions")
app.add_typer(keys.app, name="keys")
app.add_typer(users.app, name="users")
app.add_typer(models.app, name="models")
app.add_typer(failed_events.app, name="failed-events")
app.add_typer(notices.app, name="notices")


def run(arguments: list[str]) -> int:
    """Run one command and return its exit status. A failure is one sentence on stderr, with --json also a document."""
    _quiet()
    as_json = "--json" in arguments
    try:
        status = app(arguments, standalone_mode=False)
    except SystemExit as done:
        return int(done.code or 0)
    except BaseException as error:
        if _asked_for_nothing(error):
            return 2
        return failure_of(error).tell(as_json)
    if status == INTERRUPTED:  # Typer makes it of Ctrl+C, and says nothing
        return INTERRUPTION.tell(as_json)
    return status if isinstance(status, int) else 0


def _asked_for_nothing(error: BaseException) -> bool:
    """Whether no command was named, which is answered with what there is."""
    if type(error).__name__ != "NoArgsIsHelpError":
        return False
    error.show()  # type: ignore[attr-defined]
    return True


def _quiet() -> None:
    """Keep other libraries' notices to their developers away from people who only want leads scored.

    Our own log lines go to stderr: stdout belongs to the answer.
    """
    logs.configure()
    os.environ |= {"MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false", "MLFLOW_LOGGING_LEVEL": "WARNING"}
    shown = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        # A filter would not do: some of these libraries set the filters anew when they are imported.
        if not issubclass(category, DeprecationWarning | FutureWarning | SADeprecationWarning):
            shown(message, category, *where, **more)

    warnings.showwarning = show
