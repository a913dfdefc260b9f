"""Global ids."""

from __future__ import annotations

import uuid
from base64 import b64encode

import pytest

from shop.api.errors import InputError
from shop.api.ids import InvalidId, global_id, global_ids, input_key, key_from_id, keys_from_ids

ORDER = uuid.UUID("0b1c5f2e-94d6-4a7e-9c39-3f0f7a3d9b11")


def test_global_id_is_base64_of_type_and_key() -> None:
    assert global_id("Product", 7) == "UHJvZHVjdDo3"
    assert global_ids("Order", [ORDER]) == [b64encode(f"Order:{ORDER}".encode()).decode()]


def test_global_id_decodes_to_its_key() -> None:
    assert key_from_id(global_id("Product", 7), "Product") == 7
    assert key_from_id(global_id("Order", ORDER), "Order") == ORDER
    assert key_from_id(global_id("ShippingMethod", 3), "ShippingMethodType", "ShippingMethod") == 3
    assert keys_from_ids([global_id("Product", 7), global_id("Page", 8)], "Product") == [7]


def test_id_of_another_type_has_no_key() -> None:
    assert key_from_id(global_id("Page", 7), "Product") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "UHJvZHVjdA==",
        "%%%",
        "\u1ea1",
        *(
            b64encode(raw).decode()
            for raw in (
                b"Product:",
                b":7",
                b"Product:x",
                b"Product:-1",
                b"Product:9223372036854775808",
                b"\xff:7",
                b"Pro duct:7",
            )
        ),
    ],
)
def test_malformed_id_raises_invalid_id(text) -> None:
    with pytest.raises(InvalidId) as refused:
        key_from_id(text, "Product")

    assert str(refused.value) == f"Invalid ID: {text}. Expected: Product."
    assert refused.value.code == "GraphQLError"


@pytest.mark.parametrize("text", ["abc", global_id("Page", 7)])
def test_malformed_input_id_is_a_field_error(text) -> None:
    with pytest.raises(InputError) as refused:
        input_key(text, "Product", field="productId")

    assert (refused.value.api_code, refused.value.field) == ("GRAPHQL_ERROR", "productId")
    assert str(refused.value.message) == f"Invalid ID: {text}. Expected: Product."
