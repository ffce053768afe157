"""The options that commands share, the home and the time they work with, and the printing of an answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from commands import console
from features.agreement.agreement import DEFAULT, Agreement
from features.agreement.checks import check_learnable
from features.agreement.versions import AgreementVersion, NoAgreement, chosen_version
from features.home.dates import moment
from features.home.errors import LeadlightError
from features.home.settings import Home

Files = Annotated[list[Path], typer.Argument(help="Files to read.", show_default=False)]


def chosen_agreement(path: Path | None) -> Any:
    """The agreement to work with: the one named, the home's, `agreement.toml` here, or at last the default."""
    try:
        return chosen_version(home(), path, now())
    except NoAgreement:
        here = Path("agreement.toml")
        return chosen_version(home(), here if here.exists() else DEFAULT, now())


def agreement_to_learn_by(path: Path | None) -> Any:
    """As `chosen_agreement`; a named file that nothing may be learned by is refused before the home keeps it."""
    if path:
        check_learnable(Agreement.read(path), path.name)
    return chosen_agreement(path)


def questions(agreed: AgreementVersion) -> dict[str, str | None]:
    """By criterion of an agreement, the question that it asks; None where it asks nothing."""
    return {name: criterion.ask for name, criterion in agreed.agreement.criteria.items()}


Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, progress on stderr.")]
AgreementFile = Annotated[
    Path | None, typer.Option("--agreement", help="The agreement; the home keeps it from then on.", show_default=False)
]
TriedAgreement = Annotated[
    Path | None,
    typer.Option("--agreement", help="Decide by this agreement, which the home does not keep.", show_default=False),
]
Seed = Annotated[int, typer.Option(help="The same seed draws the same.")]


def now() -> datetime:
    """The time now (UTC): the only place where a command reads the clock."""
    return datetime.now(UTC)


def home() -> Home:
    """The home that LEADLIGHT_HOME names, else `.leadlight/` here; one of an older release gets the newest schema."""
    from features.home.database import bring_up_to_date

    opened = Home.open()
    if bring_up_to_date(opened):
        console.complain("the database of this home was of an older release, and has the newest schema now")
    return opened


def moment_at(text: str | None, default: datetime) -> datetime:
    """The moment that an option names, else `default`. Raises LeadlightError for a text that is no moment."""
    parsed = default if text is None else moment(text)
    if parsed is None:
        remedy = "write for example 2026-03-01 or 2026-03-01T09:00:00Z"
        raise LeadlightError(f"{text!r} is no time; {remedy}", code="bad_time")
    return parsed


def print_answer(document: Any, lines: Iterable[str], as_json: bool) -> None:
    """Print `document` for programs, or `lines` for people."""
    if as_json:
        console.print_json(json_document(document))
    else:
        console.print_lines(lines)


def json_document(document: Any) -> str:
    """JSON text of plain values, numbers not rounded."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(document, option=options, default=str).decode()
