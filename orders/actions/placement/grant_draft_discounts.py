"""Grant, change and remove discounts of drafts."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import replace
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from orders.actions.placement.draft_discounts import DraftDiscount
from orders.actions.placement.draft_orders import DraftContent, change_draft
from orders.models import Discount, OrderLine, ValueType
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused

_ALL_OF_IT = Decimal(100)


class OrderAlreadyDiscounted(Refused):
    code = "order_already_discounted"
    default_message = _("This draft already has a discount. Change that one.")


class DiscountAboveTotal(Refused):
    code = "discount_above_total"
    default_message = _("The discount cannot be higher than the price.")


def grant_order_discount(
    *,
    order_id: uuid.UUID,
    value_type: ValueType,
    value: Decimal,
    reason: str,
    actor: Actor,
    now: datetime.datetime,
) -> uuid.UUID:
    """Grant a discount on all items of a draft, and return its key. The platform bears it.

    `value` is a percentage, or minor units. Raises Missing, NotADraft, OrderAlreadyDiscounted,
    DiscountAboveTotal, and the refusals of `draft_orders.change_draft`.
    """
    granted = DraftDiscount(uuid.uuid4(), value_type, value, reason=reason)

    def add_discount(content: DraftContent) -> DraftContent:
        if any(discount.line_key is None for discount in content.discounts):
            raise OrderAlreadyDiscounted(field="orderId")
        _require_within_total(granted, order_id)
        return replace(content, discounts=[*content.discounts, granted])

    change_draft(order_id=order_id, change=add_discount, actor=actor, now=now)
    return granted.key


def change_order_discount(
    *,
    discount_id: uuid.UUID,
    value_type: ValueType,
    value: Decimal,
    reason: str | None,
    actor: Actor,
    now: datetime.datetime,
) -> uuid.UUID:
    """Change the discount of a whole draft, and return the draft's key. None keeps the reason.

    Raises the refusals of `grant_order_discount`.
    """
    order_id = _find_order_of(discount_id)

    def change_terms(content: DraftContent) -> DraftContent:
        former = _require_granted(content, discount_id)
        changed = replace(
            former,
            value_type=value_type,
            value=value,
            reason=former.reason if reason is None else reason,
        )
        _require_within_total(changed, order_id)
        kept = [discount for discount in content.discounts if discount.key != discount_id]
        return replace(content, discounts=[*kept, changed])

    change_draft(order_id=order_id, change=change_terms, actor=actor, now=now)
    return order_id


def remove_order_discount(*, discount_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> uuid.UUID:
    """Remove the discount of a whole draft, and return the draft's key. Raises Missing, NotADraft."""
    order_id = _find_order_of(discount_id)

    def remove_discount(content: DraftContent) -> DraftContent:
        former = _require_granted(content, discount_id)
        return replace(content, discounts=[discount for discount in content.discounts if discount != former])

    change_draft(order_id=order_id, change=remove_discount, actor=actor, now=now)
    return order_id


def set_line_discount(
    *,
    order_id: uuid.UUID,
    line_id: uuid.UUID,
    value_type: ValueType,
    value: Decimal,
    reason: str | None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Set the discount of a draft's line, in percent or in minor units for each unit.

    None keeps the reason. Raises Missing, NotADraft, DiscountAboveTotal, and the refusals of
    `draft_orders.change_draft`.
    """

    def set_discount(content: DraftContent) -> DraftContent:
        if all(line.key != line_id for line in content.lines):
            raise Missing(field="orderLineId")
        former = next((discount for discount in content.discounts if discount.line_key == line_id), None)
        changed = DraftDiscount(
            former.key if former else uuid.uuid4(),
            value_type,
            value,
            reason=reason if reason is not None else former.reason if former else "",
            line_key=line_id,
        )
        _require_within_total(changed, order_id)
        kept = [discount for discount in content.discounts if discount != former]
        return replace(content, discounts=[changed, *kept])

    change_draft(order_id=order_id, change=set_discount, actor=actor, now=now)


def remove_line_discount(
    *, order_id: uuid.UUID, line_id: uuid.UUID, actor: Actor, now: datetime.datetime
) -> None:
    """Remove the discount of a draft's line, if it has one. Raises Missing, NotADraft."""

    def remove_discount(content: DraftContent) -> DraftContent:
        kept = [discount for discount in content.discounts if discount.line_key != line_id]
        return replace(content, discounts=kept)

    change_draft(order_id=order_id, change=remove_discount, actor=actor, now=now)


def _find_order_of(discount_id: uuid.UUID) -> uuid.UUID:
    """Return the key of the order that this discount of staff is on. Raises Missing."""
    discount = Discount.objects.granted_by_staff().filter(pk=discount_id).first()
    if discount is None or discount.granted_line_key is not None:
        raise Missing(field="discountId")
    return discount.order_id


def _require_granted(content: DraftContent, discount_id: uuid.UUID) -> DraftDiscount:
    """Return the draft's discount, which may have been removed meanwhile. Raises Missing."""
    discount = next((discount for discount in content.discounts if discount.key == discount_id), None)
    if discount is None:
        raise Missing(field="discountId")
    return discount


def _require_within_total(discount: DraftDiscount, order_id: uuid.UUID) -> None:
    """In a transaction: raise DiscountAboveTotal if a discount is higher than the price it lowers."""
    limit = _ALL_OF_IT
    if discount.value_type == ValueType.FIXED:
        lines = OrderLine.objects.filter(order=order_id)
        if discount.line_key is not None:
            limit = Decimal(lines.get(pk=discount.line_key).unit_price)
        else:
            limit = Decimal(sum(line.unit_price * line.quantity for line in lines))
    if discount.value > limit:
        raise DiscountAboveTotal(field="value")
