"""The comparison with Saleor, run between two markets that are both ours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Variant
from orders.models import Order
from shop.management.bench.beside_saleor.compare import CLIENTS, Comparison, Figures, compare, peak_memory
from shop.management.bench.beside_saleor.graphql_client import GraphqlClient
from shop.management.bench.beside_saleor.market import Market
from shop.management.bench.beside_saleor.operations import OPERATIONS
from shop.management.bench.beside_saleor.saleor_source import install_saleor, run_command
from shop.management.bench.pages import UnexpectedResponse
from shop.management.commands.bench_saleor import table_row
from tests.factories import PASSWORD, make_admin, make_category, make_divisions, make_product, make_seller

pytestmark = pytest.mark.once


def _make_market(live_server: Any) -> Market:
    """Make a market with two products in stock and a draft, and its API's client."""
    seller, category = make_seller(), make_category()
    make_product(seller, name="Banh chung gac bep", category=category)
    make_product(seller, name="Gao nep nuong", category=category, price=45_000)
    admin = make_admin()
    return Market(
        name="Ours",
        url=f"{live_server.url}/graphql/",
        channel="viet-nam",
        email=admin.email,
        password=PASSWORD,
        pid=os.getpid(),
    )


@pytest.mark.django_db
def test_market_is_explored_by_its_api(live_server: Any) -> None:
    market = _make_market(live_server)
    make_product(make_seller("HTX Tài Hoan"), name="Mien dong", on_hand=9)

    market.explore()

    assert market.product_slugs == ["banh-chung-gac-bep", "gao-nep-nuong", "mien-dong"]
    assert market.category_slugs == ["rau-cu-qua-tuoi"]
    assert market.words == ["banh", "chung", "dong", "mien", "nuong"]
    assert len(market.variants) == 2  # nine in stock are too few
    bought = Variant.objects.filter(product__slug__in=["banh-chung-gac-bep", "gao-nep-nuong"])
    assert [stock.on_hand for variant in bought for stock in variant.stocks.all()] == [1_000_000] * 2
    assert market.address["country"] == "VN"


@pytest.mark.django_db
def test_market_with_too_few_products_is_refused(live_server: Any) -> None:
    market = _make_market(live_server)
    Variant.objects.filter(product__slug="gao-nep-nuong").update(track_inventory=False)

    with pytest.raises(UnexpectedResponse, match="Ours has too few products"):
        market.explore()


@pytest.mark.django_db
def test_each_operation_is_compared(live_server: Any, settings: Any) -> None:
    for limit in ("PER_PHONE", "PER_NETWORK", "PER_DAY"):
        setattr(settings, f"ORDERS_{limit}", 0)
    settings.API_ORDERS_PER_NETWORK = settings.UNPAID_GUEST_ORDERS = 0
    market = _make_market(live_server)
    make_divisions()
    market.explore()

    comparisons = list(compare(market, market, seconds=0, rounds=1))

    assert [comparison.operation for comparison in comparisons] == [
        operation.name for operation in OPERATIONS
    ]
    for comparison in comparisons:
        for figures in (comparison.ours, comparison.theirs):
            assert (len(figures.durations), figures.done) == (3, CLIENTS)
            assert min(figures.durations) > 0 < figures.seconds
    # On each of both markets one untimed, three of one client, and one of each of eight.
    assert Order.objects.count() == 2 * (1 + 3 + CLIENTS)


@pytest.mark.django_db
def test_errors_of_an_operation_stop_the_comparison(live_server: Any) -> None:
    market = _make_market(live_server)
    with GraphqlClient(market.url) as client:
        with pytest.raises(UnexpectedResponse, match="nonsense"):
            client.send("{ nonsense }")
        with pytest.raises(UnexpectedResponse, match="INVALID_CREDENTIALS"):
            client.change(
                'mutation { tokenCreate(email: "a@example.com", password: "x") { token errors { code } } }'
            )


def test_row_shows_medians_rates_and_their_ratio() -> None:
    ours = Figures(durations=[0.002, 0.004, 0.003], done=300, seconds=2)
    theirs = Figures(durations=[0.05, 0.04], done=20, seconds=2)

    row = table_row(Comparison("search", ours, theirs))

    assert row == "| search | 3.0 | 45.0 | 150.0 | 10.0 | 15.0 |"


def test_peak_memory_is_that_of_the_largest_process() -> None:
    assert peak_memory(os.getpid()) > 50


def test_folder_without_saleor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="does not contain Saleor's source"):
        install_saleor(tmp_path)


def test_failed_command_shows_the_end_of_its_output(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"failed:\nno such thing"):
        run_command(["sh", "-c", "echo no such thing >&2; exit 3"], cwd=tmp_path)


def test_source_is_checked_before_our_market_is_filled(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="does not contain Saleor's source"):
        call_command("bench_saleor", str(tmp_path))
