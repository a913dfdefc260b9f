"""The benchmark command: measured pages and counted queries."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.conf import settings

from shop.core.models import Channel
from shop.management.bench.measurements import FEWEST, measure

pytestmark = pytest.mark.django_db


def test_page_is_measured_until_time_is_up_and_its_queries_are_counted() -> None:
    requests = []

    def send_request(prepared: int) -> None:
        requests.append(prepared)
        list(Channel.objects.all())
        Channel.objects.count()

    measured = measure("list", send_request, seconds=0, prepare=lambda: 7)

    assert requests == [7] * (FEWEST + 2)
    assert (measured.page, measured.queries) == ("list", 2)
    assert 0 < measured.p50 <= measured.p95


def test_preparation_is_not_counted() -> None:
    measured = measure("nothing", lambda _prepared: None, seconds=0, prepare=Channel.objects.count)

    assert measured.queries == 0


@pytest.mark.long
@pytest.mark.once
@pytest.mark.processes
def test_every_page_is_measured_on_both_databases() -> None:
    command = [sys.executable, "manage.py", "bench", "--orders", "40", "--products", "300", "--seconds", "0"]
    run = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    pages, lists, executors = run.stdout.strip("\n").split("\n\n")
    requested = {
        pages: {"API list of 20", "API whole checkout", "home", "checkout", "sales report", "ledger"},
        lists: {"list", "list, filtered", "search", "search, misspelt", "suggestions", "product"},
    }
    for table, names in requested.items():
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
        by_database = {name: [row[2] for row in rows if row[0] == name] for name in ("sqlite", "postgres")}
        assert by_database["sqlite"] == by_database["postgres"]
        assert names <= set(by_database["sqlite"])
        assert all(float(row[4]) > 0 and float(row[6]) > 0 and int(row[7]) > 0 for row in rows)
    assert executors.splitlines()[2].startswith("| 100 × 20 |")
