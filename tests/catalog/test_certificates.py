"""Certificates: shown only while confirmed and valid."""

from __future__ import annotations

import datetime
import itertools

import pytest

from catalog.actions.sellers.certificates import (
    CertificateDetails,
    ExpiryBeforeIssue,
    MissingStars,
    change_certificate,
    confirm_certificate,
    remove_certificate,
    return_certificate,
    submit_certificate,
)
from cooperatives.models import Certificate, CertificateKind, Cooperative
from cooperatives.states import CERTIFICATE_TRANSITIONS, CertificateState
from shop.core.actors import Actor
from shop.core.errors import ChangedSinceOpened, Missing, ReasonRequired
from shop.core.models import Change
from shop.core.states import TransitionNotAllowed, change_state
from shop.notifications.models import Notification
from tests.factories import NOW, make_cooperative, make_product, make_seller
from tests.refusals import assert_refused
from tests.state_tables import unreachable_states

pytestmark = pytest.mark.django_db
ACTOR_AND_NOW = {"actor": Actor.system("tests"), "now": NOW}
DAY = datetime.date(2026, 11, 24)
PAIRS = {
    ("in_review", "confirmed"),
    ("in_review", "returned"),
    ("returned", "in_review"),
}


def details(**fields) -> CertificateDetails:
    defaults = {
        "kind": CertificateKind.OCOP,
        "stars": 4,
        "number": "12/QĐ-UBND",
        "issuer": "UBND tỉnh Thái Nguyên",
        "issued_on": datetime.date(2026, 1, 1),
        "expires_on": datetime.date(2028, 12, 31),
    }
    return CertificateDetails(**(defaults | fields))


def valid_certificates() -> list[Certificate]:
    return list(Certificate.objects.valid_on(DAY))


def valid_numbers() -> list[tuple[int, str, int | None]]:
    return list(Certificate.objects.valid_on(DAY).values_list("pk", "number", "stars"))


def test_certificate_follows_its_state_table() -> None:
    row = Certificate(cooperative=make_cooperative(), kind=CertificateKind.VIETGAP)
    row.save()
    for from_state, to_state in itertools.product(CertificateState.values, repeat=2):
        Certificate.objects.filter(pk=row.pk).update(state=from_state)
        row.refresh_from_db()
        if (from_state, to_state) in PAIRS:
            assert change_state(row, to_state, CERTIFICATE_TRANSITIONS) == from_state
        else:
            with pytest.raises(TransitionNotAllowed):
                change_state(row, to_state, CERTIFICATE_TRANSITIONS)
        row.refresh_from_db()
        assert row.state == (to_state if (from_state, to_state) in PAIRS else from_state)
    assert unreachable_states(CERTIFICATE_TRANSITIONS, first=CertificateState.IN_REVIEW) == set()


def test_certificate_is_shown_once_confirmed() -> None:
    seller = make_seller("HTX Thiên An")
    tea = make_product(seller, name="Trà")

    row = submit_certificate(cooperative=seller, details=details(product_ids=[tea.pk]), **ACTOR_AND_NOW)
    assert (valid_certificates(), list(Certificate.objects.waiting())) == ([], [row])
    return_certificate(certificate_id=row.pk, reason="Ảnh bị mờ", **ACTOR_AND_NOW)
    assert valid_certificates() == []
    new_details = details(stars=3, product_ids=[tea.pk])
    assert (
        change_certificate(cooperative=seller, certificate_id=row.pk, details=new_details, **ACTOR_AND_NOW)
        == row
    )
    confirm_certificate(certificate_id=row.pk, **ACTOR_AND_NOW)

    row.refresh_from_db()
    assert (valid_certificates(), row.stars, row.state_reason) == ([row], 3, "")
    assert list(tea.certificates.all()) == [row]
    assert [change.action.partition(".")[2] for change in Change.objects.of_row(row).oldest_first()] == [
        *("submitted", "returned", "submitted", "confirmed"),
    ]
    notifications = Notification.objects.filter(recipient=seller.email).order_by("pk")
    assert ["Ảnh bị mờ" in notification.text for notification in notifications] == [True, False]
    remove_certificate(cooperative=seller, certificate_id=row.pk, **ACTOR_AND_NOW)
    assert valid_certificates() == []


def make_confirmed(seller: Cooperative, **fields: object) -> Certificate:
    row = submit_certificate(cooperative=seller, details=details(**fields), **ACTOR_AND_NOW)
    confirm_certificate(certificate_id=row.pk, **ACTOR_AND_NOW)
    return row


def test_confirmed_certificate_stays_on_display_while_its_changes_wait() -> None:
    seller = make_seller("HTX Thiên An")
    tea, jam = make_product(seller, name="Trà"), make_product(seller, name="Mứt")
    row = make_confirmed(seller, product_ids=[tea.pk])

    changed = details(number="13", stars=5, product_ids=[jam.pk])
    proposal = change_certificate(cooperative=seller, certificate_id=row.pk, details=changed, **ACTOR_AND_NOW)

    assert valid_numbers() == [(row.pk, "12/QĐ-UBND", 4)]
    assert list(Certificate.objects.waiting()) == [proposal]
    assert list(Certificate.objects.valid_on(DAY).filter(products=jam)) == []

    confirm_certificate(certificate_id=proposal.pk, **ACTOR_AND_NOW)

    assert valid_numbers() == [(row.pk, "13", 5)]
    assert list(row.products.all()) == [jam]
    assert Certificate.objects.count() == 1
    assert [change.action.partition(".")[2] for change in Change.objects.of_row(row).oldest_first()] == [
        *("submitted", "confirmed", "confirmed"),
    ]
    assert Change.objects.of_row(proposal).get().action == "certificate.submitted"


def test_returned_changes_are_corrected_while_the_confirmed_certificate_stays() -> None:
    seller = make_seller("HTX Thiên An")
    row = make_confirmed(seller)
    keys = {"cooperative": seller, "certificate_id": row.pk, **ACTOR_AND_NOW}
    proposal = change_certificate(details=details(number="13"), **keys)

    return_certificate(certificate_id=proposal.pk, reason="Ảnh bị mờ", **ACTOR_AND_NOW)
    again = change_certificate(details=details(number="14"), **keys)

    assert (again.pk, again.number, again.state, again.state_reason) == (
        *(proposal.pk, "14", CertificateState.IN_REVIEW),
        "",
    )
    assert valid_numbers() == [(row.pk, "12/QĐ-UBND", 4)]
    remove_certificate(cooperative=seller, certificate_id=again.pk, **ACTOR_AND_NOW)
    assert valid_numbers() == [(row.pk, "12/QĐ-UBND", 4)]


def test_certificate_that_changed_since_it_was_opened_is_not_decided() -> None:
    seller = make_seller("HTX Thiên An")
    row = submit_certificate(cooperative=seller, details=details(), **ACTOR_AND_NOW)
    Certificate.objects.update(submitted_at=NOW + datetime.timedelta(minutes=1))

    with assert_refused(ChangedSinceOpened, "changed_since_opened"):
        confirm_certificate(certificate_id=row.pk, seen_submitted_at=NOW, **ACTOR_AND_NOW)
    with assert_refused(ChangedSinceOpened, "changed_since_opened"):
        return_certificate(certificate_id=row.pk, reason="Mờ", seen_submitted_at=NOW, **ACTOR_AND_NOW)


def test_certificate_is_valid_from_issue_day_to_expiry_day() -> None:
    seller = make_seller()
    ends, begins = DAY - datetime.timedelta(days=1), DAY + datetime.timedelta(days=1)
    for fields in ({"expires_on": ends}, {"issued_on": begins}, {"expires_on": DAY}, {"issued_on": DAY}):
        row = submit_certificate(cooperative=seller, details=details(**fields), **ACTOR_AND_NOW)
        confirm_certificate(certificate_id=row.pk, **ACTOR_AND_NOW)

    assert [(row.issued_on.day, row.expires_on) for row in valid_certificates()] == [
        (1, DAY),
        (24, datetime.date(2028, 12, 31)),
    ]


def test_invalid_and_foreign_certificates_are_refused() -> None:
    seller, other = make_seller(), make_seller("HTX Khác")
    foreign = make_product(other)
    row = submit_certificate(cooperative=other, details=details(), **ACTOR_AND_NOW)
    day_before = datetime.date(2025, 12, 31)

    with assert_refused(MissingStars, "missing_stars"):
        submit_certificate(cooperative=seller, details=details(stars=None), **ACTOR_AND_NOW)
    with assert_refused(ExpiryBeforeIssue, "expiry_before_issue"):
        submit_certificate(cooperative=seller, details=details(expires_on=day_before), **ACTOR_AND_NOW)
    for action in (
        lambda: submit_certificate(
            cooperative=seller, details=details(product_ids=[foreign.pk]), **ACTOR_AND_NOW
        ),
        lambda: change_certificate(
            cooperative=seller, certificate_id=row.pk, details=details(number="9"), **ACTOR_AND_NOW
        ),
        lambda: remove_certificate(cooperative=seller, certificate_id=row.pk, **ACTOR_AND_NOW),
    ):
        with assert_refused(Missing, "missing"):
            action()
    with assert_refused(ReasonRequired, "reason_required"):
        return_certificate(certificate_id=row.pk, reason=" ", **ACTOR_AND_NOW)
    plain = submit_certificate(
        cooperative=seller, details=details(kind=CertificateKind.VIETGAP), **ACTOR_AND_NOW
    )
    assert plain.stars is None  # only OCOP has stars
