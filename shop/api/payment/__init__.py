"""Payment gateways, payments as transactions, and completion of checkouts."""

from pathlib import Path

from orders.models import EventKind
from shop.api.payment import checkouts, legacy_payments, mutations, order_payments, reports, types
from shop.api.schema import Area

AREA = Area(
    Path(__file__).parent,
    types=(
        *types.TYPES,
        *checkouts.TYPES,
        *mutations.TYPES,
        *reports.TYPES,
        *order_payments.TYPES,
        *legacy_payments.TYPES,
    ),
    enums={"TransactionEventTypeEnum": EventKind},
)
