"""Take back items of an order without a complaint, with a refund, a replacement or neither."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.models import Stock
from orders import locks
from orders.actions.fulfilment.parcel_returns import ReturnedQuantity, create_return
from orders.actions.fulfilment.replacements import create_replacement
from orders.actions.fulfilment.substitute_holds import read_held_stock_ids
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.order_records.reasons import Reason
from orders.actions.refunds.granted_refunds import RefundGrant, grant_locked_refund
from orders.models import CostBearer, Order, OrderLine, OrderPart, Parcel
from orders.states import ParcelKind
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused


class EmptyReturn(Refused):
    code = "empty_return"
    default_message = _("Choose the items that come back.")


@dataclass(frozen=True, slots=True)
class ReturnRequest:
    """Delivered items that come back, in sales units by line, and the refund of them and of others.

    `replaced` ones are sent once more instead of being refunded. Items in `refund` that come back are not in
    `returned`.
    """

    reason: Reason
    returned: Mapping[uuid.UUID, int] = field(default_factory=dict)
    replaced: Mapping[uuid.UUID, int] = field(default_factory=dict)
    refund: RefundGrant | None = None
    line_reasons: Mapping[uuid.UUID, Reason] = field(default_factory=dict)

    def returned_quantities(self, part_lines: Collection[uuid.UUID]) -> dict[uuid.UUID, ReturnedQuantity]:
        """Return the items of a part that come back without a refund."""
        quantities = {
            line_id: self.returned.get(line_id, 0) + self.replaced.get(line_id, 0)
            for line_id in {*self.returned, *self.replaced} & set(part_lines)
        }
        return {
            line_id: ReturnedQuantity(quantity, reason=self.line_reasons.get(line_id))
            for line_id, quantity in quantities.items()
        }


@dataclass(frozen=True, slots=True)
class ReturnedProducts:
    """The parcels that come back, and those that are sent instead."""

    returns: list[Parcel]
    replacements: list[Parcel]


@transaction.atomic(durable=True)
def return_products(
    *,
    order_id: uuid.UUID,
    request: ReturnRequest,
    part_ids: Collection[int],
    bearer: CostBearer,
    actor: Actor,
    now: datetime.datetime,
) -> ReturnedProducts:
    """Create the returns, refunds and replacements of the affected parts. If one is refused, none is created.

    The returns are on their way until their warehouse receives them. Raises Missing, EmptyReturn,
    ReturnExceedsDelivered, SoldOut, and the errors of `grant_locked_refund`.
    """
    order = locks.lock_order(order_id)
    parts = list(order.parts.select_related("cooperative").filter(pk__in=part_ids).order_by("number"))
    lines = list(OrderLine.objects.filter(part__in=parts).values_list("part", "pk", "variant"))
    requested = {*request.returned, *request.replaced}
    if order.is_draft or not requested <= {line_id for _part_id, line_id, _variant_id in lines}:
        raise Missing(field="lines")
    if not requested and request.refund is None:
        raise EmptyReturn(field="lines")
    _lock_rows(order, parts, {variant_id for _part_id, _line_id, variant_id in lines}, now=now)
    returns, replacements = [], []
    for part in parts:
        part_lines = [line_id for part_id, line_id, _variant_id in lines if part_id == part.pk]
        returned = request.returned_quantities(part_lines)
        if returned:
            returns.append(
                create_return(
                    order,
                    part,
                    returned,
                    kind=ParcelKind.RETURN,
                    warehouse_id=None,
                    is_received=False,
                    reason=request.reason,
                    actor=actor,
                    now=now,
                )
            )
        replaced = {
            line_id: request.replaced[line_id] for line_id in part_lines if line_id in request.replaced
        }
        if replaced:
            replacements.append(create_replacement(order, part, replaced, actor=actor, now=now))
    if request.refund is not None:
        refunds = grant_locked_refund(
            order,
            parts,
            granted=request.refund,
            bearer=bearer,
            reason=request.reason,
            actor=actor,
            now=now,
        )
        returns = [refund.parcel for refund in refunds if refund.parcel is not None] + returns
    finish_order_change(order, now=now)
    return ReturnedProducts(returns, replacements)


def _lock_rows(
    order: Order, parts: Iterable[OrderPart], variant_ids: Collection[int | None], *, now: datetime.datetime
) -> None:
    """In a transaction: lock at once all stock and settlements that the parts' steps lock."""
    cooperative_ids = [part.cooperative_id for part in parts]
    free_stock = Stock.objects.filter(
        variant__in=variant_ids, warehouse__cooperative__in=cooperative_ids, warehouse__closed_at=None
    )
    locks.lock_stock({*read_held_stock_ids(parts), *free_stock.values_list("pk", flat=True)})
    locks.lock_settlements(cooperative_ids, order.currency, now=now)
