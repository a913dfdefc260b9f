"""Orders: lines, parcels as fulfillments, events, refunds, and their visibility."""

from pathlib import Path

from orders.models import SaleorOrigin
from orders.states import Coverage, SaleorStatus
from shop.api.orders import (
    discounts,
    draft_discount_mutations,
    draft_mutations,
    drafts,
    events,
    invoices,
    lines,
    mutations,
    order_fields,
    parcels,
    parts,
    queries,
    refund_mutations,
    refunds,
    return_mutations,
    shortages,
    sums,
    voucher_edits,
    voucher_lists,
    voucher_mutations,
    vouchers,
)
from shop.api.schema import Area

AREA = Area(
    Path(__file__).parent,
    types=(
        *order_fields.TYPES,
        *invoices.TYPES,
        *lines.TYPES,
        *discounts.TYPES,
        *parcels.TYPES,
        *parts.TYPES,
        *refunds.TYPES,
        *events.TYPES,
        *sums.TYPES,
        *vouchers.TYPES,
        *voucher_lists.TYPES,
        *voucher_mutations.TYPES,
        *voucher_edits.TYPES,
        *queries.TYPES,
        *drafts.TYPES,
        *draft_mutations.TYPES,
        *draft_discount_mutations.TYPES,
        *mutations.TYPES,
        *refund_mutations.TYPES,
        *return_mutations.TYPES,
        *shortages.TYPES,
    ),
    enums={
        "OrderStatus": SaleorStatus,
        "OrderAuthorizeStatusEnum": Coverage,
        "OrderChargeStatusEnum": Coverage,
        "OrderOriginEnum": SaleorOrigin,
        **discounts.ENUMS,
        **parts.ENUMS,
        **refund_mutations.ENUMS,
        **shortages.ENUMS,
    },
)
