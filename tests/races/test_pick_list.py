"""A member ticks a line while another packs it."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import pytest
from django.db import connection

from orders import locks
from orders.actions.fulfilment import pick_list
from orders.actions.fulfilment.pack_parcels import pack_parcel
from orders.actions.fulfilment.pick_list import PickListChanged, RequestedPick, tick_picks
from orders.models import Order, OrderLine, PickTick
from shop.core.actors import Actor
from tests.factories import NOW, get_stock, make_seller
from tests.races.parallel import run_in_threads
from tests.shop.members.part_factories import accepted_part

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR = Actor.system("test")


def line_with_actions() -> tuple[OrderLine, Any, Any]:
    """Return an accepted line, and callables that tick it and pack it."""
    part = accepted_part(make_seller())
    line = part.lines.get()
    pick = RequestedPick(line.pk, get_stock(line.variant).warehouse_id, 2)
    ticking = partial(tick_picks, cooperative=part.cooperative, picks=[pick], actor=ACTOR, now=NOW)
    packing = partial(pack_parcel, part_id=part.pk, quantities={line.pk: 2}, actor=ACTOR, now=NOW)
    return line, ticking, packing


def test_no_tick_is_left_on_a_line_that_is_packed_meanwhile() -> None:
    _line, ticking, packing = line_with_actions()

    ticked, packed = run_in_threads([ticking, packing])

    assert (type(ticked), packed.number) in ((PickListChanged, 1), (type(None), 1))
    assert PickTick.objects.count() == 0


def test_two_packers_who_tick_at_once_leave_one_tick() -> None:
    _line, ticking, _packing = line_with_actions()

    results = run_in_threads([ticking] * 4)

    assert results == [None] * 4
    assert PickTick.objects.count() == 1


def test_without_lock_a_tick_is_left_on_a_packed_line(monkeypatch) -> None:
    """The order is packed once the tick has read what is open."""
    line, ticking, packing = line_with_actions()
    read_shares = pick_list.find_open_pick_shares
    is_packed = threading.Event()
    monkeypatch.setattr(
        locks,
        "lock_orders",
        lambda order_ids: {row.pk: row for row in Order.objects.filter(pk__in=order_ids)},
    )
    if connection.vendor == "sqlite":  # there the transaction is the lock, so the list is read before it
        line = OrderLine.objects.select_related("part__warehouse").get(pk=line.pk)
        stale = read_shares([line], today=NOW.date())
        monkeypatch.setattr(pick_list, "find_open_pick_shares", lambda _lines, today: stale)
        packing()
        is_packed.set()
    else:

        def read_then_pack(lines: Any, *, today: Any) -> Any:
            shares = read_shares(lines, today=today)
            run_in_threads([packing])
            is_packed.set()
            return shares

        monkeypatch.setattr(pick_list, "find_open_pick_shares", read_then_pack)

    ticking()

    assert is_packed.is_set()
    assert PickTick.objects.filter(line=line.pk).count() == 1
