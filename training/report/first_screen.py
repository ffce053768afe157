"""The first screen: what the probability answers, how many leads it is from, and whether it is to be believed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from training.labels.question import drawn_sentence, question_sentence
from training.report.facts import ReportedGate, ReportFacts
from training.wording.calibration import calibration_faults
from training.wording.learned import LearnedUntil, learned_sentence
from training.wording.report_warnings import ReportWarning, leak_warnings, quality_warnings, segment_warnings
from training.wording.sentences import calibration_sentence, comparison_sentence, row_noun


@dataclass(frozen=True)
class FirstAnswer:
    """A reader's question, and its answer in plain sentences; the first of them is the answer in short."""

    question: str
    sentences: tuple[str, ...]


def first_answers(facts: ReportFacts) -> tuple[FirstAnswer, ...]:
    """What a reader asks before anything else, in this order, on the page and on the model card."""
    return (
        FirstAnswer("What does the probability answer?", tuple(_on_question(facts))),
        FirstAnswer("How many leads is it from?", tuple(_on_leads(facts))),
        FirstAnswer("Is it to be believed?", (verdict(facts), *_on_belief(facts))),
    )


def _on_question(facts: ReportFacts) -> Iterator[str]:
    second = facts.second
    if second and second.is_asked and second.is_answered:
        yield from second.sentences
        yield "Beside it stands the chance as things are; the figures here are of that one."
        return
    yield from re.split(r"(?<=[.]) ", question_sentence(facts.horizon_days, facts.tried_before))
    yield from second.sentences if second else ()


def _on_leads(facts: ReportFacts) -> Iterator[str]:
    learned = facts.learned
    if facts.leads is not None and learned:
        known = facts.leads_known or learned.leads
        yield f"{facts.leads:,} leads are in the history, and of {known:,} the outcome is known."
        if facts.snapshots_known and learned.rows < facts.snapshots_known:
            yield drawn_sentence(learned.rows, facts.snapshots_known)
        if learned.converted_leads is not None:
            yield f"Of the {learned.leads:,} that it learned from, {learned.converted_leads:,} converted."
    yield from _on_test(facts)
    if learned:
        yield learned_sentence(LearnedUntil(facts.judged_until, facts.learned_until, learned.rows))


def _on_test(facts: ReportFacts) -> Iterator[str]:
    shown = facts.evaluation
    train = next((span for span in facts.spans if span.name == "train"), None)
    after = f", after learning from {_counted(train.leads, train.converted_leads, train.rows)}" if train else ""
    if not shown.rows:
        yield "There is no lead with a known outcome yet to judge it on."
        return
    yield f"It is judged on {_counted(shown.leads, shown.converted_leads, shown.rows)}{after}."
    if facts.tested_before:
        yield (
            f"{facts.tested_before:,} of the {shown.leads:,} it knew from earlier moments, when nothing had come of "
            "them yet."
        )


def _counted(leads: int, converted: int | None, snapshots: int) -> str:
    """`1,643 leads (18,379 snapshots, 13 leads converted)`."""
    parts = [f"{snapshots:,} snapshots"] if snapshots != leads else []
    parts += [] if converted is None else [f"{converted:,} leads converted"]
    return f"{leads:,} leads ({', '.join(parts)})" if parts else f"{leads:,} leads"


def _on_belief(facts: ReportFacts) -> Iterator[str]:
    if facts.gates:
        yield gates_sentence(facts.gates)
    yield calibration_sentence(facts.evaluation)
    others = [re.sub("^The ", "the ", model.label) for model in facts.compared[1:]]
    if others:
        yield f"Compared on the same {row_noun(facts.evaluation)} with {_enumerated(others)}."
    yield comparison_sentence(facts.compared)


def verdict(facts: ReportFacts) -> str:
    """Whether the figures are to be believed, in one sentence."""
    cautions = [warning for warning in report_warnings(facts) if warning.heading]
    leaks = [warning.heading for warning in cautions if warning.is_leak]
    failed = [gate for gate in facts.gates if not gate.passed]
    if leaks:
        return f"Not before this is settled: {_in_a_row(leaks)}."
    if not facts.evaluation.rows:
        return "Nobody can tell yet: there is no later lead whose outcome is known."
    if failed:
        return f"Not as it stands: {_named(failed)} of its gates {'does' if len(failed) == 1 else 'do'} not hold."
    if cautions:
        return f"With care: {_in_a_row([warning.heading for warning in cautions])}."
    return "Yes, as far as what it had not seen can tell."


def gates_sentence(gates: tuple[ReportedGate, ...]) -> str:
    """How many gates hold, and the names of those that do not."""
    failed = [gate for gate in gates if not gate.passed]
    if not failed:
        return "Its gate holds." if len(gates) == 1 else f"All {len(gates)} gates hold."
    return f"{len(failed)} of {len(gates)} gates {'does' if len(failed) == 1 else 'do'} not hold: {_named(failed)}."


def report_warnings(facts: ReportFacts) -> list[ReportWarning]:
    """What a reader should know before believing the figures; signs of a leak come first."""
    said = {*_on_question(facts), *_on_leads(facts), question_sentence(facts.horizon_days, facts.tried_before)}
    return [
        *leak_warnings(facts.evaluation, facts.drivers, facts.put_back),
        *quality_warnings(facts.evaluation, facts.compared, facts.split),
        *segment_warnings(facts.findings.groups),
        *(ReportWarning("Off by more than chance", text) for text in calibration_faults(facts.findings.calibration)),
        *(ReportWarning("", sentence) for sentence in facts.warnings if sentence not in said),
    ]


def _named(gates: list[ReportedGate]) -> str:
    return _enumerated([gate.name.replace("_", " ") for gate in gates])


def _in_a_row(headings: list[str]) -> str:
    return "; ".join(heading[:1].lower() + heading[1:] for heading in dict.fromkeys(headings))


def _enumerated(names: list[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]
