"""The model card: what a version is for, what it learned from, what it showed and what it cannot, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from training.gates.gate import Gate
from training.metrics.metrics import METRICS
from training.report.facts import ReportedSpan, ReportFacts
from training.report.first_screen import first_answers, report_warnings
from training.wording.sentences import (
    importance_sentence,
    ranking_sentence,
    top_scores_sentence,
)


def model_card(facts: ReportFacts, gates: Sequence[Gate]) -> str:
    """The model card as Markdown: the report's first answers in its order, its main sentences, every gate in words."""
    return "\n".join([*_head(facts), "", *_data(facts), "", *_figures(facts), "", *_gates(gates), "", *_limits(facts)])


def _head(facts: ReportFacts) -> Iterator[str]:
    within = f" within {facts.horizon_days} days of a snapshot of it" if facts.horizon_days else ""
    yield f"# {facts.identity.name}"
    yield ""
    yield f"The probability that a lead comes to “{facts.outcome}”{within}. It ranks leads for people who decide; a"
    yield "snapshot is one lead at one moment, with what was known by then."
    yield ""
    yield f"Agreement version {facts.identity.agreement_version} ({facts.identity.agreement_digest})."
    for answer in first_answers(facts):
        yield ""
        yield f"## {answer.question}"
        yield ""
        yield f"**{answer.sentences[0]}** {' '.join(answer.sentences[1:])}".rstrip()


def _data(facts: ReportFacts) -> Iterator[str]:
    yield "## Learned from"
    yield ""
    yield f"{facts.split_how[:1].upper()}{facts.split_how[1:]}."
    yield ""
    yield from (f"- {_span(span)}" for span in facts.spans)
    if facts.left_out:
        yield f"- Never seen: {', '.join(field.name for field in facts.left_out)}"
    if facts.put_back:
        yield f"- Signed by a person: {'; '.join(f'{field.name} ({field.reason})' for field in facts.put_back)}"


def _span(span: ReportedSpan) -> str:
    when = f", {span.starts_at:%Y-%m-%d} to {span.ends_at:%Y-%m-%d}" if span.starts_at and span.ends_at else ""
    won = f", {span.converted_leads:,} of whom converted" if span.converted_leads is not None else ""
    return (
        f"{span.name}: {span.leads:,} leads{won}, in {span.rows:,} snapshots, of which {span.conversions:,} "
        f"converted{when}"
    )


def _figures(facts: ReportFacts) -> Iterator[str]:
    labelled = [
        f"{metric.card} {value:.{metric.digits}f}"
        for metric in METRICS
        if metric.card and (value := facts.evaluation.metrics.get(metric.name)) is not None
    ]
    yield "## Shown on what it had not seen"
    yield ""
    yield f"- {', '.join(labelled)}"
    yield f"- Checked: {top_scores_sentence(facts.evaluation)}."
    for sentence in (
        ranking_sentence(facts.evaluation),
        importance_sentence(facts.drivers),
    ):
        yield f"- {sentence}"


def _gates(gates: Sequence[Gate]) -> Iterator[str]:
    yield "## Gates"
    yield ""
    yield from (f"- {gate.name}: {'holds' if gate.passed else 'DOES NOT HOLD'}. {gate.why}" for gate in gates)


def _limits(facts: ReportFacts) -> Iterator[str]:
    yield "## Know first"
    yield ""
    for warning in report_warnings(facts):
        yield f"- {f'{warning.heading}: ' if warning.heading else ''}{warning.text}"
