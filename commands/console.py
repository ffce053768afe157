"""Lines for people in a terminal: progress, the hottest leads, what training showed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar

from features.home.printed_text import json_escaped, visible_line
from features.home.progress import Progress
from serving.scoring.points import AVERAGE, HIGHEST, LOWEST

# What stands in brackets or between colons is text of a lead's, and no style and no emoji.
out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, markup=False, emoji=False)


def complain(sentence: str) -> None:
    """Say on stderr what is wrong, on one line."""
    err.print(f"leadlight: {visible_line(sentence)}", soft_wrap=True)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines as they are, but for what would move the cursor."""
    for line in lines:
        out.print(visible_line(line))


def print_json(document: str) -> None:
    """Print a JSON document."""
    out.file.write(json_escaped(document) + "\n")
    out.file.flush()


@contextmanager
def progress_line(what: str) -> Iterator[Progress]:
    """A line on stderr that moves while something takes its time; call it with what is being done.

    Where stderr is no terminal, a plain line now and then.
    """
    if not err.is_terminal:
        yield _occasional_lines()
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(20), TimeElapsedColumn())
    with ProgressBar(*columns, console=err, transient=True) as shown:
        task = shown.add_task(what, total=None)
        yield lambda sentence: shown.update(task, description=visible_line(sentence))


def _occasional_lines(each_s: float = 10.0) -> Progress:
    last = time.monotonic()

    def show(sentence: str) -> None:
        nonlocal last
        if time.monotonic() - last >= each_s:
            last = time.monotonic()
            err.print(visible_line(sentence))

    return show


def hottest_lead_lines(
    scored: Sequence[Mapping[str, Any]], questions: Mapping[str, str | None], most: int = 8, order: str = "probability"
) -> Iterator[str]:
    """Lines about the hottest leads: score, probability, decision, and reasons whose points add up to the score.

    questions: by criterion, what to ask a lead that it has no points for. order: the field that they are sorted by.
    """
    yield "score        decision     lead    source, campaign             why"
    for score in scored[:most]:
        yield from _lead(score, questions)
        if order == "if_tried_now":
            figure = score["if_tried_now"]
            yield f"   if tried now {'-' if figure is None else f'{figure * 100:.0f}/100'}"


def _lead(score: Mapping[str, Any], questions: Mapping[str, str | None]) -> Iterator[str]:
    came = f"{score['source'] or '-'}, {score['campaign'] or '-'}"
    decided = f"{score['decision'] or score['status']:<12} {score['lead_id']:<7} {came:<28}"
    if score["probability"] is None:
        yield f"{'-':<12} {decided} {score['decision_code'] or 'no event named this lead'}"
        return
    head = f"{score['score']:>2} {score['grade']} {score['probability'] * 100:>3.0f}/100 {decided}"
    lines = [f"{points:+3d} {text}" for points, text in score_arithmetic(score)]
    if score["decision_code"] == "lost":
        lines.append("lost: it stays with marketing until it shows new interest")
    elif score["decision"] in ("nurture", "needs_data") and (question := questions.get(score["criteria"]["ask_next"])):
        lines.append(f'ask next: "{question}"')
    yield f"{head} {lines[0]}"
    yield from (f"{'':<{len(head)}} {line}" for line in lines[1:])


def score_arithmetic(score: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Whole points that add up from 50 to the score: the reasons, everything else, and what the scale's end cuts off.

    Example: 50 + 12 (on pricing pages) + 9 (webinar) + 5 (everything else) is the score 76.
    """
    named = [(round(reason["points"]), reason["text"]) for reason in score["reasons"]]
    beyond = _beyond(score)
    others = score["score"] - beyond - AVERAGE - sum(points for points, _ in named)
    ended = [(beyond, f"the scale ends at {score['score']}")] if beyond else []
    return [*named, (others, "everything else"), *ended]


def _beyond(score: Mapping[str, Any]) -> int:
    """The points that the end of the scale takes from a score, or at its lower end gives to it."""
    if LOWEST < score["score"] < HIGHEST:
        return 0
    whole: float = sum(score[part] for part in ("base_points", "fit_points", "engagement_points"))
    return int(score["score"]) - round(whole)


def metrics_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """Lines about a training: what was learned and tested, metrics, gates that do not hold, the registered version."""
    from training.metrics.metrics import METRICS  # here, for numpy would slow the start of every command

    metrics, rows, leads = summary["metrics"], summary["rows"], summary["leads"]
    counted = {name: f"{rows[name]:,} snapshots of {count:,} leads" for name, count in leads.items()}
    yield f"judged model: learned from {counted['train']}, calibrated out of fold, tested on {counted['test']}"
    yield from (f"served model: learned from all {counted[name]}" for name in counted if name == "served")
    yield f"split: {summary['how']}"
    for metric in METRICS:
        if metric.console:
            interval = _interval(summary["intervals"].get(metric.name), metric.digits)
            yield f"{metric.console:<22} {_figure(metrics.get(metric.name), metric.digits)}{interval}"
    if folded := summary["out_of_fold"]:
        auc, ece = _figure(folded["roc_auc"]), _figure(folded["ece"])
        yield f"out of fold, all leads: ROC AUC {auc}, ECE {ece} (if perfect, 95 %: {_figure(folded['ece_null95'])})"
    if shift := summary["shift"]:
        tries = f"{shift['looks']:,} first tries, {shift['won']:,} of them won"
        yield f"{'shift if tried':<22} {shift['value']:+.2f} (error {shift['error']:.2f}) over {tries}"
    yield from summary["warnings"]
    yield from gate_lines(summary["gates"])
    if version := summary["model_version"]:
        yield f"registered as version {version}" + (", and it answers from now on" if summary["promoted"] else "")
    yield from filter(None, [summary.get("scale")])


def gate_lines(gates: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The gates that did not hold, each with why; nothing where all did."""
    yield from (f"gate {gate['name']} does not hold: {gate['why']}" for gate in gates if not gate["passed"])


def _figure(value: float | None, digits: int = 4) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _interval(bounds: Any, digits: int = 4) -> str:
    return f"  [{bounds[0]:.{digits}f}, {bounds[1]:.{digits}f}]" if bounds else ""
