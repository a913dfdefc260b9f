"""The generated types of the API's inputs follow its SDL."""

import typing
from decimal import Decimal

from shop.api.areas import AREAS
from shop.api.catalogue.inputs import ProductsArguments
from shop.api.checkout.inputs import CheckoutLineInput
from shop.api.input_types import input_modules


def test_generated_types_are_up_to_date():
    stale = {str(path) for path, text in input_modules(AREAS).items() if path.read_text() != text}

    assert stale == set()  # `manage.py write_input_types` renews them


def test_members_that_may_be_left_out_are_not_required():
    assert CheckoutLineInput.__required_keys__ >= {"variantId", "quantity"}
    assert CheckoutLineInput.__optional_keys__ >= {"price", "metadata"}


def test_scalars_are_the_types_that_parsing_gives():
    price = typing.get_type_hints(CheckoutLineInput, include_extras=False)["price"]

    assert price == Decimal | None


def test_arguments_of_a_field_are_a_type():
    assert "first" in ProductsArguments.__optional_keys__
