"""Fail a test whose page reads an attribute that one of our own objects does not have.

Django shows nothing for such an attribute and takes it for false, so nobody would notice a template that a
rename has missed.
"""

from __future__ import annotations

import pytest
from django.forms import BaseForm
from django.template import Variable, VariableDoesNotExist
from django.template.context import BaseContext

_OWN_PACKAGES = {"catalog", "cooperatives", "orders", "shop"}


def refuse_unknown_attributes() -> None:
    """Check each look-up of a template from now on, in this process."""
    look_up = Variable._resolve_lookup

    def look_up_known(variable: Variable, context: BaseContext) -> object:
        try:
            return look_up(variable, context)
        except VariableDoesNotExist as failure:
            name, owner = failure.params
            if _has_fixed_attributes(owner) and not name.isdigit():
                pytest.fail(f"{type(owner).__qualname__} has no {name!r}: {{{{ {variable} }}}}")
            raise

    Variable._resolve_lookup = look_up_known  # type: ignore[method-assign]


def _has_fixed_attributes(owner: object) -> bool:
    """Return whether the object is of one of our classes. The fields of a form differ between pages."""
    return type(owner).__module__.partition(".")[0] in _OWN_PACKAGES and not isinstance(owner, BaseForm)
