"""The desk's page of rows that background sweeps failed to process."""

from __future__ import annotations

import ast
import datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from shop.accounts.staff.permissions import Permission
from shop.celery import app
from shop.core.jobs.sweeps import record_sweep_failure
from shop.core.models import SweepFailure
from shop.desk.overview.background_work import SWEEP_NAMES
from tests.factories import NOW, make_admin, make_order, make_staff, make_user, make_variant
from tests.markup import html_of

pytestmark = pytest.mark.django_db
PAGE = "/quan-tri/viec-nen/"


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(make_admin())
    return client


def fail(
    sweep: str = "orders.sweep_card_payments:unused", row_key: str = "5", times: int = 1
) -> SweepFailure:
    for minutes in range(times):
        now = NOW + datetime.timedelta(minutes=minutes)
        record_sweep_failure(sweep, row_key, ValueError("odd"), now=now)
    return SweepFailure.objects.get(sweep=sweep, row_key=row_key)


def test_failure_is_counted_on_the_home_page_and_listed_in_words(desk: Client) -> None:
    order = make_order((make_variant(), 1))
    fail(times=3)
    fail("orders.check_unanswered_parts:decline", str(order.parts.get().pk))

    first, page = html_of(desk.get("/quan-tri/")), html_of(desk.get(PAGE))

    assert "Tác vụ nền bị lỗi" in first
    assert "Bỏ giữ tiền trên thẻ của giỏ hàng bỏ quên" in first
    assert "lỗi 3 lần" in page
    assert "ValueError: odd" in page
    assert f'href="/quan-tri/don-hang/{order.pk}/"' in page


def test_retry_makes_the_row_due_and_runs_its_sweep(
    desk: Client, eager_jobs: None, django_capture_on_commit_callbacks
) -> None:
    failure = fail("orders.expire_orders:baskets")
    SweepFailure.objects.update(next_try_at=NOW.replace(year=2090))

    with django_capture_on_commit_callbacks(execute=True) as queued:
        response = desk.post(f"{PAGE}{failure.pk}/thu-lai/")

    assert (response.status_code, response.headers["Location"], len(queued)) == (302, PAGE, 1)
    assert SweepFailure.objects.count() == 0  # its row is no longer due


def test_seen_failure_is_hidden_until_it_fails_with_another_error(desk: Client) -> None:
    failure = fail()

    desk.post(f"{PAGE}{failure.pk}/da-xem/")
    is_on_home_page = "Tác vụ nền bị lỗi" in html_of(desk.get("/quan-tri/"))
    fail()
    is_still_seen = SweepFailure.objects.get().acknowledged_at is not None
    record_sweep_failure(failure.sweep, failure.row_key, KeyError("other"), now=NOW)

    assert not is_on_home_page
    assert is_still_seen
    assert SweepFailure.objects.get().acknowledged_at is None


def test_unknown_failure_is_not_found(desk: Client) -> None:
    assert desk.post(f"{PAGE}999999/thu-lai/").status_code == 404
    assert desk.post(f"{PAGE}999999/da-xem/").status_code == 404


def test_only_settings_managers_see_failures(client: Client) -> None:
    failure = fail()
    for person in (make_user(), make_staff(Permission.MANAGE_ORDERS)):
        client.force_login(person)
        assert client.get(PAGE).status_code == 404
        assert client.post(f"{PAGE}{failure.pk}/da-xem/").status_code == 404

    assert SweepFailure.objects.get().acknowledged_at is None


def test_queries_do_not_grow_with_failures(desk: Client) -> None:
    part = make_order((make_variant(), 1)).parts.get()

    def queries(sweep: str, count: int) -> int:
        for offset in range(count):
            fail(sweep, str(part.pk + offset))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            desk.get(PAGE)
        return len(captured)

    queries("orders.check_unanswered_parts:decline", 1)
    assert queries("orders.check_unanswered_parts:decline", 3) == queries(
        "orders.check_unanswered_parts:attention", 30
    )


@pytest.mark.once
def test_every_sweep_has_a_name_and_a_scheduled_task() -> None:
    used = {
        keyword.value.value
        for folder in ("shop", "catalog", "orders", "cooperatives")
        for path in (Path(settings.BASE_DIR) / folder).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        for keyword in [*call.keywords, *(ast.keyword("sweep", arg) for arg in call.args)]
        if isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str)
        if keyword.arg == "sweep" and (keyword in call.keywords or ast.unparse(call.func) == "SweepRun")
    }
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}

    assert used == set(SWEEP_NAMES)
    assert {SweepFailure(sweep=sweep).task for sweep in used} <= scheduled
