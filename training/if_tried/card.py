"""The second question's own card and gates, as texts below a version's files."""

from __future__ import annotations

from collections.abc import Iterator

from training.gates.gate import GateResults
from training.if_tried.second_question import SecondQuestion
from training.metrics.metrics import METRICS
from training.model.if_tried import IF_TRIED, IF_TRIED_GATES
from training.wording.if_tried import unearned_reason

HOW = {
    "own_model": "a model that learned from the moments just before first tries alone",
    "moved": "the model of things as they are, its level and slope fitted anew at first tries",
}


def second_texts(second: SecondQuestion) -> dict[str, str]:
    """The files of what answers, its card and its gates, by their names in a version's folder.

    Of a version whose gates do not hold there are card and gates alone; where the question does not arise, nothing.
    """
    if second.method is None:
        return {}
    told = {
        IF_TRIED_GATES: GateResults(second.gates, None).json(),
        f"{IF_TRIED}/model_card.md": "\n".join(if_tried_card(second)),
    }
    return told | (second.head.texts() if second.head else {})


def if_tried_card(second: SecondQuestion) -> Iterator[str]:
    """The card of the second question in Markdown: what it is learned from, its figures, its gates, what to know."""
    yield "# If sales tries now"
    yield ""
    yield (
        f"Answered by {HOW[second.method or 'moved']}."
        if second.head
        else f"Not answered: {unearned_reason(second.seen)}"
    )
    yield ""
    if second.shift:
        yield (
            f"Shift: {second.shift.value:+.2f} (standard error {second.shift.error:.2f}) over {second.shift.looks:,} "
            f"first tries, {second.shift.won:,} of them won."
        )
    if second.test:
        metrics = second.test.metrics
        figures = [
            f"{m.card} {value:.{m.digits}f}" for m in METRICS if m.card and (value := metrics.get(m.name)) is not None
        ]
        yield f"On {second.test.rows:,} later first tries that it had not seen: {', '.join(figures)}."
    yield ""
    yield "## Gates"
    yield ""
    yield from (f"- {gate.name}: {'holds' if gate.passed else 'DOES NOT HOLD'}. {gate.why}" for gate in second.gates)
    yield ""
    yield "## Know first"
    yield ""
    yield from (f"- {sentence}" for sentence in second.sentences)
