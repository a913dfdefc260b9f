from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from catalog.models import Unit, Variant
from catalog.pricing import price_of_measure
from catalog.unit_labels import pack_label, price_per_measure, unit_label


@pytest.mark.parametrize(
    ("fields", "vietnamese", "english"),
    [
        ({"unit": Unit.KG}, "kg", "kg"),
        ({"unit": Unit.KG, "content_grams": 1000}, "kg", "kg"),
        ({"unit": Unit.PIECE}, "chiếc", "piece"),
        ({"unit": Unit.PACKET, "content_grams": 500}, "gói\u00a0500\u00a0g", "500\u00a0g\u00a0packet"),
        ({"unit": Unit.SACK, "content_grams": 5000}, "bao\u00a05\u00a0kg", "5\u00a0kg\u00a0sack"),
        ({"unit": Unit.BOTTLE, "content_ml": 750}, "chai\u00a0750\u00a0ml", "750\u00a0ml\u00a0bottle"),
        (
            {"unit": Unit.BOX, "content_count": 30, "content_unit": Unit.PACKET},
            "hộp\u00a030\u00a0gói",
            "30\u00a0packet\u00a0box",
        ),
    ],
)
def test_unit_label_names_unit_and_content(fields: dict[str, Any], vietnamese: str, english: str) -> None:
    with translation.override("vi"):
        assert unit_label(Variant(**fields)) == vietnamese
    with translation.override("en"):
        assert unit_label(Variant(**fields)) == english


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"name": "1 kg", "unit": Unit.KG}, ""),
        ({"name": "Thùng 5 kg", "unit": Unit.BOX, "content_grams": 5000}, ""),
        ({"name": "Hoa văn đỏ", "unit": Unit.PIECE}, "chiếc"),
        ({"unit": Unit.KG}, "kg"),
    ],
)
def test_unit_is_not_repeated_beside_a_name_that_states_it(fields: dict[str, Any], label: str) -> None:
    with translation.override("vi"):
        assert pack_label(Variant(**fields)) == label


@pytest.mark.parametrize(
    ("fields", "amount", "per"),
    [
        ({"unit": Unit.PACKET, "content_grams": 500}, 45_000, "90.000\u00a0₫/kg"),
        ({"unit": Unit.PACKET, "content_grams": 300}, 45_500, "151.667\u00a0₫/kg"),
        ({"unit": Unit.BOTTLE, "content_ml": 500}, 60_000, "120.000\u00a0₫/lít"),
        ({"unit": Unit.BOX, "content_ml": 1000}, 280_000, ""),
        ({"unit": Unit.PACKET, "content_grams": 1000}, 280_000, ""),
        ({"unit": Unit.BOX, "content_count": 30, "content_unit": Unit.PACKET}, 90_000, "3.000\u00a0₫/gói"),
        ({"unit": Unit.KG, "content_grams": 1000}, 15_000, ""),
        ({"unit": Unit.PIECE}, 320_000, ""),
        ({"unit": Unit.PACKET, "content_grams": 500}, None, ""),
    ],
)
def test_price_per_measure_is_shown_for_packs(fields: dict[str, Any], amount: int | None, per: str) -> None:
    with translation.override("vi"):
        assert price_per_measure(Variant(**fields), amount, "VND") == per


def test_price_for_measure_rounds_half_up() -> None:
    assert price_of_measure(45_000, 500, 1000) == 90_000
    assert price_of_measure(1, 2000, 1000) == 1
    assert price_of_measure(10, 3, 1) == 3
