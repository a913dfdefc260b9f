"""Delete vouchers and codes that no order has used."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders.models import Voucher, VoucherCode, VoucherUse
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.errors import Missing, Refused
from shop.core.models import record_change


class VoucherInUse(Refused):
    code = "voucher_in_use"
    default_message = _("Orders have used this voucher, so it stays. End it instead.")


@transaction.atomic(durable=True)
def delete_voucher(*, voucher_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Delete a voucher with its codes. Raises Missing, VoucherInUse."""
    voucher = lock_row(Voucher.objects.filter(pk=voucher_id))
    if voucher is None:
        raise Missing()
    codes = lock_rows(VoucherCode.objects.filter(voucher=voucher))
    _require_unused(code.pk for code in codes)
    record_change(
        "voucher.deleted",
        voucher,
        actor=actor,
        now=now,
        cooperative_id=voucher.cooperative_id,
        snapshot={"name": voucher.name, "codes": sorted(code.code for code in codes)},
    )
    voucher.delete()


@transaction.atomic(durable=True)
def delete_voucher_code(*, code_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> None:
    """Delete one code of a voucher. Raises Missing, VoucherInUse."""
    voucher = lock_row(Voucher.objects.filter(codes=code_id))
    if voucher is None:
        raise Missing()
    codes = lock_rows(VoucherCode.objects.filter(pk=code_id))
    _require_unused(code.pk for code in codes)
    record_change(
        "voucher.code_removed",
        voucher,
        actor=actor,
        now=now,
        cooperative_id=voucher.cooperative_id,
        reason=", ".join(code.code for code in codes),
    )
    VoucherCode.objects.filter(pk=code_id).delete()


def _require_unused(code_ids: Iterable[uuid.UUID]) -> None:
    """On locked codes, which no order can use meanwhile: raise VoucherInUse if one was used."""
    if VoucherUse.objects.filter(code__in=list(code_ids)).exists():
        raise VoucherInUse()
