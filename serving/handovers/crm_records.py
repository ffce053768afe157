"""CRM records: which records of a CRM a lead is, and where the first of them is opened."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from sqlalchemy import Connection, select

from features.agreement.agreement import Agreement
from features.agreement.contact import RECORD_ID
from features.home import tables
from features.home.database import batched

OUR_IDS = ("user", "lead", "anonymous", "email", "group")
AT_ONCE = 500


def crm_ids(connection: Connection, lead_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """By lead, its id in each CRM, by the CRM's name."""
    known = tables.identities.c
    found: dict[str, dict[str, str]] = {}
    for batch in batched(lead_ids, AT_ONCE):
        rows = select(tables.identities).where(known.lead_id.in_(batch), known.kind.not_in(OUR_IDS))
        for row in connection.execute(rows.order_by(known.kind, known.value)):
            found.setdefault(row.lead_id, {}).setdefault(row.kind, row.value)
    return found


def crm_url(connection: Connection, agreement: Agreement, lead_id: str) -> str | None:
    """Where a lead is opened in the CRM, by `crm_links` of the agreement; None where no record or no link is known."""
    links = agreement.contact.crm_links
    ids = crm_ids(connection, [lead_id]).get(lead_id, {}) if links else {}
    found = (links[crm].replace(RECORD_ID, quote(record, safe="")) for crm, record in ids.items() if crm in links)
    return next(found, None)
