"""Photos of place, people and households: uploaded, described and removed by managers, seen by buyers."""

from __future__ import annotations

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from cooperatives.models import Producer, Role
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Change, Picture
from tests.factories import make_member, make_seller
from tests.markup import html_of
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db


def photo() -> SimpleUploadedFile:
    content = io.BytesIO()
    Image.new("RGB", (60, 80), "white").save(content, "JPEG")
    return SimpleUploadedFile("nha.jpg", content.getvalue(), "image/jpeg")


def alternative_texts(client: Client, seller) -> list[str]:
    page = html_of(client.get(f"/hop-tac-xa/{seller.slug}/")).partition("<main")[2].partition("</main>")[0]
    return [text for text in re.findall(r'<img[^>]+alt="([^"]*)"', page) if text]


@pytest.mark.parametrize(("kind", "column"), [("noi", "cover"), ("nguoi", "portrait")])
def test_photo_is_shown_with_its_text_until_it_is_removed(manager, seller, kind, column) -> None:
    type(seller).objects.filter(pk=seller.pk).update(story="Thêu từ nhỏ.")
    address = f"/xa-vien/gian-hang/anh/{kind}/"

    manager.post(address, {"photo": photo(), "alt": "  Sáu chị  ngồi thêu "})
    uploaded = Picture.objects.get()
    shown = alternative_texts(manager, seller)
    manager.post(address, {"alt": "Nhà sàn"})
    described = alternative_texts(manager, seller)
    manager.post(f"{address}bo/")

    assert (shown, described) == (["Sáu chị ngồi thêu"], ["Nhà sàn"])
    assert Picture.objects.get() == uploaded
    seller.refresh_from_db()
    assert getattr(seller, column) is None
    assert alternative_texts(manager, seller) == []
    assert Change.objects.filter(action="cooperative.picture_changed").count() == 3


def test_photo_of_a_household_is_shown_only_while_it_consents(manager, seller) -> None:
    household = Producer.objects.create(cooperative=seller, name="Hộ bà Triệu")

    manager.post(f"/xa-vien/gian-hang/ho/{household.pk}/anh/", {"photo": photo(), "alt": "Bà Triệu"})
    before = alternative_texts(manager, seller)
    Producer.objects.filter(pk=household.pk).update(agreed_on=vietnam_date(timezone.now()))
    after = alternative_texts(manager, seller)
    manager.post(f"/xa-vien/gian-hang/ho/{household.pk}/anh/bo/")

    assert (before, after) == ([], ["Bà Triệu"])
    assert alternative_texts(manager, seller) == []


def test_photo_is_kept_while_its_text_is_missing(manager, seller) -> None:
    invalid = manager.post("/xa-vien/gian-hang/anh/noi/", {"photo": photo(), "alt": ""})
    key = invalid.context["kept_pictures"][0].key

    manager.post("/xa-vien/gian-hang/anh/noi/", {"kept": key, "alt": "Nhà sàn"})

    assert f"/xa-vien/anh-giu/{key}/" in html_of(invalid)
    seller.refresh_from_db()
    assert seller.cover == Picture.objects.get()


def test_new_photo_is_required_and_nothing_is_removed_without_one(manager, seller) -> None:
    before = all_rows()

    form = manager.post("/xa-vien/gian-hang/anh/noi/", {"alt": "Nhà sàn"}).context["form"]
    removal = manager.post("/xa-vien/gian-hang/anh/noi/bo/")

    assert list(form.errors) == ["photo"]
    assert removal.status_code == 404
    assert all_rows() == before


@pytest.mark.parametrize("suffix", ["", "bo/"])
def test_foreign_households_and_unknown_kinds_are_not_found(manager, seller, suffix) -> None:
    foreign = Producer.objects.create(cooperative=make_seller("HTX khác"), name="Hộ khác")
    before = all_rows()

    statuses = [
        manager.post(f"/xa-vien/gian-hang/{path}/{suffix}", {"photo": photo(), "alt": "A"}).status_code
        for path in (f"ho/{foreign.pk}/anh", "ho/999999/anh", "anh/ho", "anh/x")
    ]

    assert statuses == [404] * 4
    assert all_rows() == before


@pytest.mark.parametrize("role", [Role.LISTER, Role.PACKER])
def test_only_managers_change_photos(client, seller, role) -> None:
    client.force_login(make_member(seller, role))
    before = all_rows()

    statuses = [
        client.post(f"/xa-vien/gian-hang/anh/noi/{suffix}", {"photo": photo(), "alt": "A"}).status_code
        for suffix in ("", "bo/")
    ]

    assert statuses == [403, 403]
    assert all_rows() == before
