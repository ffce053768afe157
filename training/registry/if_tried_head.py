"""Which version answers "if sales tries now" once a version is promoted: itself, or the one that answers already."""

from __future__ import annotations

from pathlib import Path

from features.agreement.agreement import Agreement
from features.home.deployments import deployment_in_force, model_folder
from features.home.settings import Home
from training.model.if_tried import IF_TRIED_GATES, IfTried
from training.model.manifest import ModelDamaged, holds
from training.model.model import AGREEMENT


def if_tried_digest(home: Home, name: str, files: Path, digest: str) -> str | None:
    """The digest of the version whose head answers the second question beside the version in `files`; None for none.

    A version whose own head held its gates brings it. One whose head did not leaves that of the champion in place, if
    it was learned from first tries alone, for the same outcome and by the same features. A moved head does not stay:
    it moves the model that goes. Example: 4 answers both questions; the second head of 5 is not calibrated; once 5 is
    promoted it answers as things are, and 4 if sales tries now.
    """
    if IfTried.read(files, digest) is not None:
        return digest
    if not holds(files, IF_TRIED_GATES):  # the question did not arise: the first answers both
        return None
    row = deployment_in_force(home, name)
    answers = row.if_tried_digest if row else None
    return answers if answers and _fits(model_folder(home, answers), answers, files) else None


def _fits(folder: Path, digest: str, files: Path) -> bool:
    try:
        head = IfTried.read(folder, digest)
    except ModelDamaged:
        return False
    if head is None or head.model is None:
        return False
    theirs, ours = Agreement.parse(head.model.agreement_text), Agreement.parse((files / AGREEMENT).read_text())
    return theirs.outcome == ours.outcome and theirs.feature_digest == ours.feature_digest
