"""Random sequences of cash operations: balances must add up after every step.

A walk is drawn from its seed, so a failure can be reproduced by that number.
"""

from __future__ import annotations

import datetime
import random

import pytest
from django.db.models import Count

from orders.actions.cash_on_delivery.cash_collection import CollectedCash
from orders.actions.cash_on_delivery.cash_remittance import Remitter, reconcile_remittance, remit_cash
from orders.actions.fulfilment.deliver_parcels import (
    DispatchDetails,
    deliver_parcel,
    fail_delivery,
    hand_over_parcel,
    report_collected_cash,
)
from orders.actions.fulfilment.pack_parcels import close_parcel, pack_parcel
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.actions.statements.cod_problem_rows import accept_problem_row, dismiss_problem_row
from orders.actions.statements.cod_statements import apply_cod_statement, import_cod_statement
from orders.models import (
    CashRemittance,
    CostBearer,
    OrderPart,
    Parcel,
    PaymentEvent,
    RemittanceLine,
    StatementRow,
)
from orders.states import CashHolder, ParcelState
from shop.core.errors import Refused
from tests.factories import NOW, make_admin, make_seller
from tests.invariants import check_cash, check_ledger, check_outstanding_cash
from tests.orders.cash_on_delivery.cash_helpers import DESK, make_accepted_part, make_carrier_statement

pytestmark = pytest.mark.django_db
CARRIERS = ("Giao Hàng Nhanh", "Viettel Post", "")


class Walk:
    """A cooperative with three orders, which two carriers or the cooperative itself deliver, and a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = NOW
        self.user = make_admin()
        self.seller = make_seller()
        for price in (99_999, 45_001, 200_000):
            make_accepted_part(price, seller=self.seller)
        self.statements: list[tuple[bytes, str]] = []
        self.done: dict[str, int] = {}

    @property
    def actor_and_time(self) -> dict:
        return {"actor": DESK, "now": self.now}

    def run(self, steps: int) -> None:
        kinds = sorted(name for name in dir(self) if name.startswith("step_"))
        for number, kind in enumerate(self.random.choices(kinds, k=steps)):
            self.now += datetime.timedelta(hours=self.random.randint(1, 30))
            try:
                getattr(self, kind)()
                self.done[kind] = self.done.get(kind, 0) + 1
            except (Refused, IndexError):
                pass
            if number % 3 == 0:
                self.check()
        self.check()

    def check(self) -> None:
        check_cash()
        check_outstanding_cash()
        check_ledger()
        counted = PaymentEvent.objects.filter(kind="charge_success").values("parcel").annotate(n=Count("pk"))
        assert all(row["n"] == 1 for row in counted.order_by("parcel"))
        for cash_remittance in CashRemittance.objects.prefetch_related("lines"):
            assert cash_remittance.remitted == sum(line.remitted for line in cash_remittance.lines.all())

    def step_send(self) -> None:
        part = self.random_row(OrderPart, state="accepted")
        quantities = {key: left for key, left in read_unpacked_quantities(part.lines.all()).items() if left}
        parcel = pack_parcel(part_id=part.pk, quantities=quantities, **self.actor_and_time)
        close_parcel(parcel_id=parcel.pk, **self.actor_and_time)
        dispatch = DispatchDetails(carrier=self.random.choice(CARRIERS), tracking_number=f"VD{parcel.pk}")
        hand_over_parcel(parcel_id=parcel.pk, dispatch=dispatch, **self.actor_and_time)

    step_send_more = step_send

    def step_deliver(self) -> None:
        parcel = self.random_row(Parcel, state=ParcelState.HANDED_OVER)
        collected = self.random.random() < 0.5
        deliver_parcel(
            parcel_id=parcel.pk,
            is_cash_collected=collected,
            cash=self.collected_cash(parcel),
            **self.actor_and_time,
        )

    def step_fail(self) -> None:
        fail_delivery(parcel_id=self.random_row(Parcel).pk, reason="không nghe máy", **self.actor_and_time)

    def step_report(self) -> None:
        parcel = self.random_row(Parcel)
        report_collected_cash(parcel_id=parcel.pk, cash=self.collected_cash(parcel), **self.actor_and_time)

    def step_void(self) -> None:
        void_parcel(parcel_id=self.random_row(Parcel).pk, reason="hàng về", **self.actor_and_time)

    def step_remit(self) -> None:
        parcel = self.random_row(Parcel)
        remitter = Remitter(CashHolder.CARRIER, parcel.carrier)
        if parcel.cod_holder == CashHolder.COOPERATIVE:
            remitter = Remitter(CashHolder.COOPERATIVE, cooperative_id=self.seller.pk)
        remit_cash(
            remitter=remitter,
            parcel_ids=[parcel.pk],
            fees=self.random.choice([0, 0, 7_001]),
            fee_bearer=self.random.choice(list(CostBearer)),
            idempotency_key=f"k{self.random.randint(1, 12)}",
            **self.actor_and_time,
        )

    def step_statement(self) -> None:
        rows = []
        for parcel in sorted(
            {self.random_row(Parcel), self.random_row(Parcel)}, key=lambda parcel: parcel.pk
        ):
            amount = parcel.cod_expected + self.random.choice([0, 0, 0, -5_000, 3_000])
            rows.append((parcel.tracking_number, max(0, amount), self.random.choice([0, 9_000])))
        self.statements.append((make_carrier_statement(rows), self.random.choice(CARRIERS[:2])))
        self.import_and_apply(*self.statements[-1])

    def step_same_statement(self) -> None:
        self.import_and_apply(*self.random.choice(self.statements))

    def step_same_rows_in_another_file(self) -> None:
        content, carrier = self.random.choice(self.statements)
        self.import_and_apply(content + b"\n", carrier)

    def step_settle_row(self) -> None:
        accept_problem_row(row_id=self.random_row(StatementRow).pk, **self.actor_and_time)

    def step_dismiss_row(self) -> None:
        dismiss_problem_row(row_id=self.random_row(StatementRow).pk, **self.actor_and_time)

    def step_reconcile(self) -> None:
        remittance = self.random_row(CashRemittance)
        received = max(0, remittance.remitted + self.random.choice([0, 0, 0, -1_000, 2_000]))
        reconcile_remittance(
            remittance_id=remittance.pk, received=received, reason="ngân hàng", **self.actor_and_time
        )

    def import_and_apply(self, content: bytes, carrier: str) -> None:
        imported = import_cod_statement(
            file_name="a.csv", content=content, carrier=carrier, user=self.user, now=self.now
        )
        apply_cod_statement(statement_id=imported.pk, **self.actor_and_time)

    def collected_cash(self, parcel: Parcel) -> CollectedCash:
        shortfall = self.random.choice([0, 0, 1, 10_000])
        return CollectedCash(parcel.cod_expected - shortfall, "thiếu tiền" if shortfall else "")

    def random_row(self, model, **filters):
        return self.random.choice(list(model.objects.filter(**filters).order_by("pk")))


@pytest.mark.parametrize("seed", range(3))
def test_random_cash_operations_keep_balances_consistent(seed) -> None:
    walk = Walk(seed)

    walk.run(90)

    assert walk.done["step_send"] > 0
    assert RemittanceLine.objects.exists()


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 120))
def test_many_random_cash_operations_keep_balances_consistent(seed) -> None:
    Walk(seed).run(300)
