"""Two members edit one product on its pages: what the first saved is not overwritten unseen by the second."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from catalog.models import Price, Product, ProductRevision, Variant
from catalog.states import ListingState
from cooperatives.models import Cooperative, Role
from tests.catalog.test_product_revisions import make_approved
from tests.factories import make_category, make_member, make_variant
from tests.markup import html_of
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db
SEEN = re.compile(r'<input[^>]*name="seen"[^>]*value="([^"]*)"')
TAKE = re.compile(r'name="take_current" value="([^"]*)"')


@pytest.fixture
def other(seller: Cooperative) -> Client:
    return sign_in(seller)


def sign_in(cooperative: Cooperative) -> Client:
    client = Client()
    client.force_login(make_member(cooperative, Role.LISTER))
    return client


def shown_fields(page: str, form) -> dict[str, object]:
    """Return what a browser sends if nothing is changed."""
    values = {name: form[name].value() for name in form.fields}
    shown = {name: "on" if value is True else value for name, value in values.items()}
    fields = {name: value for name, value in shown.items() if value not in (None, False)}
    seen = SEEN.search(page)
    assert seen is not None
    return fields | {"seen": unescape(seen[1])}


def open_page(client: Client, address: str) -> dict[str, object]:
    response = client.get(address)
    return shown_fields(response.content.decode(), response.context["form"])


def choose(client: Client, address: str, refusal, *, is_current_taken: bool) -> None:
    """Press one of the two buttons of a page that shows a conflict."""
    page = refusal.content.decode()
    choice = {"take_current": unescape(TAKE.search(page)[1])} if is_current_taken else {}
    response = client.post(address, shown_fields(page, refusal.context["form"]) | choice)
    assert response.status_code == 302


def details_of(seller: Cooperative) -> tuple[Product, str]:
    product = make_variant(seller, state=ListingState.DRAFT).product
    Product.objects.update(
        origin="Phủ Thông", shelf_life="3 ngày", storage="Nơi khô", description_text="Thơm\nđậm"
    )
    return product, f"/xa-vien/hang/{product.listings.get().pk}/mo-ta/"


def option_of(seller: Cooperative) -> tuple[Variant, str]:
    variant = make_variant(seller, price=320_000, unit="packet", content_grams=500, state=ListingState.DRAFT)
    return variant, f"/xa-vien/hang/{variant.product.listings.get().pk}/loai/{variant.pk}/"


@pytest.mark.parametrize(("is_current_taken", "origin"), [(False, "Yến Dương"), (True, "Bắc Kạn")])
def test_same_detail_is_asked_about_with_both_values(lister, other, seller, is_current_taken, origin) -> None:
    product, address = details_of(seller)
    category = make_category("Đồ uống")
    mine, theirs = open_page(lister, address), open_page(other, address)
    other.post(address, theirs | {"origin": "Bắc Kạn", "storage": "Tủ lạnh", "category": category.pk})
    before = all_rows()

    refusal = lister.post(
        address, mine | {"origin": "Yến Dương", "shelf_life": "5 ngày", "description": "Thơm\r\nđậm"}
    )

    page = html_of(refusal)
    assert all_rows() == before
    assert refusal.status_code == 200
    assert [(row.current, row.entered) for row in refusal.context["form"].conflicts] == [
        ("Bắc Kạn", "Yến Dương")
    ]
    assert "Trên chợ hiện nay: Bắc Kạn." in page
    assert "Bạn nhập: Yến Dương." in page
    assert refusal.context["form"]["origin"].value() == "Yến Dương"
    assert refusal.context["form"]["shelf_life"].value() == "5 ngày"
    assert refusal.context["form"]["storage"].value() == "Tủ lạnh"
    choose(lister, address, refusal, is_current_taken=is_current_taken)
    product.refresh_from_db()
    assert (product.origin, product.shelf_life) == (origin, "5 ngày")
    assert (product.storage, product.category) == ("Tủ lạnh", category)
    assert product.description_text == "Thơm\nđậm"


@pytest.mark.parametrize(("is_current_taken", "months"), [(False, [1, 2]), (True, [])])
def test_season_and_return_days_are_asked_about(lister, other, seller, is_current_taken, months) -> None:
    product, address = details_of(seller)
    Product.objects.update(season=0b111, return_days=7)
    mine, theirs = open_page(lister, address), open_page(other, address)
    other.post(address, theirs | {"months": [], "return_days": ""})

    refusal = lister.post(address, mine | {"months": ["1", "2"], "return_days": "9"})

    conflicts = [(row.current, row.entered) for row in refusal.context["form"].conflicts]
    assert conflicts == [("quanh năm", "1-2"), ("0", "9")]
    choose(lister, address, refusal, is_current_taken=is_current_taken)
    product.refresh_from_db()
    assert (product.is_all_year, product.return_days) == (not months, 0 if is_current_taken else 9)


def test_different_details_of_two_members_are_both_kept(lister, other, seller) -> None:
    product, address = details_of(seller)
    mine, theirs = open_page(lister, address), open_page(other, address)

    answers = [
        other.post(address, theirs | {"origin": "Bắc Kạn", "description": "Thơm hơn"}),
        lister.post(address, mine | {"storage": "Tủ lạnh"}),
    ]

    product.refresh_from_db()
    assert [answer.status_code for answer in answers] == [302, 302]
    assert (product.origin, product.storage) == ("Bắc Kạn", "Tủ lạnh")
    assert product.description_text == "Thơm hơn"
    assert product.description == {"blocks": [{"type": "paragraph", "data": {"text": "Thơm hơn"}}]}


def test_change_made_after_the_question_is_asked_about_again(lister, other, seller) -> None:
    product, address = details_of(seller)
    mine, theirs = open_page(lister, address), open_page(other, address)
    other.post(address, theirs | {"origin": "Bắc Kạn"})
    question = lister.post(address, mine | {"origin": "Yến Dương"})
    other.post(address, open_page(other, address) | {"origin": "Chợ Mới"})

    again = lister.post(address, shown_fields(question.content.decode(), question.context["form"]))

    assert [row.current for row in again.context["form"].conflicts] == ["Chợ Mới"]
    product.refresh_from_db()
    assert product.origin == "Chợ Mới"


def test_proposals_of_an_approved_product_are_asked_about() -> None:
    product = make_approved()
    first, second = sign_in(product.cooperative), sign_in(product.cooperative)
    address = f"/xa-vien/hang/{product.listings.get().pk}/mo-ta/"
    mine, theirs = open_page(first, address), open_page(second, address)
    second.post(address, theirs | {"name": "Lá thơm", "storage": "Nơi khô"})
    before = all_rows()

    refusal = first.post(address, mine | {"name": "Lá gối tươi"})

    assert all_rows() == before
    conflicts = [(row.current, row.entered) for row in refusal.context["form"].conflicts]
    assert conflicts == [("Lá thơm", "Lá gối tươi")]
    choose(first, address, refusal, is_current_taken=False)
    assert ProductRevision.objects.get().values == {"name": "Lá gối tươi", "storage": "Nơi khô"}


@pytest.mark.parametrize(
    ("is_current_taken", "price", "grams"), [(False, 350_000, 300), (True, 340_000, None)]
)
def test_price_and_content_are_asked_about_together(
    lister, other, seller, is_current_taken, price, grams
) -> None:
    variant, address = option_of(seller)
    mine, theirs = open_page(lister, address), open_page(other, address)
    other.post(address, theirs | {"price": "340.000", "content": "2", "measure": "l"})
    before = all_rows()

    refusal = lister.post(address, mine | {"price": "350.000", "content": "300", "label": "Đỏ"})

    assert all_rows() == before
    page = html_of(refusal).replace("\xa0", " ")
    assert "Trên chợ hiện nay: 340.000 ₫." in page
    assert "Bạn nhập: 350.000 ₫." in page
    assert "Trên chợ hiện nay: gói 2 lít." in page or "Trên chợ hiện nay: gói 2 l." in page
    assert "Bạn nhập: gói 300 g." in page
    choose(lister, address, refusal, is_current_taken=is_current_taken)
    variant.refresh_from_db()
    assert Price.objects.get().amount == price
    assert (variant.name, variant.content_grams) == ("Đỏ", grams)
    assert variant.content_ml == (2000 if is_current_taken else None)


def test_price_of_one_member_and_name_of_another_are_both_kept(lister, other, seller) -> None:
    variant, address = option_of(seller)
    mine, theirs = open_page(lister, address), open_page(other, address)
    Variant.objects.update(tolerance_percent=0)

    answers = [
        other.post(address, theirs | {"price": "340.000"}),
        lister.post(address, mine | {"label": "Đỏ"}),
    ]

    variant.refresh_from_db()
    assert [answer.status_code for answer in answers] == [302, 302]
    assert (Price.objects.get().amount, variant.name, variant.tolerance_percent) == (340_000, "Đỏ", 0)


@pytest.mark.parametrize("seen", ["", "x", "[1]", '{"price": {}}', "[" * 30_000])
def test_page_that_does_not_say_what_it_showed_is_saved(lister, seller, seen) -> None:
    variant, address = option_of(seller)

    response = lister.post(address, {"unit": "packet", "price": "330000", "label": "Đỏ", "seen": seen})

    variant.refresh_from_db()
    is_compared = "price" in seen
    assert (response.status_code, Price.objects.get().amount) == (
        (200, 320_000) if is_compared else (302, 330_000)
    )
