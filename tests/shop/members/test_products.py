"""Members' products: creating one on a single page, missing legal fields, and changes."""

from __future__ import annotations

import io
import re
import uuid

import pillow_heif
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from catalog.actions.listings.listing_states import ListingIncomplete
from catalog.actions.products.variant_rows import ListPrice
from catalog.actions.products.variants import update_variant
from catalog.models import ALL_MONTHS, Listing, Price, Product, ProductMedia, Unit, Variant
from catalog.states import ListingState
from cooperatives.models import Role
from shop.core.actors import Actor
from shop.core.images.image_files import NotAPicture, PictureTooHeavy, PictureTooLarge
from shop.core.models import Change, Picture, PictureState
from tests.factories import (
    NOW,
    get_stock,
    make_category,
    make_channel,
    make_cooperative,
    make_member,
    make_product,
    make_product_type,
    make_seller,
    make_tax_class,
    make_variant,
)
from tests.markup import html_of
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db


def photo(form: str = "JPEG", name: str = "anh.jpg", size: tuple[int, int] = (40, 30)) -> SimpleUploadedFile:
    file = io.BytesIO()
    image = Image.new("RGB", size, "green")
    if form == "HEIF":
        pillow_heif.from_pillow(image).save(file)
    else:
        image.save(file, form)
    return SimpleUploadedFile(name, file.getvalue(), content_type="image/jpeg")


def product_form(**changes: object) -> dict[str, object]:
    fields = {
        "name": "Bí xanh thơm",
        "category": "",
        "product_type": make_product_type(slug="tuoi", name="Hàng tươi", is_perishable=True).pk,
        "unit": "fruit",
        "content": "2",
        "measure": "kg",
        "price": "15.000",
        "on_hand": "20",
        "origin": "Yến Dương, Thái Nguyên",
        "shelf_life": "2 tháng nơi thoáng",
        "months": ["6", "7", "8"],
        "description": "Thơm như cốm.",
        "photo": photo(),
    }
    return fields | changes


def draft(seller, **fields) -> Listing:
    return make_product(seller, state=ListingState.DRAFT, **fields).listings.get()


def test_new_product_is_drafted_from_one_page(lister, seller) -> None:
    response = lister.post("/xa-vien/hang/moi/", product_form())

    product = Product.objects.get()
    variant, listing = product.variants.get(), product.listings.get()
    assert response.url == f"/xa-vien/hang/{listing.pk}/"
    assert (product.cooperative, product.name, product.months) == (seller, "Bí xanh thơm", [6, 7, 8])
    assert (variant.unit, variant.content_grams) == ("fruit", 2000)
    assert Price.objects.get(variant=variant).amount == 15_000
    assert get_stock(variant).on_hand == 20
    assert (listing.state, listing.lowest_price) == (ListingState.DRAFT, 15_000)
    assert ProductMedia.objects.get(product=product).picture.width == 40


def test_repeated_product_is_created_once(lister) -> None:
    fields = product_form(idempotency_key=uuid.uuid4())

    urls = [lister.post("/xa-vien/hang/moi/", fields | {"photo": photo()}).url for _sent in range(2)]

    assert Product.objects.count() == 1
    assert urls[0] == urls[1]


def test_repeated_variant_is_created_once(lister, seller) -> None:
    listing = draft(seller)
    fields = {
        "idempotency_key": uuid.uuid4(),
        "unit": "piece",
        "price": "99000",
        "label": "Cỡ lớn",
        "on_hand": "3",
    }

    for _sent in range(2):
        lister.post(f"/xa-vien/hang/{listing.pk}/loai/", fields)

    assert listing.product.variants.filter(name="Cỡ lớn").count() == 1
    assert Change.objects.filter(action="variant.created").count() == 1


def test_product_gets_the_chosen_category(lister) -> None:
    category = make_category("Rau, củ, quả tươi")

    lister.post("/xa-vien/hang/moi/", product_form(category=category.pk))

    assert Product.objects.get().category == category


def test_no_chosen_month_means_all_year(lister) -> None:
    lister.post("/xa-vien/hang/moi/", product_form(months=[]))

    assert Product.objects.get().season == ALL_MONTHS


def test_product_sold_by_the_kilogram_needs_no_content(lister) -> None:
    lister.post("/xa-vien/hang/moi/", product_form(unit="kg", content="", measure="g"))

    assert Product.objects.get().variants.get().content_grams == 1000


@pytest.mark.parametrize(("entered", "tolerance"), [("", 20), ("0", 0), ("15", 15)])
def test_weighed_product_gets_an_estimate_and_a_tolerance(lister, entered, tolerance) -> None:
    lister.post(
        "/xa-vien/hang/moi/",
        product_form(content="2400", measure="g", is_sold_by_weight="on", tolerance=entered),
    )

    variant = Product.objects.get().variants.get()
    assert variant.is_sold_by_weight
    assert variant.content_grams == 2400
    assert (variant.tolerance_percent, variant.bound_grams(2)) == (tolerance, 48 * (100 + tolerance))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"content": "", "measure": "kg"}, "content"),
        ({"content": "2", "measure": "l"}, "content"),
        ({"tolerance": "101"}, "tolerance"),
        ({"tolerance": "-1"}, "tolerance"),
    ],
)
def test_weighed_product_without_weight_or_with_invalid_tolerance_is_refused(lister, wrong, field) -> None:
    response = lister.post("/xa-vien/hang/moi/", product_form(is_sold_by_weight="on", **wrong))

    assert list(response.context["form"].errors) == [field]
    assert Product.objects.count() == 0


def test_product_becomes_weighed_and_its_page_shows_it(lister, seller) -> None:
    listing = draft(seller, name="Bí xanh thơm", unit="fruit", content_grams=2400, price=36_000)
    variant = listing.product.variants.get()
    address = f"/xa-vien/hang/{listing.pk}/loai/{variant.pk}/"
    fields = {"unit": "fruit", "content": "2400", "measure": "g", "price": "36.000", "label": ""}

    lister.post(address, fields | {"is_sold_by_weight": "on", "tolerance": "10"})

    variant.refresh_from_db()
    assert variant.is_sold_by_weight
    assert variant.tolerance_percent == 10
    page = html_of(lister.get(address))
    assert re.search(r'name="is_sold_by_weight"[^>]* checked', page)
    assert 'name="tolerance" value="10"' in page


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (SimpleUploadedFile("anh.jpg", b"day khong phai anh"), NotAPicture.default_message),
        (SimpleUploadedFile("anh.jpg", b""), "Tệp ảnh này bị trống."),
        (photo("PNG", size=(7000, 7000)), PictureTooLarge.default_message),
        (SimpleUploadedFile("anh.jpg", b"\0" * (25 * 1024 * 1024 + 1)), PictureTooHeavy.default_message),
    ],
    ids=["no picture", "empty", "bomb", "too heavy"],
)
def test_invalid_picture_is_refused_and_input_is_kept(lister, file, words) -> None:
    file.seek(0)

    page = html_of(lister.post("/xa-vien/hang/moi/", product_form(photo=file)))

    assert str(words) in page
    assert 'value="Bí xanh thơm"' in page
    assert 'value="15.000"' in page
    assert "Thơm như cốm." in page
    assert Product.objects.count() == 0
    assert Picture.objects.count() == 0


def test_heic_photo_is_accepted(lister) -> None:
    lister.post("/xa-vien/hang/moi/", product_form(photo=photo("HEIF", "anh.heic")))

    assert ProductMedia.objects.get().picture.original.name.endswith(".heic")


def test_uploaded_photo_is_kept_while_other_fields_are_corrected(lister) -> None:
    page = lister.post("/xa-vien/hang/moi/", product_form(price=""))
    kept_key = page.context["kept_pictures"][0].key

    lister.post("/xa-vien/hang/moi/", product_form(photo="", kept=kept_key))

    assert Picture.objects.count() == 1
    assert ProductMedia.objects.get().picture == Picture.objects.get()


def test_several_photos_are_kept_in_their_order(lister) -> None:
    gallery = [photo(name=f"{number}.jpg", size=(40 + number, 30)) for number in range(3)]
    page = lister.post("/xa-vien/hang/moi/", product_form(photo="", gallery_photos=gallery, price=""))
    keys = [kept.key for kept in page.context["kept_pictures"]]

    lister.post("/xa-vien/hang/moi/", product_form(photo="", kept=keys))

    media = ProductMedia.objects.order_by("sort_order", "pk")
    assert [row.picture.width for row in media] == [40, 41, 42]


def test_kept_photo_is_shown_and_not_a_drawing(lister) -> None:
    page = html_of(lister.post("/xa-vien/hang/moi/", product_form(price="")))

    frame = re.search(r'class="photo-drop".*?<img[^>]+src="([^"]+)"', page)
    assert frame is not None
    shown = lister.get(frame[1])

    assert (shown.status_code, shown["Content-Type"]) == (200, "image/jpeg")
    assert shown["Cache-Control"] == "private, no-store"
    assert shown.content[:2] == b"\xff\xd8"


def test_new_photos_get_their_descriptions_in_order(lister) -> None:
    photos = [photo(name="1.jpg"), photo(name="2.jpg"), photo(name="3.jpg")]
    captions = "Bí trên giàn\r\n\r\n  Bí bổ  đôi "
    rejected_response = lister.post(
        "/xa-vien/hang/moi/", product_form(name="", photo="", gallery_photos=photos, captions=captions)
    )
    kept = [row.key for row in rejected_response.context["kept_pictures"]]

    lister.post("/xa-vien/hang/moi/", product_form(photo="", kept=kept, captions=captions))

    media = Product.objects.get().media.order_by("sort_order")
    assert [row.alt for row in media] == ["Bí trên giàn", "", "Bí bổ đôi"]


@pytest.mark.parametrize("captions", ["x" * 251, "Bí trên giàn\nBí chữa ung thư"])
def test_too_long_or_forbidden_description_of_a_photo_is_refused(lister, captions) -> None:
    response = lister.post("/xa-vien/hang/moi/", product_form(captions=captions))

    assert response.context["form"].errors.keys() == {"captions"}
    assert Product.objects.count() == 0


def test_foreign_uploaded_photo_is_ignored(lister, seller) -> None:
    kept = lister.post("/xa-vien/hang/moi/", product_form(price="")).context["kept_pictures"][0]
    stranger = Client()
    stranger.force_login(make_member(make_seller("HTX khác"), Role.LISTER))

    stranger.post("/xa-vien/hang/moi/", product_form(photo="", kept=kept.key))

    assert ProductMedia.objects.count() == 0
    assert stranger.get(f"/xa-vien/anh-giu/{kept.key}/").status_code == 404
    assert lister.get("/xa-vien/anh-giu/x/").status_code == 404


@pytest.mark.parametrize("price", ["0", "-5", "1,5", "1.50", "mười", "100.000.000", ""])
def test_invalid_price_is_refused(lister, price) -> None:
    response = lister.post("/xa-vien/hang/moi/", product_form(price=price))

    assert response.context["form"].errors.keys() == {"price"}
    assert Product.objects.count() == 0


def test_shelf_life_of_a_fresh_product_is_asked_for_at_once(lister) -> None:
    response = lister.post("/xa-vien/hang/moi/", product_form(shelf_life=""))

    assert response.context["form"].errors == {"shelf_life": ["Cho biết để được bao lâu."]}
    assert not Product.objects.exists()


def test_fresh_product_without_shelf_life_is_not_submitted(lister, seller) -> None:
    make_product_type(is_perishable=True)
    listing = draft(seller)
    listing.product.shelf_life = ""
    listing.product.save()
    address = f"/xa-vien/hang/{listing.pk}/"

    page = html_of(lister.get(address))
    lister.post(f"{address}gui-duyet/")

    listing.refresh_from_db()
    assert listing.state == ListingState.DRAFT
    assert "Hạn dùng." in page
    assert 'class="button big-action button-second"' in page


def is_optional(page: str, label: str) -> bool:
    """Return whether the field with this label is marked as optional."""
    match = re.search(rf"<label[^>]*>\s*{label}(.*?)</label>", page, re.DOTALL)
    assert match is not None
    return "không bắt buộc" in match[1]


@pytest.mark.parametrize(("is_perishable", "may_be_empty"), [(True, False), (False, True)])
def test_details_that_the_market_requires_are_not_marked_as_optional(
    lister, seller, is_perishable, may_be_empty
) -> None:
    make_product_type(is_perishable=is_perishable)
    listing = draft(seller)
    address = f"/xa-vien/hang/{listing.pk}/mo-ta/"
    with_terms = html_of(lister.get(address))
    type(seller).objects.update(return_terms="")

    pages = [html_of(lister.get(address)), html_of(lister.get("/xa-vien/hang/moi/"))]

    for page in pages:
        assert is_optional(page, "Hạn dùng") is may_be_empty
        assert not is_optional(page, "Đổi trả")
        assert is_optional(page, "Mô tả sản phẩm")
    assert is_optional(with_terms, "Đổi trả")


def test_new_product_names_the_types_that_need_a_shelf_life(lister) -> None:
    make_product_type(slug="tuoi", name="Hàng tươi", is_perishable=True)
    make_product_type(slug="det", name="Đồ dệt")

    page = html_of(lister.get("/xa-vien/hang/moi/"))
    chosen_page = html_of(lister.post("/xa-vien/hang/moi/", product_form(price="")))

    assert '<noscript><p class="hint">Bắt buộc với: Hàng tươi.</p></noscript>' in page
    assert not is_optional(page, "Hạn dùng")
    assert "Bắt buộc với" not in chosen_page
    assert not is_optional(chosen_page, "Hạn dùng")


def test_nothing_more_is_required_of_the_platforms_own_products(client) -> None:
    platform = make_seller(is_platform_seller=True, return_terms="")
    client.force_login(make_member(platform, Role.LISTER))
    make_product_type(is_perishable=True)

    page = html_of(client.get("/xa-vien/hang/moi/"))

    assert is_optional(page, "Hạn dùng")
    assert is_optional(page, "Đổi trả")


def test_product_type_is_chosen_and_not_preselected(lister) -> None:
    for slug in ("hang-kho", "hang-tuoi"):
        make_product_type(slug=slug, name=slug)

    form = lister.get("/xa-vien/hang/moi/").context["form"]
    response = lister.post("/xa-vien/hang/moi/", product_form(product_type=""))

    assert not form["product_type"].value()
    assert response.context["form"].errors == {"product_type": ["Hãy chọn loại sản phẩm."]}
    assert list(form.fields)[3:6] == ["name", "product_type", "unit"]  # errors are listed as on the page
    assert Product.objects.count() == 0


@pytest.mark.parametrize(
    ("entered", "measure", "column", "stored"),
    [
        ("1,8", "kg", "content_grams", 1800),
        ("1.8", "kg", "content_grams", 1800),
        ("0,75", "l", "content_ml", 750),
        ("2.400", "g", "content_grams", 2400),
        ("300", "g", "content_grams", 300),
        ("12", "piece", "content_count", 12),
    ],
)
def test_net_quantity_may_have_decimals(lister, entered, measure, column, stored) -> None:
    lister.post("/xa-vien/hang/moi/", product_form(content=entered, measure=measure))

    assert getattr(Product.objects.get().variants.get(), column) == stored


@pytest.mark.parametrize(
    ("entered", "measure", "text"),
    [
        ("1,5", "g", "Nhập số nguyên nếu tính theo gam, mililít hoặc cái."),
        ("1,5", "piece", "Nhập số nguyên nếu tính theo gam, mililít hoặc cái."),
        ("10.001", "kg", "Nhập tối đa 10 tấn hoặc 10.000 lít."),
        ("1,2345", "kg", "Nhập tối đa ba chữ số sau dấu phẩy, ví dụ 1,825."),
        ("0", "kg", "Nhập số lớn hơn 0, ví dụ 300 hoặc 1,8."),
        ("hai", "kg", "Nhập một số, ví dụ 300 hoặc 1,8."),
    ],
)
def test_invalid_net_quantity_is_refused(lister, entered, measure, text) -> None:
    response = lister.post("/xa-vien/hang/moi/", product_form(content=entered, measure=measure))

    assert response.context["form"].errors == {"content": [text]}
    assert Product.objects.count() == 0


def test_limits_in_error_texts_are_grouped(lister) -> None:
    response = lister.post("/xa-vien/hang/moi/", product_form(on_hand="1000001"))

    assert response.context["form"].errors == {"on_hand": ["Nhập số không quá 1.000.000."]}


def test_complete_draft_is_submitted_for_review(lister) -> None:
    lister.post("/xa-vien/hang/moi/", product_form())
    listing = Listing.objects.get()
    address = f"/xa-vien/hang/{listing.pk}/"
    draft_page = html_of(lister.get(address))

    lister.post(f"{address}gui-duyet/")

    listing.refresh_from_db()
    assert listing.state == ListingState.IN_REVIEW
    assert "Bạn cứ gửi duyệt, ảnh tự hiện khi xong." in draft_page
    assert "Ảnh tự hiện khi xong." in html_of(lister.get(address))
    Picture.objects.update(state=PictureState.READY)
    assert "tự hiện khi xong" not in html_of(lister.get(address))


def test_product_without_category_and_description_says_so(lister, seller) -> None:
    listing = draft(seller)
    Product.objects.update(category=None, description_text="")

    page = html_of(lister.get(f"/xa-vien/hang/{listing.pk}/"))

    assert "Chưa chọn: người mua chỉ thấy khi tìm theo tên." in page
    assert "Chưa có mô tả." in page


def test_photos_chosen_but_not_added_yet_are_submitted_too(lister) -> None:
    lister.post("/xa-vien/hang/moi/", product_form())
    listing = Listing.objects.get()
    address = f"/xa-vien/hang/{listing.pk}/gui-duyet/"
    page = html_of(lister.get(f"/xa-vien/hang/{listing.pk}/"))

    response = lister.post(
        address, {"gallery_photos": [photo(name="a.jpg"), photo(name="b.jpg")]}, follow=True
    )

    assert re.search(rf'<button[^>]*form="pictures"[^>]*formaction="{address}"', page)
    listing.refresh_from_db()
    assert listing.state == ListingState.IN_REVIEW
    assert listing.product.media.count() == 3
    assert "Đã thêm 2 ảnh." in html_of(response)


def test_unreadable_photo_keeps_the_draft_from_review(lister) -> None:
    lister.post("/xa-vien/hang/moi/", product_form())
    listing = Listing.objects.get()
    before = all_rows()
    broken = SimpleUploadedFile("a.jpg", b"nothing", "image/jpeg")

    response = lister.post(f"/xa-vien/hang/{listing.pk}/gui-duyet/", {"gallery_photos": [broken]})

    assert "không phải ảnh" in html_of(response)
    assert all_rows() == before


def test_incomplete_draft_shows_missing_fields_and_is_not_submitted(lister, seller) -> None:
    listing = draft(seller)
    Product.objects.update(origin="")

    page = html_of(lister.get(f"/xa-vien/hang/{listing.pk}/"))
    response = lister.post(f"/xa-vien/hang/{listing.pk}/gui-duyet/", follow=True)

    listing.refresh_from_db()
    assert response.redirect_chain == [(f"/xa-vien/hang/{listing.pk}/#missing", 302)]
    assert 'id="missing"' in page
    assert "Ảnh sản phẩm." in page
    assert "Xuất xứ." in page
    assert [str(message) for message in response.context["messages"]] == [
        str(ListingIncomplete.default_message)
    ]
    assert listing.state == ListingState.DRAFT


def test_listing_is_paused_resumed_and_withdrawn(lister, seller) -> None:
    product = make_product(seller)
    listing = product.listings.get()
    picture = Picture.objects.create(original="a.jpg", state=PictureState.READY)
    ProductMedia.objects.create(product=product, picture=picture)
    states = []

    for noun in ("tam-ngung", "ban-tiep", "rut"):
        lister.post(f"/xa-vien/hang/{listing.pk}/{noun}/")
        listing.refresh_from_db()
        states.append(listing.state)

    assert states == [ListingState.PAUSED, ListingState.PUBLISHED, ListingState.WITHDRAWN]


def test_product_description_is_changed(lister, seller) -> None:
    listing = draft(seller)

    lister.post(
        f"/xa-vien/hang/{listing.pk}/mo-ta/",
        {"name": "Gối mới", "origin": "Phủ Thông", "category": "", "months": ["1"], "storage": "Chỗ khô"},
    )

    product = Product.objects.get()
    assert (product.name, product.origin, product.storage, product.months) == (
        "Gối mới",
        "Phủ Thông",
        "Chỗ khô",
        [1],
    )


def test_price_change_keeps_columns_that_the_page_does_not_show(lister, seller) -> None:
    variant = make_variant(seller, price=320_000, barcode="8930000000017")
    listing = variant.product.listings.get()

    lister.post(f"/xa-vien/hang/{listing.pk}/loai/{variant.pk}/", {"unit": "bundle", "price": "350.000"})

    variant.refresh_from_db()
    assert Price.objects.get(variant=variant).amount == 350_000
    assert (variant.unit, variant.barcode) == ("bundle", "8930000000017")


def test_variant_is_added(lister, seller) -> None:
    listing = draft(seller)

    lister.post(
        f"/xa-vien/hang/{listing.pk}/loai/",
        {"unit": "piece", "price": "99000", "label": "Cỡ lớn", "on_hand": "3"},
    )

    added = Product.objects.get().variants.get(name="Cỡ lớn")
    assert get_stock(added).on_hand == 3


def test_photo_is_added_or_refused_with_an_error(lister, seller) -> None:
    listing = draft(seller)

    invalid = lister.post(
        f"/xa-vien/hang/{listing.pk}/anh/", {"gallery_photos": SimpleUploadedFile("a.jpg", b"nothing")}
    )
    none = lister.post(f"/xa-vien/hang/{listing.pk}/anh/")
    valid = lister.post(f"/xa-vien/hang/{listing.pk}/anh/", {"gallery_photos": photo()})

    assert str(NotAPicture.default_message) in html_of(invalid)
    assert "Chụp hoặc chọn một ảnh." in html_of(none)
    assert valid.url == f"/xa-vien/hang/{listing.pk}/"
    assert ProductMedia.objects.count() == 1


def test_several_photos_are_added_at_once_in_their_order(lister, seller) -> None:
    address = f"/xa-vien/hang/{draft(seller).pk}/anh/"

    form_values = {
        "photo": photo(size=(39, 30)),
        "gallery_photos": [photo(size=(40 + more, 30)) for more in range(2)],
    }
    response = lister.post(address, form_values, follow=True)

    media = ProductMedia.objects.order_by("sort_order", "pk")
    assert [row.picture.width for row in media] == [39, 40, 41]
    assert [str(message) for message in response.context["messages"]] == ["Đã thêm 3 ảnh."]


def test_too_many_photos_at_once_are_refused(lister, seller) -> None:
    address = f"/xa-vien/hang/{draft(seller).pk}/anh/"

    response = lister.post(address, {"gallery_photos": [photo() for _number in range(9)]})

    assert "Mỗi lần chọn nhiều nhất tám ảnh." in html_of(response)
    assert ProductMedia.objects.count() == 0


def test_script_that_sends_photos_reads_words(lister, seller) -> None:
    address = f"/xa-vien/hang/{draft(seller).pk}/anh/"

    added = lister.post(address, {"gallery_photos": photo()}, headers={"Accept": "application/json"})
    refused = lister.post(
        address,
        {"gallery_photos": SimpleUploadedFile("a.jpg", b"nothing")},
        headers={"Accept": "application/json"},
    )

    assert (added.status_code, added.json()) == (200, {"message": "Đã thêm."})
    assert (refused.status_code, refused.json()) == (400, {"message": str(NotAPicture.default_message)})
    assert ProductMedia.objects.count() == 1


@pytest.mark.parametrize("noun", ["", "mo-ta/", "loai/"])
def test_foreign_product_pages_are_not_found(lister, noun) -> None:
    foreign = draft(make_seller("HTX khác"))

    assert lister.get(f"/xa-vien/hang/{foreign.pk}/{noun}").status_code == 404
    assert lister.get(f"/xa-vien/hang/999999/{noun}").status_code == 404


@pytest.mark.parametrize("noun", ["gui-duyet/", "tam-ngung/", "ban-tiep/", "rut/", "anh/", "mo-ta/", "loai/"])
def test_foreign_product_is_not_changed(lister, noun) -> None:
    foreign = make_product(make_seller("HTX khác")).listings.get()
    changes = Change.objects.count()

    response = lister.post(f"/xa-vien/hang/{foreign.pk}/{noun}", {"name": "Của tôi", "origin": "Đây"})

    foreign.refresh_from_db()
    assert response.status_code == 404
    assert foreign.state == ListingState.PUBLISHED
    assert Change.objects.count() == changes


def test_foreign_variant_is_not_found(lister, seller) -> None:
    listing, foreign_variant = draft(seller), make_variant(make_seller("HTX khác"))

    assert lister.get(f"/xa-vien/hang/{listing.pk}/loai/{foreign_variant.pk}/").status_code == 404


def test_packer_cannot_change_products(client, seller) -> None:
    client.force_login(make_member(seller, Role.PACKER))
    listing = make_product(seller).listings.get()

    pages = [
        client.get("/xa-vien/hang/"),
        client.get("/xa-vien/hang/moi/"),
        client.post(f"/xa-vien/hang/{listing.pk}/rut/"),
    ]

    listing.refresh_from_db()
    assert [page.status_code for page in pages] == [403, 403, 403]
    assert listing.state == ListingState.PUBLISHED


def test_empty_shop_tells_members_that_the_market_is_not_open(client) -> None:
    client.force_login(make_member(make_cooperative()))

    response = client.get("/xa-vien/hang/moi/", follow=True)

    assert [str(message) for message in response.context["messages"]] == ["Chợ chưa mở."]


def test_new_listing_is_in_the_markets_channel(lister) -> None:
    lister.post("/xa-vien/hang/moi/", product_form())

    assert Listing.objects.get().channel == make_channel()


def test_published_product_must_stay_complete(lister, seller) -> None:
    make_product_type(is_perishable=True)
    product = make_product(seller)
    ProductMedia.objects.create(product=product, picture=Picture.objects.create(original="a.jpg"))
    Product.objects.update(return_terms="Đổi trong 24 giờ.")
    seller.return_terms = ""
    seller.save()
    listing = product.listings.get()

    response = lister.post(
        f"/xa-vien/hang/{listing.pk}/mo-ta/",
        {"name": "Tên mới", "origin": "Phủ Thông", "category": "", "return_terms": ""},
        follow=True,
    )

    product.refresh_from_db()
    assert response.context["form"].errors.keys() == {"shelf_life", "return_terms"}
    assert (product.name, product.return_terms) == ("Gối thảo dược", "Đổi trong 24 giờ.")


@pytest.mark.parametrize("price", ["32.000", "3.200.000"])
def test_unusual_price_is_asked_about_once_with_both_figures(lister, seller, price) -> None:
    variant = make_variant(seller, price=320_000)
    address = f"/xa-vien/hang/{variant.product.listings.get().pk}/loai/{variant.pk}/"
    fields = {"unit": "piece", "price": price, "label": "Đỏ"}

    question = lister.post(address, fields)
    variant.refresh_from_db()
    unchanged = (Price.objects.get().amount, variant.name)
    lister.post(address, fields | {"confirmed": question.context["form"].confirmation})

    page = html_of(question).replace("\xa0", " ")
    assert f"Giá đổi từ 320.000 ₫ thành {price} ₫. Nếu đúng, hãy lưu lần nữa." in page
    assert 'value="Đỏ"' in page
    assert unchanged == (320_000, "")
    assert Price.objects.get().amount == int(price.replace(".", ""))
    assert Change.objects.filter(action="price.changed").latest("pk").data["is_unusual"] is True


def test_other_price_than_the_confirmed_one_is_asked_about_again(lister, seller) -> None:
    variant = make_variant(seller, price=320_000)
    address = f"/xa-vien/hang/{variant.product.listings.get().pk}/loai/{variant.pk}/"

    lister.post(address, {"unit": "piece", "price": "3.200", "label": "", "confirmed": "320000-32000"})

    assert Price.objects.get().amount == 320_000


def test_programs_are_not_asked_and_the_change_says_that_the_price_is_unusual(seller) -> None:
    variant = make_variant(seller, price=320_000)

    update_variant(
        variant_id=variant.pk,
        values={},
        prices=[ListPrice(variant.product.listings.get().channel, 32_000)],
        actor=Actor.system(),
        now=NOW,
    )

    assert Price.objects.get().amount == 32_000
    assert Change.objects.filter(action="price.changed").latest("pk").data["is_unusual"] is True


def new_option(listing: Listing, **changed: str) -> tuple[str, dict[str, str]]:
    """Return the address for adding an option to a listing, and fields of a 500 g packet."""
    fields = {"unit": "packet", "content": "500", "measure": "g", "label": "500 g", "on_hand": "5"}
    return f"/xa-vien/hang/{listing.pk}/loai/", fields | changed


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"price": "5.000"}, "50.000"),  # a tenth for a kilogram
        ({"price": "500.000"}, "50.000"),  # ten times
        ({"price": "10.000", "content": "", "measure": ""}, "100.000"),  # a tenth
    ],
)
def test_unusual_first_price_of_an_option_is_asked_about_once(lister, seller, fields, expected) -> None:
    variant = make_variant(seller, price=100_000, unit=Unit.PACKET, content_grams=1000)
    address, fields = new_option(variant.product.listings.get(), **fields)

    question = lister.post(address, fields)
    count_before = variant.product.variants.count()
    lister.post(address, fields | {"confirmed": question.context["form"].confirmation})

    page = html_of(question).replace("\xa0", " ")
    assert f"Theo giá các phân loại khác thì khoảng {expected} ₫, bạn nhập {fields['price']} ₫." in page
    assert count_before == 1
    added = variant.product.variants.get(name="500 g")
    assert added.prices.get().amount == int(fields["price"].replace(".", ""))
    assert Change.objects.filter(action="price.changed").latest("pk").data["is_unusual"] is True


@pytest.mark.parametrize("price", ["50.000", "30.000", "180.000"])
def test_plausible_first_price_is_not_asked_about(lister, seller, price) -> None:
    variant = make_variant(seller, price=100_000, unit=Unit.PACKET, content_grams=1000)
    address, fields = new_option(variant.product.listings.get(), price=price)

    lister.post(address, fields)

    assert variant.product.variants.count() == 2


def test_empty_fields_say_what_to_enter(lister) -> None:
    response = lister.post("/xa-vien/hang/moi/", product_form(name="", unit="", price="", on_hand=""))

    errors = response.context["form"].errors
    assert {name: errors[name] for name in ("name", "unit", "price", "on_hand")} == {
        "name": ["Nhập tên sản phẩm."],
        "unit": ["Hãy chọn đơn vị bán."],
        "price": ["Nhập giá."],
        "on_hand": ["Nhập số lượng."],
    }


@pytest.mark.both
def test_copy_is_a_draft_with_photos_options_and_prices_but_without_stock_and_codes(lister, seller) -> None:
    product = make_product(
        seller,
        name="Mật ong bạc hà",
        price=350_000,
        category=make_category("Đồ uống"),
        tax_class=make_tax_class(),
        variants=(("Chai lớn", 0), ("Chai nhỏ", 50_000)),
        unit=Unit.BOTTLE,
        content_ml=500,
    )
    product.variants.update(low_stock_at=3)
    Variant.objects.filter(name="Chai lớn").update(sku="MO-1", seller_code="MO-01")
    picture = Picture.objects.create(original="ong.jpg", state=PictureState.READY)
    ProductMedia.objects.create(product=product, picture=picture, alt="Chai mật ong")
    listing = product.listings.get()
    fields = {"idempotency_key": uuid.uuid4()}

    answers = [lister.post(f"/xa-vien/hang/{listing.pk}/sao-chep/", fields) for _sent in range(2)]

    copied = Product.objects.exclude(pk=product.pk).get()
    copied_listing = copied.listings.get()
    assert [answer.url for answer in answers] == [f"/xa-vien/hang/{copied_listing.pk}/mo-ta/"] * 2
    assert (copied.name, copied.origin, copied.category) == (
        "Mật ong bạc hà (bản sao)",
        product.origin,
        product.category,
    )
    assert (copied.tax_class, copied_listing.state) == (product.tax_class, ListingState.DRAFT)
    assert [(row.picture, row.alt) for row in ProductMedia.objects.filter(product=copied)] == [
        (picture, "Chai mật ong")
    ]
    variants = list(copied.variants.in_order())
    assert [(row.name, row.unit, row.content_ml, row.sku, row.seller_code) for row in variants] == [
        ("Chai lớn", Unit.BOTTLE, 500, None, None),
        ("Chai nhỏ", Unit.BOTTLE, 500, None, None),
    ]
    assert [Price.objects.get(variant=row).amount for row in variants] == [350_000, 400_000]
    assert [get_stock(row).on_hand for row in variants] == [0, 0]


@pytest.mark.both
def test_another_cooperatives_product_is_not_copied(lister, seller) -> None:
    listing = make_product(make_seller("HTX Yến Dương")).listings.get()

    response = lister.post(f"/xa-vien/hang/{listing.pk}/sao-chep/", {"idempotency_key": uuid.uuid4()})

    assert (response.status_code, Product.objects.count()) == (404, 1)
