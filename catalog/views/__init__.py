"""Public pages of the catalogue."""

from catalog.views.back_in_stock import ask, back_request
from catalog.views.bulletin_pages import bulletin, bulletin_spoken, bulletin_text, bulletins
from catalog.views.cooperative_pages import cooperative, cooperatives
from catalog.views.follow_pages import confirmation, follow, followed, following
from catalog.views.product_lists import category, products, search, suggestions
from catalog.views.product_page import product
from catalog.views.season_pages import ocop, region, regions, seasons
from catalog.views.wish_list import wishes

__all__ = [
    "ask",
    "back_request",
    "bulletin",
    "bulletin_spoken",
    "bulletin_text",
    "bulletins",
    "category",
    "confirmation",
    "cooperative",
    "cooperatives",
    "follow",
    "followed",
    "following",
    "ocop",
    "product",
    "products",
    "region",
    "regions",
    "search",
    "seasons",
    "suggestions",
    "wishes",
]
