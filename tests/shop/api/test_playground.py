"""The GraphQL playground for developers."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings

from tests.shop.api.client import ADDRESS

pytestmark = pytest.mark.django_db


def test_playground_is_off_by_default() -> None:
    assert Client().get(ADDRESS).status_code == 405


@pytest.mark.browser
@pytest.mark.once
@override_settings(API_PLAYGROUND=True)
def test_developer_runs_a_query_and_finds_a_field(page) -> None:
    page.goto(ADDRESS)

    page.get_by_label("Query").press("Control+Enter")
    page.get_by_text('"name": "Chợ Phiên"').wait_for()
    assert page.get_by_role("status").inner_text().startswith("200 in ")
    page.get_by_label("Variables").fill("{")
    page.get_by_role("button", name="Run").click()
    page.get_by_text("The variables are not JSON").wait_for()
    page.get_by_label("Find a type or field").fill("Query.channel(")
    page.get_by_text("Query.channel(id: ID, slug: String): Channel").wait_for()
    assert page.get_by_text("A channel by id or slug.").is_visible()
