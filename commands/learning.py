"""Commands that bring leads in and learn from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.terms import AgreementFile, Json, Seed, answer, at, home, now
from features.agreement import DEFAULT
from features.agreement_versions import NoAgreement, chosen, kept
from features.durations import duration
from features.errors import LeadlightError
from features.ledger import Ledger
from features.settings import Home
from serving import console

Files = Annotated[list[Path], typer.Argument(help="Files to read.", show_default=False)]


def simulate(
    leads: Annotated[int, typer.Option(min=1, help="How many leads.")],
    out: Annotated[Path, typer.Option(help="The folder to write to.", show_default=False)],
    seed: Seed = 7,
    ends_at: Annotated[str | None, typer.Option("--end", help="When the market ends; default now.")] = None,
    as_json: Json = False,
) -> None:
    """Write a market with known truth: events.parquet, events.jsonl and truth.parquet."""
    from training.simulation import simulate as market_of

    with console.progress("simulating a market"):
        market = market_of(leads, seed, at(ends_at, now()))
        market.write(out)
    answer(market.summary | {"out": str(out)}, market_lines(market.summary, out), as_json)


def market_lines(summary: Mapping[str, Any], out: Path) -> Iterator[str]:
    """What a market is like, for people."""
    figures = {name: value for name, value in summary.items() if isinstance(value, (int, float))}
    yield from (f"{name.replace('_', ' '):<28} {value:,.4g}" for name, value in figures.items())
    yield f"written to {out}; next: leadlight ingest {out / 'events.parquet'}"


class Origin(StrEnum):
    """Where files come from whose columns are known beforehand."""

    SALESFORCE = "salesforce"
    HUBSPOT = "hubspot"
    SEGMENT = "segment"


class Told(StrEnum):
    """What a file of something else than leads and events tells."""

    CUSTOMERS = "customers"


def init(
    files: Files,
    outcome: Annotated[
        str | None, typer.Option(help="The column, or with --from segment the event, that says what became of a lead.")
    ] = None,
    positive: Annotated[str | None, typer.Option(help="The value that means converted.")] = None,
    id: Annotated[str | None, typer.Option(help="The column that names a lead.")] = None,
    created_at: Annotated[str | None, typer.Option(help="The column that says when a lead came.")] = None,
    origin: Annotated[
        Origin | None, typer.Option("--from", help="Whose files they are: their columns need not be named.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The agreement to write.")] = Path("agreement.toml"),
    force: Annotated[bool, typer.Option(help="Write over an agreement that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Draft an agreement from a CRM export or from events, and say of each field whether the model may see it."""
    from features.contents import CRMS
    from training.drafting.draft import draft
    from training.drafting.event_draft import event_draft

    if out.exists() and not force:
        raise LeadlightError(f"{out} is there already; move it away, name another with --out, or add --force")
    if origin is Origin.SEGMENT and (positive or id or created_at):
        raise LeadlightError(
            "--positive, --id and --created-at name columns of an export, and events have none of them"
        )
    with console.progress("looking at every column"):
        if origin is Origin.SEGMENT:
            drafted = event_draft(files, outcome)
        else:
            drafted = draft(files, outcome, positive, id, created_at, CRMS[origin] if origin else None)
    out.write_text(drafted.text)
    then = f"wrote {out}; read it, then: leadlight ingest {' '.join(map(str, files))} --agreement {out}"
    verdicts = [
        {"column": v.column, "use": v.use, "flags": list(v.flags), "reason": v.reason} for v in drafted.verdicts
    ]
    answer({"agreement": str(out), "columns": verdicts}, [*drafted.sentences, then], as_json)


def ingest(
    files: Files,
    agreement: AgreementFile = None,
    recorded_lag: Annotated[
        str, typer.Option(help='How long after it happened an event was known, where its file does not say: "2 days".')
    ] = "0 days",
    told: Annotated[
        Told | None, typer.Option("--as", help="What else the files tell: who is a customer already.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Read events, a warehouse's tables, or a CRM's export and history into the ledger; twice adds nothing."""
    from serving.intake import ingest as take_in
    from serving.intake import ingest_customers

    with console.progress("reading") as said:
        if told is Told.CUSTOMERS:
            done = ingest_customers(home(), files, agreed(agreement), now(), said)
        else:
            done = take_in(home(), files, agreed(agreement), now(), said, lag(recorded_lag))
    lines = [line for file in done for line in _ingested_lines(file.as_json())]
    answer({"files": [file.as_json() for file in done]}, [*lines, "next: leadlight train --promote"], as_json)


def lag(text: str) -> timedelta:
    """A length of time from the command line."""
    try:
        return duration(text)
    except ValueError:
        raise LeadlightError(f'--recorded-lag is {text!r}; write for example "2 days" or "30 minutes"') from None


def agreed(path: Path | None) -> Any:
    """The agreement to work with: the one named, the home's, `agreement.toml` here, or at last the default."""
    try:
        return chosen(home(), path, now())
    except NoAgreement:
        here = Path("agreement.toml")
        return chosen(home(), here if here.exists() else DEFAULT, now())


def questions(of: Home) -> dict[str, str | None]:
    """What each criterion of the home's agreement asks."""
    return {name: criterion.ask for name, criterion in kept(of).agreement.criteria.items()}


def _ingested_lines(file: Mapping[str, Any]) -> Iterator[str]:
    counts = f"{file['accepted']:,} new events, {file['duplicates']:,} known already, {file['refused']:,} kept aside"
    yield f"{file['file']}: {counts}"
    yield from file["notes"]


def train(
    agreement: AgreementFile = None,
    known_until: Annotated[
        str | None, typer.Option(help="Learn from what was known by then; default: when the ledger's newest event was.")
    ] = None,
    promote: Annotated[bool, typer.Option("--promote", help="Serve it if every gate holds.")] = False,
    scheduled: Annotated[
        bool,
        typer.Option("--scheduled", help="With --promote, for cron: watch first, train only if outcomes matured."),
    ] = False,
    search: Annotated[
        bool, typer.Option("--search", help="Choose the trees among more kinds of them: takes several times as long.")
    ] = False,
    seed: Seed = 7,
    as_json: Json = False,
) -> None:
    """Take snapshots, train, calibrate, test and register a model; prints what it showed."""
    if scheduled:
        from commands.watching import answer_scheduled

        answer_scheduled(agreement, known_until, promote, seed, as_json, search)
        return
    with console.progress("training") as said:
        summary = trained(agreement, known_until, promote, seed, said, search)
    answer(summary, console.metrics_lines(summary), as_json)
    if promote and not summary["promoted"]:
        console.err.print(f"leadlight: {NotPromoted(summary['model_version'])}", markup=False, soft_wrap=True)
        raise typer.Exit(1)


class NotPromoted(LeadlightError):
    """A candidate that a gate held back."""

    code = "not_promoted"

    def __init__(self, version: str) -> None:
        remedy = f'serve it all the same with: leadlight promote {version} --force --why "REASON"'
        super().__init__(f"version {version} is registered but not promoted, since a gate does not hold; {remedy}")


def trained(
    agreement: Path | None, known_until: str | None, promote: bool, seed: int, said: Any, search: bool = False
) -> dict[str, Any]:
    """A registered candidate's summary; promoted where asked and every gate holds."""
    from training.pipeline import train as learn
    from training.watch.schedule import done, matured

    with_agreement, until = agreed(agreement), learning_until(known_until)
    candidate = learn(home(), with_agreement, until, seed, said, search)
    said("registering")
    run_id, version = candidate.register()
    summary = candidate.summary() | {"run_id": run_id, "model_version": version}
    if promote and candidate.passes:
        summary["promoted"] = _admitted(with_agreement.agreement.name, version, said)
    if promote:  # last of all: what dies before it is done again on schedule
        known = matured(home(), with_agreement.agreement, until)
        done(home(), with_agreement.agreement, version, summary["promoted"], known, now())
    return summary


def _admitted(name: str, version: str, said: Any) -> bool:
    """Whether it answers now: it does not where a champion came meanwhile that it is not as good as."""
    from training.admission import HeldBack, Wish, admit
    from training.registry import Registry

    try:
        admit(home(), Registry(name), Wish(version, "train --promote"), now(), said)
    except HeldBack as held:
        console.err.print(f"leadlight: {held}", markup=False, soft_wrap=True)
        return False
    return True


def learning_until(known_until: str | None) -> datetime:
    """Up to when to learn: later than the newest event silence would count as a no, for nobody told what happened."""
    return at(known_until, Ledger.open(home()).told_until(otherwise=now()))


def report(
    out: Annotated[Path | None, typer.Option(help="The page to write; default report.html in the home.")] = None,
    as_json: Json = False,
) -> None:
    """Write the pictures and tables of the champion as one page that needs nothing else."""
    from commands.watching import served_bar
    from training.page.champion import write_report

    path = write_report(home(), out, now(), served_bar(home()))
    answer({"report": str(path)}, [f"wrote {path}"], as_json)
