"""Keys, merges and their undoing: which leads are one, since when, and what stays refused."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from handmade_events import SMALL, Told, identify, page, says, track, us
from random_identity_logs import read, stays
from random_logs import PUBLIC_KEY, known_in_order

from features.arrays import NOT_YET
from features.identity.accounts import account_periods

ANN = identify("ann", 1, email="ann@firm.example")
BOB = identify("bob", 2, email="bob@firm.example")
VISIT = page("bob", 3)


def merged(into: str, day: float, **properties: Any) -> Told:
    return track(into, "Lead Merged", day, **properties)


def undone(merge: Told, day: float, who: str | None = None) -> Told:
    return track(who or merge["userId"], "Lead Merge Undone", day, merge_id=merge["messageId"])


def crm(who: str, name: str, day: float, record: str, **properties: Any) -> Told:
    return track(who, name, day, crm="Salesforce", crm_lead_id=record, **properties)


def leads(*told: Told) -> list[str]:
    """Those that stand on their own in the end."""
    _, found = read(told)
    return [lead for lead, us in zip(found.lead_ids, found.merged_us, strict=True) if us == NOT_YET]


def lead_of(kind: str, name: str, *told: Told) -> str | None:
    return read(told)[1].identifiers.get((kind, name))


def history(event: Told, *told: Told) -> list[tuple[str, int, int]]:
    return sorted((stay[1:] for stay in stays(told) if stay[0] == event["messageId"]), key=lambda stay: stay[1])


def test_a_merge_moves_all_events_and_names_from_when_we_hear_of_it() -> None:
    told = [ANN, BOB, VISIT, merged("ann", 5, previous_lead_id="bob")]
    assert leads(*told) == ["ann"]
    assert history(VISIT, *told) == [("bob", us(3), us(5)), ("ann", us(5), NOT_YET)]
    assert lead_of("user", "bob", *told) == lead_of("email", "bob@firm.example", *told) == "ann"


def test_undoing_a_merge_gives_each_lead_its_own_back() -> None:
    merge = merged("ann", 5, previous_lead_id="bob")
    told = [ANN, BOB, VISIT, merge, undone(merge, 8)]
    assert leads(*told) == ["ann", "bob"]
    assert history(VISIT, *told) == [("bob", us(3), us(5)), ("ann", us(5), us(8)), ("bob", us(8), NOT_YET)]
    assert lead_of("user", "bob", *told) == lead_of("email", "bob@firm.example", *told) == "bob"


def test_who_did_not_say_the_merge_does_not_undo_it() -> None:
    """Message ids are a sender's own: another's may be the same."""
    merge = merged("ann", 5, previous_lead_id="bob")
    assert leads(ANN, BOB, merge, undone(merge, 8, who="bob")) == ["ann"]


def test_a_merge_of_somebody_we_have_not_heard_of_waits_for_him() -> None:
    told = [
        ANN,
        merged("ann", 2, previous_lead_id="bob"),
        identify("bob", 4, known=6),
        page("bob", 7),
    ]
    assert leads(*told) == ["ann"]
    assert history(told[2], *told) == [("ann", us(6), NOT_YET)]


def test_the_crm_merges_records_by_their_ids() -> None:
    told = [ANN, BOB, crm("ann", "Lead Status Changed", 3, "00Q1"), crm("bob", "Lead Status Changed", 3, "00Q2")]
    told += [crm("ann", "Lead Merged", 5, "00Q1", previous_crm_lead_id="00Q2")]
    assert leads(*told) == ["ann"]
    assert lead_of("salesforce", "00Q2", *told) == "ann"


def test_the_surviving_record_survives_whoever_the_event_names() -> None:
    told = [ANN, BOB, crm("ann", "Lead Status Changed", 3, "00Q1"), crm("bob", "Lead Status Changed", 3, "00Q2")]
    told += [crm("bob", "Lead Merged", 5, "00Q1", previous_crm_lead_id="00Q2")]
    assert leads(*told) == ["ann"]


def test_leads_of_an_export_are_merged_by_the_ids_that_name_them() -> None:
    told = [
        identify("00Q1", 1),
        identify("00Q2", 2),
        crm("00Q2", "Lead Merged", 5, "00Q1", previous_crm_lead_id="00Q2"),
    ]
    assert leads(*told) == ["00Q1"]


def test_a_record_that_was_merged_before_we_met_it_finds_the_lead() -> None:
    told = [ANN, crm("ann", "Lead Merged", 5, "00Q1", previous_crm_lead_id="00Q2")]
    assert lead_of("salesforce", "00Q2", *told) == "ann"
    assert leads(*told, crm("bob", "Lead Status Changed", 7, "00Q2")) == ["ann"]


def test_a_record_that_nobody_has_belongs_to_the_record_that_it_was_merged_into() -> None:
    told = [ANN, BOB, crm("ann", "Lead Status Changed", 3, "00Q1")]
    told += [crm("bob", "Lead Merged", 5, "00Q1", previous_crm_lead_id="00Q2")]
    assert leads(*told) == ["ann", "bob"]
    assert lead_of("salesforce", "00Q2", *told) == "ann"


def test_a_conversion_makes_the_contact_another_name_of_the_lead() -> None:
    converted = crm("ann", "Lead Converted", 5, "00Q1", contact_id="0031")
    assert lead_of("salesforce", "0031", ANN, converted) == "ann"
    assert leads(ANN, converted, track("0031", "Opportunity Created", 6)) == ["ann"]
    assert leads(ANN, converted, crm("somebody", "Opportunity Created", 6, "0031")) == ["ann"]


def test_a_sender_who_may_only_write_events_merges_nobody() -> None:
    refused = merged("ann", 5, previous_lead_id="bob") | {"flags": "future_time,public"}
    assert leads(ANN, BOB, refused) == ["ann", "bob"]
    merge = merged("ann", 5, previous_lead_id="bob")
    assert leads(ANN, BOB, merge, undone(merge, 6) | {"flags": "future_time,public"}) == ["ann"]


def test_merges_in_a_circle_end() -> None:
    told = [ANN, BOB, merged("ann", 5, previous_lead_id="bob"), merged("bob", 6, previous_lead_id="ann")]
    assert leads(*told) == ["ann"]
    assert leads(ANN, merged("ann", 5, previous_lead_id="ann")) == ["ann"]


def test_a_lead_that_is_merged_again_is_part_of_the_other_since_then() -> None:
    first, second = merged("ann", 5, previous_lead_id="bob"), merged("ann", 9, previous_lead_id="bob")
    _, found = read([ANN, BOB, first, undone(first, 7), second])
    assert found.merged_us.tolist() == [NOT_YET, us(9)]


def test_merges_follow_each_other() -> None:
    cid = identify("cid", 2, email="cid@firm.example")
    first, second = merged("bob", 5, previous_lead_id="cid"), merged("ann", 6, previous_lead_id="bob")
    assert leads(ANN, BOB, cid, first, second) == ["ann"]
    assert history(cid, ANN, BOB, cid, first, second) == [
        ("cid", us(2), us(5)), ("bob", us(5), us(6)), ("ann", us(6), NOT_YET),
    ]  # fmt: skip
    assert leads(ANN, BOB, cid, first, second, undone(first, 9)) == ["ann", "cid"]


@pytest.mark.parametrize("first", [0, 1, 2])
def test_of_aliases_in_a_circle_the_last_says_nothing(first: int) -> None:
    names = [f"name-{(first + number) % 3}" for number in range(4)]
    told = [
        says("alias", 2, userId=names[0], previousId=names[1]),
        says("alias", 3, userId=names[1], previousId=names[2]),
    ]
    told += [says("alias", 4, userId=names[2], previousId=names[3])]
    assert leads(*told) == leads(*reversed(told)) == [names[0]]


def test_a_merge_of_a_name_that_only_aliases_know_merges_who_that_is() -> None:
    cid = identify("cid", 1, email="cid@firm.example")
    told = [ANN, cid, says("alias", 2, userId="name", previousId="visitor-1"), page("visitor-1", 2)]
    told += [says("alias", 3, userId="ann", previousId="name"), merged("cid", 5, previous_lead_id="name")]
    assert leads(*told) == ["cid"]
    assert history(told[3], *told) == [("name", us(2), us(3)), ("ann", us(3), us(5)), ("cid", us(5), NOT_YET)]


def test_a_visitor_moves_with_the_user_it_belongs_to_and_with_no_other() -> None:
    visit, late = page("visitor-1", 1), identify("ann", 2, known=5, visitor="visitor-1")
    told = [ANN, BOB, visit, identify("bob", 3, visitor="visitor-1"), late]
    merge = merged("cid", 8, previous_lead_id="bob")
    told += [identify("cid", 1, email="cid@firm.example"), merge]
    assert history(visit, *told) == [("bob", us(3), us(5)), ("ann", us(5), NOT_YET)]


def test_to_hear_that_a_visitor_is_another_user_of_the_same_lead_tells_nothing_new() -> None:
    visit, late = page("visitor-1", 1), identify("ann", 2, known=5, visitor="visitor-1")
    told = [ANN, BOB, merged("ann", 2.5, previous_lead_id="bob"), visit, identify("bob", 3, visitor="visitor-1"), late]
    assert history(visit, *told) == [("ann", us(3), NOT_YET)]


def test_a_crm_record_meets_the_web_visits_of_its_address() -> None:
    """Though the record is told of before its address is: its own id says nothing of who it is."""
    told = [ANN, crm("00Q1", "Lead Status Changed", 3, "00Q1"), identify("00Q1", 4, email="ann@firm.example")]
    assert leads(*told) == ["ann"]
    assert lead_of("salesforce", "00Q1", *told) == "ann"


def test_a_record_that_was_known_before_its_address_was_stays_a_lead() -> None:
    told = [crm("00Q1", "Lead Status Changed", 0.5, "00Q1"), ANN, identify("00Q1", 4, email="ann@firm.example")]
    assert leads(*told) == ["00Q1", "ann"]


def test_a_merged_lead_brings_nobody_along_by_saying_anothers_address() -> None:
    cid = identify("cid", 1, email="cid@firm.example")
    told = [
        ANN,
        cid,
        page("bob", 2),
        merged("ann", 3, previous_lead_id="bob"),
        identify("bob", 5, email="cid@firm.example"),
    ]
    assert leads(*told) == ["ann", "cid"]


def test_an_address_that_several_known_leads_say_is_one_leads_and_a_conflict() -> None:
    told = [ANN, BOB, identify("bob", 5, email="ann@firm.example")]
    _, found = read(told)
    assert found.conflicts == [("email", "ann@firm.example", ("ann", "bob"))]
    assert read([*told, merged("ann", 6, previous_lead_id="bob")])[1].conflicts == []


def test_an_alias_of_a_known_lead_is_a_conflict_until_they_are_merged() -> None:
    told = [ANN, BOB, says("alias", 5, userId="ann", previousId="bob")]
    assert read([*told, told[2] | {"messageId": "again"}])[1].conflicts == [("user", "bob", ("bob", "ann"))]
    assert read([*told, merged("ann", 6, previous_lead_id="bob")])[1].conflicts == []


def test_a_companys_address_in_a_group_call_makes_its_people_no_one_lead() -> None:
    office = {"email": "office@firm.example"}
    told = [says("group", 1, userId=who, groupId="firm", traits=office) for who in ("ann", "bob")]
    assert leads(*told) == ["ann", "bob"]


@pytest.mark.parametrize("crm_name", ["email", "user", "lead", "anonymous", " EMAIL "])
def test_no_crm_passes_for_another_kind_of_name(crm_name: str) -> None:
    told = [ANN, track("bob", "Lead Status Changed", 2, crm=crm_name, crm_lead_id="ann@firm.example")]
    assert leads(*told) == ["ann", "bob"]
    assert lead_of("email", "ann@firm.example", *told) == "ann"


def test_ten_thousand_names_with_one_address_are_ten_thousand_leads() -> None:
    """Ten were too many for one person; before the tenth was heard of, nine seemed to be one."""
    told = [identify(f"u{number:05}", number / 10_000, email="ann@firm.example") for number in range(10_000)]
    _, found = read(told)
    assert len(found.lead_ids) == 10_000
    assert found.lead.tolist() == list(range(10_000))
    assert found.former.row.tolist() == list(range(1, 9))
    assert (found.identifiers.get(("email", "ann@firm.example")), found.conflicts) == (None, [])


@pytest.mark.parametrize(("address", "most"), [("ann@firm.example", 9), ("info@firm.example", 2)])
def test_an_address_is_a_persons_until_too_many_have_it(address: str, most: int) -> None:
    told = [identify(f"u{number}", number, email=address) for number in range(most + 1)]
    assert leads(*told[:-1]) == ["u0"]
    assert leads(*told) == sorted(f"u{number}" for number in range(most + 1))
    assert history(told[1], *told) == [("u0", us(1), us(most)), ("u1", us(most), NOT_YET)]
    assert history(told[-1], *told) == [(f"u{most}", us(most), NOT_YET)]


def in_public(number: int, day: float, address: str) -> Told:
    return identify(f"web{number}", day, email=address) | PUBLIC_KEY


@pytest.mark.parametrize(("address", "most"), [("ann@firm.example", 9), ("info@firm.example", 2)])
def test_users_of_public_keys_part_nobody_whom_others_joined(address: str, most: int) -> None:
    """Anybody may say anybody's address ten times with a key that stands in a web page."""
    trusted = [identify("ann", 1, email=address), identify("record", 2, email=address)]
    public = [in_public(number, 3 + number, address) for number in range(most)]
    assert leads(*trusted, *public[: most - 2]) == ["ann"]
    told = [*trusted, *public]
    assert leads(*told) == ["ann", *sorted(f"web{number}" for number in range(most))]
    assert history(told[1], *told) == [("ann", us(2), NOT_YET)]
    assert lead_of("email", address, *told) == "ann"
    assert read(told)[1].conflicts == []


def test_an_address_that_many_claim_in_public_is_the_first_trusted_ones() -> None:
    """Who claimed it with a public key before had joined them; now they are one without it."""
    public = [in_public(number, number, "ann@firm.example") for number in range(9)]
    told = [*public, identify("ann", 10, email="ann@firm.example"), identify("record", 11, email="ann@firm.example")]
    assert leads(*public, identify("ann", 10, email="other@firm.example")) == ["ann", "web0"]
    assert leads(*told) == ["ann", *(f"web{number}" for number in range(9))]
    assert lead_of("email", "ann@firm.example", *told) == "ann"
    assert {tuple(leads(*told[turn:], *told[:turn])) for turn in range(len(told))} == {tuple(leads(*told))}


def test_too_many_trusted_users_of_an_address_part_as_ever() -> None:
    told = [identify(f"u{number}", number, email="info@firm.example") for number in range(3)]
    assert leads(*told, in_public(1, 0.5, "info@firm.example")) == ["u0", "u1", "u2", "web1"]


def test_whose_a_shared_address_is_does_not_depend_on_the_order_of_arrival() -> None:
    told = [identify(who, day, email="info@firm.example") for day, who in enumerate(("ann", "bob", "cid"))]
    told.append(identify("cid", 4, email="cid@firm.example"))
    found = {tuple(leads(*order)) for order in permutations(told)}
    assert found == {("ann", "bob", "cid")}
    assert {lead_of("email", "cid@firm.example", *order) for order in permutations(told)} == {"cid"}


def test_who_first_gave_a_shared_address_is_known_by_the_next_one() -> None:
    office = [identify(who, day, email="info@firm.example") for day, who in enumerate(("bob", "cid", "dee"), 2)]
    told = [ANN, *office, identify("bob", 6, email="ann@firm.example")]
    assert leads(ANN, office[0], told[-1]) == ["ann", "bob"]  # an address of its own made bob somebody
    assert leads(*told) == ["ann", "cid", "dee"]


def test_an_address_of_many_ties_no_merged_lead_apart() -> None:
    told = [identify(f"u{number}", number, email="info@firm.example") for number in range(4)]
    assert leads(*told, merged("u2", 5, previous_lead_id="u3")) == ["u0", "u1", "u2"]


@pytest.mark.parametrize(
    "address", ["noemail@none.example", "No-Reply@firm.example", "test@test.com", "no.email@x.example"]
)
def test_a_placeholder_joins_nobody_and_is_no_name(address: str) -> None:
    told = [identify("ann", 1, email=address), identify("bob", 2, email=address)]
    assert leads(*told) == ["ann", "bob"]
    assert lead_of("email", address.lower(), *told) is None
    assert account_periods(read(told)[0], read(told)[1], SMALL).account_ids == []


def test_one_address_with_composed_or_single_accents_is_one_leads() -> None:
    told = [identify("ann", 1, email="jose\u0301@firm.example"), identify("bob", 2, email="Jos\u00c9@firm.example")]
    assert leads(*told) == ["ann"]
    assert lead_of("email", "jos\u00e9@firm.example", *told) == "ann"


def test_an_earlier_owner_heard_of_late_takes_all_names_over() -> None:
    told = [identify(f"u{number}", 5 + number, email="ann@firm.example") for number in range(5)]
    _, found = read([*told, identify("first", 1, known=20, email="ann@firm.example")])
    assert found.lead_ids == ["first", "u0"]
    assert found.lead.tolist() == [0] * 6
    assert found.former.lead.tolist() == [1] * 5
    assert set(found.former.until_us.tolist()) == {us(20)}


def test_aliases_in_a_circle_mean_the_same_in_every_order() -> None:
    """Also where a link is heard again with an earlier time, and stays the link that it was."""
    told = [
        says("alias", 1, userId="visitor-3", previousId="visitor-1"),
        says("alias", 2, userId="visitor-1", previousId="visitor-3"),
        says("alias", 1, userId="visitor-1", previousId="visitor-3"),
        page("visitor-1", 1),
    ]
    owners = {lead_of("anonymous", "visitor-1", *known_in_order(order)) for order in permutations(told)}
    assert len(owners) == 1, owners


def test_an_old_date_takes_an_address_from_nobody_where_the_sender_may_only_write() -> None:
    thief = identify("thief", 0.5, known=9, email="ann@firm.example")
    assert leads(ANN, thief) == ["thief"]  # a file, an operator: the date is taken at its word
    assert leads(ANN, thief | {"flags": "late_claim"}) == ["ann"]
    own = identify("thief", 4, email="thief@firm.example")
    assert leads(ANN, own, thief | {"flags": "late_claim"}) == ["ann", "thief"]
