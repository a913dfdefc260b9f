"""Search the market for products, and for the page that the query names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from catalog.search.facet_index import FacetIndex, load_market_facet_index
from catalog.search.landing_pages import LandingPage, find_landing_page
from catalog.search.name_search import find_cooperatives
from catalog.search.product_search import MAX_PAGEABLE_RESULTS, SearchResult, search_products
from catalog.search.query_words import build_query_words
from catalog.search.relevance_tiers import RelevanceTiers
from catalog.search.search_terms import Reading, typed_term
from cooperatives.models import Cooperative

MAX_COOPERATIVES = 6


@dataclass(frozen=True, slots=True)
class MarketSearch:
    """The result of a query.

    `tiers` are the products found, in groups of falling relevance. `landing` is the page that the query
    names, such as a category's; its products are among those of `tiers`. A reading is one interpretation of
    the query as words to search for. `readings` begin with the corrected words, if there are any, followed by
    the original words and their synonyms.
    """

    result: SearchResult
    readings: Sequence[Reading]
    cooperatives: Sequence[Cooperative]
    landing: LandingPage | None
    tiers: RelevanceTiers

    @property
    def corrected_query(self) -> str:
        """The folded query that was used instead. It is empty if the landing page answers."""
        return "" if self.landing else self.result.corrected_query

    @property
    def has_only_mentions(self) -> bool:
        return self.result.has_only_mentions and not self.landing


def search_market(query: str, index: FacetIndex, *, is_literal: bool = False) -> MarketSearch:
    """Return products of the index that match, then those of the page that the query names.

    A correction changes a word that is probably mistyped. A mention is a match in ingredients or descriptions
    only. If the query names a page, products that match only in these two ways are left out. `is_literal`
    turns corrections off.
    """
    result = search_products(query, cache=index.cache, is_literal=is_literal)
    corrected = [typed_term(word) for word in build_query_words(result.corrected_query)]
    readings = [corrected, *result.readings] if corrected else result.readings
    cooperatives = find_cooperatives(readings, MAX_COOPERATIVES)
    landing = find_landing_page(query, index, cooperatives)
    tiers = _with_landing(result, landing).among(index.product_ids)
    return MarketSearch(
        result=result, readings=readings, cooperatives=cooperatives, landing=landing, tiers=tiers
    )


def search_product_ids(query: str) -> list[int]:
    """Return ids of products that match the query, published or not, by relevance and then newest first.

    If no product matches, return the products of the page that the query names, such as OCOP.
    """
    result = search_products(query, limit=MAX_PAGEABLE_RESULTS)
    landing = None
    if result.corrected_query or result.has_only_mentions or not result.tiers.product_ids:
        landing = find_landing_page(query, load_market_facet_index())
    tiers = _with_landing(result, landing)
    return list(islice((key for tier in tiers for key in reversed(tier)), MAX_PAGEABLE_RESULTS))


def _with_landing(result: SearchResult, landing: LandingPage | None) -> RelevanceTiers:
    if landing is None:
        return result.tiers
    if result.corrected_query or result.has_only_mentions:
        return RelevanceTiers(landing.product_ids)
    return result.tiers.with_last_tier(landing.product_ids)
