"""Who hears of listings."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from catalog.models import Listing
from shop.notifications.models import Way
from shop.notifications.send import send


def listing_answered(listing: Listing, *, now: datetime.datetime) -> None:
    """The cooperative hears that its goods are on sale, or what is to be mended first."""
    cooperative = listing.product.cooperative
    if not cooperative.email:
        return
    with translation.override("vi"):
        send(
            key=f"listing-answered:{listing.pk}:{now:%Y%m%d%H%M%S}",
            way=Way.EMAIL,
            to=cooperative.email,
            subject=_("%(product)s on Chợ Phiên") % {"product": listing.product.name},
            text=render_to_string(
                "emails/listing_answered.txt",
                {"listing": listing, "product": listing.product, "url": f"{settings.PUBLIC_URL}/xa-vien/"},
            ),
            now=now,
        )
