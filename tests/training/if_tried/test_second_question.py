"""The second question is answered where contact is needed and leads of every kind were tried, and refused elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_tries import DrawnTries, drawn_tries
from handmade_events import SMALL
from scipy.stats import spearmanr

from features.agreement.agreement import Agreement
from training.fit.fit import fitted_model
from training.fit.served_fit import served_fit
from training.gates.gate import GateResults, failed_gates
from training.gates.overlap import overlap
from training.if_tried.card import second_texts
from training.if_tried.second_question import FirstQuestion, SecondQuestion, second_question
from training.labels.split import split_by_time
from training.model.if_tried import HEAD_FILE, IF_TRIED_GATES, IfTried

SEED = 7
ASKING = 'within_days = 30\nasks = "if sales tries now"'


def first_question(drawn: DrawnTries, agreement: Agreement = SMALL) -> FirstQuestion:
    parted = split_by_time(drawn.labelled, 30, SEED)
    model = fitted_model(drawn.labelled[parted.train], SMALL, SEED)
    return FirstQuestion(drawn.labelled, parted, model, served_fit(model, drawn.labelled, SMALL, SEED), agreement, SEED)


def asked(drawn: DrawnTries, agreement: Agreement = SMALL) -> SecondQuestion:
    return second_question(first_question(drawn, agreement), drawn.looks, drawn.open_now, None)


HABIT = drawn_tries(2_000, "habit")
FIRST = first_question(HABIT)
FOUND = second_question(FIRST, HABIT.looks, HABIT.open_now, None)


def test_where_contact_is_needed_a_model_of_first_tries_orders_the_leads_truly() -> None:
    """The model of things as they are says whom sales is used to calling: partners, who are worth no more."""
    assert FOUND.shift
    assert FOUND.shift.value > 1
    assert (FOUND.method, failed_gates(FOUND.gates)) == ("own_model", [])
    assert FOUND.head
    said = FOUND.head.answering(FIRST.served.model).probability(HABIT.open_now)
    assert spearmanr(said, HABIT.truth).statistic >= 0.9
    assert spearmanr(FIRST.served.model.probability(HABIT.open_now), HABIT.truth).statistic < 0.85
    assert said.mean() == pytest.approx(HABIT.truth.mean(), rel=0.15)


def test_what_answers_is_written_into_the_version_and_read_again(tmp_path: Path) -> None:
    assert FOUND.head
    digest = FIRST.served.model.write(tmp_path, FOUND.head.texts())
    assert IfTried.read(tmp_path, digest) == FOUND.head
    alone = FIRST.served.model.write(tmp_path / "alone")
    assert IfTried.read(tmp_path / "alone", alone) is None


def test_a_version_holds_what_answers_with_its_card_and_gates_and_a_refused_one_its_reasons_alone() -> None:
    texts = second_texts(FOUND)
    assert GateResults.read(texts[IF_TRIED_GATES]).gates == FOUND.gates
    assert "calibrated: holds" in texts["if_tried/model_card.md"]
    assert HEAD_FILE in texts
    refused = second_texts(replace(FOUND, head=None, gates=(overlap(0.95, 0.1),)))
    assert set(refused) == {IF_TRIED_GATES, "if_tried/model_card.md"}
    assert "Not answered: 95% of the open leads are unlike any that sales tried" in refused["if_tried/model_card.md"]
    assert second_texts(SecondQuestion()) == {}


def test_every_output_is_told_what_a_try_brings_and_on_what_that_rests() -> None:
    often, advice, rests, *_ = FOUND.sentences
    assert "times as often (odds) once sales tries them" in often
    assert 'asks = "if sales tries now"' in advice
    assert f"judged by {FOUND.tried:,} first tries" in rests
    assert SecondQuestion().sentences == []
    (silent,) = SecondQuestion(is_asked=True).sentences
    assert "no first try of sales with a known outcome is on record" in silent


def test_contributions_of_what_answers_sum_to_its_own_log_odds() -> None:
    for head in (FOUND.head, replace(FOUND.head, method="moved", model=None)):
        model = head.answering(FIRST.served.model)
        matrix = model.matrix(HABIT.open_now)
        contributions, baseline = model.contributions(matrix)
        probability = model.probability(HABIT.open_now)
        logit = np.log(probability / (1 - probability))
        assert np.abs(contributions.sum(axis=1) + baseline - logit).max() < 1e-9


def test_calls_on_sight_of_one_thing_tell_nothing_of_other_leads() -> None:
    found = asked(drawn_tries(2_000, "on_a_visit"))
    assert found.unlike
    assert found.unlike > 0.8
    assert "overlap" in failed_gates(found.gates)
    assert found.head is None


def test_where_tries_change_nothing_the_first_question_answers_both() -> None:
    drawn = drawn_tries(2_000, "habit", effect=0.0)
    found = asked(drawn)
    assert found.shift
    assert abs(found.shift.value) < 0.5
    assert (found.method, found.gates, found.head) == (None, (), None)


def test_whoever_asks_it_gets_it_by_the_moved_model() -> None:
    drawn = drawn_tries(2_000, "habit", seed=4, effect=0.5)
    found = asked(drawn, Agreement.parse(SMALL.text.replace("within_days = 30", ASKING)))
    assert (found.method, failed_gates(found.gates)) == ("moved", [])
    assert found.head
    assert found.head.model is None


def test_the_shift_is_the_same_whoever_fitted_the_folds() -> None:
    """A history that is split by lead keeps none."""
    without = replace(FIRST, served=replace(FIRST.served, folds=()))
    few = replace(HABIT.looks, rows=HABIT.looks.rows.head(390))
    one, other = (second_question(first, few, HABIT.open_now, None).shift for first in (FIRST, without))
    assert one
    assert other
    assert other.value == pytest.approx(one.value, abs=1e-9)


def test_a_few_tries_are_too_few() -> None:
    few = replace(HABIT.looks, rows=HABIT.looks.rows.head(150))
    found = second_question(FIRST, few, HABIT.open_now, None)
    assert (failed_gates(found.gates), found.head) == (["tried_enough"], None)


def test_without_tries_there_is_no_second_question() -> None:
    none = replace(HABIT.looks, rows=HABIT.looks.rows.head(0))
    assert second_question(FIRST, none, HABIT.open_now, None) == SecondQuestion(0, 1.0, horizon_days=30)
