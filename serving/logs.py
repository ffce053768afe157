"""Logs: JSON lines on stderr, with the secret part of every key cut off."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

SECRET = re.compile(r"\b(llk_|whsec_)[A-Za-z0-9_\-+/=]{8,}|(/h/)[A-Za-z0-9_.\-]{16,}")  # keys, and links to cards


def configure() -> None:
    """Set up structlog for this process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            without_secrets,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def drop_bentoml_warning() -> None:
    """Drop a warning of BentoML at each native request, and one of apprise. After all imports: they set filters."""
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="_bentoml_impl")
    # Of apprise's mail, for a package that we do not have.
    warnings.filterwarnings("ignore", message="'imghdr' is deprecated", category=DeprecationWarning)


def without_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """The log line with each key, and each link to a card, cut to its prefix, also inside an error's text."""
    return {
        name: SECRET.sub(lambda cut: f"{cut[1] or cut[2]}...", value) if isinstance(value, str) else value
        for name, value in event.items()
    }
