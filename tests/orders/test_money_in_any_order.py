"""Anything that can happen to money, in any order, drawn by hypothesis; after each step every rule holds.

Rules 1 (stock), 3 (sums), 5 (paying) and 6 (ledger) are asked of the rows by `tests.invariants`; what must
hold of money over time is asked here.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from orders import locks
from orders.actions.cancel import cancel_order, cancel_part
from orders.actions.cash import CashTaken
from orders.actions.deliver import deliver_parcel, fail_delivery, hand_over_parcel, report_cash
from orders.actions.pack import accept_part, close_parcel, pack_parcel, void_parcel
from orders.actions.pay import change_way, money_came
from orders.actions.place import place_order
from orders.actions.redeem import use_code
from orders.actions.remit import Giver, reconcile_cash, remit_cash
from orders.actions.standing import open_quantities
from orders.actions.sweeps import expire_order
from orders.actions.weigh import answer_weight, weigh_line
from orders.models import (
    Account,
    Bearer,
    CashRemittance,
    LedgerEntry,
    Method,
    Order,
    OrderLine,
    OrderPart,
    Parcel,
    PaymentEvent,
    WeightQuestion,
)
from orders.states import ARRIVED, CashHolder, CodState, ParcelState, PartState
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from shop.core.errors import Refused
from tests.factories import (
    NOW,
    carriers_for,
    make_bank_account,
    make_basket,
    make_contact,
    make_gourd,
    make_seller,
    make_variant,
    make_voucher,
)
from tests.invariants import check_everything

pytestmark = pytest.mark.django_db
SOMEBODY = Actor.system("machine")
DONE: Counter[str] = Counter()  # how often which kind of thing was done and not refused
PLACE = st.integers(min_value=0, max_value=7)
STEPS = st.sampled_from([(1, 0, 0), (0, 1, 0), (0, 2, 1), (2, 1, 0), (1, 1, 1), (0, 0, 2)])


def waiting() -> Any:
    return Order.objects.filter(confirmed_at=None, expired_at=None, cancelled_at=None)


def to_pay() -> Any:
    return waiting().filter(payments__method=Method.TRANSFER).distinct()


def new_parts() -> Any:
    return OrderPart.objects.filter(state=PartState.NEW, order__confirmed_at__isnull=False)


def accepted_parts() -> Any:
    return OrderPart.objects.filter(state=PartState.ACCEPTED).exclude(progress__in=ARRIVED)


def to_weigh() -> Any:
    return OrderLine.objects.filter(
        estimate_grams__isnull=False, part__state=PartState.ACCEPTED, parcel_lines=None
    )


def asked() -> Any:
    return WeightQuestion.objects.filter(answer="")


def in_hand() -> Any:
    return Parcel.objects.filter(
        state__in=[ParcelState.PACKING, ParcelState.PACKED, ParcelState.FAILED_DELIVERY]
    )


def on_the_way() -> Any:
    return Parcel.objects.filter(state=ParcelState.HANDED_OVER)


def cash_to_collect() -> Any:
    return Parcel.objects.filter(state=ParcelState.DELIVERED, cod_state=CodState.EXPECTED)


def cash_held() -> Any:
    return Parcel.objects.filter(cod_state=CodState.COLLECTED)


def to_undo() -> Any:
    return Parcel.objects.exclude(state=ParcelState.VOIDED)


def to_call_off() -> Any:
    return OrderPart.objects.standing().exclude(progress__in=ARRIVED)


def handed_in() -> Any:
    return CashRemittance.objects.filter(reconciled_at=None)


def where(rows: Callable[[], Any]) -> Callable[[Any], Any]:
    """A kind of thing that can happen only where there is such a row."""
    return precondition(lambda machine: rows().exists())


class Money(RuleBasedStateMachine):
    """Two cooperatives with a little of three goods, one of them weighed; a voucher; a clock that moves."""

    def __init__(self) -> None:
        super().__init__()
        self._world = transaction.atomic()
        self._world._from_testcase = True  # so that actions may insist on being outermost inside it
        self._world.__enter__()
        self.now = NOW
        self.told: list[Callable[[], Any]] = []
        first, second = make_seller("HTX Thiên An"), make_seller("HTX Tài Hoan")
        make_bank_account()
        self.goods = [
            make_variant(first, price=99_999, on_hand=7),
            make_gourd(first, on_hand=9),
            make_variant(second, price=45_001, on_hand=6),
        ]
        make_voucher("CHAO10", value=10, usage_limit=3)

    def teardown(self) -> None:
        try:
            check_everything()
        finally:
            transaction.set_rollback(True)
            self._world.__exit__(None, None, None)

    @property
    def who(self) -> dict[str, Any]:
        self.now += datetime.timedelta(minutes=7)
        return {"actor": SOMEBODY, "now": self.now}

    @initialize(steps=STEPS)
    def begin(self, steps: tuple[int, int, int]) -> None:
        self.place((1, 1, 1), Method.COD, with_code=False)
        self.place(steps, Method.TRANSFER, with_code=True)

    @rule(
        steps=STEPS,
        method=st.sampled_from([Method.COD, Method.TRANSFER]),
        with_code=st.booleans(),
    )
    def place(self, steps: tuple[int, int, int], method: Method, with_code: bool) -> None:
        basket = make_basket(
            *[(variant, count) for variant, count in zip(self.goods, steps, strict=True) if count],
            now=self.now,
        )
        with suppress(Refused):
            if with_code:
                use_code(basket_id=basket.pk, code="CHAO10", now=self.now)
        with suppress(Refused):
            place_order(
                basket_id=basket.pk,
                contact=make_contact(),
                deliveries=carriers_for(basket),
                consents=frozenset({ConsentPurpose.ORDER}),
                method=method,
                **self.who,
            )

    @where(to_pay)
    @rule(place=PLACE, share=st.sampled_from([50, 100, 100, 100, 130]), again=st.booleans())
    def money_is_told_of(self, place: int, share: int, again: bool) -> None:
        """In part, exactly or too much; and what was told once may be told again at any time."""
        order = self._one(to_pay(), place)
        if again and self.told:
            before = PaymentEvent.objects.count()
            self.told[place % len(self.told)]()
            assert PaymentEvent.objects.count() == before
        elif order is not None and order.still_due:
            amount, key = max(1, order.still_due * share // 100), f"bank:{len(self.told)}"

            def tell() -> None:
                with transaction.atomic():
                    locked = locks.lock_order(order.pk)
                    payment = locked.payments.filter(method=Method.TRANSFER).latest("created_at")
                    money_came(locked, payment, amount, key=key, **self.who)

            tell()
            self.told.append(tell)

    @where(waiting)
    @rule(place=PLACE, method=st.sampled_from([Method.COD, Method.TRANSFER]))
    def change_the_way(self, place: int, method: Method) -> None:
        self._try(
            Order.objects.all(), place, lambda row: change_way(order_id=row.pk, method=method, **self.who)
        )

    @where(waiting)
    @rule(place=PLACE)
    def time_runs_out(self, place: int) -> None:
        self.now += datetime.timedelta(hours=25)
        self._try(waiting(), place, lambda row: expire_order(order_id=row.pk, **self.who))

    @where(new_parts)
    @rule(place=PLACE)
    def accept(self, place: int) -> None:
        self._try(new_parts(), place, lambda row: accept_part(part_id=row.pk, **self.who))

    @where(to_weigh)
    @rule(place=PLACE, percent=st.sampled_from([60, 90, 100, 115, 140]))
    def weigh(self, place: int, percent: int) -> None:
        self._try(
            to_weigh(),
            place,
            lambda row: weigh_line(
                part_id=row.part_id, line_id=row.pk, grams=row.estimate_grams * percent // 100, **self.who
            ),
        )

    @where(asked)
    @rule(place=PLACE, agreed=st.booleans())
    def answer(self, place: int, agreed: bool) -> None:
        self._try(
            asked(),
            place,
            lambda row: answer_weight(question_id=row.pk, agreed=agreed, **self.who),
        )

    @where(accepted_parts)
    @rule(place=PLACE, whole=st.booleans())
    def pack(self, place: int, whole: bool) -> None:
        def work(part: OrderPart) -> None:
            still_open = open_quantities(part.lines.order_by("position"))
            quantities = {key: left if whole else 1 for key, left in still_open.items() if left}
            pack_parcel(part_id=part.pk, quantities=quantities, **self.who)

        self._try(accepted_parts(), place, work)

    @where(in_hand)
    @rule(place=PLACE)
    def close_and_hand_over(self, place: int) -> None:
        def work(parcel: Parcel) -> None:
            if parcel.state == ParcelState.PACKING:
                close_parcel(parcel_id=parcel.pk, **self.who)
            hand_over_parcel(parcel_id=parcel.pk, **self.who)

        self._try(in_hand(), place, work)

    @where(on_the_way)
    @rule(place=PLACE, cash=st.sampled_from(["all", "less", "none"]))
    def deliver(self, place: int, cash: str) -> None:
        def work(parcel: Parcel) -> None:
            taken = (
                CashTaken(parcel.cod_expected * 9 // 10, "Short of change") if cash == "less" else CashTaken()
            )
            deliver_parcel(parcel_id=parcel.pk, cash_collected=cash != "none", taken=taken, **self.who)

        self._try(on_the_way(), place, work)

    @where(to_call_off)
    @rule(place=PLACE, percent=st.sampled_from([85, 100, 110]))
    def carry_on(self, place: int, percent: int) -> None:
        """A part is taken all its way as far as it goes, as most are."""

        def work(part: OrderPart) -> None:
            if part.state == PartState.NEW:
                accept_part(part_id=part.pk, **self.who)
            for line in part.lines.filter(estimate_grams__isnull=False, weighed_grams=None):
                grams = (line.estimate_grams or 0) * percent // 100
                weigh_line(part_id=part.pk, line_id=line.pk, grams=grams, **self.who)
            left = {key: n for key, n in open_quantities(part.lines.order_by("position")).items() if n}
            if left:
                pack_parcel(part_id=part.pk, quantities=left, **self.who)
            for parcel in part.parcels.filter(state=ParcelState.PACKING):
                close_parcel(parcel_id=parcel.pk, **self.who)
                hand_over_parcel(parcel_id=parcel.pk, **self.who)
            for parcel in part.parcels.filter(state=ParcelState.HANDED_OVER):
                deliver_parcel(parcel_id=parcel.pk, cash_collected=True, **self.who)

        self._try(to_call_off(), place, work)

    @where(on_the_way)
    @rule(place=PLACE)
    def fail(self, place: int) -> None:
        self._try(
            on_the_way(),
            place,
            lambda row: fail_delivery(parcel_id=row.pk, reason="Nobody there", **self.who),
        )

    @where(cash_to_collect)
    @rule(place=PLACE)
    def collect_late(self, place: int) -> None:
        self._try(cash_to_collect(), place, lambda row: report_cash(parcel_id=row.pk, **self.who))

    @where(to_undo)
    @rule(place=PLACE)
    def void(self, place: int) -> None:
        self._try(
            to_undo(),
            place,
            lambda row: void_parcel(parcel_id=row.pk, reason="Packed wrongly", **self.who),
        )

    @where(to_call_off)
    @rule(place=PLACE, whole=st.booleans())
    def cancel(self, place: int, whole: bool) -> None:
        def work(part: OrderPart) -> None:
            if whole:
                cancel_order(order_id=part.order_id, reason="Called off", **self.who)
            else:
                cancel_part(part_id=part.pk, reason="Called off", **self.who)

        self._try(to_call_off(), place, work)

    @where(cash_held)
    @rule(fees=st.sampled_from([0, 5_000]), bearer=st.sampled_from(Bearer), again=st.booleans())
    def hand_cash_in(self, fees: int, bearer: Bearer, again: bool) -> None:
        held = list(cash_held().order_by("pk"))
        first = held[0]
        if first.cod_holder == CashHolder.CARRIER:
            giver = Giver(CashHolder.CARRIER, first.carrier)
        else:
            giver = Giver(CashHolder.COOPERATIVE, cooperative_id=first.part.cooperative_id)
        mine = [each.pk for each in held if giver.has(each)]
        for _time in range(2 if again else 1):
            with suppress(Refused):
                remit_cash(
                    giver=giver,
                    parcel_ids=mine,
                    fees=fees,
                    fee_bearer=bearer,
                    key=f"remit:{mine}",
                    **self.who,
                )

    @where(handed_in)
    @rule(place=PLACE, short=st.sampled_from([0, 0, 1_000]))
    def see_cash_on_the_account(self, place: int, short: int) -> None:
        def work(remittance: CashRemittance) -> None:
            received = max(0, sum(line.remitted for line in remittance.lines.all()) - short)
            reason = "Counted again" if short else ""
            reconcile_cash(remittance_id=remittance.pk, received=received, reason=reason, **self.who)

        self._try(handed_in(), place, work)

    @invariant()
    def every_rule_holds(self) -> None:
        check_everything(newest=2)

    @invariant()
    def no_money_is_made_or_lost(self) -> None:
        """What buyers paid and was not given back lies on accounts of ours, or with who holds it for us."""
        paid = sum(Order.objects.values_list("charged", flat=True))
        booked = LedgerEntry.objects.filter(
            posting__order__isnull=False, posting__kind__in=["payment", "refund"]
        ).exclude(account=Account.BUYER)
        assert sum(booked.values_list("amount", flat=True)) == paid

    def _try(self, rows: Any, place: int, work: Callable[[Any], Any]) -> None:
        """The work on one of the rows, if there are any; what is refused has changed nothing."""
        row = self._one(rows, place)
        if row is not None:
            with suppress(Refused):
                work(row)
                DONE[work.__qualname__.split(".")[1]] += 1

    def _one(self, rows: Any, place: int) -> Any:
        found = list(rows.order_by("pk"))
        return found[place % len(found)] if found else None


def walk(examples: int, steps: int, *, derandomize: bool) -> None:
    run_state_machine_as_test(
        Money,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=derandomize,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_happens_to_money_every_rule_holds() -> None:
    walk(6, 40, derandomize=True)

    assert {"accept", "cancel", "carry_on", "change_the_way", "void"} <= set(DONE)


@pytest.mark.long
def test_whatever_happens_to_money_for_long_every_rule_holds() -> None:
    walk(60, 80, derandomize=False)
