"""`make test`: the suite on SQLite and on PostgreSQL with Redis beside each other, and one count of both.

Arguments go to pytest. What is marked `once` runs with the first only. Beside each other, since each waits
often: for a browser, for the other's lock, for the last of its workers.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from xml.etree import ElementTree

DATABASES = ("sqlite", "postgres")


@dataclass
class _Run:
    """The suite on one database, under way."""

    database: str
    process: subprocess.Popen[str]
    report: Path
    begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._telling = Thread(target=self._tell, daemon=True)
        self._telling.start()

    def end(self) -> int:
        code = self.process.wait()
        self._telling.join(5)  # a process that outlives it may hold its output open
        print(f"{self.database}: ended {time.monotonic() - self.begun:.0f} s after the beginning", flush=True)
        return code

    def counts(self) -> dict[str, int]:
        suite = ElementTree.parse(self.report).getroot().find("testsuite") if self.report.exists() else None
        names = ("tests", "failures", "errors", "skipped")
        return {name: int(suite.get(name, 0)) if suite is not None else 0 for name in names}

    def _tell(self) -> None:
        """Say at once, line by line, what it says: both speak into one output."""
        for line in self.process.stdout or ():
            print(f"{self.database:>8}  {line}", end="", flush=True)


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        runs = [_begin(database, arguments, Path(folder)) for database in DATABASES]
        try:
            broken = [run.database for run in runs if run.end() != 0 or not run.report.exists()]
        except KeyboardInterrupt:
            for run in runs:
                run.end()
            return 1
        all_counts = [run.counts() for run in runs]
    counts = {name: sum(each[name] for each in all_counts) for name in all_counts[0]}
    failed = counts["failures"] + counts["errors"]
    passed = counts["tests"] - failed - counts["skipped"]
    print(f"\n{passed} passed, {failed} failed, {counts['skipped']} skipped")
    if counts["skipped"]:
        print("Nothing may be skipped: a missing piece is a failure.")
    if broken:
        print(f"Not in order on: {', '.join(broken)}")
    return 1 if broken or failed or counts["skipped"] or not passed else 0


def _begin(database: str, arguments: list[str], folder: Path) -> _Run:
    report = folder / f"{database}.xml"
    command = [sys.executable, "-m", "pytest", "--db", database, f"--junitxml={report}", "-q"]
    command += _chosen(arguments, database)
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    return _Run(database, process, report)


def _chosen(arguments: list[str], database: str) -> list[str]:
    """The arguments, with `not once` added to the marks where this is not the first database."""
    if database == DATABASES[0]:
        return arguments
    if "-m" not in arguments:
        return [*arguments, "-m", "not once"]
    place = arguments.index("-m") + 1
    return [*arguments[:place], f"({arguments[place]}) and not once", *arguments[place + 1 :]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
