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
    """The gates of one model version, and the digest of the champion that they compared it with.

    against: None where no champion answered then.
    """

    gates: tuple[Gate, ...]
    champion_digest: str | None

    def json(self) -> str:
        """As text, for a file beside the model; `GateResults.read` gives it back equal."""
        return json.dumps({"gates": [gate.as_json() for gate in self.gates], "against": self.champion_digest}, indent=1)

    @classmethod
    def read(cls, text: str) -> GateResults:
        """What `json` wrote."""
        written = json.loads(text)
        return cls(tuple(Gate(**gate) for gate in written["gates"]), written["against"])


def failed_gates(gates: Sequence[Gate]) -> list[str]:
    """The names of the gates that do not hold."""
    return [gate.name for gate in gates if not gate.passed]
