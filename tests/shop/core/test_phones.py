import pytest

from shop.core.identifiers.phones import format_phone, is_likely_mistyped, normalise_phone


@pytest.mark.parametrize(
    "written",
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
def test_number_in_any_spelling_is_normalised_alike(written) -> None:
    assert normalise_phone(written) == "+84987654321"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("0209 3870 123", "+842093870123"),
        ("+1 202 555 0100", "+12025550100"),
        ("1900 1234", "19001234"),
        ("không có", ""),
    ],
)
def test_other_numbers_keep_all_their_digits(written, kept) -> None:
    assert normalise_phone(written) == kept


def test_normalised_number_stays_unchanged() -> None:
    assert normalise_phone(normalise_phone("0912 345 678")) == "+84912345678"


@pytest.mark.parametrize("written", ["0912345678", "84912345678", "+1 202 555 0100"])
def test_valid_number_is_not_likely_mistyped(written) -> None:
    assert not is_likely_mistyped(written)


@pytest.mark.parametrize("written", ["091234567", "0112345678", "abc", ""])
def test_unusual_number_is_likely_mistyped(written) -> None:
    assert is_likely_mistyped(written)


@pytest.mark.parametrize(
    ("kept", "people_write"),
    [
        ("+84987654321", "0987 654 321"),
        ("+12025550100", "+1 202-555-0100"),
        ("19001234", "19001234"),
        ("", ""),
    ],
)
def test_number_is_formatted_in_local_style(kept, people_write) -> None:
    assert format_phone(kept) == people_write
