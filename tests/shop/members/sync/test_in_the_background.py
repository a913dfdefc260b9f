"""Background Sync: the service worker sends what waits while no page of the app is open."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from orders.states import PartState
from shop.members.sync.models import PhoneCommand
from tests.factories import make_order, make_variant
from tests.markup import html_of
from tests.shop.members.sync.test_without_network import HOLDS, open_order, sign_in
from tests.waiting import wait_until

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]

# Whether no command of the phone's outbox is in this state.
NONE_IN_STATE = """(state) => new Promise((done) => {
  const opening = indexedDB.open("cho-phien-members");
  opening.onsuccess = () => {
    const reading = opening.result.transaction("outbox").objectStore("outbox").getAll();
    reading.onsuccess = () => {
      opening.result.close();
      done(!reading.result.some((command) => command.state === state));
    };
  };
})"""


@pytest.mark.browser
def test_work_is_sent_in_the_background_once_there_is_a_network(phone_with_workers: Page, seller) -> None:
    phone = phone_with_workers
    part = make_order((make_variant(seller), 2)).parts.get()
    sign_in(phone, seller)
    assert phone.evaluate(HOLDS, 2)
    phone.context.set_offline(True)
    open_order(phone, part)
    phone.get_by_role("button", name="Nhận đơn").click()
    expect(phone.get_by_label("Lấy rồi")).to_be_visible()
    other_page = phone.context.new_page()
    phone.close()
    phone.context.set_offline(False)
    other_page.goto("/xa-vien/app.webmanifest")  # without scripts
    assert not PhoneCommand.objects.exists()

    _dispatch_sync(other_page)

    wait_until(other_page, NONE_IN_STATE, "waiting")
    part.refresh_from_db()
    assert part.state == PartState.ACCEPTED
    assert PhoneCommand.objects.count() == 1


def test_browsers_without_module_workers_get_a_script_without_imports(client) -> None:
    url = reverse("members:worker")

    assert "import " not in html_of(client.get(url))
    assert 'import { sendWaiting } from "/static/js/member/sync.js";' in html_of(client.get(f"{url}?module"))


def _dispatch_sync(page: Page) -> None:
    """Let the browser fire the event that it fires once there is a network."""
    session = page.context.new_cdp_session(page)
    registrations: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(
            row["registrationId"] for row in event["registrations"] if row["scopeURL"].endswith("/xa-vien/")
        ),
    )
    session.send("ServiceWorker.enable")
    origin = str(page.evaluate("location.origin"))
    while not registrations:  # the event follows the answer
        page.evaluate("1")
    session.send(
        "ServiceWorker.dispatchSyncEvent",
        {"origin": origin, "registrationId": registrations[-1], "tag": "outbox", "lastChance": False},
    )
