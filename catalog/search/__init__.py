"""Search for products, cooperatives, categories and places; filters, facets and sort orders."""

from catalog.search.product_search import COUNTED, Found, find_products, look_up
from catalog.search.query_words import words_of

__all__ = ["COUNTED", "Found", "find_products", "look_up", "words_of"]
