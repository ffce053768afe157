"""How a page is laid out by a real browser: what is too wide, what lies outside its picture, which words are broken."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

PHONE, PAPER, SCREEN = 390, 665, 1400  # pixels; paper is A4 less the page's margins

MEASURED = """
function shown(element) { return element.getClientRects().length > 0; }
function outside(svg) {
  const whole = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter(shown).filter(text => {
    const box = text.getBoundingClientRect();
    return box.width && (box.left < whole.left - 1 || box.right > whole.right + 1 ||
                         box.top < whole.top - 1 || box.bottom > whole.bottom + 1);
  }).map(text => text.textContent);
}
function touching(svg) {
  const level = [...svg.querySelectorAll("text")].filter(shown)
    .filter(text => !(text.getAttribute("transform") || "").includes("rotate"))
    .map(text => [text.textContent, text.getBoundingClientRect()]).filter(([_, box]) => box.width);
  const found = [];
  level.forEach(([one, a], place) => level.slice(place + 1).forEach(([other, b]) => {
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    const isHalo = one == other && Math.abs(a.left - b.left) < 1 && Math.abs(a.top - b.top) < 1;
    if (wide > 1 && high > 3 && !isHalo) found.push(one + " | " + other);
  }));
  return found;
}
function topOf(text, place) {
  const range = document.createRange();
  range.setStart(text, place); range.setEnd(text, place + 1);
  const boxes = [...range.getClientRects()];  // after a soft hyphen, the first is the hyphen's
  return boxes.length ? boxes[boxes.length - 1].top : null;
}
function broken() {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (text.parentElement.closest("svg, code, style, script")) continue;
    for (const word of text.data.matchAll(/[\\p{L}\\p{N}]+(?:[.,\\u2019'][\\p{L}\\p{N}]+)*/gu)) {
      const tops = [...word[0]].map((_, place) => topOf(text, word.index + place)).filter(top => top !== null);
      if (tops.some(top => Math.abs(top - tops[0]) > 3)) found.push(word[0]);
    }
  }
  return found;
}
function cut() {
  return [...document.querySelectorAll("td, th, p, li, dd, dt, h1, h2, h3, figcaption, caption")].filter(shown)
    .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map(one => one.textContent.trim().slice(0, 60));
}
const pictures = [...document.querySelectorAll("svg")].filter(shown);
parent.seen[NAME] = {
  width: document.documentElement.clientWidth, needed: document.documentElement.scrollWidth, pictures: pictures.length,
  outside: pictures.flatMap(outside), touching: pictures.flatMap(touching), broken: broken(), cut: cut(),
};
parent.document.getElementById("out").textContent = JSON.stringify(parent.seen);
"""


@dataclass(frozen=True)
class Layout:
    """What a browser of one width made of a page; each list names the texts that are at fault."""

    width: int
    needed: int  # pixels; more than `width` means that the reader has to scroll sideways
    pictures: int
    outside: list[str]  # of a picture, and so cut off
    touching: list[str]  # two texts of one picture that lie on each other
    broken: list[str]  # words in two lines
    cut: list[str]  # beyond the right edge


def chromium() -> str | None:
    """The browser's command, where one is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def layouts(page: str, folder: Path) -> dict[str, Layout]:
    """The layout of a page on a phone, on a screen, and as it is printed."""
    for_print = page.replace("@media print", "@media all").replace("@media screen and", "@media speech and")
    pages = {"phone": (PHONE, page), "screen": (SCREEN, page), "paper": (PAPER, for_print)}
    frames = [
        f'<iframe srcdoc="{escape(_measured(html, name))}" style="border: 0; height: 900px; width: {width}px"></iframe>'
        for name, (width, html) in pages.items()
    ]
    outer = f'<meta charset="utf-8"><pre id="out"></pre><script>var seen = {{}};</script>{"".join(frames)}'
    (folder / "frames.html").write_text(outer)
    command = [chromium() or "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += [f"--user-data-dir={folder / 'profile'}", "--window-size=1500,1000", "--dump-dom"]
    done = subprocess.run(
        [*command, (folder / "frames.html").as_uri()], capture_output=True, text=True, check=True, timeout=120
    )
    found = re.search(r'<pre id="out">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr
    return {name: Layout(**seen) for name, seen in json.loads(unescape(found[1])).items()}


def _measured(page: str, name: str) -> str:
    """The page with what measures it, and without the policy that would forbid it."""
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    return page.replace("</body>", f"<script>const NAME = {json.dumps(name)};{MEASURED}</script></body>")
