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
    process_bank_webhook,
    read_unassigned_amount,
)
from orders.actions.bank_transfers.transfer_review import (
    BankAccount,
    assign_transfer,
    confirm_transfer_returned,
    dismiss_transfer,
    reopen_transfer_review,
    return_transfer,
)
from orders.actions.bank_transfers.undo_assignment import undo_transfer_assignment
from orders.actions.placement.replace_expired_order import replace_expired_order
from orders.models import BankTransfer, Order, PaymentEvent, PaymentMethod, WebhookEvent
from orders.states import ENDED_ORDER_STATUSES, TransferState
from shop.core.dates.calendar import VIETNAM
from tests.doubles.bank_webhooks import sepay_webhook
from tests.money.market import INDEXES, SEPAY_SECRET, Market, requires_row

ACCOUNT = "0011223344556"
MAX_TRANSFERS = 25
NOTES = st.sampled_from(["%s", "%s", "%s", "%s", "ck %s nhe", "tien hang", "T2345678"])


def transfer_orders() -> Any:
    return Order.objects.placed().filter(payments__method=PaymentMethod.TRANSFER).distinct()


def unpaid() -> Any:
    return transfer_orders().filter(charged=0, current_total_gross__gt=0)


def stored_webhooks() -> Any:
    return WebhookEvent.objects.filter(handled_at=None)


def under_review() -> Any:
    return BankTransfer.objects.filter(state=TransferState.REVIEW)


def assigned() -> Any:
    return BankTransfer.objects.filter(shares__isnull=False).distinct()


def to_send_back() -> Any:
    return BankTransfer.objects.filter(state=TransferState.RETURN_DECIDED)


def dismissed() -> Any:
    return BankTransfer.objects.filter(state=TransferState.DISMISSED)


def ended() -> Any:
    return Order.objects.filter(status__in=ENDED_ORDER_STATUSES)


class IncomingTransfers(Market):
    """Operations on incoming transfers."""

    @requires_row(transfer_orders)
    @precondition(lambda machine: len(machine.notices) < MAX_TRANSFERS)
    @rule(index=INDEXES, percent=st.sampled_from([50, 100, 100, 100, 130]), note=NOTES)
    def transfer(self, index: int, percent: int, note: str) -> None:
        """Transfer money from the buyer's bank; the shop does not know of it yet."""
        self._send(self.pick(transfer_orders(), index), percent, note)

    def _send(self, order: Order, percent: int, note: str) -> None:
        amount = max(1, (order.amount_due or order.total_gross) * percent // 100)
        number = len(self.notices) + 1
        transferred_at = self.next_actor_and_time()["now"].astimezone(VIETNAM)
        self.notices.append(
            {
                "id": number,
                "accountNumber": ACCOUNT,
                "content": note % order.code if "%s" in note else note,
                "transferAmount": amount,
                "transactionDate": f"{transferred_at:%Y-%m-%d %H:%M:%S}",
                "referenceCode": f"FT{number:08}",
            }
        )

    @precondition(lambda machine: machine.notices)
    @rule(event_index=st.integers(min_value=0, max_value=40))
    def deliver_bank_webhook(self, event_index: int) -> None:
        """Report any transfer, perhaps again; it is stored once."""
        event = self.notices[event_index % len(self.notices)]
        body, headers = sepay_webhook(SEPAY_SECRET, timezone.now(), **event)
        client = Client()
        response = client.post("/webhooks/sepay/", body, content_type="application/json", headers=headers)
        assert response.json() == {"success": True}
        assert WebhookEvent.objects.filter(event_id=str(event["id"])).count() == 1

    @requires_row(stored_webhooks)
    @rule(index=INDEXES, is_repeated=st.booleans())
    def process_stored_bank_webhook(self, index: int, is_repeated: bool) -> None:
        event = self.pick(stored_webhooks(), index)
        process_bank_webhook(event_id=event.pk, now=self.next_actor_and_time()["now"])
        if is_repeated:
            before = PaymentEvent.objects.count(), BankTransfer.objects.count()
            process_bank_webhook(event_id=event.pk, now=self.next_actor_and_time()["now"])
            assert (PaymentEvent.objects.count(), BankTransfer.objects.count()) == before

    @requires_row(unpaid)
    @rule(index=INDEXES)
    def pay_in_full_by_transfer(self, index: int) -> None:
        """Transfer, report and process without interruption, as usual."""
        self._send(self.pick(unpaid(), index), 100, "%s")
        self.deliver_bank_webhook(len(self.notices) - 1)
        process_bank_webhook(
            event_id=WebhookEvent.objects.latest("pk").pk, now=self.next_actor_and_time()["now"]
        )

    @requires_row(under_review)
    @rule(index=INDEXES, order_index=INDEXES, percent=st.sampled_from([30, 100, 100]))
    def assign_by_hand(self, index: int, order_index: int, percent: int) -> None:
        def work(transfer: BankTransfer) -> None:
            order = self.pick(Order.objects.placed(), order_index)
            amount = min(read_unassigned_amount(transfer), order.amount_due) * percent // 100
            assign_transfer(transfer_id=transfer.pk, amounts={order.pk: amount}, **self.next_actor_and_time())

        self.attempt(under_review(), index, work)

    @requires_row(ended)
    @requires_row(under_review)
    @rule(index=INDEXES, order_index=INDEXES)
    def replace_ended_order(self, index: int, order_index: int) -> None:
        def work(transfer: BankTransfer) -> None:
            order = self.pick(ended(), order_index)
            replace_expired_order(transfer_id=transfer.pk, order_id=order.pk, **self.next_actor_and_time())

        self.attempt(under_review(), index, work)

    @requires_row(assigned)
    @rule(index=INDEXES, is_repeated=st.booleans())
    def take_transfer_off_order(self, index: int, is_repeated: bool) -> None:
        def work(transfer: BankTransfer) -> None:
            share = transfer.shares.order_by("pk")[0]
            for _round in range(2 if is_repeated else 1):
                undo_transfer_assignment(
                    transfer_id=transfer.pk,
                    share_id=share.pk,
                    reason="Wrong order",
                    **self.next_actor_and_time(),
                )

        self.attempt(assigned(), index, work)

    @requires_row(under_review)
    @rule(index=INDEXES, is_repeated=st.booleans())
    def return_incoming_transfer(self, index: int, is_repeated: bool) -> None:
        account = BankAccount("970436", "0099887766", "NGUYEN THI MAI")

        def work(transfer: BankTransfer) -> None:
            for _round in range(2 if is_repeated else 1):
                return_transfer(
                    transfer_id=transfer.pk,
                    account=account,
                    reason="Paid twice",
                    **self.next_actor_and_time(),
                )

        self.attempt(under_review(), index, work)

    @requires_row(to_send_back)
    @rule(index=INDEXES, is_repeated=st.booleans())
    def confirm_return(self, index: int, is_repeated: bool) -> None:
        def work(transfer: BankTransfer) -> None:
            for _round in range(2 if is_repeated else 1):
                confirm_transfer_returned(
                    transfer_id=transfer.pk, reference="FT1", **self.next_actor_and_time()
                )

        self.attempt(to_send_back(), index, work)

    @requires_row(under_review)
    @rule(index=INDEXES)
    def dismiss(self, index: int) -> None:
        self.attempt(
            under_review(),
            index,
            lambda row: dismiss_transfer(
                transfer_id=row.pk, reason="Not for an order", **self.next_actor_and_time()
            ),
        )

    @requires_row(dismissed)
    @rule(index=INDEXES)
    def reopen(self, index: int) -> None:
        self.attempt(
            dismissed(),
            index,
            lambda row: reopen_transfer_review(transfer_id=row.pk, **self.next_actor_and_time()),
        )
