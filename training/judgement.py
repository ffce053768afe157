"""A candidate held against every gate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from features.store.repository import Repository
from training.candidate import Candidate
from training.challenge import Trial, champion, champion_gates
from training.directions import directions_kept
from training.gates import Gate, Verdict, better_than_average, calibrated, contributions_exact
from training.leak_gate import no_leak


def judged(candidate: Candidate, repository: Repository) -> Candidate:
    """The candidate with its gates: by itself, and against what the home of `repository` serves now."""
    verdict = _verdict(candidate, repository)
    return replace(candidate, gates=verdict.gates, against=verdict.against)


def _verdict(candidate: Candidate, repository: Repository) -> Verdict:
    agreement, home = candidate.kept.agreement, repository.home
    tested = candidate.labelled[candidate.split.test]
    present = champion(home, agreement.name)
    gates = (
        *_by_itself(candidate, tested),
        directions_kept(candidate.model, repository, agreement, tested),
        *champion_gates(candidate.model, present, Trial(home, agreement, tested)),
    )
    return Verdict(gates, present.digest if present else None)


def _by_itself(candidate: Candidate, tested: pd.DataFrame) -> tuple[Gate, ...]:
    model, metrics = candidate.model, candidate.test.metrics
    constant = next((compared.log_loss for compared in candidate.compared if compared.name == "constant"), None)
    matrix = model.matrix(tested)
    contributions, _ = model.contributions(matrix)
    names, member = model.groups
    grouped = pd.DataFrame(contributions @ member, columns=names)
    return (
        better_than_average(metrics["log_loss"], constant),
        calibrated(metrics["ece"], metrics["ece_null95"]),
        contributions_exact(model, matrix),
        no_leak(grouped, tested["outcome"].to_numpy(np.float64), candidate.kept.agreement, model.kinds),
    )
