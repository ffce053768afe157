"""The agreement as a page: who signed it, whether it is live, and all of it in words, for both sides to read."""

from __future__ import annotations

from collections.abc import Sequence

from features.agreement.signatures import Signature, short_digest
from features.agreement.standing import Standing, standing_lines
from features.agreement.versions import AgreementVersion
from serving.pages.agreement.agreement_words import agreement_in_words
from serving.pages.page import html_page


def agreement_page(kept: AgreementVersion, stands: Standing, signatures: Sequence[Signature]) -> str:
    """The page of an agreement, which loads nothing and is complete as a file."""
    agreement = kept.agreement
    rows = [
        [
            one.by,
            one.side,
            f"{one.at:%Y-%m-%d}",
            "this text" if one.digest == agreement.signed_digest else f"an earlier text, {short_digest(one.digest)}",
        ]
        for one in reversed(signatures)
    ]
    return html_page(
        "agreement.html.j2",
        name=agreement.name,
        version=kept.version,
        digest=agreement.signed_digest,
        standing=[*standing_lines(stands, kept.is_agreed)],
        signatures=rows,
        sections=agreement_in_words(agreement),
        notes=agreement.notes,
        text=agreement.text,
    )
