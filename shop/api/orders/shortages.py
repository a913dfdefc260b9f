"""Missing items of a part and the substitutes offered for them, an extension of Saleor's schema."""

from __future__ import annotations

import uuid

from orders.actions.refunds.answer_substitute import answer_substitute
from orders.actions.refunds.offer_substitute import SubstituteOffer, offer_substitute, withdraw_substitute
from orders.actions.refunds.report_shortage import report_shortage
from orders.models import OrderPart, Substitute
from orders.states import SubstituteState
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.ids import Key, input_key
from shop.api.money import MoneyAmount
from shop.api.object_types import Row, Rows, Type
from shop.api.orders.inputs import (
    CooperativePartReportShortageArguments,
    CooperativeSubstituteAnswerArguments,
    CooperativeSubstituteOfferArguments,
    CooperativeSubstituteWithdrawArguments,
)
from shop.api.orders.mutations import CODES
from shop.api.orders.parts import part_object
from shop.api.orders.types import ORDER_PERMISSIONS, WHOLE_ORDER_PERMISSIONS, line_object
from shop.api.orders.visibility import filter_handled, filter_visible
from shop.api.root_fields import Mutations
from shop.api.schema import Choices
from shop.core.errors import Missing
from shop.core.models import bind_idempotency_key

ENUMS: dict[str, Choices] = {"CooperativeSubstituteState": SubstituteState}
mutation = Mutations(
    codes=CODES
    | {
        "nothing_short": "INVALID_QUANTITY",
        "no_lines_left_to_send": "INVALID_QUANTITY",
        "invalid_substitute_quantity": "INVALID_QUANTITY",
        "unsuitable_substitute": "PRODUCT_UNAVAILABLE_FOR_PURCHASE",
        "sold_out": "INSUFFICIENT_STOCK",
        "substitute_closed": "NOT_EDITABLE",
        "transition_not_allowed": "NOT_EDITABLE",
        "key_reused": "UNIQUE",
    }
)


def _visible_substitutes(context: Context) -> Rows:
    rows: Rows = filter_visible(context, Substitute.objects.all(), order="line__order", part="line__part")
    return rows


substitute_object = Type("CooperativeSubstitute", _visible_substitutes)
substitute_object.id()
substitute_object.columns(
    state="state",
    quantity="quantity",
    productName="variant__product__name",
    variantName="variant__name",
    substituteQuantity="substitute_quantity",
    answerBy="answer_by",
    answeredAt="answered_at",
)
substitute_object.related("orderLine", line_object, column="line_id")
substitute_object.related("newOrderLine", line_object, column="new_line_id")


@substitute_object.field(needs=("replaced_gross", "line__order__currency"))
def replaced_total(substitutes: list[Row], *_: object) -> list[MoneyAmount]:
    return [MoneyAmount(row.replaced_gross, row.line__order__currency) for row in substitutes]


@substitute_object.field(needs=("total_gross", "line__order__currency"))
def total(substitutes: list[Row], *_: object) -> list[MoneyAmount]:
    return [MoneyAmount(row.total_gross, row.line__order__currency) for row in substitutes]


part_object.related_rows("substitutes", substitute_object, column="line__part", order=["offered_at", "pk"])


@mutation.field(permissions=ORDER_PERMISSIONS)
def cooperative_part_report_shortage(
    arguments: CooperativePartReportShortageArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = _find_handled_part_key(arguments["id"], context)
    report_shortage(
        part_id=key,
        available={
            input_key(entry["orderLineId"], "OrderLine", field="lines"): entry["available"]
            for entry in arguments["lines"]
        },
        idempotency_key=_bound_key(arguments.get("idempotencyKey"), "shortage", key),
        actor=context.actor,
        now=context.now,
    )
    return {"part": part_object.by_key(context, [key], selection.names("part")).get(key)}


@mutation.field(permissions=ORDER_PERMISSIONS)
def cooperative_substitute_offer(
    arguments: CooperativeSubstituteOfferArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key, input_data = _find_handled_part_key(arguments["id"], context), arguments["input"]
    offered = offer_substitute(
        part_id=key,
        offer=SubstituteOffer(
            input_key(input_data["orderLineId"], "OrderLine", field="orderLineId"),
            input_data["quantity"],
            input_key(input_data["variantId"], "ProductVariant", field="variantId"),
            input_data["substituteQuantity"],
        ),
        idempotency_key=_bound_key(arguments.get("idempotencyKey"), "substitute", key),
        actor=context.actor,
        now=context.now,
    )
    return _build_payload(offered.pk, context, selection)


@mutation.field(permissions=ORDER_PERMISSIONS)
def cooperative_substitute_withdraw(
    arguments: CooperativeSubstituteWithdrawArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = input_key(arguments["id"], "CooperativeSubstitute", field="id")
    rows = Substitute.objects.filter(pk=key)
    if not filter_handled(context, rows, order="line__order", part="line__part").exists():
        raise Missing(field="id")
    withdraw_substitute(substitute_id=key, actor=context.actor, now=context.now)
    return _build_payload(key, context, selection)


@mutation.field()
def cooperative_substitute_answer(
    arguments: CooperativeSubstituteAnswerArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Record the answer of the signed-in buyer, or the answer that a buyer gave platform staff."""
    key = input_key(arguments["id"], "CooperativeSubstitute", field="id")
    rows = Substitute.objects.filter(pk=key)
    if not context.may(*WHOLE_ORDER_PERMISSIONS):
        buyer = context.user.pk if context.user else None
        rows = rows.filter(line__order__user=buyer, line__order__user__isnull=False)
    if not rows.exists():
        raise Missing(field="id")
    answer_substitute(substitute_id=key, is_agreed=arguments["accept"], actor=context.actor, now=context.now)
    return _build_payload(key, context, selection)


def _find_handled_part_key(text: str, context: Context) -> int:
    """Return the key of a part that the requester handles. Raises InputError, Missing."""
    key = int(input_key(text, "CooperativePart", field="id"))
    parts = filter_handled(context, OrderPart.objects.filter(pk=key), order="order", part="pk")
    if not parts.exists():
        raise Missing(field="id")
    return key


def _bound_key(sent_key: uuid.UUID | None, action: str, part_key: Key) -> str | None:
    return None if sent_key is None else bind_idempotency_key(str(sent_key), "api", action, part_key)


def _build_payload(key: uuid.UUID, context: Context, selection: Selection) -> dict[str, object]:
    return {"substitute": substitute_object.by_key(context, [key], selection.names("substitute")).get(key)}


TYPES = (substitute_object, mutation)
