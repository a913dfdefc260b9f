"""Bank webhooks are verified, stored once, answered immediately and processed afterwards."""

from __future__ import annotations

import datetime
import itertools
import json

import pytest
from django.urls import reverse
from django.utils import timezone

from orders.actions.bank_transfers.receive_transfers import (
    process_bank_webhook,
    process_bank_webhook_task,
    process_bank_webhooks_task,
)
from orders.models import BankTransfer, WebhookEvent
from orders.states import TransferState
from shop.core.models import SweepFailure
from tests.doubles.bank_webhooks import casso_webhook, payos_webhook, sepay_headers, sepay_webhook
from tests.factories import fixed_now
from tests.invariants import check_everything
from tests.orders.bank_transfers.transfer_helpers import make_transfer_order
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db
SECRET = "a-secret-of-the-service"
OURS = "0011223344556"


@pytest.fixture(autouse=True)
def _services(settings, eager_jobs) -> None:
    settings.SEPAY_SECRET = settings.CASSO_SECRET = settings.PAYOS_CHECKSUM_KEY = SECRET
    settings.SEPAY_API_KEY = ""


@pytest.fixture
def post_webhook(client, django_capture_on_commit_callbacks):
    """Post a webhook of a service, and process it as soon as it is stored."""

    def send(service: str, webhook, *, process=True, method="post"):
        body, headers = webhook
        with django_capture_on_commit_callbacks(execute=process):
            return getattr(client, method)(
                f"/webhooks/{service}/", body, content_type="application/json", headers=headers
            )

    return send


def sepay(code: str, *, at: datetime.datetime | None = None, secret: str = SECRET, **fields):
    now = timezone.now()
    event = {
        "id": 1,
        "accountNumber": OURS,
        "content": code,
        "transferAmount": 120_000,
        "referenceCode": "FT1",
        "transactionDate": f"{timezone.localtime(now):%Y-%m-%d %H:%M:%S}",
    }
    return sepay_webhook(secret, at or now, **(event | fields))


def casso(code: str, **fields):
    return casso_webhook(SECRET, timezone.now(), casso_transfer(code, **fields))


def casso_transfer(code: str, **fields):
    event = {"id": 7, "accountNumber": OURS, "description": code, "amount": 120_000, "reference": "FT1"}
    return {**event, "transactionDateTime": f"{timezone.localtime():%Y-%m-%d %H:%M:%S}", **fields}


def payos(code: str, **fields):
    event = {"accountNumber": OURS, "description": code, "amount": 120_000, "reference": "FT1"}
    at = f"{timezone.localtime():%Y-%m-%d %H:%M:%S}"
    return payos_webhook(SECRET, **(event | {"transactionDateTime": at} | fields))


@pytest.mark.parametrize(("service", "make_webhook"), [("sepay", sepay), ("casso", casso), ("payos", payos)])
def test_signed_webhook_settles_order(post_webhook, service: str, make_webhook) -> None:
    order = make_transfer_order(now=fixed_now())

    response = post_webhook(service, make_webhook(order.code))

    order.refresh_from_db()
    event = WebhookEvent.objects.get()
    assert (response.status_code, response.json()) == (200, {"success": True})
    assert order.charged == 120_000
    assert order.confirmed_at is not None
    assert event.provider == service
    assert event.handled_at is not None
    check_everything()


@pytest.mark.parametrize("services", list(itertools.permutations([("sepay", sepay), ("casso", casso)])))
def test_repeated_webhooks_of_two_services_charge_order_once(post_webhook, services) -> None:
    order = make_transfer_order(now=fixed_now())

    for service, make_webhook in [*services, *services]:
        assert post_webhook(service, make_webhook(order.code)).status_code == 200

    order.refresh_from_db()
    assert (order.charged, BankTransfer.objects.count(), WebhookEvent.objects.count()) == (120_000, 1, 2)
    check_everything()


def test_webhook_with_several_transfers_records_each(post_webhook) -> None:
    one, other = make_transfer_order(now=fixed_now()), make_transfer_order(now=fixed_now())
    webhook = casso_webhook(
        SECRET,
        timezone.now(),
        casso_transfer(one.code),
        casso_transfer(other.code, id=8, reference="FT2"),
        casso_transfer("ra", id=9, amount=-5_000),
    )

    post_webhook("casso", webhook)

    assert [transfer.state for transfer in BankTransfer.objects.all()] == [TransferState.ASSIGNED] * 2
    assert WebhookEvent.objects.count() == 2


def test_outgoing_transfer_is_acknowledged_and_not_recorded(post_webhook) -> None:
    make_transfer_order(now=fixed_now())
    before = all_rows()

    response = post_webhook("sepay", sepay("ra", transferType="out"))

    assert response.status_code == 200
    assert all_rows() == before


def test_sweep_processes_webhook_whose_task_was_lost(post_webhook) -> None:
    order = make_transfer_order(now=fixed_now())
    post_webhook("sepay", sepay(order.code), process=False)
    WebhookEvent.objects.update(received_at=timezone.now() - datetime.timedelta(minutes=2))

    process_bank_webhooks_task()

    order.refresh_from_db()
    assert order.charged == 120_000


def test_processing_handled_webhook_again_changes_nothing(post_webhook) -> None:
    order = make_transfer_order(now=fixed_now())
    post_webhook("sepay", sepay(order.code))
    before = all_rows()

    process_bank_webhook(event_id=WebhookEvent.objects.get().pk, now=timezone.now())

    assert all_rows() == before


def test_api_key_is_accepted_when_no_secret_is_set(post_webhook, settings) -> None:
    settings.SEPAY_SECRET, settings.SEPAY_API_KEY = "", "key"
    order = make_transfer_order(now=fixed_now())
    body, _headers = sepay(order.code)

    assert post_webhook("sepay", (body, {"Authorization": "Apikey other"})).status_code == 401
    assert post_webhook("sepay", (body, {"Authorization": "Apikey key"})).status_code == 200


def forged(code: str):
    return sepay(code, secret="guessed")


def stale(code: str):
    return sepay(code, at=timezone.now() - datetime.timedelta(minutes=6))


def from_the_future(code: str):
    return sepay(code, at=timezone.now() + datetime.timedelta(minutes=6))


def altered(code: str):
    body, headers = sepay(code)
    return body.replace(b"120000", b"120001"), headers


def unsigned(code: str):
    return sepay(code)[0], {}


def invalid_json(code: str):
    body = code.encode() + b"{"
    return body, sepay_headers(SECRET, body, timezone.now())


def duplicate_json_key(code: str):
    body = json.dumps({"id": 1}).encode()[:-1] + b', "id": 2}'
    return body, sepay_headers(SECRET, body, timezone.now())


def amount_as_text(code: str):
    return sepay(code, transferAmount="120000")


def negative_amount(code: str):
    return sepay(code, transferAmount=-120_000)


@pytest.mark.parametrize(
    ("make_webhook", "status", "code"),
    [
        (forged, 401, "invalid_signature"),
        (stale, 401, "stale_signature"),
        (from_the_future, 401, "stale_signature"),
        (altered, 401, "invalid_signature"),
        (unsigned, 401, "signature_missing"),
        (invalid_json, 400, "unreadable_body"),
        (duplicate_json_key, 400, "unreadable_body"),
        (amount_as_text, 400, "invalid_incoming_transfer"),
        (negative_amount, 400, "invalid_incoming_transfer"),
    ],
)
def test_unproven_or_unreadable_webhook_is_refused_and_changes_nothing(
    post_webhook, make_webhook, status: int, code: str
) -> None:
    order = make_transfer_order(now=fixed_now())
    before = all_rows()

    response = post_webhook("sepay", make_webhook(order.code))

    assert (response.status_code, response.json()) == (status, {"success": False, "error": code})
    assert all_rows() == before


@pytest.mark.parametrize("service", ["sepay", "casso", "payos", "stripe"])
def test_multipart_form_is_refused_like_forged_webhook(client, settings, service: str) -> None:
    settings.STRIPE_SECRET_KEY = settings.STRIPE_WEBHOOK_SECRET = SECRET
    before = all_rows()

    response = client.post(f"/webhooks/{service}/", {"id": "1"})

    assert response.status_code in (400, 401)
    assert all_rows() == before


def test_oversized_body_is_refused(post_webhook) -> None:
    make_transfer_order(now=fixed_now())

    response = post_webhook("sepay", (b"x" * 1_000_001, {}))

    assert (response.status_code, response.json()["error"]) == (413, "unreadable_body")


@pytest.mark.parametrize("service", ["sepay", "casso", "payos"])
def test_webhook_address_of_unconfigured_service_is_not_found(post_webhook, settings, service: str) -> None:
    settings.SEPAY_SECRET = settings.CASSO_SECRET = settings.PAYOS_CHECKSUM_KEY = ""

    assert post_webhook(service, sepay("x")).status_code == 404


@pytest.mark.parametrize("service", ["sepay", "casso", "payos"])
def test_webhook_endpoint_rejects_get(client, service: str) -> None:
    assert client.get(reverse(f"webhook-{service}")).status_code == 405


def test_webhook_needs_no_csrf_token(post_webhook) -> None:
    from django.test import Client

    body, headers = sepay("x")

    response = Client(enforce_csrf_checks=True).post(
        "/webhooks/sepay/", body, content_type="application/json", headers=headers
    )

    assert response.status_code == 200


def test_failing_webhook_is_counted_and_processed_after_others(monkeypatch) -> None:
    old = timezone.now() - datetime.timedelta(days=1)
    rows = [
        WebhookEvent.objects.create(provider="sepay", event_id=name, body="{", received_at=old)
        for name in ("broken", "later")
    ]
    process_bank_webhook_task(event_id=rows[0].pk)
    queued = []
    monkeypatch.setattr(process_bank_webhook_task, "delay", lambda *, event_id: queued.append(event_id))

    process_bank_webhooks_task()

    assert queued == [rows[1].pk, rows[0].pk]
    assert [webhook_event.event_id for webhook_event in WebhookEvent.objects.with_problems("sepay")] == [
        "broken"
    ]
    failure = SweepFailure.objects.get()
    assert (failure.sweep, failure.row_key) == ("orders.process_bank_webhooks", str(rows[0].pk))
    assert failure.last_error.startswith("Unreadable")
