"""Incoming transfers: reported late, twice, in any order, or with the wrong amount.

Webhooks are real: signed, sent to the shop's address, stored, and processed afterwards.
"""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from orders.actions.bank_transfers.receive_transfers import (
    ENDED_STATUSES,
    process_bank_webhook,
    unassigned_amount,
)
from orders.actions.bank_transfers.transfer_review import (
    BankAccount,
    assign_transfer,
    confirm_transfer_returned,
    dismiss_transfer,
    reopen_transfer_review,
    return_transfer,
)
from orders.actions.placement.replace_expired_order import replace_expired_order
from orders.models import BankTransfer, GatewayEvent, Order, PaymentEvent, PaymentMethod
from orders.states import TransferState
from shop.core.dates.calendar import VIETNAM
from tests.doubles.bank_webhooks import sepay_webhook
from tests.money.market import PLACE, SEPAY_SECRET, Market, where

ACCOUNT = "0011223344556"
MOST_TRANSFERS = 25
NOTES = st.sampled_from(["%s", "%s", "%s", "%s", "ck %s nhe", "tien hang", "T2345678"])


def transfer_orders() -> Any:
    return Order.objects.placed().filter(payments__method=PaymentMethod.TRANSFER).distinct()


def unpaid() -> Any:
    return transfer_orders().filter(charged=0, due_gross__gt=0)


def stored_webhooks() -> Any:
    return GatewayEvent.objects.filter(handled_at=None)


def under_review() -> Any:
    return BankTransfer.objects.filter(state=TransferState.REVIEW)


def to_send_back() -> Any:
    return BankTransfer.objects.filter(state=TransferState.GIVEN_BACK)


def dismissed() -> Any:
    return BankTransfer.objects.filter(state=TransferState.SET_ASIDE)


def ended() -> Any:
    return Order.objects.filter(status__in=ENDED_STATUSES)


class IncomingTransfers(Market):
    """Operations on incoming transfers."""

    @where(transfer_orders)
    @precondition(lambda machine: len(machine.notices) < MOST_TRANSFERS)
    @rule(place=PLACE, share=st.sampled_from([50, 100, 100, 100, 130]), note=NOTES)
    def transfer(self, place: int, share: int, note: str) -> None:
        """The buyer's bank transfers money; the shop does not know of it yet."""
        self._send(self.pick(transfer_orders(), place), share, note)

    def _send(self, order: Order, share: int, note: str) -> None:
        amount = max(1, (order.still_due or order.total_gross) * share // 100)
        number = len(self.notices) + 1
        self.notices.append(
            {
                "id": number,
                "accountNumber": ACCOUNT,
                "content": note % order.code if "%s" in note else note,
                "transferAmount": amount,
                "transactionDate": f"{self.who['now'].astimezone(VIETNAM):%Y-%m-%d %H:%M:%S}",
                "referenceCode": f"FT{number:08}",
            }
        )

    @precondition(lambda machine: machine.notices)
    @rule(which=st.integers(min_value=0, max_value=40))
    def deliver_bank_webhook(self, which: int) -> None:
        """Report any transfer, perhaps again; it is stored once."""
        event = self.notices[which % len(self.notices)]
        body, headers = sepay_webhook(SEPAY_SECRET, timezone.now(), **event)
        client = Client()
        answer = client.post("/webhooks/sepay/", body, content_type="application/json", headers=headers)
        assert answer.json() == {"success": True}
        assert GatewayEvent.objects.filter(event_id=str(event["id"])).count() == 1

    @where(stored_webhooks)
    @rule(place=PLACE, again=st.booleans())
    def process_stored_bank_webhook(self, place: int, again: bool) -> None:
        event = self.pick(stored_webhooks(), place)
        process_bank_webhook(event_id=event.pk, now=self.who["now"])
        if again:
            before = PaymentEvent.objects.count(), BankTransfer.objects.count()
            process_bank_webhook(event_id=event.pk, now=self.who["now"])
            assert (PaymentEvent.objects.count(), BankTransfer.objects.count()) == before

    @where(unpaid)
    @rule(place=PLACE)
    def pay_in_full_by_transfer(self, place: int) -> None:
        """Transfer, report and process without interruption, as usual."""
        self._send(self.pick(unpaid(), place), 100, "%s")
        self.deliver_bank_webhook(len(self.notices) - 1)
        process_bank_webhook(event_id=GatewayEvent.objects.latest("pk").pk, now=self.who["now"])

    @where(under_review)
    @rule(place=PLACE, which=PLACE, percent=st.sampled_from([30, 100, 100]))
    def assign_by_hand(self, place: int, which: int, percent: int) -> None:
        def work(transfer: BankTransfer) -> None:
            order = self.pick(Order.objects.placed(), which)
            amount = min(unassigned_amount(transfer), order.still_due) * percent // 100
            assign_transfer(transfer_id=transfer.pk, amounts={order.pk: amount}, **self.who)

        self.attempt(under_review(), place, work)

    @where(ended)
    @where(under_review)
    @rule(place=PLACE, which=PLACE)
    def replace_ended_order(self, place: int, which: int) -> None:
        def work(transfer: BankTransfer) -> None:
            order = self.pick(ended(), which)
            replace_expired_order(transfer_id=transfer.pk, order_id=order.pk, **self.who)

        self.attempt(under_review(), place, work)

    @where(under_review)
    @rule(place=PLACE, again=st.booleans())
    def return_incoming_transfer(self, place: int, again: bool) -> None:
        to = BankAccount("970436", "0099887766", "NGUYEN THI MAI")

        def work(transfer: BankTransfer) -> None:
            for _time in range(2 if again else 1):
                return_transfer(transfer_id=transfer.pk, account=to, reason="Paid twice", **self.who)

        self.attempt(under_review(), place, work)

    @where(to_send_back)
    @rule(place=PLACE, again=st.booleans())
    def confirm_return(self, place: int, again: bool) -> None:
        def work(transfer: BankTransfer) -> None:
            for _time in range(2 if again else 1):
                confirm_transfer_returned(transfer_id=transfer.pk, reference="FT1", **self.who)

        self.attempt(to_send_back(), place, work)

    @where(under_review)
    @rule(place=PLACE)
    def dismiss(self, place: int) -> None:
        self.attempt(
            under_review(),
            place,
            lambda row: dismiss_transfer(transfer_id=row.pk, reason="Not for an order", **self.who),
        )

    @where(dismissed)
    @rule(place=PLACE)
    def reopen(self, place: int) -> None:
        self.attempt(dismissed(), place, lambda row: reopen_transfer_review(transfer_id=row.pk, **self.who))
