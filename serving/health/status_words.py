"""Status words: what doctor asks of a CRM's words for statuses that nobody explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import orjson
from sqlalchemy import Connection, not_, select

from features.agreement.agreement import Agreement
from features.events.event_table import STATUS
from features.events.status_words import UNDATED, status_meaning
from features.events.trust import NOT_TRUSTED
from features.home import tables
from features.home.printed_text import visible_line
from serving.health.event_quality import Check

NEWEST = 20_000  # changes of status that are looked at
SHOWN = 5


def status_word_checks(connection: Connection, agreement: Agreement) -> Iterator[Check]:
    """One check of the CRM's words for statuses; none where no CRM tells of any."""
    words = unknown_words(connection, agreement)
    if words is None:
        return
    if not words:
        yield Check("statuses", True, "it is known of each status of the CRM what it says of our work")
        return
    shown = ", ".join(f'"{visible_line(word)}" ({count:,})' for word, count in words.most_common(SHOWN))
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    asked = "is a lead in it being tried, contacted, given back, or none of these?"
    remedy = f"write for example {_line(words)} under [statuses] of the agreement"
    rows = [{"status": word, "changes": count} for word, count in words.most_common()]
    yield Check("statuses", False, f"nobody said what these statuses mean: {shown}{more}; {asked} {remedy}", rows)


def unknown_words(connection: Connection, agreement: Agreement) -> Counter[str] | None:
    """The changes to each status that nobody explained, of the newest; None where there are no changes at all."""
    columns = tables.events.c
    is_followed = not_(columns.flags.contains(NOT_TRUSTED))
    asked = (
        select(columns.body).where(columns.name == STATUS, is_followed).order_by(columns.event_id.desc()).limit(NEWEST)
    )
    found: Counter[str] | None = None
    for body in connection.scalars(asked):
        said = orjson.loads(body).get("properties") or {}
        if UNDATED in said:
            continue
        found = found if found is not None else Counter()
        if status_meaning(said, agreement) is None:
            found[str(said["status"])] += 1
    return found


def _line(words: Counter[str]) -> str:
    word = orjson.dumps(visible_line(words.most_common(1)[0][0])).decode()
    return f'{word} = "contacted"'
