"""State transitions of cooperatives, their certificates and the documents of their applications."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.core.states import Transitions


class CooperativeState(TextChoices):
    APPLIED = "applied", _("applied")
    NEEDS_MORE = "needs_more", _("more is needed")
    APPROVED = "approved", _("approved")
    SUSPENDED = "suspended", _("suspended")
    REJECTED = "rejected", _("rejected")


COOPERATIVE_TRANSITIONS: Transitions = {
    CooperativeState.APPLIED: frozenset(
        {CooperativeState.NEEDS_MORE, CooperativeState.APPROVED, CooperativeState.REJECTED}
    ),
    CooperativeState.NEEDS_MORE: frozenset(
        {CooperativeState.APPLIED, CooperativeState.APPROVED, CooperativeState.REJECTED}
    ),
    CooperativeState.APPROVED: frozenset({CooperativeState.SUSPENDED}),
    CooperativeState.SUSPENDED: frozenset({CooperativeState.APPROVED}),
    CooperativeState.REJECTED: frozenset(),
}


class CertificateState(TextChoices):
    IN_REVIEW = "in_review", pgettext_lazy("certificate", "in review")
    CONFIRMED = "confirmed", pgettext_lazy("certificate", "confirmed")
    RETURNED = "returned", pgettext_lazy("certificate", "to be corrected")


# Changes of a confirmed certificate are a row of their own, because a new number means a new document.
CERTIFICATE_TRANSITIONS: Transitions = {
    CertificateState.IN_REVIEW: frozenset({CertificateState.CONFIRMED, CertificateState.RETURNED}),
    CertificateState.CONFIRMED: frozenset(),
    CertificateState.RETURNED: frozenset({CertificateState.IN_REVIEW}),
}


class DocumentState(TextChoices):
    IN_REVIEW = "in_review", pgettext_lazy("document", "being checked")
    ACCEPTED = "accepted", pgettext_lazy("document", "accepted")
    RETURNED = "returned", pgettext_lazy("document", "sent back")


# New files put a document back into review. Staff may change their mind while the application is open.
DOCUMENT_TRANSITIONS: Transitions = {
    DocumentState.IN_REVIEW: frozenset({DocumentState.ACCEPTED, DocumentState.RETURNED}),
    DocumentState.ACCEPTED: frozenset({DocumentState.IN_REVIEW, DocumentState.RETURNED}),
    DocumentState.RETURNED: frozenset({DocumentState.IN_REVIEW}),
}
