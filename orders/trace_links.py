"""Addresses in the QR codes of lots and options, which lead to their public pages."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from catalog.models import Lot, Variant
from catalog.trace_codes import trace_code


def variant_trace_address(variant: Variant) -> str:
    """Return the address in an option's QR code: a GS1 Digital Link if it has a GTIN."""
    return _trace_address(variant, "")


def lot_trace_address(lot: Lot) -> str:
    """Return the address in a lot's QR code: a GS1 Digital Link if its variant has a GTIN."""
    return _trace_address(lot.variant, lot.code)


def _trace_address(variant: Variant, lot_code: str) -> str:
    with translation.override(settings.LANGUAGE_CODE):
        if variant.gtin:
            path = reverse("orders:digital-link", args=[trace_code(variant), *filter(None, [lot_code])])
        else:
            path = reverse("orders:trace", args=[lot_code or trace_code(variant)])
    return f"{settings.PUBLIC_URL}{path}"
