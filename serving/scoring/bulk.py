"""Scores of many leads at once, of a home, a frame or a file, written to csv, Parquet, xlsx or jsonl."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa

from features.agreement.agreement import Agreement
from features.agreement.versions import AgreementVersion
from features.home.clock import from_microseconds, microseconds
from features.home.database import reading
from features.home.errors import LeadlightError
from features.home.printed_text import spreadsheet_cell
from features.home.settings import Home
from features.home.whole_files import whole_file, write_whole
from features.imports.files import crm_of, table_in
from features.imports.read_rows import leads_in
from features.records.contacts import Contact, contact_of, contacts
from features.store.materialize import Materialized, materialized
from features.store.offline import objecting_leads, states_at
from features.traits.history import trait_columns
from features.what_if import what_if_states
from serving.scoring.answer import COLUMN_TYPES, MOMENT, TABLE_COLUMNS
from serving.scoring.call_sheet import SheetNotes, best_first, one_per_lead, write_call_sheet
from serving.scoring.inline_leads import NotInline, inline_leads, is_inline
from serving.scoring.inline_warnings import inline_warnings
from serving.scoring.kept import kept_decisions
from serving.scoring.lead_row import LeadRow
from serving.scoring.reasons import IN_HAND
from serving.scoring.score import NOTHING_KEPT, Scoring
from serving.scoring.scorer import Scorer

CHUNK = 5_000
MORE_COLUMNS = {"reasons": "string", "model_version": "string", "agreement_version": "Int64"}  # of tables, with types


class NoSuchLead(LeadlightError):
    """A lead id that no event named."""

    code = "unknown_lead"


def home_scores(
    home: Home,
    as_of: datetime,
    most_reasons: int | None = 3,
    lead_ids: Sequence[str] | None = None,
    tried: AgreementVersion | None = None,
) -> Iterator[list[dict[str, Any]]]:
    """A score for every lead known before `as_of` (or those in `lead_ids`), some thousands at a time.

    States are read through the offline store as they were known at `as_of`, so that any past moment can be asked. Who
    objects to profiling now has no score of then either.
    tried: an agreement to decide by in place of the home's own; then nothing that was decided is shown.
    """
    scoring = Scorer(home, tried).scoring
    for rows in home_rows(home, scoring, as_of, lead_ids):
        kept = NOTHING_KEPT if tried else kept_decisions(home, [str(row.lead_id) for row in rows])
        yield scoring.scores(rows, as_of, most_reasons, kept)


def home_rows(
    home: Home, scoring: Scoring, as_of: datetime, lead_ids: Sequence[str] | None = None
) -> Iterator[list[LeadRow]]:
    """The states that `home_scores` scores, as they were known at `as_of`."""
    store = materialized(home, scoring.features_by)
    wanted = _known_leads(store, as_of, lead_ids)
    objecting = objecting_leads(store.repository)
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted.iloc[start : start + CHUNK]
        asked = pd.DataFrame({"lead_id": chunk["lead_id"], "snapshot_us": microseconds(as_of)})
        rows = _rows(store, scoring, states_at(store.repository, asked), chunk)
        yield [row.objecting() if row.lead_id in objecting else row for row in rows]


def rows_on_days(
    home: Home, scoring: Scoring, days: Sequence[datetime], among: Set[str]
) -> Iterator[tuple[datetime, list[LeadRow]]]:
    """The states of those leads as they were known at each of some moments; of few leads, all in one reading."""
    store = materialized(home, scoring.features_by)
    objecting, at_once = objecting_leads(store.repository), max(CHUNK // max(len(among), 1), 1)
    some = store.leads[store.leads["lead_id"].isin(among)].sort_values("lead_id")
    for start in range(0, len(days), at_once):
        moments = days[start : start + at_once]
        known = pd.concat([some.assign(snapshot_us=microseconds(day)) for day in moments], ignore_index=True)
        known = known[known["opened_us"] < known["snapshot_us"]]
        rows: list[LeadRow] = []
        if len(known):
            rows = _rows(store, scoring, states_at(store.repository, known[["lead_id", "snapshot_us"]]), known)
        rows = [row.objecting() if row.lead_id in objecting else row for row in rows]
        of_day = known["snapshot_us"].to_numpy(np.int64)
        for day in moments:
            yield day, [rows[place] for place in np.flatnonzero(of_day == microseconds(day))]


def leads_known_at(home: Home, scoring: Scoring, as_of: datetime) -> list[str]:
    """The ids of the leads that were known at `as_of`, in order."""
    return [str(lead_id) for lead_id in _known_leads(materialized(home, scoring.features_by), as_of, None)["lead_id"]]


@dataclass(frozen=True)
class FileScores:
    """The rows of a table, in order, with what could not be read of them, and a score for each, some at a time.

    contacts: whom to call, one per row. dates: the moments of its columns of dates by title, one per row.
    """

    rows: pd.DataFrame
    problems: Sequence[str]
    scores: Iterator[list[dict[str, Any]]]
    contacts: Sequence[Contact]
    dates: Mapping[str, Sequence[datetime | None]]


def file_scores(
    home: Home, path: Path, as_of: datetime, most_reasons: int | None = 3, tried: AgreementVersion | None = None
) -> FileScores:
    """A score for each row of a table: what its rows say, as an import would read them; nothing the ledger knows.

    Rows that repeat a lead have its one score.
    """
    return _row_scores(Scorer(home, tried).scoring, table_in(path), as_of, most_reasons, path.name)


def frame_scores(
    home: Home, frame: pd.DataFrame, as_of: datetime, most_reasons: int | None = 3
) -> Iterator[list[dict[str, Any]]]:
    """A score for each row of a frame, in order.

    A frame with `traits` or `events` tells its leads inline, as `POST /v1/scores` takes them; else `lead_id` names
    leads of the home; else the rows are those of a lead export, as `file_scores` reads them.
    """
    if is_inline(frame):
        yield inline_scores(Scorer(home).scoring, frame, as_of, most_reasons)
    elif "lead_id" in frame:
        yield from home_scores(home, as_of, most_reasons, list(frame["lead_id"]))
    elif (scoring := Scorer(home).scoring).kept.agreement.export:
        yield from _row_scores(scoring, frame, as_of, most_reasons).scores
    else:
        found = ", ".join(map(str, frame.columns))
        remedy = "the agreement has no [export] that says what other columns are"
        raise NotInline(f"the frame has none of lead_id, traits and events (found: {found}), and {remedy}")


def inline_scores(scoring: Scoring, frame: pd.DataFrame, as_of: datetime, most: int | None) -> list[dict[str, Any]]:
    """A score for each row of a frame that tells its leads inline. Raises NotInline, EventRefused."""
    leads = inline_leads(frame)
    chunks = (leads[start : start + CHUNK] for start in range(0, len(leads), CHUNK))
    scored = [
        score for chunk in chunks for score in _what_if_scores(scoring, [(None, lead) for lead in chunk], as_of, most)
    ]
    for row, (lead, score) in enumerate(zip(leads, scored, strict=True)):
        score["warnings"] = [*score["warnings"], *inline_warnings(lead, row, scoring.features_by)]
    return scored


def _row_scores(
    scoring: Scoring, rows: pd.DataFrame, as_of: datetime, most: int | None, file: str = "the frame"
) -> FileScores:
    # What the columns mean is read as agreed now; which of them are traits, as the model learned them.
    agreed = scoring.kept.agreement
    read_by = scoring.features_by.model_copy(update={"export": agreed.export, "contact": agreed.contact})
    read = leads_in(rows, read_by, as_of, crm_of([str(title) for title in rows.columns]), file)
    named = [(lead, {"events": events}) for lead, events in read.leads]
    chunks = (named[start : start + CHUNK] for start in range(0, len(named), CHUNK))
    scores = (_what_if_scores(scoring, chunk, as_of, most) for chunk in chunks)
    return FileScores(rows, read.problems, scores, [_contact(events, agreed) for _, events in read.leads], read.dates)


def _contact(events: Sequence[Mapping[str, Any]], agreement: Agreement) -> Contact:
    """Whom to call, from all that a row says of its lead."""
    said = [event["traits"] for event in events if event["type"] == "identify"]
    return contact_of(said[-1] if said else {}, agreement)


def home_contacts(home: Home, agreement: Agreement, scored: Sequence[Mapping[str, Any]]) -> list[Contact]:
    """Whom to call, one per score of a lead of the home."""
    with reading(home) as connection:
        found = contacts(connection, agreement, [score["lead_id"] for score in scored])
    return [found[score["lead_id"]] for score in scored]


def _what_if_scores(
    scoring: Scoring, leads: Sequence[tuple[str | None, Mapping[str, Any]]], as_of: datetime, most: int | None
) -> list[dict[str, Any]]:
    """leads: the name of each, where it has one, and what is said of it."""
    behaviours, traits = what_if_states([content for _, content in leads], scoring.features_by, as_of)
    asked = [LeadRow(lead, behaviours[i], traits[i], as_of, None) for i, (lead, _) in enumerate(leads)]
    return scoring.scores(asked, as_of, most)


def _known_leads(store: Materialized, as_of: datetime, lead_ids: Sequence[str] | None) -> pd.DataFrame:
    known = store.leads[store.leads["opened_us"] < microseconds(as_of)].sort_values("lead_id")
    if lead_ids is None:
        return known
    missing = sorted(set(lead_ids) - set(known["lead_id"]))
    if missing:
        raise NoSuchLead(f"lead {missing[0]!r} is not among the {len(known):,} leads known at {as_of:%Y-%m-%d %H:%M}")
    return known.set_index("lead_id", drop=False).loc[list(lead_ids)]


def _rows(store: Materialized, scoring: Scoring, table: pa.Table, leads: pd.DataFrame) -> list[LeadRow]:
    behaviours = {name: table[name].to_pylist() for name in scoring.features_by.behaviours}
    traits = {name: table[name].to_pylist() for name in trait_columns(scoring.features_by)}
    shared = {name: table[f"account_{name}"].to_pylist() for name in scoring.features_by.behaviours}
    newest = leads["newest_us"].to_numpy(np.int64)
    return [
        LeadRow(
            lead_id,
            {name: column[i] for name, column in behaviours.items()},
            {name: column[i] for name, column in traits.items()},
            from_microseconds(newest[i]),
            account={name: column[i] for name, column in shared.items()},
        )
        for i, lead_id in enumerate(table["lead_id"].to_pylist())
    ]


def open_leads(scored: Sequence[Mapping[str, Any]], order: str = "probability") -> list[Mapping[str, Any]]:
    """Those that marketing and new business still have in hand, hottest first.

    order: the field that they are sorted by, see `call_order`. Leads without that figure come after those with one, by
    their probability.
    """
    leads = one_per_lead(scored)
    in_hand = [score for score in leads if score["decision"] in IN_HAND and score["probability"] is not None]
    return sorted(in_hand, key=lambda score: best_first(score, order))


def score_table(scored: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per score: the fields that are marked as columns, the reasons in one cell of words, and by what it was.

    model_version is None before any training. Moments are text, as the API writes them.
    """
    plain = [
        {name: score.get(name) for name in TABLE_COLUMNS}
        | {"reasons": reason_text(score), "model_version": (score["model"] or {}).get("version")}
        | {"agreement_version": score["agreement"]["version"]}
        for score in scored
    ]
    return pd.DataFrame(plain, columns=[*TABLE_COLUMNS, *MORE_COLUMNS])


def typed_score_table(scored: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """`score_table` with one type per column, also where all of it is empty: moments are timestamps in UTC."""
    types = COLUMN_TYPES | MORE_COLUMNS
    table = score_table(scored)
    for name in (name for name, type in types.items() if type == MOMENT):
        table[name] = pd.to_datetime(table[name], utc=True, format="ISO8601")
    return table.astype(types)


def reason_text(score: Mapping[str, Any]) -> str:
    """The reasons of a score in one line: "+12 on pricing pages 3 times; -3 no webinars yet"."""
    return "; ".join(f"{reason['points']:+.0f} {reason['text']}" for reason in score["reasons"])


def write_scores(
    scored: Sequence[Mapping[str, Any]],
    path: Path,
    beside: pd.DataFrame | None = None,
    notes: SheetNotes | None = None,
) -> None:
    """Write scores by the file's extension; jsonl has the API's shape. `beside`: the rows that were asked about.

    A workbook is for people: it is sorted best first and says what `notes` know, see `call_sheet`.
    """
    kind = path.suffix.lower()
    if kind == ".jsonl":
        write_whole(path, b"".join(orjson.dumps(score) + b"\n" for score in scored))
        return
    table = typed_score_table(scored) if kind == ".parquet" else score_table(scored)
    if kind == ".xlsx":
        with whole_file(path) as part:
            write_call_sheet(table, scored, part, notes or SheetNotes(), beside)
        return
    if beside is not None:
        added = table.rename(columns={name: f"leadlight_{name}" for name in table if name in beside})
        table = pd.concat([beside.reset_index(drop=True), added], axis=1)
    writers = {".csv": _csv, ".parquet": _parquet}
    if kind not in writers:
        remedy = f"end it in {', '.join(writers)}, .xlsx or .jsonl"
        raise LeadlightError(f"{path.name} is no kind of file that scores are written to; {remedy}")
    with whole_file(path) as part:
        writers[kind](table, part)


def _csv(table: pd.DataFrame, path: Path) -> None:
    _harmless(table).to_csv(path, index=False)


def _parquet(table: pd.DataFrame, path: Path) -> None:
    table.to_parquet(path, index=False)


def _harmless(table: pd.DataFrame) -> pd.DataFrame:
    """The table without formulas and control characters, titles included; our own reasons start with a sign too."""
    text = table.select_dtypes(["object", "string", "category"]).columns
    cells = table.assign(**{name: [spreadsheet_cell(value) for value in table[name]] for name in text})
    return cells.rename(columns=spreadsheet_cell)
