"""What the whole suite shares: no test reads a person's settings, and every drawn example is drawn again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import migrated_databases
import numba_cache
import pytest
import structlog
import throwaway_servers
from hypothesis import settings

from features.home.database import engine

# The same examples on every machine, and no deadline: the first call compiles.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")
# structlog's own default draws each traceback with all variables, which takes most of a second.
plain_lines = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain_lines])
LOGS = structlog.get_config()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Each test begins with the suite's logs: a command's are written to what was stderr when it ran, now closed."""
    structlog.configure(**LOGS)


def pytest_configure(config: pytest.Config) -> None:
    """Where several workers are about to start, what numba compiles is compiled before, once."""
    is_controller = config.getoption("numprocesses", None) and not hasattr(config, "workerinput")
    if is_controller and not numba_cache.is_warm():
        numba_cache.fill()


# Some forty seconds and more each, the longest first.
LONGEST = (
    "test_readme.py",
    "test_markets.py",
    "test_serving_short_form.py",
    "test_crash_kill.py",
    "test_bpi2012.py",
    "test_05_backtest_and_drift.py",
    "test_06_promote_and_roll_back.py",
    "test_score.py",
    "test_04_explain.py",
    "test_02_events_to_features.py",
    "test_03_train_and_calibrate.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files go to the workers first, or one of them would still be at work when the others have ended."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    places = {name: place for place, name in enumerate(LONGEST)}

    def place(item: pytest.Item) -> tuple[bool, int]:
        return item.path not in slow, places.get(item.path.name, len(places))

    items.sort(key=place)


for name in [name for name in os.environ if name.startswith(("LEADLIGHT_", "MLFLOW_")) and "PUBLIC_DATA" not in name]:
    del os.environ[name]  # a home, database or registry of the person who runs the suite is none of its business


@pytest.fixture(scope="session", autouse=True)
def _databases_are_copied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new database of a home or of MLflow is a copy of the first one, which all workers share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "migrated"
    folder.mkdir(exist_ok=True)
    with migrated_databases.copied(folder):
        yield


@pytest.fixture(scope="module")
def migrations_as_ever() -> Iterator[None]:
    """For tests of migrations: each new database is migrated."""
    with migrated_databases.migrations_as_ever():
        yield


@pytest.fixture(scope="session")
def public_data() -> Path:
    """The folder of the public data sets that data/README.md names; they may not be in the repo, so tests may skip."""
    folder = os.environ.get("LEADLIGHT_PUBLIC_DATA")
    if not folder:
        pytest.skip("LEADLIGHT_PUBLIC_DATA is not set: download the public data sets as data/README.md says")
    return Path(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a throw-away PostgreSQL."""
    binaries = throwaway_servers.postgres_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed here: apt-get install postgresql")
    with throwaway_servers.postgres(binaries) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty database of its own."""
    with throwaway_servers.database(postgres_server) as url:
        yield url
        engine(url).dispose()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """host:port of a throw-away Redis."""
    if shutil.which("redis-server") is None:
        pytest.skip("Redis is not installed here: apt-get install redis-server")
    with throwaway_servers.redis() as url:
        yield url
