"""The bank references submitted for payouts: which are missing, misplaced or were used before."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from contextlib import suppress

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from orders.models import Payout


def read_chosen_payouts(request: HttpRequest) -> dict[uuid.UUID, str]:
    """Return the bank reference of each ticked payout: its own, or else the common one."""
    common_reference = request.POST.get("reference", "")
    references: dict[uuid.UUID, str] = {}
    for text in request.POST.getlist("payout"):
        with suppress(ValueError):
            payout_id = uuid.UUID(text)
            own_reference = request.POST.get(f"reference-{payout_id}", "").strip()
            references[payout_id] = own_reference or common_reference
    return references


def reference_errors(request: HttpRequest, chosen_payouts: Mapping[uuid.UUID, str]) -> dict[uuid.UUID, str]:
    """Return what is wrong with the references, by payout."""
    errors = {
        payout_id: _("Enter the reference of this payment.")
        for payout_id, reference in chosen_payouts.items()
        if not reference.strip()
    }
    for name, reference in request.POST.items():
        prefix, _separator, text = name.partition("reference-")
        if prefix or not str(reference).strip():
            continue
        with suppress(ValueError):
            if (payout_id := uuid.UUID(text)) not in chosen_payouts:
                errors[payout_id] = _("You entered a reference but did not choose this payment.")
    return errors


def needs_confirmation(request: HttpRequest, references: Mapping[uuid.UUID, str]) -> bool:
    """Return whether to show the payouts first: on request, or for a used reference that was not checked."""
    if "check" in request.POST:
        return True
    edited_references = [
        reference
        for payout_id, reference in references.items()
        if request.POST.get(f"checked-{payout_id}", reference).strip() != reference.strip()
    ]
    return find_earlier_uses(edited_references, references).exists()


def find_earlier_uses(texts: Collection[str], payout_ids: Collection[uuid.UUID]) -> QuerySet[Payout]:
    """Return payouts sent under one of these bank references, other than those about to be recorded."""
    used_references = [text.strip() for text in texts if text.strip()]
    return Payout.objects.filter(reference__in=used_references).exclude(pk__in=payout_ids)
