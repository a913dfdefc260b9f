"""Stock from phones: counts hold for the moment of counting, in whatever order the commands arrive."""

from __future__ import annotations

import datetime
import itertools
from typing import Any

import pytest
from django.utils import timezone

from catalog.actions.stock.receipts_and_losses import receive_stock
from catalog.actions.stock.transfer_stock import transfer_stock
from catalog.models import Movement, Stock, Variant
from cooperatives.models import Role
from orders.models import Parcel
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.members.sync.models import PhoneCommand
from tests.factories import get_stock, make_channel, make_order, make_seller, make_variant, make_warehouse
from tests.invariants import check_everything
from tests.refusals import assert_refused
from tests.shop.members.sync.phone import Phone, make_command

pytestmark = pytest.mark.django_db


def hours_ago(hours: float) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(hours=hours)


def of(variant: Variant) -> dict[str, Any]:
    return {"variant": variant.pk, "warehouse": str(get_stock(variant).warehouse_id)}


def test_count_holds_for_its_moment_when_parcels_and_receipts_followed(seller) -> None:
    variant = make_variant(seller, on_hand=10)
    stock = get_stock(variant)
    Movement.objects.filter(stock=stock).update(created_at=hours_ago(9))
    phone = Phone(seller, Role.PACKER)
    counting = make_command("count_stock", **of(variant), counted=7, at=hours_ago(2))
    receive_stock(
        cooperative=seller,
        variant_id=variant.pk,
        warehouse_id=stock.warehouse_id,
        quantity=5,
        actor=Actor.system(),
        now=hours_ago(1),
    )

    push_response = phone.push(counting)
    phone.push(counting)

    assert push_response["answers"][0]["outcome"] == "done"
    stock.refresh_from_db()
    assert stock.on_hand == 12
    moment = Movement.objects.get(reason="count").happened_at
    assert moment is not None
    assert abs(moment - hours_ago(2)) < datetime.timedelta(minutes=1)
    assert list(Movement.objects.order_by("pk").values_list("quantity", flat=True)) == [10, 5, -3]


def test_parcel_handed_over_before_a_count_but_sent_after_it_is_not_subtracted_again(seller) -> None:
    part = make_order((make_variant(seller, on_hand=10), 2)).parts.get()
    variant = part.lines.get().variant
    Movement.objects.update(created_at=hours_ago(9))
    packer, counter = Phone(seller, Role.PACKER), Phone(seller, Role.PACKER)
    accepting = make_command("accept_part", part=part.pk, at=hours_ago(5))
    quantities = {str(part.lines.get().pk): 2}
    packing = make_command(
        "pack_parcel", part=part.pk, quantities=quantities, at=hours_ago(4), after=(accepting["key"],)
    )
    closing = make_command("close_parcel", packed_by=packing["key"], at=hours_ago(4), after=(packing["key"],))
    leaving = make_command(
        "hand_over_parcel", packed_by=packing["key"], at=hours_ago(3), after=(closing["key"],)
    )
    counter.push(make_command("count_stock", **of(variant), counted=8, at=hours_ago(1)))

    packer.push(accepting, packing, closing, leaving)

    assert Parcel.objects.get().state == "handed_over"
    assert get_stock(variant).on_hand == 8
    assert list(Movement.objects.order_by("pk").values_list("quantity", "reason")) == [
        (10, "receipt"),
        (-2, "count"),
        (-2, "dispatch"),
        (2, "count"),
    ]
    check_everything()


def test_stock_is_the_same_in_whatever_order_two_phones_send(seller) -> None:
    """Received 5 at -5 h, counted 12 at -4 h, lost 1 at -3 h, counted 20 at -2 h, received 3 at -1 h: 23."""
    facts = [
        ("receive_stock", {"quantity": 5}, 5),
        ("count_stock", {"counted": 12}, 4),
        ("write_off_stock", {"quantity": 1}, 3),
        ("count_stock", {"counted": 20}, 2),
        ("receive_stock", {"quantity": 3}, 1),
    ]
    phones = [Phone(seller, Role.CASHIER) for _ in range(2)]
    found = set()

    for number, order in enumerate(itertools.islice(itertools.permutations(facts), 0, 120, 17)):
        variant = make_variant(seller, name=f"Bí {number}", on_hand=10)
        Movement.objects.filter(stock=get_stock(variant)).update(created_at=hours_ago(9))
        for phone, (name, payload, hours) in zip(itertools.cycle(phones), order, strict=False):
            answer = phone.push(make_command(name, **of(variant), **payload, at=hours_ago(hours)))["answers"][
                0
            ]
            assert answer["outcome"] == "done"
        found.add(get_stock(variant).on_hand)

    assert found == {23}
    check_everything()


@pytest.mark.parametrize("days", [-1, 1, 400])
def test_wrong_clock_still_measures_how_long_a_count_waited(seller, days) -> None:
    variant = make_variant(seller, on_hand=10)
    stock = get_stock(variant)
    Movement.objects.filter(stock=stock).update(created_at=hours_ago(9))
    phone, wrong = Phone(seller, Role.CASHIER), datetime.timedelta(days=days)
    counting = make_command("count_stock", **of(variant), counted=7, at=hours_ago(2) + wrong)
    phone.push(make_command("receive_stock", **of(variant), quantity=5))

    response = phone.send(counting, clock=(timezone.now() + wrong).isoformat())

    assert response.json()["answers"][0]["outcome"] == "done"
    assert get_stock(variant).on_hand == 12


def test_receipt_before_the_count_it_precedes_counts_as_earlier_even_if_the_network_was_slow(seller) -> None:
    """The second push took longer, so by our clock its command seems to be given earlier."""
    variant = make_variant(seller, on_hand=10)
    Movement.objects.update(created_at=hours_ago(9))
    phone, at = Phone(seller, Role.CASHIER), hours_ago(2)
    receiving = make_command("receive_stock", **of(variant), quantity=5, at=at)
    counting = make_command(
        "count_stock",
        **of(variant),
        counted=15,
        at=at + datetime.timedelta(seconds=1),
        after=(receiving["key"],),
    )
    phone.send(receiving, clock=(timezone.now() - datetime.timedelta(seconds=9)).isoformat())

    phone.push(counting)

    assert get_stock(variant).on_hand == 15


def test_stock_is_transferred_between_warehouses_once(seller) -> None:
    variant = make_variant(seller, on_hand=10)
    near, far_warehouse = get_stock(variant).warehouse, make_warehouse(seller, make_channel(), name="Kho xa")
    phone = Phone(seller, Role.CASHIER)
    moving = make_command(
        "transfer_stock", **of(variant), to=str(far_warehouse.pk), quantity=4, note="xe chiều"
    )

    push_response = phone.push(moving)
    PhoneCommand.objects.update(outcome="", answered_at=None, claimed_at=None)  # the server died
    phone.push(moving)

    assert push_response["answers"][0]["outcome"] == "done"
    assert dict(Stock.objects.values_list("warehouse", "on_hand")) == {near.pk: 6, far_warehouse.pk: 4}
    moved = Movement.objects.filter(reason="transfer").order_by("pk")
    assert list(moved.values_list("quantity", "note")) == [(-4, "xe chiều"), (4, "xe chiều")]
    check_everything()


def test_impossible_transfers_are_refused(seller) -> None:
    variant = make_variant(seller, on_hand=10)
    closed = make_warehouse(seller, make_channel(), closed_at=timezone.now())
    foreign = make_warehouse(make_seller("HTX khác"), make_channel())
    here = get_stock(variant).warehouse_id
    phone = Phone(seller, Role.CASHIER)

    answers = [
        phone.answer("transfer_stock", **of(variant), to=str(to), quantity=4)
        for to in (here, closed.pk, foreign.pk)
    ]

    assert [answer["code"] for answer in answers] == ["same_warehouse", "missing", "missing"]
    assert not Movement.objects.filter(reason="transfer").exists()
    assert get_stock(variant).on_hand == 10
    with assert_refused(Missing, "missing"):
        transfer_stock(
            cooperative=foreign.cooperative,
            variant_id=variant.pk,
            from_warehouse_id=here,
            to_warehouse_id=foreign.pk,
            quantity=1,
            actor=Actor.system(),
            now=timezone.now(),
        )
