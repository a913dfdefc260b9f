"""Certificates: handed in by members with their paper, looked at by the market, shown from then on."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from catalog import notices
from catalog.models import Product
from cooperatives.models import Certificate, CertificateKind, Cooperative
from cooperatives.states import CERTIFICATE_MOVES, CertificateState
from shop.core.actors import Actor
from shop.core.database.transactions import locked_one
from shop.core.database.unique_fields import save_claiming
from shop.core.errors import Missing, ReasonNeeded, Refused
from shop.core.models import Picture, record_change
from shop.core.states import advance


class StarsNeeded(Refused):
    code = "stars_needed"
    default_words = _("Say how many stars it has: 3, 4 or 5.")


class ExpiresTooEarly(Refused):
    code = "expires_too_early"
    default_words = _("It expires before it was issued. Please look at the two days again.")


@dataclass(frozen=True, slots=True)
class CertificateDetails:
    """What stands on the paper; `picture` is a photo of it, `product_ids` the goods that it is for."""

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
    """Hand a certificate in; buyers see it once the market has.

    Raises StarsNeeded, ExpiresTooEarly, and Missing for goods of others.
    """
    row = Certificate(cooperative=cooperative, state=CertificateState.IN_REVIEW)
    _write(row, details, now)
    _record("certificate.submitted", row, actor=actor, now=now)
    return row


@transaction.atomic(durable=True)
def change_certificate(
    *,
    cooperative: Cooperative,
    certificate_id: int,
    details: CertificateDetails,
    actor: Actor,
    now: datetime.datetime,
) -> Certificate:
    """Put a certificate right; the market looks at it anew, and until then nobody sees it.

    A paper without a new photo keeps the one it has. Raises as `submit_certificate`.
    """
    row = _locked(Certificate.objects.for_cooperative(cooperative), certificate_id)
    if row.state != CertificateState.IN_REVIEW:
        advance(row, CertificateState.IN_REVIEW, CERTIFICATE_MOVES)
    row.state_reason = ""
    _write(row, details, now)
    _record("certificate.submitted", row, actor=actor, now=now)
    return row


@transaction.atomic(durable=True)
def remove_certificate(
    *, cooperative: Cooperative, certificate_id: int, actor: Actor, now: datetime.datetime
) -> None:
    """Take a certificate off the page for good. Raises Missing."""
    row = _locked(Certificate.objects.for_cooperative(cooperative), certificate_id)
    snapshot = {"kind": row.kind, "stars": row.stars, "number": row.number, "issuer": row.issuer}
    _record("certificate.removed", row, actor=actor, now=now, snapshot=snapshot)
    row.delete()


@transaction.atomic(durable=True)
def confirm_certificate(*, certificate_id: int, actor: Actor, now: datetime.datetime) -> Certificate:
    """Platform staff have seen the paper: it is shown. Raises Missing, WrongMove."""
    return _answer(certificate_id, CertificateState.CONFIRMED, "", actor=actor, now=now)


@transaction.atomic(durable=True)
def return_certificate(
    *, certificate_id: int, reason: str, actor: Actor, now: datetime.datetime
) -> Certificate:
    """Platform staff hand it back to be mended. Raises Missing, ReasonNeeded, WrongMove."""
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    return _answer(certificate_id, CertificateState.RETURNED, reason.strip(), actor=actor, now=now)


def _answer(
    certificate_id: int, to: CertificateState, reason: str, *, actor: Actor, now: datetime.datetime
) -> Certificate:
    row = _locked(Certificate.objects.all(), certificate_id)
    advance(row, to, CERTIFICATE_MOVES)
    row.state_reason = reason
    row.save(update_fields=["state_reason"])
    _record(f"certificate.{to}", row, actor=actor, now=now, why=reason)
    notices.certificate_answered(row, now=now)
    return row


def _write(row: Certificate, details: CertificateDetails, now: datetime.datetime) -> None:
    is_ocop = details.kind == CertificateKind.OCOP
    if is_ocop and details.stars not in (3, 4, 5):
        raise StarsNeeded(field="stars")
    if details.expires_on is not None and details.expires_on < details.issued_on:
        raise ExpiresTooEarly(field="expires_on")
    products = list(Product.objects.for_cooperative(row.cooperative).filter(pk__in=details.product_ids))
    if len(products) != len(set(details.product_ids)):
        raise Missing(field="products")
    row.kind, row.stars = details.kind, details.stars if is_ocop else None
    row.number, row.issuer = details.number, details.issuer
    row.issued_on, row.expires_on = details.issued_on, details.expires_on
    row.picture = details.picture or row.picture
    row.is_sample, row.submitted_at = False, now
    save_claiming(row)
    row.products.set(products)


def _record(
    what: str,
    row: Certificate,
    *,
    actor: Actor,
    now: datetime.datetime,
    why: str = "",
    snapshot: dict[str, Any] | None = None,
) -> None:
    record_change(
        what,
        row,
        actor=actor,
        now=now,
        root=row.cooperative,
        cooperative_id=row.cooperative_id,
        why=why,
        data={"kind": row.kind, "number": row.number},
        snapshot=snapshot,
    )


def _locked(rows: QuerySet[Certificate], certificate_id: int) -> Certificate:
    row = locked_one(rows.filter(pk=certificate_id).select_related("cooperative"))
    if row is None:
        raise Missing()
    return row
