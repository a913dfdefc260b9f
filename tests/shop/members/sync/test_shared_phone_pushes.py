"""Commands of several members from one phone: under whose name they are done, and which are refused."""

from __future__ import annotations

import datetime
import json
import uuid
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Listing
from cooperatives.actions import phone_pins
from cooperatives.actions.members import change_member_role, remove_member
from cooperatives.actions.phone_pins import remove_pin, sign, signing_key
from cooperatives.actions.shared_phones import end_shared_phone
from cooperatives.models import PhonePin, Role, SharedPhone
from orders.models import OrderPart, Parcel
from orders.states import ParcelState, PartState
from shop.core.actors import Actor
from shop.core.models import Change
from shop.members.sync.models import PhoneCommand
from tests.factories import NOW, make_member, make_order, make_seller, make_variant
from tests.phone_factories import (
    give_pin,
    make_phone_browser,
    open_with_pin,
    register_phone,
)
from tests.refusals import all_rows
from tests.shop.members.sync.phone import SYNC_URL, make_command
from tests.shop.members.sync.test_photos import encode_photo, new_listing

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def few_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_pins, "ITERATIONS", 1000)


class PhoneOfTwo:
    """A shared phone of a packer and a lister. The packer's work waits while the lister is at the phone."""

    def __init__(self, seller: Any) -> None:
        self.seller = seller
        self.phone, secret = register_phone(seller)
        self.packer = give_pin(self.phone, make_member(seller, Role.PACKER, first_name="Lò Thị Hoa"))
        self.lister = give_pin(self.phone, make_member(seller, Role.LISTER, first_name="Vàng A Minh"))
        self.browser = make_phone_browser(self.phone, secret)
        open_with_pin(self.browser, self.lister)

    def sign(self, row: PhonePin, command: dict[str, Any], *, key: bytes | None = None) -> dict[str, Any]:
        """Return the command as the phone sends it for this member."""
        after = command.pop("after", [])
        text = json.dumps(command, ensure_ascii=False)
        own_key = signing_key(row)
        return {
            "member": row.membership.user_id,
            "content": text,
            "signature": sign(key or own_key, text),
            "after": after,
        }

    def send(self, *commands: dict[str, Any]) -> Any:
        body = {
            "member": self.lister.membership.user_id,
            "cooperative": self.seller.pk,
            "clock": timezone.now().isoformat(),
            "commands": list(commands),
        }
        return self.browser.post(SYNC_URL, body, content_type="application/json")

    def push(self, *commands: dict[str, Any]) -> list[tuple[str, str]]:
        """Push the commands and return outcome and code of each answer."""
        response = self.send(*commands)
        assert response.status_code == 200, response.content
        return [(answer["outcome"], answer.get("code", "")) for answer in response.json()["answers"]]


@pytest.fixture
def two(seller) -> PhoneOfTwo:
    return PhoneOfTwo(seller)


@pytest.fixture
def part(seller) -> OrderPart:
    return make_order((make_variant(seller), 2)).parts.get()


def names_of_changes() -> dict[str, str]:
    changes = Change.objects.filter(idempotency_key__startswith="phone:")
    return dict(changes.values_list("action", "actor_name"))


def test_work_of_both_is_done_under_the_name_of_the_one_who_did_it(two, part) -> None:
    listing = Listing.objects.get()
    accepting = two.sign(two.packer, make_command("accept_part", part=part.pk))
    pausing = two.sign(two.lister, make_command("pause_listing", listing=listing.pk))

    assert two.push(accepting, pausing) == [("done", "")] * 2

    assert names_of_changes() == {"part.accepted": "Lò Thị Hoa", "listing.paused": "Vàng A Minh"}
    assert {row.user_id: row.name for row in PhoneCommand.objects.all()} == {
        two.packer.membership.user_id: "accept_part",
        two.lister.membership.user_id: "pause_listing",
    }


def test_one_member_goes_on_with_what_the_other_began(two, part, seller) -> None:
    helper = give_pin(two.phone, make_member(seller, Role.PACKER, first_name="Hoàng Văn Tài"))
    accepting = make_command("accept_part", part=part.pk)
    packing = make_command(
        "pack_parcel", part=part.pk, quantities={str(part.lines.get().pk): 2}, after=(accepting["key"],)
    )
    closing = make_command("close_parcel", packed_by=packing["key"], after=(packing["key"],))
    signed = [two.sign(two.packer, accepting), two.sign(helper, packing), two.sign(two.packer, closing)]

    assert two.push(*signed) == [("done", "")] * 3
    assert two.push(*signed) == [("done", "")] * 3  # again, as after a lost answer

    assert Parcel.objects.get().state == ParcelState.PACKED
    done = Change.objects.filter(kind__in=("orders.orderpart", "orders.parcel")).exclude(actor_kind="guest")
    names = [(change.action, change.actor_name) for change in done.order_by("pk")]
    assert names == [
        ("part.accepted", "Lò Thị Hoa"),
        ("parcel.created", "Hoàng Văn Tài"),
        ("parcel.packed", "Lò Thị Hoa"),
    ]


def test_steps_signed_for_a_refused_packing_are_done_for_its_repeat(two, part, seller) -> None:
    """The phone cannot sign the steps of another member again."""
    helper = give_pin(two.phone, make_member(seller, Role.PACKER, first_name="Hoàng Văn Tài"))
    line = str(part.lines.get().pk)
    accepting = make_command("accept_part", part=part.pk)
    packing = make_command("pack_parcel", part=part.pk, quantities={line: 99})
    closing = two.sign(helper, make_command("close_parcel", packed_by=packing["key"]))
    handing_over = two.sign(two.packer, make_command("hand_over_parcel", packed_by=packing["key"]))
    repeat = make_command("pack_parcel", part=part.pk, quantities={line: 2})
    repeated = {"repeated_as": repeat["key"]}
    assert two.push(two.sign(two.packer, accepting), two.sign(two.packer, packing)) == [
        ("done", ""),
        ("refused", "quantity_not_open"),
    ]

    steps = [closing | repeated, handing_over | repeated]
    assert two.push(two.sign(two.packer, repeat), *steps) == [("done", "")] * 3

    assert Parcel.objects.get().state == ParcelState.HANDED_OVER


def test_step_is_not_moved_to_a_parcel_that_its_signer_did_not_mean(two, part, seller) -> None:
    helper = give_pin(two.phone, make_member(seller, Role.PACKER, first_name="Hoàng Văn Tài"))
    line = str(part.lines.get().pk)
    accepting = make_command("accept_part", part=part.pk)
    refused = make_command("pack_parcel", part=part.pk, quantities={line: 99})
    foreign, other = (make_command("pack_parcel", part=part.pk, quantities={line: 1}) for _ in range(2))
    second = make_order((make_variant(seller), 2)).parts.get()
    elsewhere = make_command("pack_parcel", part=second.pk, quantities={str(second.lines.get().pk): 1})
    signed = [
        two.sign(two.packer, row)
        for row in (accepting, make_command("accept_part", part=second.pk), refused, other, elsewhere)
    ]
    two.push(*signed, two.sign(helper, foreign))
    assert Parcel.objects.count() == 3

    for named, repeated_as in (
        (refused, foreign),
        (refused, elsewhere),
        (refused, accepting),
        (other, foreign),
    ):
        closing = two.sign(two.packer, make_command("close_parcel", packed_by=named["key"]))
        answer = two.push(closing | {"repeated_as": repeated_as["key"]})
        assert answer == ([("done", "")] if named is other else [("refused", "missing")])

    closed = Parcel.objects.get(state=ParcelState.PACKED)
    assert closed.pk == PhoneCommand.objects.get(key=other["key"]).result["parcel"]


def test_rows_of_the_author_do_not_come_to_a_member_whose_role_may_not_see_them(two, part) -> None:
    response = two.send(two.sign(two.packer, make_command("accept_part", part=part.pk))).json()

    assert (response["rows"], response["removed"]) == ([], [{"kind": "part", "id": part.pk}])


def test_commands_with_a_forged_author_are_refused(two, part, seller) -> None:
    command = make_command("accept_part", part=part.pk)
    listers_key = signing_key(two.lister)
    stranger = make_member(seller, Role.MANAGER)  # never opened this phone
    foreign_phone, _secret = register_phone(seller)
    elsewhere = give_pin(foreign_phone, two.packer.membership.user)
    signed = two.sign(two.packer, dict(command))
    changed_text = signed["content"].replace(f'"part": {part.pk}', f'"part": {part.pk + 1}')
    before = all_rows()
    forged = [
        two.sign(two.packer, dict(command), key=listers_key),
        signed | {"signature": ""},
        signed | {"signature": "ö" * 64},
        signed | {"content": changed_text},
        signed | {"member": stranger.pk},
        two.sign(elsewhere, dict(command)),
    ]

    for one in forged:
        assert two.push(one) == [("refused", "unproven_author")]

    assert all_rows() == before
    assert not PhoneCommand.objects.exists()
    assert two.push(signed) == [("done", "")]  # a forgery does not use up the key


@pytest.mark.parametrize(
    "change",
    [
        {"content": "[" * 5000},
        {"content": "[]"},
        {"content": '{"key": NaN}'},
        {"content": 1},
        {"member": "1"},
        {"signature": None},
        {"name": "accept_part"},
        {"repeated_as": 1},
    ],
)
def test_malformed_signed_commands_are_refused_as_a_whole(two, part, change) -> None:
    signed = two.sign(two.packer, make_command("accept_part", part=part.pk))

    response = two.send(signed | change)

    assert (response.status_code, response.json()["code"]) == (400, "invalid_push")


def test_command_beyond_the_authors_role_is_refused_whoever_sends_it(two, seller) -> None:
    make_variant(seller)
    pausing = two.sign(two.packer, make_command("pause_listing", listing=Listing.objects.get().pk))

    assert two.push(pausing) == [("refused", "forbidden")]

    assert names_of_changes() == {}


def test_unsent_work_of_a_removed_member_is_refused_in_words(two, part, seller) -> None:
    accepting = two.sign(two.packer, make_command("accept_part", part=part.pk))
    remove_member(
        cooperative_id=seller.pk, membership_id=two.packer.membership_id, actor=Actor.system(), now=NOW
    )

    (answer,) = two.send(accepting).json()["answers"]

    assert (answer["outcome"], answer["code"]) == ("refused", "author_removed")
    assert answer["message"] == "Người này không còn làm việc cho hợp tác xã nên chợ không ghi nhận việc này."
    part.refresh_from_db()
    assert part.state == PartState.NEW


def test_members_new_role_counts_and_work_from_before_leaving_the_phone_is_done(two, part, seller) -> None:
    accepting = make_command("accept_part", part=part.pk)
    remove_pin(phone=two.phone, membership_id=two.packer.membership_id, actor=Actor.system(), now=NOW)
    assert two.push(two.sign(two.packer, accepting)) == [("done", "")]

    change_member_role(
        cooperative_id=seller.pk,
        membership_id=two.packer.membership_id,
        role=Role.BOOKKEEPER,
        actor=Actor.system(),
        now=NOW,
    )
    counted = make_command("close_parcel", parcel=1)

    assert two.push(two.sign(two.packer, counted)) == [("refused", "forbidden")]


def test_ended_phone_sends_nothing(two, part, seller) -> None:
    end_shared_phone(cooperative_id=seller.pk, phone_id=two.phone.pk, actor=Actor.system(), now=NOW)
    before = all_rows()

    response = two.send(two.sign(two.packer, make_command("accept_part", part=part.pk)))

    assert (response.status_code, response.json()["code"]) == (410, "phone_ended")
    assert "challenge" not in response.json()
    assert all_rows() == before


def test_phone_that_is_no_longer_shared_is_told_until_somebody_makes_it_their_own(two, seller) -> None:
    end_shared_phone(cooperative_id=seller.pk, phone_id=two.phone.pk, actor=Actor.system(), now=NOW)
    assert [two.browser.get(SYNC_URL).status_code for _ in range(2)] == [410, 410]

    two.browser.force_login(two.packer.membership.user)

    assert two.browser.get(SYNC_URL).status_code == 410
    assert two.browser.get(SYNC_URL).json()["shared_phone"] is None


def test_work_signed_before_a_new_pin_is_done_for_thirty_days(two, part) -> None:
    before = two.sign(two.packer, make_command("accept_part", part=part.pk))
    row = give_pin(two.phone, two.packer.membership.user, "8642")

    PhonePin.objects.filter(pk=row.pk).update(set_at=timezone.now() - datetime.timedelta(days=30))
    assert two.push(before) == [("refused", "unproven_author")]
    PhonePin.objects.filter(pk=row.pk).update(set_at=timezone.now() - datetime.timedelta(days=29))
    assert two.push(before) == [("done", "")]

    give_pin(two.phone, two.packer.membership.user, "9517")
    oldest = two.sign(two.packer, make_command("close_parcel", parcel=1))  # with the key of the first PIN
    assert two.push(oldest) == [("refused", "unproven_author")]


def test_signed_command_from_a_phone_of_ones_own_is_refused(two, part, client) -> None:
    client.force_login(two.packer.membership.user)
    body = {
        "member": two.packer.membership.user_id,
        "cooperative": two.seller.pk,
        "clock": timezone.now().isoformat(),
        "commands": [two.sign(two.packer, make_command("accept_part", part=part.pk))],
    }

    response = client.post(SYNC_URL, body, content_type="application/json").json()

    assert [answer["code"] for answer in response["answers"]] == ["unproven_author"]


def test_phone_of_another_cooperative_sends_nothing_for_this_one(two, part) -> None:
    foreign = PhoneOfTwo(make_seller("HTX Khác"))
    accepting = foreign.sign(foreign.packer, make_command("accept_part", part=part.pk))

    assert foreign.push(accepting) == [("refused", "missing")]
    foreign.seller = two.seller
    assert foreign.send(accepting).status_code == 404

    part.refresh_from_db()
    assert part.state == PartState.NEW


def test_photo_sent_by_one_member_belongs_to_the_listing_of_another(two, seller) -> None:
    other = give_pin(two.phone, make_member(seller, Role.LISTER, first_name="Bàn Thị Mai"))
    key, content = str(uuid.uuid4()), encode_photo()
    query = f"cooperative={seller.pk}&size={len(content)}&start=0"
    sent = two.browser.post(f"{SYNC_URL}anh/{key}/?{query}", content, content_type="application/octet-stream")
    assert sent.json()["is_complete"]

    creating = two.sign(other, new_listing(photos=[key]))

    assert two.push(creating) == [("done", "")]
    assert names_of_changes()["product.created"] == "Bàn Thị Mai"


def test_pull_gives_the_key_of_the_member_at_the_phone_and_sealed_ones_of_all(two) -> None:
    shared = two.browser.get(SYNC_URL).json()["shared_phone"]

    assert [member["name"] for member in shared["members"]] == ["Lò Thị Hoa", "Vàng A Minh"]
    assert shared["members"][0]["rights"] == ["count", "pack", "see"]
    keys = {member["sealed_key"] for member in shared["members"]}
    assert shared["signing_key"] not in keys
    assert {*shared["members"][0]} == {"id", "name", "role", "rights", "salt", "iterations", "sealed_key"}


def test_phone_of_ones_own_pulls_nothing_about_shared_ones(two, client) -> None:
    client.force_login(two.packer.membership.user)

    assert client.get(SYNC_URL).json()["shared_phone"] is None


def test_keys_differ_by_phone_and_member(two, seller) -> None:
    other: SharedPhone = register_phone(seller)[0]
    users = (two.packer.membership.user, two.lister.membership.user)

    keys = {signing_key(row) for row in (two.packer, two.lister, *(give_pin(other, user) for user in users))}

    assert len(keys) == 4
