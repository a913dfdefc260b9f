"""Public pages that tell where goods come from, at the addresses in QR codes of lots and options."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from catalog.models import Listing, Lot, Product, ProductMedia, Variant
from catalog.models.lot import CODE_PREFIX, is_lot_code, normalise_lot_code
from catalog.models.product import VariantQuerySet
from catalog.trace_codes import variant_id_of_code
from cooperatives.models import Certificate, Producer
from orders.views.lot_steps import build_lot_steps
from shop.core.dates.calendar import vietnam_date
from shop.core.models import market_channel, show_in_language

MAX_PRODUCTS, MAX_LOTS = 10, 30
_GTIN = re.compile(r"\d{8}|\d{12,14}", re.ASCII)
_LOOKS_LIKE_A_LOT = re.compile(rf"{CODE_PREFIX}[0-9A-Z]{{7,9}}")


@require_safe
def find_trace(request: HttpRequest) -> HttpResponse:
    """Ask for the code on a label, and lead to its page."""
    code = request.GET.get("ma", "").strip()[:40]
    if code:
        return redirect("orders:trace", normalise_lot_code(code) or "-")
    return render(request, "orders/trace_search.html", {"entered": ""})


@require_safe
def show_trace(request: HttpRequest, code: str) -> HttpResponse:
    """Show where a lot or an option comes from. Explain other codes with a 404."""
    normalised = normalise_lot_code(code)
    if normalised and normalised != code:
        return redirect("orders:trace", normalised)
    if _GTIN.fullmatch(code):
        return _show_barcode(request, code)
    if is_lot_code(code):
        lots = Lot.objects.select_related("variant__product__cooperative", "producer")
        lot = lots.filter(_is_approved("variant__product"), code=code).first()
        if lot is not None:
            return _show_lot(request, lot)
    variant_id = variant_id_of_code(code)
    if variant_id is not None:
        variants = list(_traced_variants().filter(pk=variant_id))
        if variants:
            return _show_variants(request, variants)
    problem = "foreign"
    if is_lot_code(code):
        problem = "unknown"
    elif _LOOKS_LIKE_A_LOT.fullmatch(code):
        problem = "mistyped"
    return render(request, "orders/trace_search.html", {"entered": code[:40], "problem": problem}, status=404)


@require_safe
def redirect_digital_link(request: HttpRequest, gtin: str, code: str = "") -> HttpResponse:
    """Redirect a GS1 Digital Link to the page of its lot, or of its bar code."""
    return redirect("orders:trace", normalise_lot_code(code or gtin) or "-", permanent=False)


def _show_lot(request: HttpRequest, lot: Lot) -> HttpResponse:
    today, product = vietnam_date(timezone.now()), lot.variant.product
    certificates = Certificate.objects.valid_on(today)
    if lot.certificate_id is not None:
        certificates = certificates.filter(pk=lot.certificate_id)
    else:
        certificates = certificates.filter(products=product)
    recall = lot.recalls.open().first() if lot.is_recalled else None
    context = _build_product_context(product, lot.producer) | {
        "lot": lot,
        "pictures": list(lot.pictures.ready().in_order()),
        "steps": build_lot_steps(lot, recall),
        "certificates": list(certificates.select_related("picture").order_by("kind", "pk")),
        "recall": recall,
        "is_expired": lot.is_expired_on(today),
    }
    return render(request, "orders/trace.html", context)


def _show_barcode(request: HttpRequest, barcode: str) -> HttpResponse:
    """Show the option with a bar code, or the products if several have it."""
    written = {barcode, barcode.lstrip("0"), barcode.removeprefix("0"), barcode.removeprefix("00")} - {""}
    variants = list(_traced_variants().filter(barcode__in=written)[: MAX_PRODUCTS + 1])
    products = list({variant.product_id: variant.product for variant in variants}.values())
    if len(products) == 1:
        return _show_variants(request, variants)
    show_in_language(products, "name")
    context = {"entered": barcode, "products": products, "problem": "" if products else "unknown_barcode"}
    return render(request, "orders/trace_search.html", context, status=200 if products else 404)


def _show_variants(request: HttpRequest, variants: Sequence[Variant]) -> HttpResponse:
    """Show the product of these options, with those lots of them that are in stock."""
    today, product = vietnam_date(timezone.now()), variants[0].product
    lots = Lot.objects.filter(variant__in=variants).with_stock()
    certificates = Certificate.objects.valid_on(today).filter(products=product)
    context = _build_product_context(product, product.producer) | {
        "variant": variants[0] if len(variants) == 1 else None,
        "lots": [
            (lot, lot.is_expired_on(today))
            for lot in lots.select_related("variant").first_expired_first()[:MAX_LOTS]
        ],
        "certificates": list(certificates.select_related("picture").order_by("kind", "pk")),
    }
    return render(request, "orders/trace_product.html", context)


def _build_product_context(product: Product, producer: Producer | None) -> dict[str, object]:
    """Return what the pages of a lot and of an option tell of the product and who made it."""
    channel = market_channel()
    media = ProductMedia.objects.filter(product=product).ready().select_related("picture")
    show_in_language([product], "name", "storage")
    show_in_language([product.cooperative], "name")
    return {
        "product": product,
        "cooperative": product.cooperative,
        "producer": producer if producer is not None and producer.is_public else None,
        "media": media.order_by("sort_order", "pk").first(),
        "is_on_sale": channel is not None
        and Listing.objects.on_sale(channel.pk).filter(product=product).exists(),
    }


def _is_approved(product: str) -> Q:
    """Return the condition that the market approved the product once. Other products are not shown."""
    return Q(**{f"{product}__in": Listing.objects.filter(published_at__isnull=False).values("product")})


def _traced_variants() -> VariantQuerySet:
    variants = Variant.objects.existing().filter(_is_approved("product"))
    return variants.select_related("product__cooperative", "product__producer").order_by("pk")
