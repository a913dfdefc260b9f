"""The contract's scalars: how values look on the wire, and what is taken."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from graphql import (
    ConstValueNode,
    GraphQLError,
    GraphQLFloat,
    GraphQLInt,
    GraphQLScalarType,
    GraphQLSchema,
    IntValueNode,
    NullValueNode,
    is_scalar_type,
    value_from_ast_untyped,
)
from graphql.type.scalars import coerce_float, parse_int_literal

_SMALLEST, _LARGEST = -(2**31), 2**31 - 1
_LONGEST_INT = 20  # letters of a literal, far more than 32 bits need
_DIGITS = 18  # of a Decimal, before the point and after it

GRAMS = {
    "KG": Decimal(1000),
    "G": Decimal(1),
    "LB": Decimal("453.59237"),
    "OZ": Decimal("28.349523125"),
    "TONNE": Decimal(1_000_000),
}


class GivenWeight(NamedTuple):
    """A weight as a client wrote it; without a unit it is in the shop's default one."""

    value: Decimal
    unit: str | None

    def grams(self, default_unit: str) -> int:
        return int((self.value * GRAMS[self.unit or default_unit.upper()]).to_integral_value())


def _datetime_out(value: Any) -> str:
    if not isinstance(value, datetime.datetime):
        raise GraphQLError(f"DateTime cannot represent {value!r}.")
    return value.isoformat()


def _datetime_in(value: Any) -> datetime.datetime:
    try:
        parsed = parse_datetime(value) if isinstance(value, str) else None
        if parsed is None and isinstance(value, str) and (day := parse_date(value)) is not None:
            parsed = datetime.datetime.combine(day, datetime.time())
    except ValueError:
        parsed = None
    if parsed is None or not _is_ours(parsed):
        raise GraphQLError(f"DateTime cannot represent value: {_shown(value)}")
    return parsed if parsed.tzinfo else timezone.make_aware(parsed, datetime.UTC)


def _date_out(value: Any) -> str:
    if not isinstance(value, datetime.date):
        raise GraphQLError(f"Date cannot represent {value!r}.")
    return value.isoformat()[:10]


def _date_in(value: Any) -> datetime.date | None:
    if value == "":
        return None
    try:
        parsed = parse_date(value) if isinstance(value, str) else None
    except ValueError:
        parsed = None
    if parsed is None or not _is_ours(parsed):
        raise GraphQLError(f"Date cannot represent value: {_shown(value)}")
    return parsed


def _is_ours(day: datetime.date) -> bool:
    """Whether it can be told in every time zone: the first year there is and the last cannot."""
    return datetime.MINYEAR < day.year < datetime.MAXYEAR


def _decimal_out(value: Any) -> float | int:
    number = Decimal(value)
    return int(number) if number == number.to_integral_value() else float(number)


def _decimal_in(value: Any) -> Decimal:
    try:
        number = Decimal(str(value)) if isinstance(value, int | float | str | Decimal) else None
    except (InvalidOperation, ValueError):  # ValueError: an int of more digits than Python writes out
        number = None
    if number is None or isinstance(value, bool) or not _is_sensible(number):
        raise GraphQLError(f"Decimal cannot represent value: {_shown(value)}")
    return number


def _is_sensible(number: Decimal) -> bool:
    """Whether a number is one that columns and sums can hold: not one of a million digits."""
    if not number.is_finite():
        return False
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -_DIGITS and number.adjusted() < _DIGITS


def _positive_decimal_in(value: Any) -> Decimal:
    number = _decimal_in(value)
    if number < 0:
        raise GraphQLError(f"Value cannot be lower than 0: {_shown(value)}")
    return number


def _whole_in(name: str, at_least: int) -> Callable[[Any], int]:
    def take(value: Any) -> int:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not _SMALLEST <= value <= _LARGEST or value != int(value):
            raise GraphQLError(f"{name} cannot represent value: {_shown(value)}")
        if value < at_least:
            raise GraphQLError(f"{name} cannot be lower than {at_least}: {_shown(value)}")
        return int(value)

    return take


def _json_text_out(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _json_text_in(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else _refuse("JSONString", value)
    except (ValueError, RecursionError) as error:
        raise GraphQLError(f"JSONString cannot represent value: {_shown(value)}") from error


def _json_in(value: Any) -> Any:
    return value if isinstance(value, dict | list) else _refuse("JSON", value)


def _strings_in(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(each, str) for each in value.values()):
        raise GraphQLError(f"Metadata must map keys to strings: {_shown(value)}")
    return dict(value)


def _uuid_in(value: Any) -> uuid.UUID:
    try:
        return uuid.UUID(value) if isinstance(value, str) else _refuse("UUID", value)
    except ValueError as error:
        raise GraphQLError(f"UUID cannot represent value: {_shown(value)}") from error


def _weight_in(value: Any) -> GivenWeight:
    unit = None
    if isinstance(value, Mapping):
        unit, value = str(value.get("unit", "")).upper(), value.get("value")
        if unit not in GRAMS:
            raise GraphQLError(f"Unknown unit of weight: {unit[:20]}")
    return GivenWeight(_positive_decimal_in(value), unit)


def _upload_in(value: Any) -> Any:
    return value if isinstance(value, UploadedFile) else _refuse("Upload", value)


def _upload_literal(node: ConstValueNode) -> None:
    if not isinstance(node, NullValueNode):
        raise GraphQLError("An upload is a part of the multipart body, never a literal.")


def _same(value: Any) -> Any:
    return value


def _refuse(name: str, value: Any) -> Any:
    raise GraphQLError(f"{name} cannot represent value: {_shown(value)}")


def _shown(value: Any) -> str:
    try:
        return repr(value)[:80]
    except ValueError:  # an int of more digits than Python writes out
        return "a number too long to show"


def _int_literal(node: ConstValueNode, variables: Any = None) -> Any:
    """graphql-core reads an Int of any length, and Python refuses those of more than 4,300 digits."""
    if isinstance(node, IntValueNode) and len(node.value) > _LONGEST_INT:
        raise GraphQLError("Int cannot represent non 32-bit signed integer value.", node)
    return parse_int_literal(node, variables)


def _float_in(value: Any) -> Any:
    try:
        return coerce_float(value)
    except OverflowError as error:
        raise GraphQLError(f"Float cannot represent value: {_shown(value)}") from error


_OUT: dict[str, Callable[[Any], Any]] = {
    "DateTime": _datetime_out,
    "Date": _date_out,
    "Decimal": _decimal_out,
    "PositiveDecimal": _decimal_out,
    "JSONString": _json_text_out,
    "UUID": str,
}
_IN: dict[str, Callable[[Any], Any]] = {
    "DateTime": _datetime_in,
    "Date": _date_in,
    "Decimal": _decimal_in,
    "PositiveDecimal": _positive_decimal_in,
    "PositiveInt": _whole_in("PositiveInt", 1),
    "Day": _whole_in("Day", 0),
    "Hour": _whole_in("Hour", 0),
    "Minute": _whole_in("Minute", 0),
    "JSONString": _json_text_in,
    "JSON": _json_in,
    "GenericScalar": _same,
    "Metadata": _strings_in,
    "UUID": _uuid_in,
    "WeightScalar": _weight_in,
    "Upload": _upload_in,
    "_Any": _same,
}


def equip(schema: GraphQLSchema) -> None:
    """Give the schema's own scalars their behaviour. Raises ValueError for one that nobody knows."""
    GraphQLInt.coerce_input_literal = _int_literal
    GraphQLFloat.coerce_input_value = _float_in
    for name, scalar in schema.type_map.items():
        if not is_scalar_type(scalar) or name in ("Int", "Float", "String", "Boolean", "ID"):
            continue
        if name not in _IN:
            raise ValueError(f"The scalar {name} has no behaviour in shop/api/scalars.py.")
        _equip(scalar, _OUT.get(name, _same), _IN[name])


def _equip(scalar: GraphQLScalarType, out: Callable[[Any], Any], take: Callable[[Any], Any]) -> None:
    def take_literal(node: ConstValueNode) -> Any:
        try:
            value = value_from_ast_untyped(node)
        except ValueError as error:
            raise GraphQLError(f"{scalar.name} cannot represent a number this long.", node) from error
        return take(value)

    literal = _upload_literal if scalar.name == "Upload" else take_literal
    scalar.coerce_output_value = out
    scalar.coerce_input_value = take
    scalar.coerce_input_literal = literal
