"""Certificates, which members submit with a document and staff check before they are shown."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from catalog import notifications
from catalog.models import Product
from cooperatives.models import Certificate, CertificateKind, Cooperative
from cooperatives.states import CERTIFICATE_TRANSITIONS, CertificateState
from shop.core.actors import Actor
from shop.core.database.row_values import save_unique
from shop.core.database.transactions import lock_row
from shop.core.errors import ChangedSinceOpened, Missing, ReasonRequired, Refused
from shop.core.models import Picture, record_change
from shop.core.states import TransitionNotAllowed, change_state

_DETAIL_COLUMNS = (
    "kind",
    "stars",
    "number",
    "issuer",
    "issued_on",
    "expires_on",
    "picture",
    "is_sample",
    "submitted_at",
)


class MissingStars(Refused):
    code = "missing_stars"
    default_message = _("Choose the number of stars: 3, 4 or 5.")


class ExpiryBeforeIssue(Refused):
    code = "expiry_before_issue"
    default_message = _("The expiry date is before the issue date. Check both dates.")


@dataclass(frozen=True, slots=True)
class CertificateDetails:
    """The certificate's data.

    `picture` is a photo of the certificate, and `product_ids` are the products that it covers.
    """

    kind: CertificateKind
    number: str
    issuer: str
    issued_on: datetime.date
    expires_on: datetime.date | None = None
    stars: int | None = None
    product_ids: Sequence[int] = ()
    picture: Picture | None = None


@transaction.atomic(durable=True)
def submit_certificate(
    *, cooperative: Cooperative, details: CertificateDetails, actor: Actor, now: datetime.datetime
) -> Certificate:
    """Submit a certificate. Buyers see the certificate once it is approved.

    Raises MissingStars, ExpiryBeforeIssue, and Missing for other sellers' products.
    """
    certificate = Certificate(cooperative=cooperative, state=CertificateState.IN_REVIEW)
    _save_details(certificate, details, now)
    _record_certificate("certificate.submitted", certificate, actor=actor, now=now)
    return certificate


@transaction.atomic(durable=True)
def change_certificate(
    *,
    cooperative: Cooperative,
    certificate_id: int,
    details: CertificateDetails,
    actor: Actor,
    now: datetime.datetime,
) -> Certificate:
    """Correct a certificate and submit it. Return the row that will be reviewed.

    A confirmed certificate stays on display, and its changes become a proposal. If no new photo is given, the
    proposal keeps the old one. Raises like `submit_certificate`.
    """
    row = _lock_certificate(Certificate.objects.for_cooperative(cooperative), certificate_id)
    if row.state == CertificateState.CONFIRMED:
        row = _find_proposal(row)
    if row.state != CertificateState.IN_REVIEW:
        change_state(row, CertificateState.IN_REVIEW, CERTIFICATE_TRANSITIONS)
    row.state_reason = ""
    _save_details(row, details, now)
    _record_certificate("certificate.submitted", row, actor=actor, now=now)
    return row


@transaction.atomic(durable=True)
def remove_certificate(
    *, cooperative: Cooperative, certificate_id: int, actor: Actor, now: datetime.datetime
) -> None:
    """Delete a certificate with its proposal, or a proposal alone. Raises Missing."""
    row = _lock_certificate(Certificate.objects.for_cooperative(cooperative), certificate_id)
    snapshot = {"kind": row.kind, "stars": row.stars, "number": row.number, "issuer": row.issuer}
    _record_certificate("certificate.deleted", row, actor=actor, now=now, snapshot=snapshot)
    row.delete()


@transaction.atomic(durable=True)
def confirm_certificate(
    *,
    certificate_id: int,
    seen_submitted_at: datetime.datetime | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Certificate:
    """Confirm a certificate after staff checked its document. A proposal replaces the one on display.

    `seen_submitted_at` is its `submitted_at` when the reviewer opened it. Pass None to skip the comparison.
    Raises Missing, ChangedSinceOpened, TransitionNotAllowed.
    """
    row = _lock_submitted(certificate_id, seen_submitted_at)
    shown_certificate = row
    if row.replaces_id is not None:
        shown_certificate = _lock_certificate(Certificate.objects.all(), row.replaces_id)
        _apply_proposal(shown_certificate, row)
    else:
        change_state(row, CertificateState.CONFIRMED, CERTIFICATE_TRANSITIONS)
    _record_certificate("certificate.confirmed", shown_certificate, actor=actor, now=now)
    notifications.send_certificate_decision(shown_certificate, now=now)
    return shown_certificate


@transaction.atomic(durable=True)
def return_certificate(
    *,
    certificate_id: int,
    seen_submitted_at: datetime.datetime | None = None,
    reason: str,
    actor: Actor,
    now: datetime.datetime,
) -> Certificate:
    """Return a certificate or proposal for correction. A confirmed certificate stays on display.

    Raises Missing, ReasonRequired, ChangedSinceOpened, TransitionNotAllowed.
    """
    if not reason.strip():
        raise ReasonRequired(field="reason")
    row = _lock_submitted(certificate_id, seen_submitted_at)
    change_state(row, CertificateState.RETURNED, CERTIFICATE_TRANSITIONS)
    row.state_reason = reason.strip()
    row.save(update_fields=["state_reason"])
    _record_certificate("certificate.returned", row, actor=actor, now=now, reason=row.state_reason)
    notifications.send_certificate_decision(row, now=now)
    return row


def _find_proposal(certificate: Certificate) -> Certificate:
    """Return the proposal for a locked certificate, or a new one that is not saved yet."""
    proposal = Certificate.objects.filter(replaces=certificate).select_related("cooperative").first()
    return proposal or Certificate(
        cooperative=certificate.cooperative,
        replaces=certificate,
        picture=certificate.picture,
        state=CertificateState.IN_REVIEW,
    )


def _apply_proposal(shown_certificate: Certificate, proposal: Certificate) -> None:
    """Apply a proposal to its locked certificate, and delete the proposal. Raises TransitionNotAllowed."""
    if proposal.state != CertificateState.IN_REVIEW:
        raise TransitionNotAllowed(from_state=proposal.state, to_state=CertificateState.CONFIRMED)
    products = list(proposal.products.all())
    for column in _DETAIL_COLUMNS:
        setattr(shown_certificate, column, getattr(proposal, column))
    proposal.delete()
    save_unique(shown_certificate)
    shown_certificate.products.set(products)


def _lock_submitted(certificate_id: int, seen_submitted_at: datetime.datetime | None) -> Certificate:
    row = _lock_certificate(Certificate.objects.all(), certificate_id)
    if seen_submitted_at is not None and not row.is_unchanged_since(seen_submitted_at):
        raise ChangedSinceOpened()
    return row


def _save_details(row: Certificate, details: CertificateDetails, now: datetime.datetime) -> None:
    is_ocop = details.kind == CertificateKind.OCOP
    if is_ocop and details.stars not in (3, 4, 5):
        raise MissingStars(field="stars")
    if details.expires_on is not None and details.expires_on < details.issued_on:
        raise ExpiryBeforeIssue(field="expires_on")
    products = list(Product.objects.for_cooperative(row.cooperative).filter(pk__in=details.product_ids))
    if len(products) != len(set(details.product_ids)):
        raise Missing(field="products")
    row.kind, row.stars = details.kind, details.stars if is_ocop else None
    row.number, row.issuer = details.number, details.issuer
    row.issued_on, row.expires_on = details.issued_on, details.expires_on
    row.picture = details.picture or row.picture
    row.is_sample, row.submitted_at = False, now
    save_unique(row)
    row.products.set(products)


def _record_certificate(
    action: str,
    certificate: Certificate,
    *,
    actor: Actor,
    now: datetime.datetime,
    reason: str = "",
    snapshot: Mapping[str, object] | None = None,
) -> None:
    record_change(
        action,
        certificate,
        actor=actor,
        now=now,
        root=certificate.cooperative,
        cooperative_id=certificate.cooperative_id,
        reason=reason,
        data={"kind": certificate.kind, "number": certificate.number},
        snapshot=snapshot,
    )


def _lock_certificate(certificates: QuerySet[Certificate], certificate_id: int) -> Certificate:
    row = lock_row(certificates.filter(pk=certificate_id).select_related("cooperative"))
    if row is None:
        raise Missing()
    return row
