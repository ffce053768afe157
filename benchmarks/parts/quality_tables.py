"""The figures of benchmarks/quality.py as tables and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from benchmarks.parts.judged import OURS
from benchmarks.parts.rivals import PEERS
from benchmarks.parts.walk import BLOCKS
from training.fit.recalibrate import RECENT

WALKS = {
    "recalibrated": f"{BLOCKS} blocks: fitted once, each recalibrated on the newest rows with {RECENT} converted leads",
    "refitted": f"{BLOCKS} blocks: before each fitted anew on all rows so far (the slow peers left out)",
}


def tables(name: str, figures: Mapping[str, Any]) -> list[Table | str]:
    """One set: what it is, a row a model, and what the comparison comes to."""
    test = figures["test"]
    how = f"mean of {test['splits']} random splits" if test["splits"] > 1 else "one split"
    head = f"\n{name}: {test['rows']:,} test rows, {100 * test['base_rate']:.1f} % converted, {how}"
    shown = [head, _models(figures), comparison_text(figures)]
    for how, of_walk in figures.get("walked", {}).items():
        shown += [f"\n{name}, walked through, {WALKS[how]}", _models(of_walk), comparison_text(of_walk)]
    return shown


def _models(figures: Mapping[str, Any]) -> Table:
    shown = Table("model", "AUC", "log loss", "Brier", "ECE", "ours less its log loss", "ours less its ECE")
    for name, row in figures["models"].items():
        label = "Leadlight" if name == OURS else PEERS[name].label
        against = figures["ours_less_peer"].get(name)
        gaps = (difference_text(against["log_loss"]), difference_text(against["ece"])) if against else ("", "")
        numbers = (f"{row[key]:.4f}" for key in ("roc_auc", "log_loss", "brier", "ece"))
        shown.add_row(label, *numbers, *gaps)
    return shown


def difference_text(difference: Mapping[str, Any]) -> str:
    """A difference with its interval."""
    low, high = difference["interval"]
    return f"{difference['difference']:+.4f} [{low:+.4f}, {high:+.4f}]"


def comparison_text(figures: Mapping[str, Any]) -> str:
    """In one line: against the best peer, and whose calibration is clearly better."""
    best = figures["best_peer"]
    gap = figures["ours_less_peer"][best]["log_loss"]
    low, high = gap["interval"]
    place = "below" if high < 0 else "not above" if low <= 0 else "ABOVE"
    better = [PEERS[name].label for name in figures["clearly_better_ece"]]
    ece = f"ECE clearly better than ours: {', '.join(better)}" if better else "nobody's ECE is clearly better than ours"
    null = f"(a perfect model's would stay under {figures['ece_null95']:.4f})"
    return f"ours is {place} the best peer, {PEERS[best].label}: {difference_text(gap)}; {ece} {null}"
