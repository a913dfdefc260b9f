"""Absolute links to an order's page, for notifications and payment gateways."""

from __future__ import annotations

from orders.models import Order, RecallNotice
from shop.core.web.public_urls import page_url

# Query parameter of the address to which the bank's or Stripe's page returns the buyer.
PAYMENT_RETURN_PARAMETER = "from-payment"


def order_url(order: Order) -> str:
    """Return the URL of the order's page, in the buyer's language."""
    return page_url(f"/don-hang/{order.pk}/", order.language)


def recall_notice_url(notice: RecallNotice) -> str:
    """Return the URL where a buyer confirms reading the notice of a recall, in the buyer's language."""
    return page_url(f"/thu-hoi/{notice.pk}/", notice.order.language)


def payment_return_url(order: Order) -> str:
    """Return the URL to which a payment's own page sends the buyer back."""
    return f"{order_url(order)}?{PAYMENT_RETURN_PARAMETER}=1"
