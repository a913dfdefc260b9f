"""Lots: receipts, balances per warehouse, counts, losses, transfers and stages."""

from __future__ import annotations

import datetime
import random
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from catalog.actions.stock.lots import (
    InvalidLotDates,
    InvalidStage,
    LotDetails,
    add_lot_stage,
    count_lot,
    receive_lot,
)
from catalog.actions.stock.receipts_and_losses import receive_stock, write_off_stock
from catalog.actions.stock.stock_movements import (
    InvalidStockCount,
    count_stock,
    record_movement,
)
from catalog.actions.stock.transfer_stock import transfer_stock
from catalog.actions.wording.forbidden_phrases import ForbiddenWords
from catalog.models import Lot, LotBalance, LotStage, Movement, MovementReason, Recall, Stock
from catalog.models.lot import is_lot_code
from cooperatives.models import Certificate, CertificateKind, Producer
from cooperatives.states import CertificateState
from orders.actions.fulfilment.recalls import end_recall, start_recall
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing
from shop.core.models import KeyReused
from shop.management.verification.stock import find_wrong_lot_balances
from tests.factories import (
    NOW,
    get_stock,
    make_channel,
    make_seller,
    make_variant,
    make_warehouse,
    unknown_uuid,
)
from tests.invariants import check_stock
from tests.refusals import assert_refused
from tests.row_reuse import reuse_rows

pytestmark = pytest.mark.django_db
MEMBER = Actor.system("test")
TODAY = vietnam_date(NOW)


def arguments(variant, **overrides):
    """Return arguments of stock actions for the variant's first warehouse."""
    warehouse_id = variant.stocks.order_by("pk").first().warehouse_id
    common = {"cooperative": variant.cooperative, "actor": MEMBER, "now": NOW}
    return {"variant_id": variant.pk, "warehouse_id": warehouse_id} | common | overrides


@reuse_rows
def make_lot(variant, quantity=10, **details):
    return receive_lot(**arguments(variant), quantity=quantity, details=LotDetails(**details))


def balances(lot):
    return list(LotBalance.objects.filter(lot=lot).order_by("stock").values_list("on_hand", flat=True))


def count(lot, counted, **overrides):
    passed = arguments(lot.variant, **overrides)
    del passed["variant_id"]
    return count_lot(lot_id=lot.pk, counted_quantity=counted, **passed)


def test_receipt_becomes_a_lot_with_a_code_and_a_balance() -> None:
    variant = make_variant(on_hand=4)
    household = Producer.objects.create(cooperative=variant.cooperative, name="Tổ 3")
    certificate = Certificate.objects.create(cooperative=variant.cooperative, kind=CertificateKind.VIETGAP)

    lot = make_lot(
        variant,
        6,
        harvested_on=TODAY - timedelta(2),
        expires_on=TODAY + timedelta(30),
        producer_id=household.pk,
        certificate_id=certificate.pk,
    )

    assert is_lot_code(lot.code)
    assert (get_stock(variant).on_hand, balances(lot)) == (10, [6])
    movement = Movement.objects.get(lot=lot)
    assert (movement.quantity, movement.reason, lot.producer, lot.certificate) == (
        6,
        "receipt",
        household,
        certificate,
    )
    check_stock()


def test_receipt_without_a_lot_leaves_lots_untouched() -> None:
    variant = make_variant(on_hand=0)

    receive_stock(**arguments(variant), quantity=5)

    assert (get_stock(variant).on_hand, Lot.objects.count(), LotBalance.objects.count()) == (5, 0, 0)


def test_repeated_receipt_returns_the_first_lot() -> None:
    variant = make_variant(on_hand=0)

    lots = {
        receive_lot(**arguments(variant), quantity=5, details=LotDetails(), idempotency_key="phone-1").pk
        for _attempt in range(2)
    }

    assert (len(lots), get_stock(variant).on_hand) == (1, 5)


@pytest.mark.parametrize(
    ("harvested", "expires", "field"),
    [(1, None, "harvested_on"), (0, -1, "expires_on"), (1, 5, "harvested_on")],
)
def test_impossible_dates_are_refused(harvested, expires, field) -> None:
    variant = make_variant()
    details = LotDetails(
        harvested_on=TODAY + timedelta(harvested),
        expires_on=None if expires is None else TODAY + timedelta(expires),
    )

    with assert_refused(InvalidLotDates, "invalid_lot_dates") as refusal:
        receive_lot(**arguments(variant), quantity=5, details=details)

    assert refusal.value.field == field


def test_database_refuses_expiry_before_harvest() -> None:
    lot = make_lot(make_variant(), harvested_on=TODAY)

    with pytest.raises(IntegrityError), transaction.atomic():
        Lot.objects.filter(pk=lot.pk).update(expires_on=TODAY - timedelta(1))


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001])
def test_lot_of_nothing_is_refused(quantity) -> None:
    variant = make_variant()

    with assert_refused(InvalidStockCount, "invalid_stock_count"):
        receive_lot(**arguments(variant), quantity=quantity, details=LotDetails())


def test_foreign_households_certificates_lots_and_warehouses_are_missing() -> None:
    variant, other = make_variant(), make_variant(make_seller("HTX Tài Hoan"))
    second = make_variant(variant.cooperative)
    household = Producer.objects.create(cooperative=other.cooperative, name="Tổ 1")
    certificate = Certificate.objects.create(
        cooperative=variant.cooperative, kind=CertificateKind.VIETGAP, state=CertificateState.IN_REVIEW
    )
    lot, foreign_lot = make_lot(variant), make_lot(other)

    for details in (LotDetails(producer_id=household.pk), LotDetails(certificate_id=certificate.pk)):
        with assert_refused(Missing, "missing"):
            receive_lot(**arguments(variant), quantity=1, details=details)
    with assert_refused(Missing, "missing"):
        receive_lot(**arguments(variant, warehouse_id=unknown_uuid()), quantity=1, details=LotDetails())
    for wrong_lot in (foreign_lot.pk, make_lot(second).pk, 404):
        with assert_refused(Missing, "missing"):
            receive_stock(**arguments(variant), quantity=1, lot_id=wrong_lot)
    with assert_refused(Missing, "missing"):
        count(lot, 3, cooperative=other.cooperative)
    with assert_refused(Missing, "missing"):
        add_lot_stage(
            cooperative=other.cooperative, lot_id=lot.pk, title="Rửa", happened_at=NOW, actor=MEMBER, now=NOW
        )


def test_loss_and_transfer_name_the_lot() -> None:
    variant = make_variant(on_hand=0)
    lot = make_lot(variant, 10)
    far = make_warehouse(variant.cooperative, make_channel())
    home = get_stock(variant).warehouse

    write_off_stock(**arguments(variant), quantity=2, lot_id=lot.pk)
    transfer_stock(
        cooperative=variant.cooperative,
        variant_id=variant.pk,
        from_warehouse_id=home.pk,
        to_warehouse_id=far.pk,
        quantity=3,
        lot_id=lot.pk,
        actor=MEMBER,
        now=NOW,
    )

    assert balances(lot) == [5, 3]
    assert [row.on_hand for row in Stock.objects.filter(variant=variant).order_by("pk")] == [5, 3]
    check_stock()


def test_counting_a_lot_changes_its_balance_and_the_stock() -> None:
    variant = make_variant(on_hand=4)
    lot = make_lot(variant, 10)

    count(lot, 7)

    assert (balances(lot), get_stock(variant).on_hand) == ([7], 11)
    check_stock()


def test_counting_lots_explains_what_a_count_of_the_whole_stock_missed() -> None:
    """The whole stock is counted 4 lower than its two lots; then the lots are counted one by one."""
    variant = make_variant(on_hand=0)
    first, second = make_lot(variant, 10), make_lot(variant, 5)
    count_stock(**arguments(variant), counted_quantity=11)

    count(first, 7)
    after_first = get_stock(variant).on_hand
    count(second, 3)

    assert (after_first, balances(first), balances(second), get_stock(variant).on_hand) == (11, [7], [3], 10)
    check_stock()


def test_repeated_count_of_a_lot_changes_nothing_after_later_movements() -> None:
    variant = make_variant(on_hand=0)
    lot = make_lot(variant, 10)

    count(lot, 8, idempotency_key="page-1")
    write_off_stock(**arguments(variant), quantity=4, lot_id=lot.pk)
    count(lot, 8, idempotency_key="page-1")

    assert balances(lot) == [4]


@pytest.mark.parametrize("counted", ["lot", "stock"])
def test_movement_recorded_after_a_count_that_includes_it_keeps_the_counted_stock(counted) -> None:
    variant = make_variant(on_hand=0)
    lot = make_lot(variant, 10)
    later = NOW + timedelta(hours=2)
    if counted == "lot":
        count(lot, 7, now=later)
    else:
        count_stock(**arguments(variant, now=later), counted_quantity=7)

    record_movement(
        get_stock(variant),
        -3,
        reason=MovementReason.DISPATCH,
        lot_id=lot.pk,
        happened_at=NOW + timedelta(hours=1),
        actor=MEMBER,
        now=later + timedelta(hours=1),
    )

    assert (balances(lot), get_stock(variant).on_hand) == ([7], 7)
    check_stock()


def test_stages_are_kept_once_each_with_their_times() -> None:
    lot = make_lot(make_variant())
    hour_ago = NOW - timedelta(hours=1)
    stage = {"cooperative": lot.variant.cooperative, "lot_id": lot.pk, "actor": MEMBER, "now": NOW}

    for _attempt in range(2):
        add_lot_stage(title=" Rửa,  lau khô ", happened_at=hour_ago, idempotency_key="page-2", **stage)

    assert list(LotStage.objects.values_list("title", "happened_at", "created_at")) == [
        ("Rửa, lau khô", hour_ago, NOW)
    ]
    other = make_lot(lot.variant)
    with assert_refused(KeyReused, "key_reused"):
        add_lot_stage(
            title="Rửa", happened_at=hour_ago, idempotency_key="page-2", **(stage | {"lot_id": other.pk})
        )


@pytest.mark.parametrize(
    ("title", "minutes", "field"), [(" ", 0, "title"), ("x" * 121, 0, "title"), ("Rửa", 1, "happened_at")]
)
def test_empty_long_and_future_stages_are_refused(title, minutes, field) -> None:
    lot = make_lot(make_variant())

    with assert_refused(InvalidStage, "invalid_stage") as refusal:
        add_lot_stage(
            cooperative=lot.variant.cooperative,
            lot_id=lot.pk,
            title=title,
            happened_at=NOW + timedelta(minutes=minutes),
            actor=MEMBER,
            now=NOW,
        )

    assert refusal.value.field == field


def test_forbidden_words_in_a_stage_are_refused() -> None:
    lot = make_lot(make_variant())

    with assert_refused(ForbiddenWords, "forbidden_words"):
        add_lot_stage(
            cooperative=lot.variant.cooperative,
            lot_id=lot.pk,
            title="Hái lá chữa khỏi ung thư",
            happened_at=NOW,
            actor=MEMBER,
            now=NOW,
        )


def test_lots_are_near_expiry_for_some_days_or_a_third_of_their_shelf_life() -> None:
    seller = make_seller()
    seller.near_expiry_days = 4
    variant = make_variant(seller)
    days = [
        (harvested, expires) for harvested in (None, -9, -5, -2, 0) for expires in (-1, 0, 1, 2, 3, 4, 5, 20)
    ]
    lots = [
        make_lot(
            variant,
            harvested_on=None if harvested is None else TODAY + timedelta(harvested),
            expires_on=TODAY + timedelta(expires),
        )
        for harvested, expires in days
        if harvested is None or harvested <= expires
    ]
    undated, empty = make_lot(variant), make_lot(variant, expires_on=TODAY)
    LotBalance.objects.filter(lot=empty).update(on_hand=0)

    near = set(Lot.objects.near_expiry(seller, TODAY))

    assert near == {lot for lot in lots if lot.near_expiry_from(seller) <= TODAY}
    left = [
        (lot.harvested_on and (lot.harvested_on - TODAY).days, (lot.expires_on - TODAY).days) for lot in near
    ]
    assert {pair for pair in left if pair[1] > 0} == {
        (None, 1),
        (None, 2),
        (None, 3),
        (None, 4),
        (-9, 1),
        (-9, 2),
        (-9, 3),
        (-9, 4),
        (-5, 1),
        (-5, 2),
        (-2, 1),
    }
    assert undated.near_expiry_from(seller) is None


def test_recalled_lots_are_not_told_as_near_expiry() -> None:
    lot = make_lot(make_variant(), expires_on=TODAY)
    Lot.objects.filter(pk=lot.pk).update(recalled_at=NOW)

    assert not Lot.objects.near_expiry(lot.variant.cooperative, TODAY).exists()


def test_lots_are_sorted_first_expired_first() -> None:
    variant = make_variant()
    undated = make_lot(variant)
    late, early = (make_lot(variant, expires_on=TODAY + timedelta(days)) for days in (20, 5))

    assert list(Lot.objects.in_stock().first_expired_first()) == [early, late, undated]


def test_verification_finds_a_balance_that_differs_from_its_movements() -> None:
    lot = make_lot(make_variant(on_hand=0), 10)
    stock = get_stock(lot.variant)

    LotBalance.objects.filter(lot=lot).update(on_hand=9)
    changed = list(find_wrong_lot_balances())
    LotBalance.objects.filter(lot=lot).delete()
    deleted = list(find_wrong_lot_balances())

    assert changed == [f"lot {lot.code}: its balance in stock {stock.pk} is 9, its movements sum to 10"]
    assert deleted == [f"lot {lot.pk}: it has movements in stock {stock.pk} and no balance"]


def recall_or_end(lot, now):
    """Start a recall of the lot, or end its open one."""
    recall = Recall.objects.open().filter(lot=lot).first()
    if recall is None:
        start_recall(lot_id=lot.pk, reason="Có mốc", advice="Không ăn", actor=MEMBER, now=now)
    else:
        end_recall(recall_id=recall.pk, reason="Đạt", actor=MEMBER, now=now)


@pytest.mark.parametrize("seed", range(3))
def test_random_movements_keep_lots_and_stock_equal(seed) -> None:
    """Any mixture of receipts, losses, transfers, counts and recalls keeps every sum."""
    rng = random.Random(seed)
    variant = make_variant(on_hand=5)
    far = make_warehouse(variant.cooperative, make_channel())
    receive_stock(**arguments(variant, warehouse_id=far.pk), quantity=3)
    warehouses = [row.warehouse_id for row in Stock.objects.order_by("pk")]
    lots = [make_lot(variant, 6), make_lot(variant, 4)]
    now = NOW
    for _step in range(40):
        now += timedelta(minutes=5)
        lot = rng.choice([None, *lots])
        warehouse_id, other_id = rng.sample(warehouses, 2)
        passed = arguments(variant, warehouse_id=warehouse_id, now=now)
        lot_id = lot.pk if lot is not None else None
        kind = rng.choice(["receive", "lose", "transfer", "count", "late", "recall"])
        happened_at = now - datetime.timedelta(minutes=rng.randint(1, 30)) if kind == "late" else None
        if kind == "recall":
            recall_or_end(rng.choice(lots), now)
        elif kind == "count" and lot is not None:
            count(lot, rng.randint(0, 9), warehouse_id=warehouse_id, now=now)
        elif kind == "count":
            count_stock(**passed, counted_quantity=rng.randint(0, 20))
        elif kind == "transfer":
            del passed["warehouse_id"]
            transfer_stock(
                **passed,
                from_warehouse_id=warehouse_id,
                to_warehouse_id=other_id,
                quantity=rng.randint(1, 5),
                lot_id=lot_id,
            )
        else:
            action = receive_stock if kind == "receive" else write_off_stock
            action(**passed, quantity=rng.randint(1, 5), lot_id=lot_id, happened_at=happened_at)
        check_stock()
