from __future__ import annotations

import datetime

import pytest
from django.utils import translation

from shop.core.money import Money, TaxedMoney
from shop.core.texts import formatting

# 01:05 on the 27th in Vietnam.
VIETNAMESE_MORNING = datetime.datetime(2026, 11, 26, 18, 5, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("amount", "vietnamese", "english"),
    [
        (0, "0\u00a0₫", "0\u00a0₫"),
        (999, "999\u00a0₫", "999\u00a0₫"),
        (15_000, "15.000\u00a0₫", "15,000\u00a0₫"),
        (1_234_567, "1.234.567\u00a0₫", "1,234,567\u00a0₫"),
        (-25_000, "\u221225.000\u00a0₫", "\u221225,000\u00a0₫"),
    ],
)
def test_dong_are_grouped_as_the_language_groups_digits(amount: int, vietnamese: str, english: str) -> None:
    with translation.override("vi"):
        assert formatting.format_money(amount) == vietnamese
    with translation.override("en"):
        assert formatting.format_money(amount) == english


def test_counts_and_heavy_weights_are_grouped_as_money_is() -> None:
    with translation.override("vi"):
        assert (formatting.format_number(12_345), formatting.format_weight(1_234_500)) == (
            "12.345",
            "1.234,5\u00a0kg",
        )
        assert formatting.format_volume(10_000_000) == "10.000\u00a0lít"
    with translation.override("en"):
        assert (formatting.format_number(12_345), formatting.format_weight(1_234_500)) == (
            "12,345",
            "1,234.5\u00a0kg",
        )
        assert formatting.format_volume(10_000_000) == "10,000\u00a0l"


def test_currencies_with_cents_follow_the_language() -> None:
    with translation.override("vi"):
        assert formatting.format_money(123_450, "USD") == "1.234,50\u00a0USD"
        assert formatting.format_money(-5, "USD") == "\u22120,05\u00a0USD"
    with translation.override("en"):
        assert formatting.format_money(123_450, "USD") == "1,234.50\u00a0USD"
        assert formatting.format_money(1_234_567, "KWD") == "1,234.567\u00a0KWD"


def test_money_keeps_its_currency_and_none_is_empty() -> None:
    with translation.override("vi"):
        assert formatting.format_money(Money(4_500, "USD")) == "45,00\u00a0USD"
        assert (
            formatting.format_money(TaxedMoney(net=41_667, gross=45_000, currency="VND")) == "45.000\u00a0₫"
        )
        assert formatting.format_money(None) == ""


@pytest.mark.parametrize(
    ("grams", "vietnamese", "english"),
    [
        (0, "0\u00a0g", "0\u00a0g"),
        (300, "300\u00a0g", "300\u00a0g"),
        (1000, "1\u00a0kg", "1\u00a0kg"),
        (1900, "1,9\u00a0kg", "1.9\u00a0kg"),
        (2345, "2,345\u00a0kg", "2.345\u00a0kg"),
        (10_000, "10\u00a0kg", "10\u00a0kg"),
        (100_000, "100\u00a0kg", "100\u00a0kg"),
    ],
)
def test_weights_become_kilograms_from_a_thousand_grams(grams: int, vietnamese: str, english: str) -> None:
    with translation.override("vi"):
        assert formatting.format_weight(grams) == vietnamese
    with translation.override("en"):
        assert formatting.format_weight(grams) == english


def test_days_and_hours_are_in_vietnamese_time() -> None:
    assert formatting.format_day(VIETNAMESE_MORNING) == "27/11/2026"
    assert formatting.format_short_day(VIETNAMESE_MORNING) == "27/11"
    assert formatting.format_time(VIETNAMESE_MORNING) == "01:05"
    assert formatting.format_day(datetime.date(2026, 2, 3)) == "03/02/2026"
    assert formatting.format_time(datetime.time(14, 5)) == "14:05"
    assert formatting.format_day(None) == formatting.format_time(None) == ""


def test_weekdays_are_named_as_within_a_sentence() -> None:
    with translation.override("vi"):
        assert formatting.weekday(VIETNAMESE_MORNING) == "thứ Sáu"
        assert formatting.weekday(6) == "Chủ nhật"
        assert formatting.short_weekday(datetime.date(2026, 11, 29)) == "CN"
        assert formatting.weekday_and_day(datetime.date(2026, 11, 29)) == "Chủ nhật 29/11"
    with translation.override("en"):
        assert formatting.weekday_and_day(datetime.date(2026, 11, 29)) == "Sunday 29 Nov"


def test_full_hours_are_in_words_and_others_in_digits() -> None:
    with translation.override("vi"):
        assert formatting.format_hour(datetime.time(17)) == "17\u00a0giờ"
        assert formatting.format_hour(datetime.time(17, 30)) == "17:30"
        assert formatting.format_hour_range(datetime.time(6), datetime.time(10)) == "6–10\u00a0giờ"
        assert formatting.format_hour_range(datetime.time(6, 30), datetime.time(10)) == "06:30–10:00"
    with translation.override("en"):
        assert formatting.format_hour(datetime.time(17)) == "17:00"
        assert formatting.format_hour_range(datetime.time(6), datetime.time(10)) == "6:00–10:00"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("HTX Yến Dương", ["HTX", "Yến~Dương"]),
        ("Gói 1 từ HTX Yến Dương", ["Gói", "1", "từ", "HTX", "Yến~Dương"]),
        ("Quýt Bạch Thông", ["Quýt", "Bạch~Thông"]),
        ("Tổ hợp tác Bếp khói Ba Bể (mẫu)", ["Tổ", "hợp", "tác", "Bếp", "khói", "Ba~Bể", "(mẫu)"]),
        ("Thôn Nà Ít, Xã Phủ Thông, Thái Nguyên", ["Thôn", "Nà~Ít,", "Xã~Phủ~Thông,", "Thái~Nguyên"]),
        ("Part 1 from Yến Dương Cooperative", ["Part", "1", "from", "Yến~Dương", "Cooperative"]),
        ("Yến Dương Cooperative", ["Yến", "Dương", "Cooperative"]),
        ("Mật ong hoa nhãn", ["Mật", "ong", "hoa", "nhãn"]),
        ("Gói 500 g, chai 1,5 lít", ["Gói", "500~g,", "chai", "1,5~lít"]),
        ("", []),
    ],
)
def test_syllables_of_a_name_are_kept_together(text: str, lines: list[str]) -> None:
    assert formatting.keep_names_together(text).replace("\u00a0", "~").split() == lines
    assert formatting.keep_names_together(text).replace("\u00a0", " ") == text
