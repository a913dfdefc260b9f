"""Pages where buyers look around."""

from catalog.views.browse import category, products, search, suggestions
from catalog.views.cooperatives import cooperative, cooperatives
from catalog.views.product import product

__all__ = ["category", "cooperative", "cooperatives", "product", "products", "search", "suggestions"]
