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
def test_one_number_however_written_is_kept_one_way(written):
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
def test_other_numbers_lose_nothing(written, kept):
    assert normalise_phone(written) == kept


def test_a_kept_number_stays_as_it_is():
    assert normalise_phone(normalise_phone("0912 345 678")) == "+84912345678"


@pytest.mark.parametrize("written", ["0912345678", "84912345678", "+1 202 555 0100"])
def test_a_good_number_does_not_look_odd(written):
    assert not is_likely_mistyped(written)


@pytest.mark.parametrize("written", ["091234567", "0112345678", "abc", ""])
def test_a_strange_number_looks_odd(written):
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
def test_a_number_is_shown_as_people_write_it(kept, people_write):
    assert format_phone(kept) == people_write
