"""A list of customers as events: for each account and each known lead in it, that it is a customer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pandas as pd

from features.agreement.agreement import Agreement
from features.agreement.column_titles import title_words
from features.events.event import RecordId, id_in_column, identifier_text
from features.identity.email import FREE_MAIL
from features.imports.cells import CellReader, email_column, emails
from features.imports.columns import ColumnError, cell_texts
from features.imports.crm import crm_event
from features.imports.files import tables_in, titles_in

_DOMAIN = frozenset({
    "domain", "domain name", "email domain", "company domain", "company domain name", "website", "web site",
    "company website", "website url", "company website url",
})  # fmt: skip
_ACCOUNT = frozenset({"account id", "company id", "group id", "associated company id", "organization id"})
_LEAD = frozenset({"lead id", "leadid", "user id", "userid"})
_SINCE = frozenset({"customer since", "since", "became a customer date"})


@dataclass
class Customers:
    """Reads one file of customers, and makes the events that it stands for.

    leads: from names of a kind, "lead" or "email", to the lead that has each name and since when it is known, for a
    customer that is no lead must not become one.
    """

    path: Path
    agreement: Agreement
    now: datetime
    leads: Callable[[str, Iterable[str]], Mapping[str, tuple[str, datetime]]]
    counts: Counter[str] = field(default_factory=Counter)
    _customers: dict[str, set[str]] = field(default_factory=lambda: {"accounts": set(), "leads": set()})

    @cached_property
    def columns(self) -> dict[str, str]:
        """The columns that name customers. Raises ColumnError where there is none."""
        titles = titles_in(self.path)
        named = {"domain": _DOMAIN, "account": _ACCOUNT, "lead": _LEAD, "since": _SINCE}
        columns = {
            part: text for part, known in named.items() for text in reversed(titles) if title_words(text) in known
        }
        if email := email_column(titles):
            columns["email"] = email
        if not columns.keys() - {"since"}:
            asked = "e-mail, domain or website, account id or company id, or lead id"
            shown = ", ".join(f'"{title}"' for title in titles[:12])
            raise ColumnError(f"{self.path.name} has no column that names customers; title one {asked}; it has {shown}")
        return columns

    @cached_property
    def reader(self) -> CellReader:
        return CellReader(self.path.name, ZoneInfo(self.agreement.time_zone), self.now)

    def events(self) -> Iterator[dict[str, Any]]:
        """One event per account and per known lead: that it is a customer, since the file's date or else since now."""
        if "since" in self.columns:
            for rows in tables_in(self.path):
                self.reader.observe(self.columns["since"], cell_texts(rows[self.columns["since"]]))
        for rows in tables_in(self.path):
            self.counts["rows"] += len(rows)
            yield from self._of(rows)

    def _of(self, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
        since = self._since(rows)
        accounts = [*zip(self._texts(rows, "account", identifier_text), since, strict=True)]
        accounts += zip(self._texts(rows, "domain", self._domain), since, strict=True)
        for account, at in accounts:
            if account:
                self._customers["accounts"].add(account)
                yield self._account(account, at)
        for kind, names in (("lead", self._texts(rows, "lead", id_in_column)), ("email", emails(rows))):
            known = self.leads(kind, {name for name in names if name})
            for name, at in zip(names, since, strict=True):
                if name and name in known:
                    lead, known_at = known[name]
                    self._customers["leads"].add(lead)
                    # A customer since long ago is no lead since then.
                    yield self._lead(lead, max(at, known_at))
                self.counts["unknown"] += bool(name and name not in known)

    def _since(self, rows: pd.DataFrame) -> list[datetime]:
        if "since" not in self.columns:
            return [self.now] * len(rows)
        column = self.columns["since"]
        return [at or self.now for at in self.reader.moments(column, cell_texts(rows[column]), day_ends=True)]

    def _texts(self, rows: pd.DataFrame, part: str, read: Callable[[str], str | None]) -> list[str | None]:
        if part not in self.columns:
            return [None] * len(rows)
        return [text and read(text) for text in cell_texts(rows[self.columns[part]])]

    def _domain(self, text: str) -> str | None:
        """The domain of a website or an e-mail address; None for free mail and for our own."""
        host = urlsplit(text if "//" in text else f"//{text}").netloc if "[" not in text else ""
        domain = re.sub(r"^www\.|:\d+$", "", host.rpartition("@")[2].lower()).strip(".")
        if "." not in domain or domain in FREE_MAIL or domain in self.agreement.our_domains:
            self.counts["no account"] += 1
            return None
        return domain

    def _account(self, account: str, at: datetime) -> dict[str, Any]:
        # A `group` call needs a sender. A lead as the sender would join this account, and one sender for all accounts
        # would tie them together: so each account has an anonymous sender of its own, which is no lead.
        event = crm_event("group", "", at, [account], of="customers", groupId=account, traits={"customer": True})
        return {**event, "userId": None, "anonymousId": f"customers/{account}"}

    def _lead(self, lead: str, at: datetime) -> dict[str, Any]:
        return crm_event("identify", RecordId(lead), at, [lead], of="customers", traits={"customer": True})

    @property
    def sentences(self) -> list[str]:
        """What a person should know of this reading; complete once its events were asked for."""
        count, name = self.counts, self.path.name
        accounts, leads = (len(self._customers[kind]) for kind in ("accounts", "leads"))
        told = f"{count['rows']:,} rows say of {accounts:,} accounts and {leads:,} leads"
        lines = [f"{name}: {told} that they are customers; who is no longer in the file stays one"]
        if count["no account"]:
            lines.append(f"{name}: {count['no account']:,} domains are free mail, our own or none, and name no account")
        if count["unknown"]:
            problem = "belong to no lead here; give the file again once they do"
            lines.append(f"{name}: {count['unknown']:,} lead ids and e-mail addresses {problem}")
        return [*lines, *self.reader.sentences()]
