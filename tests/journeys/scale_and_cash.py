"""Weighed items at every stage, and cash at every stage, as rows for pages to show."""

from __future__ import annotations

import datetime
from typing import Any

from cooperatives.models import Cooperative, DeliveryKind
from orders.actions.cash_on_delivery.cash_remittance import Remitter, reconcile_remittance, remit_cash
from orders.actions.fulfilment.deliver_parcels import deliver_parcel
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.actions.fulfilment.weigh_lines import answer_weight_question, weigh_line
from orders.actions.statements.cod_statements import apply_cod_statement, import_cod_statement
from orders.actions.vouchers.redeem_vouchers import apply_voucher_code
from orders.models import CashRemittance, Order, OrderPart, Parcel, StatementImport, WeightQuestion
from orders.states import CashHolder
from shop.accounts.models import User
from shop.core.actors import Actor
from tests.factories import (
    make_basket,
    make_channel,
    make_delivery_method,
    make_order,
    make_variant_sold_by_weight,
    make_voucher,
)
from tests.orders.cash_on_delivery.cash_helpers import CARRIER, make_carrier_statement, make_dispatched_parcel

_GRAMS_BY_STEP = {"to weigh": None, "asked": 6000, "refused": 6000, "weighed": 4600}


class ScaleAndCash:
    """Rows for one seller and buyer of the world."""

    def __init__(self, seller: Cooperative, buyer: User, admin: User, *, now: datetime.datetime) -> None:
        self._context: dict[str, Any] = {"actor": Actor.system(), "now": now}
        self.gourd = make_variant_sold_by_weight(seller, name="Bí xanh thơm cân ký", on_hand=100)
        self.orders = {name: self._weigh_order(buyer, grams, name) for name, grams in _GRAMS_BY_STEP.items()}
        make_voucher("CANKY", starts_at=now - datetime.timedelta(days=1))
        self.basket = make_basket((self.gourd, 2), now=now)
        apply_voucher_code(basket_id=self.basket.pk, code="CANKY", now=now)
        self.coach = make_delivery_method(
            seller,
            make_channel(),
            kind=DeliveryKind.COACH,
            name="Xe về Thái Nguyên",
            provinces=("19",),
            departs_weekday=4,
            departs_at=datetime.time(18),
        )
        self.remittances = self._remit_cash(seller)
        self.statements = self._import_statements(admin, now)

    def part(self, step: str) -> OrderPart:
        return self.orders[step].parts.get()

    def _weigh_order(self, buyer: User, grams: int | None, step: str) -> Order:
        order = make_order((self.gourd, 2), user=buyer, now=self._context["now"])
        part = order.parts.get()
        accept_part(part_id=part.pk, **self._context)
        if grams is not None:
            weigh_line(part_id=part.pk, line_id=part.lines.get().pk, grams=grams, **self._context)
        if step == "refused":
            question = WeightQuestion.objects.get(line__part=part)
            answer_weight_question(question_id=question.pk, is_agreed=False, **self._context)
        return order

    def _remit_cash(self, seller: Cooperative) -> list[CashRemittance]:
        """Remit and reconcile cash held by a carrier and by the seller; a shortfall with its reason."""
        parcels = [self._deliver(seller, carrier=CARRIER) for _each in range(4)]
        self._deliver(seller, carrier="")
        carrier = Remitter(CashHolder.CARRIER, carrier=CARRIER)
        waiting_remittance, reconciled = (
            remit_cash(
                remitter=carrier,
                parcel_ids=[parcel.pk],
                fees=5_000,
                idempotency_key=f"w{parcel.pk}",
                **self._context,
            )
            for parcel in parcels[:2]
        )
        reconcile_remittance(
            remittance_id=reconciled.pk,
            received=reconciled.remitted - 10_000,
            reason="Thiếu tiền lẻ",
            **self._context,
        )
        return [waiting_remittance, reconciled]

    def _deliver(self, seller: Cooperative, *, carrier: str) -> Parcel:
        parcel = make_dispatched_parcel(seller=seller, carrier=carrier)
        return deliver_parcel(
            parcel_id=parcel.pk,
            is_cash_collected=True,
            code=parcel.pickup_code,
            reason="Thử",
            **self._context,
        )

    def _import_statements(self, admin: User, now: datetime.datetime) -> list[StatementImport]:
        """Return a statement that is only read, and an imported one with differing rows."""
        parcels = list(Parcel.objects.of_carrier(CARRIER).filter(cod_state="collected").order_by("pk"))
        rows = [(parcel.tracking_number, parcel.cod_collected, 5_000) for parcel in parcels]
        first, second = (
            import_cod_statement(
                file_name=f"{name}.csv",
                content=make_carrier_statement(statement_rows),
                carrier=CARRIER,
                user=admin,
                now=now,
            )
            for name, statement_rows in [
                ("thang-10", [(rows[0][0], rows[0][1] - 20_000, 5_000), ("LA123", 50_000, 0)]),
                ("thang-11", rows),
            ]
        )
        apply_cod_statement(statement_id=first.pk, **self._context)
        return [first, second]


def member_paths(rows: ScaleAndCash) -> list[str]:
    return [
        *(f"/xa-vien/goi/{rows.part(step).pk}/" for step in rows.orders),
        *("/xa-vien/tien-mat/", "/xa-vien/tien-mat/?ai=nha-xe", "/xa-vien/tien-mat/?ai=da-nop"),
        f"/xa-vien/cach-giao/{rows.coach.pk}/",
    ]


def desk_paths(rows: ScaleAndCash) -> list[str]:
    cash = "/quan-tri/tien-mat/"
    return [
        *(cash, f"{cash}kien/", f"{cash}kien/?xe=Giao+H%C3%A0ng+Nhanh", f"{cash}ban-giao/"),
        *(f"{cash}ban-giao/{remittance.pk}/" for remittance in rows.remittances),
        *(f"{cash}bang-ke/", *(f"{cash}bang-ke/{statement.pk}/" for statement in rows.statements)),
        *(f"{cash}can-xem/", f"/quan-tri/don-hang/{rows.orders['asked'].pk}/"),
    ]
