"""Metadata for search engines and link previews: schema.org JSON-LD and a share picture.

JSON-LD is a data block, which the content security policy allows because it is not a script. There are no
ratings, so none are declared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from django import template
from django.core.files.storage import default_storage
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog.models import Product, ProductMedia
from catalog.views.breadcrumbs import Breadcrumb
from catalog.views.delivery_estimates import VariantChoice
from cooperatives.models import Cooperative
from shop.core.images.share_pictures import SIZE
from shop.core.models import Picture, PictureState, ShopSettings
from shop.core.money import plain_amount
from shop.core.web.public_urls import public_url

register = template.Library()
register.filter(plain_amount)

_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}
_UN_CEFACT_UNIT_CODES = {"content_grams": "GRM", "content_ml": "MLT"}


@register.simple_tag
def share_picture(path: str, alt: str) -> SafeString:
    """Return the tags of a link's preview picture, which is the file at `path` or else the market's own."""
    url = public_url(default_storage.url(path) if path else static("illustrations/share.jpg"))
    properties = {
        "og:image": url,
        "og:image:type": "image/jpeg",
        "og:image:width": SIZE[0],
        "og:image:height": SIZE[1],
        "og:image:alt": alt,
    }
    lines = format_html_join("\n  ", '<meta property="{}" content="{}">', properties.items())
    return format_html('{}\n  <meta name="twitter:card" content="summary_large_image">', lines)


@register.simple_tag
def structured_product(
    product: Product,
    choices: Sequence[VariantChoice],
    currency: str,
    url: str,
    media: Sequence[ProductMedia],
    is_paused: bool,
    breadcrumbs: Sequence[Breadcrumb],
) -> SafeString:
    """Return a Product with an Offer for each variant, all out of stock if `is_paused`."""
    product_data = {
        "@type": "Product",
        "name": product.name,
        "description": product.description_text,
        "url": url,
        "image": [jpeg for medium in media if (jpeg := _jpeg(medium.picture))],
        "countryOfOrigin": "VN",
        "brand": {"@type": "Brand", "name": product.cooperative.name},
        "category": next((breadcrumb.name for breadcrumb in reversed(breadcrumbs) if breadcrumb.row), ""),
    }
    offers = [
        _variant_offer(product, choice, currency, url, is_available=not (is_paused or choice.is_sold_out))
        for choice in choices
    ]
    return _json_ld_script({**product_data, "offers": offers[0] if len(offers) == 1 else offers})


@register.simple_tag
def structured_path(breadcrumbs: Sequence[Breadcrumb], page_name: str, url: str) -> SafeString:
    """Return a BreadcrumbList: `breadcrumbs` lead from the home page down, `page_name` is the page itself."""
    names_and_urls = [
        *((breadcrumb.name, public_url(breadcrumb.path)) for breadcrumb in breadcrumbs),
        (page_name, url),
    ]
    return _json_ld_script(
        {
            "@type": "BreadcrumbList",
            "itemListElement": [
                {"@type": "ListItem", "position": position, "name": name, "item": url}
                for position, (name, url) in enumerate(names_and_urls, start=1)
            ],
        }
    )


@register.simple_tag
def structured_cooperative(cooperative: Cooperative, url: str) -> SafeString:
    """Return a cooperative as an Organization, by its registration data."""
    return _json_ld_script(
        {
            **_organization(cooperative),
            "url": url,
            "description": cooperative.summary,
            "email": cooperative.email,
            "image": _jpeg(cooperative.cover) if cooperative.cover else "",
        }
    )


@register.simple_tag
def structured_market(shop: ShopSettings) -> SafeString:
    """Return the market as an Organization, and its site search."""
    home_url = public_url("/")
    seller = {
        "@type": "Organization",
        "name": shop.name,
        "legalName": shop.operator_name,
        "url": home_url,
        "address": shop.operator_address,
        "telephone": shop.operator_phone,
        "email": shop.operator_email,
    }
    search = {
        "@type": "SearchAction",
        "target": f"{public_url(reverse('catalog:search'))}?q={{words}}",
        "query-input": "required name=words",
    }
    site = {"@type": "WebSite", "name": shop.name, "url": home_url, "potentialAction": search}
    return _json_ld_script({"@graph": [_without_empty(seller), site]})


def _variant_offer(
    product: Product, choice: VariantChoice, currency: str, url: str, *, is_available: bool
) -> dict[str, object]:
    variant = choice.variant
    availability = "InStock" if is_available else "OutOfStock"
    offer_data: dict[str, object] = {
        "@type": "Offer",
        "name": variant.name,
        "sku": variant.sku or "",
        "gtin": variant.barcode if len(variant.barcode) in (8, 12, 13, 14) else "",
        "url": url,
        "price": plain_amount(choice.price, currency),
        "priceCurrency": currency,
        "availability": f"https://schema.org/{availability}",
        "itemCondition": "https://schema.org/NewCondition",
        "seller": _organization(product.cooperative),
    }
    specifications = [
        _price_specification(choice.price, currency, referenceQuantity={"value": content, "unitCode": unit})
        for column, unit in _UN_CEFACT_UNIT_CODES.items()
        if (content := getattr(variant, column))
    ]
    specifications += [
        _price_specification(tier.amount, currency, eligibleQuantity={"minValue": tier.minimum_quantity})
        for tier in choice.tiers
    ]
    is_single = len(specifications) == 1
    offer_data["priceSpecification"] = specifications[0] if is_single else specifications
    return _without_empty(offer_data)


def _price_specification(amount: int, currency: str, **quantities: Mapping[str, object]) -> dict[str, object]:
    """Return a price for a quantity of content, or from a quantity on."""
    return {
        "@type": "UnitPriceSpecification",
        "price": plain_amount(amount, currency),
        "priceCurrency": currency,
        **{name: {"@type": "QuantitativeValue", **quantity} for name, quantity in quantities.items()},
    }


def _organization(cooperative: Cooperative) -> dict[str, object]:
    postal_address = {
        "@type": "PostalAddress",
        "streetAddress": cooperative.hamlet,
        "addressLocality": cooperative.commune_name,
        "addressRegion": cooperative.province_name,
        "addressCountry": "VN",
    }
    return _without_empty(
        {
            "@type": "Organization",
            "name": cooperative.name,
            "legalName": cooperative.legal_name,
            "identifier": cooperative.registration_number,
            "telephone": cooperative.phone,
            "address": _without_empty(postal_address) if cooperative.province_name else "",
        }
    )


def _jpeg(picture: Picture) -> str:
    """Return the absolute URL of the picture's widest JPEG. It is empty until the picture is processed."""
    if picture.state != PictureState.READY or not picture.renditions:
        return ""
    widest = max(picture.renditions, key=int)
    return public_url(default_storage.url(picture.renditions[widest]["jpeg"]))


def _without_empty(data: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in data.items() if value}


def _json_ld_script(data: dict[str, object]) -> SafeString:
    document = {"@context": "https://schema.org", **_without_empty(data)}
    text = json.dumps(document, ensure_ascii=False).translate(_ESCAPES)
    return format_html('<script type="application/ld+json">{}</script>', SafeString(text))
