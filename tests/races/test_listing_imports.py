"""A preview of an import that is confirmed twice at the same moment is written once."""

from __future__ import annotations

import copy
from functools import partial

import pytest

from catalog.actions.listing_imports import import_files
from catalog.actions.listing_imports.import_files import confirm_listing_import
from catalog.models import ListingImport, ListingImportRow
from catalog.states import ImportRowState, ImportState
from shop.core.actors import Actor
from shop.core.models import Change
from tests.factories import NOW, make_channel, make_seller
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("is_locked", "count"), [(True, 1), (False, 2)])
def test_import_confirmed_twice_at_once_is_confirmed_once(monkeypatch, is_locked, count) -> None:
    seller = make_seller("HTX Thiên An")
    listing_import = ListingImport.objects.create(
        cooperative=seller,
        channel=make_channel(),
        file_name="hang.csv",
        language="vi",
        state=ImportState.READY,
        created_at=NOW,
    )
    ListingImportRow.objects.create(
        listing_import=listing_import, row_number=2, state=ImportRowState.WAITING, values={"code": "MO-01"}
    )
    monkeypatch.setattr(import_files, "after_commit_or_run", lambda *_task, **_arguments: None)
    if not is_locked:
        # What both would read without the lock.
        read_before = ListingImport.objects.get()
        monkeypatch.setattr(import_files, "lock_row", lambda _rows: copy.copy(read_before))
    confirm = partial(
        confirm_listing_import,
        cooperative=seller,
        import_id=listing_import.pk,
        actor=Actor.system("test"),
        now=NOW,
    )

    results = run_in_threads([confirm, confirm])

    assert all(isinstance(result, ListingImport) for result in results), results
    assert Change.objects.filter(action="listing_import.confirmed").count() == count
