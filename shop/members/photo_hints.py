"""How to photograph goods, by their product type."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalog.models import ProductType

# By slug of the types that a new market has.
_HINTS: dict[str, Promise] = {
    "nong-san-tuoi": _("Photograph it whole and fresh in daylight, with one cut open beside it."),
    "do-kho-do-che-bien": _("Photograph the closed pack with its label, and some of the contents beside it."),
    "gao-dau-lac": _("Photograph a handful close up on a plain ground, and the bag with its label."),
    "hang-thu-cong": _(
        "Photograph the whole piece on a plain ground, its pattern close up, and something that shows its"
        " size."
    ),
}
_GENERAL_HINT = _("Photograph the goods whole and close, in daylight, on a plain ground.")


def photo_hint(product_type: ProductType) -> Promise:
    """Return how to photograph goods of the type."""
    return _HINTS.get(product_type.slug, _GENERAL_HINT)
