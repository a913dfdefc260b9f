"""Serialise and parse the schema's custom scalars."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, NoReturn

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

_MIN_INT, _MAX_INT = -(2**31), 2**31 - 1
_MAX_INT_CHARACTERS = 20  # far more than 32 bits need
_MAX_DECIMAL_DIGITS = 18  # before the point and after it

GRAMS = {
    "KG": Decimal(1000),
    "G": Decimal(1),
    "LB": Decimal("453.59237"),
    "OZ": Decimal("28.349523125"),
    "TONNE": Decimal(1_000_000),
}


class WeightInput(NamedTuple):
    """A weight as sent by a client. A weight without a unit is in the shop's default unit."""

    value: Decimal
    unit: str | None

    def grams(self, default_unit: str) -> int:
        return int((self.value * GRAMS[self.unit or default_unit.upper()]).to_integral_value())


def _serialise_datetime(value: object) -> str:
    if not isinstance(value, datetime.datetime):
        raise GraphQLError(f"DateTime cannot represent {value!r}.")
    return value.isoformat()


def _parse_datetime(value: object) -> datetime.datetime:
    try:
        parsed = parse_datetime(value) if isinstance(value, str) else None
        if parsed is None and isinstance(value, str) and (day := parse_date(value)) is not None:
            parsed = datetime.datetime.combine(day, datetime.time())
    except ValueError:
        parsed = None
    if parsed is None or not _is_representable(parsed):
        raise GraphQLError(f"DateTime cannot represent value: {_truncated_repr(value)}")
    return parsed if parsed.tzinfo else timezone.make_aware(parsed, datetime.UTC)


def _serialise_date(value: object) -> str:
    if not isinstance(value, datetime.date):
        raise GraphQLError(f"Date cannot represent {value!r}.")
    return value.isoformat()[:10]


def _parse_date(value: object) -> datetime.date | None:
    if value == "":
        return None
    try:
        parsed = parse_date(value) if isinstance(value, str) else None
    except ValueError:
        parsed = None
    if parsed is None or not _is_representable(parsed):
        raise GraphQLError(f"Date cannot represent value: {_truncated_repr(value)}")
    return parsed


def _is_representable(day: datetime.date) -> bool:
    """Return whether a date can be converted to every time zone. The first and last year cannot."""
    return datetime.MINYEAR < day.year < datetime.MAXYEAR


def _serialise_decimal(value: Decimal | float | str) -> float | int:
    number = Decimal(value)
    return int(number) if number == number.to_integral_value() else float(number)


def _parse_decimal(value: object) -> Decimal:
    try:
        number = Decimal(str(value)) if isinstance(value, int | float | str | Decimal) else None
    except (InvalidOperation, ValueError):  # ValueError: the int has more digits than Python converts
        number = None
    if number is None or isinstance(value, bool) or not _fits_column(number):
        raise GraphQLError(f"Decimal cannot represent value: {_truncated_repr(value)}")
    return number


def _fits_column(number: Decimal) -> bool:
    """Return whether a number fits our columns: finite, and not of a million digits."""
    if not number.is_finite():
        return False
    exponent = number.as_tuple().exponent
    return (
        isinstance(exponent, int)
        and exponent >= -_MAX_DECIMAL_DIGITS
        and number.adjusted() < _MAX_DECIMAL_DIGITS
    )


def _parse_positive_decimal(value: object) -> Decimal:
    number = _parse_decimal(value)
    if number < 0:
        raise GraphQLError(f"Value cannot be lower than 0: {_truncated_repr(value)}")
    return number


def _integer_parser(name: str, at_least: int) -> Callable[[object], int]:
    def parse(value: Any) -> int:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not _MIN_INT <= value <= _MAX_INT or value != int(value):
            raise GraphQLError(f"{name} cannot represent value: {_truncated_repr(value)}")
        if value < at_least:
            raise GraphQLError(f"{name} cannot be lower than {at_least}: {_truncated_repr(value)}")
        return int(value)

    return parse


def _serialise_json_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _parse_json_text(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) else _refuse("JSONString", value)
    except (ValueError, RecursionError) as error:
        raise GraphQLError(f"JSONString cannot represent value: {_truncated_repr(value)}") from error


def _parse_json(value: object) -> object:
    return value if isinstance(value, dict | list) else _refuse("JSON", value)


def _parse_metadata(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
        raise GraphQLError(f"Metadata must map keys to strings: {_truncated_repr(value)}")
    return dict(value)


def _parse_uuid(value: object) -> uuid.UUID:
    try:
        return uuid.UUID(value) if isinstance(value, str) else _refuse("UUID", value)
    except ValueError as error:
        raise GraphQLError(f"UUID cannot represent value: {_truncated_repr(value)}") from error


def _parse_weight(value: object) -> WeightInput:
    unit = None
    if isinstance(value, Mapping):
        unit, value = str(value.get("unit", "")).upper(), value.get("value")
        if unit not in GRAMS:
            raise GraphQLError(f"Unknown unit of weight: {unit[:20]}")
    return WeightInput(_parse_positive_decimal(value), unit)


def _parse_upload(value: object) -> object:
    return value if isinstance(value, UploadedFile) else _refuse("Upload", value)


def _require_no_upload_literal(node: ConstValueNode) -> None:
    if not isinstance(node, NullValueNode):
        raise GraphQLError("An upload is a part of the multipart body, never a literal.")


def _identity(value: object) -> object:
    return value


def _refuse(name: str, value: object) -> NoReturn:
    raise GraphQLError(f"{name} cannot represent value: {_truncated_repr(value)}")


def _truncated_repr(value: object) -> str:
    try:
        return repr(value)[:80]
    except ValueError:  # an int with more digits than Python converts
        return "a number too long to show"


def _parse_int_literal(node: ConstValueNode, variables: object = None) -> object:
    """Parse an Int literal. graphql-core accepts any length, but Python raises above 4,300 digits."""
    if isinstance(node, IntValueNode) and len(node.value) > _MAX_INT_CHARACTERS:
        raise GraphQLError("Int cannot represent non 32-bit signed integer value.", node)
    return parse_int_literal(node, variables)


def _parse_float(value: object) -> object:
    try:
        return coerce_float(value)
    except OverflowError as error:
        raise GraphQLError(f"Float cannot represent value: {_truncated_repr(value)}") from error


_SERIALISERS: dict[str, Callable[[Any], object]] = {
    "DateTime": _serialise_datetime,
    "Date": _serialise_date,
    "Decimal": _serialise_decimal,
    "PositiveDecimal": _serialise_decimal,
    "JSONString": _serialise_json_text,
    "UUID": str,
}
_PARSERS: dict[str, Callable[[Any], object]] = {
    "DateTime": _parse_datetime,
    "Date": _parse_date,
    "Decimal": _parse_decimal,
    "PositiveDecimal": _parse_positive_decimal,
    "PositiveInt": _integer_parser("PositiveInt", 1),
    "Day": _integer_parser("Day", 0),
    "Hour": _integer_parser("Hour", 0),
    "Minute": _integer_parser("Minute", 0),
    "JSONString": _parse_json_text,
    "JSON": _parse_json,
    "GenericScalar": _identity,
    "Metadata": _parse_metadata,
    "UUID": _parse_uuid,
    "WeightScalar": _parse_weight,
    "Upload": _parse_upload,
    "_Any": _identity,
}


def configure_scalars(schema: GraphQLSchema) -> None:
    """Set the parsers and serialisers of the schema's scalars. Raises ValueError for an unknown scalar."""
    GraphQLInt.coerce_input_literal = _parse_int_literal
    GraphQLFloat.coerce_input_value = _parse_float
    for name, scalar in schema.type_map.items():
        if not is_scalar_type(scalar) or name in ("Int", "Float", "String", "Boolean", "ID"):
            continue
        if name not in _PARSERS:
            raise ValueError(f"The scalar {name} has no behaviour in shop/api/scalars.py.")
        _configure_scalar(scalar, _SERIALISERS.get(name, _identity), _PARSERS[name])


def _configure_scalar(
    scalar: GraphQLScalarType, serialise: Callable[[Any], object], parse: Callable[[Any], object]
) -> None:
    def parse_literal(node: ConstValueNode) -> object:
        try:
            value = value_from_ast_untyped(node)
        except ValueError as error:
            raise GraphQLError(f"{scalar.name} cannot represent a number this long.", node) from error
        return parse(value)

    literal = _require_no_upload_literal if scalar.name == "Upload" else parse_literal
    scalar.coerce_output_value = serialise
    scalar.coerce_input_value = parse
    scalar.coerce_input_literal = literal
