"""The applicant sends documents on the phone; the desk opens them beside the facts that they prove."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from playwright.sync_api import Page, expect

from cooperatives.models import ApplicationDocument, Cooperative, DocumentKind, Role
from cooperatives.states import CooperativeState, DocumentState
from shop.accounts.staff.permissions import Permission
from shop.core.images.picture_headers import read_header
from shop.core.models import Change
from tests.cooperatives.test_application_documents import open_files, photo
from tests.factories import (
    COMPLETE_APPLICATION,
    PASSWORD,
    accept_all_documents,
    make_admin,
    make_channel,
    make_cooperative,
    make_member,
    make_staff,
    send_document,
)
from tests.markup import html_of

pytestmark = pytest.mark.django_db
FORM = "/xa-vien/ho-so/giay/registration/"


@pytest.fixture
def applicant() -> Cooperative:
    return make_cooperative(state=CooperativeState.APPLIED, **COMPLETE_APPLICATION)


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def upload(name: str, content: bytes) -> dict[str, SimpleUploadedFile]:
    return {"registration-pages": SimpleUploadedFile(name, content)}


def test_manager_sends_and_sees_their_document(applicant: Cooperative) -> None:
    manager = signed_in(make_member(applicant))
    assert "Còn một bước nữa" in html_of(manager.get("/xa-vien/ho-so/"))

    manager.post(FORM, upload("giay.pdf", b"%PDF-1.7 giay"))

    document = applicant.documents.get()
    assert (document.kind, document.state) == (DocumentKind.REGISTRATION, DocumentState.IN_REVIEW)
    file = manager.get(f"/xa-vien/ho-so/tep/{document.files.get().pk}/")
    assert (file.content, file.headers["Content-Type"]) == (b"%PDF-1.7 giay", "application/pdf")
    assert (file.headers["Cache-Control"], file.headers["X-Content-Type-Options"]) == (
        "private, no-store",
        "nosniff",
    )


def test_other_file_is_refused_beside_its_field(applicant: Cooperative) -> None:
    manager = signed_in(make_member(applicant))

    page = html_of(manager.post(FORM, upload("giay.svg", b"<svg/>")))

    assert "Hãy gửi ảnh (JPEG, PNG hoặc WebP) hoặc tệp PDF." in page
    assert not ApplicationDocument.objects.exists()


def test_returned_document_shows_its_reason(applicant: Cooperative) -> None:
    send_document(applicant)
    applicant.documents.update(state=DocumentState.RETURNED, state_reason="Ảnh bị mờ")

    page = html_of(signed_in(make_member(applicant)).get("/xa-vien/ho-so/"))

    assert "Ảnh bị mờ" in page


@pytest.mark.parametrize("visitor", ["foreign manager", "packer", "guest"])
def test_others_neither_send_nor_see_documents(applicant: Cooperative, visitor: str) -> None:
    document = send_document(applicant)
    foreign = make_cooperative("HTX Khác", state=CooperativeState.APPLIED)
    people = {"foreign manager": (foreign, Role.MANAGER), "packer": (applicant, Role.PACKER)}
    client = signed_in(make_member(*people[visitor])) if visitor in people else Client()

    seen_response = client.get(f"/xa-vien/ho-so/tep/{document.files.get().pk}/")
    client.post(FORM, upload("giay.pdf", b"%PDF-1.7"))

    assert seen_response.status_code == (302 if visitor == "guest" else 404)
    document.refresh_from_db()
    assert document.files.get().size == len(b"%PDF-1.7 giay")


def test_kind_that_is_not_needed_is_missing(applicant: Cooperative) -> None:
    manager = signed_in(make_member(applicant))

    answers = [manager.post(f"/xa-vien/ho-so/giay/{kind}/", {}) for kind in ("food_safety", "x")]

    assert [answer.status_code for answer in answers] == [404, 404]


def test_desk_shows_pdfs_in_a_frame_and_goes_on_with_the_next_document(applicant: Cooperative) -> None:
    first, second = (
        send_document(applicant, kind) for kind in (DocumentKind.REGISTRATION, DocumentKind.BANK_ACCOUNT)
    )
    staff = signed_in(make_staff(Permission.MANAGE_STAFF))
    address = f"/quan-tri/hop-tac-xa/{applicant.pk}/"
    page = f"{address}giay/{first.pk}/"
    file_url = f"{address}tep/{first.files.get().pk}/"
    before = html_of(staff.get(page))
    pressed = html_of(staff.get(f"{page}?mo={first.files.get().pk}"))
    file = staff.get(file_url)
    decision = {"seen_submitted_at": staff.get(page).context["seen_submitted_at"]}

    response = staff.post(f"{page}nhan/", decision)

    assert (file_url in before, f'src="{file_url}#navpanes=0' in pressed) == (False, True)
    assert ('button-wide" disabled' in before, 'button-wide" disabled' in pressed) == (True, False)
    assert ("Chưa mở" in before, "Chưa mở" in html_of(staff.get(page))) == (True, False)
    assert (file["X-Frame-Options"], "frame-ancestors 'self'" in file["Content-Security-Policy"]) == (
        "SAMEORIGIN",
        True,
    )
    assert response.url == f"{address}giay/{second.pk}/"
    assert "Tiếp theo: giấy tờ tài khoản ngân hàng" in before


def test_desk_opens_accepts_and_approves(applicant: Cooperative) -> None:
    make_channel()
    accept_all_documents(applicant)
    document = applicant.documents.get(kind=DocumentKind.BANK_ACCOUNT)
    send_document(applicant, DocumentKind.BANK_ACCOUNT, files=(photo(),))
    staff = signed_in(make_staff(Permission.MANAGE_STAFF, first_name="Mai"))
    address = f"/quan-tri/hop-tac-xa/{applicant.pk}/"
    page = html_of(staff.get(f"{address}giay/{document.pk}/"))
    assert "LY THI NHUNG" in page
    decision = {"seen_submitted_at": staff.get(f"{address}giay/{document.pk}/").context["seen_submitted_at"]}

    refused = html_of(staff.post(f"{address}giay/{document.pk}/nhan/", decision, follow=True))
    assert "Hãy mở xem mọi tệp" in refused
    assert "giấy tờ tài khoản ngân hàng" in html_of(
        staff.post(f"{address}tra-loi/", {"answer": "approved"}, follow=True)
    )
    file = document.files.get()
    assert staff.get(f"{address}tep/{file.pk}/").content == photo()
    staff.post(f"{address}giay/{document.pk}/nhan/", decision)
    staff.post(f"{address}tra-loi/", {"answer": "approved"})

    applicant.refresh_from_db()
    assert applicant.state == CooperativeState.APPROVED
    opened = Change.objects.get(action="document.opened", key=str(file.pk))
    assert (opened.actor_name, opened.entry_point) == ("Mai", "desk")
    assert "Mở xem giấy tờ" in html_of(staff.get(address))


def test_desk_sends_a_document_back(applicant: Cooperative) -> None:
    document = send_document(applicant)
    staff = signed_in(make_admin())
    address = f"/quan-tri/hop-tac-xa/{applicant.pk}/giay/{document.pk}/"

    for seen in ("2026-13-01T00:00:00", ""):
        staff.post(f"{address}tra-lai/", {"seen_submitted_at": seen, "reason": "Mờ"})
        document.refresh_from_db()
        assert document.state == DocumentState.IN_REVIEW
    staff.post(
        f"{address}tra-lai/",
        {"seen_submitted_at": staff.get(address).context["seen_submitted_at"], "reason": "Mờ"},
    )

    document.refresh_from_db()
    assert (document.state, document.state_reason) == (DocumentState.RETURNED, "Mờ")


def test_documents_are_open_only_to_staff_with_the_right(applicant: Cooperative) -> None:
    document = send_document(applicant)
    others = (make_staff(Permission.MANAGE_PRODUCTS), make_member(make_cooperative("HTX Khác")))
    address = f"/quan-tri/hop-tac-xa/{applicant.pk}/"
    pages = [f"{address}giay/{document.pk}/", f"{address}tep/{document.files.get().pk}/"]

    answers = [signed_in(person).get(page).status_code for person in others for page in pages]

    assert answers == [404] * 4
    assert not Change.objects.filter(action="document.opened").exists()


@pytest.mark.django_db(transaction=True)
def test_photo_is_shrunk_on_the_phone_and_a_pdf_is_not(
    phone: Page, applicant: Cooperative, tmp_path: Path
) -> None:
    Image.new("RGB", (4000, 3000), "darkgreen").save(tmp_path / "giay.png")
    (tmp_path / "giay.pdf").write_bytes(b"%PDF-1.7 giay")
    user = make_member(applicant)
    phone.goto("/xa-vien/ho-so/")
    phone.locator("#id_name").fill(user.email)
    phone.locator("#id_password").fill(PASSWORD)
    phone.locator("#id_password").press("Enter")

    section = phone.locator("#registration")
    section.locator("input[type=file]").set_input_files([tmp_path / "giay.png", tmp_path / "giay.pdf"])
    section.locator("button").click()

    expect(phone.get_by_text("Đã gửi giấy tờ.")).to_be_visible(timeout=30_000)
    document = applicant.documents.get()
    assert [row.content_type for row in document.files.order_by("sort_order")] == [
        "image/jpeg",
        "application/pdf",
    ]
    picture, pdf = open_files(document)
    (tmp_path / "sent.jpg").write_bytes(picture)
    with (tmp_path / "sent.jpg").open("rb") as sent:
        header = read_header(sent)
    assert (header.width, header.height, pdf) == (2400, 1800, b"%PDF-1.7 giay")
