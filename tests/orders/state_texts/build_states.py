"""Bring an order into a state by named steps, and read the pages of its buyer, its members and the desk."""

from __future__ import annotations

import datetime
import html
import re
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.test import Client

from cooperatives.models import Role
from orders import locks
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
from orders.actions.payments.order_payments import record_received_money
from orders.actions.placement.order_sweeps import expire_order
from orders.actions.refunds.refund_decisions import LineRefund, RefundDecision, decide_refund
from orders.actions.settlement.close_settlement import close_settlement
from orders.models import CostBearer, Order, OrderPart, Parcel, PaymentMethod, Settlement
from shop.core.actors import Actor
from tests.factories import (
    make_admin,
    make_bank_account,
    make_member,
    make_order,
    make_seller,
    make_user,
    make_variant,
)
from tests.markup import html_of
from tests.orders.pages.order_proofs import ProvenOrdersClient

SYSTEM = Actor.system("test")


class OrderInSteps:
    """An order of 2 × 100,000 and 30,000 for delivery, with the steps that its parts go through.

    Steps act on the first part; those that end in ` 2` on the second, which the step `two` orders.
    """

    def __init__(self, steps: str, now: datetime.datetime) -> None:
        names = [step.strip() for step in steps.split(",") if step.strip()]
        self.now = now
        if "transfer" in names:
            make_bank_account()
        sellers = [make_seller("HTX Thiên An"), make_seller("HTX Tài Hoan")]
        variants = [make_variant(seller, price=100_000, on_hand=10) for seller in sellers]
        is_double = "two" in names
        method = PaymentMethod.TRANSFER if "transfer" in names else PaymentMethod.COD
        lines = [(variant, 2) for variant in variants[: 2 if is_double else 1]]
        self.order: Order = make_order(*lines, user=make_user(), now=now, method=method)
        for name in names:
            if name not in ("two", "transfer"):
                action, _space, number = name.partition(" ")
                getattr(self, action)(self.order.parts.get(number=int(number or 1)))
        self.order.refresh_from_db()

    @property
    def _context(self) -> dict[str, Any]:
        return {"actor": SYSTEM, "now": self.now}

    def _each(self, part: OrderPart, state: str, act: Callable[..., object], **fields: Any) -> None:
        for parcel in part.parcels.filter(state=state, kind="dispatch").order_by("number"):
            act(parcel_id=parcel.pk, **fields, **self._context)

    def pickup(self, part: OrderPart) -> None:
        OrderPart.objects.filter(pk=part.pk).update(delivery_kind="pickup")

    def paid(self, _part: OrderPart) -> None:
        with transaction.atomic():
            order, payment = locks.lock_order(self.order.pk), self.order.payments.get()
            record_received_money(order, payment, 230_000, key="bank:1", **self._context)

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
        steps = {part.lines.get().pk: 1}
        submit_complaint(part_id=part.pk, steps=steps, text="Dập hết", **self._context)

    def settle(self, part: OrderPart) -> None:
        settlement = Settlement.objects.open().get(cooperative=part.cooperative)
        close_settlement(settlement_id=settlement.pk, **self._context)


def text_of(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def _tags(page: str) -> list[str]:
    found = re.findall(r'<span\s+class="\s*tag\b[^"]*"\s*>(.*?)</span>', page, re.S)
    return [text_of(tag) for tag in found]


# Buttons and links of a part, by their addresses.
_BUTTONS = {r"/goi/1/nhan/": "[đã nhận]", r"/goi/1/phan-anh/": "[khiếu nại]", r"/goi/1/huy/": "[huỷ]"}


def read_buyers_page(order: Order) -> str:
    """Return tags, then each part's current step (else the last done one), then buttons."""
    page = html_of(ProvenOrdersClient().get(f"/don-hang/{order.pk}/"))
    tags = [tag for tag in _tags(page) if tag]
    steps = []
    for timeline in re.findall(r'<ol class="timeline">(.*?)</ol>', page, re.S):
        rows = re.findall(r'<li\s*(?:class="(\w+)")?[^>]*>(.*?)</li>', timeline, re.S)
        reached = [row for state, row in rows if state == "now"] or [row for state, row in rows if state]
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
    ended = re.findall(r'<div class="notice bad">.*?<b>(.*?)</b>', page, re.S)
    return " | ".join(text_of(element) for element in [*ended, *steps, *_tags(page)])


def read_desk_page(order: Order) -> str:
    """Return the tags of the order and of its parts, then the state of each parcel."""
    client = Client()
    client.force_login(make_admin(email="desk@example.com"))
    page = html_of(client.get(f"/quan-tri/don-hang/{order.pk}/"))
    parcels = re.findall(r'<span\s+class="code"\s*>[^<]*-\d+</span>:(.*?)</b>', page, re.S)
    return " | ".join([*_tags(page), *(text_of(parcel) for parcel in parcels)])
