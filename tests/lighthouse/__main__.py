"""`make lighthouse`: measure first views on a phone with Google's Lighthouse, against a running shop.

    python -m tests.lighthouse [ADDRESS]

Without an address it starts a shop with the demo, in a folder that it keeps for the next time, and stops it
at the end. It opens front page, list, product and checkout as a slow phone on a slow network (Lighthouse's
own mobile throttling), prints the four scores of each, and fails if one is below the market's target. A page
below its target is measured again, at most twice, and its best run counts: a busy machine slows a page down
and never speeds it up. Lighthouse comes from npm, in the version that package.json beside this file pins.
Finally it measures the bytes of the first views of home, list, categories and products on a phone and a
desktop.
"""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tests.conftest import CHROMIUM_FLAGS

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).parent / "node_modules/.bin/lighthouse"
PROMISED = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}
MAX_FIRST_VIEW_BYTES = 100 * 1024  # everything that a first view loads, compressed
WINDOWS: dict[str, tuple[ViewportSize, float]] = {
    "phone": ({"width": 390, "height": 844}, 3),
    "desktop": ({"width": 1280, "height": 900}, 1),
}
NOT_FOR_CRAWLERS = {"checkout"}
TRIES = 3
Found = tuple[dict[str, int], str, dict[str, list[str]]]
PARTS = (
    "first-contentful-paint",
    "largest-contentful-paint",
    "total-blocking-time",
    "cumulative-layout-shift",
)


def main() -> int:
    if sys.argv[1:]:
        return look_around(sys.argv[1].rstrip("/"))
    with shop_with_a_demo() as address:
        return look_around(address)


@contextmanager
def shop_with_a_demo() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    around = os.environ | {"PORT": str(port), "HOST": "127.0.0.1", "DATA_DIR": str(ROOT / "var/lighthouse")}
    command = [sys.executable, "manage.py", "run"]
    shop = subprocess.Popen(command, cwd=ROOT, env=around, stdout=sys.stderr)
    try:
        while not _answers(f"http://127.0.0.1:{port}/health/"):
            if shop.poll() is not None:
                sys.exit("The shop did not start.")
            time.sleep(1)
        yield f"http://127.0.0.1:{port}"
    finally:
        shop.terminate()
        shop.wait()


def look_around(address: str) -> int:
    """Print the scores of all pages; return 1 if one is below its target, else 0."""
    visitor = Visitor(address)
    visitor.fill_a_basket()
    pages = {"home": "/", "list": "/san-pham/", "product": visitor.product, "checkout": "/dat-hang/"}
    print(f"{'page':10}" + "".join(f"{name:>16}" for name in PROMISED) + f"{'FCP, LCP, TBT, CLS':>32}")
    missed = 0
    for name, path in pages.items():
        promised = {key: least for key, least in PROMISED.items() if (name, key) != ("checkout", "seo")}
        cookie = visitor.cookie if name in NOT_FOR_CRAWLERS else ""
        scores, parts, wanting = _best(address + path, cookie, promised)
        missed += len(wanting)
        shown = "".join(f"{scores[key]:>15}{'!' if key in wanting else ' '}" for key in PROMISED)
        print(f"{name:10}{shown}{parts:>32}")
        for key, audit in wanting.items():
            print(f"  {key}: {', '.join(audit) or 'slow'}")
    missed += _weigh(address, ["/", "/san-pham/", *visitor.categories, *visitor.products])
    return 1 if missed else 0


class Visitor:
    """A guest who puts the first product of the list into the basket, to see the checkout."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))
        self.products = re.findall(r'<h3>\s*<a\s+href="(/san-pham/[\w-]+/)"', self._read("/san-pham/"))
        self.product = next(path for path in self.products if 'class="buy-bar"' in self._read(path))
        self.categories = sorted(set(re.findall(r'href="(/danh-muc/[\w-]+/)"', self._read("/"))))

    def fill_a_basket(self) -> None:
        page = self._read(self.product)
        form = page[page.index('id="buy"') :]
        fields = {
            "csrfmiddlewaretoken": _value(form, "csrfmiddlewaretoken"),
            "variant": _value(form, "variant"),
            "quantity": "1",
        }
        self._read("/gio-hang/dong/", urllib.parse.urlencode(fields).encode())

    @property
    def cookie(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._jar)

    def _read(self, path: str, body: bytes | None = None) -> str:
        request = urllib.request.Request(self._address + path, body, {"Referer": self._address + path})
        with self._opener.open(request) as answer:
            return str(answer.read().decode())


def _weigh(address: str, paths: list[str]) -> int:
    """Print the bytes of each page's first view, and return how many exceed the limit."""
    print(f"\n{'first views, KB':45}" + "".join(f"{name:>10}" for name in WINDOWS))
    heavy = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        for path in paths:
            weights = [_first_view_bytes(browser, address + path, *window) for window in WINDOWS.values()]
            heavy += sum(weight > MAX_FIRST_VIEW_BYTES for weight in weights)
            shown = "".join(
                f"{weight / 1024:>9.1f}{'!' if weight > MAX_FIRST_VIEW_BYTES else ' '}" for weight in weights
            )
            print(f"{path:45}{shown}")
        browser.close()
    return heavy


def _first_view_bytes(browser: Browser, url: str, viewport: ViewportSize, scale: float) -> float:
    """Return the bytes that arrive until the page is at rest, headers included."""
    context = browser.new_context(viewport=viewport, device_scale_factor=scale, service_workers="block")
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(url, wait_until="load")
    page.wait_for_load_state("networkidle")
    context.close()
    return sum(sizes)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _value(form: str, name: str) -> str:
    """Return the value of the first choice that is not `disabled`."""
    inputs = [field for field in re.findall(r"<input[^>]*>", form) if f'name="{name}"' in field]
    return next(re.search(r'value="([^"]*)"', field)[1] for field in inputs if " disabled" not in field)  # type: ignore[index]


def _best(url: str, cookie: str, promised: dict[str, int]) -> Found:
    """Return the best run's scores, its times, and the failed audits with their findings."""
    best: Found | None = None
    for _try in range(TRIES):
        report = _looked_at(url, cookie)
        scores = {
            key: round(100 * (category["score"] or 0)) for key, category in report["categories"].items()
        }
        wanting = {key: _told(report, key) for key, least in promised.items() if scores[key] < least}
        parts = " ".join(report["audits"][part]["displayValue"].replace("\xa0", " ") for part in PARTS)
        if best is None or scores["performance"] > best[0]["performance"]:
            best = scores, parts, wanting
        if not wanting:
            break
    assert best is not None
    return best


def _told(report: dict[str, Any], category: str) -> list[str]:
    """Return the findings that lowered a score, the heaviest first."""
    audits = [
        (ref["weight"] * (1 - found["score"]), found["id"], found.get("displayValue", ""))
        for ref in report["categories"][category]["auditRefs"]
        if (found := report["audits"][ref["id"]])["score"] is not None and ref["weight"]
    ]
    return [f"{name} {value}".strip() for lost, name, value in sorted(audits, reverse=True) if lost > 0]


def _looked_at(url: str, cookie: str) -> dict[str, Any]:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is missing: apt-get install chromium (make setup does it)")
    with tempfile.TemporaryDirectory() as folder:
        report, headers = Path(folder, "report.json"), Path(folder, "headers.json")
        headers.write_text(json.dumps({"Cookie": cookie} if cookie else {}))
        command = [
            *[str(PROGRAM), url, "--quiet", "--output=json", f"--output-path={report}"],
            *[f"--only-categories={','.join(PROMISED)}", f"--extra-headers={headers}", "--locale=en"],
            f"--chrome-flags={' '.join(['--headless=new', *CHROMIUM_FLAGS])}",
        ]
        subprocess.run(command, check=True, env=os.environ | {"CHROME_PATH": chromium})
        return dict(json.loads(report.read_text()))


if __name__ == "__main__":
    sys.exit(main())
