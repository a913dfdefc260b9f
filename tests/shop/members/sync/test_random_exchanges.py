"""Two phones of one cooperative, random commands, and a network that loses, repeats, cuts and reorders.

The phones follow `shop/static/js/member/store.js`: a command builds on the last unfinished one of its chain,
answers are stored by key, and a refused command is dropped by the member.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from catalog.models import Movement, Stock, Variant
from cooperatives.models import Cooperative, Role
from orders.models import OrderPart, Parcel
from shop.core.models import Change
from shop.core.web.rate_limits import Limit
from shop.members.sync import views
from shop.members.sync.models import Outcome, PhoneCommand
from tests.factories import make_channel, make_order, make_variant, make_warehouse
from tests.invariants import check_everything
from tests.shop.members.sync.phone import Phone, make_command

pytestmark = pytest.mark.django_db

Row = dict[str, Any]


class SimulatedPhone:
    """A phone with its rows and its outbox, whose exchanges may be lost on either way."""

    def __init__(self, seller: Cooperative, chance: random.Random) -> None:
        self.phone = Phone(seller, Role.MANAGER)
        self.chance = chance
        self.rows: dict[tuple[str, int], Row] = {}
        self.cursor = ""
        self.outbox: list[Row] = []  # unanswered and refused commands, oldest first
        self.outcomes: dict[str, str] = {}

    def give(self, name: str, chain: str, **payload: Any) -> str:
        """Add a command that builds on the last unfinished one of its chain; return its key."""
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
        for refused in [entry for entry in self.outbox if entry["state"] == Outcome.REFUSED]:
            key = refused["command"]["key"]
            self.outbox.remove(refused)
            for entry in [
                entry for entry in self.outbox if entry["command"]["payload"].get("packed_by") == key
            ]:
                self.outbox.remove(entry)
            kept_keys = {entry["command"]["key"] for entry in self.outbox} | {
                done for done, outcome in self.outcomes.items() if outcome == Outcome.DONE
            }
            for entry in self.outbox:
                after = [earlier for earlier in entry["command"].get("after", []) if earlier in kept_keys]
                entry["command"]["after"] = after

    def _store_answers(self, push_response: Row) -> None:
        self._store(push_response)
        for answer in push_response["answers"]:
            if answer["outcome"] == "later":
                continue
            key = answer["key"]
            assert self.outcomes.setdefault(key, answer["outcome"]) == answer["outcome"]
            entry = next((entry for entry in self.outbox if entry["command"]["key"] == key), None)
            if entry is not None and answer["outcome"] == Outcome.DONE:
                self.outbox.remove(entry)
            elif entry is not None:
                entry["state"] = answer["outcome"]

    def _store(self, page: Row) -> None:
        for row in page["rows"]:
            self.rows[row["kind"], row["id"]] = row
        for row in page["removed"]:
            self.rows.pop((row["kind"], row["id"]), None)


COMMANDS = [
    *("accept_part", "pack", "receive_stock", "write_off_stock", "count_stock", "transfer_stock"),
    *("price", "pause", "receive_lot", "count_lot", "write_off_lot"),
]


def give_random_command(
    phone: SimulatedPhone, parts: list[OrderPart], variants: list[Variant], far_warehouse_id: str
) -> None:
    """Give a command that fits what the phone shows, or one that somebody else may have done already."""
    chance = phone.chance
    part, variant = chance.choice(parts), chance.choice(variants)
    stock_chain, here = f"stock-{variant.pk}", str(get_stock_id(variant))
    listing = variant.product.listings.get()
    seen_variant = phone.rows["product", variant.product_id]["variants"][0]
    seen_price = seen_variant["prices"][0]["amount"]
    name = chance.choice(COMMANDS)
    of = {"variant": variant.pk, "warehouse": here}
    match name:
        case "accept_part":
            phone.give(name, f"part-{part.pk}", part=part.pk)
        case "pack":
            quantities = {str(part.lines.get().pk): chance.randint(1, 2)}
            chain = f"part-{part.pk}"
            key = phone.give("pack_parcel", chain, part=part.pk, quantities=quantities)
            phone.give("close_parcel", chain, packed_by=key)
            if chance.random() < 0.7:
                phone.give("hand_over_parcel", chain, packed_by=key)
        case "count_stock":
            phone.give(name, stock_chain, **of, counted=chance.randint(0, 30))
        case "transfer_stock":
            phone.give(name, stock_chain, **of, to=far_warehouse_id, quantity=chance.randint(1, 3))
        case "count_lot" | "write_off_lot" if not seen_variant["lots"]:
            pass
        case "count_lot":
            lot = chance.choice(seen_variant["lots"])["id"]
            phone.give(name, stock_chain, **of, lot=lot, counted=chance.randint(0, 9))
        case "write_off_lot":
            lot = chance.choice(seen_variant["lots"])["id"]
            phone.give("write_off_stock", stock_chain, **of, lot=lot, quantity=chance.randint(1, 3))
        case "price":
            amount = seen_price + chance.choice([-10_000, 10_000])
            of_price = {"listing": listing.pk, "variant": variant.pk}
            phone.give("change_price", f"price-{variant.pk}", **of_price, amount=amount, seen=seen_price)
        case "pause":
            move = chance.choice(["pause_listing", "resume_listing"])
            phone.give(move, f"listing-{listing.pk}", listing=listing.pk)
        case _:
            phone.give(name, stock_chain, **of, quantity=chance.randint(1, 5))


def get_stock_id(variant: Variant) -> object:
    return Stock.objects.filter(variant=variant).order_by("pk").values_list("warehouse", flat=True)[0]


@pytest.mark.parametrize("seed", range(3))
def test_both_phones_end_with_what_the_market_has(seller, monkeypatch, seed) -> None:
    monkeypatch.setattr(views, "PUSHES", Limit("sync_push", max_tries=10_000, seconds=60))
    monkeypatch.setattr(views, "PULLS", Limit("sync_pull", max_tries=10_000, seconds=60))
    chance = random.Random(seed)
    variants = [make_variant(seller, name=f"Gối {number}", on_hand=20) for number in range(2)]
    parts = [make_order((variant, 3)).parts.get() for variant in variants for _ in range(2)]
    far_warehouse = make_warehouse(seller, make_channel(), name="Kho xa")
    phones = [SimulatedPhone(seller, chance) for _ in range(2)]
    for phone in phones:
        phone.pull()

    for _step in range(25):
        phone = chance.choice(phones)
        for _ in range(chance.randint(0, 3)):
            give_random_command(phone, parts, variants, str(far_warehouse.pk))
        if chance.random() < 0.6:
            phone.push(is_network_bad=True)
        if chance.random() < 0.4:
            phone.pull()
        if chance.random() < 0.2:
            phone.drop_refused()
    for phone in phones:
        for _ in range(100):
            phone.push(is_network_bad=False)
            phone.drop_refused()
            if not phone.outbox:
                break
        assert phone.outbox == []
    for phone in phones:
        phone.pull()

    for phone in phones:
        fresh_phone = SimulatedPhone(seller, chance)
        fresh_phone.pull()
        assert phone.rows == fresh_phone.rows
    check_every_command_was_done_once_or_refused()
    check_everything()


def check_every_command_was_done_once_or_refused() -> None:
    outcomes = {
        f"phone:{row.user_id}:{row.key}": (row.name, row.outcome) for row in PhoneCommand.objects.all()
    }
    assert {outcome for _name, outcome in outcomes.values()} == {Outcome.DONE, Outcome.REFUSED}
    parcel_keys = Parcel.objects.values_list("idempotency_key", flat=True)
    keys = [
        *Movement.objects.filter(idempotency_key__startswith="phone:").values_list(
            "idempotency_key", flat=True
        ),
        *parcel_keys.filter(idempotency_key__startswith="phone:"),
        *Change.objects.filter(idempotency_key__startswith="phone:").values_list(
            "idempotency_key", flat=True
        ),
    ]
    done = {
        key for key, (name, outcome) in outcomes.items() if outcome == Outcome.DONE and name != "change_price"
    }
    assert Counter(keys) == dict.fromkeys(done, 1)
