"""Documents of an application: sent privately, opened on record, accepted or sent back, deleted when due."""

from __future__ import annotations

import datetime
import io

import pytest
from PIL import Image

from cooperatives.actions.application_documents import (
    ApplicationDecided,
    DocumentNotOpened,
    DocumentUnreadable,
    accept_document,
    delete_due_documents_task,
    open_document_file,
    required_kinds,
    return_document,
)
from cooperatives.actions.cooperative_lifecycle import set_cooperative_state
from cooperatives.actions.document_files import (
    MAX_DOCUMENT_BYTES,
    DocumentTooHeavy,
    NoDocumentFile,
    TooManyDocumentFiles,
    UnknownDocumentType,
)
from cooperatives.models import ApplicationDocument, DocumentFile, DocumentKind
from cooperatives.states import DOCUMENT_TRANSITIONS, CooperativeState, DocumentState
from orders.actions.privacy.anonymise import anonymise_person
from orders.actions.privacy.personal_data import read_personal_data_of_user
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import ChangedSinceOpened, Missing, ReasonRequired, Refused
from shop.core.models import Change
from shop.core.states import TransitionNotAllowed
from shop.notifications.models import Notification
from tests.factories import (
    COMPLETE_APPLICATION,
    NOW,
    accept_all_documents,
    make_admin,
    make_cooperative,
    make_member,
    make_user,
    send_document,
)
from tests.refusals import assert_refused
from tests.state_tables import unreachable_states

pytestmark = pytest.mark.django_db
STAFF = Actor.system("test")
LATER = NOW + datetime.timedelta(hours=1)
TODAY = vietnam_date(NOW)


def photo(picture_format: str = "JPEG") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (60, 80), "white").save(content, picture_format)
    return content.getvalue()


def make_applicant(state: CooperativeState = CooperativeState.APPLIED, **fields: object):
    return make_cooperative(state=state, **COMPLETE_APPLICATION, **fields)


def open_files(document: ApplicationDocument, actor: Actor = STAFF) -> list[bytes]:
    files = document.files.order_by("sort_order")
    keys = {"cooperative_id": document.cooperative_id, "actor": actor, "now": NOW}
    return [open_document_file(file_id=file.pk, **keys).content for file in files]


def decide(action, document: ApplicationDocument, *, seen_submitted_at=NOW, **arguments) -> None:
    keys = {"cooperative_id": document.cooperative_id, "document_id": document.pk}
    action(seen_submitted_at=seen_submitted_at, actor=STAFF, now=NOW, **keys, **arguments)
    document.refresh_from_db()


def test_food_safety_certificate_is_needed_only_by_who_makes_food() -> None:
    assert DocumentKind.FOOD_SAFETY not in required_kinds(make_applicant(is_food_producer=False))
    assert required_kinds(make_applicant(is_food_producer=True)) == list(DocumentKind)


def test_files_are_stored_encrypted_and_read_back() -> None:
    contents = (photo(), photo("PNG"), photo("WEBP"), b"%PDF-1.7 giay")

    document = send_document(make_applicant(), files=contents)

    rows = list(document.files.order_by("sort_order"))
    types = ["image/jpeg", "image/png", "image/webp", "application/pdf"]
    assert [(row.content_type, row.size) for row in rows] == list(zip(types, map(len, contents), strict=True))
    assert all(content not in bytes(row.content) for row, content in zip(rows, contents, strict=True))
    assert open_files(document) == list(contents)


@pytest.mark.parametrize(
    ("files", "refusal"),
    [
        ((), NoDocumentFile),
        ((b"%PDF-1",) * 7, TooManyDocumentFiles),
        (
            (b"%PDF-" + b"0" * (MAX_DOCUMENT_BYTES // 2), b"%PDF-" + b"0" * (MAX_DOCUMENT_BYTES // 2)),
            DocumentTooHeavy,
        ),
        ((b"<svg onload=alert(1)>",), UnknownDocumentType),
        ((b"\xff\xd8 no photo",), UnknownDocumentType),
        ((b"GIF89a" + b"\x01\x00\x01\x00" + b"\x00" * 40,), UnknownDocumentType),
        ((b"",), UnknownDocumentType),
    ],
)
def test_other_files_are_refused(files: tuple[bytes, ...], refusal: type[Refused]) -> None:
    cooperative = make_applicant()
    user = make_user()

    with assert_refused(refusal, refusal.code):
        send_document(cooperative, files=files, user=user)


@pytest.mark.parametrize("state", ["approved", "suspended", "rejected"])
def test_documents_of_a_decided_application_do_not_change(state: str) -> None:
    document = send_document(make_applicant())
    cooperative, user = document.cooperative, make_user()
    type(cooperative).objects.update(state=state)

    with assert_refused(ApplicationDecided, "application_decided"):
        send_document(cooperative, user=user)
    for action, arguments in ((accept_document, {}), (return_document, {"reason": "mờ"})):
        with assert_refused(ApplicationDecided, "application_decided"):
            decide(action, document, **arguments)


def test_opening_is_recorded_and_needed_before_acceptance() -> None:
    document = send_document(make_applicant(), files=(photo(), b"%PDF-1.7"))
    with assert_refused(DocumentNotOpened, "document_not_opened"):
        decide(accept_document, document)
    first = document.files.order_by("sort_order")[0]
    keys = {"cooperative_id": document.cooperative_id, "file_id": first.pk, "now": NOW}
    open_document_file(actor=STAFF, **keys)
    open_files(document, make_admin().as_actor("desk"))
    with assert_refused(DocumentNotOpened, "document_not_opened"):
        decide(accept_document, document)

    open_files(document)
    decide(accept_document, document)

    assert document.state == DocumentState.ACCEPTED
    opened = Change.objects.of_row_and_parts(document.cooperative).filter(action="document.opened")
    assert opened.count() == 5
    assert opened.first().data == {"kind": "registration"}


def test_document_is_sent_back_with_a_reason_and_sent_again() -> None:
    document = send_document(make_applicant())
    with assert_refused(ReasonRequired, "reason_required"):
        decide(return_document, document, reason=" ")

    decide(return_document, document, reason=" Ảnh mờ ")

    assert (document.state, document.state_reason) == (DocumentState.RETURNED, "Ảnh mờ")
    notice = Notification.objects.get()
    assert notice.recipient == document.cooperative.email
    assert "Ảnh mờ" in notice.text
    open_files(document)
    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        decide(accept_document, document)

    first_file = document.files.get()
    send_document(document.cooperative, files=(photo(),), now=LATER)
    document.refresh_from_db()
    assert (document.state, document.state_reason) == (DocumentState.IN_REVIEW, "")
    assert document.files.get().pk != first_file.pk
    with assert_refused(ChangedSinceOpened, "changed_since_opened"):
        decide(accept_document, document)
    with assert_refused(DocumentNotOpened, "document_not_opened"):
        decide(accept_document, document, seen_submitted_at=LATER)


def test_every_state_of_a_document_is_reachable() -> None:
    assert unreachable_states(DOCUMENT_TRANSITIONS, first=DocumentState.IN_REVIEW) == set()
    assert set(DOCUMENT_TRANSITIONS) == set(DocumentState.values)


def test_foreign_documents_are_missing() -> None:
    document = send_document(make_applicant())
    other = make_cooperative("HTX Khác", state=CooperativeState.APPLIED)
    keys = {"cooperative_id": other.pk, "actor": STAFF, "now": NOW}

    with assert_refused(Missing, "missing"):
        open_document_file(file_id=document.files.get().pk, **keys)
    with assert_refused(Missing, "missing"):
        accept_document(document_id=document.pk, seen_submitted_at=NOW, **keys)


def test_file_under_another_key_says_so() -> None:
    document = send_document(make_applicant())
    DocumentFile.objects.update(content=b"damaged")

    with assert_refused(DocumentUnreadable, "document_unreadable"):
        open_files(document)


@pytest.mark.parametrize(
    ("new_state", "days"),
    [
        (CooperativeState.NEEDS_MORE, 180),
        (CooperativeState.REJECTED, 30),
        (CooperativeState.APPROVED, None),
    ],
)
def test_decision_sets_how_long_documents_stay(new_state: CooperativeState, days: int | None) -> None:
    cooperative = make_applicant()
    accept_all_documents(cooperative)

    set_cooperative_state(
        cooperative_id=cooperative.pk, new_state=new_state, reason="vì vậy", actor=STAFF, now=NOW
    )

    kept_until = days and TODAY + datetime.timedelta(days=days)
    assert set(cooperative.documents.values_list("delete_on", flat=True)) == {kept_until}


def test_due_documents_are_deleted() -> None:
    due = send_document(make_applicant())
    kept_document = send_document(make_cooperative("HTX Khác", state=CooperativeState.APPLIED))
    ApplicationDocument.objects.filter(pk=due.pk).update(delete_on=TODAY - datetime.timedelta(days=30))
    ApplicationDocument.objects.filter(pk=kept_document.pk).update(delete_on=None)

    delete_due_documents_task()

    assert list(ApplicationDocument.objects.all()) == [kept_document]
    assert list(DocumentFile.objects.values_list("document", flat=True)) == [kept_document.pk]
    assert Change.objects.filter(action="document.deleted").count() == 1


def test_personal_data_names_the_documents_a_person_sent() -> None:
    user = make_user()
    send_document(make_applicant(), files=(b"%PDF-1.7",), user=user)

    rows = read_personal_data_of_user(user.pk)["documents"]

    assert [(row["kind"], row["files__content_type"], row["files__size"]) for row in rows] == [
        ("registration", "application/pdf", 8)
    ]


def test_anonymised_applicant_takes_the_documents_along() -> None:
    cooperative = make_applicant()
    user = make_member(cooperative)
    send_document(cooperative, user=user)

    anonymise_person(user_id=user.pk, actor=STAFF, now=NOW)

    assert not ApplicationDocument.objects.exists()


def test_approved_cooperative_keeps_its_papers_but_no_card_of_an_anonymised_person() -> None:
    cooperative = make_applicant()
    user = make_member(cooperative)
    make_member(cooperative)
    for kind in required_kinds(cooperative):
        send_document(cooperative, kind, user=user)
    type(cooperative).objects.update(state=CooperativeState.APPROVED)

    anonymise_person(user_id=user.pk, actor=STAFF, now=NOW)

    assert set(cooperative.documents.values_list("kind", "submitted_by")) == {
        ("registration", None),
        ("bank_account", None),
    }
