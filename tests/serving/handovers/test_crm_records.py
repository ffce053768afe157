"""CRM records: a lead is opened where the agreement says records of that CRM are."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.agreement.agreement import DEFAULT, Agreement
from features.agreement.messages import AgreementError
from features.home import tables
from features.home.database import migrate, writing
from features.home.settings import Home, Settings
from serving.handovers.crm_records import crm_url

LINK = 'crm_links = { HubSpot = "https://crm.example/contacts/{id}" }'


def agreed(line: str) -> Agreement:
    return Agreement.parse(DEFAULT.read_text().replace("[contact]", f"[contact]\n{line}"), file="agreement.toml")


def test_a_lead_is_opened_by_its_record_in_a_crm_that_has_a_link(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", Settings())
    migrate(home)
    rows = [("user", "ann"), ("email", "ann@buyer.example"), ("hubspot", "7/1"), ("salesforce", "00Q1")]
    with writing(home) as connection:
        known = [{"kind": kind, "value": value, "lead_id": "ann"} for kind, value in rows]
        connection.execute(tables.identities.insert(), known)
        assert crm_url(connection, agreed(LINK), "ann") == "https://crm.example/contacts/7%2F1"
        assert crm_url(connection, agreed(LINK), "bob") is None
        assert crm_url(connection, Agreement.default(), "ann") is None


@pytest.mark.parametrize("written", ['{ hubspot = "https://crm.example/" }', '{ hubspot = "javascript:{id}" }', '"x"'])
def test_a_link_that_opens_no_record_is_refused(written: str) -> None:
    with pytest.raises(AgreementError, match=r"crm_links.*write the address of a record with \{id\} in it"):
        agreed(f"crm_links = {written}")
