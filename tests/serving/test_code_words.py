"""The words of codes: every code that a decision, a handover or a try may have is read as words, and as its own."""

from __future__ import annotations

from typing import get_args

import pytest

from features.lifecycle.closures import REJECT_REASONS
from features.touches.touch import Medium
from serving.code_words import (
    CLOCKS,
    KINDS,
    MEDIA,
    QUEUES,
    REJECTS,
    RESULTS,
    STATES,
    cause_words,
    code_words,
    decision_words,
    ended_words,
)
from serving.handovers import acts, handover
from serving.scoring import lead_now

CODES = """
asked_for_sales probability_and_fit still_sales_ready in_backlog waits_for_capacity explored sent_by_marketing replied
handover_open rep_working opportunity_open opportunity_stale converted below_bar too_few_points no_facts not_now
no_answer no_outcome never_tried lost redirected merged own_people disqualified_by_rule nurture_by_rule not_a_lead
existing_customer objected_to_profiling qualified best_of_nurture
""".split()
THE_SAME = {"converted", "lost", "sent_by_marketing", "objected_to_profiling"}  # words already


def test_each_closed_list_of_codes_has_exactly_its_words() -> None:
    assert set(REJECTS) == set(REJECT_REASONS)
    assert set(QUEUES) == set(lead_now.QUEUES)
    assert set(STATES) == set(handover.STATES)
    assert set(KINDS) == set(handover.KINDS)
    assert set(RESULTS) == set(acts.RESULTS)
    assert set(MEDIA) == set(get_args(Medium))
    assert set(CLOCKS) == set(get_args(handover.ClockName))


@pytest.mark.parametrize("code", [*CODES, *(f"rejected_{reason}" for reason in REJECT_REASONS)])
def test_no_code_is_read_with_blanks_for_its_underscores(code: str) -> None:
    words = code_words(code)
    assert "_" not in words
    assert code in THE_SAME or words != code.replace("_", " ")
    assert "_" not in ended_words(code)


def test_decisions_and_causes_are_words_and_no_two_are_alike() -> None:
    for words, codes in ((decision_words, lead_now.DECISIONS), (cause_words, get_args(lead_now.CauseKind))):
        said = [words(code) for code in codes]
        assert len(set(said)) == len(said)
        assert not [one for one in said if "_" in one]


def test_a_code_of_a_newer_version_is_shown_and_breaks_nothing() -> None:
    assert code_words("from_the_future") == "from the future"
    assert ended_words("from_the_future") == "it ended: from the future"
