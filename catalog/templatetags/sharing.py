"""What search engines and chats are told of a product."""

from __future__ import annotations

import json
from typing import Any

from django import template
from django.core.files.storage import default_storage
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.models import Product, ProductMedia
from shop.core.models import PictureState
from shop.core.money import minor_digits

register = template.Library()

_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


@register.simple_tag(takes_context=True)
def shared_picture(context: dict[str, Any], media: list[ProductMedia]) -> str:
    """The whole address of a JPEG of the first picture; empty while there is none."""
    made = media[0].picture.renditions if media and media[0].picture.state == PictureState.READY else {}
    if not made:
        return ""
    width = "640" if "640" in made else min(made, key=int)
    address: str = context["request"].build_absolute_uri(default_storage.url(made[width]["jpeg"]))
    return address


@register.simple_tag
def structured_product(
    product: Product, price: int, currency: str, address: str, image: str, is_sold_out: bool
) -> SafeString:
    """schema.org's Product as JSON-LD: a block of data, which the content policy lets through as no script.

    Nothing is said of ratings: there are none.
    """
    availability = "OutOfStock" if is_sold_out else "InStock"
    amount = f"{price / 10 ** minor_digits(currency):.{minor_digits(currency)}f}"
    data = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product.name,
        "description": product.description_text,
        "url": address,
        "offers": {
            "@type": "Offer",
            "price": amount,
            "priceCurrency": currency,
            "availability": f"https://schema.org/{availability}",
            "seller": {"@type": "Organization", "name": product.cooperative.name},
        },
    }
    if image:
        data["image"] = image
    text = json.dumps(data, ensure_ascii=False).translate(_ESCAPES)
    return format_html('<script type="application/ld+json">{}</script>', SafeString(text))
