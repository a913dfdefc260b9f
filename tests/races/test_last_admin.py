"""Two administrators taking each other's rights at the same time."""

from __future__ import annotations

from functools import partial

import pytest

from shop.accounts.models import User
from shop.accounts.staff import last_admin
from shop.accounts.staff.last_admin import LastAdmin, administrators
from shop.accounts.staff.staff_accounts import change_user
from shop.core.actors import Actor
from shop.core.models import ShopSettings
from tests.factories import NOW, make_admin
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)


def lock_each_other_out() -> list[object]:
    ShopSettings.objects.get_or_create(pk=1)
    people = [make_admin() for _number in range(2)]
    deactivate = partial(change_user, values={"is_active": False}, actor=Actor.system("test"), now=NOW)
    return run_in_threads([partial(deactivate, user_id=person.pk) for person in people])


def test_one_of_two_administrators_stays() -> None:
    for _round in range(3):
        User.objects.update(is_active=False)

        results = lock_each_other_out()

        assert [type(result) for result in results].count(LastAdmin) == 1
        assert administrators().count() == 1


def test_without_lock_nobody_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    class Earlier:
        """The administrators as both threads counted them before either had changed anything."""

        def exists(self) -> bool:
            return True

    monkeypatch.setattr(last_admin, "lock_row", lambda rows: rows.first())
    monkeypatch.setattr(last_admin, "administrators", Earlier)

    results = lock_each_other_out()

    assert not any(isinstance(result, LastAdmin) for result in results)
    assert administrators().count() == 0
