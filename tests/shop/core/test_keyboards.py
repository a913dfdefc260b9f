"""Vietnamese syllables, and words typed in Telex or VNI or with a typing error."""

from __future__ import annotations

import pytest

from shop.core.texts.folding import marked_word
from shop.core.texts.keyboards import decode_typed_word, is_typing_error
from shop.core.texts.syllables import is_syllable


@pytest.mark.parametrize(
    "word",
    "rượu ruột thịt lợn gà gạo quýt quyt nghệ giếng gì kẹo khoai nguyệt yếm ý lứt mứt xoong khuỷu hoà hòa "
    "bươu ngoằn nghiêng quẫy quốc thuở huơ Kạn Lắk ruou thit lon ga tran miên nep".split(),
)
def test_correct_syllables_are_known(word: str) -> None:
    assert is_syllable(word)


@pytest.mark.parametrize(
    "word",
    "qut thng trnag miem dogn khna tuoii quyts bachj thoong gmo bàt quỷt ngệ ocop htx 500g 🍊".split(),
)
def test_slips_and_foreign_words_are_no_syllables(word: str) -> None:
    assert not is_syllable(word)


def test_tone_is_apart_from_letters_wherever_it_is_written() -> None:
    assert str(marked_word("Hoà")) == str(marked_word("hòa")) == "hoa1"
    assert str(marked_word("LỢN")) == "lơn5"
    assert str(marked_word("dong")) == "dong0"


@pytest.mark.parametrize(
    ("typed", "syllable"),
    [
        *(("quyts", "quýt"), ("bachj", "bạch"), ("thoong", "thông"), ("mieens", "miến"), ("mieesn", "miến")),
        *(("ruwowuj", "rượu"), ("ddaauj", "đậu"), ("lownj", "lợn"), ("gaf", "gà"), ("suwowfn", "sườn")),
        *(("quyt1", "quýt"), ("ba5ch", "bạch"), ("tho6ng", "thông"), ("ruou75", "rượu"), ("d9au65", "đậu")),
        *(("su7o7n2", "sườn"), ("ma8ng", "măng")),
    ],
)
def test_telex_and_vni_keys_are_decoded(typed: str, syllable: str) -> None:
    assert decode_typed_word(typed) == syllable


@pytest.mark.parametrize(
    "typed", "quyt gao thit ong coffee noodles ocop 500g b12 2024 tet1x9 dd 1 qwrtj".split()
)
def test_other_words_are_not_decoded(typed: str) -> None:
    assert decode_typed_word(typed) == ""


def test_slips_are_one_swapped_missing_neighbouring_or_doubled_key() -> None:
    for typed, intended in [
        *(("trnag", "trang"), ("quty", "quyt"), ("qut", "quyt"), ("thng", "thong"), ("miem", "mien")),
        *(("tuoii", "tuoi"), ("goom", "gom"), ("quyrt", "quyt")),
    ]:
        assert is_typing_error(typed, intended), typed
    for typed, intended in [
        ("ruou", "ruot"),
        ("thit", "thai"),
        ("lon", "don"),
        ("tranp", "tran"),
        ("ga", "ga"),
    ]:
        assert not is_typing_error(typed, intended), typed
