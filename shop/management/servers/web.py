"""The web server's command line."""

from __future__ import annotations

import sys


def web_command(*, address: str, workers: int) -> list[str]:
    """Return the web server's command line. Limits on requests are in the settings (shop/server)."""
    options = {
        "--bind": address,
        "--worker-class": "shop.server.worker.BufferedWorker",
        "--workers": str(workers),
        "--threads": "8",
        "--graceful-timeout": "10",
        "--max-requests": "20000",
        "--max-requests-jitter": "2000",
        "--log-level": "warning",
    }
    flags = [word for option in options.items() for word in option]
    # Without this each of the eight threads would reserve its own memory arena.
    python = ["env", "MALLOC_ARENA_MAX=2", sys.executable]
    return [*python, "-m", "gunicorn", "shop.wsgi", "--preload", "--no-control-socket", *flags]
