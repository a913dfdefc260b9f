"""Waiting for what a page does on its own."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

TRIES = 600  # each takes at least 50 ms


def wait_until(page: Page, predicate: str, argument: Any = None) -> None:
    """Wait until the JavaScript function returns true for the argument. It may be asynchronous.

    Playwright's own way of waiting takes any promise for true, and needs a page that allows `eval`.
    """
    script = f"""async (argument) => {{
      for (let tries = {TRIES}; tries; tries -= 1) {{
        if (await ({predicate})(argument)) return true;
        await new Promise((done) => setTimeout(done, 50));
      }}
      return false;
    }}"""
    assert page.evaluate(script, argument)
