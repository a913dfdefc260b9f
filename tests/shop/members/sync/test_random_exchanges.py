"""Two phones of one cooperative, random commands, and a network that loses, repeats, cuts and reorders.

The phones follow `shop/static/js/member/store.js`: a command builds on the last unfinished one of its chain,
answers are stored by key, and a refused command is dropped by the member.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from cooperatives.models import Cooperative, Role
from shop.members.sync.models import CommandOutcome
from tests.invariants import check_everything
from tests.shop.members.sync.phone import Phone, make_command
from tests.shop.members.sync.random_commands import (
    WAITING_FOR_OTHERS,
    Row,
    allow_many_requests,
    check_every_command_was_done_once_or_refused,
    check_labels_stay_true,
    check_parcels_have_one_holder,
    give_random_command,
    make_market,
)
from tests.shop.members.sync.test_photos import encode_photo, send_photo

pytestmark = pytest.mark.django_db


class SimulatedPhone:
    """A phone with its rows and its outbox, whose exchanges may be lost on either way."""

    def __init__(self, seller: Cooperative, chance: random.Random) -> None:
        self.phone = Phone(seller, Role.MANAGER)
        self.member_id = self.phone.user.pk
        self.chance = chance
        self.rows: dict[tuple[str, int], Row] = {}
        self.cursor = ""
        self.outbox: list[Row] = []  # unanswered and refused commands, oldest first
        self.outcomes: dict[str, str] = {}

    def read_rows(self) -> dict[tuple[str, int], Row]:
        return self.rows

    def keep_photo(self) -> str:
        return send_photo(self.phone, encode_photo(), piece=100_000)

    def give(self, name: str, chain: str, _subject: Row, /, **payload: Any) -> str:
        earlier = [entry["command"]["key"] for entry in self.outbox if entry["chain"] == chain][-1:]
        command = make_command(name, after=tuple(earlier), **payload)
        self.outbox.append({"command": command, "chain": chain, "state": "waiting"})
        return str(command["key"])

    def pull(self) -> None:
        while True:
            page = self.phone.pull(self.cursor)
            if page["is_reset"]:
                self.rows = {}
            self._store(page)
            self.cursor = page["cursor"]
            if not page["has_more"]:
                return

    def push(self, *, is_network_bad: bool) -> None:
        """Send what waits; a bad network may lose, repeat, cut, reorder or swallow the answer."""
        commands = [entry["command"] for entry in self.outbox if entry["state"] == "waiting"][:20]
        fault = self.chance.choice(["none", "lost", "cut", "reordered", "repeated", "no_answer"])
        if not is_network_bad:
            fault = "none"
        if fault == "lost" or not commands:
            return
        if fault == "cut":
            commands = commands[: self.chance.randint(1, len(commands))]
        if fault == "reordered":
            self.chance.shuffle(commands)
        answers = self.phone.push(*commands)
        if fault == "repeated":
            answers = self.phone.push(*commands)
        if fault != "no_answer":
            self._store_answers(answers)

    def drop_refused(self) -> None:
        """Leave every refused command as it is on the market; what builds on it goes on without it."""
        for refused in [entry for entry in self.outbox if entry["state"] == CommandOutcome.REFUSED]:
            if refused in self.outbox:  # not dropped with the one that it builds on
                self._drop(refused)

    def _drop(self, dropped: Row) -> None:
        key = dropped["command"]["key"]
        self.outbox.remove(dropped)
        for entry in [entry for entry in self.outbox if key in self._named_keys(entry)]:
            self.outbox.remove(entry)
        kept_keys = {entry["command"]["key"] for entry in self.outbox} | {
            done for done, outcome in self.outcomes.items() if outcome == CommandOutcome.DONE
        }
        for entry in self.outbox:
            after = [earlier for earlier in entry["command"].get("after", []) if earlier in kept_keys]
            entry["command"]["after"] = after

    def drop_waiting_handovers(self) -> None:
        """Drop hand-overs of parcels that no phone ever sends, as their member does in the end."""
        for entry in [entry for entry in self.outbox if entry["command"]["name"] in WAITING_FOR_OTHERS]:
            self._drop(entry)

    @staticmethod
    def _named_keys(entry: Row) -> list[str]:
        payload = entry["command"]["payload"]
        return [payload[name] for name in ("packed_by", "created_by") if name in payload]

    def _store_answers(self, push_response: Row) -> None:
        self._store(push_response)
        for answer in push_response["answers"]:
            if answer["outcome"] == "later":
                continue
            key = answer["key"]
            assert self.outcomes.setdefault(key, answer["outcome"]) == answer["outcome"]
            entry = next((entry for entry in self.outbox if entry["command"]["key"] == key), None)
            if entry is not None and answer["outcome"] == CommandOutcome.DONE:
                self.outbox.remove(entry)
            elif entry is not None:
                entry["state"] = answer["outcome"]

    def _store(self, page: Row) -> None:
        for row in page["rows"]:
            self.rows[row["kind"], row["id"]] = row
        for row in page["removed"]:
            self.rows.pop((row["kind"], row["id"]), None)


@pytest.mark.parametrize(
    "seed", [*range(2), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 60))]
)
def test_both_phones_end_with_what_the_market_has(seller, monkeypatch, seed) -> None:
    allow_many_requests(monkeypatch)
    chance = random.Random(seed)
    market = make_market(seller)
    phones = [SimulatedPhone(seller, chance) for _ in range(2)]
    for phone in phones:
        phone.pull()

    for _step in range(25):
        phone = chance.choice(phones)
        for _ in range(chance.randint(0, 4)):
            give_random_command(phone, market)
        if chance.random() < 0.6:
            phone.push(is_network_bad=True)
        if chance.random() < 0.4:
            phone.pull()
        if chance.random() < 0.2:
            phone.drop_refused()
    for phone in phones * 2:  # the second time the other phone has sent its hand-overs too
        for _ in range(20):
            phone.push(is_network_bad=False)
            phone.drop_refused()
    for phone in phones:
        for _ in range(20):
            phone.drop_waiting_handovers()
            phone.push(is_network_bad=False)
            phone.drop_refused()
        assert phone.outbox == []
        phone.pull()
    phones[0].pull()  # what the other sent last

    for phone in phones:
        fresh_phone = SimulatedPhone(seller, chance)
        fresh_phone.pull()
        assert phone.rows == fresh_phone.rows
    check_every_command_was_done_once_or_refused()
    check_labels_stay_true(market)
    check_parcels_have_one_holder()
    check_everything()
