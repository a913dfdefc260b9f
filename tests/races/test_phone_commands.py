"""Two tabs of a phone that send the same outbox at once."""

from __future__ import annotations

import datetime
import threading
import uuid
from functools import partial
from typing import Any

import pytest
from django.db import connection

from catalog.models import Movement
from cooperatives.access import load_membership
from cooperatives.models import Role
from orders.models import OrderPart, Parcel
from orders.states import PartState
from shop.core.models import Change
from shop.members.sync import run_commands as pushing
from shop.members.sync.authors import CommandAuthors
from shop.members.sync.models import PhoneCommand
from shop.members.sync.run_commands import SentCommand, claim_command, run_commands
from tests.factories import NOW, get_stock, make_member, make_order, make_seller, make_variant
from tests.invariants import check_everything
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)
IN_TIME = datetime.timedelta()


def make_command(name: str, *, after: tuple[uuid.UUID, ...] = (), **payload: Any) -> SentCommand:
    return SentCommand(uuid.uuid4(), name, NOW, payload, frozenset(after))


def make_pushes(commands: list[SentCommand], seller: Any, count: int) -> list[Any]:
    """Return the same push several times, as of one member's tabs."""
    member = make_member(seller, Role.PACKER)
    membership = load_membership(member, seller.pk)
    authors = CommandAuthors(membership)
    push = partial(run_commands, commands, authors=authors, clock_difference=IN_TIME, now=NOW)
    return [push] * count


def test_outbox_sent_by_several_tabs_is_done_once() -> None:
    seller = make_seller()
    variant = make_variant(seller)
    part = make_order((variant, 2)).parts.get()
    accepting = make_command("accept_part", part=part.pk)
    packing = make_command(
        "pack_parcel", part=part.pk, quantities={str(part.lines.get().pk): 2}, after=(accepting.key,)
    )
    receipt = make_command(
        "receive_stock", variant=variant.pk, warehouse=str(get_stock(variant).warehouse_id), quantity=5
    )
    commands = [accepting, packing, receipt]
    pushes = make_pushes(commands, seller, 8)

    results = run_in_threads(pushes)
    last = pushes[0]()

    outcomes = {answer["outcome"] for result in results for answer in result["answers"]}
    assert outcomes <= {"done", "later"}
    assert [answer["outcome"] for answer in last["answers"]] == ["done"] * 3
    assert OrderPart.objects.get().state == PartState.ACCEPTED
    assert Parcel.objects.count() == 1
    assert Movement.objects.filter(idempotency_key__startswith="phone:").count() == 1
    assert Change.objects.filter(action="part.accepted").count() == 1
    assert PhoneCommand.objects.count() == 3
    check_everything()


def test_two_members_who_accept_one_order_get_one_done_and_one_refused() -> None:
    seller = make_seller()
    part = make_order((make_variant(seller), 2)).parts.get()
    pushes = [
        push
        for _member in range(4)
        for push in make_pushes([make_command("accept_part", part=part.pk)], seller, 1)
    ]

    results = run_in_threads(pushes)

    outcomes = sorted(result["answers"][0]["outcome"] for result in results)
    assert outcomes == ["done", "refused", "refused", "refused"]
    check_everything()


@pytest.mark.parametrize("has_lock", [True, False])
def test_only_one_request_may_run_a_command(monkeypatch, has_lock: bool) -> None:
    """Without the lock two requests run it, and one may store a refusal of what the other has done."""
    seller = make_seller()
    membership = load_membership(make_member(seller, Role.PACKER), seller.pk)
    command = make_command("accept_part", part=1)
    claim = partial(claim_command, command, membership=membership, clock_difference=IN_TIME, now=NOW)
    if not has_lock:
        both_read = threading.Barrier(2, timeout=20)
        PhoneCommand.objects.bulk_create([_received(command, membership)])
        if connection.vendor == "sqlite":  # the lock is the IMMEDIATE writer: read before it
            unlocked = [[PhoneCommand.objects.get()], [PhoneCommand.objects.get()]]
            monkeypatch.setattr(pushing, "lock_rows", lambda _rows: unlocked.pop())
        else:

            def read_without_lock(rows: Any) -> Any:
                read_rows = list(rows)
                both_read.wait()
                return read_rows

            monkeypatch.setattr(pushing, "lock_rows", read_without_lock)

    results = run_in_threads([claim] * 2)

    assert sorted(is_claimed for _row, is_claimed in results) == [not has_lock, True]


def _received(command: SentCommand, membership: Any) -> PhoneCommand:
    return PhoneCommand(
        user=membership.user,
        cooperative=membership.cooperative,
        key=command.key,
        name=command.name,
        digest=command.digest,
        device_time=NOW,
        clock_difference=IN_TIME,
        received_at=NOW,
    )
