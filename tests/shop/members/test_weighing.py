"""Weighing on the packing page: entering weights, the resulting price, and confirmations."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cooperatives.models import Role
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.models import OrderPart, WeightQuestion
from shop.core.actors import Actor
from shop.core.texts.formatting import format_money, format_time
from tests.factories import (
    NOW,
    make_member,
    make_order,
    make_seller,
    make_variant,
    make_variant_sold_by_weight,
)
from tests.markup import html_of
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def part(seller) -> OrderPart:
    """Return two gourds to be packed: about 4.8 kg, at most 5.76."""
    return accepted_part(seller)


def accepted_part(seller, *requested) -> OrderPart:
    part = make_order(*(requested or ((make_variant_sold_by_weight(seller), 2),))).parts.get()
    return accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)


def enter_weight(client, part, kg, *, is_reviewed=False, **more_fields):
    line = part.lines.get(estimate_grams__isnull=False)
    form = {f"weigh-{line.pk}-{name}": value for name, value in {"kg": kg, **more_fields}.items()}
    form_values = {**form, "idempotency_key": str(uuid.uuid4())} | ({"reviewed": "1"} if is_reviewed else {})
    return client.post(f"/xa-vien/goi/{part.pk}/can/{line.pk}/", form_values)


def weighed_grams(part) -> int | None:
    return part.lines.get(estimate_grams__isnull=False).weighed_grams


@pytest.mark.parametrize(
    ("entered_weight", "grams"),
    [("4,6", 4600), ("4.6", 4600), (" 4,6 kg ", 4600), ("5", 5000), ("4,605", 4605)],
)
def test_weight_is_entered_with_a_comma_or_a_dot(packer, part, entered_weight, grams) -> None:
    response = enter_weight(packer, part, entered_weight)

    assert response.status_code == 302
    assert response.url.startswith(f"/xa-vien/goi/{part.pk}/#goods-")
    assert weighed_grams(part) == grams


@pytest.mark.parametrize("entered_weight", ["", "nhiều", "4,6,1", "-4", "4,6051", "1e3", "123456"])
def test_invalid_weight_is_refused_at_the_field(packer, part, entered_weight) -> None:
    response = enter_weight(packer, part, entered_weight)

    assert response.status_code == 200
    assert weighed_grams(part) is None
    assert 'aria-invalid="true"' in html_of(response)


def test_unweighed_line_asks_for_a_weight_and_cannot_be_packed(packer, part) -> None:
    page = html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))

    assert 'inputmode="decimal"' in page
    assert 'name="taken-' not in page
    assert "86.400" in page


def test_weighed_line_shows_its_price_and_can_be_packed(packer, part) -> None:
    enter_weight(packer, part, "4,6")

    page = html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))

    assert "69.000" in page
    assert "Khách trả ít hơn 3.000\xa0₫ so với lúc đặt." in page
    assert 'name="taken-' in page


def test_implausible_weight_needs_to_be_repeated(packer, part) -> None:
    first = enter_weight(packer, part, "48")
    page = html_of(first)
    grams_before = weighed_grams(part)
    second = enter_weight(packer, part, "1,2", again="1,2")

    assert (first.status_code, grams_before) == (200, None)
    assert "-again" in page
    assert (second.status_code, weighed_grams(part)) == (302, 1200)


def test_excess_weight_asks_the_buyer_or_is_charged_at_the_agreed_maximum(packer, part) -> None:
    enter_weight(packer, part, "6")
    question = WeightQuestion.objects.get()
    page = html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))
    before = all_rows()
    gift = {"again": "6.000", "at_most": "on"}
    review = html_of(enter_weight(packer, part, "6.000", **gift))

    assert all_rows() == before
    assert "90.000" in page
    assert "Gửi luôn 6\u00a0kg, bớt 3.600\u00a0₫" in page
    assert f"Nếu đến {format_time(question.remind_at)} " in page
    assert f'value="{question.kilograms}"' in page
    assert "Gửi luôn 6\u00a0kg, bớt 3.600\u00a0₫" in review
    assert "Câu hỏi đã gửi khách sẽ được rút lại" in review
    enter_weight(packer, part, "6.000", is_reviewed=True, **gift)
    line = part.lines.get()
    assert (line.weighed_grams, line.total_gross) == (6000, 86_400)
    after = html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))
    assert "Bạn bớt cho khách 3.600\u00a0₫ so với cân nặng." in after


def test_log_names_the_weight_and_what_it_costs(packer, seller, part) -> None:
    enter_weight(packer, part, "6")
    question = WeightQuestion.objects.get()
    packer.force_login(make_member(seller))

    log = html_of(packer.get("/xa-vien/nhat-ky/"))

    assert "Nặng hơn mức" in log
    assert log.count("Cân nặng: 6\u00a0kg") == 2  # weighed, and asked
    assert log.count(f"Tổng tiền: {format_money(question.cost_after)}") == 2


def test_page_waits_for_the_answer_once_everything_is_weighed(packer, part) -> None:
    before = html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))
    enter_weight(packer, part, "6,4")
    asked = html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))
    enter_weight(packer, part, "5,2")

    page = html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))

    to_weigh, awaited = "Cân hàng trước rồi mới đóng kiện được.", "Đóng gói được ngay khi khách trả lời."
    assert (to_weigh in before, awaited in before) == (True, False)
    assert (to_weigh in asked, awaited in asked) == (False, True)
    assert "Đã rút câu hỏi gửi khách." in page
    assert WeightQuestion.objects.get().answer == "no_longer_asked"


def test_weight_preview_shows_the_price_and_saves_nothing(packer, part) -> None:
    line = part.lines.get()
    before = all_rows()

    previews = [
        html_of(packer.get(f"/xa-vien/goi/{part.pk}/can/{line.pk}/thu/", {f"weigh-{line.pk}-kg": kg}))
        for kg in ("4,6", "6", "48", "x")
    ]

    assert ["69.000" in preview for preview in previews] == [True, False, False, False]
    assert "Khách trả ít hơn 3.000\xa0₫ so với lúc đặt." in previews[0]
    assert "Khách trả thêm 18.000\xa0₫ so với lúc đặt." in previews[1]
    assert [
        tone for preview in previews for tone in ("good", "wait", "bad") if f"notice {tone}" in preview
    ] == [
        "good",
        "wait",
        "bad",
    ]
    assert all_rows() == before


def test_foreign_line_is_not_found(packer, part) -> None:
    foreign = accepted_part(make_seller("HTX Yến Dương"))
    line = foreign.lines.get()
    before = all_rows()

    statuses = [
        packer.post(f"/xa-vien/goi/{foreign.pk}/can/{line.pk}/", {f"weigh-{line.pk}-kg": "4,6"}),
        packer.post(f"/xa-vien/goi/{part.pk}/can/{line.pk}/", {f"weigh-{line.pk}-kg": "4,6"}),
        packer.post(f"/xa-vien/goi/{part.pk}/can/{uuid.uuid4()}/", {}),
        packer.get(f"/xa-vien/goi/{foreign.pk}/can/{line.pk}/thu/"),
    ]

    assert [response.status_code for response in statuses] == [404] * 4
    assert all_rows() == before


def test_fixed_price_line_cannot_be_weighed(packer, seller) -> None:
    part = accepted_part(seller, (make_variant(seller), 1))
    line = part.lines.get()

    response = packer.post(f"/xa-vien/goi/{part.pk}/can/{line.pk}/", {f"weigh-{line.pk}-kg": "1"})

    assert response.status_code == 404


def test_only_packers_weigh(client, seller, part) -> None:
    client.force_login(make_member(seller, Role.LISTER))

    response = enter_weight(client, part, "4,6")

    assert (response.status_code, weighed_grams(part)) == (403, None)


def test_label_shows_the_weighed_amount(packer, part) -> None:
    enter_weight(packer, part, "4,6")
    line = part.lines.get()
    packer.post(
        f"/xa-vien/goi/{part.pk}/kien/",
        {f"taken-{line.pk}": "on", f"quantity-{line.pk}": "2", "idempotency_key": str(uuid.uuid4())},
    )

    page = html_of(packer.get(f"/xa-vien/kien/{part.parcels.get().pk}/tem/"))

    assert "4,6\u00a0kg" in page
    assert "99.000" in page


def test_queries_do_not_grow_with_lines_to_weigh(packer, seller) -> None:
    small_part = accepted_part(seller, (make_variant_sold_by_weight(seller), 1))
    large_part = accepted_part(
        seller, *[(make_variant_sold_by_weight(seller, name=f"Bí {number}"), 1) for number in range(12)]
    )
    counts = []
    for part in (small_part, large_part):
        for line in part.lines.all()[1:8]:
            grams = 2300 if line.position % 2 else 3000
            weigh_line(part_id=part.pk, line_id=line.pk, grams=grams, actor=Actor.system(), now=NOW)
        with CaptureQueriesContext(connection) as queries:
            page = html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))
        counts.append((page.count('-kg"'), len(queries)))

    assert counts[1][0] > counts[0][0] > 0
    assert counts[0][1] == counts[1][1]


def test_home_shows_parts_waiting_for_weighing_or_for_the_buyer(packer, seller, part) -> None:
    heavy = accepted_part(seller)
    weigh_line(part_id=heavy.pk, line_id=heavy.lines.get().pk, grams=6000, actor=Actor.system(), now=NOW)
    done = accepted_part(seller)
    weigh_line(part_id=done.pk, line_id=done.lines.get().pk, grams=4800, actor=Actor.system(), now=NOW)
    accepted_part(seller, (make_variant(seller), 1))

    with CaptureQueriesContext(connection) as few_queries:
        page = html_of(packer.get("/xa-vien/"))
    for _each in range(4):
        accepted_part(seller)
    with CaptureQueriesContext(connection) as many_queries:
        packer.get("/xa-vien/")

    assert page.count("Chờ cân") == 1
    assert page.count("Chờ khách trả lời") == 1
    assert len(few_queries) == len(many_queries)
