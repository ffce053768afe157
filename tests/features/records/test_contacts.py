"""Who may see it learns whom to call; each lead has its own contact data, the newest that a trusted source said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from handmade_events import LATER, identify, says
from sqlalchemy import insert, select, update

from features.agreement.agreement import Agreement, AgreementError
from features.agreement.versions import save_version
from features.events.validation import Source
from features.home import tables
from features.home.database import reading, writing
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.records.contacts import Contact, contact_of, contacts
from features.traits.history import trait_columns
from serving.intake.file_import import ingest

DEFAULT = Agreement.default()
EVENTS = [
    identify("ann", 1, visitor="visitor-1", first_name="Ann", last_name="Lee", email="Ann@buyer.example", phone="1"),
    identify("ann", 3, phone="+49 30 2", jobTitle="VP Sales", company={"name": "Buyer GmbH"}),
    identify("ann-2", 4, email="ann@buyer.example", last_name="Lee-Meyer"),  # new when it brings her address: it is her
    identify("bob", 5, visitor="visitor-1", name="Bob Bach", phone="+49 30 9"),  # on her browser: he is another lead
    identify("dan", 2, phone="+49 30 7"),
    says("group", 2, userId="eve", groupId="g1", traits={"name": "Acme", "phone": "1"}),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("contacts")
    made = Home(folder / "home", Settings()).created()
    (folder / "events.jsonl").write_bytes(b"\n".join(orjson.dumps(event) for event in EVENTS))
    ingest(made, [folder / "events.jsonl"], save_version(made, DEFAULT, LATER), LATER)
    return made


def of(home: Home, *leads: str) -> dict[str, Contact]:
    with reading(home) as connection:
        return contacts(connection, DEFAULT, leads)


def test_a_lead_has_its_newest_contact_data_from_all_of_its_ids(home: Home) -> None:
    ann = Contact("Ann Lee-Meyer", "VP Sales", "Buyer GmbH", "+49 30 2", "ann@buyer.example")
    assert of(home, "ann", "dan", "nobody") == {"ann": ann, "dan": Contact(phone="+49 30 7"), "nobody": Contact()}
    assert of(home, "eve")["eve"] == Contact(company="Acme")


def test_what_a_public_key_says_counts_only_where_nobody_trusted_says_it(home: Home) -> None:
    events = tables.events.c
    with writing(home) as connection:
        by_web_page = events.body.contains("+49 30 2") | events.body.contains("Bob Bach")
        connection.execute(update(tables.events).where(by_web_page).values(flags="public"))
    found = of(home, "ann", "bob")
    assert (found["ann"].phone, found["ann"].company) == ("1", "Buyer GmbH")
    assert (found["bob"].name, found["bob"].phone) == ("Bob Bach", "+49 30 9")


def test_a_spelling_that_comes_first_gives_way_to_a_trusted_one(home: Home) -> None:
    with writing(home) as connection:
        row = connection.execute(select(tables.events).where(tables.events.c.user_id == "dan")).one()
        said = orjson.dumps({"traits": {"first_name": "Dan", "last_name": "Dorn"}}).decode()
        forged = orjson.dumps({"traits": {"name": "Eve", "phone": "+1 900"}}).decode()
        for n, (flags, body) in enumerate([("", said), ("public", forged)]):
            new = dict(row._mapping) | {"event_id": 900 + n, "message_id": f"d{n}", "flags": flags, "body": body}
            connection.execute(insert(tables.events).values(new))
    assert of(home, "dan")["dan"] == Contact(name="Dan Dorn", phone="+49 30 7")


def test_nobody_is_called_at_an_address_that_a_public_key_gave_later(tmp_path: Path) -> None:
    told = [identify("eve", day, email=f"{name}@buyer.example") for day, name in ((1, "eve"), (2, "mallory"))]
    made = Home(tmp_path / "home", Settings()).created()
    save_version(made, DEFAULT, LATER)
    Ledger.open(made).record(told, received_at=LATER, sender=Source("live:shop", "sender", is_trusted=False))
    assert of(made, "eve")["eve"].email == "eve@buyer.example"
    Ledger.open(made).record([identify("eve", 3, email="new@buyer.example")], received_at=LATER)
    assert of(made, "eve")["eve"].email == "new@buyer.example"


@pytest.mark.parametrize(
    ("traits", "name", "phone"),
    [
        ({"firstName": "Ann", "lastName": "Lee"}, "Ann Lee", None),
        ({"last_name": "Lee"}, "Lee", None),
        ({"name": "Ann Lee", "first_name": "A."}, "Ann Lee", None),
        ({"name": " ", "first_name": "Ann\x1b[31m\n"}, "Ann [31m", None),
        ({"name": {"first": "Ann"}, "phone": 4930123.0}, None, "4930123"),
        ({"name": True, "phone": float("nan")}, None, None),
    ],
)
def test_a_name_is_the_first_spelling_with_a_value(traits: dict[str, Any], name: str | None, phone: str | None) -> None:
    assert (contact_of(traits, DEFAULT).name, contact_of(traits, DEFAULT).phone) == (name, phone)


def test_contact_data_are_no_traits_of_the_model() -> None:
    assert not {"name", "first_name", "last_name", "company", "phone"} & set(trait_columns(DEFAULT))


@pytest.mark.parametrize("name", ["phone", "last_name", "company"])
def test_contact_data_cannot_be_learned_from(name: str) -> None:
    text = DEFAULT.text.replace("[traits] ", f'[traits]\n{name} = "category"\n#')
    with pytest.raises(AgreementError, match=rf"traits\.{name} = 'category' is contact data as well"):
        Agreement.parse(text)


@pytest.mark.parametrize("written", ["5", '[["name"]]', '["first-name"]', '[""]'])
def test_a_spelling_that_names_no_traits_is_refused(written: str) -> None:
    text = DEFAULT.text.replace('phone   = ["phone"]', f"phone = {written}")
    with pytest.raises(AgreementError, match=r"contact\.phone.* names no traits; write names of traits"):
        Agreement.parse(text)


def test_whom_to_call_needs_no_new_training() -> None:
    other = Agreement.parse(DEFAULT.text.replace('["phone"]', '["phone", "mobile"]'))
    assert other.feature_digest == DEFAULT.feature_digest
    assert other.digest != DEFAULT.digest
