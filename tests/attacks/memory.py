"""Memory usage of processes as Linux counts it."""

from __future__ import annotations

import re
from pathlib import Path


def memory_of(pid: int | str, figure: str) -> int:
    """Return a figure of /proc/PID/status in bytes, or 0 for an ended process."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    match = re.search(rf"{figure}:\s+(\d+) kB", status)
    return int(match[1]) * 1024 if match else 0


class PeakMemory:
    """Measures the peak growth of this process within a block: `growth`, in bytes."""

    growth = 0

    def __enter__(self) -> PeakMemory:
        Path("/proc/self/clear_refs").write_text("5")  # reset the peak
        self._before = memory_of("self", "VmRSS")
        return self

    def __exit__(self, *_error: object) -> None:
        self.growth = memory_of("self", "VmHWM") - self._before
