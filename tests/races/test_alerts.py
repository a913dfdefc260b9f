"""Two workers that escalate one alert at the same time."""

from __future__ import annotations

import copy
from functools import partial

import pytest
from django.db import IntegrityError

from orders.actions.alerts import escalate_alerts as escalation
from orders.actions.alerts.escalate_alerts import raise_order_alerts, send_next_step
from orders.actions.alerts.stock_alerts import raise_stock_alert
from orders.models import Alert, AlertStep, StockWarning
from shop.notifications.models import Notification
from tests.factories import NOW, make_member, make_order, make_seller, make_variant
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)


def make_alert() -> Alert:
    seller = make_seller()
    for _person in range(2):
        make_member(seller)
    make_order((make_variant(seller), 1))
    assert raise_order_alerts(now=NOW) == 1
    return Alert.objects.get()


def test_one_of_two_workers_tells_one_person() -> None:
    alert = make_alert()

    results = run_in_threads([partial(send_next_step, alert_id=alert.pk, now=NOW)] * 4)

    assert sorted(type(result).__name__ for result in results) == ["AlertStep", *["NoneType"] * 3]
    assert AlertStep.objects.count() == 1
    assert Notification.objects.filter(key__startswith="alert:").count() == 1


def test_two_workers_raise_one_alert_for_one_order() -> None:
    seller = make_seller()
    make_order((make_variant(seller), 1))

    results = run_in_threads([partial(raise_order_alerts, now=NOW)] * 4)

    assert not [result for result in results if isinstance(result, Exception)]
    assert Alert.objects.count() == 1


def test_without_lock_only_the_constraint_keeps_the_second_message(monkeypatch: pytest.MonkeyPatch) -> None:
    alert = make_alert()
    due = Alert.objects.select_related("cooperative").get(pk=alert.pk)
    # Both workers read the alert before either of them has told anybody.
    monkeypatch.setattr(escalation, "_lock_due_alert", lambda _alert_id, _now: copy.copy(due))
    first = next(escalation._find_steps_left(due))
    monkeypatch.setattr(escalation, "_find_steps_left", lambda _alert: iter([first]))

    results = run_in_threads([partial(send_next_step, alert_id=alert.pk, now=NOW)] * 2)

    assert {type(result) for result in results} == {AlertStep, IntegrityError}
    assert Notification.objects.filter(key__startswith="alert:").count() == 1


def test_two_workers_raise_one_alert_for_scarce_stock() -> None:
    seller = make_seller()
    make_variant(seller, on_hand=1)

    results = run_in_threads([partial(raise_stock_alert, cooperative_id=seller.pk, now=NOW)] * 4)

    assert sorted(type(result).__name__ for result in results) == ["Alert", *["NoneType"] * 3]
    assert StockWarning.objects.count() == 1
