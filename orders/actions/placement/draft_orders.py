"""Draft orders that staff write for a buyer, by phone or Zalo, until they are placed."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.stock_movements import SoldOut
from orders import locks, notifications
from orders.actions.basket.basket_lines import NotForSale
from orders.actions.basket.combined_delivery import CombinedOptionNotAvailable, combined_options
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.order_records.pickup_slots import take_pickup_slots
from orders.actions.order_records.record_order import (
    Contact,
    create_order_row,
    require_contact_phone,
    set_commission_and_withholding,
    write_invoice,
    write_parts,
)
from orders.actions.payments.confirm_order import start_acceptance_deadline
from orders.actions.payments.order_payments import expect_payment
from orders.actions.placement import draft_discounts
from orders.actions.placement.allocate_order_stock import allocate_order_stock
from orders.actions.placement.place_order import BasketChanged, BasketEmpty, record_consents, require_consent
from orders.actions.quotes.build_quote import build_quote, read_quote_inputs
from orders.actions.quotes.quote_types import (
    Buyer,
    Quote,
    QuotedLine,
    QuoteProblem,
    QuoteRequest,
    RequestedDelivery,
    RequestedLine,
)
from orders.actions.quotes.sales_terms import sales_terms
from orders.actions.vouchers.redeem_vouchers import record_voucher_use, require_same_discount
from orders.models import (
    InvoiceDetails,
    Order,
    OrderLine,
    OrderPart,
    OrderSource,
    Payment,
    PaymentMethod,
    SaleorOrigin,
)
from shop.accounts.models import Address
from shop.core.actors import Actor
from shop.core.database.row_values import save_unique
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, ShopSettings, record_change
from shop.core.texts.folding import fold


class NotADraft(Refused):
    code = "not_a_draft"
    default_message = _("This order has already been placed.")


class ReceiverIncomplete(Refused):
    code = "receiver_incomplete"
    default_message = _("Enter the receiver's name, phone number and province before placing the order.")


@dataclass(frozen=True, slots=True)
class DraftContent:
    """What a draft holds. `deliveries` are by cooperative id, `columns` are columns that change no sum.

    With `service_id`, the combined option that this service leads replaces the deliveries.
    """

    lines: Sequence[RequestedLine]
    deliveries: Mapping[int, RequestedDelivery]
    contact: Contact
    voucher_code: str = ""
    columns: Mapping[str, object] = field(default_factory=dict)
    service_id: int | None = None
    discounts: Sequence[draft_discounts.DraftDiscount] = ()


# Staff may sell products that are not on sale, and at another price.
_STAFF_MAY_IGNORE = frozenset(
    {QuoteProblem.NOT_FOR_SALE, QuoteProblem.PRICE_CHANGED, QuoteProblem.OVER_LIMIT, QuoteProblem.PAUSED}
)


@transaction.atomic(durable=True)
def create_draft(
    *,
    channel: Channel,
    source: OrderSource,
    user_id: int | None = None,
    language: str = "vi",
    content: DraftContent | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Order:
    """Create a draft with its order number, empty without `content`. Raises the refusals of `edit_draft`."""
    order = create_order_row(
        sales_terms(),
        channel_id=channel.pk,
        currency=channel.currency,
        source=source,
        saleor_origin=SaleorOrigin.DRAFT,
        user_id=user_id,
        language=language,
    )
    if content is not None:
        _write_content(order, content, now=now)
    record_change("order.drafted", order, actor=actor, now=now)
    return order


@transaction.atomic(durable=True)
def edit_draft(
    *,
    order_id: uuid.UUID,
    lines: Sequence[RequestedLine],
    deliveries: Mapping[int, RequestedDelivery],
    contact: Contact,
    voucher_code: str = "",
    actor: Actor,
    now: datetime.datetime,
) -> Quote:
    """Replace a draft's lines, deliveries, contact and voucher, and return its quote. Discounts stay.

    Raises Missing (also for a variant that is gone), NotForSale for a line without any price, NotADraft,
    VoucherRefused.
    """
    order = _lock_draft(order_id)
    content = DraftContent(
        lines=lines,
        deliveries=deliveries,
        contact=contact,
        voucher_code=voucher_code,
        discounts=draft_discounts.find_discounts_for_lines(order, lines),
    )
    return _save_content(order, content, actor=actor, now=now)


@transaction.atomic(durable=True)
def change_draft(
    *,
    order_id: uuid.UUID,
    change: Callable[[DraftContent], DraftContent],
    actor: Actor,
    now: datetime.datetime,
) -> Quote:
    """Change what a draft holds, and return its quote. A line that stays keeps its key.

    `change` gets the draft's content while it is locked. A line at the shop's own price has no forced price,
    so another quantity may have another price. Raises CombinedOptionNotAvailable, and the refusals of
    `edit_draft` and of `change`.
    """
    order = _lock_draft(order_id)
    return _save_content(order, change(_read_content(order, now=now)), actor=actor, now=now)


def has_shop_price(line: QuotedLine) -> bool:
    """Return whether the unit price is the one that buyers pay for this quantity now."""
    price = next(iter(line.variant.prices.all()), None)
    return price is not None and price.price_at(line.requested.quantity) == line.unit_price


def _read_content(order: Order, *, now: datetime.datetime) -> DraftContent:
    quote_request = read_draft_request(order)
    quoted_lines = build_quote(quote_request, now=now).lines
    at_shop_price = {line.requested.key for line in quoted_lines if has_shop_price(line)}
    return DraftContent(
        lines=[
            replace(line, forced_price=None, wholesale_from=None) if line.key in at_shop_price else line
            for line in quote_request.lines
        ],
        deliveries=quote_request.deliveries,
        contact=Contact(
            name=order.buyer_name,
            phone=order.phone,
            address=order.shipping_address or Address(country=order.channel.default_country),
            email=order.email,
            note=order.note,
            province_code=order.province_code,
            notes=dict(order.parts.values_list("cooperative_id", "note")),
            invoice=InvoiceDetails.objects.filter(order=order).first(),
        ),
        voucher_code=order.voucher_code,
        discounts=draft_discounts.find_draft_discounts(order),
    )


def _save_content(order: Order, content: DraftContent, *, actor: Actor, now: datetime.datetime) -> Quote:
    """In a transaction: write a locked draft's content, and record the change."""
    current_quote = _write_content(order, content, now=now)
    record_change("order.draft_changed", order, actor=actor, now=now, data={"total": order.total_gross})
    return current_quote


def _write_content(order: Order, content: DraftContent, *, now: datetime.datetime) -> Quote:
    """In a transaction: replace what a locked draft holds, and return its quote."""
    contact = content.contact
    require_contact_phone(contact)
    for column, value in content.columns.items():
        setattr(order, column, value)
    quote_request = QuoteRequest(
        channel=order.channel,
        lines=content.lines,
        deliveries=content.deliveries,
        province_code=contact.province_code,
        country=order.channel.default_country,
        is_by_staff=True,
        voucher_code=content.voucher_code,
        discounts=draft_discounts.requested_discounts(content.discounts, content.lines),
        buyer=Buyer(order.user_id, contact.phone, contact.email),
    )
    current_quote = build_quote(quote_request, now=now)
    _require_prices(current_quote)
    if content.service_id is not None:
        deliveries = _deliveries_by_service(current_quote, content.service_id)
        current_quote = build_quote(replace(quote_request, deliveries=deliveries), now=now)
    if current_quote.voucher is not None and current_quote.voucher.refusal is not None:
        raise current_quote.voucher.refusal
    order.voucher_code = current_quote.voucher.code if current_quote.voucher else ""
    former_lines = {line.pk: line for line in order.lines.in_order()}
    order.parts.all().delete()
    order.discounts.all().delete()
    _replace_contact(order, contact)
    write_invoice(order, contact.invoice)
    write_parts(order, current_quote, contact.notes, former_lines=former_lines, now=now)
    finish_order_change(order, now=now)
    return current_quote


def _deliveries_by_service(quote: Quote, service_id: int) -> Mapping[int, RequestedDelivery]:
    option = next((option for option in combined_options(quote) if option.service.pk == service_id), None)
    if option is None:
        raise CombinedOptionNotAvailable(field="shippingMethod")
    return option.choices


def _replace_contact(order: Order, contact: Contact) -> None:
    """In a transaction: save the order with this contact, and delete its former addresses.

    Raises AlreadyTaken for an external reference that another order has.
    """
    former_addresses = _replace_address(order, "shipping_address", contact.address)
    if contact.billing is not None:
        former_addresses += _replace_address(order, "billing_address", contact.billing)
    order.buyer_name, order.phone, order.email = contact.name, contact.phone, contact.email
    order.folded_name = fold(contact.name)
    order.note, order.province_code = contact.note, contact.province_code
    save_unique(order, field="externalReference")
    for former_address in former_addresses:
        former_address.delete()


def _replace_address(order: Order, column: str, address: Address) -> list[Address]:
    """In a transaction: set the order's own copy of an address, and return the former one.

    An address that is the order's own stays, and an empty one is not stored in place of none.
    """
    former: Address | None = getattr(order, column)
    if former.pk == address.pk if former is not None else not address.lines():
        return []
    own_address = address.copy()
    own_address.save(force_insert=True)
    setattr(order, column, own_address)
    return [] if former is None else [former]


@transaction.atomic(durable=True)
def place_draft(
    *, order_id: uuid.UUID, consents: frozenset[str], actor: Actor, now: datetime.datetime
) -> Order:
    """Place a draft as last saved, to be paid in cash on delivery.

    `consents` are those the buyer gave by phone. Raises Missing, NotADraft, ConsentRequired, BasketEmpty,
    ReceiverIncomplete, BasketChanged (for shortages and impossible deliveries), VoucherRefused if the code's
    discount differs from the draft's.
    """
    order = _lock_draft(order_id)
    require_consent(consents)
    locks.lock_voucher(order.voucher_code)
    quote_request = read_draft_request(order)
    inputs = read_quote_inputs(quote_request)
    locks.lock_limited_variants(inputs.variants.values())
    current_quote = build_quote(quote_request, now=now, inputs=inputs)
    if not current_quote.seller_quotes:
        raise BasketEmpty()
    if not (order.buyer_name and order.phone and order.province_code):
        raise ReceiverIncomplete(field="shippingAddress")
    if current_quote.problems - _STAFF_MAY_IGNORE:
        raise BasketChanged(quote=current_quote)
    require_same_discount(order, current_quote)
    order.placed_at = now
    order.confirmed_at = now if order.channel.automatically_confirm_all_new_orders else None
    order.save(update_fields=["placed_at", "confirmed_at"])
    _set_rates_of_today(order, current_quote, now=now)
    record_voucher_use(order, current_quote, now=now)
    if order.confirmed_at is not None:
        start_acceptance_deadline(order, now=now)
    try:
        allocate_order_stock(list(order.lines.in_order()), current_quote)
    except SoldOut as shortage:
        raise BasketChanged(shortage.message, quote=current_quote) from shortage
    take_pickup_slots(order, current_quote)
    payment = expect_payment(order, PaymentMethod.COD, now=now)
    record_consents(order, consents, actor=actor, now=now)
    finish_order_change(order, now=now)
    record_change("order.placed", order, actor=actor, now=now, data={"total": order.total_gross})
    _notify_placed(order, payment, current_quote.shop, now=now)
    return order


def _notify_placed(
    order: Order, payment: Payment | None, shop: ShopSettings, *, now: datetime.datetime
) -> None:
    parts = notifications.load_parts(order)
    invoice = InvoiceDetails.objects.filter(order=order).first()
    notifications.notify_order_placed(order, parts, payment, invoice=invoice, shop=shop, now=now)
    if order.confirmed_at is not None:
        notifications.notify_order_confirmed(order, parts, payment, invoice=invoice, shop=shop, now=now)


@transaction.atomic(durable=True)
def delete_draft(*, order_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> None:
    """Delete a draft. Its number is not reused. Raises Missing, NotADraft."""
    order = _lock_draft(order_id)
    record_change(
        "order.draft_deleted",
        order,
        actor=actor,
        now=now,
        snapshot={"number": order.number, "code": order.code},
    )
    order.delete()


def _set_rates_of_today(order: Order, quote: Quote, *, now: datetime.datetime) -> None:
    """In a transaction: set the commission and withholding rates of the day the draft is placed."""
    parts, lines = list(order.parts.all()), {line.pk: line for line in order.lines.in_order()}
    set_commission_and_withholding(parts, lines, quote, now=now)
    OrderPart.objects.bulk_update(parts, ["withholding_rate", "commission"])
    OrderLine.objects.bulk_update(lines.values(), ["commission_rate", "commission"])


def read_draft_request(order: Order) -> QuoteRequest:
    """Return a draft's quote request, at the prices agreed."""
    lines = [
        RequestedLine(
            line.pk,
            line.variant_id,
            line.quantity,
            forced_price=line.unit_price,
            wholesale_from=line.wholesale_from,
        )
        for line in order.lines.order_by("position", "pk")
        if line.variant_id is not None
    ]
    deliveries = {
        part.cooperative_id: RequestedDelivery(part.delivery_method_id, part.pickup_day, part.pickup_starts)
        if part.delivery_method_id is not None
        else RequestedDelivery(service_id=part.service_id)
        for part in order.parts.order_by("number")
        if part.delivery_method_id is not None or part.service_id is not None
    }
    discounts = draft_discounts.find_draft_discounts(order) if order.is_draft else []
    return QuoteRequest(
        channel=order.channel,
        lines=lines,
        deliveries=deliveries,
        province_code=order.province_code,
        country=order.channel.default_country,
        is_by_staff=True,
        voucher_code=order.voucher_code,
        discounts=draft_discounts.requested_discounts(discounts, lines),
        buyer=Buyer(order.user_id, order.phone, order.email),
    )


def _require_prices(quote: Quote) -> None:
    if {line.key for line in quote.requested.lines} - {line.requested.key for line in quote.lines}:
        raise Missing(field="variant")
    for line in quote.lines:
        price = next(iter(line.variant.prices.all()), None)
        if line.requested.forced_price is None and (price is None or price.selling_price is None):
            raise NotForSale(field="variant")


def _lock_draft(order_id: uuid.UUID) -> Order:
    order = locks.lock_order(order_id)
    if not order.is_draft:
        raise NotADraft()
    return order
