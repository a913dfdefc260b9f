"""Dates at the ends of the calendar are refused with an explanation in every form."""

from __future__ import annotations

import datetime

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import get_resolver

from catalog.models import Promotion
from orders.models import Voucher
from shop.core.dates.form_days import validate_day
from tests.factories import make_admin, make_channel, make_member, make_seller
from tests.markup import html_of
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db
FAR_DAYS = ["31/12/9999", "01/01/9999", "1/1/0001", "31/12/1899", "01/01/2100"]
VOUCHER = {
    "name": "Tết",
    "code": "TET",
    "kind": "amount",
    "amount": "20000",
    "uses": "1",
    "starts": "01/02/2026",
}


@pytest.fixture
def desk(client: Client) -> Client:
    make_channel()
    client.force_login(make_admin())
    return client


@pytest.mark.parametrize("page", ["ma", "gia"])
@pytest.mark.parametrize("day", FAR_DAYS)
def test_voucher_or_promotion_with_a_far_date_is_refused(desk: Client, page: str, day: str) -> None:
    before = all_rows()

    for form_values in ({"ends": day}, {"starts": day}, {"starts": day, "ends": day}):
        response = desk.post(f"/quan-tri/uu-dai/{page}/moi/", VOUCHER | form_values)
        assert response.status_code == 200
        assert "từ 01/01/1900 đến 31/12/2099" in html_of(response)

    assert all_rows() == before
    assert (Voucher.objects.count(), Promotion.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "day", ["0001-01-01", "9999-12-31", "10000-01-01", "-0001-01-01", "1/1/1", "2026-02-30"]
)
def test_desk_filters_answer_any_day(desk: Client, day: str) -> None:
    """A report refuses invalid days; a list ignores them in its filter."""
    for path, names, status in (
        ("/quan-tri/bao-cao/ban-hang/", ("tu", "den"), 422),
        ("/quan-tri/so-cai/", ("tu", "den"), 200),
        ("/quan-tri/don-hang/", ("day",), 200),
        ("/quan-tri/bao-cao/", ("tu", "den"), 200),
        ("/quan-tri/tien-mat/kien/", ("tu", "den"), 200),
    ):
        for query in (dict.fromkeys(names, day), {names[0]: "0001-01-01", names[-1]: "9999-12-31"}):
            assert desk.get(path, query).status_code == status, (path, query)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "9999-12-27"])
def test_public_addresses_with_a_day_answer_any_day(day: str) -> None:
    make_channel()
    for path in (f"/ban-tin/{day}/", f"/ban-tin/{day}/van-ban/", f"/ban-tin/{day}/x/"):
        assert Client().get(path).status_code == 404


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
@pytest.mark.parametrize(
    ("path", "fields"),
    [("/xa-vien/tam-nghi/", ["until"]), ("/xa-vien/gian-hang/giay/", ["issued_on", "expires_on"])],
)
def test_pause_and_certificates_refuse_far_dates(
    client: Client, path: str, fields: list[str], day: str
) -> None:
    client.force_login(make_member(make_seller()))
    before = all_rows()

    response = client.post(path, dict.fromkeys(fields, day))

    assert response.status_code == 200
    for field in fields:
        assert "từ 01/01/1900 đến 31/12/2099" in str(response.context["form"].errors[field]), field
    assert all_rows() == before


@pytest.mark.once
def test_every_form_with_a_day_bounds_it() -> None:
    get_resolver().url_patterns  # noqa: B018  # imports every form there is
    unbounded = [
        (form.__module__, form.__name__, name)
        for form in _every_form(forms.Form)
        if form.__module__.split(".")[0] in ("shop", "catalog", "orders", "cooperatives")
        for name, field in form.base_fields.items()
        if isinstance(field, forms.DateField | forms.DateTimeField) and validate_day not in field.validators
    ]

    assert unbounded == []


@pytest.mark.once
def test_days_within_the_bounds_can_be_calculated_with() -> None:
    for day in (datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)):
        validate_day(day)
        assert day + datetime.timedelta(days=7_000)
    for day in (datetime.date.min, datetime.date(1899, 12, 31), datetime.date(2100, 1, 1), datetime.date.max):
        with pytest.raises(ValidationError):
            validate_day(day)


def _every_form(kind):
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _every_form(subclass)
