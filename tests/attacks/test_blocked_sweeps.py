"""A row that raises must stop neither the rows after it nor the next run of a sweep."""

from __future__ import annotations

import datetime

import pytest
from django.db import transaction
from django.utils import timezone

from catalog.models import Stock
from orders.actions.checkout.open_checkout import open_checkout
from orders.actions.gateway import send_gateway_calls
from orders.actions.gateway.send_gateway_calls import look_up_delay, sweep_card_payments_task
from orders.actions.placement.order_sweeps import release_expired_reservations
from orders.models import EventKind, GatewayCall, GatewayOperation, PaymentEvent
from orders.states import CallState
from shop.accounts.models import User
from shop.core.errors import Missing
from shop.core.jobs.sweeps import delay_before_retry, record_sweep_failure, run_batches, run_each
from shop.core.models import SweepFailure
from shop.notifications.models import ContactMethod, Notification
from shop.notifications.send import sweep_task
from tests.factories import NOW, get_stock, make_basket, make_user, make_variant, make_variant_sold_by_weight
from tests.orders.gateway.card_order_helpers import get_call, make_paid_card_order, stripe
from tests.shop.api.checkout.operations import prepare_checkout
from tests.shop.api.checkout.test_basket_payments import make_authorised_payment

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db
MINUTE = datetime.timedelta(minutes=1)


def test_old_card_hold_of_a_basket_is_released_and_blocks_nothing(stripe, monkeypatch, eager_jobs) -> None:
    payment = make_authorised_payment(stripe, prepare_checkout((make_variant(price=90_000), 1)))
    later = timezone.now() + datetime.timedelta(days=6, hours=1)
    monkeypatch.setattr(timezone, "now", lambda: later)

    sweep_card_payments_task()

    call = GatewayCall.objects.get(payment=payment, operation=GatewayOperation.VOID)
    assert (call.amount, call.state) == (120_000, CallState.INTENDED)
    event_kinds = PaymentEvent.objects.filter(payment=payment).order_by("pk").values_list("kind", flat=True)
    assert list(event_kinds)[-1] == EventKind.CANCEL_REQUEST
    assert not SweepFailure.objects.exists()  # the sweep of orders' holds does not look for its order


def test_message_with_41_failures_is_tried_and_later_ones_are_sent() -> None:
    now = timezone.now()
    for key, attempts in (("old", 41), ("new", 0)):
        Notification.objects.create(
            key=key,
            contact_method=ContactMethod.EMAIL,
            recipient=f"{key}@example.com",
            text="Chào bà con.",
            attempts=attempts,
            created_at=now,
            due_at=now - datetime.timedelta(minutes=1),
        )

    sweep_task()

    assert Notification.objects.filter(sent_at__isnull=False).count() == 2


@pytest.mark.once
def test_delay_between_tries_grows_and_is_bounded() -> None:
    waits = [delay_before_retry(count) for count in range(10_001)]
    of_calls = [look_up_delay(tries) for tries in range(10_001)]
    with_day = [
        delay_before_retry(count, first=datetime.timedelta(days=1), longest=datetime.timedelta(days=999_999))
        for count in range(10_001)
    ]

    assert waits[:6] == [MINUTE, MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 16 * MINUTE]
    assert (waits[9], waits[10], waits[-1]) == (256 * MINUTE, 360 * MINUTE, 360 * MINUTE)
    assert (of_calls[1], of_calls[2], of_calls[-1]) == (2 * MINUTE, 4 * MINUTE, 360 * MINUTE)
    assert with_day[-1] == datetime.timedelta(days=999_999)
    assert all(waiting_times == sorted(waiting_times) for waiting_times in (waits, of_calls, with_day))


class Broken(Exception):
    """An unexpected error."""


def fail_for(*broken_keys: int, called_keys: list[int]):
    def action(key: int) -> None:
        called_keys.append(key)
        if key in broken_keys:
            raise Broken(f"row {key}\0 is odd")

    return action


def test_rows_after_a_broken_one_are_processed_and_the_failure_is_counted(caplog) -> None:
    called_keys: list[int] = []

    succeeded = run_each([1, 2, 3], fail_for(2, called_keys=called_keys), sweep="tests.sweep")

    failure = SweepFailure.objects.get()
    assert (called_keys, succeeded) == ([1, 2, 3], 2)
    assert (failure.sweep, failure.row_key, failure.count) == ("tests.sweep", "2", 1)
    assert failure.last_error == "Broken: row 2 is odd"
    assert failure.next_try_at - failure.last_failed_at == MINUTE
    assert "tests.sweep failed for row 2" in caplog.text
    assert "Traceback" in caplog.text


def test_error_of_any_length_and_characters_is_saved() -> None:
    record_sweep_failure("tests.sweep", "1", Broken("\ud800" + "x" * 9_000), now=NOW)

    assert SweepFailure.objects.get().last_error == ("Broken: ?" + "x" * 9_000)[:500]


def test_refusal_is_counted_and_logged_without_a_traceback(caplog) -> None:
    def refuse(key: int) -> None:
        raise Missing()

    run_each([7], refuse, sweep="tests.sweep")

    assert SweepFailure.objects.get().last_error == "Missing: missing"
    assert "tests.sweep refused for row 7: missing" in caplog.text
    assert "Traceback" not in caplog.text


def test_broken_row_is_skipped_until_its_growing_delay_is_over(monkeypatch) -> None:
    now, tries = timezone.now(), []
    for minute in range(60):
        monkeypatch.setattr(timezone, "now", lambda minute=minute: now + minute * MINUTE)
        called_keys: list[int] = []
        run_each([1], fail_for(1, called_keys=called_keys), sweep="tests.sweep")
        tries += [minute] if called_keys else []

    assert tries == [0, 1, 3, 7, 15, 31]
    assert SweepFailure.objects.get().count == 6


def test_many_broken_rows_do_not_block_later_ones() -> None:
    people = [make_user().pk for _each in range(12)]
    broken_people, called_keys = people[:6], []
    rows = User.objects.filter(pk__in=people).order_by("pk").values_list("pk", flat=True)

    for _run in range(4):
        run_each(rows, fail_for(*broken_people, called_keys=called_keys), sweep="tests.sweep", max_count=3)

    assert called_keys == [*people[:9], *people[6:9]]
    assert SweepFailure.objects.count() == 6


def test_success_clears_the_failure() -> None:
    run_each([1], fail_for(1, called_keys=[]), sweep="tests.sweep")
    SweepFailure.objects.update(next_try_at=timezone.now())

    run_each([1], fail_for(called_keys=[]), sweep="tests.sweep")

    assert SweepFailure.objects.count() == 0


def test_failure_of_a_row_no_longer_due_is_deleted_after_a_day() -> None:
    run_each([1, 2], fail_for(1, 2, called_keys=[]), sweep="tests.sweep")
    run_each([3], fail_for(3, called_keys=[]), sweep="tests.other")
    SweepFailure.objects.filter(row_key="1").update(last_failed_at=timezone.now() - 25 * 60 * MINUTE)

    run_each([], fail_for(called_keys=[]), sweep="tests.sweep")

    assert set(SweepFailure.objects.values_list("row_key", flat=True)) == {"2", "3"}


def test_broken_row_of_a_batch_is_found_and_the_others_are_processed() -> None:
    people = [make_user().pk for _each in range(5)]
    mutate_checkout: list[int] = []

    @transaction.atomic(durable=True)
    def process(keys) -> None:
        if people[2] in keys:
            raise Broken("odd")
        mutate_checkout.extend(keys)
        User.objects.filter(pk__in=keys).update(note="done")

    rows = User.objects.filter(pk__in=people, note="").order_by("pk").values_list("pk", flat=True)
    succeeded = run_batches(rows, process, sweep="tests.sweep", batch_size=2)

    assert (mutate_checkout, succeeded) == ([people[0], people[1], people[3], people[4]], 4)
    assert list(SweepFailure.objects.values_list("row_key", flat=True)) == [str(people[2])]


def test_reservation_that_cannot_be_released_does_not_block_others() -> None:
    """The stock row's reserved count is wrong: releasing it would violate a database constraint."""
    first, second = make_variant(on_hand=5), make_variant(on_hand=5)
    for variant in (first, second):
        open_checkout(basket_id=make_basket((variant, 3)).pk, now=NOW)
    Stock.objects.filter(variant=first).update(reserved=1)

    released = release_expired_reservations(now=NOW + 15 * MINUTE)

    assert released == 1
    assert (get_stock(first).reserved, get_stock(second).reserved) == (1, 0)
    assert SweepFailure.objects.get().sweep == "orders.release_expired_reservations"


def test_card_hold_that_raises_does_not_block_the_next_capture(stripe, monkeypatch) -> None:
    first, second = (make_paid_card_order(stripe, (make_variant_sold_by_weight(), 2)) for _each in range(2))
    finish = send_gateway_calls.finish_order_change

    def finish_or_fail(order, **given):
        if order.pk == first.pk:
            raise Broken("a sum nobody has thought of")
        return finish(order, **given)

    monkeypatch.setattr(send_gateway_calls, "finish_order_change", finish_or_fail)
    monkeypatch.setattr(timezone, "now", lambda: NOW + datetime.timedelta(days=6, hours=1))

    sweep_card_payments_task()

    captures = GatewayCall.objects.filter(operation=GatewayOperation.CAPTURE)
    failure = SweepFailure.objects.get()
    assert list(captures.values_list("payment__order", flat=True)) == [second.pk]
    assert (failure.sweep, failure.row_key) == (
        "orders.sweep_card_payments:authorised",
        str(get_call(first).pk),
    )


def test_basket_hold_that_raises_does_not_block_the_next_release(stripe, monkeypatch, eager_jobs) -> None:
    first, second = (
        make_authorised_payment(stripe, prepare_checkout((make_variant(price=90_000), 1)))
        for _each in range(2)
    )
    request_void = send_gateway_calls.request_void

    def request_void_or_fail(basket, payment, **given):
        if payment.pk == first.pk:
            raise Missing()
        return request_void(basket, payment, **given)

    monkeypatch.setattr(send_gateway_calls, "request_void", request_void_or_fail)
    later = timezone.now() + datetime.timedelta(days=2)
    monkeypatch.setattr(timezone, "now", lambda: later)

    sweep_card_payments_task()

    releases = GatewayCall.objects.filter(operation=GatewayOperation.VOID)
    failure = SweepFailure.objects.get()
    assert list(releases.values_list("payment", flat=True)) == [second.pk]
    assert (failure.sweep, failure.last_error) == ("orders.sweep_card_payments:unused", "Missing: missing")
