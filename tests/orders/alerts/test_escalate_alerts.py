"""Alerts go from method to method and from person to person until somebody has seen them."""

from __future__ import annotations

import datetime
import itertools
import json
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from catalog.actions.stock.lots import LotDetails, receive_lot
from cooperatives.actions.members import remove_member
from cooperatives.models import Membership, Role
from orders.actions.alerts.alert_rules import load_alert_rules, set_alert_rules
from orders.actions.alerts.escalate_alerts import (
    escalate_alerts,
    escalate_alerts_task,
    mark_alert_seen,
    send_next_step,
)
from orders.actions.fulfilment.cancel_parts import cancel_part
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.recalls import end_recall, start_recall
from orders.alert_states import ALERT_TRANSITIONS, AlertState
from orders.models import Alert, AlertKind, AlertReading, AlertRules, AlertStep
from orders.notifications.alerts import raise_answer_alert
from shop.core.actors import Actor, EntryPoint
from shop.core.errors import Missing
from shop.core.states import TransitionNotAllowed, change_state
from shop.notifications.models import Notification, PushSubscription
from shop.notifications.push_subscriptions import add_push_subscription
from shop.notifications.send import deliver
from tests.doubles.push_service import PushBrowser, running_push_service
from tests.factories import NOW, get_stock, make_member, make_order, make_seller, make_variant
from tests.refusals import assert_refused
from tests.state_tables import unreachable_states

pytestmark = pytest.mark.django_db
ACTOR_AND_NOW: dict[str, Any] = {"actor": Actor.system("test"), "now": NOW}


def minutes(count: int) -> datetime.datetime:
    return NOW + datetime.timedelta(minutes=count)


def subscribe(user, address="https://push.example.com"):
    return add_push_subscription(
        user_id=user.pk,
        **PushBrowser(address).fields(),
        user_agent="Chrome",
        session_key="",
        language="vi",
        actor=user.as_actor(EntryPoint.MEMBERS),
        now=NOW,
    )


def new_order(**fields):
    """Make an order that waits for its cooperative, and return the seller and the order's part."""
    seller = make_seller(**fields)
    return seller, make_order((make_variant(seller), 1)).parts.get()


def steps():
    return [
        (step.user.first_name, step.method, step.told_at)
        for step in AlertStep.objects.order_by("pk").select_related("user")
    ]


def test_next_channel_and_then_the_next_person_are_tried() -> None:
    seller, part = new_order()
    make_member(seller, Role.MANAGER, first_name="Mai")
    packer = make_member(seller, Role.PACKER, first_name="Hoa", phone="+84912345678", phone_confirmed_at=NOW)
    make_member(seller, Role.LISTER, first_name="Lan")
    subscribe(packer)

    for minute in (0, 5, 9, 10, 20, 30, 40, 50):
        escalate_alerts(now=minutes(minute))

    assert steps() == [
        ("Hoa", "push", NOW),
        ("Hoa", "email", minutes(10)),
        ("Hoa", "sms", minutes(20)),
        ("Mai", "email", minutes(30)),
    ]
    alert = Alert.objects.get()
    assert (alert.kind, alert.part, alert.state, alert.next_step_at) == (
        "new_order",
        part,
        "unanswered",
        None,
    )
    push, _mail, text = Notification.objects.filter(key__startswith="alert:").order_by("pk")[:3]
    assert push.subject == f"Đơn mới {part.order.code}"
    assert text.text == (
        f"Đơn mới {part.order.code}. {seller.name}, 350.000\N{NO-BREAK SPACE}₫. Hãy nhận hoặc từ chối đơn."
        f" http://127.0.0.1:8000/xa-vien/bao-tin/{alert.pk}/"
    )


def test_nobody_is_told_once_somebody_has_seen_it() -> None:
    seller, _part = new_order()
    first, second = make_member(seller, Role.PACKER), make_member(seller, Role.PACKER)
    escalate_alerts(now=NOW)
    alert = Alert.objects.get()

    for _again in range(2):
        mark_alert_seen(cooperative_id=seller.pk, alert_id=alert.pk, user_id=second.pk, now=minutes(3))
    escalate_alerts(now=minutes(30))

    alert.refresh_from_db()
    assert (alert.state, alert.next_step_at) == (AlertState.SEEN, None)
    assert list(AlertReading.objects.values_list("user", "seen_at")) == [(second.pk, minutes(3))]
    assert list(AlertStep.objects.values_list("user", flat=True)) == [first.pk]
    mail = Notification.objects.get(key__startswith="alert:")
    assert (mail.last_error, mail.given_up_at) == ("withdrawn", minutes(3))


def test_alert_of_an_order_that_was_accepted_ends() -> None:
    seller, part = new_order()
    make_member(seller)
    escalate_alerts(now=NOW)
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)

    escalate_alerts(now=minutes(10))

    assert (Alert.objects.get().state, len(steps())) == (AlertState.CLOSED, 1)


def test_quiet_hours_hold_back_orders_until_morning_but_no_recall() -> None:
    night = datetime.datetime(2026, 11, 24, 15, 30, tzinfo=datetime.UTC)  # 22:30 in Vietnam
    morning = datetime.datetime(2026, 11, 24, 22, 0, tzinfo=datetime.UTC)  # 5:00 in Vietnam
    seller = make_seller()
    variant = make_variant(seller)
    make_member(seller)
    make_order((variant, 1), now=night)
    lot = receive_lot(
        cooperative=seller,
        variant_id=variant.pk,
        warehouse_id=get_stock(variant).warehouse_id,
        quantity=2,
        details=LotDetails(),
        **ACTOR_AND_NOW,
    )
    start_recall(lot_id=lot.pk, reason="Có mốc", advice="Không ăn", actor=Actor.system("test"), now=night)

    escalate_alerts(now=night)

    told = AlertStep.objects.values_list("alert__kind", "told_at").order_by("pk")
    assert list(told) == [("recall", night)]
    assert Alert.objects.get(kind=AlertKind.NEW_ORDER).next_step_at == morning
    escalate_alerts(now=morning)
    assert ("new_order", morning) in list(told.all())


@pytest.mark.parametrize(
    ("quiet_from", "quiet_until", "hour", "end"),
    [
        (21, 5, 20, None),
        (21, 5, 21, 29),
        (21, 5, 4, 5),
        (21, 5, 5, None),
        (12, 14, 13, 14),
        (12, 14, 14, None),
        (7, 7, 7, None),
    ],
)
def test_quiet_hours_may_pass_midnight(quiet_from, quiet_until, hour, end) -> None:
    day = datetime.datetime(2026, 11, 24, tzinfo=datetime.timezone(datetime.timedelta(hours=7)))
    rules = AlertRules(quiet_from=quiet_from, quiet_until=quiet_until)

    moment = day + datetime.timedelta(hours=hour, minutes=30)

    assert rules.end_of_quiet(moment) == (None if end is None else day + datetime.timedelta(hours=end))


def test_minutes_are_the_cooperatives_own() -> None:
    seller, _part = new_order()
    limits = {"low_stock_at": 5, "near_expiry_days": 10}
    set_alert_rules(
        cooperative_id=seller.pk, minutes=3, quiet_from=0, quiet_until=0, **limits, **ACTOR_AND_NOW
    )
    set_alert_rules(
        cooperative_id=seller.pk, minutes=2, quiet_from=22, quiet_until=6, **limits, **ACTOR_AND_NOW
    )
    make_member(seller)

    escalate_alerts(now=NOW)

    assert Alert.objects.get().next_step_at == minutes(2)
    rules = load_alert_rules(seller.pk)
    assert (rules.minutes, rules.quiet_from, rules.quiet_until) == (2, 22, 6)


def test_subscription_that_died_moves_on_at_once(settings) -> None:
    settings.PUSH_TO_PRIVATE_ADDRESSES = True
    seller, _part = new_order()
    member = make_member(seller, first_name="Hoa")
    with running_push_service() as service:
        subscribe(member, service.address)
        escalate_alerts(now=NOW)
        service.status = 410
        deliver(Notification.objects.get(contact_method="push"), now=NOW)

        escalate_alerts(now=minutes(1))

    assert not PushSubscription.objects.exists()
    assert steps() == [("Hoa", "push", NOW), ("Hoa", "email", minutes(1))]


def test_lost_subscription_waits_for_morning_without_being_counted_as_told() -> None:
    evening = datetime.datetime(2026, 11, 24, 13, 55, tzinfo=datetime.UTC)  # 20:55 in Vietnam
    seller = make_seller()
    member = make_member(seller)
    subscribe(member)
    make_order((make_variant(seller), 1), now=evening)
    assert escalate_alerts(now=evening) == 1
    PushSubscription.objects.all().delete()

    night = [escalate_alerts(now=evening + datetime.timedelta(minutes=minute)) for minute in (10, 11)]

    assert (night, len(steps())) == ([0, 0], 1)


def test_alert_of_a_recall_ends_with_the_recall() -> None:
    seller = make_seller()
    variant = make_variant(seller)
    make_member(seller)
    lot = receive_lot(
        cooperative=seller,
        variant_id=variant.pk,
        warehouse_id=get_stock(variant).warehouse_id,
        quantity=2,
        details=LotDetails(),
        **ACTOR_AND_NOW,
    )
    start_recall(lot_id=lot.pk, reason="Có mốc", advice="Giữ lại", **ACTOR_AND_NOW)
    escalate_alerts(now=NOW)
    assert Alert.objects.get().state == AlertState.OPEN
    end_recall(recall_id=lot.recalls.get().pk, reason="Nhầm lô", **ACTOR_AND_NOW)

    escalate_alerts(now=minutes(10))

    assert (Alert.objects.get().state, len(steps())) == (AlertState.CLOSED, 1)
    assert Notification.objects.get(key__startswith="alert:").last_error == "withdrawn"


@pytest.mark.parametrize("is_packed", [True, False])
def test_alert_of_an_answer_ends_once_the_part_is_packed_or_cancelled(is_packed) -> None:
    seller, part = new_order()
    make_member(seller)
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    raise_answer_alert(part, "weight:1", now=NOW)
    escalate_alerts(now=NOW)
    assert Alert.objects.get().state == AlertState.OPEN
    mail = Notification.objects.get(key__startswith="alert:")
    assert f"{seller.name}: mở đơn để xem khách trả lời gì." in mail.text
    if is_packed:
        parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 1}, **ACTOR_AND_NOW)
        close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    else:
        cancel_part(part_id=part.pk, reason="Hết hàng", **ACTOR_AND_NOW)

    escalate_alerts(now=minutes(10))

    assert (Alert.objects.get().state, len(steps())) == (AlertState.CLOSED, 1)


def test_member_with_the_cooperatives_address_gets_no_second_mail() -> None:
    seller, _part = new_order(email="htx@example.com")
    make_member(seller, email="HTX@example.com")

    escalate_alerts(now=NOW)

    assert (steps(), Alert.objects.get().state) == ([], AlertState.UNANSWERED)


def test_member_who_left_or_started_the_recall_is_not_told() -> None:
    seller = make_seller()
    variant = make_variant(seller)
    starter, left = make_member(seller, first_name="Mai"), make_member(seller, Role.PACKER)
    make_member(seller, Role.PACKER, first_name="Hoa")
    lot = receive_lot(
        cooperative=seller,
        variant_id=variant.pk,
        warehouse_id=get_stock(variant).warehouse_id,
        quantity=2,
        details=LotDetails(),
        **ACTOR_AND_NOW,
    )
    actor = starter.as_actor(EntryPoint.MEMBERS)
    start_recall(lot_id=lot.pk, cooperative=seller, reason="Có mốc", advice="Giữ lại", actor=actor, now=NOW)
    membership = Membership.objects.get(user=left)
    remove_member(cooperative_id=seller.pk, membership_id=membership.pk, **ACTOR_AND_NOW)

    for minute in (0, 10, 20):
        escalate_alerts(now=minutes(minute))

    assert (steps(), Alert.objects.get().state) == ([("Hoa", "email", NOW)], AlertState.UNANSWERED)


def test_sweep_may_run_twice_and_skips_unpaid_and_old_orders() -> None:
    seller, part = new_order()
    make_member(seller)
    type(part.order).objects.filter(pk=part.order_id).update(confirmed_at=None)
    escalate_alerts(now=NOW)
    assert not Alert.objects.exists()
    old = NOW - datetime.timedelta(days=1)
    type(part.order).objects.filter(pk=part.order_id).update(confirmed_at=old)
    escalate_alerts(now=NOW)
    assert not Alert.objects.exists()
    type(part.order).objects.filter(pk=part.order_id).update(confirmed_at=NOW)

    escalate_alerts(now=NOW)
    escalate_alerts(now=NOW)
    escalate_alerts_task()

    assert Alert.objects.count() == 1
    assert len({step[:2] for step in steps()}) == len(steps())


def test_alert_of_another_cooperative_does_not_exist() -> None:
    new_order()
    other = make_seller("HTX Nậm Cắt")
    member = make_member(other)
    escalate_alerts(now=NOW)
    alert = Alert.objects.get()

    with assert_refused(Missing, "missing"):
        mark_alert_seen(cooperative_id=other.pk, alert_id=alert.pk, user_id=member.pk, now=NOW)


def test_step_that_is_not_due_does_nothing() -> None:
    seller, _part = new_order()
    make_member(seller)
    escalate_alerts(now=NOW)
    alert = Alert.objects.get()

    assert send_next_step(alert_id=alert.pk, now=minutes(9)) is None
    assert send_next_step(alert_id=0, now=minutes(10)) is None
    assert len(steps()) == 1


@pytest.mark.parametrize("pair", list(itertools.product(AlertState.values, repeat=2)))
def test_states_follow_their_table(pair) -> None:
    before, after = pair
    _seller, part = new_order()
    alert = Alert.objects.create(
        cooperative=part.cooperative,
        kind=AlertKind.NEW_ORDER,
        occasion="part:1",
        part=part,
        state=before,
        created_at=NOW,
        next_step_at=NOW,
    )

    if after in ALERT_TRANSITIONS[before]:
        assert change_state(alert, after, ALERT_TRANSITIONS) == before
    else:
        with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
            change_state(alert, after, ALERT_TRANSITIONS)


@pytest.mark.once
def test_every_state_can_be_reached() -> None:
    assert unreachable_states(ALERT_TRANSITIONS, first=AlertState.OPEN) == set()


def test_database_rejects_impossible_rows() -> None:
    seller, part = new_order()
    member = make_member(seller)
    fields = {"cooperative": seller, "created_at": NOW, "next_step_at": NOW}
    alert = Alert.objects.create(kind=AlertKind.ANSWER, occasion="weight:1", part=part, **fields)
    AlertStep.objects.create(alert=alert, user=member, method="push", told_at=NOW)
    AlertReading.objects.create(alert=alert, user=member, seen_at=NOW)

    impossible = [
        lambda: Alert.objects.create(kind=AlertKind.ANSWER, occasion="weight:1", part=part, **fields),
        lambda: Alert.objects.create(kind=AlertKind.RECALL, occasion="recall:1", part=part, **fields),
        lambda: Alert.objects.create(
            kind=AlertKind.ANSWER, occasion="weight:2", part=part, **fields | {"next_step_at": None}
        ),
        lambda: AlertStep.objects.create(alert=alert, user=member, method="push", told_at=NOW),
        lambda: AlertReading.objects.create(alert=alert, user=member, seen_at=NOW),
        lambda: AlertRules.objects.create(cooperative=seller, minutes=0),
        lambda: AlertRules.objects.create(cooperative=seller, quiet_until=24),
    ]
    for create in impossible:
        with pytest.raises(IntegrityError), transaction.atomic():
            create()


def test_alert_on_a_device_opens_in_the_members_language() -> None:
    seller, _part = new_order()
    packer = make_member(seller, Role.PACKER, language="en")
    subscribe(packer)

    escalate_alerts(now=NOW)

    push = json.loads(Notification.objects.get(contact_method="push").text)
    assert push["url"] == f"/en/xa-vien/bao-tin/{Alert.objects.get().pk}/"
