"""Stock, pauses and membership on the members' pages."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Movement, Stock, Variant
from cooperatives.actions.cooperative_lifecycle import InvalidReturnDay
from cooperatives.models import Cooperative, Membership, Role
from cooperatives.states import CooperativeState
from shop.core.dates.calendar import vietnam_date
from tests.factories import (
    get_stock,
    make_basket,
    make_channel,
    make_member,
    make_product,
    make_seller,
    make_variant,
    make_warehouse,
)
from tests.markup import html_of
from tests.refusals import all_rows

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def test_repeated_receipt_is_added_once(lister, seller) -> None:
    variant = make_variant(seller, on_hand=4)
    form_values = {"idempotency_key": uuid.uuid4(), "quantity": "1.000"}

    for _ in range(2):
        lister.post(f"/xa-vien/kho/{variant.pk}/nhap/", form_values)

    assert get_stock(variant).on_hand == 1004


@pytest.mark.parametrize("quantity", ["0", "-3", "nhiều", "", "9999999"])
def test_invalid_receipts_are_refused(lister, seller, quantity) -> None:
    variant = make_variant(seller, on_hand=4)

    lister.post(f"/xa-vien/kho/{variant.pk}/nhap/", {"idempotency_key": uuid.uuid4(), "quantity": quantity})

    assert get_stock(variant).on_hand == 4


def test_foreign_stock_cannot_be_received(lister) -> None:
    foreign = make_variant(make_seller("HTX khác"), on_hand=4)

    response = lister.post(
        f"/xa-vien/kho/{foreign.pk}/nhap/", {"idempotency_key": uuid.uuid4(), "quantity": "5"}
    )

    assert response.status_code == 404
    assert get_stock(foreign).on_hand == 4


def count_form(**by_row: object) -> dict[str, object]:
    form_values: dict[str, object] = {}
    for row in Stock.objects.all():
        form_values[f"stock-{row.pk}-idempotency_key"] = uuid.uuid4()
        form_values[f"stock-{row.pk}-counted"] = by_row.get(f"row{row.pk}", "")
    return form_values


def test_count_sets_stock_and_leaves_uncounted_rows(lister, seller) -> None:
    first, second = make_variant(seller, on_hand=10), make_variant(seller, on_hand=7)
    sent = count_form(**{f"row{get_stock(first).pk}": "8"})

    lister.post("/xa-vien/kho/", sent)

    assert (get_stock(first).on_hand, get_stock(second).on_hand) == (8, 7)
    assert get_stock(second).counted_at is None


def test_repeated_count_does_not_undo_later_movements(lister, seller) -> None:
    variant = make_variant(seller, on_hand=10)
    row = get_stock(variant)
    sent = count_form(**{f"row{row.pk}": "10"})

    lister.post("/xa-vien/kho/", sent)
    lister.post(f"/xa-vien/kho/{variant.pk}/nhap/", {"idempotency_key": uuid.uuid4(), "quantity": "5"})
    lister.post("/xa-vien/kho/", sent)

    assert get_stock(variant).on_hand == 15
    assert sum(Movement.objects.filter(stock=row).values_list("quantity", flat=True)) == 15


def test_one_warehouse_is_counted_at_a_time(lister, seller) -> None:
    variant = make_variant(seller, on_hand=10)
    stock = get_stock(variant)
    far_warehouse = make_warehouse(seller, make_channel(), name="Kho xa")
    far = Stock.objects.create(variant=variant, warehouse=far_warehouse, on_hand=5)
    address = f"/xa-vien/kho/?kho={far_warehouse.pk}"
    pages = [html_of(lister.get(path)) for path in ("/xa-vien/kho/", "/xa-vien/kho/?kho=x", address)]

    invalid_page = html_of(lister.post(address, count_form(**{f"row{far.pk}": "1000001"})))
    response = lister.post(address, count_form(**{f"row{far.pk}": "4", f"row{stock.pk}": "9"}))

    fields = [f"stock-{row.pk}-counted" for row in (stock, far)]
    assert [[field in page for field in fields] for page in pages] == [
        [True, False],
        [True, False],
        [False, True],
    ]
    assert all("Kho xa" in page for page in pages)
    assert f"{variant.product.name}: Nhập số không quá 1.000.000.</a>" in invalid_page
    assert response.url == address
    assert [Stock.objects.get(pk=row.pk).on_hand for row in (far, stock)] == [4, 10]


@pytest.mark.parametrize(
    ("query", "found"), [("chuoi", [True, False]), ("Chuối SẤY", [True, False]), ("bí", [False, False])]
)
def test_products_to_count_are_found_by_words_without_accents(lister, seller, query, found) -> None:
    names = ("Chuối sấy", "Khăn thêu")
    for name in names:
        make_variant(seller, name=name, on_hand=10)

    page = html_of(lister.get("/xa-vien/kho/", {"tim": query}))

    assert [f'<h2 class="small-head">{name}</h2>' in page for name in names] == found


@pytest.mark.parametrize("counted", ["-1", "1,5", "nhiều", "1000001"])
def test_one_invalid_count_refuses_all(lister, seller, counted) -> None:
    first, second = make_variant(seller, on_hand=10), make_variant(seller, on_hand=7)
    sent = count_form(**{f"row{get_stock(first).pk}": "8", f"row{get_stock(second).pk}": counted})

    response = lister.post("/xa-vien/kho/", sent)

    assert 'class="errors' in html_of(response)
    assert (get_stock(first).on_hand, get_stock(second).on_hand) == (10, 7)


def test_count_of_ten_times_the_books_is_asked_about_once(lister, seller) -> None:
    stock = get_stock(make_variant(seller, on_hand=9))
    sent = count_form(**{f"row{stock.pk}": "150"})

    question = html_of(lister.post("/xa-vien/kho/", sent))

    confirmed = re.search(rf'name="(stock-{stock.pk}-confirmed)" value="150"', question)
    assert "150 gấp 16 lần sổ. Đúng thì bấm lưu lần nữa." in question
    assert confirmed is not None
    assert Movement.objects.filter(stock=stock, reason="count").count() == 0
    lister.post("/xa-vien/kho/", sent | {confirmed[1]: "150"})
    assert Stock.objects.get(pk=stock.pk).on_hand == 150


def test_foreign_stock_cannot_be_counted(lister) -> None:
    foreign = make_variant(make_seller("HTX khác"), on_hand=4)

    lister.post("/xa-vien/kho/", count_form(**{f"row{get_stock(foreign).pk}": "99"}))

    assert get_stock(foreign).on_hand == 4


def test_cooperative_reviews_a_pause_pauses_until_a_day_and_resumes(manager, seller) -> None:
    until = vietnam_date(timezone.now()) + timedelta(days=10)
    variant = make_variant(seller, on_hand=4)
    make_basket((variant, 1))
    make_basket((make_variant(make_seller("HTX khác")), 1))
    fields, address = {"until": f"{until:%d%m%Y}", "note": "Nghỉ Tết"}, "/xa-vien/tam-nghi/"
    before = all_rows()

    review = html_of(manager.post(address, fields))
    without_day = html_of(manager.post(address, {"note": "Nghỉ Tết"}))

    assert all_rows() == before
    assert "Ngừng bán 1 sản phẩm" in review
    assert "<dt>Giỏ hàng đang có những sản phẩm này</dt><dd>1</dd>" in review
    assert "Không có ngày thì khách không đặt được" not in review
    assert "Không có ngày thì khách không đặt được" in without_day
    paused = html_of(manager.post(address, fields | {"reviewed": "1"}, follow=True))
    seller.refresh_from_db()
    since = seller.paused_from
    assert 'value="Nghỉ Tết"' in paused
    assert f'value="{until:%d/%m/%Y}"' in paused
    manager.post(address, {"until": (until + timedelta(days=1)).isoformat(), "note": "Nghỉ Tết"})
    seller.refresh_from_db()
    assert "1 sản phẩm đang ngừng bán." in paused
    assert f"người ngừng: {seller.memberships.get().user.name}" in paused
    assert (seller.paused_from, seller.paused_until, seller.pause_note) == (
        since,
        until + timedelta(days=1),
        "Nghỉ Tết",
    )
    assert "Đã mở bán tiếp 1 sản phẩm." in html_of(manager.post("/xa-vien/ban-lai/", follow=True))
    seller.refresh_from_db()
    assert (seller.paused_from, seller.paused_until) == (None, None)


def test_past_return_day_is_refused(manager, seller) -> None:
    today = vietnam_date(timezone.now())

    response = manager.post("/xa-vien/tam-nghi/", {"until": today.isoformat()})

    seller.refresh_from_db()
    assert response.context["form"].errors == {"until": [str(InvalidReturnDay.default_message)]}
    assert seller.paused_from is None


def test_forbidden_words_in_the_pause_note_are_shown_at_the_field(manager, seller) -> None:
    response = manager.post("/xa-vien/tam-nghi/", {"note": "Nghỉ hái lá chữa khỏi ung thư"})

    seller.refresh_from_db()
    assert list(response.context["form"].errors) == ["note"]
    assert seller.paused_from is None


def test_only_managers_pause_the_cooperative(lister, seller) -> None:
    assert lister.post("/xa-vien/tam-nghi/", {"note": "x"}).status_code == 403
    assert lister.post("/xa-vien/ban-lai/").status_code == 403


def test_low_stock_and_shortages_are_shown_on_the_home_page(lister, seller) -> None:
    scarce_variant, sold_out = (
        make_variant(seller, name="Chuối sấy", on_hand=3),
        make_variant(seller, name="Khăn", on_hand=5),
    )
    Stock.objects.filter(variant=sold_out).update(on_hand=-2)

    page = html_of(lister.get("/xa-vien/"))

    assert "Chuối sấy còn 3 chiếc." in page
    assert "Khăn thiếu 2 chiếc." in page
    assert scarce_variant.pk != sold_out.pk


def test_member_of_two_cooperatives_switches_between_them(client) -> None:
    first, second = make_seller("HTX Một"), make_seller("HTX Hai")
    user = make_member(first)
    Membership.objects.create(cooperative=second, user=user, role=Role.LISTER)
    client.force_login(user)
    make_product(second, name="Bí xanh")

    client.post("/xa-vien/hop-tac-xa/", {"cooperative": first.pk})
    before = html_of(client.get("/xa-vien/hang/"))
    client.post("/xa-vien/hop-tac-xa/", {"cooperative": second.pk})
    after = html_of(client.get("/xa-vien/hang/"))

    assert "Bí xanh" not in before
    assert "Bí xanh" in after


@pytest.mark.parametrize("requested", ["", "x", "99999999999999999999", "²"])
def test_foreign_cooperative_cannot_be_selected(lister, requested) -> None:
    foreign = make_seller("HTX khác")

    assert lister.post("/xa-vien/hop-tac-xa/", {"cooperative": foreign.pk}).status_code == 404
    assert lister.post("/xa-vien/hop-tac-xa/", {"cooperative": requested}).status_code == 404


def test_suspended_cooperative_sees_the_reason_and_can_finish_its_orders(client) -> None:
    seller = make_seller("HTX Một", state=CooperativeState.SUSPENDED, state_reason="Hàng kém")
    client.force_login(make_member(seller))

    page = client.get("/xa-vien/")

    assert page.status_code == 200
    assert "Hàng kém" in html_of(page)
    assert client.get("/xa-vien/goi/").status_code == 200


@pytest.mark.parametrize("address", ["/xa-vien/hang/", "/xa-vien/kho/", "/xa-vien/"])
def test_list_queries_do_not_grow_with_products(manager, seller, address) -> None:
    make_product(seller, on_hand=2)
    manager.get(address)
    with CaptureQueriesContext(connection) as few_queries:
        manager.get(address)
    for _ in range(6):
        make_product(seller, on_hand=2)

    with CaptureQueriesContext(connection) as grown_queries:
        manager.get(address)

    assert len(grown_queries) == len(few_queries)
    assert len(few_queries) <= 20


def test_low_stock_counts_all_warehouses_that_sell(lister, seller) -> None:
    plenty = make_variant(seller, name="Chuối sấy", on_hand=3)
    scarce_variant = make_variant(seller, name="Khăn", on_hand=1)
    second = make_warehouse(seller, make_channel())
    unlisted = make_warehouse(seller, make_channel())
    unlisted.channels.clear()
    for variant, quantity in ((plenty, 20), (scarce_variant, 1)):
        Stock.objects.create(variant=variant, warehouse=second, on_hand=quantity)
        Stock.objects.create(variant=variant, warehouse=unlisted, on_hand=50)

    page = html_of(lister.get("/xa-vien/"))

    assert "Chuối sấy" not in page
    assert "Khăn còn 2 chiếc." in page


def test_cooperative_and_option_set_when_stock_is_low(lister, seller) -> None:
    usual = make_variant(seller, name="Chuối sấy", on_hand=7)
    own = make_variant(seller, name="Khăn", on_hand=7)
    Cooperative.objects.filter(pk=seller.pk).update(low_stock_at=7)
    listing = own.product.listings.get()
    address = f"/xa-vien/hang/{listing.pk}/loai/{own.pk}/"
    form = {"unit": "piece", "price": f"{own.prices.get().amount}"}

    lister.post(address, form | {"low_stock_at": "6"})
    page = html_of(lister.get("/xa-vien/"))

    assert Variant.objects.get(pk=own.pk).low_stock_at == 6
    assert 'name="low_stock_at" value="6"' in html_of(lister.get(address))
    assert "Chuối sấy còn 7 chiếc." in page
    assert "Khăn còn" not in page
    assert usual.low_stock_at is None


def test_list_and_page_state_the_same_stock_of_each_variant(lister, seller) -> None:
    product = make_product(seller, name="Gừng tươi", on_hand=60, unit="kg")
    loose = product.variants.get()
    Variant.objects.filter(pk=loose.pk).update(name="Lẻ", low_stock_at=5)
    bag = Variant.objects.create(
        product=product, cooperative=seller, name="Bao 5 kg", unit="bundle", sort_order=1, low_stock_at=10
    )
    first, second = seller.warehouses.get(), make_warehouse(seller, make_channel())
    unlisted = make_warehouse(seller, make_channel())
    unlisted.channels.clear()
    for variant, warehouse, quantity in ((loose, second, 20), (bag, first, 10), (loose, unlisted, 7)):
        Stock.objects.create(variant=variant, warehouse=warehouse, on_hand=quantity)
    listing = product.listings.get()

    texts = [
        " ".join(re.sub(r"<[^>]+>", " ", html_of(lister.get(address))).split())
        for address in ("/xa-vien/hang/", f"/xa-vien/hang/{listing.pk}/")
    ]

    for text in texts:
        assert re.search(r"Lẻ ?: [Cc]òn 80 kg", text)
        assert re.search(r"Bao 5 kg ?: [Cc]òn 10 bó, sắp hết", text)
        assert not re.search("[Cc]òn [79]0", text)
    assert "Kho có 80 kg" in texts[1]
    assert "Còn 7 kg ở kho không bán tại chợ này" in texts[1]


def test_stock_queries_of_the_list_do_not_grow_with_products(lister, seller) -> None:
    make_product(seller)
    lister.get("/xa-vien/hang/")
    with CaptureQueriesContext(connection) as baseline_queries:
        lister.get("/xa-vien/hang/")
    for _number in range(3):
        make_product(seller)

    with CaptureQueriesContext(connection) as grown_queries:
        lister.get("/xa-vien/hang/")

    assert len(grown_queries) == len(baseline_queries)
