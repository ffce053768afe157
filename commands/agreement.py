"""`leadlight agreement check` and `try`: whether a file could follow the agreement, and what it would change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands import console
from commands.agreement_diff import diff
from commands.agreement_signing import keep, show, sign
from commands.agreement_what_if import what_if
from commands.options import Json, home, moment_at, now, print_answer
from features.agreement.agreement import Agreement, AgreementError
from features.agreement.checks import check_learnable
from features.agreement.versions import tried_version
from features.home.database import database_exists

if TYPE_CHECKING:
    from serving.scoring.dry_run import DryRun
    from serving.scoring.trial import Trial

File = Annotated[Path, typer.Argument(help="An agreement.toml.")]

app = typer.Typer(no_args_is_help=True, help="The agreement that this home keeps, and whether a file could follow it.")
app.command()(show)
app.command()(sign)
app.command()(keep)
app.command()(diff)
app.command("what-if")(what_if)


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
    notes = [*agreement.notes, *_on_nurture(agreement), *_on_missing_answers(file, agreement)]
    document: dict[str, Any] = {"name": agreement.name, "digest": agreement.digest, "notes": notes}
    document["asks"] = agreement.outcome.asks
    document["digests"] = {"signed": agreement.signed_digest, "policy": agreement.policy_digest}
    print_answer(document, [f"{file.name} is fine: {agreement.name} asks for {asked}", *notes], as_json)


def _on_nurture(agreement: Agreement) -> Iterator[str]:
    """Questions that nobody can answer, and contents that no event of this home names."""
    from features.home.database import reading
    from serving.nurture.contents import unknown_contents
    from serving.nurture.questions import unanswerable

    yield from unanswerable(agreement)
    if agreement.content and database_exists(home()):
        with reading(home()) as connection:
            yield from unknown_contents(connection, agreement)


def _on_missing_answers(file: Path, agreement: Agreement) -> Iterator[str]:
    """What `min_points` does to the leads of this home, where it has any."""
    from features.ledger.ledger import Ledger  # numpy, which a typed command need not wait for

    if not (agreement.policy.min_points and database_exists(home()) and Ledger.open(home()).count()):
        return
    from serving.scoring.dry_run import missing_answers

    with console.progress_line("deciding on every lead"):
        found = missing_answers(home(), tried_version(home(), file), now())
    if found:
        waits, leads = found
        least = f"min_points = {agreement.policy.min_points}"
        yield f"{least} leaves {waits:,} of {leads:,} leads ({waits / leads:.1%}) in needs_data, for want of answers"


@app.command("try")
def try_(
    file: File = Path("agreement.toml"),
    as_of: Annotated[str | None, typer.Option(help="As it was known then; default now.")] = None,
    as_json: Json = False,
) -> None:
    """How many leads have each decision now, and would by a file. Nothing is kept, and nothing that is served moves."""
    from serving.scoring.dry_run import dry_run
    from serving.scoring.trial import trial

    tried, at = tried_version(home(), file), moment_at(as_of, now())
    with console.progress_line("deciding on every lead twice"):
        found = trial(home(), tried, at)
    counts = {name: {"now": before, "tried": after} for name, (before, after) in found.counts().items()}
    moves = [{"from": one, "to": other, "leads": leads} for (one, other), leads in found.moves().items()]
    bar = dict(zip(("now", "tried"), found.bars, strict=True))
    document = {"file": file.name, "leads": len(found.tried), "decisions": counts, "moves": moves, "bar": bar}
    with console.progress_line("deciding on each of the last 28 days"):
        month = dry_run(home(), tried, at)
    document["last_28_days"] = _month(month)
    document["notes"] = notes = list(_notes(found, tried.agreement, file.name))
    print_answer(
        document,
        [*_trial_lines(found, file.name), *_month_lines(month, bool(tried.agreement.people.inside_sales)), *notes],
        as_json,
    )


def _trial_lines(found: Trial, file: str) -> Iterator[str]:
    yield f"{'':<18}{'now':>9}{'by ' + file:>24}"
    for name, (before, after) in found.counts().items():
        change = f"{after - before:+,}" if after != before else ""
        yield f"{name:<18}{before:>9,}{after:>24,}{change:>10}"
    yield f"{'bar':<18}{found.bars[0]:>9.4f}{found.bars[1]:>24.4f}"
    for (one, other), leads in found.moves().items():
        yield f"{leads:,} from {one} to {other}"
    yield "" if found.moves() else "no lead would have another decision"


def _month(month: DryRun | None) -> dict[str, Any] | None:
    if month is None:
        return None
    each = [{"decision": d, "code": code, "per_day": leads} for (d, code), leads in month.per_day().items()]
    told = {"to_sales_per_day": month.to_sales_per_day, "share_missing_answers": month.share_missing_answers}
    return {**told, "per_day": each, "leads": month.leads, "looked_at": month.looked_at}


def _month_lines(month: DryRun | None, asks_inside_sales: bool) -> Iterator[str]:
    """What the last 28 days would have brought: "14.0 a day to sales; 9 of 10 over the bar fall to marketing"."""
    if month is None:
        return
    of_all = "" if month.looked_at == month.leads else f", estimated from {month.looked_at:,} of {month.leads:,} leads"
    yield f"on the events of the last 28 days{of_all}:"
    missing = month.share_missing_answers
    where = "inside sales" if asks_inside_sales else "marketing"
    falls = f"; {10 * missing:.0f} of 10 over the bar fall to {where}, because answers are missing" if missing else ""
    yield f"{month.to_sales_per_day:.1f} a day to sales{falls}"
    for (decision, code), leads in month.per_day().items():
        yield f"  {decision:<18}{code:<24}{leads:>8.2f} a day"
    yield ""


def _notes(found: Trial, agreement: Agreement, file: str) -> Iterator[str]:
    if found.is_part_2_alone:
        yield f"the model that answers did not learn by part 1 of {file}: only part 2 was tried; train to try part 1"
    if found.has_another_model:
        yield f"{file} is named {agreement.name}, and models go by that name: no model of this home answered by it"
    yield f"nothing changed; to put it in force: leadlight agreement keep {file}"
