"""The cooperative's profile as members edit it and buyers read it."""

from __future__ import annotations

import datetime
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from cooperatives.models import Certificate, Producer
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Change, Picture
from shop.members.kept_pictures import keep_pictures
from tests.factories import make_admin, make_product, make_seller
from tests.markup import html_of
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db


def photo() -> SimpleUploadedFile:
    content = io.BytesIO()
    Image.new("RGB", (60, 80), "white").save(content, "JPEG")
    return SimpleUploadedFile("giay.jpg", content.getvalue(), "image/jpeg")


def page_of(client: Client, seller) -> str:
    return html_of(client.get(f"/hop-tac-xa/{seller.slug}/"))


def test_story_is_shown_on_the_profile(manager, seller) -> None:
    manager.post("/xa-vien/gian-hang/", {"summary": " Gối,  khăn ", "story": "Thêu từ nhỏ.\n\nNhồi lá."})

    seller.refresh_from_db()
    assert (seller.summary, seller.story) == ("Gối, khăn", "Thêu từ nhỏ.\n\nNhồi lá.")
    assert "<p>Thêu từ nhỏ.</p>" in page_of(manager, seller)
    assert Change.objects.filter(action="cooperative.profile_changed", root_key=str(seller.pk)).count() == 1


def test_household_is_named_only_while_it_consents(manager, seller) -> None:
    form = {"name": "Hộ bà Triệu", "products_made": "khăn thêu", "place": "Nà Ít", "phone": "0987 654 321"}
    manager.post("/xa-vien/gian-hang/ho/", form)
    row = Producer.objects.get(cooperative=seller)
    assert (row.agreed_on, row.phone) == (None, "+84987654321")
    assert "Hộ bà Triệu" not in page_of(manager, seller)
    product = make_product(seller, name="Khăn")
    type(product).objects.filter(pk=product.pk).update(producer=row)
    assert "Hộ bà Triệu" not in html_of(manager.get(f"/san-pham/{product.slug}/"))

    manager.post(f"/xa-vien/gian-hang/ho/{row.pk}/", {**form, "has_consent": "on"})

    row.refresh_from_db()
    assert row.agreed_on == vietnam_date(timezone.now())
    profile_page = page_of(manager, seller)
    assert "Hộ bà Triệu" in profile_page
    assert "khăn thêu" in profile_page
    assert "0987 654 321" not in profile_page
    assert "Hộ bà Triệu" in html_of(manager.get(f"/san-pham/{product.slug}/"))
    manager.post(f"/xa-vien/gian-hang/ho/{row.pk}/bo/")
    assert "Hộ bà Triệu" not in page_of(manager, seller)
    assert "Hộ bà Triệu" not in str(list(Change.objects.filter(kind="cooperatives.producer").values()))


@pytest.mark.parametrize("is_new", [True, False])
def test_forbidden_words_about_a_household_are_shown_at_the_field(manager, seller, is_new: bool) -> None:
    household = Producer.objects.create(cooperative=seller, name="Nhà bà Mùi")
    address = f"/xa-vien/gian-hang/ho/{'' if is_new else f'{household.pk}/'}"
    before = all_rows()

    response = manager.post(address, {"name": "Nhà bà Mùi", "place": "Nơi lá chữa khỏi ung thư"})

    assert list(response.context["form"].errors) == ["place"]
    assert all_rows() == before


def test_certificate_is_shown_after_review_and_until_it_expires(manager, seller) -> None:
    tea = make_product(seller, name="Trà")
    form = {
        "kind": "ocop",
        "stars": "4",
        "number": "12/QĐ-UBND",
        "issuer": "UBND tỉnh",
        "issued_on": "2026-01-01",
        "expires_on": "2099-01-01",
        "products": [str(tea.pk)],
    }
    without_photo = manager.post("/xa-vien/gian-hang/giay/", form)
    assert "Chụp hoặc chọn ảnh giấy chứng nhận." in html_of(without_photo)
    assert 'value="12/QĐ-UBND"' in html_of(without_photo)
    assert not Certificate.objects.exists()

    manager.post("/xa-vien/gian-hang/giay/", {**form, "photo": photo()})
    row = Certificate.objects.get()
    assert "12/QĐ-UBND" not in page_of(manager, seller)
    desk = Client()
    desk.force_login(make_admin())
    assert "12/QĐ-UBND" in html_of(desk.get("/quan-tri/giay-chung-nhan/"))
    desk.post(f"/quan-tri/giay-chung-nhan/{row.pk}/tra-lai/", {f"c{row.pk}-reason": "Ảnh bị mờ"})
    assert "Ảnh bị mờ" in html_of(manager.get(f"/xa-vien/gian-hang/giay/{row.pk}/"))
    manager.post(f"/xa-vien/gian-hang/giay/{row.pk}/", form)  # keeps its current photo
    (_row, _form, seen) = desk.get("/quan-tri/giay-chung-nhan/").context["certificates"][0]
    old = {"seen_submitted_at": "2026-01-01T00:00:00+00:00"}
    desk.post(f"/quan-tri/giay-chung-nhan/{row.pk}/da-xem/", old)
    assert "12/QĐ-UBND" not in page_of(Client(), seller)
    desk.post(f"/quan-tri/giay-chung-nhan/{row.pk}/da-xem/", {"seen_submitted_at": seen})

    profile_page = page_of(Client(), seller)
    assert "12/QĐ-UBND" in profile_page
    assert "hiệu lực đến 01/01/2099" in profile_page
    assert "★★★★" in html_of(Client().get(f"/san-pham/{tea.slug}/"))
    Certificate.objects.update(expires_on=vietnam_date(timezone.now()) - datetime.timedelta(days=1))
    assert "12/QĐ-UBND" not in page_of(Client(), seller)


def test_changed_certificate_waits_beside_the_confirmed_one(manager, seller) -> None:
    form = {"kind": "vietgap", "number": "7/VG", "issuer": "Sở", "issued_on": "2026-01-01"}
    manager.post("/xa-vien/gian-hang/giay/", {**form, "photo": photo()})
    row = Certificate.objects.get()
    Certificate.objects.update(state="confirmed")
    own = f"/xa-vien/gian-hang/giay/{row.pk}/"

    manager.post(own, form | {"number": "8/VG"})

    assert "7/VG" in page_of(Client(), seller)
    assert "8/VG" not in page_of(Client(), seller)
    assert 'value="8/VG"' in html_of(manager.get(own))
    assert "thay đổi: chờ duyệt" in html_of(manager.get("/xa-vien/gian-hang/"))
    desk = Client()
    desk.force_login(make_admin())
    page = html_of(desk.get("/quan-tri/giay-chung-nhan/"))
    assert "Đang hiện cho đến khi bạn xác nhận: số 7/VG" in page

    desk.post(f"/quan-tri/giay-chung-nhan/{row.proposal.pk}/da-xem/")
    assert "8/VG" in page_of(Client(), seller)
    assert "7/VG" not in page_of(Client(), seller)


def test_only_managers_of_the_cooperative_edit_its_profile(lister, seller) -> None:
    other_seller = make_seller("HTX Khác")
    row = Producer.objects.create(cooperative=other_seller, name="Hộ khác")
    assert lister.get("/xa-vien/gian-hang/").status_code == 403
    assert lister.post("/xa-vien/gian-hang/", {"story": "x"}).status_code == 403
    assert lister.get("/quan-tri/giay-chung-nhan/").status_code == 404
    from cooperatives.models import Membership

    Membership.objects.filter(cooperative=seller).update(role="manager")

    statuses = [
        lister.get(f"/xa-vien/gian-hang/ho/{row.pk}/"),
        lister.post(f"/xa-vien/gian-hang/ho/{row.pk}/bo/"),
        lister.get("/xa-vien/gian-hang/giay/999/"),
    ]

    assert [answer.status_code for answer in statuses] == [404, 404, 404]
    assert Producer.objects.filter(pk=row.pk).exists()


def test_certificate_photo_is_kept_while_other_fields_are_corrected(manager, seller) -> None:
    fields = {
        "kind": "ocop",
        "stars": "4",
        "number": "12/QĐ",
        "issuer": "UBND tỉnh",
        "issued_on": "2026-01-05",
    }
    address = "/xa-vien/gian-hang/giay/"

    invalid = manager.post(address, fields | {"issued_on": "32/13/2026", "photo": photo()})
    certificates_after_error = Certificate.objects.count()
    manager.post(address, fields | {"kept": invalid.context["kept_pictures"][0].key})

    assert list(invalid.context["form"].errors) == ["issued_on"]
    assert "Đã có ảnh" in html_of(invalid)
    assert f"/xa-vien/anh-giu/{invalid.context['kept_pictures'][0].key}/" in html_of(invalid)
    assert certificates_after_error == 0
    assert Certificate.objects.get().picture == Picture.objects.get()


def test_kept_certificate_photo_of_another_cooperative_is_ignored(manager, seller) -> None:
    picture = Picture.objects.create(original="a.jpg")
    fields = {
        "kind": "ocop",
        "stars": "4",
        "number": "12/QĐ",
        "issuer": "UBND tỉnh",
        "issued_on": "2026-01-05",
    }

    kept = keep_pictures(make_seller("HTX khác"), [picture])[0]
    response = manager.post("/xa-vien/gian-hang/giay/", fields | {"kept": kept.key})

    assert list(response.context["form"].errors) == ["photo"]
    assert not Certificate.objects.exists()
