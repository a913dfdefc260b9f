"""Cash is remitted by carriers and cooperatives, and reconciled."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from orders.actions.cash_on_delivery.cash_remittance import Remitter, reconcile_remittance, remit_cash
from orders.actions.cash_on_delivery.remittance_differences import resolve_remittance_difference
from orders.models import CashRemittance, CostBearer, Parcel
from orders.states import CashHolder, CodState
from shop.core.errors import Refused
from tests.money.market import INDEXES, Market, requires_row


def cash_held() -> Any:
    return Parcel.objects.filter(cod_state=CodState.COLLECTED)


def held_by_carriers() -> Any:
    return cash_held().filter(cod_holder=CashHolder.CARRIER)


def unreconciled() -> Any:
    return CashRemittance.objects.filter(reconciled_at=None)


def with_difference() -> Any:
    return CashRemittance.objects.with_unresolved_difference()


class CashOnDelivery(Market):
    """Operations on collected cash."""

    @requires_row(cash_held)
    @rule(fees=st.sampled_from([0, 5_000]), bearer=st.sampled_from(CostBearer), is_repeated=st.booleans())
    def remit(self, fees: int, bearer: CostBearer, is_repeated: bool) -> None:
        parcels = list(cash_held().order_by("pk"))
        first = parcels[0]
        if first.cod_holder == CashHolder.CARRIER:
            remitter = Remitter(CashHolder.CARRIER, first.carrier)
        else:
            remitter = Remitter(CashHolder.COOPERATIVE, cooperative_id=first.part.cooperative_id)
        parcel_ids = [parcel.pk for parcel in parcels if remitter.has_cash_of(parcel)]
        for _round in range(2 if is_repeated else 1):
            with suppress(Refused):
                remit_cash(
                    remitter=remitter,
                    parcel_ids=parcel_ids,
                    fees=fees,
                    fee_bearer=bearer,
                    idempotency_key=f"remit:{parcel_ids}",
                    **self.next_actor_and_time(),
                )

    @requires_row(unreconciled)
    @rule(index=INDEXES, shortfall=st.sampled_from([0, 0, 1_000]))
    def reconcile(self, index: int, shortfall: int) -> None:
        def work(remittance: CashRemittance) -> None:
            received = max(0, sum(line.remitted for line in remittance.lines.all()) - shortfall)
            reason = "Counted again" if shortfall else ""
            reconcile_remittance(
                remittance_id=remittance.pk, received=received, reason=reason, **self.next_actor_and_time()
            )

        self.attempt(unreconciled(), index, work)

    @requires_row(held_by_carriers)
    @rule(index=INDEXES, percent=st.sampled_from([40, 100]), is_platform_cost=st.booleans())
    def remit_too_little(self, index: int, percent: int, is_platform_cost: bool) -> None:
        """Reconcile a carrier's remittance with less than it states, and resolve the difference at once."""
        parcel = self.pick(held_by_carriers(), index)
        remitter = Remitter(CashHolder.CARRIER, parcel.carrier)
        remittance = remit_cash(
            remitter=remitter,
            parcel_ids=[parcel.pk],
            idempotency_key=f"short:{parcel.pk}",
            **self.next_actor_and_time(),
        )
        received = remittance.remitted - min(1_000, remittance.remitted)
        reconcile_remittance(
            remittance_id=remittance.pk, received=received, reason="Torn", **self.next_actor_and_time()
        )
        self.resolve_difference(index, percent, is_platform_cost, is_repeated=False)

    @requires_row(with_difference)
    @rule(
        index=INDEXES,
        percent=st.sampled_from([40, 100, 101]),
        is_platform_cost=st.booleans(),
        is_repeated=st.booleans(),
    )
    def resolve_difference(self, index: int, percent: int, is_platform_cost: bool, is_repeated: bool) -> None:
        """Resolve a difference fully, partly or by more than it is; perhaps twice."""
        idempotency_key = f"good:{self.now}"

        def work(remittance: CashRemittance) -> None:
            amount = -(-abs(remittance.unresolved_difference) * percent // 100)
            for _round in range(2 if is_repeated else 1):
                resolve_remittance_difference(
                    remittance_id=remittance.pk,
                    amount=amount,
                    is_platform_cost=is_platform_cost,
                    reason="Sent afterwards",
                    idempotency_key=idempotency_key,
                    **self.next_actor_and_time(),
                )

        self.attempt(with_difference(), index, work)
