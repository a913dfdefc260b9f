"""Pages where buyers look around."""

from catalog.views.back import ask, back_request
from catalog.views.browse import category, products, search, suggestions
from catalog.views.bulletin import bulletin, bulletin_spoken, bulletin_text, bulletins
from catalog.views.cooperatives import cooperative, cooperatives
from catalog.views.follow import confirmation, follow, followed, following
from catalog.views.product import product
from catalog.views.seasons import ocop, region, regions, seasons
from catalog.views.wishes import wishes

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
