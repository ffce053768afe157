"""feature_store.yaml: the file by which Feast's own command line and pages see the build that a home reads."""

from __future__ import annotations

import json
from pathlib import Path

from features.agreement.versions import NoAgreement, version_in_force
from features.home.settings import Home, Settings
from features.home.whole_files import write_whole
from features.store import feast_internals
from features.store.builds import build_of, has_files
from features.store.feast_views import FeastRepository

FEATURE_STORE = "feature_store.yaml"
FROM_ENVIRONMENT = "${LEADLIGHT_REDIS_URL}"  # Feast fills it in: the address may hold a password
HEAD = """\
# For Feast's command line and pages, to look at what Leadlight keeps; written anew with each build:
#   feast -c {folder} feature-views list
#   feast -c {folder} ui --host 127.0.0.1
# To look only. Leadlight makes and fills the views itself: `feast apply` here would take them for deleted, since no
# Python file defines them, and `feast teardown` empties the store that answers. If that was done: leadlight rebuild.
"""


def write_feature_store_file(home: Home) -> Path | None:
    """Write the file beside the builds, where it is not so already; its path, or None where nothing is read yet.

    It shows the build of the agreement that the home works with now.
    """
    try:
        build = build_of(home, version_in_force(home).agreement)
    except NoAgreement:
        return None
    if build is None or not has_files(home, build):
        return None
    path, text = home.features / FEATURE_STORE, feature_store_text(build.repository(home))
    if not path.exists() or path.read_text() != text:
        write_whole(path, text)
    return path


def feature_store_text(repository: FeastRepository) -> str:
    """What Feast reads: project, registry and stores of one build. JSON is YAML too; no password stands in it."""
    online = {"type": "redis", "connection_string": _redis(repository)}
    if repository.online_file is not None:
        online = {"type": "sqlite", "path": str(repository.online_file)}
    content = {
        "project": repository.project,
        "provider": "local",
        "registry": {"path": str(repository.folder / "registry.db"), "cache_ttl_seconds": 0},
        "offline_store": {"type": "duckdb"},
        "online_store": online,
        "entity_key_serialization_version": feast_internals.KEY_VERSION,
    }
    lines = (f"{name}: {json.dumps(value)}\n" for name, value in content.items())
    return HEAD.format(folder=repository.home.features) + "".join(lines)


def _redis(repository: FeastRepository) -> str:
    usual: str = Settings.model_fields["redis_url"].default
    return usual if repository.home.settings.redis_url == usual else FROM_ENVIRONMENT
