"""Exports of leads as CRMs write them, with names, codes, owners, remarks and open leads as people have them.

In each the honest signals are the source (a referral is best, ads are worst), the size and the seniority. As in life
most conversions come soon after the lead, half of them within MEDIAN days, and a lost lead stays open for weeks before
a rep gives it up. The dates end the day of the export.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm

ROWS, DAYS = 300, 360
MEDIAN, GIVEN_UP = 6.0, 40.0  # days after which half of the buyers have bought, half of the others are given up
SPREAD = 0.9  # of the logarithm of both
FIRST = ["Anna", "Jonas", "Maria", "Peter", "Sophie", "Lukas", "Julia", "Thomas", "Laura", "Felix", "Nina", "Paul"]
LAST = ["Meyer", "Schmidt", "Becker", "Wagner", "Novak", "Rossi", "Garcia", "Dubois", "Jansen", "Costa", "Keller"]
CITIES = ["Berlin", "Hamburg", "München", "Köln", "Leipzig"]
TITLES = ["Head of Marketing", "Analyst", "Marketing Manager", "CEO", "Assistant", "VP Sales"]
OWNERS = ["Kim Sanders", "Alex Winter"]
PERSONAL = {*FIRST, *LAST, "Kim", "Sanders", "Alex", "Winter", "Firm", "Firma"}  # what no reason may say


@dataclass(frozen=True)
class Market:
    """One row per lead: who it is, what is honest of it, and what became of it, as columns of a frame."""

    leads: pd.DataFrame
    exported_at: datetime

    @classmethod
    def drawn(cls, exported_at: datetime, seed: int = 3, rows: int = ROWS) -> Market:
        """The leads of the DAYS before an export."""
        draw = np.random.default_rng(seed)
        source = draw.choice(["Referral", "Webinar", "Fair", "Ads"], rows)
        employees = np.round(np.exp(draw.normal(5.2, 1.1, rows))).astype(int) + 3
        title = draw.choice(TITLES, rows)
        strength = pd.Series(source).map({"Referral": 1.5, "Webinar": 0.6, "Fair": 0.0, "Ads": -1.5}).to_numpy()
        buys = expit(strength + 0.6 * (np.log(employees) - 5.2) + (title == "CEO") - 2.2)
        age = draw.uniform(0.1, DAYS, rows)
        is_buyer = draw.random(rows) < buys
        took = np.where(is_buyer, MEDIAN, GIVEN_UP) * np.exp(SPREAD * draw.normal(size=rows))
        is_over = took < age
        day = timedelta(days=1)
        came = [exported_at - day * float(days) for days in age]
        ended = [at + day * float(days) if over else None for at, days, over in zip(came, took, is_over, strict=True)]
        return cls(
            pd.DataFrame(
                {
                    "number": np.arange(rows), "first": draw.choice(FIRST, rows), "last": draw.choice(LAST, rows),
                    "city": draw.choice(CITIES, rows), "zip": draw.integers(10115, 99998, rows), "title": title,
                    "industry": draw.choice(["Software", "Retail", "Banking", "Logistics"], rows), "source": source,
                    "employees": employees, "revenue": np.round(employees * draw.uniform(40, 160, rows), 2),
                    "born": [datetime(1960, 1, 1) + day * int(days) for days in draw.integers(0, 15_000, rows)],
                    "owner": draw.choice(OWNERS, rows), "came": came, "won": is_over & is_buyer,
                    "lost": is_over & ~is_buyer, "open_as": draw.integers(0, 3, rows), "buys": buys,
                    "won_at": [at if wins else None for at, wins in zip(ended, is_buyer, strict=True)],
                    "lost_at": [None if wins else at for at, wins in zip(ended, is_buyer, strict=True)],
                }
            ),
            exported_at,
        )  # fmt: skip

    def just_arrived(self) -> Market:
        """Others like these leads, who came ten minutes ago."""
        came, number = self.exported_at - timedelta(minutes=10), self.leads["number"] + len(self.leads)
        nothing = {"won": False, "lost": False, "won_at": None, "lost_at": None}
        return replace(self, leads=self.leads.assign(number=number, came=came, **nothing))

    def chance(self, days: int) -> np.ndarray:
        """Of each lead that is open at the export the chance to convert within so many days."""
        age = np.array([(self.exported_at - at) / timedelta(days=1) for at in self.leads["came"]])
        buys = self.leads["buys"].to_numpy()
        bought, buying = (norm.cdf(np.log(until / MEDIAN) / SPREAD) for until in (age, age + days))
        left = norm.sf(np.log(age / GIVEN_UP) / SPREAD)
        return buys * (buying - bought) / (buys * (1 - bought) + (1 - buys) * left)

    def emails(self) -> pd.Series:
        rows = self.leads
        return rows["first"].str.lower() + "." + rows["last"].str.lower() + rows["number"].astype(str) + "@firm.example"

    def statuses(self, opened: list[str], won: str, lost: str) -> np.ndarray:
        rows = self.leads
        return np.where(rows["won"], won, np.where(rows["lost"], lost, np.array(opened)[rows["open_as"]]))


def _written(moments: pd.Series, form: str) -> list[str]:
    return ["" if pd.isna(moment) else moment.strftime(form) for moment in moments]


def hubspot(market: Market, folder: Path) -> Path:
    """HubSpot's export of contacts, titled as its pages title them."""
    rows, form = market.leads, "%Y-%m-%d %H:%M"
    stages = market.statuses(["Lead", "Marketing Qualified Lead", "Opportunity"], "Customer", "Other")
    table = pd.DataFrame({
        "Record ID": 51_000_000 + rows["number"] * 37, "First Name": rows["first"], "Last Name": rows["last"],
        "Email": market.emails(), "Phone Number": "+49 30 " + (rows["number"] * 7919 % 900_000 + 100_000).astype(str),
        "Company Name": "Firm " + (rows["number"] % 140).astype(str), "Job Title": rows["title"],
        "Industry": rows["industry"], "Number of Employees": rows["employees"], "Original Source": rows["source"],
        "City": rows["city"], "Postal Code": rows["zip"], "Contact owner": rows["owner"], "Lifecycle Stage": stages,
        "Lead Status": market.statuses(["New", "In progress", "Open deal"], "Connected", "Unqualified"),
        "Create Date": _written(rows["came"], form), "Became a Customer Date": _written(rows["won_at"], form),
        "Last Activity Date": _written(rows["came"] + timedelta(days=1), form),
        "Number of Pageviews": rows["number"] % 17,
    })  # fmt: skip
    table.to_csv(folder / "hubspot-contacts.csv", index=False)
    return folder / "hubspot-contacts.csv"


def salesforce(market: Market, folder: Path) -> Path:
    """Salesforce's export of Lead, titled as its data loader titles it."""
    rows, form = market.leads, "%Y-%m-%dT%H:%M:%S.000+0000"
    table = pd.DataFrame({
        "Id": [f"00Q5g00000{n * 7919 % 100_000:05d}EAA" for n in rows["number"]], "FirstName": rows["first"],
        "LastName": rows["last"], "Email": market.emails(),
        "Phone": (rows["number"] * 7919 + 4_930_000_000).astype(str),
        "Company": "Firm " + (rows["number"] % 140).astype(str), "Title": rows["title"], "Industry": rows["industry"],
        "NumberOfEmployees": rows["employees"], "AnnualRevenue": rows["revenue"], "LeadSource": rows["source"],
        "City": rows["city"], "PostalCode": rows["zip"], "Status": market.statuses(
            ["Open - Not Contacted", "Working - Contacted", "Nurturing"], "Closed - Converted", "Closed - Not Converted"
        ), "Rating": np.where(rows["won"], "Hot", "Cold"), "OwnerId": rows["owner"].map(
            {"Kim Sanders": "0055g00000AAAAAEAA", "Alex Winter": "0055g00000BBBBBEAA"}
        ), "CreatedDate": _written(rows["came"], form), "IsConverted": rows["won"].map({True: "true", False: "false"}),
        "ConvertedDate": _written(rows["won_at"], "%Y-%m-%d"), "Description": np.where(rows["lost"], "no budget", ""),
    })  # fmt: skip
    table.to_csv(folder / "salesforce-leads.csv", index=False)
    return folder / "salesforce-leads.csv"


def german(market: Market, folder: Path) -> Path:
    """A German export, as Excel writes it: semicolons, decimal commas, Windows' encoding."""
    rows, form = market.leads, "%d.%m.%Y %H:%M"
    table = pd.DataFrame({
        "Lead-Nr.": ["L-" + str(10_000 + n) for n in rows["number"]],
        "Anrede": np.where(rows["number"] % 2, "Herr", "Frau"),
        "Vorname": rows["first"], "Nachname": rows["last"], "E-Mail-Adresse": market.emails(),
        "Telefonnummer": "030 " + (rows["number"] * 7919 % 900_000 + 100_000).astype(str),
        "Firma": "Firma " + (rows["number"] % 140).astype(str), "Position": rows["title"], "Branche": rows["industry"],
        "Mitarbeiter": rows["employees"],
        "Umsatz": [f"{value:,.2f}".translate(str.maketrans(",.", ".,")) for value in rows["revenue"]],
        "Herkunft": rows["source"].replace({"Referral": "Empfehlung", "Fair": "Messe", "Ads": "Anzeige"}),
        "PLZ": rows["zip"], "Ort": rows["city"], "Geburtsdatum": _written(rows["born"], "%d.%m.%Y"),
        "Angelegt am": _written(rows["came"], form), "Status": market.statuses(
            ["Neu", "In Bearbeitung", "Angebot"], "Gewonnen", "Verloren"
        ), "Gewonnen am": _written(rows["won_at"], form), "Verloren am": _written(rows["lost_at"], "%d.%m.%Y"),
        "Vertriebsmitarbeiter": rows["owner"],
        "Bemerkung": np.where(rows["lost"], "kein Budget", ""),
    })  # fmt: skip
    table.to_csv(folder / "leads-deutsch.csv", index=False, sep=";", encoding="cp1252")
    return folder / "leads-deutsch.csv"


def pipedrive(market: Market, folder: Path) -> Path:
    """Pipedrive's export of deals: each title says first of which record it is."""
    rows, form = market.leads, "%Y-%m-%d %H:%M:%S"
    table = pd.DataFrame({
        "Deal - ID": rows["number"] + 1, "Deal - Title": "Deal " + rows["last"],
        "Deal - Contact person": rows["first"] + " " + rows["last"], "Deal - Owner": rows["owner"],
        "Deal - Channel": rows["source"], "Organization - Industry": rows["industry"],
        "Organization - Employee count": rows["employees"], "Person - Job title": rows["title"],
        "Deal - Status": market.statuses(["Open", "Open", "Open"], "Won", "Lost"),
        "Deal - Deal created": _written(rows["came"], form), "Deal - Won time": _written(rows["won_at"], form),
        "Deal - Lost time": _written(rows["lost_at"], form),
    })  # fmt: skip
    table.to_csv(folder / "pipedrive-deals.csv", index=False)
    return folder / "pipedrive-deals.csv"
