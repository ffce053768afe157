"""An agreement drafted from events names what was found in them, and loads."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from vendor_exports import START, people, salesforce, warehouse

from features.agreement.agreement import Agreement
from features.home.errors import LeadlightError
from training.draft.agreement_text import policy_text
from training.draft.column_roles import OutcomeError
from training.draft.from_events import event_draft
from training.draft.from_export import Draft


def written(folder: Path, events: list[dict[str, Any]]) -> Path:
    path = folder / "events.jsonl"
    stamped = [{"messageId": f"m{n}", "timestamp": START + timedelta(hours=n)} | raw for n, raw in enumerate(events)]
    path.write_bytes(b"\n".join(map(orjson.dumps, stamped)))
    return path


def track(name: str, lead: int = 0, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "userId": f"u{lead}", "event": name, "properties": properties}


def page(path: str, lead: int = 0) -> dict[str, Any]:
    return {"type": "page", "userId": f"u{lead}", "properties": {"path": path}}


def identify(lead: int, **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": f"u{lead}", "traits": traits}


WON = track("Lead Converted")


def agreed(draft: Draft) -> Agreement:
    return Agreement.parse(draft.text)


def drafted(folder: Path, *events: dict[str, Any], outcome: str | None = None) -> Draft:
    return event_draft(written(folder, [*events, WON]), outcome)


def test_names_become_behaviours_and_known_ones_keep_their_lines(tmp_path: Path) -> None:
    draft = drafted(tmp_path, track("Webinar Attended", minutes_attended=3), track("Trial Started"), page("/pricing"))
    behaviours = agreed(draft).behaviours
    assert behaviours["webinar"] == Agreement.default().behaviours["webinar"]
    assert behaviours["pricing_page"] == Agreement.default().behaviours["pricing_page"]
    assert (behaviours["trial_started"].event, behaviours["trial_started"].label) == ("Trial Started", "trial started")
    assert "whitepaper" not in behaviours


def test_parts_of_the_site_become_behaviours_but_ids_and_rare_pages_do_not(tmp_path: Path) -> None:
    views = [page("/docs/api/keys") for _ in range(150)]
    draft = drafted(tmp_path, *views, page("/"), page("/4711"), page("/legal"))
    behaviours = agreed(draft).behaviours
    assert behaviours["docs_page"].where == {"path": ("/docs*",)}
    assert not {"legal_page", "4711_page"} & behaviours.keys()


def test_what_sales_does_and_what_became_of_leads_is_no_behaviour(tmp_path: Path) -> None:
    draft = drafted(tmp_path, track("Call Attempted"), track("Lead Status Changed"), track("Opportunity Created"))
    in_rules = {"demo_request", "contact_sales", "support_form", "application"}
    assert set(agreed(draft).behaviours) == in_rules


def test_the_question_is_drafted_and_how_often_a_conversion_had_a_contact_before(tmp_path: Path) -> None:
    called = [track("Call Attempted", 1), track("Lead Converted", 1), track("Lead Converted", 2)]
    draft = drafted(tmp_path, *called)  # the last conversion, of lead 0, had no contact either
    assert agreed(draft).outcome.asks == "as things are"
    assert "33% of conversions had a contact by sales before" in "".join(draft.notes)
    assert "whom sales tried is not on record" in "".join(drafted(tmp_path).notes)


def test_traits_are_those_of_identify_calls_without_what_must_not_be_seen(tmp_path: Path) -> None:
    said = [
        identify(
            n,
            email=f"p{n}@firm.example",
            employees=10 + n % 5,
            industry=("a", "b")[n % 2],
            gender=("f", "m")[n % 2],
            leadStatus=("New", "Working")[n % 2],
            job_title=f"Buyer {n}",
        )
        for n in range(60)
    ]
    agreement = agreed(drafted(tmp_path, *said))
    assert {name: trait.kind for name, trait in agreement.traits.items()} == {
        "employees": "number", "industry": "category", "job_title": "text",
    }  # fmt: skip
    assert {name: line.why for name, line in agreement.excluded.items()} == {
        "gender": "protected", "lead_status": "known only after contact: sales sets it",
    }  # fmt: skip


def test_who_people_are_is_whom_to_call_and_no_trait(tmp_path: Path) -> None:
    names, towns = "Anna Max Clara Emil Frieda Jonas".split(), "Ulm Bonn Kiel".split()
    said = [
        identify(
            n,
            firstName=names[n % 6],
            lastName=names[n % 5],
            phone=f"+49 30 12345{n % 4}",
            birthday=f"19{60 + n % 30}-05-01",
            adviser=f"{names[n % 6]} {('Weber', 'Horn', 'Jung')[n % 3]}",
            city=towns[n % 3],
            company={"name": f"Firma {n % 9}"},
        )
        for n in range(60)
    ]
    agreement = agreed(drafted(tmp_path, *said))
    assert set(agreement.traits) == {"city"}
    assert {name: line.why for name, line in agreement.excluded.items()} == {
        "birthday": "protected", "adviser": "perhaps personal: its values read as names of people",
    }  # fmt: skip
    contact = agreement.contact
    assert (contact.name[0], contact.phone[0], contact.company[0]) == ("first_name last_name", "phone", "company_name")


def test_the_outcome_is_found_or_asked_for(tmp_path: Path) -> None:
    assert agreed(drafted(tmp_path)).outcome.event == "Lead Converted"
    won = [track("Opportunity Won"), track("Trial Started")]
    assert agreed(event_draft(written(tmp_path, won))).outcome.event == "Opportunity Won"
    with pytest.raises(OutcomeError, match=r'no event is "Trial Strated"; did you mean "Trial Started"\?'):
        event_draft(written(tmp_path, won), "Trial Strated")
    with pytest.raises(OutcomeError, match='say which one means converted: --outcome NAME; it has "Trial Started"'):
        event_draft(written(tmp_path, won[1:]))


def test_a_behaviour_that_is_the_outcome_is_left_out(tmp_path: Path) -> None:
    draft = drafted(tmp_path, track("Webinar Attended", minutes_attended=3), outcome="Webinar Attended")
    assert agreed(draft).outcome.event == "Webinar Attended"
    assert "webinar" not in agreed(draft).behaviours


def test_a_warehouse_is_drafted_from_and_no_track_counts_twice(tmp_path: Path) -> None:
    leads = people(30)
    draft = event_draft(warehouse(tmp_path, leads), "Webinar Attended")
    webinars = sum(person.webinar_at is not None for person in leads)
    assert draft.rows == sum(len(person.visits) + 2 for person in leads) + webinars
    assert f"Webinar Attended: the outcome, as {webinars} of 30 leads had it" in draft.notes
    assert "pricing_page: a behaviour of the default agreement, 90 events" in draft.notes


def test_a_table_of_leads_is_no_file_of_events(tmp_path: Path) -> None:
    with pytest.raises(LeadlightError, match=r"leads.csv holds no events but leads; .*--from salesforce"):
        event_draft(salesforce(tmp_path, people(3))[:1])


def lives(*, known_late: bool) -> list[dict[str, Any]]:
    """Of 60 leads half convert, and of these a plan is said then; or said to have been so all along."""
    told: list[dict[str, Any]] = []
    for lead in range(60):
        came, won = START + timedelta(days=lead), START + timedelta(days=lead + 30)
        told.append(identify(lead, industry=("a", "b")[lead % 3 == 0]) | {"timestamp": came, "receivedAt": came})
        if lead % 2:
            told.append(track("Lead Converted", lead) | {"timestamp": won, "receivedAt": won})
            plan = identify(lead, plan=("basic", "pro")[lead % 4 == 1])
            told.append(plan | {"timestamp": came if known_late else won, "receivedAt": won})
    return told


@pytest.mark.parametrize("known_late", [True, False], ids=["back-filled", "set by the outcome"])
def test_a_trait_that_the_outcome_filled_is_excluded(tmp_path: Path, known_late: bool) -> None:
    draft = drafted(tmp_path, *lives(known_late=known_late))
    agreement = agreed(draft)
    assert set(agreement.traits) == {"industry"}
    assert (
        agreement.excluded["plan"].why == "first known after contact or outcome for 100% of the 30 leads that have it"
    )
    assert any(line.startswith("plan: excluded, first known after contact or outcome") for line in draft.sentences)


def test_a_trait_that_only_the_converted_have_is_excluded_even_if_it_came_before(tmp_path: Path) -> None:
    told = [raw | {"receivedAt": raw["timestamp"]} for raw in lives(known_late=True)]
    why = agreed(drafted(tmp_path, *told)).excluded["plan"].why
    assert why.startswith("filled for 97% of the converted and for hardly any other")


def test_the_outcome_is_stated_for_what_it_is(tmp_path: Path) -> None:
    [note] = [note for note in drafted(tmp_path).notes if "accept" in note]
    assert note.endswith('Opportunity Won tells who buys; to take that, say --outcome "Opportunity Won"')
    won = event_draft(written(tmp_path, [track("Opportunity Won")]))
    assert not [note for note in won.notes if "accept" in note]


def test_numbers_that_are_text_are_drafted_with_their_sign_and_unclear_ones_excluded(
    tmp_path: Path,
) -> None:
    said = [
        identify(n, pages=f"{n % 7},{n % 9 + 1}", ratio=1 + n % 9 / 1000, revenue=f"{n % 80 + 10}.{n % 7 + 111}")
        for n in range(60)
    ]
    agreement = agreed(drafted(tmp_path, *said))
    assert {name: (trait.kind, trait.decimal) for name, trait in agreement.traits.items()} == {
        "pages": ("number", ","), "ratio": ("number", None),
    }  # fmt: skip
    assert "none of its rows shows whether that is" in agreement.excluded["revenue"].why


def test_rules_of_a_draft_name_drafted_behaviours_alone() -> None:
    """Where the outcome is a form of its own, no form is a behaviour, and no rule may ask for one."""
    text = policy_text({}, {"application"}, 0.1)
    rules = tomllib.loads(text)["rules"]
    assert "sales_ready" not in rules
    assert rules["not_a_lead"] == [{"application": "1 in 90 days"}]
    assert tomllib.loads(text)["people"]["goes_to"] == {"application": "jobs@ourcompany.example"}
    assert "goes_to" not in tomllib.loads(policy_text({}, set(), 0.1))["people"]
