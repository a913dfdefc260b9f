"""The parameters of an endpoint, read from stripe-python's own parameter types.

Stripe refuses unknown parameters, so a misspelt name fails here as it would there.
"""

import typing
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import UnionType
from urllib.parse import parse_qsl

from stripe import StripeContext
from stripe._http_client import HTTPClient
from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject
from typing_extensions import is_typeddict

from tests.doubles.stripe.errors import StripeRefusal

_NAMES = {"Mapping": Mapping, "StripeContext": StripeContext, "HTTPClient": HTTPClient}


def decoded(text):
    """Decode `a[b][0]=c` into nested dicts and lists; all leaves are strings."""
    tree = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        first, *inner_names = name.replace("]", "").split("[")
        branch = tree
        for key, following in zip([first, *inner_names], [*inner_names, None], strict=True):
            key = str(len(branch)) if key == "" else key
            if following is None:
                branch[key] = value
            else:
                branch = branch.setdefault(key, {})
    return {key: _with_lists(value) for key, value in tree.items()}


def _with_lists(branch):
    if not isinstance(branch, dict):
        return branch
    if branch and all(key.isdigit() for key in branch):
        return [_with_lists(branch[key]) for key in sorted(branch, key=int)]
    return {key: _with_lists(value) for key, value in branch.items()}


def checked(params, type_path):
    """Convert integers and booleans in the parameters, and refuse wrong ones as Stripe does.

    The codes are `parameter_unknown`, `parameter_missing`, `parameter_invalid_integer` and so on.
    """
    module, _, name = type_path.rpartition(".")
    return _record(params, getattr(import_module(f"stripe.params.{module}"), name), "")


def _record(params, record_type, path):
    fields = _fields(record_type)
    for name in params:
        if name not in fields:
            parameter = _named(path, name)
            raise StripeRefusal(
                f"Received unknown parameter: {parameter}", code="parameter_unknown", param=parameter
            )
    for name in sorted(record_type.__required_keys__ & set(fields)):
        if name not in params:
            parameter = _named(path, name)
            raise StripeRefusal(
                f"Missing required param: {parameter}.", code="parameter_missing", param=parameter
            )
    return {name: _value(value, fields[name], _named(path, name)) for name, value in params.items()}


@cache
def _fields(record_type):
    options = (
        set(typing.get_type_hints(RequestOptions, localns=_NAMES)) if _takes_options(record_type) else set()
    )
    return {
        name: hint
        for name, hint in typing.get_type_hints(record_type, localns=_NAMES).items()
        if name not in options
    }


def _takes_options(record_type):
    return RequestOptions in getattr(record_type, "__orig_bases__", ())


def _named(path, name):
    return f"{path}[{name}]" if path else name


def _value(value, hint, path):
    types = list(_alternatives(hint))
    if isinstance(value, dict):
        return _tree(value, types, path)
    if isinstance(value, list):
        members = [
            typing.get_args(each_type)[0] for each_type in types if typing.get_origin(each_type) is list
        ]
        if not members:
            raise StripeRefusal(f"Invalid array: {path}", param=path)
        return [_value(item, members[0], f"{path}[{index}]") for index, item in enumerate(value)]
    return _scalar(value, types, path)


def _tree(value, types, path):
    for member in types:
        if is_typeddict(member):
            return _record(value, member, path)
        if typing.get_origin(member) in (dict, UntypedStripeObject):
            return value
    raise StripeRefusal(f"Invalid string: {path} must not be an object", param=path)


def _scalar(value, types, path):
    literals = [
        literal
        for member in types
        if typing.get_origin(member) is typing.Literal
        for literal in typing.get_args(member)
    ]
    if value == "" and "" in literals:
        return value
    if bool in types and value in ("true", "false"):
        return value == "true"
    if int in types and value.lstrip("-").isdigit():
        return int(value)
    allowed = [literal for literal in literals if literal != ""]
    if (allowed and value in allowed) or (str in types and not allowed):
        return value
    if int in types:
        raise StripeRefusal(f"Invalid integer: {value}", code="parameter_invalid_integer", param=path)
    raise StripeRefusal(f"Invalid {path}: {value}", param=path)


def _alternatives(hint):
    if typing.get_origin(hint) in (typing.Union, UnionType):
        for arg in typing.get_args(hint):
            yield from _alternatives(arg)
    elif typing.get_origin(hint) in (typing.NotRequired, typing.Required):
        yield from _alternatives(typing.get_args(hint)[0])
    else:
        yield hint
