"""The agreement reads, refuses, signs and digests as people expect."""

from __future__ import annotations

import random
import re
import tomllib
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st
from signed_agreement import with_line_moved

from features.agreement.agreement import DEFAULT, Agreement, AgreementError
from features.agreement.checks import CRM_EVENTS, LATER_SALES_EVENTS, SALES_TOUCHES, check_learnable, is_protected
from features.agreement.conditions import FACT_VALUES
from features.agreement.learning import Behaviour
from features.agreement.policy import Bar
from features.agreement.versions import current_version, save_version
from features.home.database import engine
from features.home.errors import LeadlightError
from features.home.settings import Home, Settings
from features.identity.email import mail_kind
from features.traits.job_title import DEPARTMENTS, RANKS

TEXT = DEFAULT.read_text(encoding="utf-8")
SMALL = """
name = "x-education"
[outcome]
event = "Lead Converted"
undated = true
[traits]
lead_origin = { kind = "category", column = "Lead Origin", known = "at_creation", label = "lead origin" }
visits = "number"
"""


def changed(*replacements: tuple[str, str]) -> str:
    text = TEXT
    for old, new in replacements:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    return text


def refusal(text: str) -> AgreementError:
    with pytest.raises(AgreementError) as refused:
        Agreement.parse(text)
    assert "\n" not in str(refused.value)
    return refused.value


def test_the_default_agreement_says_what_the_file_says() -> None:
    agreement = Agreement.default()
    assert (agreement.name, agreement.time_zone, agreement.our_domains) == ("default", "UTC", ("ourcompany.example",))
    assert (agreement.outcome.event, agreement.outcome.within_days) == ("Lead Converted", 90)
    assert agreement.half_lives == (1, 7, 30)
    assert agreement.behaviours["webinar"].minutes == "minutes_attended"
    assert agreement.behaviours["careers_page"].direction == "down"
    assert agreement.traits["job_title"].kind == "text"
    assert {"source", "campaign"} <= set(agreement.traits)
    assert agreement.excluded["gender"].why == "protected"
    assert (agreement.policy.bar, agreement.policy.min_points) == (Bar("share", 0.10), 6)
    assert agreement.text == TEXT


def test_the_sections_that_later_work_fills_are_typed_from_the_start() -> None:
    agreement = Agreement.default()
    hours = agreement.people.office_hours
    assert (hours.days, hours.opens, hours.closes) == ((0, 1, 2, 3, 4), time(9), time(18))
    assert agreement.nurture.come_back == {"contract_end": timedelta(days=90), "revisit_on": timedelta(0)}
    assert agreement.costs is None
    assert agreement.campaigns == {}
    assert agreement.privacy.keep_events == timedelta(days=3 * 365)


def test_campaigns_and_holidays_parse() -> None:
    campaign = '# spring-launch = { cost = 12000, also = ["Spring_Launch_2026"] }'
    agreement = Agreement.parse(changed((campaign, campaign[2:]), ("holidays = []", 'holidays = ["2026-12-25"]')))
    assert agreement.campaigns["spring-launch"].also == ("Spring_Launch_2026",)
    assert agreement.people.office_hours.holidays == (date(2026, 12, 25),)


def test_a_plain_export_needs_no_behaviours_rules_or_criteria() -> None:
    agreement = Agreement.parse(SMALL)
    assert (agreement.behaviours, agreement.rules, agreement.criteria) == ({}, {}, {})
    assert agreement.policy.min_points == 0
    assert agreement.outcome.horizon_days is None
    assert agreement.traits["lead_origin"].column == "Lead Origin"
    assert agreement.traits["visits"].label == "visits"


def test_an_undated_outcome_has_no_horizon_even_where_one_is_written() -> None:
    assert (
        Agreement.parse(SMALL.replace("undated = true", "undated = true\nwithin_days = 30")).outcome.horizon_days
        is None
    )


def test_a_dated_outcome_is_watched_for_ninety_days_unless_agreed() -> None:
    assert Agreement.parse(SMALL.replace("undated = true", "")).outcome.horizon_days == 90


def test_min_points_are_half_of_what_the_criteria_give_unless_agreed() -> None:
    assert Agreement.parse(changed(("min_points = 6 ", "# "))).policy.min_points == 6
    assert Agreement.parse(SMALL + '[criteria]\nprofile.2 = { visits = "3 to 9" }').policy.min_points == 1


def test_an_export_section_names_the_columns() -> None:
    export = '[export]\nid = "Lead Number"\noutcome = "Converted"\npositive = 1\nmissing = ["Select", ""]\n'
    agreement = Agreement.parse(SMALL + export)
    assert agreement.export is not None
    assert (agreement.export.positive, agreement.export.created_at) == ("1", None)
    assert agreement.export.missing == ("Select", "")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "{ share = 0.10 }",
            '"tenth"',
            "agreement.toml: policy.bar = 'tenth' is no bar; write { share = 0.10 }, { probability = 0.20 }, "
            '{ per_week = 120 } or "costs"',
        ),
        ("min_points = 6", 'min_points = "six"', "policy.min_points = 'six' is no whole number; write for example"),
        ("min_points = 6", "min_points = true", "policy.min_points = true is no whole number"),
        ("min_points = 6", "min_points = 60", "is more than the criteria can give (12); write 12 or less"),
        ("min_points = 6", "min_pionts = 6", 'policy.min_pionts = 6 is not known here; did you mean "min_points"?'),
        ("min_points = 6", "catch_up_per_day = 6", "is not known here; it belongs in [handover]"),
        ("back_below = 0.8", "back_below = 1.8", "policy.back_below = 1.8 is over 1; write for example back_below"),
        ("score_50   = 0.06", "score_50 = nan", "policy.score_50 = nan is no finite number"),
        ("{ A = 70, B = 60, C = 50 }", "{ A = 50, B = 60 }", "policy.grades = {'A': 50, 'B': 60} does not fall"),
        ("[behaviours]", "[behaviors]", 'behaviors is not known here; did you mean "behaviours"?'),
        ('direction = "up"', 'direction = "upwards"', "direction = 'upwards' is no choice; write one of up, down"),
        ('event = "Webinar Attended", ', "", 'behaviours.webinar.event is missing; write event = "Webinar Attended"'),
        ('employees = "number"', 'employees = "nubmer"', "traits.employees = 'nubmer' is no kind; did you mean"),
        ('job_title = "text"', 'webinar = "text"', "traits.webinar is a behaviour as well; rename one of them"),
        ('job_title = "text"', '"Job Title" = "text"', "traits.Job Title is no snake_case name; write job_title"),
        ('job_title = "text"', 'outcome = "text"', "traits.outcome is a column that Leadlight makes itself"),
        ("trade_show     =", "customer =", "behaviours.customer is a fact that Leadlight derives; rename it"),
        ("no_profiling      =", "no_profilling =", 'rules.no_profilling is no rule; did you mean "no_profiling"?'),
        ("need.2        =", "need.4 =", "is not known here; write one of 3, 2, 1, ask"),
        ('"30 minutes"', '"half an hour"', "first_contact.inbound = 'half an hour' is no length of time; write"),
        ('"09:00"', '"9"', "people.office_hours.from = '9' is no time of day; write for example \"09:00\""),
        ('"90 days before"', '"90 days"', "come_back.contract_end = '90 days' does not say how long before the date"),
        ('"UTC"', '"America/New_Yrok"', "'America/New_Yrok' is no time zone; did you mean \"America/New_York\"?"),
        ('["not_a_fit"]', '["not_a_ft"]', "'not_a_ft' is no choice; did you mean \"not_a_fit\"?"),
        ("[1, 7, 30]", "[7, 1]", "interest.half_life_days = [7, 1] does not rise"),
        ("notify           = []", 'notify = ["https://hooks.example/x"]', "holds an address; write a name"),
        ('owner            = "crm"', 'owner = "round_robin"', "has nobody to assign; write reps"),
        ("{ support_form = \"support@", '{ suport_form = "support@', "suport_form is no behaviour; did you mean"),
        ('event = "Badge Scanned"', 'event = "Opportunity Won"', "is an outcome or what sales itself causes"),
        ('name        = "default"', 'name = "a/b"', "name = 'a/b' cannot name a model"),
        ("[traits]", "[traits", "is no TOML: Expected ']'"),
        ('name        = "default"', 'name = "a"\nname = "b"', "line 6 = 'name = \"b\""),
    ],
)  # fmt: skip
def test_every_error_names_key_value_and_remedy(old: str, new: str, sentence: str) -> None:
    assert sentence in str(refusal(changed((old, new))))


def test_the_costs_must_leave_a_bar_where_they_set_it() -> None:
    bar, costs = ("{ share = 0.10 }", '"costs"'), "[costs]\ncontact = {}\nconversion = 1500\n[campaigns] "
    assert Agreement.parse(changed(bar, ("[campaigns] ", costs.format(60)))).policy.bar == Bar("costs")
    assert "costs.contact = 1600" in str(refusal(changed(bar, ("[campaigns] ", costs.format(1600)))))
    assert "needs [costs]" in str(refusal(SMALL + '[policy]\nbar = "costs"'))


def test_several_problems_are_told_at_once_unknown_keys_first() -> None:
    error = refusal(changed(('"30 minutes"', '"soon"'), ("min_points = 6", "min_pionts = 6"), ('"09:00"', '"9"')))
    assert "min_pionts" in str(error)
    assert len(error.others) == 2
    assert any("'soon'" in other for other in error.others)


def test_errors_name_the_file_that_was_read(tmp_path: Path) -> None:
    path = tmp_path / "europe.toml"
    path.write_text(changed(("min_points = 6", "min_points = -1")), encoding="utf-8")
    with pytest.raises(LeadlightError, match=r"^europe\.toml: policy\.min_points = -1 is under 0"):
        Agreement.read(path)
    with pytest.raises(LeadlightError, match=r"there is no such file; draft one with: leadlight init"):
        Agreement.read(tmp_path / "asia.toml")


def test_a_file_from_windows_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "agreement.toml"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert Agreement.read(path).digest == Agreement.default().digest
    path.write_bytes(TEXT.replace("agreed", "agr\u00e9ed").encode("latin-1"))
    with pytest.raises(AgreementError, match="is not UTF-8; save the file as UTF-8"):
        Agreement.read(path)


@pytest.mark.parametrize("column", ["age", "Gender", "Age group", "Date of Birth", "religion", "Marital Status"])
def test_protected_facts_are_never_traits(column: str) -> None:
    assert is_protected(column)
    text = SMALL + f'field_9 = {{ kind = "category", column = "{column}", why = "we asked" }}\n'
    assert "is protected; leave its line in [excluded]" in str(refusal(text))


@pytest.mark.parametrize(
    "column", ["page_views", "company_age", "lead_age", "language", "engagement", "usage", "message"]
)
def test_names_that_only_sound_protected_are_traits(column: str) -> None:
    assert not is_protected(column)


@pytest.mark.parametrize("event", sorted(CRM_EVENTS | SALES_TOUCHES - LATER_SALES_EVENTS | {"Trial Paid"}))
def test_no_outcome_and_nothing_that_sales_causes_is_a_behaviour(event: str) -> None:
    text = SMALL.replace("Lead Converted", "Trial Paid") + f'[behaviours]\nhint = {{ event = "{event}" }}'
    assert "would give the answer away" in str(refusal(text))


@pytest.mark.parametrize("event", sorted(LATER_SALES_EVENTS))
def test_names_that_became_sales_later_are_refused_where_handed_in_and_read_where_kept(
    event: str, tmp_path: Path
) -> None:
    text = SMALL + f'[behaviours]\nhint = {{ event = "{event}" }}'
    assert Agreement.parse(text).behaviours["hint"].event == event
    with pytest.raises(AgreementError, match="would give the answer away"):
        Agreement.read(written(text, tmp_path))


ODD = st.one_of(
    st.booleans(), st.integers(), st.floats(), st.text(), st.just([]), st.just({}), st.dates(), st.lists(st.integers()),
    st.dictionaries(st.sampled_from(["kind", "why", "share", "event", "3", "ask", "name"]), st.text() | st.integers()),
)  # fmt: skip


@given(st.randoms(use_true_random=False), ODD, st.integers(1, 4))
def test_whatever_is_written_is_read_or_refused_in_one_sentence(draw: random.Random, odd: object, depth: int) -> None:
    plain = tomllib.loads(TEXT)
    section: dict[str, object] = plain
    for _ in range(depth):
        key = draw.choice(list(section) or ["new"])
        inner = section.get(key)
        if not isinstance(inner, dict):
            break
        section = inner
    section[draw.choice([*section, "new_key"])] = odd
    try:
        Agreement.parse(tomlkit.dumps(plain))
    except AgreementError as error:
        for sentence in (str(error), *error.others):
            assert re.match(r"agreement\.toml: .+; .+", sentence) or " is missing; write " in sentence


# Signing: moving a line


def test_moving_a_line_signs_the_field_and_keeps_every_comment() -> None:
    text = changed(
        ('lead_rating  = "known', '# ask Ann\nlead_rating  = "known'),
        ('sales sets it"\nlast', 'sales sets it"  # hm\nlast'),
    )
    moved = with_line_moved(text, "lead_rating")
    rating = Agreement.parse(moved).traits["lead_rating"]
    assert (rating.kind, rating.why) == ("category", "known only after contact: sales sets it")
    assert "lead_rating" not in Agreement.parse(moved).excluded
    before, after = ([line for line in said.splitlines() if "lead_rating" not in line] for said in (text, moved))
    assert before == after
    assert 'sales sets it"  # hm' in moved


def test_a_line_moved_by_hand_or_by_us_means_the_same() -> None:
    line = 'lead_rating = { why = "set by sales", kind = "number", column = "Lead Rating" }'
    by_hand = SMALL + line + "\n"
    by_us = with_line_moved(SMALL + "[excluded]\n" + line + "\n", "lead_rating")
    assert Agreement.parse(by_us).traits == Agreement.parse(by_hand).traits
    assert Agreement.parse(by_us).traits["lead_rating"].kind == "number"


def test_a_line_moved_back_restores_what_was_agreed() -> None:
    there = with_line_moved(TEXT, "lead_rating")
    back = with_line_moved(there, "lead_rating", source="traits", target="excluded")
    assert Agreement.parse(back).digest == Agreement.default().digest


def test_a_line_moves_into_a_section_that_is_not_there_yet() -> None:
    text = 'name = "x"\n[outcome]\nevent = "Won"\n[excluded]\nbudget = "asked by sales"\n'
    assert set(Agreement.parse(with_line_moved(text, "budget")).traits) == {"budget"}


def test_moving_a_line_that_is_not_there_is_refused() -> None:
    with pytest.raises(LeadlightError, match=r"\[excluded\] has no line 'lead_ratin'"):
        with_line_moved(TEXT, "lead_ratin")


def test_a_protected_line_stays_excluded_even_when_moved() -> None:
    assert "is protected" in str(refusal(with_line_moved(TEXT, "gender")))


# Digests


@given(st.randoms(use_true_random=False))
def test_the_digest_does_not_see_comments_formatting_or_the_order_of_keys(draw: random.Random) -> None:
    plain = tomllib.loads(TEXT)
    for section in ("outcome", "behaviours", "traits", "policy", "handover", "people", "rules"):
        keys = list(plain[section])
        draw.shuffle(keys)
        plain[section] = {key: plain[section][key] for key in keys}
    rewritten = Agreement.parse(tomlkit.dumps(plain))
    assert rewritten.digest == Agreement.default().digest
    assert rewritten.feature_digest == Agreement.default().feature_digest


def test_the_order_in_which_rules_are_written_agrees_nothing() -> None:
    """They decide in an order of their own; a file that lists them otherwise is no other agreement."""
    plain = tomllib.loads(TEXT)
    plain["rules"] = dict(reversed(plain["rules"].items()))
    turned, default = Agreement.parse(tomlkit.dumps(plain)), Agreement.default()
    assert (turned.digest, turned.signed_digest) == (default.digest, default.signed_digest)
    assert turned.policy_digest == default.policy_digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("min_points = 6", "min_points = 8"),
        ("{ share = 0.10 }", "{ share = 0.20 }"),
        ('"30 minutes"', '"1 hour"'),
        ('label = "webinars"', 'label = "seminars"'),
        ("need.3        = [{ pricing_page", "need.3        = [{ whitepaper"),
        ("agreed_by   = []", 'agreed_by = ["Ann"]'),
    ],
)
def test_what_we_do_about_it_changes_the_digest_but_needs_no_retraining(old: str, new: str) -> None:
    other = Agreement.parse(changed((old, new)))
    assert other.digest != Agreement.default().digest
    assert other.feature_digest == Agreement.default().feature_digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[1, 7, 30]", "[1, 7, 30, 90]"),
        ("within_days     = 90", "within_days = 30"),
        ('"/pricing*"', '"/prices*"'),
        ('direction = "up"', 'direction = "down"'),
        ('country   = "category"', ""),
        ('last_contact = "known only after contact"', ""),
        ("ourcompany.example", "ours.example"),
    ],
)
def test_what_the_model_learns_from_changes_both_digests(old: str, new: str) -> None:
    other = Agreement.parse(changed((old, new)))
    assert other.digest != Agreement.default().digest
    assert other.feature_digest != Agreement.default().feature_digest


def test_a_copy_with_another_policy_has_its_own_digest() -> None:
    agreement = Agreement.default()
    assert agreement.digest
    other = agreement.model_copy(update={"policy": agreement.policy.model_copy(update={"min_points": 8})})
    assert other.digest == Agreement.parse(changed(("min_points = 6", "min_points = 8"))).digest


# Behaviours


def behaviour(line: str) -> Behaviour:
    return Agreement.parse(SMALL + f"[behaviours]\nseen = {line}").behaviours["seen"]


def test_a_page_behaviour_matches_pages_and_screens_wherever_the_path_stands() -> None:
    pricing = behaviour('{ event = "page", where = { path = "/pricing*" } }')
    assert pricing.matches("Pricing", "page", {"path": "/pricing/teams"}, {})
    assert pricing.matches("Pricing", "screen", {}, {"page": {"path": "/pricing"}})
    assert pricing.matches("", "page", {"url": "https://us.example/pricing?plan=team"}, {})
    assert pricing.matches("", "page", {}, {"page": {"url": "https://us.example/pricing"}})
    assert not pricing.matches("", "page", {"path": "/blog", "url": "https://us.example/pricing"}, {})
    assert not pricing.matches("", "page", {"path": "/Pricing"}, {})
    assert not pricing.matches("page", "track", {"path": "/pricing"}, {})
    assert not pricing.matches("", "page", {}, {"page": None})
    assert not pricing.matches("", "page", {"url": "http://[broken"}, {})


def test_a_track_behaviour_matches_the_event_name_and_all_of_where() -> None:
    demo = behaviour('{ event = "Form Submitted", where = { form_type = ["demo", "trial*"], live = true, step = 2 } }')
    said = {"form_type": "trial-de", "live": True, "step": 2}
    assert demo.matches("Form Submitted", "track", said, {})
    assert not demo.matches("Form Viewed", "track", said, {})
    assert not demo.matches("Form Submitted", "page", said, {})
    assert not demo.matches("Form Submitted", "track", said | {"step": 3}, {})
    assert not demo.matches("Form Submitted", "track", said | {"form_type": None}, {})
    assert not demo.matches("Form Submitted", "track", said | {"form_type": ["demo"]}, {})


def test_the_default_behaviours_know_the_events_of_the_contract() -> None:
    def matched(name: str, type: str, **properties: object) -> list[str]:
        every = Agreement.default().behaviours.values()
        return [behaviour.name for behaviour in every if behaviour.matches(name, type, properties, {})]

    assert matched("Content Downloaded", "track", content_type="whitepaper") == ["whitepaper"]
    assert matched("Webinar Registered", "track", webinar_id="w1") == ["webinar_signup"]
    assert matched("Form Submitted", "track", form_type="contact") == ["contact_sales"]
    assert matched("", "page", path="/product/tour") == ["product_page"]
    assert matched("Opportunity Won", "track") == []


SPELLED = "spring-launch = {{ cost = {cost}, also = [{also}] }}"


def with_campaign(also: str = "", cost: int = 1, more: str = "") -> str:
    return changed(("[campaigns] ", f"[campaigns]\n{SPELLED.format(cost=cost, also=also)}\n{more}\n#"))


def test_spellings_of_campaigns_are_part_of_what_is_learned_from_and_their_costs_are_not() -> None:
    plain = Agreement.default()
    assert Agreement.parse(with_campaign(cost=12)).feature_digest == plain.feature_digest
    spelled = Agreement.parse(with_campaign('"Spring_Launch"'))
    assert spelled.feature_digest != plain.feature_digest
    assert spelled.campaign_names == {"Spring_Launch": "spring-launch"}
    assert Agreement.parse(with_campaign('"Spring_Launch"', cost=7)).feature_digest == spelled.feature_digest


def test_one_spelling_is_of_one_campaign() -> None:
    twice = with_campaign('"Spring_Launch"', more='fall = { also = ["Spring_Launch"] }')
    assert "is a spelling of spring-launch as well; leave it in one of the two" in str(refusal(twice))
    itself = with_campaign('"fall"', more="fall = { cost = 3 }")
    assert "campaigns.spring-launch.also = 'fall' is a campaign with a line of its own" in str(refusal(itself))


def test_what_is_an_objection_is_part_of_what_is_learned_from_and_how_long_events_are_kept_is_not() -> None:
    plain = Agreement.default()
    longer = Agreement.parse(changed(('keep_events = "3 years"', 'keep_events = "5 years"')))
    mapped = Agreement.parse(changed(('keep_events = "3 years"', 'keep_events = "3 years"\nconsent = "advertising"')))
    assert longer.feature_digest == plain.feature_digest != mapped.feature_digest


def old(never_contacted: str) -> Agreement:
    """The default agreement as it was before a probability's question was agreed."""
    return Agreement.parse(changed(('asks            = "as things are"', f'never_contacted = "{never_contacted}"')))


def test_an_agreement_that_leaves_untried_leads_out_is_read_and_nothing_is_learned_by_it() -> None:
    """Homes and models hold such agreements: they are served until the next training, which needs another line."""
    unknown = old("unknown")
    assert (unknown.outcome.asks, unknown.outcome.leaves_untried_out) == ("as things are", True)
    assert unknown.feature_digest == Agreement.default().feature_digest  # its build and its model are found as before
    with pytest.raises(AgreementError, match="and drops the rest of them, so scores come too high") as no:
        check_learnable(unknown, "agreement.toml")
    assert "\n" not in str(no.value)
    assert 'write asks = "as things are" in place of never_contacted' in str(no.value)


def test_an_old_no_reads_as_the_default_question() -> None:
    silence = old("no")
    assert (silence.outcome.asks, silence.outcome.leaves_untried_out) == ("as things are", False)
    for agreement in (silence, Agreement.default()):
        check_learnable(agreement, "agreement.toml")


def test_another_question_is_another_thing_to_learn() -> None:
    other = Agreement.parse(changed(('"as things are"', '"if sales tries now"')))
    assert other.feature_digest != Agreement.default().feature_digest
    assert 'did you mean "as things are"?' in str(refusal(changed(('"as things are"', '"as things stand"'))))


def test_a_home_keeps_the_agreement_that_names_its_question_in_place_of_the_old_line(tmp_path: Path) -> None:
    """Both have one digest; were the new one not kept, each training would be refused for the old line again."""
    home, moment = Home(tmp_path / "home", Settings()), datetime(2026, 1, 1, tzinfo=UTC)
    versions = [save_version(home, agreed, moment).version for agreed in (old("unknown"), old("unknown"))]
    versions += [save_version(home, agreed, moment).version for agreed in (Agreement.default(), Agreement.default())]
    assert versions == [1, 1, 2, 2]
    assert not current_version(home).agreement.outcome.leaves_untried_out
    engine(home.database_url).dispose()


RENAMED = changed(("no_profiling      =", "opted_out ="))


def test_a_rule_under_its_old_name_is_the_same_rule() -> None:
    """Homes and models hold agreements that say it; a version of its own would be one that nobody agreed to."""
    old_name, new_name = Agreement.parse(RENAMED), Agreement.default()
    assert list(old_name.rules.items()) == list(new_name.rules.items())
    assert (old_name.digest, old_name.feature_digest) == (new_name.digest, new_name.feature_digest)
    said = "rules.opted_out is named no_profiling now and is read as that; write no_profiling in its place"
    assert (old_name.notes, new_name.notes) == ((f"agreement.toml: {said}",), ())


def test_one_rule_is_written_by_one_name() -> None:
    both = changed(("no_profiling      =", "opted_out = { unsubscribed = true }\nno_profiling      ="))
    assert "rules.opted_out is the old name of no_profiling, which is there as well; leave one" in str(refusal(both))


# Names, and traits that are not learned from


def written(text: str, folder: Path) -> Path:
    path = folder / "agreement.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            'contract_end = "90 days',
            'contract_ends = "90 days',
            'nurture.come_back.contract_ends names no date in [traits]; did you mean "contract_end"? Else write '
            'contract_ends = { kind = "date", learned = false } in [traits], or remove it here',
        ),
        (
            '"c_level", "vp"',
            '"c-level", "vp"',
            "seniority = 'c-level' is nothing that seniority can be; did you mean \"c_",
        ),
        ("{ customer = true }", '{ mail_kind = "private" }', "write one of free, work"),
        (
            "{ unsubscribed = true }",
            '{ department = "markting" }',
            "nurture.no_email.department = 'markting' is nothing",
        ),
    ],
)
def test_a_name_that_means_nothing_is_refused_in_a_file_and_read_in_a_home(
    old: str, new: str, sentence: str, tmp_path: Path
) -> None:
    text = changed((old, new))
    with pytest.raises(AgreementError) as refused:
        Agreement.read(written(text, tmp_path))
    assert sentence in str(refused.value)
    assert Agreement.parse(text).text == text  # homes keep such agreements: they go on as they did


def test_a_star_or_a_trait_of_ones_own_may_say_what_a_derived_fact_never_is(tmp_path: Path) -> None:
    own = changed(
        ('job_title = "text" ', 'seniority = "category"\njob_title = "text" '), ('"c_level", "vp"', '"Board", "vp"')
    )
    for text in (own, changed(('"c_level", "vp"', '"c*", "vp"'))):
        assert Agreement.read(written(text, tmp_path)).text == text


def test_the_values_of_derived_facts_are_those_that_leads_get() -> None:
    assert set(FACT_VALUES["seniority"]) == set(RANKS)
    assert set(FACT_VALUES["department"]) == {name for name, _ in DEPARTMENTS} | {"other"}
    assert set(FACT_VALUES["mail_kind"]) == {mail_kind("gmail.com"), mail_kind("buyer.example")}


def test_dates_to_come_back_on_are_not_learned_from_whether_or_not_they_say_so() -> None:
    dates = 'learned_from = "date"\nasked_for = "date"\nsigned = { kind = "date", learned = false }\n'
    agreement = Agreement.parse(SMALL + dates + '[nurture]\ncome_back = { asked_for = "0 days before" }')
    assert agreement.unlearned == {"asked_for", "signed"}
    assert Agreement.default().unlearned == {"contract_end", "revisit_on"}


def test_a_trait_that_is_no_longer_learned_from_needs_a_training() -> None:
    plain, unlearned = (
        Agreement.parse(f"{SMALL}plan = {{ kind = 'category'{rest} }}") for rest in ("", ", learned = false")
    )
    assert plain.feature_digest != unlearned.feature_digest
