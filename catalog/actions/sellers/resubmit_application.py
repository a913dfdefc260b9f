"""Resubmit a seller's application, and update the search words of its products."""

from __future__ import annotations

import datetime

from django.db import transaction

from catalog.actions.products.product_rows import refresh_search_columns
from catalog.models import Product
from cooperatives.actions.cooperative_lifecycle import ApplicationDetails, update_application
from shop.core.actors import Actor


@transaction.atomic(durable=True)
def resubmit_application(
    *, cooperative_id: int, details: ApplicationDetails, actor: Actor, now: datetime.datetime
) -> None:
    """Resubmit a corrected application. Raises InvalidPhone, TransitionNotAllowed."""
    update_application(cooperative_id=cooperative_id, details=details, actor=actor, now=now)
    refresh_search_columns(Product.objects.filter(cooperative=cooperative_id))
