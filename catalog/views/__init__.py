"""Public pages of the catalogue."""

from catalog.views.back_in_stock import back_in_stock_page, back_in_stock_request
from catalog.views.bulletin_pages import bulletin, bulletin_spoken_text, bulletin_text, bulletins
from catalog.views.cooperative_pages import cooperative, cooperatives
from catalog.views.follow_pages import follow, follow_confirmation, follow_settings, own_follows
from catalog.views.product_lists import category, products, search, suggestions
from catalog.views.product_page import product
from catalog.views.recently_seen import recently_seen
from catalog.views.season_pages import ocop, region, regions, seasons
from catalog.views.wish_list import wish_list_page

__all__ = [
    "back_in_stock_page",
    "back_in_stock_request",
    "bulletin",
    "bulletin_spoken_text",
    "bulletin_text",
    "bulletins",
    "category",
    "cooperative",
    "cooperatives",
    "follow",
    "follow_confirmation",
    "follow_settings",
    "ocop",
    "own_follows",
    "product",
    "products",
    "recently_seen",
    "region",
    "regions",
    "search",
    "seasons",
    "suggestions",
    "wish_list_page",
]
