"""Apply voucher codes to baskets, count uses at placement, and give uses back for cancelled orders."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import replace

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.quotes.build_quote import build_basket_request, build_quote
from orders.actions.quotes.quote_types import Quote
from orders.actions.quotes.voucher_rules import VoucherCodeUnknown, VoucherRefused
from orders.models import Discount, DiscountKind, Order, VoucherUse
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import record_change


class VoucherDiscountChanged(VoucherRefused):
    """A draft's code now gives another discount than the draft was saved with."""

    code = "voucher_discount_changed"
    default_message = _("The discount of this code has changed. Save the draft again to see it.")


@transaction.atomic(durable=True)
def apply_voucher_code(*, basket_id: uuid.UUID, code: str, now: datetime.datetime) -> None:
    """Store a code on the basket if it gives a discount there.

    No use is counted before the order is placed. Raises Missing, VoucherRefused.
    """
    basket = locks.lock_basket(basket_id)
    if basket is None:
        raise Missing()
    voucher = build_quote(
        replace(build_basket_request(basket), voucher_code=code), now=now, should_propose_deliveries=True
    ).voucher
    if voucher is None:
        raise VoucherCodeUnknown(_("Enter the code first."), field="code")
    if voucher.refusal is not None:
        raise voucher.refusal
    basket.voucher_code, basket.changed_at = voucher.code, now
    basket.save(update_fields=["voucher_code", "changed_at"])


@transaction.atomic(durable=True)
def remove_voucher_code(*, basket_id: uuid.UUID, now: datetime.datetime) -> None:
    """Remove the code from the basket. Raises Missing."""
    basket = locks.lock_basket(basket_id)
    if basket is None:
        raise Missing()
    basket.voucher_code, basket.changed_at = "", now
    basket.save(update_fields=["voucher_code", "changed_at"])


def record_voucher_use(order: Order, quote: Quote, *, now: datetime.datetime) -> None:
    """Under the voucher's lock: count the use of the quote's code."""
    voucher = quote.applied_voucher
    if voucher is None or voucher.code_id is None:
        return
    VoucherUse.objects.create(
        code_id=voucher.code_id,
        order=order,
        user_id=order.user_id,
        buyer=order.phone or order.email.lower(),
        used_at=now,
    )


def release_voucher_use(order: Order, *, actor: Actor, now: datetime.datetime) -> None:
    """On a locked order without active parts: delete its voucher use, so that the code can be used again.

    No further lock is needed, because fewer uses never break a limit.
    """
    released_count, _by_model = VoucherUse.objects.filter(order=order).delete()
    if released_count:
        record_change("voucher.use_released", order, actor=actor, now=now, data={"code": order.voucher_code})


def require_same_discount(order: Order, quote: Quote) -> None:
    """In a transaction: raise VoucherRefused unless the draft's code still gives the discount it shows."""
    voucher = quote.voucher
    if voucher is not None and voucher.refusal is not None:
        raise voucher.refusal
    saved_discounts = Discount.objects.filter(order=order, kind=DiscountKind.VOUCHER)
    if saved_discounts.aggregate(sum=Sum("amount", default=0))["sum"] != quote.voucher_amount:
        raise VoucherDiscountChanged(field="code")
