"""A member edits an approved product, the desk decides, and buyers see the approved version meanwhile."""

from __future__ import annotations

import pytest
from django.test import Client

from catalog.models import Listing, Product, ProductRevision
from tests.catalog.test_product_revisions import make_approved
from tests.factories import make_admin, make_member
from tests.markup import html_of

pytestmark = pytest.mark.django_db
FIELDS = {"category": "", "origin": "Bắc Kạn", "return_terms": "", "return_days": "", "description": "Thơm"}


@pytest.fixture
def product():
    return make_approved()


@pytest.fixture
def member(product):
    client = Client()
    client.force_login(make_member(product.cooperative))
    return client


@pytest.fixture
def admin(product):
    client = Client()
    client.force_login(make_admin())
    return client


def rename(member, product, name):
    listing = product.listings.get()
    form = {"name": name, **FIELDS}
    return html_of(member.post(f"/en/xa-vien/hang/{listing.pk}/mo-ta/", form, follow=True))


def decide(admin, product, noun, **fields):
    revision = ProductRevision.objects.get(product=product)
    form_values = {"seen_submitted_at": revision.submitted_at.isoformat()}
    return html_of(
        admin.post(f"/en/quan-tri/hang/thay-doi/{product.pk}/{noun}/", form_values | fields, follow=True)
    )


def test_buyers_see_the_approved_name_until_the_desk_approves(member, admin, product) -> None:
    page = rename(member, product, "Lá thơm")
    assert "Your changes are being reviewed" in page
    assert "Lá gối" in page
    assert "Lá <ins>thơm</ins>" in page

    buyer = Client()
    for path in (f"/san-pham/{product.slug}/", "/san-pham/", "/tim/?q=lá gối"):
        page = html_of(buyer.get(path))
        assert "Lá gối" in page, path
        assert "Lá thơm" not in page, path
    assert "Lá gối" in html_of(admin.get("/en/quan-tri/hang/thay-doi/"))
    page = html_of(admin.get(f"/en/quan-tri/hang/thay-doi/{product.pk}/"))
    assert page.index("<p>Lá gối</p>") < page.index("Lá <ins>thơm</ins>")

    assert "Changes approved." in decide(admin, product, "duyet")

    product.refresh_from_db()
    assert product.name == "Lá thơm"
    assert "Lá thơm" in html_of(buyer.get(f"/san-pham/{product.slug}/"))


def test_buyers_see_the_approved_name_of_an_option_until_the_desk_approves(member, admin, product) -> None:
    listing, variant = product.listings.get(), product.variants.get()
    address = f"/en/xa-vien/hang/{listing.pk}/loai/{variant.pk}/"
    price = listing.lowest_price

    page = html_of(member.post(address, {"unit": "piece", "price": price, "label": "Lá to"}, follow=True))

    variant.refresh_from_db()
    assert variant.name == ""
    assert "Your changes are being reviewed" in page
    assert "buyers see the rest once the market approves it" in page
    assert 'value="Lá to"' in html_of(member.get(address))
    assert "Lá to" in html_of(admin.get(f"/en/quan-tri/hang/thay-doi/{product.pk}/"))
    assert "Changes approved." in decide(admin, product, "duyet")
    variant.refresh_from_db()
    assert variant.name == "Lá to"


def test_member_reads_why_changes_were_returned_and_drops_them(member, admin, product) -> None:
    rename(member, product, "Lá thơm")
    decide(admin, product, "tra-lai", reason="Tên gây nhầm")
    listing = Listing.objects.get(product=product)

    page = html_of(member.get(f"/en/xa-vien/hang/{listing.pk}/"))
    assert "The market did not approve your changes:" in page
    assert "Tên gây nhầm" in page
    assert 'value="Lá thơm"' in html_of(member.get(f"/en/xa-vien/hang/{listing.pk}/mo-ta/"))

    page = html_of(member.post(f"/en/xa-vien/hang/{listing.pk}/thay-doi/huy/", follow=True))
    assert "Changes dropped." in page
    assert not ProductRevision.objects.exists()


def test_forbidden_words_stop_the_form_with_the_reason(member, product) -> None:
    page = rename(member, product, "Lá chữa khỏi ung thư")

    assert "chữa khỏi" in page
    assert 'value="Lá chữa khỏi ung thư"' in page
    assert "khoản 9 Điều 8" in page
    assert Product.objects.get(pk=product.pk).name == "Lá gối"
    assert not ProductRevision.objects.exists()


def test_desk_maintains_the_forbidden_words(admin, product) -> None:
    form = {"phrase": "thuốc tiên", "reason": "Quảng cáo như thuốc"}
    page = html_of(admin.post("/en/quan-tri/tu-cam/", form, follow=True))
    assert "<b>thuốc tiên</b>" in page
