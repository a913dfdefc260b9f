"""Select for the second database the tests that execute statements which no other selected test executes.

`--record-statements FOLDER` writes which statements each test executes; `--select-by-statements FOLDER` reads
that and deselects tests whose statements others execute too. A statement is identified by its SQL without
numbers and lengths of lists, by the types of its values, and by the code that executes it.

Always selected are tests that commit (locks, threads, processes), that met an error of the database, that are
in `VALUES_MATTER`, or that were not recorded.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from django.db import DatabaseError, connection

# Here databases may differ although the statements are alike: SQL of its own for each, limits of columns,
# order of texts, sums and time zones.
VALUES_MATTER = (
    *("tests/attacks/", "tests/invariants/", "tests/shop/reports/", "tests/shop/core/test_compiled_query.py"),
    *(
        "tests/catalog/test_search.py",
        "tests/catalog/test_search_table.py",
        "tests/catalog/test_search_terms.py",
    ),
    *("tests/catalog/test_relevance_tiers.py", "tests/catalog/test_product_lists.py"),
    *("tests/catalog/test_filters.py", "tests/shop/management/test_triggers.py"),
)
_SOURCES = f"{Path(__file__).resolve().parents[1]}/"
_NOT_CALLERS = (f"{_SOURCES}.venv/", f"{_SOURCES}tests/", f"{_SOURCES}shop/sqlite/")
_CALLER_COUNT = 2  # the innermost function is often a helper that others share
_PLACEHOLDERS = re.compile(r"%s(?:, %s)+")
_VALUE_ROWS = re.compile(r"(\([^()]*\))(?:, \1)+")
_NUMBER = re.compile(r"\d+")
_SAVEPOINTS = ("SAVEPOINT", "RELEASE", "ROLLBACK TO")
_FIXED_COST = 0.03  # seconds that a test takes on top of its statements


@dataclass
class Recorded:
    """What one test did on the first database."""

    seconds: float = 0.0
    statements: list[str] = field(default_factory=list)
    met_error: bool = False


class Recorder:
    """Records the statements of the running test."""

    def __init__(self) -> None:
        self.tests: dict[str, Recorded] = {}
        self._statements: set[str] = set()
        self._met_error = False

    def record(self, test_id: str) -> Iterator[None]:
        """Record what is executed until the iterator is resumed."""
        self._statements, self._met_error = set(), False
        if self.execute not in connection.execute_wrappers:
            connection.execute_wrappers.append(self.execute)
        begun = time.monotonic()
        yield
        seconds = round(time.monotonic() - begun, 3)
        self.tests[test_id] = Recorded(seconds, sorted(self._statements), self._met_error)

    def execute(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        """Execute a statement and record it; Django calls this for each one."""
        if not sql.startswith(_SAVEPOINTS):
            self._statements.add(statement_key(sql, params, many=many, callers=_callers()))
        try:
            return execute(sql, params, many, context)
        except DatabaseError:
            self._met_error = True
            raise


def statement_key(sql: str, params: Any, *, many: bool, callers: tuple[str, ...]) -> str:
    """Return a short key, the same for statements between which databases make no difference."""
    first_row = next(iter(params or ()), ()) if many else params
    values = first_row.values() if isinstance(first_row, Mapping) else first_row or ()
    types = sorted({type(value).__name__ for value in values})
    return _digest((_shape(sql), *types, *callers))


def select_tests(test_ids: Iterable[str], recorded: Mapping[str, Recorded]) -> set[str]:
    """Return few and quick tests that together execute all statements of these tests."""
    ids = list(test_ids)
    selected = {test_id for test_id in ids if test_id not in recorded or recorded[test_id].met_error}
    missing = {key for test_id in ids if test_id in recorded for key in recorded[test_id].statements}
    for test_id in selected & recorded.keys():
        missing -= set(recorded[test_id].statements)

    def rank(test_id: str) -> float:
        """Return the time per statement that no selected test executes; infinite if there is none."""
        added_count = len(missing.intersection(recorded[test_id].statements))
        return (recorded[test_id].seconds + _FIXED_COST) / added_count if added_count else float("inf")

    ranked = [(rank(test_id), test_id) for test_id in ids if test_id not in selected]
    heapq.heapify(ranked)
    while missing:
        _old_rank, test_id = heapq.heappop(ranked)
        new_rank = rank(test_id)  # others selected meanwhile may execute some of its statements
        if new_rank == float("inf"):
            continue
        if ranked and new_rank > ranked[0][0]:
            heapq.heappush(ranked, (new_rank, test_id))
            continue
        selected.add(test_id)
        missing -= set(recorded[test_id].statements)
    return selected


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record-statements", type=Path, help="folder to which statements are written")
    parser.addoption("--select-by-statements", type=Path, help="folder with the statements of each test")


def pytest_configure(config: pytest.Config) -> None:
    folder = config.option.record_statements
    if folder is not None:
        config.pluginmanager.register(_RecordingPlugin(folder))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Deselect tests whose statements others execute too."""
    yield
    folder = config.option.select_by_statements
    if folder is None:
        return
    recorded = _read(folder)
    always = {item.nodeid for item in items if _commits(item) or item.nodeid.startswith(VALUES_MATTER)}
    chosen = select_tests((item.nodeid for item in items if item.nodeid not in always), recorded) | always
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in chosen])
    items[:] = [item for item in items if item.nodeid in chosen]


class _RecordingPlugin:
    """Records each test of this process, and writes them at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.recorder = Recorder()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        recording = self.recorder.record(item.nodeid)
        next(recording)
        result = yield
        next(recording, None)
        return result

    def pytest_sessionfinish(self) -> None:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        tests = {test_id: asdict(recorded) for test_id, recorded in self.recorder.tests.items()}
        (self.folder / f"{worker}.json").write_text(json.dumps(tests))


def _read(folder: Path) -> dict[str, Recorded]:
    return {
        test_id: Recorded(**recorded)
        for path in sorted(folder.glob("*.json"))
        for test_id, recorded in json.loads(path.read_text()).items()
    }


def _commits(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("django_db")
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(mark and mark.kwargs.get("transaction")) or bool(
        fixtures & {"transactional_db", "live_server"}
    )


def _callers() -> tuple[str, ...]:
    """Return the innermost functions of ours that led to the statement, if any; not those of tests."""
    callers: list[str] = []
    frame = sys._getframe(2)
    while frame.f_back is not None and len(callers) < _CALLER_COUNT:
        frame = frame.f_back
        name = _caller_name(frame.f_code)
        if name:
            callers.append(name)
    return tuple(callers)


@cache
def _caller_name(code: CodeType) -> str:
    path = code.co_filename
    is_ours = path.startswith(_SOURCES) and not path.startswith(_NOT_CALLERS)
    return f"{path}:{code.co_qualname}" if is_ours else ""


@cache
def _shape(sql: str) -> str:
    """Return the statement without numbers, lengths of lists and the number of its rows."""
    return _NUMBER.sub("0", _VALUE_ROWS.sub(r"\1", _PLACEHOLDERS.sub("%s", sql)))


@cache
def _digest(parts: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
