"""Finding communes while their name is typed."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shop.core.geography.commune_search import MAX_FOUND, find_communes
from tests.factories import make_all_divisions

pytestmark = pytest.mark.django_db
DAY = datetime.date(2026, 11, 29)


def names(text: str, province_code: str = "") -> list[str]:
    found = find_communes(text, province_code=province_code, day=DAY)
    return [f"{suggestion.commune.full_name}, {suggestion.commune.parent}" for suggestion in found]


def test_beginnings_of_new_and_former_names_are_found_with_and_without_marks() -> None:
    make_all_divisions()

    assert names("nghĩa đô")[0] == "Phường Nghĩa Đô, Thành phố Hà Nội"
    assert names("phuong nghia d", "01")[0] == "Phường Nghĩa Đô, Thành phố Hà Nội"
    assert "Phường Cầu Giấy, Thành phố Hà Nội" in names("dich vo")
    assert names("cau giay ha noi")[0] == "Phường Cầu Giấy, Thành phố Hà Nội"
    assert names("Vi Hương, Bạch Thông, Bắc Kạn") == ["Xã Phủ Thông, Tỉnh Thái Nguyên"]
    assert names("hoàn", "01")[0] == "Phường Hoàn Kiếm, Thành phố Hà Nội"
    assert len(names("ba")) == MAX_FOUND


def test_the_chosen_province_comes_first() -> None:
    make_all_divisions()

    assert all(name.endswith("Thái Nguyên") for name in names("ba b", "19")[:1])
    assert names("ba b", "19")[0] == "Xã Ba Bể, Tỉnh Thái Nguyên"


def test_a_whole_name_precedes_longer_names() -> None:
    make_all_divisions()

    assert names("ba vi")[:3] == [
        "Xã Ba Vì, Thành phố Hà Nội",
        "Xã Ba Vì, Tỉnh Quảng Ngãi",
        "Xã Ba Vinh, Tỉnh Quảng Ngãi",
    ]
    assert names("ba vi", "51")[:2] == ["Xã Ba Vì, Tỉnh Quảng Ngãi", "Xã Ba Vinh, Tỉnh Quảng Ngãi"]
    assert names("phuong tan dinh")[0] == "Phường Tân Định, Thành phố Hồ Chí Minh"


def test_a_former_district_finds_the_communes_of_its_area() -> None:
    make_all_divisions()

    assert names("quận 1") == [
        "Phường Bến Thành, Thành phố Hồ Chí Minh",
        "Phường Cầu Ông Lãnh, Thành phố Hồ Chí Minh",
        "Phường Sài Gòn, Thành phố Hồ Chí Minh",
        "Phường Tân Định, Thành phố Hồ Chí Minh",
    ]
    assert "Xã Phủ Thông, Tỉnh Thái Nguyên" in names("huyện bạch thông")


@pytest.mark.parametrize("text", ["", "b", " , ", "zzzz", "%%", "100%_x"])
def test_nothing_is_found_for_too_little_or_unknown_text(text: str) -> None:
    make_all_divisions()

    assert names(text) == []


def test_whole_old_address_keeps_what_stands_before_the_commune() -> None:
    make_all_divisions()

    [found] = find_communes("thôn Nà Ít, xã Vi Hương, huyện Bạch Thông", province_code="", day=DAY)

    assert (found.commune.full_name, found.street) == ("Xã Phủ Thông", "thôn Nà Ít")
    assert [str(former) for former in found.former] == ["Xã Vi Hương"]


def test_query_count_does_not_depend_on_what_is_found() -> None:
    make_all_divisions()

    for text in ("ba", "nghia do", "zzzz", "vi huong, bac kan"):
        with CaptureQueriesContext(connection) as queries:
            names(text)
        assert len(queries) <= 5, text
