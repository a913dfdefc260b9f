"""`manage.py bench_saleor FOLDER`: measure the API beside Saleor itself."""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from shop.management.bench.beside_saleor.compare import Comparison, compare, peak_memory
from shop.management.bench.beside_saleor.market import Market
from shop.management.bench.beside_saleor.saleor_source import install_saleor
from shop.management.bench.beside_saleor.web_servers import serve_our_market, serve_saleor
from shop.management.bench.pages import UnexpectedResponse
from shop.management.bench.private_servers import start_servers


class Command(BaseCommand):
    help = (
        "Start this shop and Saleor, each with its demo and one web process, on one private PostgreSQL and"
        " Redis. Print a table with the milliseconds of one client (p50), the requests per second of eight"
        " clients, and how many times as many requests this shop answers. The first run installs Saleor's"
        " packages in FOLDER/.venv."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, metavar="FOLDER", help="Saleor's source, as cloned")
        parser.add_argument("--seconds", type=float, default=10, help="seconds for each operation (10)")

    def handle(self, *, source: Path, seconds: float, **options: object) -> None:
        source = source.resolve()
        python = install_saleor(source)
        with (
            tempfile.TemporaryDirectory(prefix="cho-phien-bench-") as name,
            start_servers("postgres") as servers,
            serve_our_market(servers, Path(name)) as ours,
            serve_saleor(servers, Path(name), source=source, python=python) as theirs,
        ):
            try:
                self._compare(ours, theirs, seconds=seconds)
            except UnexpectedResponse as error:
                raise CommandError(str(error)) from error

    def _compare(self, ours: Market, theirs: Market, *, seconds: float) -> None:
        """Print the table and the peak memory of both web processes."""
        for market in (ours, theirs):
            market.explore()
        self._print(f"Products: {len(ours.product_slugs)}, Saleor's {len(theirs.product_slugs)}\n")
        self._print(table_head())
        for comparison in compare(ours, theirs, seconds=seconds):
            self._print(table_row(comparison))
        our_peak, their_peak = peak_memory(ours.pid), peak_memory(theirs.pid)
        self._print(f"\nPeak memory of the web process: {our_peak:.0f} MiB, Saleor's {their_peak:.0f} MiB")

    def _print(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def table_head() -> str:
    """Return the head of the table in Markdown."""
    return (
        "| operation | p50 ms | Saleor's p50 ms | requests/s | Saleor's requests/s | times |\n"
        "|---|---:|---:|---:|---:|---:|"
    )


def table_row(comparison: Comparison) -> str:
    """Return one operation's row of the table in Markdown."""
    ours, theirs = comparison.ours, comparison.theirs
    figures = f"{ours.p50:.1f} | {theirs.p50:.1f} | {ours.per_second:.1f} | {theirs.per_second:.1f}"
    return f"| {comparison.operation} | {figures} | {comparison.times:.1f} |"
