"""Which question a score answers, and what it says if sales tries now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from drawn_tries import drawn_tries
from handmade_events import SMALL, at, us

from features.agreement.agreement import Agreement
from features.agreement.versions import AgreementVersion
from serving.scoring.bulk import open_leads
from serving.scoring.lead_row import LeadRow
from serving.scoring.points import logit
from serving.scoring.score import Scoring
from training.fit.fit import fitted_model
from training.if_tried.likeness import overlap_of
from training.model.calibrator import Calibrator
from training.model.if_tried import IfTried

DRAWN = drawn_tries(500, "habit", seed=5)
FIRST = fitted_model(DRAWN.labelled, SMALL, 7)
LIKENESS = replace(overlap_of(DRAWN.looks.rows, DRAWN.labelled, DRAWN.open_now, SMALL, 7).likeness, least=-99.0)
OWN = IfTried("own_model", LIKENESS, fitted_model(DRAWN.looks.rows, SMALL, 7), facts={"open_probabilities": [0.2, 0.9]})
MOVED = IfTried("moved", LIKENESS, moved=Calibrator(0.8, 0.7))
UNLIKE = replace(OWN, likeness=replace(LIKENESS, least=99.0))
NOW = at(20)


def lead(name: str, **traits: Any) -> LeadRow:
    return LeadRow(name, {}, {"opened_us": us(3), "employees": 500.0, "is_partner": False, **traits}, NOW)


NEW, WITH_SALES, GIVEN_BACK = lead("new"), lead("worked", with_sales=True), lead("back", with_sales=False)


def scored(head: IfTried | None, *rows: LeadRow, agreement: Agreement = SMALL) -> list[dict[str, Any]]:
    model = replace(FIRST, agreement_text=agreement.text)
    return Scoring(AgreementVersion(agreement, 1), model, "1", "sha256:1", head).scores(rows, NOW, None)


ASKING = Agreement.parse(SMALL.text.replace("within_days = 30", 'within_days = 30\nasks = "if sales tries now"'))


def test_a_version_of_one_question_says_that_it_answers_as_things_are() -> None:
    (score,) = scored(None, NEW)
    assert (score["question"], score["if_tried_now"], score["unlike_tried"]) == ("as_things_are", None, None)


@pytest.mark.parametrize("head", [OWN, MOVED], ids=["own model", "moved"])
def test_the_second_figure_stands_beside_the_probability_and_changes_nothing_of_it(head: IfTried) -> None:
    (alone,), (both,) = scored(None, NEW), scored(head, NEW)
    changed = {name for name in alone if alone[name] != both[name]}
    assert changed == {"if_tried_now", "unlike_tried"}
    assert both["unlike_tried"] is False
    assert both["if_tried_now"] > both["probability"]


def test_the_moved_figure_is_one_map_of_the_log_odds() -> None:
    (score,) = scored(MOVED, NEW)
    assert logit(score["if_tried_now"]) == pytest.approx(0.8 * logit(score["probability"]) + 0.7)


def test_a_lead_that_sales_handled_before_has_no_figure_if_tried_first_now() -> None:
    new, *handled = scored(OWN, NEW, WITH_SALES, GIVEN_BACK)
    assert new["if_tried_now"] is not None
    assert [(score["if_tried_now"], score["unlike_tried"]) for score in handled] == [(None, None)] * 2


def test_a_lead_unlike_any_that_was_tried_has_no_figure_and_says_so() -> None:
    (score,) = scored(UNLIKE, NEW)
    assert (score["if_tried_now"], score["unlike_tried"], score["question"]) == (None, True, "as_things_are")


def test_a_lead_older_than_any_that_was_tried_is_unlike_them() -> None:
    (score,) = scored(OWN, replace(NEW, traits=NEW.traits | {"opened_us": us(-90)}))
    assert score["unlike_tried"] is True


@pytest.mark.parametrize("head", [OWN, MOVED], ids=["own model", "moved"])
def test_whatever_is_asked_contributions_sum_to_the_log_odds_of_the_answer(head: IfTried) -> None:
    for agreement in (SMALL, ASKING):
        for score in scored(head, NEW, WITH_SALES, agreement=agreement):
            total = score["baseline"] + sum(reason["contribution"] for reason in score["reasons"])
            assert total == pytest.approx(logit(score["probability"]), abs=1e-6)
            exact = score["base_points"] + score["fit_points"] + score["engagement_points"]
            assert score["score"] == min(max(round(exact), 1), 99)


def test_where_the_second_question_is_asked_the_probability_answers_it() -> None:
    """Of a lead that has no such figure the probability is that of things as they are, and says so."""
    (plain,), (new, worked) = scored(OWN, NEW), scored(OWN, NEW, WITH_SALES, agreement=ASKING)
    assert new["question"] == "if_tried_now"
    assert new["probability"] == new["if_tried_now"] == pytest.approx(plain["if_tried_now"])
    low, high = new["interval"]
    assert low <= new["probability"] <= high
    assert worked["question"] == "as_things_are"
    assert worked["probability"] == pytest.approx(plain["probability"])


def test_the_bar_follows_the_question_that_is_asked() -> None:
    half = ASKING.text.replace("[interest]", "[policy]\nbar = { share = 0.5 }\n[interest]")
    assert scored(OWN, NEW, agreement=Agreement.parse(half))[0]["threshold"] == 0.9


def test_the_call_list_goes_by_the_figure_if_tried_and_leads_without_one_come_last() -> None:
    figures = {"a": (0.9, None), "b": (0.1, 0.3), "c": (0.2, 0.6), "d": (0.95, None)}
    rows = [
        {"lead_id": name, "decision": "nurture", "probability": probability, "if_tried_now": figure}
        for name, (probability, figure) in figures.items()
    ]
    assert [score["lead_id"] for score in open_leads(rows, "if_tried_now")] == ["c", "b", "d", "a"]
    assert [score["lead_id"] for score in open_leads(rows)] == ["d", "a", "c", "b"]


def test_many_leads_are_scored_as_each_would_be() -> None:
    rows = [
        lead(f"L{i}", employees=float(10 ** (i % 4)), **({"with_sales": True} if i % 3 == 0 else {})) for i in range(9)
    ]
    alone = [scored(OWN, row)[0] for row in rows]
    for one, other in zip(alone, scored(OWN, *rows), strict=True):
        assert (
            one["if_tried_now"] == pytest.approx(other["if_tried_now"])
            if one["if_tried_now"]
            else other["if_tried_now"] is None
        )
        assert np.isclose(one["probability"], other["probability"])


@pytest.mark.parametrize("agreement", [SMALL, ASKING], ids=["as things are", "if tried"])
@pytest.mark.parametrize("head", [None, OWN, MOVED, UNLIKE], ids=["one question", "own model", "moved", "unlike"])
def test_numbers_are_those_of_the_scores_to_the_last_bit(head: IfTried | None, agreement: Agreement) -> None:
    model = replace(FIRST, agreement_text=agreement.text)
    rows = [lead(f"L{i}", employees=float(7 ** (i % 5)), with_sales=True if i % 3 == 0 else None) for i in range(9)]
    for by in (
        Scoring(AgreementVersion(agreement, 1), model, "1", "sha256:1", head),
        Scoring(AgreementVersion(SMALL, 1)),
    ):
        for asked in (rows, rows[:1], []):
            whole, alone = by.scores(asked, NOW), by.numbers(asked, NOW)
            for name in ("probability", "score", "grade", "question", "if_tried_now"):
                assert [getattr(one, name) for one in alone] == [score[name] for score in whole]
            assert [one.points.as_json() for one in alone] == [score["criteria"] for score in whole]


def test_numbers_order_calls_by_the_figure_if_tried_where_that_was_learned_of_its_own() -> None:
    model = replace(FIRST, agreement_text=SMALL.text)
    for head, field in ((OWN, "if_tried_now"), (MOVED, "probability"), (None, "probability")):
        (one,) = Scoring(AgreementVersion(SMALL, 1), model, "1", "sha256:1", head).numbers([NEW], NOW)
        assert one.orders_calls_by == getattr(one, field)


def test_a_lead_without_facts_and_one_that_objected_have_no_numbers() -> None:
    by = Scoring(AgreementVersion(Agreement.default(), 1))
    nobody = LeadRow("x", {}, {"opened_us": us(3)}, NOW)
    objecting = LeadRow("y", {}, {"opened_us": us(3), "employees": 500.0, "profiling_opt_out": True}, NOW)
    for one in by.numbers([nobody, objecting], NOW):
        assert (one.probability, one.score, one.grade, one.orders_calls_by) == (None, None, None, 0.0)


@pytest.mark.parametrize(
    ("line", "is_cautioned"), [("", True), ('never_contacted = "unknown"', True), ('never_contacted = "no"', False)]
)
def test_a_model_that_learned_while_untried_leads_were_left_out_is_served_with_a_warning(
    line: str, is_cautioned: bool
) -> None:
    old = Agreement.parse(SMALL.text.replace("within_days = 30", f"within_days = 30\n{line}"))
    before = replace(FIRST, agreement_text=old.text, facts={n: f for n, f in FIRST.facts.items() if n != "asks"})
    (score,) = Scoring(AgreementVersion(old, 1), before, "1", "sha256:1").scores([NEW], NOW)
    assert score["probability"] is not None
    assert [warning["code"] for warning in score["warnings"]] == ["old_labels"] * is_cautioned
    (since,) = scored(None, NEW)
    assert since["warnings"] == []
