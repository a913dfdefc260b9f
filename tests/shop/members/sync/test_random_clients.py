"""The app on two phones: random commands for its store, and a network that fails in every way.

`tests.shop.members.sync.test_random_exchanges` does the same in a tenth of the time, with phones in Python.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from cooperatives.models import Cooperative, Role
from tests.invariants import check_everything
from tests.shop.members.sync.phone import Phone
from tests.shop.members.sync.random_commands import (
    Row,
    allow_many_requests,
    check_every_command_was_done_once_or_refused,
    check_labels_stay_true,
    check_parcels_have_one_holder,
    give_random_command,
    make_market,
)
from tests.shop.members.sync.test_two_phones import HOLDS_EXACTLY, pull_all_rows
from tests.shop.members.sync.test_without_network import HOLDS, sign_in
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

SCREEN = "/xa-vien/offline/#unsent"
# Give a command, and compute how every row will look after what waits.
GIVE = """async (command) => {
  const { addCommands, readOutbox, readRows } = await import("member/store");
  const { withPending } = await import("member/pending");
  await addCommands([command]);
  const outbox = await readOutbox();
  for (const row of await readRows()) withPending(row, outbox);
  return outbox.at(-1).key;
}"""
KEEP_PHOTO = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 80, height: 60 });
  const context = canvas.getContext("2d");
  context.fillStyle = `hsl(${Math.random() * 360} 80% 50%)`;
  context.fillRect(0, 0, 80, 60);
  const { keepPhoto } = await import("member/photos");
  return keepPhoto(await new Promise((done) => canvas.toBlob(done, "image/jpeg")));
}"""
SYNCHRONISE = """async () => {
  const { synchronise } = await import("member/sync");
  return synchronise("/xa-vien/dong-bo/");
}"""
READ_ROWS = """async () => (await import("member/store")).readRows()"""
READ_OUTBOX = """async () => (await import("member/store")).readOutbox()"""
# Answer refused commands: with the given chance try one again, else drop it.
DECIDE = """async (chance) => {
  const { dropCommand, readOutbox, repeatCommand } = await import("member/store");
  for (const { key, payload } of (await readOutbox()).filter(({ state }) => state === "refused"))
    if (Math.random() < chance) await repeatCommand(key, payload);
    else await dropCommand(key);
}"""
# Give up what another phone has to send first.
DROP_STUCK = """async () => {
  const { dropCommand, readOutbox } = await import("member/store");
  for (const { key, state, message } of await readOutbox())
    if (state === "waiting" && message) await dropCommand(key);
}"""
FAULTS = [
    "none",
    "none",
    "lost",
    "no_answer",
    "half_answer",
    "repeated",
    "reordered",
    "cut",
    "error",
    "killed",
]


class ClientPhone:
    """The app on a phone, used through its modules instead of its buttons; its screen is open meanwhile."""

    def __init__(self, page: Page, seller: Cooperative, chance: random.Random) -> None:
        self.page, self.chance = page, chance
        sign_in(page, seller, Role.MANAGER)
        assert page.evaluate(HOLDS, 6)
        page.goto(SCREEN)
        settings = page.evaluate("async () => (await import('member/store')).readSettings()")
        self.member_id = settings["member"]["id"]
        self.is_killed = False

    def read_rows(self) -> dict[tuple[str, int], Row]:
        return {(row["kind"], row["id"]): row for row in self.page.evaluate(READ_ROWS)}

    def keep_photo(self) -> str:
        return str(self.page.evaluate(KEEP_PHOTO))

    def give(self, name: str, chain: str, subject: Row, /, **payload: Any) -> str:
        command = {"name": name, "payload": payload, "subject": subject, "chains": [chain]}
        return str(self.page.evaluate(GIVE, command))

    def read_open(self) -> list[Row]:
        return [command for command in self.page.evaluate(READ_OUTBOX) if command["state"] != "done"]

    def exchange(self, *, is_network_bad: bool) -> None:
        """Send what waits and fetch what changed; a bad network fails at some of the requests."""
        self.page.context.set_offline(False)
        if is_network_bad:
            self.page.context.route("**/xa-vien/dong-bo/**", self._spoil)
        self.page.evaluate(SYNCHRONISE)
        if is_network_bad:
            self.page.context.unroute("**/xa-vien/dong-bo/**")
            self.page.context.set_offline(True)
        if self.is_killed:
            self.page.goto("about:blank")
            self.page.goto(SCREEN)
            self.is_killed = False

    def _spoil(self, route: Route) -> None:
        fault, request = self.chance.choice(FAULTS), route.request
        if request.method == "GET" and fault != "lost":
            fault = "none"
        body = (
            json.loads(request.post_data or "{}")
            if request.method == "POST" and "/anh/" not in request.url
            else None
        )
        match fault:
            case "none":
                route.continue_()
            case "lost":
                route.abort("internetdisconnected")
            case "error":
                route.fulfill(status=500, body="<h1>500</h1>")
            case "no_answer" | "killed":
                route.fetch()
                self.is_killed = fault == "killed"
                route.abort("connectionreset")
            case "half_answer":
                content = route.fetch().body()
                route.fulfill(status=200, content_type="application/json", body=content[: len(content) // 2])
            case "repeated":
                route.fetch()
                route.fulfill(response=route.fetch())
            case _ if body is None:
                route.continue_()
            case "reordered":
                self.chance.shuffle(body["commands"])
                route.fulfill(response=route.fetch(post_data=json.dumps(body)))
            case "cut":
                body["commands"] = body["commands"][: self.chance.randint(1, len(body["commands"]))]
                route.fulfill(response=route.fetch(post_data=json.dumps(body)))


@pytest.mark.parametrize(
    ("seed", "steps"), [(0, 8), *(pytest.param(seed, 40, marks=pytest.mark.long) for seed in range(1, 25))]
)
def test_both_apps_end_with_what_the_market_has(
    phone_with_workers: Page, second_phone_with_workers: Page, seller, monkeypatch, seed: int, steps: int
) -> None:
    allow_many_requests(monkeypatch)
    chance = random.Random(seed)
    market = make_market(seller)
    phones = [ClientPhone(page, seller, chance) for page in (phone_with_workers, second_phone_with_workers)]
    for phone in phones:
        phone.page.context.set_offline(True)

    for _step in range(steps):
        phone = chance.choice(phones)
        for _ in range(chance.randint(1, 5)):
            give_random_command(phone, market)
        if chance.random() < 0.5:
            phone.exchange(is_network_bad=True)
        if chance.random() < 0.3:
            phone.page.evaluate(DECIDE, 0.3)
    for phone in phones * 2:  # the second time the other phone has sent its hand-overs too
        for _ in range(3):
            phone.exchange(is_network_bad=False)
            phone.page.evaluate(DECIDE, 0)
    for phone in phones:
        for _ in range(20):
            phone.page.evaluate(DROP_STUCK)
            phone.exchange(is_network_bad=False)
            phone.page.evaluate(DECIDE, 0)
            if not phone.read_open():
                break
        assert phone.read_open() == []
    for phone in phones:
        assert phone.page.evaluate(SYNCHRONISE) == "ok"

    market_rows = pull_all_rows(Phone(seller, Role.MANAGER))
    for phone in phones:
        wait_until(phone.page, HOLDS_EXACTLY, market_rows)
    check_every_command_was_done_once_or_refused()
    check_labels_stay_true(market)
    check_parcels_have_one_holder()
    check_everything()
