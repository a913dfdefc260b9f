"""Public pages that tell where a lot comes from, at the address of the QR code on its label."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from catalog.models import Listing, Lot, Product, ProductMedia, Variant
from catalog.models.lot import CODE_PREFIX, is_lot_code, normalise_lot_code
from cooperatives.models import Certificate
from shop.core.dates.calendar import vietnam_date
from shop.core.models import market_channel, show_in_language

MAX_STAGES = 100
MAX_PRODUCTS = 10
_GTIN = re.compile(r"\d{8}|\d{12,14}", re.ASCII)
_LOOKS_LIKE_A_LOT = re.compile(rf"{CODE_PREFIX}[0-9A-Z]{{7,9}}")


@require_safe
def find_lot(request: HttpRequest) -> HttpResponse:
    """Ask for the code on a label, and lead to its page."""
    code = request.GET.get("ma", "").strip()[:40]
    if code:
        return redirect("catalog:trace", normalise_lot_code(code) or "-")
    return render(request, "catalog/trace_search.html", {"entered": ""})


@require_safe
def show_trace(request: HttpRequest, code: str) -> HttpResponse:
    """Show where a lot comes from, or the products with a bar code. Explain other codes with a 404."""
    normalised = normalise_lot_code(code)
    if normalised and normalised != code:
        return redirect("catalog:trace", normalised)
    if _GTIN.fullmatch(code):
        return _show_products(request, code)
    lot = None
    if is_lot_code(code):
        lots = Lot.objects.select_related("variant__product__cooperative", "producer")
        # A product that the market never approved is not shown.
        approved = Listing.objects.filter(published_at__isnull=False)
        lot = lots.filter(code=code, variant__product__in=approved.values("product")).first()
    if lot is None:
        problem = "foreign"
        if is_lot_code(code):
            problem = "unknown"
        elif _LOOKS_LIKE_A_LOT.fullmatch(code):
            problem = "mistyped"
        context = {"entered": code[:40], "problem": problem}
        return render(request, "catalog/trace_search.html", context, status=404)
    return _show_lot(request, lot)


@require_safe
def redirect_digital_link(request: HttpRequest, gtin: str, code: str = "") -> HttpResponse:
    """Redirect a GS1 Digital Link to the page of its lot, or of its bar code."""
    return redirect("catalog:trace", normalise_lot_code(code or gtin) or "-", permanent=False)


def _show_lot(request: HttpRequest, lot: Lot) -> HttpResponse:
    today, product = vietnam_date(timezone.now()), lot.variant.product
    channel = market_channel()
    media = ProductMedia.objects.filter(product=product).ready().select_related("picture")
    certificates = Certificate.objects.valid_on(today).select_related("picture").order_by("kind", "pk")
    if lot.certificate_id is not None:
        certificates = certificates.filter(pk=lot.certificate_id)
    else:
        certificates = certificates.filter(products=product)
    producer = lot.producer if lot.producer is not None and lot.producer.is_public else None
    show_in_language([product], "name", "storage")
    show_in_language([product.cooperative], "name")
    context = {
        "lot": lot,
        "product": product,
        "cooperative": product.cooperative,
        "producer": producer,
        "media": media.order_by("sort_order", "pk").first(),
        "pictures": list(lot.pictures.ready().in_order()),
        "stages": list(lot.stages.order_by("happened_at", "pk")[:MAX_STAGES]),
        "certificates": list(certificates),
        "recall": lot.recalls.open().first() if lot.is_recalled else None,
        "is_expired": lot.is_expired_on(today),
        "is_on_sale": channel is not None
        and Listing.objects.on_sale(channel.pk).filter(product=product).exists(),
    }
    return render(request, "catalog/trace.html", context)


def _show_products(request: HttpRequest, barcode: str) -> HttpResponse:
    """Show the products on sale with the bar code. The code of a lot says more."""
    channel = market_channel()
    written = {barcode, barcode.lstrip("0"), barcode.removeprefix("0"), barcode.removeprefix("00")} - {""}
    variants = Variant.objects.filter(barcode__in=written)
    products = Product.objects.none()
    if channel is not None:
        on_sale = Listing.objects.on_sale(channel.pk)
        products = Product.objects.filter(variants__in=variants, listings__in=on_sale)
    found = list(products.select_related("cooperative").distinct().order_by("pk")[:MAX_PRODUCTS])
    show_in_language(found, "name")
    context = {"entered": barcode, "products": found, "problem": "" if found else "unknown_barcode"}
    return render(request, "catalog/trace_search.html", context, status=200 if found else 404)
