"""`leadlight report`: writes the report of the champion as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.options import Json, home, now, print_answer


def report(
    out: Annotated[Path | None, typer.Option(help="The page to write; default report.html in the home.")] = None,
    as_json: Json = False,
) -> None:
    """Write the pictures and tables of the champion as one page that needs nothing else."""
    from serving.scoring.scorer import served_bar
    from training.champion_report import write_report

    path = write_report(home(), out, now(), served_bar(home()))
    print_answer({"report": str(path)}, [f"wrote {path}"], as_json)
