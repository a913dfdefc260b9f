"""Finding goods, sellers, shelves and places, and choosing among goods."""

from catalog.search.product_search import COUNTED, Found, find_products, look_up
from catalog.search.query_words import words_of

__all__ = ["COUNTED", "Found", "find_products", "look_up", "words_of"]
