"""The generated input types of the API match its SDL."""

import typing
from decimal import Decimal

from shop.api.areas import AREAS
from shop.api.catalogue.inputs import ProductsArguments
from shop.api.checkout.inputs import CheckoutLineInput
from shop.api.input_types import input_modules


def test_generated_types_are_up_to_date() -> None:
    stale = {str(path) for path, text in input_modules(AREAS).items() if path.read_text() != text}

    assert stale == set()  # `manage.py write_input_types` updates them


def test_optional_input_fields_are_not_required() -> None:
    members = typing.get_type_hints(CheckoutLineInput, include_extras=True)

    assert members["variantId"] is str
    assert members["price"] == typing.NotRequired[Decimal | None]


def test_field_arguments_have_a_type() -> None:
    assert typing.get_type_hints(ProductsArguments)["first"] == int | None
