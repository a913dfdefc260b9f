"""`make test`: the suite on SQLite, then on PostgreSQL with Redis; at the end measured figures and one count.

Arguments go to pytest. Tests marked `once` run on the first database only, those marked `postgres` on the
second. The databases run in turn, each with two workers: at the same time on two cores, both took a fifth
longer. Single files run without workers, which take longer to start than most files need, and on both
databases at once.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from xml.etree import ElementTree

from tests.figures import read_figures

DATABASES = ("sqlite", "postgres")
EXIT_CODE_WITHOUT_TESTS = 5
COUNTED = ("tests", "failures", "errors", "skipped")


def main(arguments: list[str]) -> int:
    counts: Counter[str] = Counter()
    failed_files, figures = [], []
    with tempfile.TemporaryDirectory() as folder:
        reports = {database: Path(folder) / f"{database}.xml" for database in DATABASES}
        names_files = any(Path(argument.partition("::")[0]).is_file() for argument in arguments)
        run = _run_at_once if names_files else _run_in_turn
        for database, code in run(arguments, reports):
            if not _has_passed(code, reports[database], arguments):
                failed_files.append(database)
            if reports[database].exists():
                figures += read_figures(reports[database])
            counts.update(_counts(reports[database]))
    failed = counts["failures"] + counts["errors"]
    passed = counts["tests"] - failed - counts["skipped"]
    print("", *figures, sep="\n")
    print(f"\n{passed} passed, {failed} failed, {counts['skipped']} skipped")
    if counts["skipped"]:
        print("No test may be skipped: install the missing package instead.")
    if failed_files:
        print(f"Failed on: {', '.join(failed_files)}")
    return 1 if failed_files or failed or counts["skipped"] or not passed else 0


def _has_passed(code: int, report: Path, arguments: list[str]) -> bool:
    """Return whether a database's run passed. Tests chosen by the arguments may all be for the other one."""
    if code == EXIT_CODE_WITHOUT_TESTS:
        return any(
            argument.startswith(("-k", "-m")) or Path(argument.partition("::")[0]).exists()
            for argument in arguments
        )
    return code == 0 and report.exists()


def _run_in_turn(arguments: list[str], reports: dict[str, Path]) -> Iterator[tuple[str, int]]:
    """Run pytest on each database in turn; yield its exit code."""
    for database, report in reports.items():
        print(f"=== {database} ===", flush=True)
        begun = time.monotonic()
        code = subprocess.run(_command(database, arguments, report), check=False).returncode
        print(f"{database}: {time.monotonic() - begun:.0f} s", flush=True)
        yield database, code


def _run_at_once(arguments: list[str], reports: dict[str, Path]) -> Iterator[tuple[str, int]]:
    """Run both databases at once without workers; the second's output follows the first's."""
    begun = time.monotonic()
    with ExitStack() as stack:
        running = []
        for database, report in reports.items():
            output = stack.enter_context(tempfile.TemporaryFile("w+"))
            command = _command(database, [*arguments, "-n", "0"], report)
            shown_at_once = database == DATABASES[0]
            started = subprocess.Popen(
                command, stdout=None if shown_at_once else output, stderr=subprocess.STDOUT
            )
            running.append((database, started, output))
        for database, started, output in running:
            print(f"=== {database} ===", flush=True)
            code = started.wait()
            output.seek(0)
            print(f"{output.read()}{database}: {time.monotonic() - begun:.0f} s", flush=True)
            yield database, code


def _command(database: str, arguments: list[str], report: Path) -> list[str]:
    command = [sys.executable, "-m", "pytest", "--db", database, f"--junitxml={report}", "-q"]
    return [*command, *_arguments_for(arguments, database)]


def _counts(report: Path) -> dict[str, int]:
    suite = ElementTree.parse(report).getroot().find("testsuite") if report.exists() else None
    return {name: int(suite.get(name, 0)) if suite is not None else 0 for name in COUNTED}


def _arguments_for(arguments: list[str], database: str) -> list[str]:
    """Return the arguments; the marks leave out tests that only the other database runs."""
    left_out = "postgres" if database == DATABASES[0] else "once"
    if "-m" not in arguments:
        return [*arguments, "-m", f"not {left_out}"]
    index = arguments.index("-m") + 1
    return [*arguments[:index], f"({arguments[index]}) and not {left_out}", *arguments[index + 1 :]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
