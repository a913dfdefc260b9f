"""The weight of the screens for work without a network."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles.finders import find
from django.template.loader import render_to_string

from shop.members import app_shell
from tests.figures import FIGURE

pytestmark = pytest.mark.once

# As browsers receive them, once for each build.
MAX_BROTLI_BYTES = 38 * 1024
# Each screen and the driver's page: the script that it opens, and the limit in KB with all that it may load,
# such as the reader of QR codes where the browser has none.
SCREENS = {
    "today": ("js/member/good_to_know.js", 38),
    "part": ("js/member/parts.js", 76),
    "unsent": ("js/member/review.js", 40),
    "picks": ("js/member/pick_list.js", 40),
    "receive": ("js/member/handover.js", 72),
    "products": ("js/member/products.js", 46),
    "new": ("js/member/new_listing.js", 42),
    "stock": ("js/member/stock.js", 40),
    "lots": ("js/member/lots.js", 80),
    "switch": ("js/member/switch.js", 38),
    "run": ("js/member/run.js", 76),
}
_STATIC_IMPORT = re.compile(r"""(?:^|[;}])\s*(?:import|export)\b(?:[^"';()]*?\bfrom\b)?\s*["']([^"']+)["']""")
_DYNAMIC_IMPORT = re.compile(r"""\bimport\(["']([^"']+)["']\)""")


@cache
def read_import_map() -> str:
    return render_to_string("members/phone_scripts.html")


def script_name(specifier: str, importer: str) -> str:
    """Return the static file that an import names, by the import map or relative to the importing file."""
    if specifier.startswith("."):
        parts = Path(importer).parent / specifier
        names: list[str] = []
        for part in parts.parts:
            names = names[:-1] if part == ".." else [*names, part]
        return "/".join(names)
    address = re.search(rf'"{re.escape(specifier)}": "([^"]+)"', read_import_map())
    assert address, specifier
    return address[1].partition("static/")[2]


def read_imports(name: str, pattern: re.Pattern[str]) -> set[str]:
    text = Path(find(name)).read_text()
    return {script_name(specifier, name) for specifier in pattern.findall(text)}


def load_scripts(*names: str, imports_later: Callable[[str], bool]) -> set[str]:
    """Return the scripts with all that they import, and what those that `imports_later` names load later."""
    loaded: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        loaded.add(name)
        imports = read_imports(name, _STATIC_IMPORT)
        imports |= read_imports(name, _DYNAMIC_IMPORT) if imports_later(name) else set()
        waiting |= imports - loaded
    return loaded


def always_loaded() -> set[str]:
    return load_scripts("js/member/app.js", "js/member/screens.js", imports_later=lambda _name: False)


def weight(names: set[str]) -> int:
    return sum(len(brotli.compress(Path(find(name)).read_bytes())) for name in names)


def test_scripts_that_every_screen_loads_are_light(record_property) -> None:
    scripts = always_loaded()

    record_property(
        FIGURE, f"scripts of the phone on every screen: {weight(scripts) / 1024:.1f} KB (goal 40)"
    )
    assert scripts == set(app_shell._PHONE_SCRIPTS)
    assert weight(scripts) <= MAX_BROTLI_BYTES, {name: weight({name}) for name in scripts}


@pytest.mark.parametrize("screen", SCREENS)
def test_scripts_of_each_screen_are_light_with_all_that_it_loads_later(screen: str, record_property) -> None:
    name, limit = SCREENS[screen]
    always = always_loaded()

    # What the scripts of every screen load later belongs to other screens.
    own = load_scripts(name, imports_later=lambda script: script == name or script not in always)
    scripts = always | own

    record_property(
        FIGURE, f"scripts of the screen {screen}: {weight(scripts) / 1024:.1f} KB (limit {limit})"
    )
    assert weight(scripts) <= limit * 1024, {name: weight({name}) for name in scripts - always}


def test_worker_keeps_every_script_and_each_one_counts_for_a_screen() -> None:
    opened = {name for name, _limit in SCREENS.values()}
    starts = ("js/member/app.js", "js/member/screens.js")
    started = {name for start in starts for name in read_imports(start, _DYNAMIC_IMPORT)}

    every_script = load_scripts("js/member/app.js", imports_later=lambda _name: True)

    assert every_script == {*app_shell._PHONE_SCRIPTS, *app_shell._SCRIPTS_ON_DEMAND}
    assert started - opened - always_loaded() - {"js/member/run_store.js"} == set()
