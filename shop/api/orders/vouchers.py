"""The voucher of a used code. Other codes of the voucher are hidden."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from orders.models import Voucher, VoucherCode
from shop.accounts.staff.permissions import Permission
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row
from shop.api.orders.types import order_object, voucher_object


class UsedVoucher(NamedTuple):
    """A row of `Voucher` with the code that was used."""

    code: str
    id: int
    name: str
    metadata: dict[str, str]
    private_metadata: dict[str, str]
    type: str


voucher_object.id()
voucher_object.columns(name="name", type="type")
add_metadata_fields(voucher_object, Voucher, permissions=[Permission.MANAGE_DISCOUNTS])


@voucher_object.field(needs="id")
def code(rows: list[Row | UsedVoucher], *_: object) -> list[str | None]:
    """Resolve the used code, or the voucher's first code if it is queried directly."""
    keys = [row.id for row in rows if not isinstance(row, UsedVoucher)]
    first: dict[int, str] = {}
    codes = VoucherCode.objects.filter(voucher__in=keys).order_by("created_at", "pk") if keys else ()
    for code_row in codes:
        first.setdefault(code_row.voucher_id, code_row.code)
    return [row.code if isinstance(row, UsedVoucher) else first.get(row.id) for row in rows]


def find_used_vouchers(codes: Iterable[str]) -> dict[str, UsedVoucher]:
    """Return existing vouchers by code. At most one query."""
    requested = {code_row for code_row in codes if code_row}
    if not requested:
        return {}
    rows = VoucherCode.objects.filter(code__in=requested).values_list(
        "code",
        "voucher",
        "voucher__name",
        "voucher__metadata",
        "voucher__private_metadata",
        "voucher__type",
    )
    return {values[0]: UsedVoucher._make(values) for values in rows}


@order_object.field("voucher", needs="voucher_code")
def voucher_of_orders(orders: list[Row], *_: object) -> list[UsedVoucher | None]:
    vouchers_by_code = find_used_vouchers(order_row.voucher_code for order_row in orders)
    return [vouchers_by_code.get(order_row.voucher_code) for order_row in orders]


TYPES = (voucher_object,)
