"""Rows as phones keep them: parts of orders for packers, and products with prices and stock for others.

The number of queries does not depend on the number of rows.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.models import Product, Variant
from catalog.season_labels import months_text
from catalog.unit_labels import unit_label, unit_name
from cooperatives.access import MemberRight, MembershipContext
from cooperatives.models import Cooperative
from orders.actions.cash_on_delivery.cash_collection import read_cash_of_unpacked_items
from orders.actions.fulfilment.phone_codes import part_key
from orders.actions.fulfilment.phone_handovers import count_handovers
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.models import (
    Order,
    OrderLine,
    OrderPart,
    Parcel,
    ParcelLine,
    RunParcel,
    Substitute,
    WeightQuestion,
)
from orders.states import ParcelKind, ParcelState
from orders.trace_links import lot_trace_address
from shop.core.dates.calendar import vietnam_date
from shop.core.identifiers.phones import format_phone
from shop.core.texts.formatting import format_short_day, format_weight, translated_reason
from shop.members.buyer_messages import greeting_of_part
from shop.members.order_texts import contents_labels, ready_time, sorted_lines, step_names
from shop.members.sync.part_facts import (
    PARCEL_CONTENTS,
    missing_items,
    open_parts,
    read_pictures,
    read_stages,
    suggest_lots_to_take,
    undispatched_lots,
)
from shop.members.sync.part_texts import (
    build_sums,
    buyer_texts,
    question_texts,
    read_discounts,
    read_latest_questions,
    read_refunds,
    read_waiting_substitutes,
)
from shop.members.sync.product_facts import (
    build_lots_by_variant,
    content_of,
    find_low_stock,
    read_photos,
    read_thumbnails,
)

PART, PRODUCT = "part", "product"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class RowReference:
    """The name of a row, made of its kind and its key among rows of that kind."""

    kind: str
    id: int

    def as_json(self) -> Row:
        return {"kind": self.kind, "id": self.id}


def visible_kinds(membership: MembershipContext) -> tuple[str, ...]:
    """Return the kinds of rows that the member's role may have on the phone."""
    sees_products = membership.may(MemberRight.LIST) or membership.may(MemberRight.COUNT_STOCK)
    is_visible = {PART: membership.may(MemberRight.PACK), PRODUCT: sees_products}
    return tuple(kind for kind, may_see in is_visible.items() if may_see)


def load_rows_by_reference(
    membership: MembershipContext, references: Iterable[RowReference], *, now: datetime.datetime
) -> dict[RowReference, Row]:
    """Return the rows of these references that belong on the member's phone."""
    by_kind: dict[str, set[int]] = {kind: set() for kind in visible_kinds(membership)}
    for reference in references:
        if reference.kind in by_kind:
            by_kind[reference.kind].add(reference.id)
    rows: list[Row] = []
    for kind, ids in by_kind.items():
        rows += load_rows_of_kind(kind, membership.cooperative, ids, now=now) if ids else []
    return {RowReference(row["kind"], row["id"]): row for row in rows}


def load_rows_of_kind(
    kind: str, cooperative: Cooperative, ids: Collection[int], *, now: datetime.datetime
) -> list[Row]:
    """Return the cooperative's rows of this kind with these ids."""
    return _build_part_rows(cooperative, ids, now) if kind == PART else _build_product_rows(cooperative, ids)


def _build_part_rows(cooperative: Cooperative, ids: Collection[int], now: datetime.datetime) -> list[Row]:
    parts = list(
        open_parts(cooperative)
        .filter(pk__in=ids)
        .select_related("order__shipping_address", "order__invoice", "delivery_method")
        .prefetch_related("lines", PARCEL_CONTENTS, "parcels__handovers")
        .order_by("pk")
    )
    lines = [line for part in parts for line in part.lines.all()]
    still_open = read_unpacked_quantities(lines)
    unsent = ParcelLine.objects.unsent_quantities(lines)
    questions, substitutes = read_latest_questions(lines), read_waiting_substitutes(lines)
    stages = read_stages([part.pk for part in parts])
    unpacked_cash = read_cash_of_unpacked_items(parts)
    drivers = RunParcel.objects.drivers(parcel for part in parts for parcel in part.parcels.all())
    lots = suggest_lots_to_take(cooperative, lines, vietnam_date(now))
    refunds, discounts = read_refunds(parts), read_discounts(parts)
    pictures = read_pictures(lines)
    facts = {
        line.pk: _question_row(part, line, questions.get(line.pk), substitutes.get(line.pk))
        | {
            "picture": pictures.get(line.variant_id or 0, ""),
            **lots.get(line.pk, {"lots": [], "lot_picks": [], "lot_choices": []}),
        }
        for part in parts
        for line in part.lines.all()
    }
    for part in parts:
        part.cooperative = cooperative
    return [
        _part_row(part, stages.get(part.pk, []), still_open, facts, drivers)
        | _texts_of_part(part, unsent, now)
        | build_sums(part, discounts.get(part.pk, []), refunds.get(part.pk, []))
        | buyer_texts(part)
        | {
            "cash_unpacked": unpacked_cash[part.pk],
            "missing": [row.unsent_label for row in refunds.get(part.pk, []) if row.is_for_unsent_items],
            "missing_items": missing_items(part, refunds.get(part.pk, [])),
        }
        for part in parts
    ]


def _texts_of_part(part: OrderPart, unsent: Mapping[uuid.UUID, int], now: datetime.datetime) -> Row:
    """Return what the market's pages say about a part, with dates instead of "today"."""
    ready, _is_today = ready_time(part, now, format_day=format_short_day, should_name_today=False)
    ready_with_weekday, _is_today = ready_time(part, now, should_name_today=False)
    return {
        "contents": contents_labels(sorted_lines(part), unsent),
        "ready": ready,
        "ready_with_weekday": ready_with_weekday,
        "steps": step_names(part),
    }


def _part_row(
    part: OrderPart,
    stages: list[str],
    still_open: Mapping[object, int],
    facts: Mapping[uuid.UUID, Row],
    drivers: Mapping[int, str],
) -> Row:
    order = part.order
    parcels = sorted(part.parcels.all(), key=lambda parcel: (parcel.number, parcel.pk))
    return {
        "kind": PART,
        "id": part.pk,
        "order": order.code,
        "state": part.state,
        "progress": part.progress,
        "stages": stages,
        "accept_by": part.accept_by,
        "accepted_at": part.accepted_at,
        "currency": order.currency,
        "total": part.total_gross,
        "delivery": _delivery_row(part),
        "buyer": _buyer(part, order),
        "language": order.language,
        "handover_key": "" if part.is_pickup else part_key(part.pk),
        "lines": [_line_row(line, still_open[line.pk]) | facts[line.pk] for line in sorted_lines(part)],
        "parcels": [
            _parcel_row(parcel, drivers.get(parcel.pk, ""))
            for parcel in parcels
            if parcel.kind != ParcelKind.REFUND
        ],
    }


def _delivery_row(part: OrderPart) -> Row:
    delivery_method = part.delivery_method
    return {
        "kind": part.delivery_kind,
        "name": part.delivery_name,
        "carrier": part.carrier,
        "is_pickup": part.is_pickup,
        "pickup_place": part.pickup_place,
        "pickup_day": part.pickup_day,
        "pickup_starts": part.pickup_starts,
        "pickup_ends": part.pickup_ends,
        "expected_until": part.expected_until,
        "departs_weekday": delivery_method.departs_weekday if delivery_method else None,
        "departs_at": delivery_method.departs_at if delivery_method else None,
    }


def _buyer(part: OrderPart, order: Order) -> Row | None:
    """Return the buyer's name and phone from acceptance on, and the address if goods are sent there."""
    if not part.may_show_contact:
        return None
    address = order.shipping_address if part.may_show_address and not part.pickup_place else None
    return {
        "name": order.buyer_name,
        "phone": order.phone,
        "shown_phone": format_phone(order.phone),
        "greeting": greeting_of_part(part),
        "address": ". ".join(filter(None, [str(address), address.landmark])) if address else "",
    }


def _question_row(
    part: OrderPart, line: OrderLine, question: WeightQuestion | None, substitute: Substitute | None
) -> Row:
    is_asked = question is not None and question.answer == ""
    return {
        "asked_grams": question.grams if question is not None and is_asked else None,
        "is_substitute_asked": substitute is not None,
        "questions": question_texts(line, question, substitute, part.order.currency),
    }


def _line_row(line: OrderLine, open_quantity: int) -> Row:
    return {
        "id": line.pk,
        "name": line.product_name,
        "variant": line.variant_id,
        "distinct_variant": line.distinct_variant_name,
        "quantity": line.quantity,
        "open": open_quantity,
        "amount": line.count_label(open_quantity),
        "contents": line.contents_label(open_quantity),
        "total": line.total_gross,
        "estimate_grams": line.estimate_grams,
        "bound_grams": line.bound_grams,
        "bound_total": line.bound_gross,
        "weighed_grams": line.weighed_grams,
        "kilogram_price": line.price_per_kilogram if line.is_sold_by_weight else None,
    }


def _parcel_row(parcel: Parcel, run_driver: str) -> Row:
    return {
        "id": parcel.pk,
        "label": parcel.label_code,
        "kind": parcel.kind,
        "kind_name": "" if parcel.kind == ParcelKind.DISPATCH else parcel.get_kind_display(),
        "is_outgoing": parcel.is_outgoing,
        "failure_reason": translated_reason(parcel.failure_reason)
        if parcel.state == ParcelState.FAILED_DELIVERY
        else "",
        "state": parcel.state,
        "carrier": parcel.carrier,
        "tracking_number": parcel.tracking_number,
        "vehicle": parcel.vehicle,
        "driver_phone": parcel.driver_phone,
        "run_driver": run_driver,
        "needs_pickup_code": bool(parcel.pickup_code),
        "cash_state": parcel.cod_state,
        "cash_holder": parcel.cod_holder,
        "cash_expected": parcel.cod_expected,
        "cash_collected": parcel.cod_collected,
        "handovers": count_handovers(parcel),
        "lots": [{"code": lot.code, "trace": lot_trace_address(lot)} for lot in undispatched_lots(parcel)],
        "contents": [
            f"{row.contents_label} ({format_weight(row.grams)})"
            if row.is_sold_by_weight
            else row.contents_label
            for row in sorted(parcel.lines.all(), key=lambda row: row.pk)
        ],
    }


def _build_product_rows(cooperative: Cooperative, ids: Collection[int]) -> list[Row]:
    products = (
        Product.objects.for_cooperative(cooperative)
        .filter(pk__in=ids)
        .prefetch_related("listings__channel", "variants__prices__channel", "variants__stocks")
        .order_by("pk")
    )
    lots, pictures = build_lots_by_variant(cooperative, ids), read_thumbnails(ids)
    low_stock, photos = find_low_stock(cooperative, ids), read_photos(ids)
    return [
        {
            "kind": PRODUCT,
            "id": product.pk,
            "name": product.name,
            "season": months_text(product.season),
            "type": product.product_type_id,
            "category": product.category_id,
            "shelf_life": product.shelf_life,
            "picture": pictures.get(product.pk, ""),
            "photos": photos.get(product.pk, []),
            "listings": [
                {
                    "id": listing.pk,
                    "channel": listing.channel.slug,
                    "currency": listing.currency,
                    "state": listing.state,
                    "reason": listing.state_reason,
                }
                for listing in sorted(product.listings.all(), key=lambda listing: listing.pk)
            ],
            "variants": [
                _variant_row(variant, cooperative, is_low_stock=variant.pk in low_stock)
                | {"lots": lots.get(variant.pk, [])}
                for variant in sorted(product.variants.all(), key=_variant_order)
            ],
        }
        for product in products
    ]


def _variant_order(variant: Variant) -> tuple[int, int]:
    return variant.sort_order, variant.pk


def _variant_row(variant: Variant, seller: Cooperative, *, is_low_stock: bool) -> Row:
    return {
        "id": variant.pk,
        "name": variant.name,
        "unit": unit_name(variant.unit),
        "step": unit_label(variant),
        "unit_code": variant.unit,
        "content": content_of(variant),
        "low_stock_at": variant.low_stock_threshold(seller),
        "is_low_stock": is_low_stock,
        "is_stock_tracked": variant.track_inventory,
        "prices": [
            {
                "channel": price.channel.slug,
                "currency": price.currency,
                "amount": price.amount,
                "discounted": price.discounted,
            }
            for price in sorted(variant.prices.all(), key=lambda price: price.pk)
        ],
        "stocks": [
            {
                "warehouse": stock.warehouse_id,
                "on_hand": stock.on_hand,
                "reserved": stock.reserved,
                "allocated": stock.allocated,
                "recalled": stock.recalled,
            }
            for stock in sorted(variant.stocks.all(), key=lambda stock: stock.pk)
        ],
    }
