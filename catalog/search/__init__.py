"""Search for products, cooperatives, categories and places, with filters, facets and sort orders."""

from catalog.search.market_search import search_product_ids
from catalog.search.product_search import MAX_PAGEABLE_RESULTS, SearchResult, search_products
from catalog.search.query_words import split_query

__all__ = ["MAX_PAGEABLE_RESULTS", "SearchResult", "search_product_ids", "search_products", "split_query"]
