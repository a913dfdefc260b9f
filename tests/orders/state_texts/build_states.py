"""Bring an order into a state by named steps, and read the pages of its buyer, its members and the desk."""

from __future__ import annotations

import datetime
import html
import re
import uuid
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.test import Client

from catalog.models import Variant
from cooperatives.models import Role
from orders import locks
from orders.actions.cash_on_delivery.cash_remittance import Remitter, reconcile_remittance, remit_cash
from orders.actions.complaints.file_complaint import submit_complaint
from orders.actions.fulfilment.cancel_parts import cancel_part, cancel_part_as_buyer, decline_part
from orders.actions.fulfilment.confirm_receipt import confirm_part_receipt
from orders.actions.fulfilment.deliver_parcels import (
    deliver_parcel,
    fail_delivery,
    hand_over_parcel,
    report_collected_cash,
)
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.actions.payments.order_payments import record_received_money
from orders.actions.placement.draft_orders import create_draft, edit_draft
from orders.actions.placement.order_sweeps import expire_order
from orders.actions.quotes.quote_types import RequestedDelivery, RequestedLine
from orders.actions.refunds.refund_decisions import LineRefund, RefundDecision, decide_refund
from orders.actions.settlement.close_settlement import close_settlement
from orders.models import (
    CashRemittance,
    CostBearer,
    GatewayOperation,
    Order,
    OrderPart,
    OrderSource,
    Parcel,
    PaymentMethod,
    Settlement,
)
from orders.states import CashHolder
from shop.core.actors import Actor
from tests.doubles.stripe import StripeDouble
from tests.factories import (
    HANOI,
    make_admin,
    make_bank_account,
    make_channel,
    make_contact,
    make_member,
    make_order,
    make_seller,
    make_user,
    make_variant,
    make_variant_sold_by_weight,
)
from tests.markup import html_of
from tests.orders.gateway.card_order_helpers import (
    DECLINED_CARD,
    GOOD_CARD,
    get_call,
    look_up_order_call,
    send_order_call,
)
from tests.orders.pages.order_proofs import ProvenOrdersClient

SYSTEM = Actor.system("test")
# Steps that say what kind of order it is; the others happen to it.
_KINDS = frozenset({"two", "transfer", "card", "weighed", "draft"})
_METHODS = {"transfer": PaymentMethod.TRANSFER, "card": PaymentMethod.CARD}


class OrderInSteps:
    """An order of 2 × 100,000 and 30,000 for delivery, with the steps that its parts go through.

    `weighed` orders two gourds of about 72,000 and at most 86,400 together. Steps act on the first part,
    those that end in ` 2` on the second, which `two` orders. `card` needs the double of Stripe.
    """

    def __init__(self, steps: str, now: datetime.datetime, stripe: StripeDouble | None = None) -> None:
        names = [step.strip() for step in steps.split(",") if step.strip()]
        self.now, self.stripe = now, stripe
        if "transfer" in names:
            make_bank_account()
        sellers = [make_seller("HTX Thiên An"), make_seller("HTX Tài Hoan")]
        make_goods = make_variant_sold_by_weight if "weighed" in names else make_variant
        price = 36_000 if "weighed" in names else 100_000
        variants = [make_goods(seller, price=price, on_hand=10) for seller in sellers]
        method = next((_METHODS[name] for name in names if name in _METHODS), PaymentMethod.COD)
        lines = [(variant, 2) for variant in variants[: 2 if "two" in names else 1]]
        if "draft" in names:
            self.order = self._draft(variants[0])
        else:
            self.order = make_order(*lines, user=make_user(), now=now, method=method)
        if method == PaymentMethod.CARD:
            send_order_call(self.order, now=now)
        for name in names:
            if name not in _KINDS:
                action, _space, number = name.partition(" ")
                getattr(self, action)(self.order.parts.get(number=int(number or 1)))
        self.order.refresh_from_db()

    def _draft(self, variant: Variant) -> Order:
        method = variant.cooperative.delivery_methods.get()
        draft = create_draft(channel=make_channel(), source=OrderSource.PHONE, **self._context)
        edit_draft(
            order_id=draft.pk,
            lines=[RequestedLine(uuid.uuid4(), variant.pk, 2)],
            deliveries={variant.cooperative_id: RequestedDelivery(method.pk)},
            contact=make_contact(province_code=HANOI),
            **self._context,
        )
        return draft

    @property
    def _context(self) -> dict[str, Any]:
        return {"actor": SYSTEM, "now": self.now}

    def _each(self, part: OrderPart, state: str, act: Callable[..., object], **fields: Any) -> None:
        for parcel in part.parcels.filter(state=state, kind="dispatch").order_by("number"):
            act(parcel_id=parcel.pk, **fields, **self._context)

    def pickup(self, part: OrderPart) -> None:
        OrderPart.objects.filter(pk=part.pk).update(delivery_kind="pickup")

    def _receive(self, amount: int) -> None:
        with transaction.atomic():
            order, payment = locks.lock_order(self.order.pk), self.order.payments.get()
            record_received_money(order, payment, amount, idempotency_key=f"bank:{amount}", **self._context)

    def paid(self, _part: OrderPart) -> None:
        self._receive(230_000)

    def pay_some(self, _part: OrderPart) -> None:
        self._receive(100_000)

    def pay_too_much(self, _part: OrderPart) -> None:
        self._receive(250_000)

    def _use_card(self, card: str) -> None:
        assert self.stripe
        self.stripe.buyer_pays(get_call(self.order).reference, card)
        look_up_order_call(self.order, now=self.now)

    def pay_by_card(self, _part: OrderPart) -> None:
        self._use_card(GOOD_CARD)

    def decline_card(self, _part: OrderPart) -> None:
        self._use_card(DECLINED_CARD)

    def capture(self, _part: OrderPart) -> None:
        send_order_call(self.order, GatewayOperation.CAPTURE, now=self.now)

    def release(self, _part: OrderPart) -> None:
        send_order_call(self.order, GatewayOperation.VOID, now=self.now)

    def weigh(self, part: OrderPart) -> None:
        weigh_line(part_id=part.pk, line_id=part.lines.get().pk, grams=4600, **self._context)

    def expire(self, _part: OrderPart) -> None:
        expire_order(order_id=self.order.pk, actor=SYSTEM, now=self.now + datetime.timedelta(days=30))

    def days_pass(self, part: OrderPart) -> None:
        """Put the part's deliveries 60 days back."""
        earlier = self.now - datetime.timedelta(days=60)
        part.parcels.filter(state="delivered").update(delivered_at=earlier)

    def accept(self, part: OrderPart) -> None:
        accept_part(part_id=part.pk, **self._context)

    def start(self, part: OrderPart) -> None:
        pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 2}, **self._context)

    def half(self, part: OrderPart) -> None:
        pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 1}, **self._context)

    def pack(self, part: OrderPart) -> None:
        self.start(part)
        self.close(part)

    def close(self, part: OrderPart) -> None:
        self._each(part, "packing", close_parcel)

    def send(self, part: OrderPart) -> None:
        self._each(part, "packed", hand_over_parcel)
        self._each(part, "failed_delivery", hand_over_parcel)

    def deliver(self, part: OrderPart) -> None:
        self._each(part, "handed_over", deliver_parcel, is_cash_collected=True, reason="test")

    def deliver_unpaid(self, part: OrderPart) -> None:
        self._each(part, "handed_over", deliver_parcel, is_cash_collected=False, reason="test")

    def receive(self, part: OrderPart) -> None:
        confirm_part_receipt(part_id=part.pk, **self._context)

    def collect(self, part: OrderPart) -> None:
        self._each(part, "delivered", report_collected_cash)

    def remit(self, part: OrderPart) -> None:
        parcels = list(part.parcels.values_list("pk", flat=True))
        remitter = Remitter(CashHolder.COOPERATIVE, cooperative_id=part.cooperative_id)
        remit_cash(remitter=remitter, parcel_ids=parcels, idempotency_key="remit", **self._context)

    def reconcile(self, _part: OrderPart) -> None:
        remittance = CashRemittance.objects.get()
        reconcile_remittance(remittance_id=remittance.pk, received=remittance.remitted, **self._context)

    def fail(self, part: OrderPart) -> None:
        self._each(part, "handed_over", fail_delivery, reason="không nghe máy")

    def void(self, part: OrderPart) -> None:
        for parcel in Parcel.objects.active_outgoing().filter(part=part):
            void_parcel(parcel_id=parcel.pk, reason="đóng nhầm", **self._context)

    def decline(self, part: OrderPart) -> None:
        decline_part(part_id=part.pk, reason="Hết hàng", **self._context)

    def cancel(self, part: OrderPart) -> None:
        cancel_part(part_id=part.pk, reason="Khách gọi", **self._context)

    def cancel_by_buyer(self, part: OrderPart) -> None:
        context = self._context | {"actor": Actor.guest()}
        cancel_part_as_buyer(part_id=part.pk, reason="The buyer cancelled.", **context)

    def refund(self, part: OrderPart, **fields: Any) -> None:
        lines = {part.lines.get().pk: LineRefund(amount=10_000, **fields)}
        decision = RefundDecision(CostBearer.COOPERATIVE, "Dập một ít", lines=lines)
        decide_refund(order_id=self.order.pk, part_id=part.pk, decision=decision, **self._context)

    def _return(self, part: OrderPart, count: int) -> None:
        lines = {part.lines.get().pk: LineRefund(amount=100_000 * count, returned=count)}
        warehouse = part.cooperative.warehouses.get()
        decision = RefundDecision(
            CostBearer.COOPERATIVE, "Trả lại", lines=lines, warehouse_id=warehouse.pk, is_received=True
        )
        decide_refund(order_id=self.order.pk, part_id=part.pk, decision=decision, **self._context)

    def return_one(self, part: OrderPart) -> None:
        self._return(part, 1)

    def return_all(self, part: OrderPart) -> None:
        self._return(part, 2)

    def complain(self, part: OrderPart) -> None:
        quantities = {part.lines.get().pk: 1}
        submit_complaint(part_id=part.pk, quantities=quantities, text="Dập hết", **self._context)

    def settle(self, part: OrderPart) -> None:
        settlement = Settlement.objects.open().get(cooperative=part.cooperative)
        close_settlement(settlement_id=settlement.pk, **self._context)


def text_of(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def _tags(page: str) -> list[str]:
    tags = re.findall(r'<span\s+class="\s*tag\b[^"]*"\s*>(.*?)</span>', page, re.S)
    return [text_of(tag) for tag in tags]


# Buttons and links of a part, by their addresses.
_BUTTONS = {
    r"/goi/1/nhan/": "[đã nhận]",
    r'/goi/1/phan-anh/"(?!>Gọi)': "[khiếu nại]",
    r'/goi/1/phan-anh/"(?=>Gọi)': "[gọi để được hỗ trợ]",
    r"/goi/1/huy/": "[huỷ]",
}


def read_buyers_page(order: Order) -> str:
    """Return tags, then each part's current step (else the last done one), then buttons.

    A surplus and a declined card have paragraphs of their own, before the steps. A draft has no page for
    buyers.
    """
    response = ProvenOrdersClient().get(f"/don-hang/{order.pk}/")
    if response.status_code == 404:
        return ""
    page = html_of(response)
    tags = [tag for tag in _tags(page) if tag]
    tags += [text_of(surplus) for surplus in re.findall(r"<b>\s*(Đã trả dư .*?)</b>", page, re.S)]
    tags += [text_of(declined) for declined in re.findall(r'<p class="notice bad">([^<]+)</p>', page)]
    steps = []
    for timeline in re.findall(r'<ol class="timeline">(.*?)</ol>', page, re.S):
        rows = re.findall(r'<li\s*(?:class="(\w+)")?[^>]*>(.*?)</li>', timeline, re.S)
        current = [row for state, row in rows if state in ("now", "stopped")]
        reached = current or [row for state, row in rows if state]
        title = re.search(r"</span><span\s*>(.*?)</span>", reached[-1], re.S)
        steps.append(text_of(title.group(1)) if title else "")
    buttons = [label for address, label in _BUTTONS.items() if re.search(address, page)]
    return " | ".join([*tags, *steps, *buttons])


def read_members_page(part: OrderPart) -> str:
    """Return the notice of a part that has ended, or the tags of its parcels."""
    client = Client()
    client.force_login(make_member(part.cooperative, Role.PACKER))
    page = html_of(client.get(f"/xa-vien/goi/{part.pk}/"))
    steps = re.findall(r'<li aria-current="step">(.*?)</li>', page, re.S)
    end_notices = re.findall(r'<div class="notice bad">.*?<b>(.*?)</b>', page, re.S)
    return " | ".join(text_of(element) for element in [*end_notices, *steps, *_tags(page)])


def read_desk_page(order: Order) -> str:
    """Return tags of the order and its parts, then the state of each parcel; a draft has a heading only."""
    client = Client()
    client.force_login(make_admin(email="desk@example.com"))
    section = "don-nhap" if order.is_draft else "don-hang"
    page = html_of(client.get(f"/quan-tri/{section}/{order.pk}/"))
    if order.is_draft:
        return " | ".join(text_of(heading) for heading in re.findall(r"<h1>(.*?)</h1>", page, re.S))
    parcels = re.findall(r'<span\s+class="code"\s*>[^<]*-\d+</span>:(.*?)</b>', page, re.S)
    return " | ".join([*_tags(page), *(text_of(parcel) for parcel in parcels)])
