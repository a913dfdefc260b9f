"""Properties of a part: the buyer's data that its cooperative sees, and the deadlines of cancelling."""

from __future__ import annotations

import pytest

from orders.models import OrderPart, Parcel
from orders.states import ParcelState, PartState, Progress


@pytest.mark.parametrize(
    ("state", "progress", "contact", "address"),
    [
        (PartState.NEW, Progress.NOT_PACKED, False, False),
        (PartState.ACCEPTED, Progress.NOT_PACKED, True, True),
        (PartState.ACCEPTED, Progress.PARTLY_DELIVERED, True, True),
        (PartState.ACCEPTED, Progress.DELIVERED, True, False),
        (PartState.ACCEPTED, Progress.RETURNED, True, False),
        (PartState.DECLINED, Progress.NOT_PACKED, False, False),
        (PartState.CANCELLED, Progress.NOT_PACKED, False, False),
    ],
)
def test_contact_shows_from_acceptance_and_address_until_delivery(state, progress, contact, address) -> None:
    part = OrderPart(state=state, progress=progress)

    assert (part.may_show_contact, part.may_show_address) == (contact, address)


@pytest.mark.parametrize(
    ("state", "by_seller", "by_buyer"),
    [
        (ParcelState.PACKING, True, True),
        (ParcelState.VOIDED, True, True),
        (ParcelState.PACKED, True, False),
        (ParcelState.HANDED_OVER, False, False),
        (ParcelState.FAILED_DELIVERY, False, False),
        (ParcelState.DELIVERED, False, False),
    ],
)
def test_seller_can_cancel_until_handover_and_buyer_until_packed(state, by_seller, by_buyer) -> None:
    part, parcels = OrderPart(state=PartState.ACCEPTED), [Parcel(state=state)]

    can_cancel = (part.may_be_cancelled(parcels), part.may_be_cancelled(parcels, is_by_buyer=True))

    assert can_cancel == (by_seller, by_buyer)


def test_ended_part_cannot_be_cancelled() -> None:
    assert not OrderPart(state=PartState.DECLINED).may_be_cancelled([])
