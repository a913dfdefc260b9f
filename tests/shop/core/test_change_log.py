"""The change log is append-only, and its seals reveal changes made past the database's triggers."""

import datetime

import pytest
from django.db import DatabaseError, connections, transaction

from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.order_records.order_notes import add_note
from orders.actions.privacy.anonymise import anonymise_person
from shop.core.actors import Actor, EntryPoint
from shop.core.change_log.audit import find_change_log_faults
from shop.core.change_log.seal_changes import redact_contents, seal_changes
from shop.core.models import Change, ChangeSeal, SealedChange, record_change
from tests.factories import NOW, make_channel, make_order, make_user
from tests.races.parallel import run_in_threads
from tests.without_triggers import without_triggers

pytestmark = pytest.mark.django_db

SOMEBODY = Actor.system("test")
LATER = NOW + datetime.timedelta(hours=2)


@pytest.fixture
def channel():
    return make_channel()


def write(channel, count=1, **values):
    actor = Actor.person(1, "Hoa", EntryPoint.DESK)
    return [
        record_change("channel.changed", channel, actor=actor, now=NOW, **values) for _each in range(count)
    ]


def faults(now=NOW):
    return list(find_change_log_faults(now=now))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("action", "order.cancelled"),
        ("created_at", LATER),
        ("actor_key", "7"),
        ("entry_point", "api"),
        ("key", "9"),
    ],
)
def test_change_cannot_be_altered(channel, field, value) -> None:
    (change,) = write(channel)
    before = Change.objects.values().get(pk=change.pk)

    with pytest.raises(DatabaseError, match="the change log only grows"), transaction.atomic():
        Change.objects.filter(pk=change.pk).update(**{field: value})

    assert Change.objects.values().get(pk=change.pk) == before


@pytest.mark.parametrize(
    ("field", "value"),
    [("actor_name", "Mai"), ("reason", "something else"), ("data", {"to": 1}), ("snapshot", {"name": "x"})],
)
def test_contents_can_be_redacted_but_not_replaced(channel, field, value) -> None:
    (change,) = write(channel, reason="a reason", data={"from": 1}, snapshot={"name": "Market"})
    before = Change.objects.values().get(pk=change.pk)

    with pytest.raises(DatabaseError, match="the change log only grows"), transaction.atomic():
        Change.objects.filter(pk=change.pk).update(**{field: value})
    assert Change.objects.values().get(pk=change.pk) == before
    Change.objects.filter(pk=change.pk).update(actor_name="", reason="", data={}, snapshot=None)

    assert Change.objects.get(pk=change.pk).reason == ""


def test_nothing_can_be_deleted(channel) -> None:
    write(channel)
    seal_changes(now=NOW)

    for model in (Change, SealedChange, ChangeSeal):
        before = model.objects.count()
        with pytest.raises(DatabaseError, match="the change log only grows"), transaction.atomic():
            model.objects.all()._raw_delete(using="default")
        assert model.objects.count() == before > 0


def test_seals_cannot_be_altered(channel) -> None:
    write(channel)
    seal_changes(now=NOW)

    for model, fields in (
        (ChangeSeal, {"digest": "0" * 64}),
        (SealedChange, {"facts": "0" * 64}),
        (SealedChange, {"content_salt": "0" * 32}),
    ):
        with pytest.raises(DatabaseError, match="the change log only grows"), transaction.atomic():
            model.objects.update(**fields)
    assert faults() == []


def test_untouched_log_has_no_faults(channel) -> None:
    write(
        channel, 3, reason="giá mới", data={"from": 1.5, "to": None, "words": "“Đồng”"}, snapshot={"a": [1]}
    )
    assert seal_changes(now=NOW) == Change.objects.count()
    write(channel, 2)
    assert seal_changes(now=LATER) == 2
    assert seal_changes(now=LATER) == 0
    write(channel)

    assert [seal.number for seal in ChangeSeal.objects.order_by("number")] == [1, 2]
    assert faults(now=LATER) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"action": "order.cancelled"}, "was altered"),
        ({"created_at": LATER}, "was altered"),
        ({"actor_key": "7"}, "was altered"),
        ({"reason": "another reason"}, "its content was altered"),
        ({"data": {"from": 2}}, "its content was altered"),
        ({"reason": "", "data": {}}, "its content was emptied without a record"),
    ],
)
def test_altered_change_is_reported(channel, fields, expected) -> None:
    _first, second, _third = write(channel, 3, reason="a reason", data={"from": 1})
    seal_changes(now=NOW)

    with without_triggers():
        Change.objects.filter(pk=second.pk).update(**fields)

    separator = " " if expected == "was altered" else ": "
    assert faults() == [f"change {second.pk}{separator}{expected}"]


def test_removed_changes_are_reported_including_the_last(channel) -> None:
    first, second, last = write(channel, 3)
    seal_changes(now=NOW)

    with without_triggers():
        Change.objects.filter(pk__in=[first.pk, last.pk]).delete()

    assert faults() == [f"change {first.pk} was removed", f"change {last.pk} was removed"]
    assert Change.objects.filter(pk=second.pk).exists()


def test_change_removed_with_its_hash_breaks_its_seal(channel) -> None:
    changes = write(channel, 3)
    seal_changes(now=NOW)
    count = Change.objects.count()

    with without_triggers():
        SealedChange.objects.filter(pk=changes[2].pk).delete()
        Change.objects.filter(pk=changes[2].pk).delete()

    assert faults() == [
        f"seal 1 of the change log does not match: it covers {count} changes up to {changes[2].pk}, and"
        f" {count - 1} are there"
    ]


def test_replaced_seal_breaks_the_next_one(channel) -> None:
    write(channel, 2)
    seal_changes(now=NOW)
    write(channel, 2)
    seal_changes(now=NOW)

    with without_triggers():
        SealedChange.objects.filter(seal=1).delete()
        ChangeSeal.objects.filter(pk=1).delete()

    assert faults()[0] == "seals 1 to 1 of the change log are missing"
    assert faults()[1].startswith("seal 2 of the change log does not match")


def test_change_inserted_among_sealed_ones_is_reported(channel) -> None:
    first, second, third = write(channel, 3)
    with without_triggers():
        Change.objects.filter(pk=second.pk).delete()
    seal_changes(now=NOW)

    second.save(force_insert=True)

    assert faults(now=LATER) == [f"change {second.pk} was written among changes sealed before"]
    assert first.pk < second.pk < third.pk


def test_change_committed_late_belongs_to_a_later_seal(channel) -> None:
    _first, second, _third = write(channel, 3)
    with without_triggers():
        Change.objects.filter(pk=second.pk).delete()
    seal_changes(now=NOW)
    second.save(force_insert=True)

    assert seal_changes(now=NOW + datetime.timedelta(minutes=1)) == 1
    assert faults(now=LATER) == []


def test_erased_contents_are_redacted_and_the_chain_stays_valid() -> None:
    user = make_user(first_name="Hoa")
    order = make_order(user=user)
    note = add_note(order_id=order.pk, text="Nhà chị Hoa, 0987654321", actor=SOMEBODY, now=NOW)
    cancel_order(order_id=order.pk, reason="thử", actor=user.as_actor(EntryPoint.MARKET), now=NOW)
    seal_changes(now=NOW)
    assert Change.objects.filter(actor_name="Hoa").exists()

    anonymise_person(user_id=user.pk, actor=SOMEBODY, now=NOW)
    seal_changes(now=NOW)

    assert not Change.objects.filter(actor_name="Hoa").exists()
    assert Change.objects.get(pk=note.pk).reason == ""
    row = SealedChange.objects.get(pk=note.pk)
    assert (row.content_salt, len(row.content_digest)) == ("", 64)
    assert faults() == []


def test_contents_restored_after_an_erasure_are_reported(channel) -> None:
    (change,) = write(channel, reason="a reason")
    seal_changes(now=NOW)
    redact_contents(Change.objects.filter(pk=change.pk), actor=SOMEBODY, now=NOW)
    assert faults() == []

    with without_triggers():
        Change.objects.filter(pk=change.pk).update(reason="a reason")

    assert faults() == [f"change {change.pk}: its content was altered"]


@pytest.mark.django_db(transaction=True)
def test_concurrent_sealers_make_one_chain() -> None:
    channel = make_channel()
    write(channel, 50)
    count = Change.objects.count()

    results = run_in_threads([lambda: seal_changes(now=NOW)] * 4)

    connections.close_all()
    assert sorted(results) == [0, 0, 0, count]
    assert SealedChange.objects.count() == count
    assert faults() == []


@pytest.mark.django_db(transaction=True)
def test_log_is_emptied_between_tests() -> None:
    write(make_channel())
    seal_changes(now=NOW)
