"""`leadlight agreement check` and `try`: whether a file could follow the agreement, and what it would change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands import console
from commands.agreement_signing import keep, show, sign
from commands.options import Json, home, moment_at, now, print_answer
from features.agreement.agreement import Agreement, AgreementError
from features.agreement.checks import check_learnable
from features.agreement.versions import tried_version

if TYPE_CHECKING:
    from serving.scoring.trial import Trial

File = Annotated[Path, typer.Argument(help="An agreement.toml.")]

app = typer.Typer(no_args_is_help=True, help="The agreement that this home keeps, and whether a file could follow it.")
app.command()(show)
app.command()(sign)
app.command()(keep)


@app.command()
def check(file: File = Path("agreement.toml"), as_json: Json = False) -> None:
    """Whether a file is an agreement that can be learned by; names every problem that it has, and what was renamed."""
    try:
        agreement = Agreement.read(file)
    except AgreementError as error:
        for other in error.others:
            console.complain(other)
        raise
    check_learnable(agreement, file.name)
    asked = f"{agreement.outcome.event}, {agreement.outcome.asks}"
    notes = list(agreement.notes)
    document = {"name": agreement.name, "digest": agreement.digest, "asks": agreement.outcome.asks, "notes": notes}
    print_answer(document, [f"{file.name} is fine: {agreement.name} asks for {asked}", *notes], as_json)


@app.command("try")
def try_(
    file: File = Path("agreement.toml"),
    as_of: Annotated[str | None, typer.Option(help="As it was known then; default now.")] = None,
    as_json: Json = False,
) -> None:
    """How many leads have each decision now, and would by a file. Nothing is kept, and nothing that is served moves."""
    from serving.scoring.trial import trial

    tried, at = tried_version(home(), file), moment_at(as_of, now())
    with console.progress_line("deciding on every lead twice"):
        found = trial(home(), tried, at)
    counts = {name: {"now": before, "tried": after} for name, (before, after) in found.counts().items()}
    moves = [{"from": one, "to": other, "leads": leads} for (one, other), leads in found.moves().items()]
    bar = dict(zip(("now", "tried"), found.bars, strict=True))
    document = {"file": file.name, "leads": len(found.tried), "decisions": counts, "moves": moves, "bar": bar}
    document["notes"] = notes = list(_notes(found, tried.agreement, file.name))
    print_answer(document, [*_trial_lines(found, file.name), *notes], as_json)


def _trial_lines(found: Trial, file: str) -> Iterator[str]:
    yield f"{'':<18}{'now':>9}{'by ' + file:>24}"
    for name, (before, after) in found.counts().items():
        change = f"{after - before:+,}" if after != before else ""
        yield f"{name:<18}{before:>9,}{after:>24,}{change:>10}"
    yield f"{'bar':<18}{found.bars[0]:>9.4f}{found.bars[1]:>24.4f}"
    for (one, other), leads in found.moves().items():
        yield f"{leads:,} from {one} to {other}"
    yield "" if found.moves() else "no lead would have another decision"


def _notes(found: Trial, agreement: Agreement, file: str) -> Iterator[str]:
    if found.is_part_2_alone:
        yield f"the model that answers did not learn by part 1 of {file}: only part 2 was tried; train to try part 1"
    if found.has_another_model:
        yield f"{file} is named {agreement.name}, and models go by that name: no model of this home answered by it"
    yield f"nothing changed; to put it in force: leadlight ingest FILE --agreement {file}; known files add nothing"
