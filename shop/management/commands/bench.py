"""`manage.py bench`: measure the pages on SQLite and PostgreSQL, with few and many orders."""

from __future__ import annotations

import gc
import json
import logging
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from shop.management.bench.api import measure_operations
from shop.management.bench.catalogue_pages import measure_browsing
from shop.management.bench.executor import compare_executors
from shop.management.bench.many_products import create_many_products
from shop.management.bench.pages import UnexpectedResponse, measure_pages
from shop.management.bench.private_servers import build_environment, start_servers
from shop.management.preparation import prepare_shop

FEW, MANY, VERY_MANY = 40, 20_000, 100_000
MAX_SECONDS_PER_DATABASE = 1_800  # with one number of orders, including seeding


class Command(BaseCommand):
    help = (
        "Print requests per second, milliseconds (p50, p95, and CPU of this process) and queries of the main"
        " pages and API operations as a table, each on private SQLite and PostgreSQL databases, with the"
        " demo's orders and with 20,000; lists and searches among 100,000 products; then the API's executor"
        " beside graphql-core's. Runs in one process without a web server."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--orders", type=int, nargs="+", default=[FEW, MANY], help="numbers of past orders"
        )
        parser.add_argument(
            "--products",
            type=int,
            default=VERY_MANY,
            help="number of products for lists and searches (100,000; 0: none)",
        )
        parser.add_argument("--seconds", type=float, default=3, help="seconds for each page (3)")
        parser.add_argument(
            "--databases", nargs="+", choices=("sqlite", "postgres"), default=["sqlite", "postgres"]
        )
        parser.add_argument("--measure", action="store_true", help="measure in this process, print JSON")

    def handle(
        self,
        *,
        orders: list[int],
        products: int,
        seconds: float,
        databases: list[str],
        measure: bool,
        **options: object,
    ) -> None:
        if measure:
            return self._measure(orders[0], products, seconds)
        if orders != [0]:
            self._table(
                "orders",
                orders,
                databases,
                lambda count: ["--orders", str(count), "--products", "0"],
                seconds,
            )
        if products:
            arguments = ["--orders", "0", "--products", str(products)]
            self._table("products", [products], databases, lambda _count: arguments, seconds)
        self.stdout.write("\n| objects × fields | graphql-core ms | breadth first ms | times |")
        self.stdout.write("|---|---:|---:|---:|")
        for executor in compare_executors():
            figures = f"{executor.depth_first:.2f} | {executor.breadth_first:.3f} | {executor.times:.1f}"
            self.stdout.write(f"| {executor.shape} | {figures} |")
        return None

    def _table(
        self,
        title: str,
        counts: Sequence[int],
        databases: Sequence[str],
        arguments_for: Callable[[int], list[str]],
        seconds: float,
    ) -> None:
        """Print the table of one measurement, for each database and count."""
        self.stdout.write(
            f"\n| database | {title} | page | requests/s | p50 ms | p95 ms | CPU ms | queries |"
        )
        self.stdout.write("|---|---:|---|---:|---:|---:|---:|---:|")
        for database in databases:
            for count in counts:
                for row in _measure_in_new_process(database, arguments_for(count), seconds):
                    figures = f"{row['requests_per_second']:.0f} | {row['p50']:.1f} | {row['p95']:.1f}"
                    figures += f" | {row['cpu']:.2f} | {row['queries']}"
                    self.stdout.write(f"| {database} | {count:,} | {row['page']} | {figures} |")
                self.stdout.flush()

    def _measure(self, count: int, products: int, seconds: float) -> None:
        """Seed this process's private database and print the measurements as JSON lines."""
        logging.disable(logging.WARNING)
        prepare_shop(out=sys.stderr, should_seed_demo=False)
        call_command(
            "seed_demo", orders=count, later=True, allow_on_server=True, verbosity=0, stdout=self.stderr
        )
        if products:
            create_many_products(products, now=timezone.now())
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        gc.collect()
        gc.freeze()  # as the server does after its start
        everything = chain(measure_operations(seconds=seconds), measure_pages(seconds=seconds))
        try:
            for measurement in measure_browsing(seconds=seconds) if products else everything:
                self.stdout.write(json.dumps(measurement.as_dict()))
                self.stdout.flush()
        except UnexpectedResponse as error:
            raise CommandError(str(error)) from error


def _measure_in_new_process(
    database: str, arguments: Sequence[str], seconds: float
) -> Iterator[dict[str, object]]:
    """Measure in a new process with a private database, and yield the rows."""
    with (
        tempfile.TemporaryDirectory(prefix="cho-phien-bench-") as folder,
        start_servers(database) as servers,
    ):
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "bench", "--measure"]
        run = subprocess.run(
            [*command, *arguments, "--seconds", str(seconds)],
            env=build_environment(Path(folder)) | servers,
            stdout=subprocess.PIPE,
            timeout=MAX_SECONDS_PER_DATABASE,
            check=False,
            text=True,
        )
    for line in run.stdout.splitlines():
        yield json.loads(line)
    if run.returncode:
        raise CommandError(f"Measuring {database} failed: {' '.join(arguments)}")
