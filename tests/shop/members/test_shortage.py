"""A member enters how many of each item can be sent."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders.actions.fulfilment.unsent_items import NoLinesLeftToSend
from orders.actions.refunds.refund_preview import RefundRoute
from orders.actions.refunds.report_shortage import NothingShort, report_shortage
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.texts.formatting import format_money
from tests.factories import make_staff
from tests.markup import html_of
from tests.refusals import all_rows
from tests.shop.members.part_factories import accepted_part, parcel_of

pytestmark = pytest.mark.django_db


def test_member_sends_fewer_items(packer, seller) -> None:
    part = accepted_part(seller, quantity=3)
    line = part.lines.get()
    address = f"/xa-vien/goi/{part.pk}/thieu/"
    assert address in html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))
    assert f'name="available-{line.pk}"' in html_of(packer.get(address))

    before = all_rows()
    entered = {"idempotency_key": str(uuid.uuid4()), f"available-{line.pk}": "2"}
    reduction, total = line.total_gross // 3, part.total_gross

    review = packer.post(address, entered)
    edited = packer.post(address, entered | {"edit": "1"})

    assert all_rows() == before
    assert review.context["missing"] == [(line.contents_label(1), reduction)]
    assert (review.context["total"], review.context["new_total"]) == (total, total - reduction)
    assert review.context["route"] == RefundRoute(card=0, bank=0, deduction=reduction)
    assert f"<dd>−{format_money(reduction, 'VND')}</dd>" in html_of(review)
    assert edited.context["form"].data[f"available-{line.pk}"] == "2"
    assert f"Khách đặt {line.count_label(3)}. Gửi được bao nhiêu?" in html_of(edited)
    response = packer.post(address, dict(review.context["fields"]) | {"reviewed": "1"})

    assert response.status_code == 302
    told = f"bớt {format_money(reduction)}, còn {format_money(total - reduction)}."
    assert f"Đã báo cho khách: {told}" in html_of(packer.get(response["Location"]))
    part.refresh_from_db()
    assert part.order.current_total_gross == part.total_gross - line.total_gross // 3


def test_totals_show_the_reduction_for_missing_items(packer, seller) -> None:
    part = accepted_part(seller, quantity=3)
    line, total = part.lines.get(), part.total_gross
    reduction = line.total_gross // 3
    report_shortage(part_id=part.pk, available={line.pk: 2}, actor=Actor.system(), now=timezone.now())

    page = packer.get(f"/xa-vien/goi/{part.pk}/")

    context = page.context
    assert (context["reduction"], context["refunded"], context["due"]) == (reduction, 0, total - reduction)
    assert "Giảm do thiếu hàng" in html_of(page)
    assert f"<dd>−{format_money(reduction, 'VND')}</dd>" in html_of(page)
    assert f'<dd class="total">{format_money(total - reduction, "VND")}</dd>' in html_of(page)
    client = Client()
    client.force_login(make_staff(Permission.MANAGE_ORDERS))
    row = html_of(client.get(reverse("desk:orders"))).split(part.order.code)[1].split("</tr>")[0]
    assert format_money(total - reduction, "VND") in row
    assert f"Lúc đặt {format_money(total, 'VND')}" in row


def test_second_shortage_can_be_reported_until_everything_is_packed(packer, seller) -> None:
    part = accepted_part(seller, quantity=3)
    address = f"/xa-vien/goi/{part.pk}/thieu/"
    report_shortage(
        part_id=part.pk, available={part.lines.get().pk: 2}, actor=Actor.system(), now=timezone.now()
    )
    assert f'href="{address}"' in html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))

    parcel_of(part, 2)

    assert f'href="{address}"' not in html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))


def test_cancelling_after_a_shortage_does_not_ask_whether_one_item_is_missing(packer, seller) -> None:
    part = accepted_part(seller, quantity=3)
    question = "Chỉ thiếu một món?"
    (link,) = re.findall(
        r'href="([^"]*[?]shortage=1)"', html_of(packer.get(f"/xa-vien/goi/{part.pk}/thieu/"))
    )

    assert question not in html_of(packer.get(link))
    assert question in html_of(packer.get(link.removesuffix("?shortage=1")))


def test_missing_items_are_told_and_are_no_parcel(packer, seller) -> None:
    part = accepted_part(seller, quantity=3)
    line = part.lines.get()
    report_shortage(part_id=part.pk, available={line.pk: 2}, actor=Actor.system(), now=timezone.now())
    parcel = parcel_of(part, 2)

    page = packer.get(f"/xa-vien/goi/{part.pk}/")

    told = f"Thiếu {line.contents_label(1)}, đã giảm {format_money(line.total_gross // 3, 'VND')}"
    assert [(row["parcel"].pk, row["place"]) for row in page.context["parcels"]] == [(parcel.pk, "")]
    assert told in html_of(page)
    client = Client()
    client.force_login(make_staff(Permission.MANAGE_ORDERS))
    desk_page = client.get(reverse("desk:order", args=[part.order_id]))
    desk_parcels = desk_page.context["part_displays"][0].shown_parcels
    assert [(row.parcel.pk, row.position) for row in desk_parcels] == [(parcel.pk, "1/1")]
    assert told in html_of(desk_page)


@pytest.mark.parametrize("entered", ["4", "-1", "", "hai"])
def test_invalid_number_is_refused_and_changes_nothing(packer, seller, entered) -> None:
    part = accepted_part(seller, quantity=3)
    before = all_rows()

    response = packer.post(f"/xa-vien/goi/{part.pk}/thieu/", {f"available-{part.lines.get().pk}": entered})

    assert response.status_code == 200
    assert 'class="errors' in html_of(response)
    assert all_rows() == before


def test_shortage_of_everything_is_refused_before_the_review(packer, seller) -> None:
    part = accepted_part(seller, quantity=3)
    before = all_rows()

    response = packer.post(f"/xa-vien/goi/{part.pk}/thieu/", {f"available-{part.lines.get().pk}": "0"})

    assert response.context["form"].errors == {"__all__": [str(NoLinesLeftToSend.default_message)]}
    assert all_rows() == before


def test_unchanged_numbers_stay_on_the_form_with_the_error_at_the_field(packer, seller) -> None:
    part = accepted_part(seller, quantity=3)
    field = f"available-{part.lines.get().pk}"
    before = all_rows()

    response = packer.post(f"/xa-vien/goi/{part.pk}/thieu/", {"idempotency_key": uuid.uuid4(), field: "3"})

    assert response.status_code == 200
    assert response.context["form"].errors == {field: [str(NothingShort.default_message)]}
    assert all_rows() == before
