"""`leadlight serve`: starts BentoML for one home, where its keys allow it; and how its workers end with it."""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import structlog
from sqlalchemy.engine import make_url

from features.home.errors import LeadlightError
from features.home.settings import Home
from serving.http.auth import is_loopback
from serving.http.keys import Keys

REPO = Path(__file__).resolve().parents[1]
SERVICE = "serving.service:Leadlight"
LAST_REQUESTS_S = 30.0
REMEDY = "make one with `leadlight keys create --scope scores:read`"

log = structlog.get_logger(__name__)


def serve(home: Home, host: str = "127.0.0.1", port: int = 3000, workers: int = 1) -> None:
    """Become the BentoML service of `home`; returns only by an error.

    Raises LeadlightError for an address that strangers reach while no key exists, or that is no address or taken.
    """
    address = _address(host)
    is_local = is_loopback(address)
    if not is_local and not Keys(home).active():
        problem = f"{address} can be reached from other machines and there is no API key"
        raise LeadlightError(f"{problem}; {REMEDY}, or serve on 127.0.0.1", code="key_needed")
    _check_free(address, port)
    variables = environment(home, workers, os.environ)
    print(listening(address, port, is_local), file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "bentoml", "serve", SERVICE, "--working-dir", str(REPO)]
    command += ["--host", address, "--port", str(port)]
    # Replacing this process hands its signals and its exit code to BentoML, with nothing between to lose them.
    os.execve(sys.executable, command, variables)


def listening(address: str, port: int, is_local: bool) -> str:
    """The line that says where the service listens and who may use it."""
    host = f"[{address}]" if ":" in address else address
    who = "this machine only, where no key is needed" if is_local else "a key is needed from other machines"
    return f"Leadlight serves http://{host}:{port} ({who}); Ctrl+C ends it"


def environment(home: Home, workers: int, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of the service: its home, its number of workers, and no telemetry."""
    if workers < 1:
        raise LeadlightError(f"--workers is {workers}; give 1 or more", code="bad_workers")
    # BentoML keeps its working files in one place for a user and clears them at each start: a second home that is
    # served would empty the metrics of the first.
    variables = {
        "LEADLIGHT_HOME": str(home.created().path),
        "BENTOML_DO_NOT_TRACK": "True",
        "BENTOML_HOME": inherited.get("BENTOML_HOME", str(home.path / "bentoml")),
    }
    if home.settings.database_url:
        variables["LEADLIGHT_DATABASE_URL"] = _from_here(home.settings.database_url)
    if workers > 1:
        overrides = json.loads(inherited.get("BENTOML_CONFIG_OVERRIDES") or "{}")
        overrides.setdefault("services", {}).setdefault("Leadlight", {})["workers"] = workers
        variables["BENTOML_CONFIG_OVERRIDES"] = json.dumps(overrides)
    return {**inherited, **variables}


def _from_here(database_url: str) -> str:
    # The service works in the repo's folder, where a relative file would be another.
    url = make_url(database_url)
    is_file = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
    return str(url.set(database=str(Path(url.database or "").absolute()))) if is_file else database_url


def end_with_parent(each_s: float = 1.0) -> None:
    """End this worker once the process that started it is gone: `kill -9` of `bentoml serve` tells its workers nothing.

    Such a worker would hold the port and go on answering, by the code and the settings of then, beside its successor.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(each_s)
        with suppress(OSError):  # its log may have gone with it
            log.warning("the process that started this worker is gone; it ends", parent=parent)
        os.kill(os.getpid(), signal.SIGTERM)  # what is on its way is answered first
        time.sleep(LAST_REQUESTS_S)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _address(host: str) -> str:
    # BentoML binds addresses only, no names.
    name = {"localhost": "127.0.0.1"}.get(host.lower(), host)
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        problem = f"--host is {host!r}, which is no IP address; give one, such as 127.0.0.1 or 0.0.0.0"
        raise LeadlightError(problem, code="bad_host") from None


def _check_free(address: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except (OSError, OverflowError) as error:
            problem = f"cannot listen on {address} port {port}: {error}; choose another with --port"
            raise LeadlightError(problem, code="port_taken") from None
