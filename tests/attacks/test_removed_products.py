"""A removed product behaves like a missing one: it cannot be listed, opened or changed."""

from __future__ import annotations

import pytest
from django.test import Client

from catalog.actions.products.delete_products import delete_product
from catalog.models import Listing, Product
from catalog.states import ListingState
from cooperatives.models import Certificate, CertificateKind, Cooperative
from cooperatives.states import CertificateState
from shop.api.ids import global_id
from shop.core.actors import Actor
from tests.factories import NOW, make_admin, make_member, make_order, make_product, make_seller
from tests.markup import html_of
from tests.refusals import all_rows
from tests.shop.api.client import data_of
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db
ADMIN = "/quan-tri/du-lieu/catalog"


@pytest.fixture
def cooperative() -> Cooperative:
    return make_seller("HTX Thiên An")


@pytest.fixture
def removed(cooperative: Cooperative) -> Product:
    """Return a removed product that was sold once, so its row remains."""
    product = make_product(cooperative, name="Gừng tươi")
    make_order((product.variants.get(), 1))
    delete_product(cooperative=cooperative, product_id=product.pk, actor=Actor.system(), now=NOW)
    return Product.objects.get(pk=product.pk)


@pytest.fixture
def member(client: Client, cooperative: Cooperative) -> Client:
    client.force_login(make_member(cooperative))
    return client


def test_members_neither_see_nor_change_it(member: Client, removed: Product) -> None:
    listing = Listing.objects.get(product=removed)
    page = f"/xa-vien/hang/{listing.pk}/"
    variant = removed.variants.get().pk
    before = all_rows()

    lists = [member.get(f"/xa-vien/hang/{query}") for query in ("", "?state=withdrawn", "?q=gung")]
    stock = member.get("/xa-vien/kho/")
    opened = [member.get(f"{page}{part}").status_code for part in ("", "mo-ta/", "anh/", f"loai/{variant}/")]
    statuses = [
        member.post(f"{page}{part}", {"name": "Khác", "price": "1"}).status_code
        for part in (
            "",
            "mo-ta/",
            "mo-lai/",
            "gui-duyet/",
            "ban-tiep/",
            "loi/en/",
            "loai/",
            f"loai/{variant}/",
        )
    ]

    assert {response.status_code for response in lists} == {200}
    assert not any("Gừng tươi" in html_of(response) for response in [*lists, stock])
    assert set(opened) <= {404, 405}
    assert set(statuses) <= {404, 405}
    assert all_rows() == before


def test_certificate_does_not_name_it(
    member: Client, client: Client, cooperative: Cooperative, removed: Product
) -> None:
    papers = Certificate.objects.create(
        cooperative=cooperative, kind=CertificateKind.VIETGAP, state=CertificateState.CONFIRMED
    )
    papers.products.add(removed, make_product(cooperative, name="Nghệ vàng", state=ListingState.DRAFT))

    stall = html_of(member.get("/xa-vien/gian-hang/"))
    public = html_of(Client().get(f"/hop-tac-xa/{cooperative.slug}/"))
    papers.state = CertificateState.IN_REVIEW
    papers.save()
    client.force_login(make_admin())
    desk = html_of(client.get("/quan-tri/giay-chung-nhan/"))

    assert "Gừng tươi" not in stall + public + desk
    assert "Nghệ vàng" in stall
    assert "Nghệ vàng" in desk
    assert "VietGAP" in public
    assert "Nghệ vàng" not in public


def test_desk_and_admin_do_not_find_it(client: Client, removed: Product) -> None:
    client.force_login(make_admin())
    listing, variant = Listing.objects.get(product=removed), removed.variants.get()

    lists = [html_of(client.get(path)) for path in ("/quan-tri/hang/?state=withdrawn", "/quan-tri/hang/")]
    responses = [
        client.get(path).status_code
        for path in (
            f"/quan-tri/hang/{listing.pk}/",
            f"/quan-tri/hang/{listing.pk}/loi/en/",
            f"{ADMIN}/product/{removed.pk}/change/",
            f"{ADMIN}/variant/{variant.pk}/change/",
        )
    ]
    published = client.post(f"/quan-tri/hang/{listing.pk}/dang-ban/")

    assert not any("Gừng tươi" in page for page in lists)
    assert responses[:2] == [404, 404]
    assert set(responses[2:]) <= {302, 404}  # Django's admin leads back to its list
    assert published.status_code == 404
    assert "Gừng tươi" not in html_of(client.get(f"{ADMIN}/product/"))


def test_public_pages_and_sitemaps_do_not_find_it(removed: Product) -> None:
    for path in (f"/san-pham/{removed.slug}/", "/san-pham/gung-tuoi/"):
        assert Client().get(path).status_code == 404
    for path in ("/san-pham/", "/tim/?q=gung+tuoi", "/sitemap-products.xml"):
        assert removed.slug not in html_of(Client().get(path))


def test_api_answers_as_for_a_missing_product(removed: Product) -> None:
    query = """query($product: ID!, $variant: ID!) {
      product(id: $product) { id } productVariant(id: $variant) { id } }"""
    names = {
        "product": global_id("Product", removed.pk),
        "variant": global_id("ProductVariant", removed.variants.get().pk),
    }

    assert data_of(query, token_of(make_admin()), **names) == {"product": None, "productVariant": None}
    assert data_of(query, **names) == {"product": None, "productVariant": None}
