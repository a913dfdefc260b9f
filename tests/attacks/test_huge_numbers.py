"""Numbers too large for any column, in URLs, lists and phone numbers, never break a page."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.exceptions import NoReverseMatch

from shop.core.identifiers.phones import validate_phone
from tests.factories import make_channel, make_divisions, make_member, make_seller, make_user

pytestmark = pytest.mark.django_db
NUMBERS = [2**31, 2**63 - 1, 2**63, 10**30, 10**4_000]
PAGES = ["1e9", "-1", "0", "99999999999999999999", "x", "1" * 5_000, "\u0661", "NaN", ""]
OTHER = {"uuid": uuid.UUID(int=1), "slug": "x", "str": "x", "path": "x"}


@pytest.fixture
def someone(client: Client) -> Client:
    """Return an admin who also manages a cooperative, so that every page opens."""
    make_channel()
    make_divisions()
    client.force_login(make_member(make_seller(), is_staff=True, is_superuser=True))
    return client


def test_huge_keys_in_addresses_are_not_found(someone: Client) -> None:
    responses = {}
    for name, arguments in addresses():
        if "int" in arguments.values():
            for number in NUMBERS:
                path = _path(name, arguments, number)
                responses[name, number if number < 10**40 else "4,000 digits"] = someone.get(path).status_code

    # 410: the invalid link of a driver looks like the link of a run that has ended.
    assert {key: status for key, status in responses.items() if status not in (302, 404, 405, 410)} == {}
    assert len(responses) > 200


@pytest.mark.once  # the paginator replaces a number before the database gets it
def test_invalid_page_numbers_of_lists_are_answered(someone: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """One invalid page number for each address, and all of them for each list."""
    read: list[object] = []
    validated = Paginator.validate_number
    monkeypatch.setattr(
        Paginator, "validate_number", lambda rows, number: read.append(number) or validated(rows, number)
    )
    broken_pages, lists = [], set()
    for path in [reverse(name) for name, arguments in addresses() if not arguments]:
        for page in PAGES:
            read.clear()
            status = someone.get(path, {"page": page}).status_code
            broken_pages += [(path, page[:9], status)] if status >= 500 else []
            if page not in read:
                break
            lists.add(path)

    assert broken_pages == []
    assert len(lists) > 10


@pytest.mark.parametrize("digits", [16, 32, 38, 40])
@pytest.mark.parametrize("sign", ["", "+", "0", "+84"])
@pytest.mark.once
def test_phone_with_too_many_digits_is_refused(sign: str, digits: int) -> None:
    with pytest.raises(ValidationError) as refusal:
        validate_phone(sign + "9" * digits)

    assert refusal.value.code == "phone_length"


@pytest.mark.once
def test_real_phones_are_accepted() -> None:
    for phone in (
        "0987 654 321",
        "+84 (0)987.654.321",
        "0209 3870 123",
        "+1 202-555-0100",
        "+" + "9" * 15,
    ):
        validate_phone(phone)


def test_forms_refuse_a_long_phone(client: Client) -> None:
    user = make_user(phone="+84987654321")
    client.force_login(user)

    response = client.post("/tai-khoan/thong-tin/", {"name": "Hoa", "phone": "9" * 32})
    found_response = Client().post("/don-hang/", {"phone": "9" * 32, "code": "TA7K2M3N"})

    for page in (response, found_response):
        assert page.status_code == 200
        (error,) = page.context["form"].errors["phone"]
        assert "10" in error
        assert "32" in error
    user.refresh_from_db()
    assert user.phone == "+84987654321"


def addresses() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield names of all addresses with the types of their arguments, without Django's admin."""
    yield from _below(get_resolver(), "", {})


def _below(resolver: URLResolver, names: str, given: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    for pattern in resolver.url_patterns:
        arguments = given | {key: _kind(value) for key, value in pattern.pattern.converters.items()}
        if isinstance(pattern, URLResolver):
            if pattern.namespace != "admin":
                yield from _below(
                    pattern, f"{names}{pattern.namespace}:" if pattern.namespace else names, arguments
                )
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield f"{names}{pattern.name}", arguments


def _kind(converter: object) -> str:
    return re.sub("Converter$|String", "", type(converter).__name__).lower() or "str"


def _path(name: str, arguments: dict[str, str], number: int) -> str:
    values = {key: number if kind == "int" else OTHER.get(kind, "x") for key, kind in arguments.items()}
    try:
        return reverse(name, kwargs=values)
    except NoReverseMatch:
        return reverse(name, kwargs=values | {"language": "en"})
