"""`leadlight serve`: starts the API as a BentoML service."""

from __future__ import annotations

from typing import Annotated

import typer

from commands import console
from commands.options import AgreementFile, chosen_agreement, home
from features.agreement.versions import NOT_AGREED, NoAgreement, current_version


def serve(
    host: Annotated[str, typer.Option(help="Other machines reach it only where a key exists.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 3000,
    workers: Annotated[int, typer.Option(min=1)] = 1,
    agreement: AgreementFile = None,
) -> None:
    """Run the BentoML service: the API on /v1, BentoML's own on /scores, health, metrics and OpenAPI."""
    from serving.server import serve as become

    if agreement:
        chosen_agreement(agreement)
    try:
        current_version(home())
    except NoAgreement:
        console.complain(NOT_AGREED)
    become(home(), host, port, workers)
