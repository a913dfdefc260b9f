"""Texts in encodings from before Unicode are recognised by their syllables and converted letter by letter."""

from __future__ import annotations

import pytest

from shop.core.spreadsheets.legacy_encodings import (
    LegacyEncoding,
    convert_legacy_text,
    detect_legacy_encoding,
)

pytestmark = pytest.mark.once

TEXT = "Bí xanh thơm, mật ong bạc hà, đậu đũa, thịt trâu gác bếp, miến dong, nữ công, quý mỹ"
IN_TCVN3 = "BÝ xanh th¬m, mËt ong b¹c hµ, ®Ëu ®òa, thÞt tr©u g¸c bÕp, miÕn dong, n÷ c«ng, quý mü"
IN_VNI = "Bí xanh thôm, maät ong baïc haø, ñaäu ñuõa, thòt traâu gaùc beáp, mieán dong, nöõ coâng, quyù myõ"


@pytest.mark.parametrize(
    ("text", "encoding"), [(IN_TCVN3, LegacyEncoding.TCVN3), (IN_VNI, LegacyEncoding.VNI)]
)
def test_legacy_text_is_recognised_and_converted(text, encoding) -> None:
    found = detect_legacy_encoding([text])

    assert found == encoding
    assert convert_legacy_text(text, encoding) == TEXT


def test_windows_1258_with_its_separate_tones_is_recognised() -> None:
    stored = "Đâ\u0323u đu\u0303a, ba\u0323c hà, mâ\u0323t ong".encode("cp1258")
    text = stored.decode("cp1252")

    assert detect_legacy_encoding([text]) == LegacyEncoding.WINDOWS_1258
    assert convert_legacy_text(text, LegacyEncoding.WINDOWS_1258) == "Đậu đũa, bạc hà, mật ong"


@pytest.mark.parametrize("text", ["MAÄT ONG BAÏC HAØ", "Maät ong baïc haø"])
def test_vni_capitals_are_converted(text) -> None:
    converted = convert_legacy_text(text, LegacyEncoding.VNI)

    assert converted == ("MẬT ONG BẠC HÀ" if text.isupper() else "Mật ong bạc hà")


@pytest.mark.parametrize("text", [TEXT, "Mat ong", "", "Müller Straße Grüße Köln"])
def test_other_texts_are_left_alone(text) -> None:
    assert detect_legacy_encoding([text]) is None
