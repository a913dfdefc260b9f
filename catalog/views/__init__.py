"""Public pages of the catalogue."""

from catalog.views.back_in_stock import manage_back_in_stock, request_back_in_stock_view
from catalog.views.bulletin_pages import (
    download_bulletin_text,
    download_spoken_text,
    list_bulletins,
    show_bulletin,
)
from catalog.views.cooperative_pages import list_cooperatives, show_cooperative
from catalog.views.follow_pages import confirm_follow_view, edit_follow, follow, list_own_follows
from catalog.views.product_lists import list_products, search_products_page, show_category, suggest_searches
from catalog.views.product_page import show_product
from catalog.views.recently_seen import list_recently_seen
from catalog.views.season_pages import list_ocop_products, list_regions, show_region, show_seasons
from catalog.views.wish_list import show_wish_list

__all__ = [
    "confirm_follow_view",
    "download_bulletin_text",
    "download_spoken_text",
    "edit_follow",
    "follow",
    "list_bulletins",
    "list_cooperatives",
    "list_ocop_products",
    "list_own_follows",
    "list_products",
    "list_recently_seen",
    "list_regions",
    "manage_back_in_stock",
    "request_back_in_stock_view",
    "search_products_page",
    "show_bulletin",
    "show_category",
    "show_cooperative",
    "show_product",
    "show_region",
    "show_seasons",
    "show_wish_list",
    "suggest_searches",
]
