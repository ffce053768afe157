"""The manifest of a model's files: the SHA-256 of each file, and one digest of them all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from features.home.errors import LeadlightError

MANIFEST = "manifest.json"


class ModelDamaged(LeadlightError):
    """A model file is missing or is not the file that was registered."""

    code = "model_damaged"


def write_manifest(folder: Path, names: Iterable[str]) -> str:
    """Write the manifest of these files into `folder`, and return the manifest's digest."""
    digests = {name: _sha256(folder / name) for name in names}
    (folder / MANIFEST).write_text(json.dumps({"files": digests}, indent=1, sort_keys=True))
    return "sha256:" + _sha256(folder / MANIFEST)


def verify_manifest(folder: Path, digest: str | None) -> None:
    """Check every file of `folder` against the manifest and the manifest against `digest`. Raises ModelDamaged."""
    try:
        if digest and "sha256:" + _sha256(folder / MANIFEST) != digest:
            raise ModelDamaged(f"{folder / MANIFEST} is not the registered one ({digest}); promote the model again")
        files: dict[str, str] = json.loads((folder / MANIFEST).read_text())["files"]
        for name, expected in files.items():
            if _sha256(folder / name) != expected:
                raise ModelDamaged(
                    f"{folder / name} does not have the SHA-256 of its manifest; promote the model again"
                )
    except (OSError, KeyError, ValueError) as error:
        raise ModelDamaged(f"{folder} cannot be read as a model: {error}; promote the model again") from error


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
