"""The header that tells the buyer's service worker which pages it may keep for use without a network."""

from __future__ import annotations

OFFLINE_HEADER = "X-Offline"
COPY = "keep"  # the worker stores this page
COPY_FOR_STRANGERS = "ask"  # the worker requests the page again without cookies and stores that response
OWN_COPY = "own"  # the worker stores the page apart, for a week at most
