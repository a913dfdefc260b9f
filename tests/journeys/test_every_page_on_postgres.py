"""Every page and posted form of every interface, requested without a browser.

On SQLite `test_every_page.py` opens them in one. Most other tests of pages run on SQLite only, so this test
shows that PostgreSQL accepts every statement of every page.
"""

from __future__ import annotations

import pytest

from tests.journeys.world import make_world, request_page

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


def test_every_page_and_form_is_answered() -> None:
    world = make_world()

    statuses = {str(visit): (request_page(world, visit).status_code, visit.status) for visit in world.visits}

    assert {visit: pair for visit, pair in statuses.items() if pair[0] != pair[1]} == {}
    assert len(statuses) > 400
