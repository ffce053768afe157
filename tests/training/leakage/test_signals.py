"""Fields that give the answer away are told from honest ones by several signs, none of which is one data set's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from training.draft.column_decisions import ColumnDecision, ExaminedColumn, column_decision, useless_decision
from training.leakage.column_profiles import ColumnProfile
from training.leakage.signals import LeakSignals, Triage, follows_row_order
from training.leakage.wording import is_question, reason_in_title, rep_values

ROWS = 2_000
RANDOM = np.random.default_rng(7)
WON = RANDOM.random(ROWS) < 0.3
NOISE = RANDOM.normal(size=ROWS)


def field(column: str, values: Sequence[object]) -> ColumnProfile:
    return ColumnProfile(column, tuple(None if value is None else str(value) for value in values))


def made(column: str, of: Callable[[bool, float], object]) -> ColumnProfile:
    """A field that each row makes of whether it converted and of some noise."""
    return field(column, [of(bool(won), float(noise)) for won, noise in zip(WON, NOISE, strict=True)])


HONEST = made("Employees", lambda won, noise: round(50 + 10 * noise + 6 * won, 2))
IDLE = field("Shoe Size", RANDOM.integers(36, 46, ROWS).tolist())
ANSWER = made("Amount", lambda won, noise: round(noise + 4 * won, 3))
FILLED_BY_REPS = made("Region", lambda won, noise: "north" if noise < (0.6 if won else -0.6) else None)
ONLY_WON = made("Segment", lambda won, noise: ("a" if noise > 0 else "b") if won and noise < 1 else None)


def judged(*fields: ColumnProfile) -> dict[str, ColumnDecision]:
    triage = Triage.of(fields, WON)
    return {
        profile.column: column_decision(ExaminedColumn(profile, triage.signals(profile.column))) for profile in fields
    }


def test_an_honest_field_is_kept_and_says_how_much_it_tells() -> None:
    found = judged(HONEST, IDLE)
    assert {v.use for v in found.values()} == {"trait"}
    assert found["Employees"].auc == pytest.approx(0.66, abs=0.05)
    assert found["Shoe Size"].auc == pytest.approx(0.5, abs=0.06)


def test_a_field_that_is_the_answer_is_excluded() -> None:
    found = judged(ANSWER)["Amount"]
    assert (found.use, found.auc) == ("excluded", pytest.approx(0.997, abs=0.01))
    assert "too well to be known before it" in found.reason


def test_a_field_whose_emptiness_follows_the_outcome_is_excluded() -> None:
    found = judged(FILLED_BY_REPS)["Region"]
    assert found.use == "excluded"
    assert found.reason == "filled for 73% of the converted and 27% of the others"


def test_an_answer_of_the_lead_may_be_empty_for_others_but_is_flagged() -> None:
    asked = ColumnProfile("What is your region?", FILLED_BY_REPS.values)
    found = judged(asked)["What is your region?"]
    assert found.use == "trait"
    assert found.may_be_late
    assert found.flags[0].startswith("filled for 73% of the converted and 27% of the others: perhaps it was asked once")


def test_a_field_that_exists_only_for_the_converted_is_excluded_even_as_a_question() -> None:
    for title in ("Segment", "What is your segment?"):
        found = judged(ColumnProfile(title, ONLY_WON.values))[title]
        assert found.use == "excluded"
        assert found.reason == "filled for 84% of the converted and 0% of the others"


def test_the_sign_of_emptiness_does_not_matter() -> None:
    filled_for_others = field("Region", ["x" if value is None else None for value in FILLED_BY_REPS.values])
    assert judged(filled_for_others)["Region"].use == "excluded"


@pytest.mark.parametrize(
    ("of", "use", "why"),
    [
        (lambda won, noise: "Other" if not won and noise > 1 else None, "excluded", "because a lead was lost"),
        (lambda won, noise: "Yes" if not won and noise > 1 else "No", "excluded", "it tells who was lost"),
        (lambda won, noise: 300 + round(noise) if won and noise > 0.5 else 0, "excluded", "it tells who converted"),
        (lambda won, noise: "Yes" if won and noise > 0.5 else "No", "excluded", "it tells who converted"),
        (lambda won, noise: "Yes" if noise > 1 else "No", "trait", ""),
    ],
)
def test_what_only_leads_of_one_kind_have_is_excluded(of: Callable[[bool, float], object], use: str, why: str) -> None:
    verdict = judged(made("Extra Field", of))["Extra Field"]
    assert (verdict.use, why in verdict.reason) == (use, True)
    assert "went well" not in verdict.sentence


def test_what_few_converted_leads_lack_by_chance_is_no_sign() -> None:
    assert LeakSignals(filled_won=0.0, filled_lost=0.1, won=20, lost=500).one_sided is None
    assert LeakSignals(filled_won=0.0, filled_lost=0.1, won=80, lost=500).one_sided


def test_a_column_that_lost_leads_have_more_often_was_not_asked_once_things_went_well() -> None:
    more_often_lost = LeakSignals(alone=0.6, error=0.001, emptiness=0.58, filled_won=0.2, filled_lost=0.36)
    verdict = column_decision(ExaminedColumn(field("Size", range(100)), more_often_lost))
    assert verdict.may_be_late
    assert "once things went badly" in verdict.sentence


def test_chance_in_few_rows_is_no_sign() -> None:
    few = slice(0, 60)
    fields = [field(f"field {n}", RANDOM.integers(0, 9, 60).tolist()) for n in range(20)]
    triage = Triage.of(fields, WON[few])
    assert {column_decision(ExaminedColumn(profile, triage.signals(profile.column))).use for profile in fields} == {
        "trait"
    }


def test_too_few_outcomes_say_nothing() -> None:
    triage = Triage.of([HONEST], np.zeros(ROWS, dtype=bool))
    assert not triage.has_enough_outcomes
    assert triage.signals("Employees").alone is None
    assert triage.added_auc(["Employees"], ["Employees"]) == {}


def test_what_is_missed_shows_beside_the_other_fields() -> None:
    triage = Triage.of([HONEST, IDLE, ANSWER], WON)
    missed = triage.added_auc(["Employees", "Shoe Size", "Amount"], ["Employees", "Shoe Size"])
    assert missed["Amount"] > 0.3
    assert 0.05 < missed["Employees"] < 0.3
    assert abs(missed["Shoe Size"]) < 0.03


def test_a_strong_field_that_nothing_stands_in_for_is_excluded() -> None:
    strong = LeakSignals(alone=0.81, error=0.01, filled_won=1.0, filled_lost=1.0)
    call = field("duration", range(100))
    assert column_decision(ExaminedColumn(call, strong)).use == "trait"
    assert (
        column_decision(ExaminedColumn(call, LeakSignals(0.81, 0.01, 0.5, 1.0, 1.0, added_auc=0.12))).use == "excluded"
    )


def test_the_same_rows_give_the_same_signals() -> None:
    first, again = (Triage.of([HONEST, ANSWER], WON).signals("Employees") for _ in range(2))
    assert first == again


@pytest.mark.parametrize(
    "title",
    [
        "Tags", "Lead Status", "lead_quality", "Rating", "OwnerId", "hubspot_owner_id", "lifecyclestage", "IsConverted",
        "Last Activity", "LastModifiedDate", "Last Notable Activity", "notes_last_contacted", "Call Outcome", "SDR",
        "Opportunity Amount", "closedate", "Next Step", "Loss Reason", "Number of calls", "Lead Profile", "Sales Rep",
    ],
)  # fmt: skip
def test_titles_of_what_sales_sets_are_known(title: str) -> None:
    assert reason_in_title(title)


@pytest.mark.parametrize(
    "title",
    [
        "Industry", "LeadSource", "Lead Origin", "Annual Revenue", "Job Title", "Country", "marital status",
        "Last Name", "Do Not Call", "Home Owner", "Company Size", "Contract End", "utm tag", "Latest Browser",
        "Product Interest",
        "What is your current occupation", "Campaign", "How did you hear about us", "TotalVisits", "Newsletter",
    ],
)  # fmt: skip
def test_titles_of_what_leads_say_are_not_taken_for_it(title: str) -> None:
    assert reason_in_title(title) is None


def test_words_that_only_a_rep_writes_are_known() -> None:
    assert rep_values(["Ringing", "Will revert after reading the email", "Ringing", None, "Google"])[0] == "Ringing"
    assert rep_values(["Hot", "Warm", "Cold", "Cold"]) == ["Cold", "Hot", "Warm"]
    assert rep_values(["Lost to a competitor"] * 2 + ["Office supplies"] * 10) == ["Lost to a competitor"]


def test_one_odd_value_among_many_is_no_sign() -> None:
    assert rep_values(["Google"] * 500 + ["Busy"] * 3) == []
    assert rep_values(["Working Professional", "Student", "Other", "Unemployed", "Good", "SMS", "Email"] * 20) == []


def test_questions_to_the_lead_are_known() -> None:
    assert is_question("What matters most to you in choosing a course")
    assert is_question("Company size?")
    assert not is_question("Lead Quality")
    assert not is_question("Is Converted")


def test_counts_as_of_the_export_are_flagged_and_kept() -> None:
    found = judged(field("Page Views Per Visit", RANDOM.integers(0, 9, ROWS).tolist()))["Page Views Per Visit"]
    assert found.use == "trait"
    assert found.flags == ("a count as of the export, which grows on after the outcome",)


def test_a_computed_score_is_excluded_where_it_is_of_leads_or_often_missing() -> None:
    some = [None if n % 3 else n % 7 for n in range(ROWS)]
    found = judged(field("Quality Index", some), field("Lead Score", IDLE.values), field("Credit Score", IDLE.values))
    assert [found[column].use for column in found] == ["excluded", "excluded", "trait"]
    assert found["Credit Score"].flags == ("it looks computed: when?",)


def test_a_number_that_follows_the_calendar_is_flagged() -> None:
    rate = field("euribor", [4.8 - n // 100 * 0.1 for n in range(ROWS)])
    assert follows_row_order(rate)
    assert not follows_row_order(IDLE)
    assert not follows_row_order(field("mostly none", [0] * 1_500 + list(range(500))))


def test_protected_fields_are_excluded() -> None:
    found = judged(field("Age", RANDOM.integers(18, 80, ROWS).tolist()))["Age"]
    assert (found.use, found.reason) == ("excluded", "protected")


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        (field("x", [None] * 30), "it is empty"),
        (field("x", ["No"] * 30), 'it is always "No"'),
        (field("Prospect Code", [f"c{n * 7919}" for n in range(30)]), "it differs for almost every lead"),
        (field("n", range(30)), "it differs for almost every lead"),
        (field("E-mail", [f"a{n}@b.com" for n in range(30)]), "it identifies a person"),
        (field("First Name", [f"name {n % 20}" for n in range(30)]), "it identifies a person"),
    ],
)
def test_what_cannot_help_is_dropped(profile: ColumnProfile, reason: str) -> None:
    found = useless_decision(profile)
    assert found is not None
    assert found.reason.startswith(reason)


def test_what_may_help_is_not_dropped() -> None:
    # A column of one value that some lack may tell something by lacking it; revenues may all differ.
    assert useless_decision(field("Newsletter", ["Yes", None] * 15)) is None
    assert useless_decision(field("Revenue", RANDOM.permutation(10_000)[:30].tolist())) is None
    assert useless_decision(field("Do Not Email", ["Yes", "No"] * 15)) is None
    assert useless_decision(field("Job Title", [f"Head of {n}" for n in range(30)])) is None


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["Yes", "No", None], "boolean"), (["0", "1"], "boolean"), (["1", "2,5", "1,000"], "number"),
        (["2024-01-31", "2024-02-01"], "date"), (["31/01/2024", None], "date"), (["a", "b", "a"], "category"),
        (["10-50", "50-200"], "category"), ([f"word {n} of many" for n in range(200)], "text"),
        (["May-20"], "category"),
    ],
)  # fmt: skip
def test_kinds_are_told_by_the_values(values: list[str | None], kind: str) -> None:
    assert ColumnProfile("x", tuple(values)).kind == kind


def test_numbers_that_are_names_are_categories() -> None:
    assert ColumnProfile("Campaign ID", ("101", "102", "101")).kind == "category"
    assert ColumnProfile("created_at", ("1707813000", "1707813001")).kind == "date"
