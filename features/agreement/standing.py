"""How an agreement stands: live or on trial, signed by whom, and whether it changed since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from features.agreement.agreement import Agreement
from features.agreement.signatures import SIDES, Signature, SigningSide


@dataclass(frozen=True)
class Standing:
    """How an agreement stands: live or on trial, why it is not live, and whether it changed since it was signed.

    missing: the sides whose signature under the present text is missing.
    """

    is_live: bool
    why_not: str | None
    changed_since_signed: bool
    missing: tuple[SigningSide, ...]


def signatures_in(agreement: Agreement) -> tuple[Signature, ...]:
    """The signatures that stand in the file itself."""
    return tuple(line for line in agreement.agreed_by if isinstance(line, Signature))


def standing(agreement: Agreement, signatures: Iterable[Signature] = ()) -> Standing:
    """How the agreement stands, by the signatures that a home keeps beside those in its own text.

    It is live where it says so, both sides signed one and the same text of it, this one or an earlier one, and somebody
    can hear. A later change stays live, and is said: `changed_since_signed`.
    """
    known = {*signatures, *signatures_in(agreement)}
    sides_of = {one.digest: {other.side for other in known if other.digest == one.digest} for one in known}
    was_signed = any(sides == set(SIDES) for sides in sides_of.values())
    signed_now = sides_of.get(agreement.signed_digest, set())
    missing = tuple(side for side in SIDES if side not in signed_now)
    why_not = _why_not(agreement, was_signed, missing)
    return Standing(why_not is None, why_not, was_signed and bool(missing), missing)


def _why_not(agreement: Agreement, was_signed: bool, missing: tuple[SigningSide, ...]) -> str | None:
    if not was_signed:
        sides = " and ".join(missing)
        return f"not signed by {sides}; run: leadlight agreement sign --by NAME --side {missing[0]}"
    if not agreement.people.somebody_hears:
        return "nobody would hear of a handover; write reps, escalate_to or notify below [people]"
    return None if agreement.handover.live else "still a trial; write live = true below [handover]"


CHANGED = "changed since it was signed; {sides} should read and sign it again: leadlight agreement sign"


def standing_lines(stands: Standing, is_agreed: bool = True) -> Iterator[str]:
    """The standing in sentences: live or on trial, and whether it changed since it was signed."""
    if not is_agreed:
        yield "not agreed yet: this is Leadlight's default"
    yield "live" if stands.is_live else f"a trial, nothing is sent: {stands.why_not}"
    if stands.changed_since_signed:
        yield CHANGED.format(sides=" and ".join(stands.missing))
