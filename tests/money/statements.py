"""Bank statements and carriers' COD statements are imported."""

from __future__ import annotations

import datetime
from functools import cached_property
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from orders.actions.statements.bank_statements import apply_bank_statement, import_bank_statement
from orders.actions.statements.cod_problem_rows import accept_problem_row, dismiss_problem_row
from orders.actions.statements.cod_statements import apply_cod_statement, import_cod_statement
from orders.models import BankTransfer, CostBearer, Parcel, StatementImport, StatementRow
from orders.states import CodState, ParcelKind, ParcelState
from shop.accounts.models import User
from tests.factories import make_admin
from tests.money.incoming_transfers import ACCOUNT
from tests.money.market import CARRIER, INDEXES, Market, requires_row
from tests.orders.cash_on_delivery.cash_helpers import make_carrier_statement

HEADINGS = "Ngày giao dịch;Số tham chiếu;Ghi nợ;Ghi có;Nội dung"


def parcels_with_carriers() -> Any:
    """Return parcels that a carrier's statement may list."""
    parcels = Parcel.objects.filter(kind=ParcelKind.DISPATCH, carrier=CARRIER)
    return parcels.filter(state__in=[ParcelState.HANDED_OVER, ParcelState.DELIVERED]).exclude(
        cod_state=CodState.NONE
    )


def problems() -> Any:
    return StatementRow.objects.filter(statement__kind="cod").problems()


class Statements(Market):
    """Imports at the desk."""

    @cached_property
    def admin(self) -> User:
        return make_admin()

    @precondition(lambda machine: machine.notices)
    @rule(first=st.integers(min_value=0, max_value=5), is_repeated=st.booleans())
    def import_our_bank_statement(self, first: int, is_repeated: bool) -> None:
        """Import the rows since some day, whether or not webhooks have reported them."""
        days = sorted({notice["transactionDate"][:10] for notice in self.notices})
        since = days[first % len(days)]
        rows = [notice for notice in self.notices if notice["transactionDate"] >= since]
        lines = [f"Số tài khoản: {ACCOUNT}", HEADINGS]
        for notice in rows:
            at = datetime.datetime.strptime(notice["transactionDate"], "%Y-%m-%d %H:%M:%S")
            columns = (notice["referenceCode"], "", str(notice["transferAmount"]), notice["content"])
            lines.append(f"{at:%d/%m/%Y %H:%M:%S};{';'.join(columns)}")
        content = "\n".join(lines).encode()
        for _round in range(2 if is_repeated else 1):
            now = self.next_actor_and_time()["now"]
            statement_import = import_bank_statement(
                file_name="sao-ke.csv", content=content, user=self.admin, now=now
            )
            apply_bank_statement(statement_id=statement_import.pk, **self.next_actor_and_time())
        for notice in rows:
            assert BankTransfer.objects.filter(reference=notice["referenceCode"]).count() == 1

    @requires_row(parcels_with_carriers)
    @rule(
        index=INDEXES,
        has_all_parcels=st.booleans(),
        difference=st.sampled_from([0, 0, 0, -1_000, 1_000]),
        fee=st.sampled_from([0, 5_000]),
        bearer=st.sampled_from(CostBearer),
        is_repeated=st.booleans(),
    )
    def import_carrier_statement(
        self,
        index: int,
        has_all_parcels: bool,
        difference: int,
        fee: int,
        bearer: CostBearer,
        is_repeated: bool,
    ) -> None:
        """Import a statement about one parcel or all, sometimes with another amount than ours.

        Either the same file is imported twice, or a problem row is accepted afterwards.
        """
        parcels = list(
            parcels_with_carriers().select_related("part__order").order_by("part__order__number", "number")
        )
        rows = []
        for parcel in parcels if has_all_parcels else [parcels[index % len(parcels)]]:
            collected = parcel.cod_collected or parcel.cod_expected
            code = f"{parcel.part.order.code}-{parcel.label_code}"
            rows.append((code, max(0, collected + difference), min(fee, collected)))
        for _round in range(2 if is_repeated else 1):
            now = self.next_actor_and_time()["now"]
            statement_import = import_cod_statement(
                file_name="cod.csv",
                content=make_carrier_statement(rows),
                carrier=CARRIER,
                user=self.admin,
                now=now,
            )
            StatementImport.objects.filter(pk=statement_import.pk, confirmed_at=None).update(
                fee_bearer=bearer
            )
            apply_cod_statement(statement_id=statement_import.pk, **self.next_actor_and_time())
        if not is_repeated:
            self.accept_problem(index)

    @requires_row(problems)
    @rule(index=INDEXES)
    def accept_row(self, index: int) -> None:
        self.accept_problem(index)

    def accept_problem(self, index: int) -> None:
        self.attempt(
            problems(), index, lambda row: accept_problem_row(row_id=row.pk, **self.next_actor_and_time())
        )

    @requires_row(problems)
    @rule(index=INDEXES)
    def dismiss_row(self, index: int) -> None:
        self.attempt(
            problems(), index, lambda row: dismiss_problem_row(row_id=row.pk, **self.next_actor_and_time())
        )
