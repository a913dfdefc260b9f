"""Members are told once when stock becomes low or a lot comes near its use-by date."""

from __future__ import annotations

import datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from catalog.models import Lot, LotBalance, Stock
from cooperatives.models import Cooperative, Role
from cooperatives.states import CooperativeState
from orders.actions.alerts.escalate_alerts import escalate_alerts, mark_alert_seen
from orders.actions.alerts.stock_alerts import GATHERING_PERIOD, raise_stock_alerts, raise_stock_alerts_task
from orders.alert_states import AlertState
from orders.models import Alert, AlertStep, StockWarning
from orders.notifications.alerts import alert_text, alert_title
from shop.core.dates.calendar import vietnam_date
from shop.notifications.models import Notification
from tests.factories import NOW, make_member, make_seller, make_variant

pytestmark = pytest.mark.django_db
TODAY = vietnam_date(NOW)
NIGHT = NOW.replace(hour=16, minute=30)  # 23:30 in Vietnam
LATER = NOW + GATHERING_PERIOD


def add_lot(variant, days: int) -> Lot:
    lot = Lot.objects.create(
        variant=variant,
        code=f"L{variant.pk}A{days}",
        expires_on=TODAY + datetime.timedelta(days),
        created_at=NOW,
    )
    LotBalance.objects.create(lot=lot, stock=variant.stocks.get(), on_hand=1)
    return lot


def set_stock(variant, on_hand: int) -> None:
    Stock.objects.filter(variant=variant).update(on_hand=on_hand)


def warned() -> list[tuple[int | None, int | None]]:
    return list(StockWarning.objects.open().order_by("pk").values_list("variant", "lot"))


def test_what_is_scarce_is_told_together_and_once() -> None:
    seller = make_seller()
    few, none = (
        make_variant(seller, name="Chuối sấy", on_hand=3),
        make_variant(seller, name="Khăn", on_hand=0),
    )
    plenty = make_variant(seller, name="Măng khô", on_hand=40)
    lot, _later = add_lot(plenty, 5), add_lot(plenty, 30)
    make_member(seller, Role.MANAGER, first_name="Mai")
    make_member(seller, Role.BOOKKEEPER, first_name="Tâm")
    make_member(seller, Role.LISTER, first_name="Lan")

    for hours in (0, 1, 24, 48):
        raise_stock_alerts(now=NOW + datetime.timedelta(hours=hours))
        escalate_alerts(now=NOW + datetime.timedelta(hours=hours))

    alert = Alert.objects.get()
    assert (alert.kind, alert.part, alert.recall) == ("stock", None, None)
    assert warned() == [(none.pk, None), (few.pk, None), (None, lot.pk)]
    assert list(AlertStep.objects.order_by("pk").values_list("user__first_name", "method")) == [
        ("Lan", "email"),
        ("Mai", "email"),
    ]
    mail = Notification.objects.filter(key__startswith="alert:").earliest("pk")
    expires = f"{lot.expires_on:%d/%m/%Y}"
    assert mail.subject == "2 mặt hàng sắp hết, 1 lô sắp hết hạn dùng"
    assert mail.text == (
        f"{mail.subject}. {seller.name}: Khăn đã hết hàng; Chuối sấy: còn 3 chiếc; "
        f"lô {lot.code} (Măng khô): hạn dùng {expires}. http://127.0.0.1:8000/xa-vien/bao-tin/{alert.pk}/"
    )


def test_stock_that_was_filled_and_falls_again_is_told_again() -> None:
    variant = make_variant(on_hand=3)
    raise_stock_alerts(now=NOW)
    set_stock(variant, 30)
    raise_stock_alerts(now=LATER)
    ended = warned()
    set_stock(variant, 2)

    raise_stock_alerts(now=LATER + GATHERING_PERIOD)

    assert ended == []
    assert list(StockWarning.objects.order_by("pk").values_list("free", "ended_at")) == [
        (3, LATER),
        (2, None),
    ]
    assert Alert.objects.count() == 2


def test_alert_about_stock_ends_when_nothing_is_scarce_any_more() -> None:
    variant = make_variant(on_hand=3)
    lot = add_lot(variant, 1)
    raise_stock_alerts(now=NOW)
    set_stock(variant, 30)
    raise_stock_alerts(now=LATER)
    escalate_alerts(now=LATER)
    still_open = Alert.objects.get().state
    LotBalance.objects.filter(lot=lot).update(on_hand=0)
    raise_stock_alerts(now=LATER)

    escalate_alerts(now=LATER)

    assert (still_open, Alert.objects.get().state) == (AlertState.UNANSWERED, AlertState.CLOSED)


def test_what_becomes_scarce_soon_after_an_alert_waits_for_the_next() -> None:
    seller = make_seller()
    make_variant(seller, on_hand=3)
    second, third = (make_variant(seller, on_hand=30) for _ in range(2))
    raise_stock_alerts(now=NOW)
    for minutes, variant in ((10, second), (20, third)):
        set_stock(variant, 1)
        raise_stock_alerts(now=NOW + datetime.timedelta(minutes=minutes))
    told_meanwhile = Alert.objects.count()

    raise_stock_alerts(now=LATER)

    assert told_meanwhile == 1
    newest = Alert.objects.latest("pk")
    assert [row.variant for row in newest.stock_warnings.order_by("pk")] == [second, third]


def test_stock_is_not_announced_in_quiet_hours() -> None:
    make_variant(on_hand=3)
    raise_stock_alerts(now=NIGHT)
    at_night = Alert.objects.count()

    raise_stock_alerts(now=NIGHT + datetime.timedelta(hours=6))

    assert (at_night, Alert.objects.count()) == (0, 1)


def test_only_the_first_things_are_named() -> None:
    seller = make_seller()
    for number in range(5):
        make_variant(seller, name=f"Hàng {number}", on_hand=1)
    raise_stock_alerts(now=NOW)
    alert = Alert.objects.get()

    assert alert_title(alert) == "5 mặt hàng sắp hết"
    assert alert_text(alert).endswith("Hàng 2: còn 1 chiếc; 2 mục khác.")


def test_nothing_is_told_without_news_or_to_suspended_cooperatives() -> None:
    make_variant(on_hand=30)
    make_variant(make_seller(state=CooperativeState.SUSPENDED), on_hand=1)

    raise_stock_alerts_task()

    assert (Alert.objects.count(), StockWarning.objects.count()) == (0, 0)


def test_alert_ends_when_the_cooperative_is_suspended() -> None:
    suspended, seller = make_seller(), make_seller("HTX khác")
    make_variant(suspended, on_hand=3)
    add_lot(make_variant(suspended, on_hand=40), 1)
    kept = make_variant(seller, on_hand=3)
    raise_stock_alerts(now=NOW)
    Cooperative.objects.filter(pk=suspended.pk).update(state=CooperativeState.SUSPENDED)

    raise_stock_alerts(now=LATER)
    escalate_alerts(now=LATER)

    assert warned() == [(kept.pk, None)]
    assert Alert.objects.get(cooperative=suspended).state == AlertState.CLOSED
    assert Alert.objects.get(cooperative=seller).state == AlertState.UNANSWERED


def test_whoever_counts_opens_the_alert_and_others_do_not(client) -> None:
    seller = make_seller()
    make_variant(seller, on_hand=3)
    raise_stock_alerts(now=NOW)
    alert = Alert.objects.get()
    address = f"/xa-vien/bao-tin/{alert.pk}/"
    client.force_login(make_member(seller, Role.BOOKKEEPER))
    refused = client.get(address).status_code
    client.force_login(make_member(seller, Role.LISTER))

    response = client.get(address)

    alert.refresh_from_db()
    assert (refused, response["Location"], alert.state) == (403, "/xa-vien/", AlertState.SEEN)


def test_lister_does_not_open_alerts_about_orders_of_others(client) -> None:
    seller = make_seller()
    make_variant(seller, on_hand=3)
    raise_stock_alerts(now=NOW)
    alert = Alert.objects.get()
    client.force_login(make_member(make_seller("HTX khác"), Role.LISTER))

    status = client.get(f"/xa-vien/bao-tin/{alert.pk}/").status_code

    alert.refresh_from_db()
    assert (status, alert.state) == (404, AlertState.OPEN)


def test_database_keeps_one_open_warning_of_a_variant() -> None:
    variant = make_variant(on_hand=3)
    raise_stock_alerts(now=NOW)
    alert = Alert.objects.get()

    with pytest.raises(IntegrityError), transaction.atomic():
        StockWarning.objects.create(alert=alert, variant=variant, free=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        StockWarning.objects.create(alert=alert)


def test_queries_do_not_grow_with_variants() -> None:
    seller = make_seller()
    for _ in range(2):
        make_variant(seller, on_hand=1)
    with CaptureQueriesContext(connection) as few:
        raise_stock_alerts(now=NOW)
    for _ in range(6):
        make_variant(seller, on_hand=1)

    with CaptureQueriesContext(connection) as many:
        raise_stock_alerts(now=LATER)

    assert len(many) == len(few)
    mark_alert_seen(
        cooperative_id=seller.pk,
        alert_id=Alert.objects.latest("pk").pk,
        user_id=make_member(seller).pk,
        now=NOW,
    )
