"""A gate: one promise that a model must keep before it may answer, with the value seen, the limit and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

EXACT = 1e-9  # log-odds: what two ways of computing the same number may differ by


@dataclass(frozen=True)
class Gate:
    """One promise, the value seen and the limit it was held to; None: there was nothing to measure it by.

    why: one plain sentence, whether or not it holds.
    """

    name: str
    passed: bool
    value: float | None
    limit: float | None
    why: str

    def as_json(self) -> dict[str, Any]:
        """This gate as the command line and the registry show it."""
        return asdict(self)


@dataclass(frozen=True)
class GateResults:
    """The gates of one model version, and the digests of champion and anchor that they compared it with.

    champion_digest: None where no champion answered then. anchor_digest: None where there was no best so far, or it was
    not compared with. is_best: whether it was shown to be better than that, or is the first of its outcome.
    """

    gates: tuple[Gate, ...]
    champion_digest: str | None
    anchor_digest: str | None = None
    is_best: bool = False

    def is_against(self, champion_digest: str | None, anchor_digest: str | None) -> bool:
        """Whether it was compared with this champion and this anchor; an anchor that was not compared with is none."""
        return self.champion_digest == champion_digest and self.anchor_digest in (None, anchor_digest)

    def json(self) -> str:
        """As text, for a file beside the model; `GateResults.read` gives it back equal."""
        gates, against = [gate.as_json() for gate in self.gates], (self.champion_digest, self.anchor_digest)
        written = {"gates": gates, "against": against[0], "anchor": against[1], "is_best": self.is_best}
        return json.dumps(written, indent=1)

    @classmethod
    def read(cls, text: str) -> GateResults:
        """What `json` wrote."""
        written = json.loads(text)
        gates = tuple(Gate(**gate) for gate in written["gates"])
        return cls(gates, written["against"], written.get("anchor"), written.get("is_best", False))


NOT_GATED = GateResults((), None)  # before its gates were run


def failed_gates(gates: Sequence[Gate]) -> list[str]:
    """The names of the gates that do not hold."""
    return [gate.name for gate in gates if not gate.passed]
