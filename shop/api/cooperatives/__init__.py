"""Mutations of cooperatives, and their settlements. Both are extensions, because Saleor has no sellers."""

from pathlib import Path

from cooperatives.states import CooperativeState
from orders.models import PayoutMethod
from orders.states import PayoutState, SettlementState
from shop.api.cooperatives import mutations, settlements
from shop.api.schema import Area

AREA = Area(
    Path(__file__).parent,
    types=(*settlements.TYPES, mutations.mutation),
    enums={
        "CooperativeState": CooperativeState,
        "CooperativePayoutState": PayoutState,
        "CooperativePayoutMethod": PayoutMethod,
        "CooperativeSettlementState": SettlementState,
    },
)
