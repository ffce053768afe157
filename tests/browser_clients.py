"""A site of two pages that a real browser visits, with a client from npm in them, unmodified."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
from browser_layout import chromium
from vendor_clients import npm_packages

# Without its word "Headless", which is that of a crawler.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
VISIT_MS = 1_500  # on each page, before the visitor goes on

# What docs/events.md gives for a client that has no time on page.
TIME_ON_PAGE = """
const page_view_id = crypto.randomUUID();
let engaged_ms = 0, since = Date.now();
const pause = () => { engaged_ms += since === null ? 0 : Date.now() - since; since = null; };
addEventListener("visibilitychange", () => { document.hidden ? pause() : (since = Date.now()); });
const leave = () => { pause(); client.track("Page Left", { page_view_id, engaged_ms }); };
addEventListener("pagehide", leave, { once: true });
client.page(undefined, undefined, { page_view_id });
"""
SEGMENT = """
const { host, key } = SETTINGS, where = { apiHost: host + "/v1", protocol: "http" };
const client = AnalyticsNext.AnalyticsBrowser.load(
  { writeKey: key, cdnSettings: { integrations: { "Segment.io": { apiKey: key, ...where } } } },
  { integrations: { "Segment.io": { ...where, deliveryStrategy: { config: { keepalive: true } } } } },
);
"""
RUDDER = """
const { host, key, useBeacon } = SETTINGS, client = new rudderanalytics.RudderAnalytics();
const off = { enabled: false }, dataplanes = {};
const source = { id: "site", writeKey: key, enabled: true, workspaceId: "ours", connections: [], destinations: [],
                 dataplanes, config: { statsCollection: { errors: off, metrics: off } } };
client.load(key, "http://" + host, {
  useBeacon, autoTrack: { enabled: useBeacon, options: { pageLifecycle: { enabled: useBeacon } } },
  beaconQueueOptions: { flushQueueInterval: 500 }, getSourceConfig: () => ({ source }), sendAdblockPage: false,
});
"""
SAYS = """
if (FIRST) {
  client.identify("USER", { email: "USER@buyer.example", job_title: "VP Sales" });
  for (let n = 0; n < 3; n++) client.track("Tried", { n });
  setTimeout(() => { location.href = "/pricing/second.html"; }, VISIT_MS);
}
"""


@dataclass(frozen=True)
class BrowserClient:
    """One client: its file in the packages, how a page loads it, and what it sends of the time on a page."""

    name: str
    script: str
    load: str
    left: str
    settings: dict[str, Any]

    def __str__(self) -> str:
        return self.name

    def page(self, host: str, key: str, is_first: bool) -> str:
        """One page of the site, with the client as its documentation loads it."""
        known = {"SETTINGS": json.dumps(self.settings | {"host": host, "key": key}), "FIRST": json.dumps(is_first)}
        views = "client.page();" if self.left == "Page Unloaded" else TIME_ON_PAGE
        script = self.load + views + SAYS
        for name, value in (known | {"USER": self.name, "VISIT_MS": str(VISIT_MS)}).items():
            script = script.replace(name, value)
        loaded = f'<script src="/packages/{self.script}"></script><script>{script}</script>'
        return f"<!doctype html><title>Prices</title>{loaded}"


_UMD = "@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js"
BROWSER_CLIENTS = (
    BrowserClient("analytics-next", "@segment/analytics-next/dist/umd/index.js", SEGMENT, "Page Left", {}),
    BrowserClient("rudder-xhr", _UMD, RUDDER, "Page Left", {"useBeacon": False}),
    BrowserClient("rudder-beacon", _UMD, RUDDER, "Page Unloaded", {"useBeacon": True}),
)


@contextmanager
def visiting(client: BrowserClient, host: str, key: str, folder: Path) -> Iterator[None]:
    """A browser that visits the first page, goes on to the second by itself and stays there until the block ends."""
    packages = npm_packages()
    pages = {f"/pricing/{name}.html": client.page(host, key, name == "first") for name in ("first", "second")}

    class Site(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path in pages:
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(pages[self.path].encode())
            else:
                super().do_GET()

        def translate_path(self, path: str) -> str:
            return str(packages / path.removeprefix("/packages/"))

        def log_message(self, *_: object) -> None:
            pass

    site = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    browser = subprocess.Popen(_command(folder, f"http://127.0.0.1:{site.server_port}/pricing/first.html"))
    try:
        yield
    finally:
        for process in [*psutil.Process(browser.pid).children(recursive=True), psutil.Process(browser.pid)]:
            process.kill()
        browser.wait(60)
        site.shutdown()
        site.server_close()


def _command(folder: Path, url: str) -> list[str]:
    quiet = "headless no-sandbox disable-gpu no-first-run disable-component-update disable-background-networking"
    # With a port for a debugger it goes on running; without one it ends as soon as the page is there.
    return [
        chromium() or "chromium", *(f"--{word}" for word in quiet.split()), f"--user-agent={AGENT}",
        "--remote-debugging-port=0", "--log-level=3",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"--user-data-dir={folder / 'profile'}", url,
    ]  # fmt: skip
