"""`make test`: the suite on SQLite, then on PostgreSQL with Redis, and one count of both.

Arguments go to pytest. What is marked `once` runs with the first only.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

DATABASES = ("sqlite", "postgres")


def main(arguments: list[str]) -> int:
    counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    broken = []
    with tempfile.TemporaryDirectory() as folder:
        for database in DATABASES:
            print(f"\n=== {database} ===", flush=True)
            report = Path(folder, f"{database}.xml")
            begun = time.monotonic()
            command = [sys.executable, "-m", "pytest", "--db", database, f"--junitxml={report}", "-q"]
            code = subprocess.run([*command, *_chosen(arguments, database)]).returncode
            print(f"{database}: {time.monotonic() - begun:.0f} s", flush=True)
            if code != 0 or not report.exists():
                broken.append(database)
            if report.exists():
                suite = ElementTree.parse(report).getroot().find("testsuite")
                for name in counts:
                    counts[name] += int(suite.get(name, 0)) if suite is not None else 0
    failed = counts["failures"] + counts["errors"]
    passed = counts["tests"] - failed - counts["skipped"]
    print(f"\n{passed} passed, {failed} failed, {counts['skipped']} skipped")
    if counts["skipped"]:
        print("Nothing may be skipped: a missing piece is a failure.")
    if broken:
        print(f"Not in order on: {', '.join(broken)}")
    return 1 if broken or failed or counts["skipped"] or not passed else 0


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
