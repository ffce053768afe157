"""Handover, touches and people of the agreement: what may be written, what is refused, and what older ones say."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from features.agreement.agreement import DEFAULT, Agreement, AgreementError
from features.agreement.handover import HandoverTerms, Touches
from features.agreement.lengths import CountWithin, Span
from features.agreement.people import Absence, People, Rep
from features.agreement.signatures import Signature
from features.agreement.standing import standing
from features.agreement.versions import save_version
from features.home.database import engine
from features.home.settings import Home, Settings

TEXT = DEFAULT.read_text(encoding="utf-8")
# As the agreement of the first homes was written.
OLD_HANDOVER = """
[handover]
first_contact    = { inbound = "15 minutes", other = "24 hours" }
inbound          = ["demo_request"]
office_hours     = { days = "Mon-Sat", from = "08:00", to = "17:00", holidays = ["2026-12-25"] }
owner            = "round_robin"
reps             = ["Ann@ourcompany.example", "0055g00000Ab1"]
escalate_to      = ["lead@ourcompany.example"]
notify           = ["sales-slack"]
catch_up_per_day = 7
"""
SMALL = '[outcome]\nevent = "Lead Converted"\n[behaviours]\ndemo_request = { event = "Demo" }\n'


def small(sections: str) -> Agreement:
    return Agreement.parse(f'name = "small"\n{SMALL}{sections}')


def changed(*replacements: tuple[str, str]) -> Agreement:
    text = TEXT
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    return Agreement.parse(text)


def refused(sections: str, folder: Path | None = None) -> str:
    path = (folder or Path()) / "agreement.toml"
    if folder:
        path.write_text(f'name = "small"\n{SMALL}{sections}', encoding="utf-8")
    with pytest.raises(AgreementError) as error:
        _ = Agreement.read(path) if folder else small(sections)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_not_written_is_as_in_the_default_file() -> None:
    assert Agreement.default().handover == HandoverTerms()
    assert Agreement.default().people.model_copy(update={"goes_to": {}}) == People()
    assert Agreement.default().touches.at_most == CountWithin(2, timedelta(days=7))
    assert Touches().at_most is None
    assert small("").policy.explore is None


def test_clocks_are_written_in_minutes_working_days_and_days() -> None:
    handover = Agreement.default().handover
    assert (str(handover.first_contact.inbound), str(handover.first_contact.other)) == ("30 minutes", "1 working day")
    assert str(handover.reassign_after.inbound) == "1 hour"
    assert handover.decide_within == Span(30, "days")
    assert (handover.tries.count, str(handover.tries)) == (6, "6 in 21 days")
    assert small('[handover]\nrep_keeps = "2 weeks"').handover.rep_keeps == Span(14, "days")


def test_a_rep_is_a_number_of_leads_a_day_or_a_table() -> None:
    reps = (
        '[people]\nreps = { "Ann@ourcompany.example" = 5, "0055g00000Ab1" = { per_day = 3, time_zone = "Asia/Tokyo", '
        'away = ["2026-12-20 to 2027-01-02", "2026-11-30"], holidays = ["JP"] } }\n'
        'inside_sales = { "ben@a.example" = 20 }'
    )
    people = small(reps).people
    assert people.reps["ann@ourcompany.example"] == Rep(per_day=5)
    other = people.reps["0055g00000Ab1"]
    assert (other.per_day, other.time_zone, other.holidays) == (3, "Asia/Tokyo", ("JP",))
    assert other.away == (
        Absence(date(2026, 12, 20), date(2027, 1, 2)),
        Absence(date(2026, 11, 30), date(2026, 11, 30)),
    )
    assert [other.is_away(date(2026, 11, day)) for day in (29, 30)] == [False, True]
    assert [people.side_of(by) for by in ("ANN@ourcompany.example", "ben@a.example", "eve@a.example", None)] == [
        "sales", "inside_sales", None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sections", "sentence"),
    [
        ('[handover]\ntries = "0 in 21 days"', "handover.tries = '0 in 21 days' allows none or too many; write"),
        ('[handover]\ntries = "6 in a while"', "does not say how many within how long; write for example"),
        ('[handover]\ntries = 6', "handover.tries = 6 does not say how many within how long"),
        ('[touches]\nat_most = "2 a week"', "touches.at_most = '2 a week' does not say how many"),
        ('[touches]\nat_most = "2 in 3 working days"', "does not say how many within how long"),
        ('[handover]\ndecide_within = "soon"', "handover.decide_within = 'soon' is no length of time; write"),
        ('[handover]\nfirst_contact = { inbound = "1.5 working days" }', "is no length of time"),
        ('[handover]\naccept_at_least = 6', "handover.accept_at_least = 6 is over 1"),
        ('[handover]\nlive = "yes"', "handover.live = 'yes' is neither true nor false"),
        ('[policy]\nexplore = { below = 0.01 }', "policy.explore.near is missing; write near = 0.10"),
        ('[policy]\nexplore = { below = 2, near = 0.1 }', "policy.explore.below = 2 is over 0.5"),
        ('[people]\noffice_hours = { from = "18:00", to = "09:00" }', "to = '09:00' is not after the opening"),
        ('[people]\noffice_hours = { days = [] }', "office_hours.days = [] names no days"),
        ('[people]\noffice_hours = { holidays = ["DE-XX"] }', "'DE-XX' is no region of DE whose holidays are known"),
        ('[people]\noffice_hours = { holidays = ["DE-BI"] }', 'did you mean "DE-'),
        ('[people]\noffice_hours = { holidays = ["XX"] }', "'XX' is a region whose holidays are not known"),
        ('[people]\noffice_hours = { holidays = ["Bavaria"] }', "'Bavaria' is no date and no region"),
        ('[people]\nreps = { "ann@a.example" = { away = ["2027-01-02 to 2026-12-20"] } }', "ends before it begins"),
        ('[people]\nreps = { "ann@a.example" = { away = ["next week"] } }', "says no days"),
        ('[people]\nreps = { "ann@a.example" = { away = "2026-12-20" } }', "is no list"),
        ('[people]\nreps = { "ann@a.example" = { time_zone = "Berlin" } }', "time_zone = 'Berlin' is no time zone"),
        ('[people]\nreps = { "ann@a.example" = "five" }', "is no number of leads a day"),
        ('[people]\nreps = { "ann@a.example" = -1 }', "is under 0"),
        ('[people]\nreps = { "ann@a.example" = 1, "Ann@a.example" = 2 }', "'ann@a.example' is there twice"),
        ('[people]\nreps = { "a@a.example" = 1 }\ninside_sales = { "a@a.example" = 2 }', "is a rep as well"),
        ('[people]\nreps = 5', "people.reps = 5 names no people"),
        ('[people]\nowner = "round_robin"', "people.owner = 'round_robin' has nobody to assign"),
        ('[people]\nnotify = ["mailtos://u:p@mail.example"]', "holds an address; write a name such as"),
        ('[people]\ngoes_to = { demo_requst = "a@a.example" }', "goes_to.demo_requst is no behaviour; did you mean"),
        ('[people]\nlive = true', "people.live = true is not known here; it belongs in [handover]"),
        ('[handover]\ngoes_to = {}', "handover.goes_to is not known here; it belongs in [people]"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_in_a_sentence(sections: str, sentence: str) -> None:
    assert sentence in refused(sections)


@pytest.mark.parametrize(
    ("sections", "sentence"),
    [
        ('[people]\nreps = { "Ann Smith" = 5 }', "people.reps = 'Ann Smith' is neither an e-mail address nor an id"),
        ('[people]\ninside_sales = { "ann@" = 5 }', "people.inside_sales = 'ann@' is neither an e-mail address nor"),
        ('[people]\nescalate_to = ["the boss"]', "people.escalate_to = 'the boss' is neither"),
        ('[people]\nnotify = ["boss@a.example"]', "people.notify = 'boss@a.example' holds an address"),
        ('[handover]\ngive_back_after = "0 days"', "handover.give_back_after = '0 days' is over at once"),
        ('[handover]\nfirst_contact = { other = "0 minutes" }', "handover.first_contact.other = '0 minutes' is over"),
    ],
)
def test_what_older_agreements_could_say_is_refused_in_a_file_and_read_in_a_home(
    sections: str, sentence: str, tmp_path: Path
) -> None:
    small(sections)
    assert sentence in refused(sections, tmp_path)


def test_the_handover_of_an_older_agreement_is_read_with_a_note_for_each_line_to_rewrite() -> None:
    agreement = small(f"[policy]\nexplore = 0.02\n{OLD_HANDOVER}")
    hours = agreement.people.office_hours
    assert (hours.opens, hours.closes, hours.holidays) == (time(8), time(17), (date(2026, 12, 25),))
    assert agreement.people.reps == {"ann@ourcompany.example": Rep(), "0055g00000Ab1": Rep()}
    assert (agreement.people.owner, agreement.people.escalate_to) == ("round_robin", ("lead@ourcompany.example",))
    assert agreement.handover.first_contact.inbound == Span(15, "minutes")
    assert (agreement.handover.catch_up_per_day, agreement.policy.explore) == (7, None)
    explore, moved, inbound, hours_note = agreement.notes
    assert "policy.explore = 0.02 is one share for all and is read as off; remove it, or write explore = {" in explore
    assert "handover.office_hours, owner, reps, escalate_to, notify" in moved
    assert "write these lines below [people]" in moved
    assert "handover.inbound is not needed any more" in inbound
    assert "first_contact.other = 24 hours runs inside office hours, so it takes 2.7 working days" in hours_note
    assert Agreement.default().notes == ()


def test_a_line_in_both_places_is_refused_in_the_old_one() -> None:
    both = '[handover]\nowner = "crm"\n[people]\nowner = "crm"\n'
    assert "handover.owner = 'crm' is not known here; it belongs in [people]" in refused(both)


def test_an_old_text_that_a_home_keeps_is_no_new_version_when_it_is_read_anew(tmp_path: Path) -> None:
    home, moment = Home(tmp_path / "home", Settings()), datetime(2026, 1, 1, tzinfo=UTC)
    old = small(OLD_HANDOVER)
    assert [save_version(home, agreed, moment).version for agreed in (old, small(OLD_HANDOVER))] == [1, 1]
    engine(home.database_url).dispose()


# What is signed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("holidays = [] }", 'holidays = ["DE-BY"] }'),
        ("reps             = {}", 'reps = { "ann@ourcompany.example" = 5 }'),
        ("notify           = []", 'notify = ["sales-slack"]'),
        ('time_zone   = "UTC"', 'time_zone = "Europe/Berlin"'),
        ("agreed_by   = []", 'agreed_by = ["Ann, marketing"]'),
        ("= false  ", "= true  "),
        ('"support@ourcompany.example"', '"help@ourcompany.example"'),
    ],
)
def test_who_and_where_changes_no_decision_and_no_signature(old: str, new: str) -> None:
    default, other = Agreement.default(), changed((old, new))
    assert other.digest != default.digest
    kept = ("signed_digest", "policy_digest", "feature_digest")
    assert [getattr(other, name) for name in kept] == [getattr(default, name) for name in kept]


@pytest.mark.parametrize(
    ("old", "new", "decides"),
    [
        ("min_points = 6", "min_points = 8", True),
        ("1 in 14 days", "1 in 7 days", True),
        ('"/pricing*"', '"/prices*"', True),
        ('"6 in 21 days"', '"4 in 21 days"', False),
        ('"2 in 7 days"', '"3 in 7 days"', False),
        ("review_after = 4", "review_after = 3", False),
        ('label = "webinars"', 'label = "seminars"', False),
        ('keep_events = "3 years"', 'keep_events = "5 years"', False),
    ],
)
def test_parts_one_and_two_are_signed_and_decisions_name_what_decides(old: str, new: str, decides: bool) -> None:
    default, other = Agreement.default(), changed((old, new))
    assert other.signed_digest != default.signed_digest
    assert (other.policy_digest != default.policy_digest) is decides


def signed(agreement: Agreement, *sides: str) -> list[Signature]:
    return [Signature("Ann", side, datetime(2026, 11, 1, tzinfo=UTC), agreement.signed_digest) for side in sides]  # type: ignore[arg-type]


LIVE = (("= false  ", "= true  "), ("escalate_to      = []", 'escalate_to = ["lead@ourcompany.example"]'))


def test_an_agreement_is_live_once_it_says_so_both_signed_it_and_somebody_hears() -> None:
    live = changed(*LIVE)
    assert standing(live, signed(live, "marketing", "sales")).is_live
    one = standing(live, signed(live, "marketing"))
    assert (one.is_live, one.missing) == (False, ("sales",))
    assert one.why_not == "not signed by sales; run: leadlight agreement sign --by NAME --side sales"
    trial, unheard = changed(LIVE[1]), changed(LIVE[0])
    assert "still a trial" in str(standing(trial, signed(trial, "marketing", "sales")).why_not)
    assert "nobody would hear" in str(standing(unheard, signed(unheard, "marketing", "sales")).why_not)


def test_a_later_change_stays_live_and_is_said() -> None:
    live = changed(*LIVE)
    both = signed(live, "marketing", "sales")
    later = changed(*LIVE, ("min_points = 6", "min_points = 7"))
    now = standing(later, both)
    assert (now.is_live, now.changed_since_signed, now.missing) == (True, True, ("marketing", "sales"))
    again = standing(later, [*both, *signed(later, "sales")])
    assert (again.is_live, again.changed_since_signed, again.missing) == (True, True, ("marketing",))
    assert not standing(later, [*both, *signed(later, "sales", "marketing")]).changed_since_signed


def test_two_sides_that_signed_different_texts_agreed_to_nothing() -> None:
    live, later = changed(*LIVE), changed(*LIVE, ("min_points = 6", "min_points = 7"))
    apart = standing(later, [*signed(live, "marketing"), *signed(later, "sales")])
    assert (apart.is_live, apart.changed_since_signed, apart.missing) == (False, False, ("marketing",))


def test_signatures_stand_in_the_file_and_words_without_a_digest_sign_nothing() -> None:
    live = changed(*LIVE)
    lines = ", ".join(
        f'{{ by = "Ann", side = "{side}", at = 2026-11-01T09:00:00Z, digest = "{live.signed_digest}" }}'
        for side in ("marketing", "sales")
    )
    assert standing(changed(*LIVE, ("agreed_by   = []", f"agreed_by = [{lines}]"))).is_live
    words = changed(*LIVE, ("agreed_by   = []", 'agreed_by = ["Ann, marketing, 2026", "Ben, sales, 2026"]'))
    assert not standing(words).is_live
    for line, sentence in (
        ('{ by = "Ann" }', "is no signature; run: leadlight agreement sign"),
        ('{ by = "A", side = "legal", at = 2026-11-01T09:00:00Z, digest = "sha256:1" }', "is no side that signs"),
        ('{ by = "A", side = "sales", at = "today", digest = "sha256:1" }', "is no moment"),
    ):
        with pytest.raises(AgreementError, match=sentence):
            changed(("agreed_by   = []", f"agreed_by = [{line}]"))
