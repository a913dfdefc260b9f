"""Delete vouchers and their codes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from orders.actions.vouchers.delete_vouchers import delete_voucher, delete_voucher_code
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import input_key, key_from_id
from shop.api.orders.inputs import VoucherDeleteArguments
from shop.api.orders.types import voucher_object
from shop.api.orders.vouchers import VOUCHER_PERMISSIONS
from shop.api.root_fields import Mutations
from shop.core.errors import Missing, Refused

mutation = Mutations(codes={"voucher_in_use": "VOUCHER_ALREADY_USED"})


@mutation.field(permissions=VOUCHER_PERMISSIONS)
def voucher_delete(
    arguments: VoucherDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Delete a voucher, and return it as it was."""
    key = int(input_key(arguments["id"], "Voucher", field="id"))
    deleted = voucher_object.by_key(context, [key], selection.names("voucher")).get(key)
    delete_voucher(voucher_id=key, actor=context.actor, now=context.now)
    return {"voucher": deleted}


mutation.add_bulk_deletion("voucherBulkDelete", voucher_delete, permissions=VOUCHER_PERMISSIONS)


def _delete_code(
    arguments: Mapping[str, object], context: Context, selection: Selection
) -> dict[str, object]:
    """Delete a code. A refusal names its id."""
    text = str(arguments["id"])
    key = key_from_id(text, "VoucherCode")
    try:
        if not isinstance(key, uuid.UUID):
            raise Missing()
        delete_voucher_code(code_id=key, actor=context.actor, now=context.now)
    except Refused as refused:
        code = "NOT_FOUND" if isinstance(refused, Missing) else "INVALID"
        raise InputError(code, refused.message, path="ids", voucherCodes=[text]) from refused
    return {}


mutation.add_bulk_deletion("voucherCodeBulkDelete", _delete_code, permissions=VOUCHER_PERMISSIONS)

TYPES = (mutation,)
