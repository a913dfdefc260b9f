"""Searches in the demo's market, listed in `searches.toml`: the exact results of each."""

from __future__ import annotations

import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

from django.test import TestCase

from catalog.models import Product
from catalog.search import search_product_ids
from catalog.search.facet_index import load_market_facet_index
from catalog.search.market_search import search_market
from catalog.search.nearest_products import find_nearest_products
from catalog.search.sort_orders import SortedProducts, SortOrder
from shop.management.demo.seed_market import seed_market
from tests.factories import NOW

TABLE: dict[str, list[dict[str, Any]]] = tomllib.loads(Path(__file__).with_name("searches.toml").read_text())
ROWS = {name: [(query, row) for row in rows for query in row["queries"]] for name, rows in TABLE.items()}


class SearchTableTests(TestCase):
    """The demo's market, seeded once."""

    @classmethod
    def setUpTestData(cls) -> None:
        seed_market(now=NOW, has_renditions=False)

    def setUp(self) -> None:
        self.names = dict(Product.objects.values_list("pk", "name"))
        self.index = load_market_facet_index()

    def test_table_is_long_and_has_no_query_twice(self) -> None:
        queries = [query for query, _row in chain.from_iterable(ROWS.values())]
        assert len(queries) == len(set(queries)) > 120

    def test_searches_find_exactly_the_goods_listed(self) -> None:
        actual = {}
        for query, _row in ROWS["goods"]:
            search = search_market(query, self.index)
            names = {self.names[key] for key in search.tiers.product_ids}
            actual[query] = (names, search.corrected_query, search.has_only_mentions)

        assert actual == {
            query: (set(row["finds"]), row.get("instead", ""), row.get("mention", False))
            for query, row in ROWS["goods"]
        }

    def test_api_finds_the_same(self) -> None:
        actual = {
            query: {self.names[key] for key in search_product_ids(query)} for query, _row in ROWS["goods"]
        }

        assert actual == {query: set(row["finds"]) for query, row in ROWS["goods"]}

    def test_nearest_goods_are_named_where_a_correct_syllable_is_mistyped(self) -> None:
        actual = {}
        for query, _row in ROWS["nearest"]:
            nearest = find_nearest_products(query, self.index)
            tiers = [{self.names[key] for key in tier} for tier in nearest.tiers]
            actual[query] = (tiers, list(nearest.missing_words))

        assert actual == {
            query: (list(map(set, row["tiers"])), row["missing"]) for query, row in ROWS["nearest"]
        }
        searches = [search_market(query, self.index) for query, _row in ROWS["nearest"]]
        assert not any(search.tiers.product_ids or search.corrected_query for search in searches)

    def test_names_of_pages_lead_to_them(self) -> None:
        actual = {query: search_market(query, self.index).landing for query, _row in ROWS["pages"]}

        assert {query: page and page.kind for query, page in actual.items()} == {
            query: row["page"] for query, row in ROWS["pages"]
        }
        assert [actual[query].stars for query in ("ocop", "ocop 4 sao")] == [None, 4]  # type: ignore[union-attr]
        certified = search_market("vietgap", self.index)
        assert set(certified.tiers.product_ids) == set(self.index.certificates.get("vietgap", ()))
        stars = set(chain.from_iterable(self.index.stars.values()))
        assert (
            set(search_market("ocop", self.index).tiers.product_ids)
            == set(search_product_ids("ocop"))
            == stars
        )

    def test_in_stock_goods_precede_sold_out_ones_that_match_as_well(self) -> None:
        def found(query: str) -> list[str]:
            tiers = search_market(query, self.index).tiers
            order = SortedProducts(tiers, SortOrder.RELEVANCE, self.index, month=NOW.month)
            return [self.names[key] for key in order[0:10]]

        assert found("gà") == ["Gà đồi làm sạch", "Gà thiến Tết", "Trứng gà đồi"]
        assert found("thịt gà") == ["Gà đồi làm sạch", "Gà thiến Tết"]
        assert found("quả hồng")[-1] == "Hồng không hạt Ba Bể"

    def test_goods_of_a_named_cooperative_follow_those_named_so(self) -> None:
        tiers = [{self.names[key] for key in tier} for tier in search_market("thiên an", self.index).tiers]

        assert tiers[0] == {"Hộp quà Tết Thiên An"}
        assert {"Chuối sấy", "Gối thảo dược thổ cẩm"} <= tiers[1]
