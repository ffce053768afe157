"""The worklist: which leads a person sees, by time left, and each in the words of its row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from features.agreement.agreement import Agreement
from features.home.clock import from_microseconds
from features.home.dates import moment
from serving.code_words import KINDS, STATES, code_words
from serving.decisions.lists import (
    LeadFilter,
    Place,
    cursor_of_place,
    lead_list,
    listed_leads,
    place_in_cursor,
    place_of_row,
)
from serving.handovers.handover import Handover
from serving.handovers.store import open_handovers
from serving.notices.short_texts import colleague, left, moment_text, plain, sentence
from serving.notices.wording import next_due, origin
from serving.nurture.kept_plans import kept_plans
from serving.pages.card.card_facts import Reader
from serving.pages.plan_words import plan_words, planned_question
from serving.pages.visits import NotForYou
from serving.signin.visitor import READS, Visitor

SHOWN, LOOKED_AT, EXPORTED = 50, 5_000, 10_000  # rows of a page; leads that a search reads; rows of a file
AT_ONCE = 500
QUEUE_NAMES: Mapping[str, str] = {
    "sales": "Sales",
    "inside_sales": "Inside sales",
    "marketing": "Marketing",
    "opportunity_owner": "With an open opportunity",
    "account_owner": "Existing customers",
}
FILTERS: Mapping[str, str] = {"mine": "Mine", "overdue": "Overdue", "new": "New", "returned": "Came back"}
OF_HANDOVERS = {"new", "returned"}  # the filters that look at the handover of a lead


@dataclass(frozen=True)
class WorklistQuery:
    """What the address asks for: a queue, filters, a search, one owner, and where the page before ended."""

    queue: str
    only: tuple[str, ...] = ()
    search: str = ""
    owner: str = ""
    cursor: str = ""
    me: str = ""  # on this machine: who reads

    @classmethod
    def of(cls, query: Mapping[str, str], visitor: Visitor) -> WorklistQuery:
        """What a query asks for; the first list of the visitor's role where it names none. Raises NotForYou."""
        queue = query.get("queue") or READS[visitor.role][0]
        if queue not in READS[visitor.role]:
            named = QUEUE_NAMES.get(queue, "This list").lower()
            raise NotForYou(f"The list “{named}” is not for your role; ask whoever runs this service.")
        owner = _text(query, "owner")
        if owner and not (visitor.sees_everybody or visitor.is_own(owner)):
            raise NotForYou("You see your own leads here and those that nobody has; others' are not for your role.")
        only = tuple(name for name in FILTERS if query.get(name) == "1")
        me = visitor.person or "" if visitor.way == "local" else ""
        return cls(queue, only, _text(query, "search"), owner, _text(query, "after"), me)

    def address(self, path: str = "worklist", **changed: Any) -> str:
        """The address that asks for the same with some of it changed; a page begins anew unless it says where."""
        asked = replace(self, **{"cursor": "", **changed})
        given = {"queue": asked.queue, **dict.fromkeys(asked.only, "1"), "search": asked.search, "owner": asked.owner}
        given |= {"me": asked.me, "after": asked.cursor}
        return f"{path}?{urlencode({name: value for name, value in given.items() if value})}"

    def toggled(self, name: str) -> str:
        """The address with one filter put on or taken off."""
        kept = tuple(each for each in self.only if each != name)
        return self.address(only=kept if name in self.only else (*self.only, name))

    def filter_of(self, visitor: Visitor, as_of: datetime) -> LeadFilter:
        """The same as what the lists of leads are asked for: a rep's own, and those that nobody has."""
        owners: Sequence[str] | None = None if visitor.sees_everybody else (*visitor.names, "")
        owners = visitor.names if "mine" in self.only else owners
        equals = {"queue": self.queue, **({"owner": self.owner} if self.owner else {})}
        handover = {"state": "offered"} if "new" in self.only else {}
        handover |= {"kind": "returned"} if "returned" in self.only else {}
        overdue_at = as_of if "overdue" in self.only else None
        return LeadFilter(equals, owners=owners, overdue_at=overdue_at, handover=handover)


def _text(query: Mapping[str, str], name: str) -> str:
    return query.get(name, "").replace("\0", "\N{REPLACEMENT CHARACTER}").strip()[:200]


@dataclass(frozen=True)
class WorklistRow:
    """One lead on the list, in words.

    plan: of a lead that is not ready, what it lacks, what comes next and when, and why it waits. link: of its
    handover's card, for who reads it. page: of the lead.
    """

    lead_id: str
    name: str
    role: str
    grade: str
    why: str
    origin: str
    campaign: str
    owner: str
    state: str
    due: str
    left: str
    is_late: bool
    page: str
    plan: str = ""
    link: str | None = None


@dataclass(frozen=True)
class WorklistPage:
    """The rows of one page; next: the cursor of the one after. is_cut: a search that did not read all leads."""

    rows: Sequence[WorklistRow]
    next: str | None = None
    is_cut: bool = False


@dataclass(frozen=True)
class WorklistReading:
    """For whom a list is read, and when: times are told in his zone."""

    connection: Connection
    agreement: Agreement
    visitor: Visitor
    zone: ZoneInfo
    as_of: datetime
    card_link: Callable[[Handover], str | None]

    def page(self, asked: WorklistQuery, limit: int = SHOWN) -> WorklistPage:
        """The rows that are asked for, by time left. A search looks at names, companies, campaigns, sources and ids."""
        wanted, found = asked.filter_of(self.visitor, self.as_of), list[tuple[Any, WorklistRow]]()
        after = place_in_cursor(asked.cursor, wanted.sort) if asked.cursor else None
        looked_at, step = 0, AT_ONCE if asked.search else min(limit + 1, AT_ONCE)
        while len(found) <= limit and looked_at < max(LOOKED_AT, limit + 1):
            rows = lead_list(self.connection, wanted, step, after)
            looked_at += len(rows)
            found += [(row, shown) for row, shown in self._shown(rows) if _matches(shown, asked.search)]
            if len(rows) < step:
                return self._cut(found, limit, wanted.sort)
            after = place_of_row(rows[-1], wanted.sort)
        return replace(self._cut(found, limit, wanted.sort, after), is_cut=len(found) <= limit)

    def _cut(
        self, found: Sequence[tuple[Any, WorklistRow]], limit: int, sort: str, reached: Place | None = None
    ) -> WorklistPage:
        """The first rows of what was found; the next page begins after them, or where a search stopped."""
        place = place_of_row(found[limit - 1][0], sort) if len(found) > limit else reached
        return WorklistPage([row for _, row in found[:limit]], cursor_of_place(place, sort) if place else None)

    def _shown(self, rows: Sequence[Any]) -> Iterator[tuple[Any, WorklistRow]]:
        handovers = open_handovers(self.connection, [row.lead_id for row in rows if row.handover_id])
        listed = listed_leads(self.connection, self.agreement, rows, self.as_of, with_contact=True)
        plans = kept_plans(self.connection, [row.lead_id for row in rows if row.queue in PLANNED])
        for row, lead in zip(rows, listed, strict=True):
            kept = plans.get(row.lead_id)
            shown = self._row(row, lead, handovers.get(row.lead_id))
            yield row, replace(shown, plan=self._plan(kept.plan)) if kept and kept.plan else shown

    def _plan(self, plan: Mapping[str, Any]) -> str:
        """What a lead lacks, and what is planned for it, in one line."""
        lacks = [("Lacks", plain(", ".join(plan["missing"])))] if plan["missing"] else []
        question = planned_question(plan)
        asks = [("Ask", question)] if question else []
        words = plan_words(plan, self.agreement, Reader(self.as_of, self.zone))
        return "; ".join(f"{name}: {said}" for name, said in [*lacks, *words, *asks])

    def _row(self, row: Any, lead: Mapping[str, Any], handover: Handover | None) -> WorklistRow:
        due_at = handover.next_due_at if handover else moment(lead["next_due_at"] or "")
        clock = next_due(handover) if handover else None
        what = sentence(clock[1]) if clock else DUE_OF.get(row.code) or DUE_OF.get(row.queue, "Look again")
        due_at = clock[0] if clock else due_at
        why = (handover.offer.why_now if handover else None) or row.reason or code_words(row.code)
        campaign = f"campaign {row.campaign}" if row.campaign else None
        came_from = origin(handover) if handover else ", ".join(filter(None, (row.source, campaign)))
        return WorklistRow(
            lead_id=row.lead_id,
            name=plain(lead["name"] or f"Lead {row.lead_id}"),
            role=plain(", ".join(filter(None, (lead["title"], lead["company"])))),
            grade=row.grade or "",
            why=sentence(plain(why)),
            origin=plain(came_from or "not known"),
            campaign=plain(row.campaign or ""),
            owner=colleague(row.owner),
            state=self._state(row, handover),
            due=f"{what} {moment_text(due_at, self.as_of, self.zone)}"
            if due_at
            else NO_CLOCK
            if handover and handover.is_trial
            else "no date",
            left=left(due_at, self.as_of) if due_at else "",
            is_late=bool(lead["overdue"]),
            page=self.lead_page(row.lead_id),
            link=self.card_link(handover) if handover else None,
        )

    def lead_page(self, lead_id: str) -> str:
        """The address of a lead's page, from the list's own; on this machine it says who reads."""
        me = self.visitor.person if self.visitor.way == "local" else None
        return f"leads/{quote(lead_id, safe='')}" + (f"?{urlencode({'me': me})}" if me else "")

    def _state(self, row: Any, handover: Handover | None) -> str:
        if handover:
            return sentence(f"{KINDS[handover.kind]}, {STATES[handover.state]}")
        since = moment_text(from_microseconds(row.since_us), self.as_of, self.zone)
        # Without a reason the code's words say why; they need not stand there twice.
        return sentence(f"{code_words(row.code)}, since {since}" if row.reason else f"since {since}")


PLANNED = ("marketing", "inside_sales")  # the queues of leads that are not ready: each has a plan
DUE_OF: Mapping[str, str] = {"rep_working": "Kept until", "sales": "Its turn", "inside_sales": "Next step"}
NO_CLOCK = "a trial: no clock runs"


def _matches(row: WorklistRow, search: str) -> bool:
    wanted = search.casefold()
    texts = (row.name, row.role, row.campaign, row.origin, row.owner, row.lead_id, row.why)
    return not wanted or any(wanted in text.casefold() for text in texts)
