"""`leadlight agreement show` and `check`: the agreement that a home keeps, and whether a file could take its place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.options import Json, home, print_answer
from features.agreement.agreement import Agreement
from features.agreement.checks import check_learnable
from features.agreement.versions import current_version

app = typer.Typer(no_args_is_help=True, help="The agreement that this home keeps, and whether a file could follow it.")


@app.command()
def show(as_json: Json = False) -> None:
    """Print the kept agreement as it was written: `leadlight agreement show > agreement.toml`."""
    kept = current_version(home())
    document = {"version": kept.version, "digest": kept.agreement.digest, "text": kept.agreement.text}
    print_answer(document, kept.agreement.text.splitlines(), as_json)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="An agreement.toml.")] = Path("agreement.toml"), as_json: Json = False
) -> None:
    """Whether a file is an agreement that can be learned by; names the first problem."""
    agreement = Agreement.read(file)
    check_learnable(agreement, file.name)
    asked = f"{agreement.outcome.event}, {agreement.outcome.asks}"
    document = {"name": agreement.name, "digest": agreement.digest, "asks": agreement.outcome.asks}
    print_answer(document, [f"{file.name} is fine: {agreement.name} asks for {asked}"], as_json)
