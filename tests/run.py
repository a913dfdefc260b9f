"""`make test`: the suite on SQLite and on PostgreSQL with Redis beside each other, and one count of both.

Arguments go to pytest. What is marked `once` runs with the first only. Beside each other, since each waits
often: for a browser, for the other's lock, for the last of its workers. What the second says comes after the
first has ended.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

DATABASES = ("sqlite", "postgres")


@dataclass
class _Run:
    """The suite on one database, under way."""

    database: str
    process: subprocess.Popen[bytes]
    report: Path
    said: Path  # what it says, where it does not speak for itself
    begun: float = field(default_factory=time.monotonic)

    def end(self) -> int:
        code = self.process.wait()
        if self.said.exists():
            print(f"\n=== {self.database} ===\n{self.said.read_text(errors='replace')}", flush=True)
        print(f"{self.database}: ended {time.monotonic() - self.begun:.0f} s after the beginning", flush=True)
        return code

    def counts(self) -> dict[str, int]:
        suite = ElementTree.parse(self.report).getroot().find("testsuite") if self.report.exists() else None
        names = ("tests", "failures", "errors", "skipped")
        return {name: int(suite.get(name, 0)) if suite is not None else 0 for name in names}


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        runs = [_begin(database, arguments, Path(folder)) for database in DATABASES]
        try:
            broken = [run.database for run in runs if run.end() != 0 or not run.report.exists()]
        except KeyboardInterrupt:
            for run in runs:
                run.process.wait()
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
    report, said = folder / f"{database}.xml", folder / f"{database}.txt"
    command = [sys.executable, "-m", "pytest", "--db", database, f"--junitxml={report}", "-q"]
    command += _chosen(arguments, database)
    if database == DATABASES[0]:
        print(f"=== {database} ===", flush=True)
        process = subprocess.Popen(command)
    else:
        with said.open("wb") as file:
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    return _Run(database, process, report, said)


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
