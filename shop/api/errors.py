"""Errors of the API, at both levels of the schema.

Protocol errors are in the response's top-level `errors`. Their code is in `extensions.exception.code`, which
Saleor's Dashboard reads, and in `extensions.code`, which its storefront reads. A mutation's refusals are
data: a list of errors in its payload, each with a code of the domain's own enum.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping, Sequence
from typing import ClassVar

from django.conf import settings
from graphql import GraphQLError, GraphQLSyntaxError
from jwt import PyJWTError

from shop.core.errors import Refused, StrOrPromise

_log = logging.getLogger(__name__)

INTERNAL_ERROR_MESSAGE = "Something went wrong on our side."

# Codes that every domain's enum has, for refusals shared by all domains.
COMMON_CODES = {"missing": "NOT_FOUND", "forbidden": "PERMISSION_DENIED"}
_FALLBACKS = ("INVALID", "GRAPHQL_ERROR", "REQUIRED")


class ProtocolError(Exception):
    """The client's request is wrong. Saleor's clients branch on `code`. `own_code` is more specific."""

    code: ClassVar[str] = "GraphQLError"
    own_code: ClassVar[str] = ""


class PermissionDenied(ProtocolError):
    """The requester may not use a field or mutation. The message lists the sufficient permissions."""

    code = "PermissionDenied"

    def __init__(self, permissions: Sequence[str] = ()) -> None:
        needed = f": this needs one of {', '.join(permissions)}" if permissions else ""
        super().__init__(f"Permission denied{needed}.")


class RecentSignInRequired(ProtocolError):
    """The mutation needs a recent sign-in. Saleor's Dashboard signs its user out and asks them to sign in."""

    code = "InvalidTokenError"
    own_code = "RecentSignInRequired"

    def __init__(self) -> None:
        super().__init__("Sign in again: this mutation needs a sign-in of the last minutes.")


class QueryTooCostly(ProtocolError):
    code = "QueryCostError"


class InputError(Refused):
    """A mutation's input is invalid. `api_code` is one of its domain's error codes."""

    code = "input_error"

    def __init__(
        self, api_code: str, message: StrOrPromise, *, field: str | None = None, **details: object
    ) -> None:
        super().__init__(message, field=field, **details)
        self.api_code = api_code


class InputErrors(Refused):
    """Several input errors, reported together."""

    code = "input_errors"

    def __init__(self, input_errors: Sequence[InputError]) -> None:
        super().__init__()
        self.input_errors = tuple(input_errors)


def format_protocol_error(error: GraphQLError) -> dict[str, object]:
    """Format a protocol error for the response. Unexpected exceptions are logged, their text is hidden."""
    cause = error.original_error
    message, own_code = error.message, ""
    if cause is None or isinstance(cause, GraphQLError):
        name = "GraphQLSyntaxError" if isinstance(error, GraphQLSyntaxError) else "GraphQLError"
    elif isinstance(cause, ProtocolError):
        name, own_code = cause.code, cause.own_code
    elif isinstance(cause, PyJWTError):
        name = type(cause).__name__
    elif isinstance(cause, Refused):
        name, message = "GraphQLError", str(cause.message)
    else:
        _log.error("A resolver failed at %s.", error.path, exc_info=cause)
        name, message = type(cause).__name__, INTERNAL_ERROR_MESSAGE
    exception: dict[str, object] = {"code": name}
    if settings.DEBUG and cause is not None:
        exception["stacktrace"] = [line.rstrip("\n") for line in traceback.format_exception(cause)]
    payload: dict[str, object] = {
        "message": message,
        "extensions": {"code": own_code or name, "exception": exception},
    }
    if error.locations:
        payload["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path:
        payload["path"] = error.path
    return payload


def payload_errors(
    refused: Refused, codes: Mapping[str, str], enum_values: Mapping[str, object]
) -> Sequence[Mapping[str, object]]:
    """Return a refusal as the `errors` of a mutation's payload.

    `codes` maps refusal codes to the domain's enum values. `enum_values` holds all of them. If an
    input has another name in the API than in the action, the mutation raises InputError itself.
    """
    if isinstance(refused, InputErrors):
        return [
            entry
            for input_error in refused.input_errors
            for entry in payload_errors(input_error, codes, enum_values)
        ]
    api_code = refused.api_code if isinstance(refused, InputError) else codes.get(refused.code)
    choices = (api_code, COMMON_CODES.get(refused.code), refused.code.upper(), *_FALLBACKS)
    code = next(choice for choice in choices if choice in enum_values)
    return [refused.details | {"field": refused.field, "message": str(refused.message), "code": code}]
