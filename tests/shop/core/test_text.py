import pytest

from shop.core.texts.folding import fold, search_words, slugify, sort_key


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Đậu đỏ", "dau do"),
        ("  Mật   ong\nrừng ", "mat ong rung"),
        ("QUÝT BẠCH THÔNG", "quyt bach thong"),
        ("Đậu đỏ", "dau do"),
        ("", ""),
    ],
)
def test_folding_strips_diacritics_case_and_extra_spaces(text, folded) -> None:
    assert fold(text) == folded


def test_slug_keeps_the_d_that_django_drops() -> None:
    assert slugify("Gối Đầu Dao (3 cỡ)") == "goi-dau-dao-3-co"


def test_slug_is_never_empty_and_always_the_same() -> None:
    assert slugify("日本") == slugify("日本") != ""
    assert slugify("") != ""


def test_search_words_join_neighbouring_syllables() -> None:
    assert search_words("Cà phê Đắk Lắk") == "ca phe dak lak caphe phedak daklak"


def test_search_words_are_unique() -> None:
    assert search_words("chè, chè Shan") == "che shan cheche cheshan"


def test_sort_key_follows_the_vietnamese_alphabet() -> None:
    words = (
        "yến xôi ưu ung tôm sen rau quýt phở ớt ổi ong nấm mơ lê kê hồng gà ếch em đào dứa cam bí ấm ăn am"
    )

    in_order = sorted(words.split(), key=sort_key)

    assert in_order == list(reversed(words.split()))


def test_tones_only_decide_between_equal_letters() -> None:
    words = ["mạ", "má", "mã", "mả", "mà", "ma", "mạc"]

    assert sorted(words, key=sort_key) == ["ma", "mà", "mả", "mã", "má", "mạ", "mạc"]


def test_shorter_name_sorts_before_its_continuations() -> None:
    words = ["gạo nếp", "gạo", "gạo 5 kg", "gạo nếp nương"]

    assert sorted(words, key=sort_key) == ["gạo", "gạo 5 kg", "gạo nếp", "gạo nếp nương"]


def test_composed_and_decomposed_text_have_one_sort_key() -> None:
    assert sort_key("Ở nhà") == sort_key("\u004f\u031b\u0309 nha\u0300")


def test_sort_key_fits_its_column_and_is_alphanumeric() -> None:
    key = sort_key("Gừng ươm " * 200)

    assert len(key) <= 500
    assert key.isascii()
    assert key.isalnum()
    assert key == key.lower()
