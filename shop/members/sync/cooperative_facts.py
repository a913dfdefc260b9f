"""What a phone keeps about the cooperative: what its labels say, its warehouses and its households."""

from __future__ import annotations

from typing import Any

from cooperatives.access import MemberRight, MembershipContext
from cooperatives.models import Certificate, Producer, Warehouse
from cooperatives.states import CertificateState
from orders.models import Complaint
from shop.core.identifiers.phones import format_phone
from shop.core.models import Channel

Row = dict[str, Any]
_MAX_COMPLAINTS = 5


def cooperative_of(membership: MembershipContext) -> Row:
    """Return the cooperative with what its labels say about the sender."""
    cooperative = membership.cooperative
    return {
        "id": cooperative.pk,
        "name": cooperative.name,
        "location": cooperative.location,
        "phone": format_phone(cooperative.phone),
    }


def build_warehouse_rows(membership: MembershipContext) -> list[Row]:
    """Return the warehouses with the channels that sell from them. Closed ones may still hold stock."""
    if not (membership.may(MemberRight.COUNT_STOCK) or membership.may(MemberRight.LIST)):
        return []
    warehouses = Warehouse.objects.for_cooperative(membership.cooperative)
    selling = {
        channel.slug: set(
            warehouses.selling_to(channel.default_country, channel_id=channel.pk).values_list("pk", flat=True)
        )
        for channel in Channel.objects.order_by("pk")
    }
    return [
        {
            "id": warehouse.pk,
            "name": warehouse.name,
            "is_open": warehouse.closed_at is None,
            "channels": [slug for slug, ids in selling.items() if warehouse.pk in ids],
        }
        for warehouse in warehouses.order_by("created_at", "pk")
    ]


def build_household_rows(membership: MembershipContext) -> list[Row]:
    """Return the households that a new lot may name."""
    if not membership.may(MemberRight.COUNT_STOCK):
        return []
    households = Producer.objects.for_cooperative(membership.cooperative).order_by("name", "pk")
    return [{"id": household.pk, "name": household.name} for household in households]


def build_complaint_rows(membership: MembershipContext) -> list[Row]:
    """Return the complaints that wait for the cooperative's answer, most urgent first."""
    if not membership.may(MemberRight.PACK):
        return []
    complaints = Complaint.objects.for_cooperative(membership.cooperative).open()
    columns = complaints.values_list("pk", "part__order__code", "due_by")[:_MAX_COMPLAINTS]
    return [{"id": key, "order": code, "due_by": due_by} for key, code, due_by in columns]


def build_certificate_rows(membership: MembershipContext) -> list[Row]:
    """Return the confirmed certificates that a new lot may name."""
    if not membership.may(MemberRight.COUNT_STOCK):
        return []
    certificates = Certificate.objects.for_cooperative(membership.cooperative).filter(
        state=CertificateState.CONFIRMED
    )
    return [{"id": row.pk, "name": str(row).strip()} for row in certificates.order_by("pk")]
