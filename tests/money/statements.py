"""Our bank's statement is read in, and carriers send theirs of the cash that they collected."""

from __future__ import annotations

import datetime
from functools import cached_property
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from orders.actions.statements.bank_statements import apply_bank_statement, import_bank_statement
from orders.actions.statements.cod_statements import (
    accept_problem_row,
    apply_cod_statement,
    dismiss_problem_row,
    import_cod_statement,
)
from orders.models import BankTransfer, CostBearer, Parcel, StatementImport, StatementRow
from orders.states import CodState, ParcelKind, ParcelState
from shop.accounts.models import User
from tests.factories import make_admin
from tests.money.arriving import ACCOUNT
from tests.money.market import CARRIER, PLACE, Market, where
from tests.orders.cash_on_delivery.cash_at_hand import statement

HEADS = "Ngày giao dịch;Số tham chiếu;Ghi nợ;Ghi có;Nội dung"


def with_carriers() -> Any:
    """Parcels of which a carrier has something to say."""
    sent = Parcel.objects.filter(kind=ParcelKind.DISPATCH, carrier=CARRIER)
    return sent.filter(state__in=[ParcelState.HANDED_OVER, ParcelState.DELIVERED]).exclude(
        cod_state=CodState.NONE
    )


def problems() -> Any:
    return StatementRow.objects.filter(statement__kind="cod").problems()


class Statements(Market):
    """What the desk reads in."""

    @cached_property
    def admin(self) -> User:
        return make_admin()

    @precondition(lambda machine: machine.notices)
    @rule(first=st.integers(min_value=0, max_value=5), again=st.booleans())
    def read_our_banks_statement(self, first: int, again: bool) -> None:
        """From some day on, whether or not the bank's service has told of what came then."""
        days = sorted({notice["transactionDate"][:10] for notice in self.notices})
        since = days[first % len(days)]
        shown = [notice for notice in self.notices if notice["transactionDate"] >= since]
        lines = [f"Số tài khoản: {ACCOUNT}", HEADS]
        for notice in shown:
            at = datetime.datetime.strptime(notice["transactionDate"], "%Y-%m-%d %H:%M:%S")
            columns = (notice["referenceCode"], "", str(notice["transferAmount"]), notice["content"])
            lines.append(f"{at:%d/%m/%Y %H:%M:%S};{';'.join(columns)}")
        content = "\n".join(lines).encode()
        for _time in range(2 if again else 1):
            now = self.who["now"]
            read = import_bank_statement(file_name="sao-ke.csv", content=content, user=self.admin, now=now)
            apply_bank_statement(statement_id=read.pk, **self.who)
        for notice in shown:
            assert BankTransfer.objects.filter(reference=notice["referenceCode"]).count() == 1

    @where(with_carriers)
    @rule(
        place=PLACE,
        many=st.booleans(),
        difference=st.sampled_from([0, 0, 0, -1_000, 1_000]),
        fee=st.sampled_from([0, 5_000]),
        bearer=st.sampled_from(CostBearer),
        again=st.booleans(),
    )
    def a_carrier_sends_its_statement(
        self, place: int, many: bool, difference: int, fee: int, bearer: CostBearer, again: bool
    ) -> None:
        """Of one parcel or of all, sometimes of another sum than ours. Perhaps the same file comes twice;
        else it is taken at its word."""
        found = list(with_carriers().select_related("part__order").order_by("part__order__number", "number"))
        rows = []
        for parcel in found if many else [found[place % len(found)]]:
            collected = parcel.cod_collected or parcel.cod_expected
            code = f"{parcel.part.order.code}-{parcel.number}"
            rows.append((code, max(0, collected + difference), min(fee, collected)))
        for _time in range(2 if again else 1):
            now = self.who["now"]
            read = import_cod_statement(
                file_name="cod.csv", content=statement(rows), carrier=CARRIER, user=self.admin, now=now
            )
            StatementImport.objects.filter(pk=read.pk, confirmed_at=None).update(fee_bearer=bearer)
            apply_cod_statement(statement_id=read.pk, **self.who)
        if not again:
            self.as_the_carrier_says(place)

    @where(problems)
    @rule(place=PLACE)
    def take_a_row(self, place: int) -> None:
        self.as_the_carrier_says(place)

    def as_the_carrier_says(self, place: int) -> None:
        self.attempt(problems(), place, lambda row: accept_problem_row(row_id=row.pk, **self.who))

    @where(problems)
    @rule(place=PLACE)
    def set_a_row_aside(self, place: int) -> None:
        self.attempt(problems(), place, lambda row: dismiss_problem_row(row_id=row.pk, **self.who))
