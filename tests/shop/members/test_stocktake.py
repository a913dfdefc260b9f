"""The stock-take of a warehouse on the members' pages: count, review, confirm."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.actions.stock.lots import LotDetails, receive_lot
from catalog.actions.stock.receipts_and_losses import receive_stock, write_off_stock
from catalog.actions.stock.stock_movements import count_stock
from catalog.models import LotBalance, Movement, Product, Stock, Variant
from shop.core.actors import Actor
from tests.factories import (
    get_stock,
    make_channel,
    make_product,
    make_seller,
    make_variant,
    make_warehouse,
)
from tests.invariants import check_everything
from tests.markup import html_of
from tests.refusals import all_rows

pytestmark = [pytest.mark.django_db, pytest.mark.both]

PAGE = "/xa-vien/kho/kiem-ke/"


def of(variant: Variant) -> dict[str, Any]:
    return {
        "cooperative": variant.cooperative,
        "variant_id": variant.pk,
        "warehouse_id": get_stock(variant).warehouse_id,
        "actor": Actor.system("test"),
    }


def add_lot(variant: Variant, quantity: int):
    return receive_lot(**of(variant), quantity=quantity, details=LotDetails(), now=timezone.now())


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("<main")[2]).split())


def review(member: Client, **counted: int) -> str:
    """Open the page, enter the counts, and return the review's page."""
    sent = {name.replace("_", "-"): str(value) for name, value in counted.items()}
    return html_of(member.post(PAGE, {"opened": hidden(html_of(member.get(PAGE)), "opened")} | sent))


def confirm(member: Client, review_page: str) -> Any:
    return member.post(PAGE, {"stocktake": hidden(review_page, "stocktake")})


def test_review_lists_the_differences_and_nothing_is_saved_before_it_is_confirmed(lister, seller) -> None:
    honey = make_variant(seller, name="Mật ong", on_hand=10, price=45_000, unit="kg")
    tea, scarf = make_variant(seller, name="Chè", on_hand=4), make_variant(seller, name="Khăn", on_hand=3)
    rows_before = all_rows()

    page = review(lister, **{f"stock_{get_stock(honey).pk}": 7, f"stock_{get_stock(tea).pk}": 4})

    assert all_rows() == rows_before
    text = text_of(page)
    assert "1 dòng lệch sổ. Chưa lưu gì." in text
    assert "1 dòng chưa đếm, giữ nguyên số trên sổ." in text
    assert "Mật ong Sổ: 10 kg · Đếm được: 7 kg −3 kg −135.000 ₫" in text.replace("\xa0", " ")
    assert "Khăn" not in text
    assert page.count('class="tag wait"') == 1

    answer = confirm(lister, page)

    assert answer.status_code == 302
    assert [get_stock(row).on_hand for row in (honey, tea, scarf)] == [7, 4, 3]
    assert get_stock(scarf).counted_at is None
    moment = get_stock(honey).counted_at
    assert moment is not None
    counts = Movement.objects.filter(reason="count").order_by("stock")
    assert [(row.quantity, row.happened_at) for row in counts] == [(-3, moment), (0, moment)]
    check_everything()


def test_count_of_ten_times_the_books_is_marked_and_entered_again(lister, seller) -> None:
    honey = make_variant(seller, name="Mật ong", on_hand=9, price=45_000)
    tea = make_variant(seller, name="Chè", on_hand=4, price=100_000)
    counted = {f"stock_{get_stock(honey).pk}": 150, f"stock_{get_stock(tea).pk}": 1}
    page, again = review(lister, **counted), f"again-stock-{get_stock(honey).pk}"
    before = all_rows()

    unanswered = html_of(confirm(lister, page))
    different = html_of(lister.post(PAGE, {"stocktake": hidden(page, "stocktake"), again: "15"}))

    assert all_rows() == before
    text = text_of(page).replace("\xa0", " ")
    assert "Thừa so với sổ +6.345.000 ₫ Thiếu so với sổ −300.000 ₫ Cộng lại +6.045.000 ₫" in text
    assert "Gấp 16 lần sổ." in text
    assert (page.count('class="tag bad"'), page.count('class="tag wait"')) == (1, 1)
    assert f"{again}_error" in unanswered
    assert "Lúc trước bạn nhập 150." in different
    assert lister.post(PAGE, {"stocktake": hidden(page, "stocktake"), again: "150"}).status_code == 302
    assert [get_stock(row).on_hand for row in (honey, tea)] == [150, 1]


def test_counts_hold_for_their_moment_when_goods_left_before_the_confirmation(lister, seller) -> None:
    variant = make_variant(seller, on_hand=10)
    page = review(lister, **{f"stock_{get_stock(variant).pk}": 7})
    write_off_stock(**of(variant), quantity=2, now=timezone.now())
    receive_stock(**of(variant), quantity=4, now=timezone.now())

    confirm(lister, page)
    confirm(lister, page)

    quantities = list(Movement.objects.order_by("pk").values_list("quantity", flat=True))
    assert quantities == [10, -2, 4, -3]
    assert get_stock(variant).on_hand == 9


def test_row_counted_by_somebody_else_meanwhile_is_shown_again_and_not_overwritten(lister, seller) -> None:
    honey, tea = make_variant(seller, name="Mật ong", on_hand=10), make_variant(seller, name="Chè", on_hand=4)
    page = review(lister, **{f"stock_{get_stock(honey).pk}": 7, f"stock_{get_stock(tea).pk}": 5})
    count_stock(**of(honey), counted_quantity=9, now=timezone.now())

    again = html_of(confirm(lister, page))

    assert [get_stock(row).on_hand for row in (honey, tea)] == [9, 5]
    assert "Mật ong" in text_of(again)
    assert "Chè" not in text_of(again)
    assert "Lần đếm đó được giữ." in again
    assert 'name="stocktake"' not in again


def test_row_whose_book_changed_for_that_moment_is_confirmed_anew(lister, seller) -> None:
    variant = make_variant(seller, on_hand=10)
    page = review(lister, **{f"stock_{get_stock(variant).pk}": 7})
    earlier = timezone.now() - timedelta(hours=1)
    receive_stock(**of(variant), quantity=5, happened_at=earlier, now=timezone.now())

    again = html_of(confirm(lister, page))
    on_hand = get_stock(variant).on_hand
    confirm(lister, again)

    assert on_hand == 15
    assert "Sổ: 15" in text_of(again)
    assert get_stock(variant).on_hand == 7
    assert Movement.objects.filter(reason="count").get().quantity == -8


def test_books_that_moved_during_the_count_are_named_in_the_review(lister, seller) -> None:
    variant = make_variant(seller, on_hand=10, unit="kg")
    opened = hidden(html_of(lister.get(PAGE)), "opened")
    write_off_stock(**of(variant), quantity=2, now=timezone.now())

    page = html_of(lister.post(PAGE, {"opened": opened, f"stock-{get_stock(variant).pk}": "7"}))

    assert "Trong lúc bạn đếm, sổ đổi từ 10 thành 8 kg. Hãy xem lại số của bạn." in text_of(page)
    assert "−1 kg" in text_of(page)


def test_lots_and_goods_without_a_lot_are_counted_apart(lister, seller) -> None:
    variant = make_variant(seller, on_hand=4)
    first, second = add_lot(variant, 10), add_lot(variant, 6)
    stock = get_stock(variant)
    page = review(lister, **{f"lot_{first.pk}": 8, f"lot_{second.pk}": 6, f"stock_{stock.pk}": 5})
    write_off_stock(**of(variant), quantity=3, lot_id=first.pk, now=timezone.now())

    confirm(lister, page)
    confirm(lister, page)

    balances = dict(LotBalance.objects.values_list("lot", "on_hand"))
    assert balances == {first.pk: 5, second.pk: 6}
    assert get_stock(variant).on_hand == 5 + 6 + 5
    counts = Movement.objects.filter(reason="count").order_by("pk")
    assert list(counts.values_list("lot", "quantity")) == [(None, 1), (first.pk, -2), (second.pk, 0)]
    check_everything()


def test_counts_can_be_changed_before_they_are_confirmed(lister, seller) -> None:
    variant = make_variant(seller, on_hand=10)
    page = review(lister, **{f"stock_{get_stock(variant).pk}": 7})

    form = html_of(lister.post(PAGE, {"stocktake": hidden(page, "stocktake"), "edit": "1"}))

    assert re.search(rf'name="stock-{get_stock(variant).pk}" value="7"', form)
    assert get_stock(variant).on_hand == 10


@pytest.mark.parametrize("counted", ["-1", "1,5", "nhiều", "1000001", ""])
def test_invalid_counts_are_not_reviewed(lister, seller, counted) -> None:
    first, second = make_variant(seller, on_hand=10), make_variant(seller, on_hand=7)
    rows_before = all_rows()
    other = "8" if counted else ""

    response = lister.post(
        PAGE, {f"stock-{get_stock(first).pk}": other, f"stock-{get_stock(second).pk}": counted}
    )

    assert 'class="errors' in html_of(response)
    assert 'name="stocktake"' not in html_of(response)
    assert all_rows() == rows_before


def test_foreign_and_forged_stock_takes_save_nothing(client, lister, seller) -> None:
    foreign = make_variant(make_seller("HTX khác"), on_hand=4)
    make_variant(seller, on_hand=4)
    rows_before = all_rows()

    entered = lister.post(PAGE, {f"stock-{get_stock(foreign).pk}": "99"})
    forged = lister.post(PAGE, {"stocktake": "x.y.z"})

    assert 'class="errors' in html_of(entered)
    assert forged.status_code == 302
    assert all_rows() == rows_before


def test_row_that_left_the_warehouse_is_named(lister, seller) -> None:
    variant = make_variant(seller, on_hand=10)
    page = review(lister, **{f"stock_{get_stock(variant).pk}": 7})
    Product.objects.filter(pk=variant.product_id).update(removed_at=timezone.now())

    response = lister.post(PAGE, {"stocktake": hidden(page, "stocktake")}, follow=True)

    assert "1 dòng không còn ở kho này nên không được lưu." in html_of(response)
    assert get_stock(variant).on_hand == 10


def test_stock_take_is_of_one_warehouse(lister, seller) -> None:
    variant = make_variant(seller, on_hand=10)
    far = Stock.objects.create(
        variant=variant, warehouse=make_warehouse(seller, make_channel(), name="Kho xa"), on_hand=5
    )

    page = html_of(lister.get(f"{PAGE}?kho={far.warehouse_id}"))

    assert f'name="stock-{far.pk}"' in page
    assert page.count('name="stock-') == 1


def test_queries_do_not_grow_with_rows(lister, seller) -> None:
    def count_queries() -> list[int]:
        counts = {f"stock-{pk}": "1" for pk in Stock.objects.values_list("pk", flat=True)}
        opened = hidden(html_of(lister.get(PAGE)), "opened")
        with CaptureQueriesContext(connection) as page_queries:
            lister.get(PAGE)
        with CaptureQueriesContext(connection) as review_queries:
            lister.post(PAGE, {"opened": opened} | counts)
        return [len(page_queries), len(review_queries)]

    add_lot(make_variant(seller, on_hand=2), 3)
    count_queries()
    few = count_queries()
    for _ in range(3):
        add_lot(make_product(seller, on_hand=2).variants.get(), 3)

    assert count_queries() == few
