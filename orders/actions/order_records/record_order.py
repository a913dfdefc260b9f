"""Record a quote as an order, copying prices, names, units, tax, commission and addresses onto it."""

from __future__ import annotations

import datetime
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Max

from cooperatives.models import Cooperative, DeliveryKind
from orders.actions.order_records.discount_records import RecordedRows, write_discounts
from orders.actions.order_records.draw_order_code import draw_order_code
from orders.actions.order_records.order_facts import read_facts_of_new_order
from orders.actions.order_records.pricing_by_weight import recalculate_part_sums
from orders.actions.order_records.recalculate_order import set_derived_columns
from orders.actions.quotes.quote_types import Quote, QuotedLine, SellerQuote
from orders.actions.quotes.sales_terms import SalesTerms
from orders.models import (
    Basket,
    InvoiceDetails,
    Order,
    OrderLine,
    OrderNumber,
    OrderPart,
    OrderSource,
    WithholdingRate,
    report_columns,
)
from orders.pricing import PricedItem
from shop.accounts.models import Address
from shop.core.dates.calendar import vietnam_date
from shop.core.identifiers.phones import require_phone
from shop.core.models import Translation
from shop.core.money import percent_of
from shop.core.texts.folding import fold


@dataclass(frozen=True, slots=True)
class Contact:
    """The recipient and address of an order."""

    name: str
    # Normalised.
    phone: str
    # Unsaved, or the basket's.
    address: Address
    email: str = ""
    note: str = ""
    province_code: str = ""
    # The billing address, unsaved, or None if it is the same as `address`.
    billing: Address | None = None
    # Notes to the seller by cooperative id.
    notes: Mapping[int, str] = field(default_factory=dict)
    # Unsaved.
    invoice: InvoiceDetails | None = None


def require_contact_phone(contact: Contact) -> None:
    """Raise InvalidPhone if the contact's number cannot be dialled. An address may skip validation."""
    if not contact.address.validation_skipped:
        require_phone(contact.phone, region=contact.address.country)


def record_order(
    quote: Quote,
    *,
    basket: Basket,
    contact: Contact,
    source: OrderSource,
    now: datetime.datetime,
    is_confirmed: bool,
) -> tuple[Order, list[OrderLine]]:
    """In a transaction: create the order with its parts and lines from a quote. Allocates no stock."""
    address = _own_address(contact.address, basket)
    billing = _own_address(contact.billing, basket) if contact.billing else None
    order = _build_order(
        quote.terms,
        channel=basket.channel,
        currency=basket.currency,
        user_id=basket.user_id,
        basket_key=basket.pk,
        source=source,
        language=basket.language,
        buyer_name=contact.name,
        email=contact.email,
        phone=contact.phone,
        note=contact.note,
        shipping_address=address,
        billing_address=billing,
        province_code=contact.province_code,
        placed_at=now,
        confirmed_at=now if is_confirmed else None,
        voucher_code=quote.applied_voucher.code if quote.applied_voucher else "",
        metadata=basket.metadata,
        private_metadata=basket.private_metadata,
    )
    parts, lines = _build_parts(order, quote, contact.notes, now=now)
    set_derived_columns(order, read_facts_of_new_order(lines.values(), []))
    order.save(force_insert=True)
    if contact.invoice is not None:
        contact.invoice.copy_for(order).save(force_insert=True)
    return order, _insert_parts(order, quote, parts, lines)


def write_invoice(order: Order, invoice: InvoiceDetails | None) -> bool:
    """In a transaction: replace the company details of a locked order's invoice.

    Returns whether they changed.
    """
    stored_invoice = InvoiceDetails.objects.filter(order=order).first()
    if invoice is None:
        if stored_invoice is not None:
            stored_invoice.delete()
        return stored_invoice is not None
    submitted = invoice.copy_for(order)
    if stored_invoice is not None:
        if stored_invoice.details == submitted.details:
            return False
        submitted.pk = stored_invoice.pk
    submitted.save()
    return True


def _own_address(address: Address, basket: Basket) -> Address:
    """Return an address that only this order uses: the basket's own address, or else a saved copy."""
    own_keys = {basket.shipping_address_id, basket.billing_address_id} - {None}
    if address.pk in own_keys and address.user_id is None:
        return address
    copied = address.copy()
    copied.save(force_insert=True)
    return copied


def create_order_row(terms: SalesTerms, **columns: object) -> Order:
    """In a transaction: create an order row with a new number and code."""
    order = _build_order(terms, **columns)
    order.save(force_insert=True)
    return order


def _build_order(terms: SalesTerms, **columns: object) -> Order:
    """Return an unsaved order row with a new number and code."""
    number = OrderNumber.objects.create().pk
    columns["folded_name"] = fold(str(columns.get("buyer_name", "")))
    return Order(number=number, code=draw_order_code(terms.order_code_key), **columns)


def write_parts(
    order: Order,
    quote: Quote,
    notes: Mapping[int, str],
    *,
    former_lines: Mapping[uuid.UUID, OrderLine] | None = None,
    now: datetime.datetime,
) -> list[OrderLine]:
    """On a locked order: create parts, lines and discounts if it has none, and return the lines in order.

    With the deleted `former_lines` of a draft, each line gets its request's key and its former metadata.
    """
    parts, lines = _build_parts(order, quote, notes, now=now)
    if former_lines is not None:
        for key, line in lines.items():
            line.pk = key
            if (former := former_lines.get(key)) is not None:
                line.metadata, line.private_metadata = former.metadata, former.private_metadata
    return _insert_parts(order, quote, parts, lines)


def _build_parts(
    order: Order, quote: Quote, notes: Mapping[int, str], *, now: datetime.datetime
) -> tuple[list[OrderPart], dict[uuid.UUID, OrderLine]]:
    """Return the unsaved parts of an order, which may be unsaved too, and their lines by requested line."""
    priced_lines_by_key = {line.key: line for line in quote.purchase.lines}
    priced_deliveries_by_cooperative = {
        delivery.cooperative_id: delivery for delivery in quote.purchase.deliveries
    }
    hours = quote.shop.accept_within_hours
    parts = []
    for number, seller_quote in enumerate(quote.seller_quotes, start=1):
        part = _build_part(
            order, seller_quote, number, priced_deliveries_by_cooperative.get(seller_quote.cooperative.pk)
        )
        goods_price = quote.purchase.goods_of(seller_quote.cooperative.pk)
        part.goods_net, part.goods_gross = goods_price.net, goods_price.gross
        part.total_net = part.goods_net + part.delivery_net
        part.total_gross = part.goods_gross + part.delivery_gross
        part.accept_by = (
            acceptance_deadline(seller_quote.cooperative, now, hours) if order.confirmed_at else None
        )
        part.note = notes.get(seller_quote.cooperative.pk, "")
        parts.append(part)
    translated = _read_translated_names(order, quote)
    lines: dict[uuid.UUID, OrderLine] = {}
    for part, seller_quote in zip(parts, quote.seller_quotes, strict=True):
        for quoted in seller_quote.lines:
            line = _build_line(
                order, part, quoted, priced_lines_by_key[quoted.requested.key], len(lines), translated
            )
            if quoted.variant.is_sold_by_weight:
                line.estimate_grams, line.bound_grams = quoted.estimate_grams, quoted.bound_grams
                line.bound_gross = quote.maximum_of_line(quoted)
            lines[quoted.requested.key] = line
    set_commission_and_withholding(parts, lines, quote, now=now)
    return parts, lines


def _insert_parts(
    order: Order, quote: Quote, parts: list[OrderPart], lines: dict[uuid.UUID, OrderLine]
) -> list[OrderLine]:
    """In a transaction: insert parts, lines and discounts of a saved order, and return the lines in order."""
    rows: list[OrderPart | OrderLine] = [*parts, *lines.values()]
    for row in rows:
        _copy_report_columns(order, row)
    OrderPart.objects.bulk_create(parts)
    OrderLine.objects.bulk_create(lines.values())
    write_discounts(
        order, quote, RecordedRows({part.cooperative_id: part for part in parts}, dict(lines.items()))
    )
    return list(lines.values())


def _copy_report_columns(order: Order, row: OrderPart | OrderLine) -> None:
    for name, value in report_columns(order, is_active=True).items():
        setattr(row, name, value)


def add_line(order: Order, part: OrderPart, quote: Quote, *, limit: int, now: datetime.datetime) -> OrderLine:
    """On a locked order: add the only line of a quote to a part, with its discounts and commission.

    A line sold by weight costs at most `limit` (minor units, gross). The order's own columns are left to
    `orders.actions.order_records.recalculate_order`.
    """
    (quoted,), (priced,) = quote.lines, quote.purchase.lines
    last: int = order.lines.aggregate(last=Max("position", default=0))["last"]
    line = _build_line(order, part, quoted, priced, last + 1, _read_translated_names(order, quote))
    _copy_report_columns(order, line)
    if quoted.variant.is_sold_by_weight:
        line.estimate_grams = quoted.estimate_grams
        line.bound_grams = _maximum_grams_within(quote, quoted, limit)
        line.bound_gross = quote.price_at_weight(quoted, line.bound_grams).total.gross
    set_commission_and_withholding([], {quoted.requested.key: line}, quote, now=now)
    line.save(force_insert=True)
    write_discounts(order, quote, RecordedRows({}, {quoted.requested.key: line}))
    recalculate_part_sums(part)
    return line


def _maximum_grams_within(quote: Quote, quoted: QuotedLine, limit: int) -> int:
    """Return the largest weight from the estimate to the usual bound that costs at most `limit`."""
    lightest, heaviest = quoted.estimate_grams, quoted.bound_grams
    while lightest < heaviest:
        middle = (lightest + heaviest + 1) // 2
        if quote.price_at_weight(quoted, middle).total.gross <= limit:
            lightest = middle
        else:
            heaviest = middle - 1
    return lightest


def set_commission_and_withholding(
    parts: Iterable[OrderPart],
    lines: Mapping[uuid.UUID, OrderLine],
    quote: Quote,
    *,
    now: datetime.datetime,
) -> None:
    """In a transaction: set today's commission and withholding rates on unsaved parts and lines.

    `lines` is keyed by the keys of the quote's lines. Lines whose variant is gone keep their commission.
    """
    day = vietnam_date(now)
    withheld = WithholdingRate.objects.total_percent(day) if quote.shop.is_tax_withheld else Decimal(0)
    quoted = {line.requested.key: line for line in quote.lines}
    percents = quote.terms.commission_percents(
        {(line.variant.cooperative_id, _category_path(line)) for line in quote.lines}, day=day
    )
    commission_by_part: Counter[int] = Counter()
    for key, line in lines.items():
        if key in quoted:
            line.commission_rate = percents[line.cooperative_id, _category_path(quoted[key])]
            line.commission = percent_of(line.total_gross, line.commission_rate)
        commission_by_part[line.cooperative_id] += line.commission
    for part in parts:
        part.withholding_rate, part.commission = withheld, commission_by_part[part.cooperative_id]


def acceptance_deadline(cooperative: Cooperative, now: datetime.datetime, hours: int) -> datetime.datetime:
    """Return by when the cooperative must accept an order; `hours` counts if it has no period of its own."""
    return now + datetime.timedelta(hours=cooperative.accept_within_hours or hours)


def _build_part(
    order: Order, seller_quote: SellerQuote, number: int, delivery: PricedItem | None
) -> OrderPart:
    part = OrderPart(order=order, cooperative=seller_quote.cooperative, number=number)
    if seller_quote.chosen is not None:
        delivery_method = seller_quote.chosen.delivery_method
        part.delivery_method, part.service, part.warehouse = (
            delivery_method,
            delivery_method.service,
            delivery_method.warehouse,
        )
        part.delivery_kind, part.delivery_name, part.carrier = (
            delivery_method.kind,
            delivery_method.name,
            delivery_method.carrier,
        )
        tax_class = delivery_method.service.tax_class
        part.delivery_tax_class_name = tax_class.name if tax_class else ""
        if delivery_method.warehouse is not None:
            part.pickup_place = f"{delivery_method.warehouse.name}, {delivery_method.warehouse.address}"[:500]
        elif delivery_method.kind == DeliveryKind.COACH:
            part.pickup_place = delivery_method.station
    elif seller_quote.service is not None:
        service = seller_quote.service
        part.service, part.delivery_kind, part.delivery_name = service, service.kind, service.name
        part.delivery_tax_class_name = service.tax_class.name if service.tax_class else ""
    if seller_quote.arrival is not None:
        part.expected_from, part.expected_until = seller_quote.arrival.first, seller_quote.arrival.last
    if seller_quote.chosen_time is not None:
        time = seller_quote.chosen_time
        part.pickup_day, part.pickup_starts, part.pickup_ends = time.day, time.starts, time.ends
        part.expected_from = part.expected_until = time.day
    if delivery is not None:
        part.delivery_list_net, part.delivery_list_gross = delivery.list_total.net, delivery.list_total.gross
        part.delivery_priced_net, part.delivery_priced_gross = delivery.priced.net, delivery.priced.gross
        part.delivery_net, part.delivery_gross = delivery.total.net, delivery.total.gross
        part.delivery_tax_rate = seller_quote.delivery_tax_rate
    return part


def _build_line(
    order: Order,
    part: OrderPart,
    quoted: QuotedLine,
    priced: PricedItem,
    position: int,
    translated: Mapping[tuple[str, str], str],
) -> OrderLine:
    variant, product = quoted.variant, quoted.variant.product
    return OrderLine(
        order=order,
        part=part,
        cooperative_id=part.cooperative_id,
        position=position,
        variant=variant,
        product_key=product.pk,
        category_key=product.category_id,
        product_name=product.name,
        variant_name=variant.name,
        translated_product_name=translated.get((f"product:{product.pk}", "name"), ""),
        translated_variant_name=translated.get((f"variant:{variant.pk}", "name"), ""),
        sku=variant.sku or "",
        unit=variant.unit,
        picture_key=variant.main_picture_key,
        is_shipping_required=product.product_type.is_shipping_required,
        grams=variant.grams_for(product),
        quantity=quoted.requested.quantity,
        unit_list_price=quoted.unit_list_price,
        unit_price=quoted.unit_price,
        wholesale_from=quoted.wholesale_from,
        tax_rate=quoted.tax_rate,
        tax_class_name=quoted.tax_class_name,
        list_net=priced.list_total.net,
        list_gross=priced.list_total.gross,
        priced_net=priced.priced.net,
        priced_gross=priced.priced.gross,
        total_net=priced.total.net,
        total_gross=priced.total.gross,
        return_days=product.return_days,
    )


def _category_path(quoted: QuotedLine) -> str:
    """Return the path of the product's category, "" without one."""
    category = quoted.variant.product.category
    return "" if category is None else category.path or ""


def _read_translated_names(order: Order, quote: Quote) -> dict[tuple[str, str], str]:
    """Return names in the order's language by ("product:3", "name").

    In the shop's own language there are none.
    """
    if order.language == "vi":
        return {}
    variants = [line.variant for line in quote.lines]
    texts = Translation.objects.all()
    products = texts.texts("catalog.product", {variant.product_id for variant in variants}, order.language)
    names = texts.texts("catalog.variant", {variant.pk for variant in variants}, order.language)
    return {(f"product:{key}", field): text for (key, field), text in products.items()} | {
        (f"variant:{key}", field): text for (key, field), text in names.items()
    }
