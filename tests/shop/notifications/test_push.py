"""Alerts reach browsers through their push services, encrypted and signed, and never a private network."""

from __future__ import annotations

import datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from shop.core.actors import EntryPoint
from shop.core.errors import Missing
from shop.core.models import Change
from shop.notifications import push_endpoints
from shop.notifications.models import Notification, PushSubscription
from shop.notifications.push_encryption import decode_base64url, encode_base64url, encrypt_record
from shop.notifications.push_subscriptions import (
    MAX_DEVICES,
    InvalidPushSubscription,
    TooManyAlertDevices,
    add_push_subscription,
    queue_push,
    remove_push_subscription,
)
from shop.notifications.send import SUBSCRIPTION_ENDED, deliver
from shop.notifications.vapid import read_vapid_key, read_vapid_public_key
from tests.doubles.push_service import PushBrowser, running_push_service
from tests.factories import NOW, make_user
from tests.refusals import assert_refused


@pytest.fixture
def service(settings):
    settings.PUSH_TO_PRIVATE_ADDRESSES = True
    with running_push_service() as running:
        yield running


def subscribe(user, browser, **fields):
    return add_push_subscription(
        user_id=user.pk,
        **browser.fields() | fields,
        user_agent="Mozilla/5.0 (Linux; Android 14) Chrome/140",
        session_key="",
        language="vi",
        actor=user.as_actor(EntryPoint.MEMBERS),
        now=NOW,
    )


def queue(*subscriptions, key="alert:1"):
    queue_push(
        subscriptions, key=key, title="Đơn mới TA1", body="HTX Thiên An, 2 món", url="/xa-vien/", now=NOW
    )
    return list(Notification.objects.order_by("pk"))


@pytest.mark.once
def test_message_is_encrypted_as_in_the_standard() -> None:
    """The example of RFC 8291, section 5."""
    scalar = int.from_bytes(decode_base64url("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big")

    body = encrypt_record(
        b"When I grow up, I want to be a watermelon",
        public_key=(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        ),
        auth_secret="BTBZMqHH6r4Tts7J_aSIgg",
        sender_key=ec.derive_private_key(scalar, ec.SECP256R1()),
        salt=decode_base64url("DGv6ra1nlYgDCS1FRnbzlw"),
    )

    assert encode_base64url(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
        "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@pytest.mark.django_db
def test_alert_arrives_readable_only_by_the_browser_and_signed_by_the_shop(service) -> None:
    browser, other = PushBrowser(service.address), PushBrowser(service.address)
    user = make_user()
    rows = queue(subscribe(user, browser), subscribe(user, other))

    assert [deliver(row, now=NOW) for row in rows] == [True, True]

    message = {"title": "Đơn mới TA1", "body": "HTX Thiên An, 2 món", "url": "/xa-vien/", "tag": "alert:1"}
    assert (service.messages_for(browser), service.messages_for(other)) == ([message], [message])
    _path, headers, body = service.received[0]
    assert "Đơn mới".encode() not in body
    kept = ("content-encoding", "ttl", "urgency")
    assert [headers[name] for name in kept] == ["aes128gcm", "21600", "high"]
    claims = service.verified_claims()
    assert (claims["k"], claims["sub"]) == (read_vapid_public_key(), "mailto:cho-phien@localhost")
    assert set(Notification.objects.values_list("sent_at", "attempts")) == {(NOW, 1)}


@pytest.mark.django_db
@pytest.mark.parametrize("status", [404, 410])
def test_subscription_that_died_is_removed_and_not_tried_again(service, status) -> None:
    user = make_user()
    (row,) = queue(subscribe(user, PushBrowser(service.address)))
    service.status = status

    assert not deliver(row, now=NOW)

    row.refresh_from_db()
    assert (row.given_up_at, row.last_error) == (NOW, SUBSCRIPTION_ENDED)
    assert not PushSubscription.objects.exists()
    assert not Notification.objects.due(NOW + datetime.timedelta(days=2)).exists()


@pytest.mark.django_db
def test_push_service_that_fails_is_tried_again_with_the_same_subscription(service) -> None:
    browser = PushBrowser(service.address)
    (row,) = queue(subscribe(make_user(), browser))
    service.status = 503

    assert not deliver(row, now=NOW)

    row.refresh_from_db()
    assert (row.given_up_at, row.last_error) == (None, "the push service answered 503")
    assert row.due_at > NOW
    service.status = 201
    assert deliver(row, now=row.due_at)
    assert len(service.messages_for(browser)) == 2


@pytest.mark.django_db
def test_body_of_an_answer_is_not_read(service) -> None:
    """A body may have no end: who reads it holds a worker, or fills its memory."""
    service.is_cut_short = True

    assert deliver(queue(subscribe(make_user(), PushBrowser(service.address)))[0], now=NOW)


@pytest.mark.django_db
def test_push_service_that_answers_without_end_is_left_at_the_deadline(service, monkeypatch) -> None:
    monkeypatch.setattr(push_endpoints, "_TIMEOUT_SECONDS", 0.3)
    (row,) = queue(subscribe(make_user(), PushBrowser(service.address)))
    service.is_endless = True

    assert not deliver(row, now=NOW)

    row.refresh_from_db()
    assert (row.attempts, row.given_up_at) == (1, None)
    assert row.due_at > NOW


@pytest.mark.django_db
def test_alert_for_a_browser_that_was_turned_off_is_given_up(service) -> None:
    user = make_user()
    subscription = subscribe(user, PushBrowser(service.address))
    (row,) = queue(subscription)
    remove_push_subscription(
        user_id=user.pk, subscription_id=subscription.pk, actor=user.as_actor(EntryPoint.MEMBERS), now=NOW
    )

    assert not deliver(row, now=NOW)

    assert (service.received, Notification.objects.get().last_error) == ([], SUBSCRIPTION_ENDED)
    actions = Change.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["user.push_subscription_added", "user.push_subscription_removed"]


@pytest.mark.django_db
def test_browser_subscribes_once_and_belongs_to_who_used_it_last(service) -> None:
    browser = PushBrowser(service.address)
    hoa, mai = make_user(email="hoa@example.com"), make_user(email="mai@example.com")
    subscribe(hoa, browser)
    subscribe(hoa, browser)

    subscribe(mai, browser)

    assert list(PushSubscription.objects.values_list("user", "endpoint")) == [(mai.pk, browser.endpoint)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "http://push.example.com/1",
        "https://localhost/1",
        "https://intranet/1",
        "https://127.0.0.1/1",
        "https://10.0.0.8/1",
        "https://192.168.1.1/1",
        "https://169.254.169.254/latest",
        "https://[::1]/1",
        "https://[::ffff:10.0.0.8]/1",
        "https://[64:ff9b::a00:8]/1",
        "https://[64:ff9b:1::a00:8]/1",
        "https://[2002:a00:8::1]/1",
        "https://push.example.com:8443/1",
        "https://push.example.com:x/1",
        "https://me:secret@push.example.com/1",
        "https://push.example.com/1\r\nX: 1",
        "https://push.example.com/" + "1" * 1000,
    ],
)
def test_address_that_no_public_push_service_has_is_refused(endpoint) -> None:
    user = make_user()

    with assert_refused(InvalidPushSubscription, "invalid_push_subscription"):
        subscribe(user, PushBrowser(""), endpoint=endpoint)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [{"public_key": "x"}, {"public_key": "B" * 87}, {"auth_secret": "x"}, {"auth_secret": "A" * 30}],
)
def test_unusable_keys_are_refused(fields) -> None:
    user = make_user()

    with assert_refused(InvalidPushSubscription, "invalid_push_subscription"):
        subscribe(user, PushBrowser("https://push.example.com"), **fields)


@pytest.mark.django_db
def test_name_that_resolves_to_this_machine_gets_nothing(service, settings, monkeypatch) -> None:
    """The name is checked when it is used: it may have been a public one when the browser sent it."""
    settings.PUSH_TO_PRIVATE_ADDRESSES = False
    (row,) = queue(subscribe(make_user(), PushBrowser("https://push.example.com")))
    place = [(2, 1, 6, "", ("93.184.215.14", 443)), (2, 1, 6, "", ("127.0.0.1", 443))]
    monkeypatch.setattr(push_endpoints.socket, "getaddrinfo", lambda *_args, **_options: place)

    assert not deliver(row, now=NOW)

    row.refresh_from_db()
    assert row.last_error == "push.example.com has the private address 127.0.0.1"


@pytest.mark.django_db
def test_eleventh_device_is_refused() -> None:
    user = make_user()
    browsers = [PushBrowser("https://push.example.com") for _ in range(MAX_DEVICES + 1)]
    for browser in browsers[:-1]:
        subscribe(user, browser)

    with assert_refused(TooManyAlertDevices, "too_many_alert_devices"):
        subscribe(user, browsers[-1])
    subscribe(user, browsers[0])  # a device that is known may subscribe anew

    assert PushSubscription.objects.count() == MAX_DEVICES


@pytest.mark.django_db
def test_only_the_owner_turns_a_device_off() -> None:
    owner, other = make_user(email="hoa@example.com"), make_user(email="mai@example.com")
    subscription = subscribe(owner, PushBrowser("https://push.example.com"))

    with assert_refused(Missing, "missing"):
        remove_push_subscription(
            user_id=other.pk,
            subscription_id=subscription.pk,
            actor=other.as_actor(EntryPoint.MEMBERS),
            now=NOW,
        )


def test_key_for_push_services_is_made_once_and_kept(settings, tmp_path) -> None:
    settings.DATA_DIR, settings.VAPID_PRIVATE_KEY = tmp_path, ""
    keys = []
    try:
        for _start in range(2):
            read_vapid_key.cache_clear()
            keys.append(read_vapid_public_key())
    finally:
        read_vapid_key.cache_clear()

    assert keys[0] == keys[1]
    file = tmp_path / "vapid_key.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]
