"""Alerts in a real browser: the service worker takes them and tells the open pages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.factories import make_seller
from tests.shop.members.test_on_a_phone import sign_in
from tests.shop.test_app_shell import READY
from tests.voice import give_voice
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

LISTEN = """() => navigator.serviceWorker.addEventListener(
  'message', ({ data }) => { window.heard = data.spokenAlert; })"""


def push(phone: Page, message: dict[str, Any]) -> None:
    """Deliver a push message to the page's service worker, as the browser's push service does."""
    session = phone.context.new_cdp_session(phone)
    registrations: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(row["registrationId"] for row in event["registrations"]),
    )
    session.send("ServiceWorker.enable")
    origin = str(phone.evaluate("location.origin"))
    data = json.dumps(message)
    while not registrations:  # the event follows the answer
        phone.evaluate("1")
    session.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": origin, "registrationId": registrations[-1], "data": data},
    )


def test_alert_reaches_open_pages_and_is_spoken(phone_with_workers: Page) -> None:
    phone = phone_with_workers
    phone.context.set_default_timeout(60_000)  # a busy machine
    phone.context.grant_permissions(["notifications"])
    sign_in(phone, make_seller())
    phone.goto("/xa-vien/bao-tin/may/")
    phone.evaluate(READY)
    expect(phone.get_by_role("button", name="Bật tin báo trên máy này")).to_be_visible()
    give_voice(phone)
    phone.reload()
    phone.evaluate(LISTEN)

    push(phone, {"title": "Đơn mới TA1", "body": "2 món", "url": "/xa-vien/goi/", "tag": "alert:1"})

    wait_until(phone, "() => window.heard === 'Đơn mới TA1. 2 món'")
    wait_until(phone, "() => window.spoken.join() === 'Đơn mới TA1. 2 món'")
