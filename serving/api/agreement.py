"""The route of the agreement: GET /v1/agreement, as JSON for programs and as a page for a browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from features.agreement.kept_signatures import signatures_of, standing_in_force
from features.agreement.signatures import Signature
from features.agreement.standing import Standing
from features.agreement.versions import AgreementVersion
from features.home.clock import rfc3339
from features.home.database import reading
from features.home.errors import LeadlightError
from serving.api.routes import api_route
from serving.http.auth import MAY_READ_SCORES, admit
from serving.http.problems import json_response
from serving.pages.agreement.agreement_page import agreement_page
from serving.pages.page import page_response
from serving.process import ServedHome


class AgreementRoutes:
    """The endpoint. The agreement names our own people and no lead: whoever may read scores may see it."""

    def __init__(self, served: ServedHome) -> None:
        self.served = served

    def routes(self) -> list[Route]:
        """The routes, relative to /v1."""
        return [api_route("/agreement", self.agreement)]

    async def agreement(self, request: Request) -> Response:
        """GET /v1/agreement"""
        admit(request, self.served.credentials, MAY_READ_SCORES)
        try:
            read = await to_thread.run_sync(self._read)
        except LeadlightError as error:
            raise self.served.scoring_problem(error) from error
        if _is_for_people(request):
            return page_response(agreement_page(*read))
        return json_response(agreement_document(*read))

    def _read(self) -> tuple[AgreementVersion, Standing, list[Signature]]:
        kept, stands = standing_in_force(self.served.home)
        with reading(self.served.home) as connection:
            return kept, stands, signatures_of(connection, kept.agreement)


def _is_for_people(request: Request) -> bool:
    """Whether a browser asks: it names HTML before anything else."""
    return request.headers.get("accept", "").strip().lower().startswith("text/html")


def agreement_document(kept: AgreementVersion, stands: Standing, signatures: Sequence[Signature]) -> dict[str, Any]:
    """The agreement in the API's shape."""
    agreement = kept.agreement
    return {
        "name": agreement.name,
        "version": kept.version,
        "is_agreed": kept.is_agreed,
        "digests": {
            "all": agreement.digest,
            "signed": agreement.signed_digest,
            "policy": agreement.policy_digest,
            "features": agreement.feature_digest,
        },
        "signatures": [_signature(one, agreement.signed_digest) for one in signatures],
        "live": stands.is_live,
        "why_not_live": stands.why_not,
        "changed_since_signed": stands.changed_since_signed,
        "signatures_missing": list(stands.missing),
        "notes": list(agreement.notes),
        "text": agreement.text,
    }


def _signature(signature: Signature, signed_digest: str) -> dict[str, Any]:
    fields = {"by": signature.by, "side": signature.side, "at": rfc3339(signature.at), "digest": signature.digest}
    return fields | {"is_of_this_text": signature.digest == signed_digest}
