"""Finding goods, sellers, shelves and places, and choosing among goods."""

from catalog.search.finding import COUNTED, Found, find_products, look_up
from catalog.search.words import words_of

__all__ = ["COUNTED", "Found", "find_products", "look_up", "words_of"]
