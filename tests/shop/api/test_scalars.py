"""Serialise and parse scalars, money and weights."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal

import pytest

from shop.api import money
from shop.api.money import MoneyAmount, TaxedAmount
from shop.api.root_fields import Queries
from shop.api.scalars import WeightInput
from shop.api.schema import Area, build_schema_and_executor
from shop.core.money import Money

NAMES = [
    *("DateTime", "Date", "Decimal", "PositiveDecimal", "PositiveInt", "Day", "Hour", "Minute"),
    *("JSONString", "JSON", "GenericScalar", "Metadata", "UUID", "WeightScalar", "Upload", "_Any"),
]
UTC = datetime.UTC
KEY = "0b1c5f2e-94d6-4a7e-9c39-3f0f7a3d9b11"


@pytest.fixture(scope="module")
def executor(tmp_path_factory):
    """Return a schema with a field for each scalar, which stores its argument in the context."""
    folder = tmp_path_factory.mktemp("area")
    fields = "\n".join(f"{name.strip('_').lower()}(value: {name}): {name}" for name in NAMES)
    (folder / "area.graphql").write_text(
        "\n".join(f"scalar {name}" for name in NAMES)
        + f"""
        type Query {{ {fields} money: Money taxed: TaxedMoney }}
        type Money {{ amount: Float! currency: String! fractionalAmount: Int! fractionDigits: Int! }}
        type TaxedMoney {{ gross: Money! net: Money! tax: Money! currency: String! }}
        """
    )
    query = Queries()
    for name in (*(name.strip("_").lower() for name in NAMES), "money", "taxed"):
        query.field(name)(_return_value)
    return build_schema_and_executor([Area(folder, (query, *money.TYPES))]).executor


def _return_value(arguments, context, selection):
    context["argument"] = arguments.get("value")
    return context["value"]


def serialised(executor, name, value):
    """Return a value as a client receives it."""
    field = name.strip("_").lower()
    result = executor.execute(f"{{ {field} }}", context={"value": value})
    assert result.errors is None, result.errors
    return result.data[field]


def parsed(executor, name, value):
    """Return the value that a resolver receives for a variable."""
    context = {"value": None}
    field = name.strip("_").lower()
    text = f"query($value: {name}) {{ {field}(value: $value) }}"
    result = executor.execute(text, variables={"value": value}, context=context)
    assert result.errors is None, result.errors
    return context["argument"]


@pytest.mark.parametrize(
    ("name", "value", "wire"),
    [
        (
            "DateTime",
            datetime.datetime(2026, 11, 24, 22, 36, 9, 940246, tzinfo=UTC),
            "2026-11-24T22:36:09.940246+00:00",
        ),
        ("DateTime", datetime.datetime(2026, 11, 24, tzinfo=UTC), "2026-11-24T00:00:00+00:00"),
        ("Date", datetime.date(2026, 11, 24), "2026-11-24"),
        ("Decimal", Decimal("1.50"), 1.5),
        ("Decimal", Decimal("40000.00"), 40000),
        ("PositiveDecimal", Decimal(0), 0),
        ("JSONString", {"blocks": ["ạ"]}, '{"blocks": ["ạ"]}'),
        ("JSON", {"a": [1]}, {"a": [1]}),
        ("GenericScalar", "x", "x"),
        ("Metadata", {"a": "1"}, {"a": "1"}),
        ("UUID", uuid.UUID(KEY), KEY),
    ],
)
def test_scalar_is_serialised(executor, name, value, wire) -> None:
    assert serialised(executor, name, value) == wire


@pytest.mark.parametrize(
    ("name", "wire", "value"),
    [
        ("DateTime", "2026-11-25T10:00:00+07:00", datetime.datetime(2026, 11, 25, 3, tzinfo=UTC)),
        ("DateTime", "2026-11-25T03:00:00Z", datetime.datetime(2026, 11, 25, 3, tzinfo=UTC)),
        ("DateTime", "2026-11-25T03:00:00", datetime.datetime(2026, 11, 25, 3, tzinfo=UTC)),
        ("DateTime", "2026-11-25", datetime.datetime(2026, 11, 25, tzinfo=UTC)),
        ("Date", "2026-11-25", datetime.date(2026, 11, 25)),
        ("Date", "", None),
        ("Decimal", 1.5, Decimal("1.5")),
        ("Decimal", 3, Decimal(3)),
        ("Decimal", "-2.25", Decimal("-2.25")),
        ("Decimal", 999999999999999999, Decimal(999999999999999999)),
        ("PositiveDecimal", 0, Decimal(0)),
        ("PositiveInt", 1, 1),
        ("PositiveInt", 2.0, 2),
        ("Day", 0, 0),
        ("Hour", 24, 24),
        ("Minute", 0, 0),
        ("JSONString", '{"a": [1]}', {"a": [1]}),
        ("JSON", [1], [1]),
        ("GenericScalar", 7, 7),
        ("Metadata", {"a": "1"}, {"a": "1"}),
        ("UUID", KEY, uuid.UUID(KEY)),
        ("WeightScalar", 1.5, WeightInput(Decimal("1.5"), None)),
        ("WeightScalar", {"value": 250, "unit": "G"}, WeightInput(Decimal(250), "G")),
        ("_Any", {"__typename": "User", "id": "x"}, {"__typename": "User", "id": "x"}),
    ],
)
def test_scalar_is_parsed(executor, name, wire, value) -> None:
    assert parsed(executor, name, wire) == value


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("DateTime", "x"),
        ("DateTime", "2026-13-01T00:00:00Z"),
        ("DateTime", 7),
        ("DateTime", "9999-12-31T23:59:59Z"),  # would be the year 10000 in Vietnam
        ("DateTime", "0001-01-01T00:00:00+07:00"),  # and the year 0 in Greenwich
        ("Date", "2026-02-30"),
        ("Date", 7),
        ("Date", "0001-01-01"),
        ("Date", "9999-12-31"),
        ("Decimal", "x"),
        ("Decimal", "NaN"),
        ("Decimal", "1e18"),
        ("Decimal", "1e-19"),
        ("Decimal", True),
        ("Decimal", []),
        ("PositiveDecimal", -1),
        ("PositiveDecimal", "1e9999999"),
        ("PositiveInt", 0),
        ("PositiveInt", 1.5),
        ("PositiveInt", "1"),
        ("PositiveInt", True),
        ("PositiveInt", 2**31),
        ("Day", -1),
        ("JSONString", "{"),
        ("JSONString", 7),
        ("JSON", "x"),
        ("Metadata", {"a": 1}),
        ("Metadata", []),
        ("UUID", "x"),
        ("UUID", 7),
        ("WeightScalar", {"value": 1, "unit": "STONE"}),
        ("WeightScalar", -1),
        ("Upload", "x"),
    ],
)
def test_invalid_scalar_is_refused(executor, name, wire) -> None:
    field = name.strip("_").lower()
    text = f"query($value: {name}) {{ {field}(value: $value) }}"

    result = executor.execute(text, variables={"value": wire}, context={"value": None})

    assert result.data is None
    assert result.errors[0].message.startswith("Variable '$value' has invalid value")


def test_literals_are_parsed_like_variables(executor) -> None:
    for literal, name, value in (
        ('"2026-11-25"', "date", datetime.date(2026, 11, 25)),
        ("1.5", "decimal", Decimal("1.5")),
        ('{value: 2, unit: "KG"}', "weightscalar", WeightInput(Decimal(2), "KG")),
        ("null", "upload", None),
    ):
        context = {"value": None}
        assert executor.execute(f"{{ {name}(value: {literal}) }}", context=context).errors is None
        assert context["argument"] == value
    assert executor.execute('{ upload(value: "x") }', context={"value": None}).errors


def test_weight_without_a_unit_uses_the_shop_unit() -> None:
    assert WeightInput(Decimal("1.5"), None).grams("kg") == 1500
    assert WeightInput(Decimal("1.5"), None).grams("g") == 2
    assert WeightInput(Decimal(1), "LB").grams("kg") == 454


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        (MoneyAmount(40000, "VND"), {"amount": 40000.0, "fractionalAmount": 40000, "fractionDigits": 0}),
        (Money(1999, "USD"), {"amount": 19.99, "fractionalAmount": 1999, "fractionDigits": 2}),
        (MoneyAmount(1500, "KWD"), {"amount": 1.5, "fractionalAmount": 1500, "fractionDigits": 3}),
    ],
)
def test_money_has_the_fraction_digits_of_its_currency(executor, value, wire) -> None:
    text = "{ money { amount currency fractionalAmount fractionDigits } }"

    assert executor.execute(text, context={"value": value}).data["money"] == wire | {
        "currency": value.currency
    }


def test_taxed_money_includes_net_gross_and_tax(executor) -> None:
    text = "{ taxed { currency gross { amount } net { amount } tax { amount } } }"

    assert executor.execute(text, context={"value": TaxedAmount(37037, 40000, "VND")}).data["taxed"] == {
        "currency": "VND",
        "gross": {"amount": 40000.0},
        "net": {"amount": 37037.0},
        "tax": {"amount": 2963.0},
    }
