"""`make test`: the suite on SQLite, then on PostgreSQL with Redis; at the end measured figures and one count.

Arguments go to pytest. What is marked `once` runs with the first only. One after the other: each has two
workers busy, and beside each other on two cores both took a fifth more of their time.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

from tests.figures import read_figures

DATABASES = ("sqlite", "postgres")
COUNTED = ("tests", "failures", "errors", "skipped")


def main(arguments: list[str]) -> int:
    counts: Counter[str] = Counter()
    broken, figures = [], []
    with tempfile.TemporaryDirectory() as folder:
        for database in DATABASES:
            report = Path(folder) / f"{database}.xml"
            if _run(database, arguments, report) != 0 or not report.exists():
                broken.append(database)
            counts.update(_counts(report))
            figures += read_figures(report) if report.exists() else []
    failed = counts["failures"] + counts["errors"]
    passed = counts["tests"] - failed - counts["skipped"]
    print("", *figures, sep="\n")
    print(f"\n{passed} passed, {failed} failed, {counts['skipped']} skipped")
    if counts["skipped"]:
        print("Nothing may be skipped: a missing piece is a failure.")
    if broken:
        print(f"Not in order on: {', '.join(broken)}")
    return 1 if broken or failed or counts["skipped"] or not passed else 0


def _run(database: str, arguments: list[str], report: Path) -> int:
    print(f"=== {database} ===", flush=True)
    begun = time.monotonic()
    command = [sys.executable, "-m", "pytest", "--db", database, f"--junitxml={report}", "-q"]
    code = subprocess.run([*command, *_chosen(arguments, database)], check=False).returncode
    print(f"{database}: {time.monotonic() - begun:.0f} s", flush=True)
    return code


def _counts(report: Path) -> dict[str, int]:
    suite = ElementTree.parse(report).getroot().find("testsuite") if report.exists() else None
    return {name: int(suite.get(name, 0)) if suite is not None else 0 for name in COUNTED}


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
