"""The first screen and the model card: what is answered before any chart, in plain words, and counted in leads."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest
from example_report import facts, full, rows

from training.evaluate.evaluate import evaluate
from training.gates.gate import Gate
from training.labels.question import question_sentence
from training.report.facts import ReportedGate, ReportedSecondQuestion, ReportedSpan, ReportFacts
from training.report.first_screen import first_answers, gates_sentence, report_warnings, verdict
from training.report.model_card import model_card
from training.report.report import report_page
from training.report.tables import figure_text, gates_table, interval_text
from training.wording.report_warnings import ReportedField

ODDS = "Leads convert 7.4 times as often (odds) once sales tries them."
JUDGED_BY = "If tried now: the chance to convert within 90 days if first tried now, judged by 620 first tries."
ANSWERED = ReportedSecondQuestion(
    (ODDS, JUDGED_BY), is_answered=True, tried=620, shift=2.0, shift_error=0.1,
    gates=(ReportedGate("overlap", True, 0.31, 0.8),), evaluation=evaluate(*rows(400), resamples=5),
)  # fmt: skip


def learned() -> ReportFacts:
    """A report whose leads are counted: 3,000 in the history, 2,600 learned from, 600 judged on."""
    return replace(
        full(),
        leads=3000,
        learned=replace(full().spans[0], name="served", leads=2600, converted_leads=310, rows=11_000),
    )


def answer(told: ReportFacts, place: int) -> str:
    return " ".join(first_answers(told)[place].sentences)


def visible(page: str) -> str:
    """What a reader of the page sees: no tags, no style."""
    shown = re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL)
    return unescape(shown).replace("\u00ad", "")


def test_three_questions_are_answered_before_any_chart() -> None:
    page = report_page(learned())
    asked = [first.question for first in first_answers(learned())]
    assert asked == ["What does the probability answer?", "How many leads is it from?", "Is it to be believed?"]
    places = [page.index(f"<h3>{question}</h3>") for question in asked]
    assert places == sorted(places)
    assert places[-1] < page.index("<svg")
    assert places[-1] < page.index("<h2>")


def test_what_the_probability_answers_is_said_in_the_words_of_every_output() -> None:
    said = "Chance to convert within 90 days as sales works its leads now. 63% of conversions had a contact before. If"
    assert answer(learned(), 0).startswith(said)
    assert question_sentence(None, None) == (
        "Chance to convert as sales works its leads now. If whom sales calls changes, retrain."
    )
    assert "under 1% of conversions" in question_sentence(90, 0.001)


def test_leads_are_counted_as_leads() -> None:
    shown = full().evaluation
    assert shown.converted_leads
    assert shown.converted_leads < shown.conversions
    told = answer(replace(learned(), tested_before=240), 1)
    for said in (
        "3,000 leads are in the history, and of 2,600 the outcome is known.",
        "Of the 2,600 that it learned from, 310 converted.",
        f"judged on {shown.leads:,} leads (2,400 snapshots, {shown.converted_leads:,} leads converted), after learning",
        f"240 of the {shown.leads:,} it knew from earlier moments, when nothing had come of them yet.",
    ):
        assert said in told


def test_a_training_on_drawn_snapshots_says_so() -> None:
    rows = learned().all_spans[-1].rows
    drawn = (
        f"It learned from {rows:,} of 900,000 snapshots with a known outcome, drawn by chance, whatever became of them."
    )
    assert drawn in answer(replace(learned(), snapshots_known=900_000), 1)
    assert "drawn by chance" not in answer(replace(learned(), snapshots_known=rows), 1)


def test_both_dates_are_said() -> None:
    served = replace(full().spans[0], name="served", ends_at=full().known_until)
    told = replace(full(), learned=served)
    assert "had learned until 1 June 2025" in answer(told, 1)
    assert "until 21 November 2025" in answer(told, 1)
    page = report_page(told)
    assert "until 2025-06-01, while what answers has learned from those until 2025-11-21" in page


def test_the_verdict_follows_leaks_then_gates_then_cautions() -> None:
    failed = (ReportedGate("calibrated", False, 0.05, 0.02), ReportedGate("no_leak", True, None, None))
    assert verdict(facts()) == "Yes, as far as what it had not seen can tell."
    few = replace(facts(), evaluation=evaluate(*rows(200), resamples=0))
    assert verdict(few) == "With care: few outcomes."
    assert verdict(replace(few, gates=failed)) == "Not as it stands: calibrated of its gates does not hold."
    suspected = replace(few, gates=failed, put_back=(ReportedField("tags", "a rep enters it"),))
    assert verdict(suspected) == "Not before this is settled: fields under suspicion are in use."
    assert verdict(facts(evaluate([], [], []))).startswith("Nobody can tell yet")


def test_gates_and_what_it_was_compared_with_are_named() -> None:
    held = ReportedGate("no_leak", True, None, None)
    assert gates_sentence((held, held)) == "All 2 gates hold."
    assert gates_sentence((held, replace(held, passed=False))) == "1 of 2 gates does not hold: no leak."
    assert "Compared on the same snapshots with the average rate for everybody." in answer(full(), 2)


def test_few_outcomes_are_counted_in_leads() -> None:
    # forty snapshots of ten leads, each converting in all of its snapshots
    told = replace(facts(), evaluation=evaluate(np.full(200, 0.2), [True] * 40 + [False] * 160, np.arange(200) // 4))
    assert "Only 10 leads that converted to test on" in report_warnings(told)[0].text


def test_what_stands_on_the_first_screen_is_not_said_again() -> None:
    question = question_sentence(90, 0.63)
    told = replace(learned(), warnings=(question, "No snapshot saw its future."), second=ANSWERED)
    assert [warning.text for warning in report_warnings(told) if not warning.heading] == ["No snapshot saw its future."]


def test_what_a_try_brings_has_a_section_where_tries_are_on_record() -> None:
    page = report_page(replace(learned(), second=ANSWERED))
    assert "What comes of a call now?" in page
    text = " ".join(visible(page).split())
    for said in (ODDS, JUDGED_BY, "odds of converting once tried, times those as things are 7.39", "overlap"):
        assert said in text
    assert "What comes of a call now?" not in report_page(learned())
    level = report_page(replace(learned(), second=ReportedSecondQuestion(tried=90, shift=0.1, shift_error=0.2)))
    assert "the one probability answers both" in level


def test_a_probability_that_answers_the_second_question_says_so_first() -> None:
    asked = replace(learned(), second=replace(ANSWERED, is_asked=True))
    assert first_answers(asked)[0].sentences[:2] == (ODDS, JUDGED_BY)
    assert "as things are; the figures here are of that one" in answer(asked, 0)


def test_facts_with_a_second_question_come_back_from_json_equal() -> None:
    told = replace(learned(), second=ANSWERED, leads_known=9)
    assert ReportFacts.read(told.json()) == told


def test_a_gate_says_why_where_its_report_knows() -> None:
    gate = ReportedGate("calls_recorded", True, 0.93, 0.2, "Contact is not needed here, so nothing is asked of it.")
    assert gate.why in visible(report_page(replace(facts(), gates=(gate,))))
    assert [column.heading for column in gates_table((replace(gate, why=""),), "").columns] == [
        "Gate", "passed", "value", "limit",
    ]  # fmt: skip


def test_nothing_is_written_as_less_than_nothing() -> None:
    assert figure_text(-0.00001) == "0.000"
    assert figure_text(-0.5, 1) == "−0.5"
    assert interval_text((-0.2, 0.00004), 3) == "−0.200 to 0.000"


def test_the_card_answers_the_same_in_the_same_order() -> None:
    card = model_card(learned(), [Gate("no_leak", True, None, None, "No field gives it away.")])
    headings = re.findall(r"^## (.*)$", card, re.M)
    assert headings[:3] == [first.question for first in first_answers(learned())]
    for first in first_answers(learned()):
        for sentence in first.sentences:
            assert sentence in card
    assert "no_leak: holds. No field gives it away." in card


@pytest.mark.parametrize(
    "told", [full(), replace(learned(), second=ANSWERED), facts()], ids=["full", "second", "plain"]
)
def test_a_snapshot_has_one_name(told: ReportFacts) -> None:
    card = model_card(replace(told, spans=(*told.spans, ReportedSpan("test", 9, 3, 2))), [])
    for text in (visible(report_page(told)), card):
        assert not re.search(r"\b(looks|a look|rows?)\b", text)
