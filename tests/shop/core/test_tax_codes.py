import pytest

from shop.core.identifiers.tax_codes import is_tax_code, normalise_tax_code

pytestmark = pytest.mark.once


def test_tax_code_in_any_spelling_is_normalised_alike() -> None:
    for entered_code, normalised in [
        ("0101248141", "0101248141"),
        (" 0101 248 141 ", "0101248141"),
        ("0101248141001", "0101248141-001"),
        ("0101248141 - 001", "0101248141-001"),
        ("036.094.012345", "036094012345"),
        ("", ""),
    ]:
        assert normalise_tax_code(entered_code) == normalised


def test_tax_code_with_a_wrong_digit_is_invalid() -> None:
    for valid_code in ["0101248141", "0300588569", "0101248141-001", "036094012345"]:
        assert is_tax_code(valid_code), valid_code
    for invalid_code in [
        "0101248142",
        "0101284141",
        "0101248141-000",
        "010124814",
        "01012481411",
        "a" * 10,
        "",
        "٠" * 10,
    ]:
        assert not is_tax_code(invalid_code), invalid_code
