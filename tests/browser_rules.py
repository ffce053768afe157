"""What axe-core finds on pages in a real browser against WCAG 2.2 A and AA: light and dark, wide and narrow."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from html import escape, unescape
from pathlib import Path

from browser_layout import PHONE, SCREEN, chromium
from vendor_clients import npm_packages

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DARK = "@media screen and (prefers-color-scheme: dark)"
ASKED = """
axe.run(document, {runOnly: {type: "tag", values: RULES}, resultTypes: ["violations"]}).then(found => {
  const told = each => each.nodes.map(node => each.id + ": " + node.html.slice(0, 160));
  parent.seen[NAME] = found.violations.flatMap(told);
  parent.document.getElementById("out").textContent = JSON.stringify(parent.seen);
});
"""


def violations(pages: Mapping[str, str], folder: Path) -> dict[str, list[str]]:
    """By page, width and colours, each element that breaks a rule: "rule: <element>"."""
    axe = (npm_packages() / "axe-core" / "axe.min.js").read_text()
    (folder / "axe.js").write_text(axe)
    frames = [
        f'<iframe srcdoc="{escape(_with_axe(page, f"{name}, {width}, {colours}", colours))}"'
        f' title="{name}" style="border: 0; height: 900px; width: {width}px"></iframe>'
        for name, page in pages.items()
        for width in (PHONE, SCREEN)
        for colours in ("light", "dark")
    ]
    outer = f'<meta charset="utf-8"><pre id="out"></pre><script>var seen = {{}};</script>{"".join(frames)}'
    (folder / "rules.html").write_text(outer)
    command = [
        chromium() or "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--allow-file-access-from-files",
    ]
    command += [f"--user-data-dir={folder / 'profile'}", "--window-size=1500,1000", "--virtual-time-budget=120000"]
    done = subprocess.run(
        [*command, "--dump-dom", (folder / "rules.html").as_uri()],
        capture_output=True, text=True, check=True, timeout=240,
    )  # fmt: skip
    found = re.search(r'<pre id="out">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr
    seen: dict[str, list[str]] = json.loads(unescape(found[1]))
    assert len(seen) == 4 * len(pages), sorted(seen)
    return seen


def _with_axe(page: str, name: str, colours: str) -> str:
    """The page in these colours with axe in it, and without the policy that would forbid it."""
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    assert DARK in page, "a page has dark colours"
    page = page.replace(DARK, "@media screen" if colours == "dark" else "@media speech")
    asked = f"const NAME = {json.dumps(name)}, RULES = {json.dumps(RULES)};{ASKED}"
    return page.replace("</body>", f'<script src="axe.js"></script><script>{asked}</script></body>')
