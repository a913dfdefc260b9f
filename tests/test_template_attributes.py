"""The check of templates in `tests.template_attributes` fails where Django shows nothing."""

from __future__ import annotations

import pytest
from django.template import Context, Template

from catalog.models import Product

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    "text",
    ["{{ product.nmae }}", "{% if product.nmae %}{% endif %}", '{% if product.nmae == "" %}{% endif %}'],
)
def test_unknown_attribute_of_an_own_object_fails_the_test(text: str) -> None:
    with pytest.raises(pytest.fail.Exception, match="Product has no 'nmae'"):
        Template(text).render(Context({"product": Product()}))


def test_unknown_names_and_keys_stay_empty() -> None:
    context = Context({"product": Product(name="Chè"), "values": {"a": 1}})

    assert Template("{{ other }}{{ values.b }}{{ product.name }}").render(context) == "Chè"
