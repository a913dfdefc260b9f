"""`manage.py verify` reports faults, writes nothing, and raises no false alarms on a live shop."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections

from catalog.models import Stock
from orders.models import LedgerEntry, Order, OrderPart
from shop.accounts.models import User
from shop.core.change_log.seal_changes import seal_changes
from shop.core.models import Change, ChangeSeal, SealedChange
from shop.management.demo_state.accounts import ACCOUNTS
from shop.management.verification.all_rules import database_snapshot
from tests.crashes.test_paying_in_cash import order_basket, place_and_collect
from tests.factories import NOW, make_basket, make_order, make_variant
from tests.shop.management.test_backup import Buyers, wait_for
from tests.without_triggers import without_triggers

pytestmark = pytest.mark.django_db(transaction=True)


def verify(*arguments):
    """Return the printed lines and the exit code of the command."""
    out = StringIO()
    try:
        call_command("verify", *arguments, stdout=out)
    except SystemExit as end:
        return out.getvalue().splitlines(), end.code
    return out.getvalue().splitlines(), 0


def test_intact_shop_has_no_faults() -> None:
    make_order()
    seal_changes(now=NOW)

    lines, code = verify()

    seal = ChangeSeal.objects.get()
    assert lines == [f"0 faults in 1 orders and {Change.objects.count()} changes. Last seal: {seal}"]
    assert code == 0


def test_removed_newest_seals_are_found_by_a_saved_seal() -> None:
    make_order()
    seal_changes(now=NOW)
    saved_seal = str(ChangeSeal.objects.get())
    assert verify(f"--seal={saved_seal}")[1] == 0

    with without_triggers():
        SealedChange.objects.all().delete()
        ChangeSeal.objects.all().delete()
        Change.objects.all().delete()

    assert verify()[1] == 0
    lines, code = verify(f"--seal={saved_seal}")
    assert lines[0] == "seal 1 of the change log is missing, with the changes since the seal before it"
    assert code == 1


def test_seal_that_differs_from_the_saved_one_is_found() -> None:
    make_order()
    seal_changes(now=NOW)
    wrong_digest = "0" * 64

    lines, code = verify(f"--seal=1:{wrong_digest}")

    assert lines[0] == "seal 1 of the change log differs from the one that was kept"
    assert code == 1
    with pytest.raises(CommandError, match="is not NUMBER:DIGEST"):
        verify("--seal=1:abc")


def break_stock(order):
    stock = Stock.objects.get()
    Stock.objects.update(on_hand=stock.on_hand + 7)
    return f"stock {stock.pk}: on hand is {stock.on_hand + 7}, its movements sum to {stock.on_hand}"


def break_total(order):
    total = order.current_total_gross
    Order.objects.update(current_total_gross=total + 1)
    return f"order {order.code}: current_total_gross is {total + 1}, its active parts come to {total}"


def break_progress(order):
    part = OrderPart.objects.get()
    OrderPart.objects.update(progress="returned")
    return f"order {order.code}: stale columns: progress of part {part.pk}"


def break_ledger(order):
    entry = LedgerEntry.objects.order_by("pk")[0]
    with without_triggers():
        LedgerEntry.objects.filter(pk=entry.pk).update(amount=entry.amount + 1)
    return f"posting {entry.posting.idempotency_key}: sums to 1 VND"


def break_booking(order):
    with without_triggers():
        posting = LedgerEntry.objects.filter(posting__idempotency_key__startswith="event:")[0].posting
        LedgerEntry.objects.filter(posting=posting).delete()
        type(posting).objects.filter(pk=posting.pk).delete()
    return f"{posting.idempotency_key}: moved money and is not booked"


def break_change_log(order):
    change = Change.objects.order_by("pk").last()
    with without_triggers():
        Change.objects.filter(pk=change.pk).delete()
    return f"change {change.pk} was removed"


@pytest.mark.parametrize(
    "damage",
    [break_stock, break_total, break_progress, break_ledger, break_booking, break_change_log],
)
def test_damage_is_reported(damage) -> None:
    basket = make_basket((make_variant(on_hand=50, price=45_000), 2))
    place_and_collect(basket)
    seal_changes(now=NOW)
    assert verify()[1] == 0

    faults = damage(Order.objects.get())
    lines, code = verify()

    assert faults in lines
    assert lines[-1].startswith(f"{len(lines) - 1} faults in 1 orders")
    assert code == 1


def test_published_password_in_a_reachable_shop_is_reported(settings) -> None:
    user = User.objects.create_user(email=ACCOUNTS[0].email, password=ACCOUNTS[0].password)
    settings.OPEN_TO_NETWORK = True

    lines, code = verify()

    assert lines[0] == f"account {user.pk} ({user.email}): still has the password that the demo publishes"
    assert code == 1


def test_nothing_can_be_written_during_the_snapshot() -> None:
    order = make_order()

    with pytest.raises(DatabaseError), database_snapshot():
        Order.objects.filter(pk=order.pk).update(note="x")

    Order.objects.filter(pk=order.pk).update(note="y")
    assert Order.objects.get(pk=order.pk).note == "y"


def test_snapshot_blocks_no_writer_and_sees_one_moment() -> None:
    first = make_order()

    with database_snapshot():
        assert Order.objects.count() == 1
        elsewhere = connections.create_connection("default")
        try:
            with elsewhere.cursor() as cursor:
                cursor.execute("UPDATE orders_order SET note = 'written meanwhile'")
        finally:
            elsewhere.close()
        assert Order.objects.get(pk=first.pk).note == ""

    assert Order.objects.get(pk=first.pk).note == "written meanwhile"


def test_orders_placed_meanwhile_raise_no_false_alarm(tmp_path) -> None:
    variant = make_variant(on_hand=100_000)
    order_basket(make_basket((variant, 1)))
    acknowledged = tmp_path / "acknowledged"
    acknowledged.touch()

    with Buyers(variant, acknowledged, count=2):
        for number in range(3):
            wait_for(acknowledged, more_than=3 * number)
            lines, code = verify()
            assert (lines[:-1], code) == ([], 0)
