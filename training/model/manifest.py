"""The manifest of a model's files: the SHA-256 of each file, and one digest of them all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from features.home.errors import LeadlightError
from features.home.whole_files import write_whole

MANIFEST = "manifest.json"


class ModelDamaged(LeadlightError):
    """A model file is missing or is not the file that was registered."""

    code = "model_damaged"


def write_texts(folder: Path, texts: Mapping[str, str]) -> str:
    """Write texts by their names relative to `folder`, and the manifest of them; the manifest's digest."""
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, text)
    digests = {name: _sha256(folder / name) for name in texts}
    write_whole(folder / MANIFEST, json.dumps({"files": digests}, indent=1, sort_keys=True))
    return "sha256:" + _sha256(folder / MANIFEST)


def holds(folder: Path, name: str) -> bool:
    """Whether the manifest in `folder` names a file. Raises ModelDamaged where there is no manifest to read."""
    return name in _files(folder)


def verify_manifest(folder: Path, digest: str | None) -> None:
    """Check every file of `folder` against the manifest and the manifest against `digest`. Raises ModelDamaged."""
    try:
        if digest and "sha256:" + _sha256(folder / MANIFEST) != digest:
            raise ModelDamaged(f"{folder / MANIFEST} is not the registered one ({digest}); promote the model again")
        for name, expected in _files(folder).items():
            if _sha256(folder / name) != expected:
                raise ModelDamaged(
                    f"{folder / name} does not have the SHA-256 of its manifest; promote the model again"
                )
    except OSError as error:
        raise _unreadable(folder, error) from error


def _files(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file by its name relative to `folder`."""
    try:
        files: dict[str, str] = json.loads((folder / MANIFEST).read_text())["files"]
        return dict(files)
    except (OSError, KeyError, ValueError) as error:
        raise _unreadable(folder, error) from error


def _unreadable(folder: Path, error: Exception) -> ModelDamaged:
    return ModelDamaged(f"{folder} cannot be read as a model: {error}; promote the model again")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
