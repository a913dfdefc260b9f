"""Cash is handed in by carriers and cooperatives, and seen on the account."""

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
from tests.money.market import PLACE, Market, where


def cash_held() -> Any:
    return Parcel.objects.filter(cod_state=CodState.COLLECTED)


def held_by_carriers() -> Any:
    return cash_held().filter(cod_holder=CashHolder.CARRIER)


def handed_in() -> Any:
    return CashRemittance.objects.filter(reconciled_at=None)


def lacking() -> Any:
    return CashRemittance.objects.lacking()


class Cash(Market):
    """What happens to cash after the door."""

    @where(cash_held)
    @rule(fees=st.sampled_from([0, 5_000]), bearer=st.sampled_from(CostBearer), again=st.booleans())
    def hand_cash_in(self, fees: int, bearer: CostBearer, again: bool) -> None:
        held = list(cash_held().order_by("pk"))
        first = held[0]
        if first.cod_holder == CashHolder.CARRIER:
            giver = Remitter(CashHolder.CARRIER, first.carrier)
        else:
            giver = Remitter(CashHolder.COOPERATIVE, cooperative_id=first.part.cooperative_id)
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
            reconcile_remittance(remittance_id=remittance.pk, received=received, reason=reason, **self.who)

        self.attempt(handed_in(), place, work)

    @where(held_by_carriers)
    @rule(place=PLACE, percent=st.sampled_from([40, 100]), is_ours=st.booleans())
    def a_carriers_cash_comes_short(self, place: int, percent: int, is_ours: bool) -> None:
        """And what is missing is seen to at once."""
        parcel = self.one(held_by_carriers(), place)
        giver = Remitter(CashHolder.CARRIER, parcel.carrier)
        remittance = remit_cash(giver=giver, parcel_ids=[parcel.pk], key=f"short:{parcel.pk}", **self.who)
        received = remittance.remitted - min(1_000, remittance.remitted)
        reconcile_remittance(remittance_id=remittance.pk, received=received, reason="Torn", **self.who)
        self.make_a_difference_good(place, percent, is_ours, again=False)

    @where(lacking)
    @rule(place=PLACE, percent=st.sampled_from([40, 100, 101]), is_ours=st.booleans(), again=st.booleans())
    def make_a_difference_good(self, place: int, percent: int, is_ours: bool, again: bool) -> None:
        """All of it or a part, sometimes a đồng more than there is; and perhaps the same again."""
        key = f"good:{self.now}"

        def work(remittance: CashRemittance) -> None:
            amount = -(-abs(remittance.lacking) * percent // 100)
            for _time in range(2 if again else 1):
                resolve_remittance_difference(
                    remittance_id=remittance.pk,
                    amount=amount,
                    is_ours=is_ours,
                    reason="Sent afterwards",
                    key=key,
                    **self.who,
                )

        self.attempt(lacking(), place, work)
