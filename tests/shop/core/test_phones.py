import pytest

from shop.core.identifiers.phones import format_phone, is_likely_mistyped, normalise_phone


@pytest.mark.parametrize(
    "entered_phone",
    [
        "0987654321",
        "0987.654.321",
        "84987654321",
        "+84987654321",
        "+84 (0) 987 654 321",
        "0084987654321",
        "987654321",
    ],
)
def test_number_in_any_spelling_is_normalised_alike(entered_phone) -> None:
    assert normalise_phone(entered_phone) == "+84987654321"


@pytest.mark.parametrize(
    ("entered_phone", "stored_phone"),
    [
        ("0209 3870 123", "+842093870123"),
        ("+1 202 555 0100", "+12025550100"),
        ("1900 1234", "19001234"),
        ("không có", ""),
    ],
)
def test_other_numbers_keep_all_their_digits(entered_phone, stored_phone) -> None:
    assert normalise_phone(entered_phone) == stored_phone


def test_normalised_number_stays_unchanged() -> None:
    assert normalise_phone(normalise_phone("0912 345 678")) == "+84912345678"


@pytest.mark.parametrize("entered_phone", ["0912345678", "84912345678", "+1 202 555 0100"])
def test_valid_number_is_not_likely_mistyped(entered_phone) -> None:
    assert not is_likely_mistyped(entered_phone)


@pytest.mark.parametrize("entered_phone", ["091234567", "0112345678", "abc", ""])
def test_unusual_number_is_likely_mistyped(entered_phone) -> None:
    assert is_likely_mistyped(entered_phone)


@pytest.mark.parametrize(
    ("stored_phone", "people_write"),
    [
        ("+84987654321", "0987 654 321"),
        ("+12025550100", "+1 202-555-0100"),
        ("19001234", "19001234"),
        ("", ""),
    ],
)
def test_number_is_formatted_in_local_style(stored_phone, people_write) -> None:
    assert format_phone(stored_phone) == people_write
